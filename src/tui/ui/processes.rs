//! The processes, the members marked.

use std::borrow::Cow;
use std::sync::Arc;

use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::command_line;
use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{ActiveScheduler, Details, Membership, Process, Queue};
use crate::sys::text;
use crate::tui::app::measure::activity::LOOKS;
use crate::tui::app::order::{Branch, SortKey};
use crate::tui::app::{App, Row};

/// One column: adding one is adding a line to [`COLUMNS`].
struct Column {
    title: &'static str,
    /// In cells; 0 takes what is left.
    width: u16,
    numeric: bool,
    /// Shown from this width of the screen on.
    from: u16,
    sort: SortKey,
    cell: for<'a> fn(&Row<'a>, &Theme) -> Cow<'a, str>,
}

/// Wider than any screen: the column is shown if it was chosen, or if the list is sorted by it.
const ON_REQUEST: u16 = u16::MAX;

fn details<'a>(row: &Row<'a>) -> Option<&'a Details> {
    row.process.details.as_deref()
}

fn text_or_missing<'a>(
    row: &Row<'a>,
    theme: &Theme,
    of: fn(&Details) -> &Option<Arc<str>>,
) -> Cow<'a, str> {
    let text = details(row).and_then(|details| of(details).as_deref());
    text.unwrap_or(theme.glyphs.missing).into()
}

/// The column of small charts has no name of its own: it goes on with the percentages before it.
const ACTIVITY: &str = "";
/// The looks that its chart shows.
const BRIEF: u16 = 5;
/// From this width of the screen on it shows all that are kept, because commands are seldom that long.
const ROOMY: u16 = 150;
#[allow(clippy::cast_possible_truncation)]
const ALL_LOOKS: u16 = LOOKS as u16;

const COLUMNS: &[Column] = &[
    Column {
        title: "PID",
        width: 7,
        numeric: true,
        from: 0,
        sort: SortKey::Pid,
        cell: |row, _| row.process.id.pid.to_string().into(),
    },
    Column {
        title: "USER",
        width: 8,
        numeric: false,
        from: 0,
        sort: SortKey::User,
        cell: |row, _| Cow::Borrowed(&row.process.user),
    },
    Column {
        title: "S",
        width: 1,
        numeric: false,
        from: 0,
        sort: SortKey::State,
        cell: |row, _| row.process.state.to_string().into(),
    },
    Column {
        title: "CPU%",
        width: 6,
        numeric: true,
        from: 0,
        sort: SortKey::Cpu,
        cell: |row, theme| format::percent(row.cpu_percent, theme.glyphs.missing).into(),
    },
    Column {
        title: ACTIVITY,
        width: BRIEF,
        numeric: false,
        from: 88,
        sort: SortKey::Cpu,
        cell: |row, theme| {
            let levels = row.activity.iter();
            let glyph = |level: &u8| theme.glyphs.levels[usize::from(*level).min(8)];
            levels.map(glyph).collect::<String>().into()
        },
    },
    Column {
        title: "QUEUE",
        width: 8,
        numeric: false,
        from: 0,
        sort: SortKey::Queue,
        cell: |row, theme| match row.process.queue {
            _ if row.process.own => "own".into(),
            _ if row.process.policy.column().is_some() => {
                row.process.policy.column().unwrap_or_default().into()
            }
            Some(queue) => match row.process.special_level() {
                Some(level) => format!("{}{}{level}", queue.name(), theme.glyphs.level).into(),
                None => queue.name().into(),
            },
            None => theme.glyphs.missing.into(),
        },
    },
    Column {
        title: "LEVEL",
        width: 5,
        numeric: true,
        from: ON_REQUEST,
        sort: SortKey::Level,
        cell: |row, theme| match row.process.level {
            Some(level) => level.to_string().into(),
            None => theme.glyphs.missing.into(),
        },
    },
    Column {
        title: "THR",
        width: 5,
        numeric: true,
        from: 0,
        sort: SortKey::Threads,
        // A thread is counted with its process.
        cell: |row, _| match row.process.thread_of {
            None => row.process.threads.to_string().into(),
            Some(_) => "".into(),
        },
    },
    Column {
        title: "TIME",
        width: 8,
        numeric: true,
        from: 100,
        sort: SortKey::Time,
        cell: |row, _| format::cpu_time(row.process.cpu_time).into(),
    },
    Column {
        title: "WAIT p99",
        width: 9,
        numeric: true,
        from: 100,
        sort: SortKey::Wait,
        cell: |row, theme| format::wait(row.wait_p99, theme.glyphs.missing).into(),
    },
    Column {
        title: "NI",
        width: 3,
        numeric: true,
        from: ON_REQUEST,
        sort: SortKey::Nice,
        cell: |row, theme| match details(row).and_then(|details| details.nice) {
            Some(nice) => nice.to_string().into(),
            None => theme.glyphs.missing.into(),
        },
    },
    Column {
        title: "POLICY",
        width: 8,
        numeric: false,
        from: ROOMY,
        sort: SortKey::Policy,
        cell: |row, _| row.process.policy.short().into(),
    },
    Column {
        title: "AFFINITY",
        width: 9,
        numeric: false,
        from: ON_REQUEST,
        sort: SortKey::Affinity,
        cell: |row, theme| text_or_missing(row, theme, |details| &details.affinity),
    },
    Column {
        title: "UNIT",
        width: 20,
        numeric: false,
        from: ON_REQUEST,
        sort: SortKey::Unit,
        cell: |row, theme| text_or_missing(row, theme, |details| &details.unit),
    },
    Column {
        title: "NAME",
        width: 15,
        numeric: false,
        from: ON_REQUEST,
        sort: SortKey::Name,
        cell: |row, _| Cow::Borrowed(&row.process.name),
    },
    Column {
        title: "COMMAND",
        width: 0,
        numeric: false,
        from: 0,
        sort: SortKey::Command,
        cell: |row, _| Cow::Borrowed(&row.process.command),
    },
];

/// The start of a row's columns, after the mark.
const LEFT: u16 = 2;
/// Levels of the tree that have room; of what is deeper the inner levels are drawn, and a number.
const DEEPEST: u32 = 12;

/// The least that the column that takes what is left is given.
const LEAST: u16 = 12;

/// `PRIORITY·200`: the width of a column of queues in which there are levels.
const WITH_LEVEL: u16 = 12;

/// The columns that a screen of this width has, with their places and widths: those that were
/// chosen, as far as there is room, or those that suit the width.
fn columns(width: u16, app: &App) -> Vec<(u16, u16, &'static Column)> {
    let chosen = app.chosen_columns();
    let sort = app.list().options.sort;
    let has_levels = app.has_levels();
    let needs = |column: &Column| match column.sort {
        SortKey::Queue if has_levels => WITH_LEVEL,
        _ if column.title == ACTIVITY && width >= ROOMY => ALL_LOOKS,
        _ => column.width,
    };
    let mut shown: Vec<&Column> = if chosen.is_empty() {
        COLUMNS
            .iter()
            .filter(|column| column.from <= width)
            .collect()
    } else {
        let column = |sort: &SortKey| COLUMNS.iter().find(|column| column.sort == *sort);
        chosen.iter().filter_map(column).collect()
    };
    if sort.is_optional()
        && shown.iter().all(|column| column.sort != sort)
        && let Some(column) = COLUMNS.iter().find(|column| column.sort == sort)
    {
        let at = shown.iter().position(|column| column.width == 0);
        shown.insert(at.unwrap_or(shown.len()), column);
    }
    let least = |column: &&Column| match needs(column) {
        0 => LEAST + 1,
        width => width + 1,
    };
    while shown.len() > 1 && LEFT + shown.iter().map(least).sum::<u16>() > width {
        shown.pop();
    }
    let fixed: u16 = shown.iter().map(|column| needs(column) + 1).sum();
    let rest = width.saturating_sub(LEFT + fixed);
    let mut x = LEFT;
    let place = |column: &'static Column| {
        let cells = if column.width == 0 {
            rest
        } else {
            needs(column)
        };
        let place = (x, cells, column);
        x += cells + 1;
        place
    };
    shown.into_iter().map(place).collect()
}

/// The title and the place in the upper edge; the title only where the names of the columns have a
/// line of their own.
pub fn render_title(pen: &mut Pen, app: &App, theme: &Theme, own_line: bool) {
    let mut end = 0;
    if own_line {
        end = pen.title(" processes ", theme);
    } else {
        for (x, width, _) in columns(pen.width(), app) {
            end = if width < LEAST { x + width } else { x + 8 };
        }
    }
    let free = pen.width().saturating_sub(end + 4);
    let place = place(app);
    if let Some(place) = place.iter().find(|place| cells(place) <= free) {
        pen.summary(&format!(" {place} "), theme);
    }
}

/// ```text
///       PID USER     S   CPU% QUEUE      THR COMMAND
/// ```
pub fn render_head(pen: &mut Pen, app: &App, theme: &Theme) {
    let style = theme.head;
    let view = &app.list().options;
    let direction = if view.descends() {
        theme.glyphs.descending
    } else {
        theme.glyphs.ascending
    };
    for (x, width, column) in columns(pen.width(), app) {
        if column.title == ACTIVITY {
            continue;
        }
        let sorted = column.sort == view.sort;
        let title = if sorted {
            Cow::Owned(format!("{}{direction}", column.title))
        } else {
            Cow::Borrowed(column.title)
        };
        // The sign of the order may stand in the gap after a narrow column.
        let start = if column.numeric {
            (x + width).saturating_sub(cells(&title))
        } else {
            x
        };
        // In an edge the name stands apart from the line.
        let line = |cell: &Cell| cell.symbol() != " ";
        for gap in [start.saturating_sub(1), start + cells(&title)] {
            if pen.at(gap, 0).is_some_and(line) {
                pen.cell(gap, 0, " ", Style::new());
            }
        }
        pen.text(start, 0, &title, style);
    }
}

/// Returns texts for the visible part of the list, the most detailed first.
fn place(app: &App) -> Vec<String> {
    let list = app.list();
    let counts = |process: &&Process| list.options.threads || process.thread_of.is_none();
    let processes = app
        .snapshot()
        .map_or(0, |s| s.processes.iter().filter(counts).count());
    let mut place = match (list.len(), list.in_view().count()) {
        (0, _) if processes > 0 => "nothing matches".to_owned(),
        (0, _) => "no processes".to_owned(),
        (all, shown) if all == shown && all == processes => {
            let threads = if list.options.threads {
                " and threads"
            } else {
                ""
            };
            format!("{} processes{threads}", text::thousands(all))
        }
        (all, shown) => format!(
            "{}-{} of {}",
            text::thousands(list.offset() + 1),
            text::thousands(list.offset() + shown),
            text::thousands(all)
        ),
    };
    if list.options.is_partial() {
        place.push_str(", filtered");
    }
    if list.is_following() {
        place = format!("following, {place}");
    }
    if app.tagged() > 0 {
        place = format!("{} tagged, {place}", text::thousands(app.tagged()));
    }
    let mut places = vec![place];
    if let Some(snapshot) = app.snapshot()
        && snapshot.scheduler.active == ActiveScheduler::Dualq
    {
        let members = snapshot.scheduler.members;
        let noun = if members == 1 { "member" } else { "members" };
        places.insert(
            0,
            format!("{} {noun}, {}", text::thousands(members), places[0]),
        );
    }
    places
}

/// Returns the start of these rows' columns and their sort keys.
pub fn heads(rows: Rect, app: &App) -> Vec<(u16, SortKey)> {
    columns(rows.width, app)
        .into_iter()
        .map(|(x, _, column)| (rows.x + x, column.sort))
        .collect()
}

/// The lines of the tree before a command: `│ ├─`, and `+` where children are folded away. Of a row that is
/// too deep the outer levels give way to its depth: `14… │ └─`.
fn guides(branch: Branch, theme: &Theme) -> String {
    let mut line = String::new();
    let [through, down, last] = theme.glyphs.branches;
    let goes_on = |depth: u32| branch.open & 1_u64.checked_shl(depth).unwrap_or(0) != 0;
    let mut first = 1;
    if branch.depth > DEEPEST {
        line = format!("{:<4}", format!("{}…", branch.depth));
        first = branch.depth - DEEPEST + 3;
    }
    for depth in first..=branch.depth {
        line.push_str(match (depth == branch.depth, goes_on(depth)) {
            (true, true) => down,
            (true, false) => last,
            (false, true) => through,
            (false, false) => "  ",
        });
    }
    if branch.folded && branch.children {
        line.push_str("+ ");
    }
    line
}

/// ```text
/// ★    4121 ana      R   88.2 PRIORITY     8 ffmpeg -i talk.mp4 talk.mkv
///      3977 ana      R   11.1 BATCH        1 make -j8
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let columns = columns(pen.width(), app);
    for (y, row) in (0..pen.height()).zip(app.rows()) {
        let member = row.process.queue == Some(Queue::Priority);
        let style = match row.process.thread_of {
            _ if member => theme.strong,
            None => Style::new(),
            Some(_) => theme.quiet,
        };
        if member {
            let mark = match row.process.membership {
                Some(Membership::ThroughParent) => theme.glyphs.through,
                _ => theme.glyphs.member,
            };
            pen.cell(0, y, mark, theme.priority);
        }
        let style = if row.tagged { theme.tagged } else { style };
        if row.tagged {
            pen.cell(1, y, theme.glyphs.tag, style);
        }
        for (x, width, column) in columns.iter().copied() {
            let text = (column.cell)(&row, theme);
            let style = match (column.title, row.process.queue) {
                ("QUEUE", _) if row.process.own || row.process.policy.column().is_some() => {
                    theme.quiet
                }
                ("QUEUE", Some(queue)) => theme.badge(queue),
                (ACTIVITY, Some(queue)) if !row.process.own => theme.queue(queue),
                (ACTIVITY, _) => theme.quiet,
                ("PID" | "USER", Some(Queue::Priority)) if !row.tagged => theme.priority,
                _ => style,
            };
            let (x, width) = match row.branch {
                Some(branch) if column.width == 0 => {
                    let end = x + width;
                    let x = pen.put(x, y, &guides(branch, theme), width, theme.quiet);
                    (x, end - x)
                }
                _ => (x, width),
            };
            if column.title == ACTIVITY {
                // The newest ones.
                let older = LOOKS.saturating_sub(usize::from(width));
                let newest: String = text.chars().skip(older).collect();
                pen.put(x, y, &newest, width, style);
            } else if column.numeric {
                let end = x + width;
                let width = width.min(cells(&text));
                pen.put(end - width, y, &text, width, style);
            } else if column.width == 0 {
                let found = |line: &str| app.search().find(line);
                command_line::draw(pen, (x, y), &text, width, (style, theme), found);
            } else {
                pen.put(x, y, &text, width, style);
            }
        }
        if row.under_cursor {
            pen.highlight(y, theme.cursor);
        }
    }
}

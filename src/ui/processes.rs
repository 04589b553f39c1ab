//! The processes, the members marked.

use std::borrow::Cow;

use ratatui::style::Style;

use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::app::list::SortKey;
use crate::app::{App, Row};
use crate::model::{Queue, Ruler};

/// One column: adding one is adding a line to [`COLUMNS`].
struct Column {
    title: &'static str,
    /// In cells; 0 takes what is left.
    width: u16,
    numeric: bool,
    /// Shown from this width of the screen on.
    from: u16,
    sort: Option<SortKey>,
    cell: for<'a> fn(&Row<'a>, &Theme) -> Cow<'a, str>,
}

const COLUMNS: &[Column] = &[
    Column {
        title: "PID",
        width: 7,
        numeric: true,
        from: 0,
        sort: None,
        cell: |row, _| row.process.id.pid.to_string().into(),
    },
    Column {
        title: "USER",
        width: 8,
        numeric: false,
        from: 0,
        sort: None,
        cell: |row, _| Cow::Borrowed(&row.process.user),
    },
    Column {
        title: "S",
        width: 1,
        numeric: false,
        from: 0,
        sort: None,
        cell: |row, _| row.process.state.to_string().into(),
    },
    Column {
        title: "CPU%",
        width: 6,
        numeric: true,
        from: 0,
        sort: Some(SortKey::Cpu),
        cell: |row, theme| format::percent(row.cpu_percent, theme.glyphs.missing).into(),
    },
    Column {
        title: "QUEUE",
        width: 8,
        numeric: false,
        from: 0,
        sort: None,
        cell: |row, theme| match row.process.queue {
            _ if row.process.own => "own".into(),
            Some(queue) => queue.name().into(),
            None => theme.glyphs.missing.into(),
        },
    },
    Column {
        title: "THR",
        width: 5,
        numeric: true,
        from: 0,
        sort: None,
        cell: |row, _| row.process.threads.to_string().into(),
    },
    Column {
        title: "TIME",
        width: 8,
        numeric: true,
        from: 100,
        sort: None,
        cell: |row, _| format::cpu_time(row.process.cpu_time).into(),
    },
    Column {
        title: "NAME",
        width: 15,
        numeric: false,
        from: 140,
        sort: None,
        cell: |row, _| Cow::Borrowed(&row.process.name),
    },
    Column {
        title: "COMMAND",
        width: 0,
        numeric: false,
        from: 0,
        sort: None,
        cell: |row, _| Cow::Borrowed(&row.process.command),
    },
];

/// Where a row's columns begin: the mark stands before them.
const LEFT: u16 = 2;

/// The columns that a screen of this width has, with their places and widths.
fn columns(width: u16) -> impl Iterator<Item = (u16, u16, &'static Column)> {
    let mut x = LEFT;
    COLUMNS
        .iter()
        .filter(move |column| column.from <= width)
        .map(move |column| {
            let room = width.saturating_sub(x + 1);
            let cells = if column.width == 0 {
                room
            } else {
                column.width.min(room)
            };
            let place = (x, cells, column);
            x += cells + 1;
            place
        })
}

/// ```text
///       PID USER     S   CPU% QUEUE      THR COMMAND               3 members, 1-12 of 412
/// ```
pub fn render_head(pen: &mut Pen, app: &App, theme: &Theme) {
    let style = theme.head;
    pen.fill(0, 0, pen.width(), " ", style);
    for (x, width, column) in columns(pen.width()) {
        let sorted = column.sort == Some(app.list().sort);
        let title = if sorted {
            Cow::Owned(format!("{}{}", column.title, theme.glyphs.descending))
        } else {
            Cow::Borrowed(column.title)
        };
        if column.numeric {
            pen.right(x + width, 0, &title, style);
        } else {
            pen.put(x, 0, &title, width, style);
        }
    }
    let list = app.list();
    let shown = list.in_view().count();
    let mut place = match (list.len(), shown) {
        (0, _) => "no processes".to_owned(),
        (all, shown) if all == shown => format!("{} processes", format::count(all)),
        (all, shown) => format!(
            "{}-{} of {}",
            format::count(list.offset() + 1),
            format::count(list.offset() + shown),
            format::count(all)
        ),
    };
    if let Some(snapshot) = app.snapshot()
        && snapshot.scheduler.ruler == Ruler::Dualq
    {
        let members = snapshot.scheduler.members;
        let noun = if members == 1 { "member" } else { "members" };
        place = format!("{} {noun}, {place}", format::count(members));
    }
    pen.right(pen.width().saturating_sub(1), 0, &place, style);
}

/// ```text
/// ★    4121 ana      R   88.2 PRIORITY     8 ffmpeg -i talk.mp4 talk.mkv
///      3977 ana      R   11.1 BATCH        1 make -j8
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    for (y, row) in (0..pen.height()).zip(app.rows()) {
        let member = row.process.queue == Some(Queue::Priority);
        let style = if member { theme.strong } else { Style::new() };
        if member {
            pen.cell(0, y, theme.glyphs.member, theme.strong);
        }
        for (x, width, column) in columns(pen.width()) {
            let text = (column.cell)(&row, theme);
            let style = match (column.title, row.process.queue) {
                ("QUEUE", _) if row.process.own => theme.quiet,
                ("QUEUE", Some(queue)) => theme.badge(queue),
                _ => style,
            };
            if column.numeric {
                let end = x + width;
                let width = width.min(cells(&text));
                pen.put(end - width, y, &text, width, style);
            } else {
                pen.put(x, y, &text, width, style);
            }
            if column.width == 0
                && let Some(found) = app.search().find(&text)
            {
                let from = cells(&text[..found.start]);
                if from < width {
                    let length = cells(&text[found]).min(width - from);
                    pen.restyle(x + from, y, length, theme.found);
                }
            }
        }
        if row.under_cursor {
            pen.restyle(0, y, pen.width(), theme.cursor);
        }
    }
}

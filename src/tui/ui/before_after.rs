//! The card of before and after: what the last move, or change of schedulers, did.

use ratatui::style::Style;

use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{ENOUGH_FOR_P50, ENOUGH_FOR_P99};
use crate::tui::app::App;
use crate::tui::app::measure::before_after::{Comparison, Figures, Percentile, Side};

/// The rows of the card where it lies across the screen, and where it stands in a column; its upper
/// edge is one of them.
pub const WIDE: u16 = 4;
pub const TALL: u16 = 7;
/// A card narrower than this stands.
const ACROSS: u16 = 70;

/// The table of the subject and the rest. Each column has the value before, an arrow, and the
/// value after.
const COLUMNS: [&str; 3] = ["wait p50", "wait p99", "CPU"];
/// The cells of one value.
const VALUE: u16 = 7;
/// The column of missed deadlines: its head and a blank.
const MISSED: u16 = 9;
/// The two queues' shares of all dispatches: `100:0→99:1`, each side in five cells.
const SHARES: u16 = 11;

/// The places of the columns. One more, for missed deadlines, moves them together if the
/// screen is narrow.
struct Places {
    /// The start of the first column, after the names and a blank.
    first: u16,
    arrow: &'static str,
    missed: Option<u16>,
    dispatches: u16,
}

impl Places {
    fn of(width: u16, missed: bool) -> Self {
        let places = |first, arrow| {
            let mut places = Self {
                first,
                arrow,
                missed: None,
                dispatches: 0,
            };
            places.dispatches = places.column(3);
            if missed {
                places.missed = Some(places.dispatches);
                places.dispatches += MISSED;
            }
            places
        };
        let wide = places(13, " → ");
        if wide.dispatches + SHARES <= width {
            wide
        } else {
            places(10, "→")
        }
    }

    fn column(&self, index: u16) -> u16 {
        self.first + index * (2 * VALUE + cells(self.arrow) + 1)
    }
}

/// ```text
/// ─ demo-frame (165) BATCH → PRIORITY ───────────────── before 10 s → after 4 s ─
///             wait p50        wait p99        CPU             missed/s dispatches
///  demo-metr… 94.2 µs→8.13 µs 12.1 ms→14.9 µs   5.5 %→ 24.0 % 54 → 0    0:100→27:73
///  the rest    156 µs→ 161 µs  154 ms→ 165 ms   394 %→  376 %
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let Some(comparison) = app.comparison() else {
        return;
    };
    if pen.height() == 0 {
        return;
    }
    let title = format!(" {} {} ", comparison.title, comparison.change);
    let end = pen.title(&title, theme);
    let windows = windows(comparison);
    if end + cells(&windows) + 1 < pen.width() {
        pen.right(pen.width() - 1, 0, &windows, theme.quiet);
    }
    if pen.width() < ACROSS {
        standing(pen, comparison, theme);
    } else {
        across(pen, comparison, theme);
    }
}

/// One quantity of the card, before and after.
struct CardLine {
    label: &'static str,
    before: String,
    after: String,
    /// Returns the ratio of the two sides, if both are known.
    factor: String,
}

impl CardLine {
    fn of(label: &'static str, before: String, after: String) -> Self {
        Self {
            label,
            before,
            after,
            factor: String::new(),
        }
    }

    fn wait(
        label: &'static str,
        sides: [Option<Figures>; 2],
        pick: fn(Figures) -> Percentile,
        enough: u64,
        theme: &Theme,
    ) -> Self {
        let [before, after] = sides.map(|part| part.map(pick));
        let mut line = Self::of(
            label,
            wait(before, enough, theme),
            wait(after, enough, theme),
        );
        if let (Some(Percentile::Ns(before)), Some(Percentile::Ns(after))) = (before, after) {
            #[allow(clippy::cast_precision_loss)]
            let ratio = format::ratio(before as f32, after as f32);
            ratio.trim().clone_into(&mut line.factor);
        }
        line
    }
}

/// ```text
/// │               before       now                  │
/// │ wait p50     94.2 µs → 8.13 µs   11.6 : 1       │
/// │ wait p99     12.1 ms → 14.9 µs    812 : 1       │
/// │ CPU            5.5 % →  24.0 %                  │
/// │ missed/s          54 → 0                        │
/// │ others' p99   154 ms →  165 ms      1 : 1.1     │
/// ```
fn standing(pen: &mut Pen, comparison: &Comparison, theme: &Theme) {
    let sides = [&comparison.before, &comparison.after];
    let part = |pick: fn(&Side) -> &Figures| sides.map(|side| side.as_ref().map(|s| *pick(s)));
    let subject = part(subject);
    let [before, after] = subject.map(|part| cpu(part, theme));
    let mut lines = vec![
        CardLine::wait("wait p50", subject, |p| p.p50, ENOUGH_FOR_P50, theme),
        CardLine::wait("wait p99", subject, |p| p.p99, ENOUGH_FOR_P99, theme),
        CardLine::of("CPU", before, after),
    ];
    if missed(comparison) {
        let [before, after] = sides.map(|side| rate(side.as_ref(), theme));
        lines.push(CardLine::of("missed/s", before, after));
    } else {
        let [before, after] = sides.map(|side| shares(side.as_ref(), theme));
        lines.push(CardLine::of("dispatches", before, after));
    }
    let rest = part(rest);
    lines.push(CardLine::wait(
        "others' p99",
        rest,
        |p| p.p99,
        ENOUGH_FOR_P99,
        theme,
    ));
    let heads = pen.height() > 6;
    if heads {
        pen.right(22, 1, "before", theme.quiet);
        pen.right(32, 1, "now", theme.quiet);
    }
    for (y, line) in (1 + u16::from(heads)..pen.height()).zip(&lines) {
        pen.text(1, y, line.label, theme.quiet);
        pen.figure(22, y, &line.before, Style::new(), theme);
        pen.text(23, y, "→", theme.quiet);
        pen.figure(32, y, &line.after, theme.strong, theme);
        pen.right(44, y, &line.factor, theme.quiet);
    }
}

fn across(pen: &mut Pen, comparison: &Comparison, theme: &Theme) {
    let places = Places::of(pen.width(), missed(comparison));
    for (index, head) in (0..).zip(COLUMNS) {
        pen.text(places.column(index), 1, head, theme.quiet);
    }
    let name = comparison
        .title
        .rsplit_once(" (")
        .map_or(&*comparison.title, |n| n.0);
    for (y, name) in [(2, name), (3, "the rest")] {
        pen.put(1, y, name, places.first - 2, theme.strong);
    }
    for (y, part) in [(2, subject as fn(&Side) -> &Figures), (3, rest)] {
        let side = |side: &Option<Side>| side.as_ref().map(|side| *part(side));
        let (before, after) = (side(&comparison.before), side(&comparison.after));
        row(pen, theme, &places, y, before, after);
    }
    if let Some(x) = places.missed {
        pen.text(x, 1, "missed/s", theme.quiet);
        let (before, after) = (
            rate(comparison.before.as_ref(), theme),
            rate(comparison.after.as_ref(), theme),
        );
        pair(pen, theme, (x, 2), (&format!("{before:>2}"), " → ", &after));
    }
    pen.text(places.dispatches, 1, "dispatches", theme.quiet);
    let (before, after) = (
        shares(comparison.before.as_ref(), theme),
        shares(comparison.after.as_ref(), theme),
    );
    pair(pen, theme, (places.dispatches, 2), (&before, "→", &after));
}

/// Draws the value before, an arrow and the value after.
fn pair(
    pen: &mut Pen,
    theme: &Theme,
    (x, y): (u16, u16),
    (before, arrow, after): (&str, &str, &str),
) {
    let x = pen.text(x, y, before, Style::new());
    let x = pen.text(x, y, arrow, theme.quiet);
    pen.text(x, y, after, theme.strong);
}

fn subject(side: &Side) -> &Figures {
    &side.subject
}

fn rest(side: &Side) -> &Figures {
    &side.rest
}

fn missed(comparison: &Comparison) -> bool {
    [&comparison.before, &comparison.after]
        .into_iter()
        .flatten()
        .any(|side| side.missed.is_some())
}

/// ` before 10 s → after 4 s `
fn windows(comparison: &Comparison) -> String {
    let seconds = |side: &Option<Side>| match side {
        Some(side) => format!("{:.0} s", side.over.as_secs_f32()),
        None => "–".to_owned(),
    };
    format!(
        " before {} → after {} ",
        seconds(&comparison.before),
        seconds(&comparison.after)
    )
}

fn row(
    pen: &mut Pen,
    theme: &Theme,
    places: &Places,
    y: u16,
    before: Option<Figures>,
    after: Option<Figures>,
) {
    let p50 = |part: Option<Figures>| wait(part.map(|part| part.p50), ENOUGH_FOR_P50, theme);
    let p99 = |part: Option<Figures>| wait(part.map(|part| part.p99), ENOUGH_FOR_P99, theme);
    let cpu = |part| cpu(part, theme);
    let pairs = [
        (p50(before), p50(after)),
        (p99(before), p99(after)),
        (cpu(before), cpu(after)),
    ];
    for (index, (before, after)) in (0..).zip(pairs) {
        let at = (places.column(index), y);
        pair(pen, theme, at, (&before, places.arrow, &after));
    }
}

/// Seven cells: a share of one CPU.
fn cpu(part: Option<Figures>, theme: &Theme) -> String {
    let percent = part.and_then(|part| part.cpu_percent);
    percent.map_or_else(
        || format!("{:>5}  ", theme.glyphs.missing),
        |percent| {
            let digits = usize::from(percent < 99.95);
            format!("{percent:>5.digits$} %")
        },
    )
}

/// Seven cells: a wait, or how many there are of those that it takes.
fn wait(percentile: Option<Percentile>, enough: u64, theme: &Theme) -> String {
    match percentile {
        Some(Percentile::Ns(ns)) => format::wait(Some(ns), theme.glyphs.missing),
        Some(Percentile::Samples(count)) => format!("{:>7}", format!("{count}/{enough}")),
        Some(Percentile::Unknown) | None => format::wait(None, theme.glyphs.missing),
    }
}

/// Deadlines that the frame missed a second.
fn rate(side: Option<&Side>, theme: &Theme) -> String {
    side.and_then(|side| side.missed).map_or_else(
        || theme.glyphs.missing.to_owned(),
        |missed| format!("{missed:.0}"),
    )
}

/// The two queues' shares of all dispatches, in five cells.
fn shares(side: Option<&Side>, theme: &Theme) -> String {
    let share = side.and_then(|side| side.dispatched?.share());
    share.map_or_else(
        || format!("{:^5}", theme.glyphs.missing),
        |share| format!("{:>5}", format::shares(share).replace(' ', "")),
    )
}

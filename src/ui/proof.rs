//! The card of before and after: what the last move, or change of schedulers, did.

use ratatui::style::Style;

use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::app::App;
use crate::app::proof::{Part, Percentile, Proof, Side};
use crate::app::waits::{ENOUGH_FOR_P50, ENOUGH_FOR_P99};

pub const HEIGHT: u16 = 4;

const TITLE_END: u16 = 13;
/// What is known of the subject and of the rest: the columns' heads, and where they begin. Each has
/// the value before, an arrow, and the value after.
const COLUMNS: [(&str, u16); 3] = [("wait p50", 14), ("wait p99", 32), ("CPU", 50)];
/// The cells of one value.
const VALUE: u16 = 7;
/// Where the column begins of what is not known of each: the shares of the dispatches, and what the
/// metronome missed.
const LAST: u16 = 68;

pub fn height(app: &App) -> u16 {
    if app.proof().is_some() { HEIGHT } else { 0 }
}

/// ```text
/// ─ demo-metronome (165) BATCH → PRIORITY ───────────── before 10 s → after 4 s ─
///               wait p50          wait p99          CPU              missed/s
///  demo-metron… 94.2 µs → 8.13 µs 12.1 ms → 14.9 µs  5.5 % → 24.0 %  54 → 0
///  the rest     156 µs → 161 µs   154 ms → 165 ms   394 % → 376 %
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let Some(proof) = app.proof() else { return };
    pen.fill(0, 0, pen.width(), theme.glyphs.rule, theme.quiet);
    let title = format!(" {} {} ", proof.title, proof.change);
    let end = pen.text(1, 0, &title, theme.title);
    let windows = windows(proof);
    if end + cells(&windows) + 1 < pen.width() {
        pen.right(pen.width() - 1, 0, &windows, theme.quiet);
    }
    for (head, x) in COLUMNS {
        pen.text(x, 1, head, theme.quiet);
    }
    let head = if missed(proof) {
        "missed/s"
    } else {
        "dispatches"
    };
    pen.text(LAST, 1, head, theme.quiet);
    let name = proof.title.rsplit_once(" (").map_or(&*proof.title, |n| n.0);
    pen.put(1, 2, name, TITLE_END - 1, theme.strong);
    pen.put(1, 3, "the rest", TITLE_END - 1, theme.strong);
    for (y, part) in [(2, subject as fn(&Side) -> &Part), (3, rest)] {
        let side = |side: &Option<Side>| side.as_ref().map(|side| *part(side));
        row(pen, theme, y, side(&proof.before), side(&proof.after));
    }
    last_column(pen, theme, proof);
}

fn subject(side: &Side) -> &Part {
    &side.subject
}

fn rest(side: &Side) -> &Part {
    &side.rest
}

fn missed(proof: &Proof) -> bool {
    [&proof.before, &proof.after]
        .into_iter()
        .flatten()
        .any(|side| side.missed.is_some())
}

/// ` before 10 s → after 4 s `
fn windows(proof: &Proof) -> String {
    let seconds = |side: &Option<Side>| match side {
        Some(side) => format!("{:.0} s", side.over.as_secs_f32()),
        None => "–".to_owned(),
    };
    format!(
        " before {} → after {} ",
        seconds(&proof.before),
        seconds(&proof.after)
    )
}

fn row(pen: &mut Pen, theme: &Theme, y: u16, before: Option<Part>, after: Option<Part>) {
    let p50 = |part: Option<Part>| wait(part.map(|part| part.p50), ENOUGH_FOR_P50, theme);
    let p99 = |part: Option<Part>| wait(part.map(|part| part.p99), ENOUGH_FOR_P99, theme);
    let cpu = |part: Option<Part>| {
        let percent = part.and_then(|part| part.cpu_percent);
        percent.map_or_else(
            || format!("{:>5}  ", theme.glyphs.missing),
            |percent| {
                let digits = usize::from(percent < 99.95);
                format!("{percent:>5.digits$} %")
            },
        )
    };
    let pairs = [
        (p50(before), p50(after)),
        (p99(before), p99(after)),
        (cpu(before), cpu(after)),
    ];
    for ((_, x), (before, after)) in COLUMNS.into_iter().zip(pairs) {
        pen.text(x, y, &before, Style::new());
        pen.text(x + VALUE + 1, y, "→", theme.quiet);
        pen.text(x + VALUE + 3, y, &after, theme.strong);
    }
}

/// Seven cells: a wait, or how many there are of those that it takes.
fn wait(percentile: Option<Percentile>, enough: u64, theme: &Theme) -> String {
    match percentile {
        Some(Percentile::Ns(ns)) => format::wait(Some(ns), theme.glyphs.missing),
        Some(Percentile::Samples(count)) => format!("{:>7}", format!("{count}/{enough}")),
        Some(Percentile::Unknown) | None => format::wait(None, theme.glyphs.missing),
    }
}

/// Deadlines missed where the metronome is the subject, and the shares of the dispatches.
fn last_column(pen: &mut Pen, theme: &Theme, proof: &Proof) {
    let shares = |side: &Option<Side>| {
        let share = side.as_ref().and_then(|side| side.dispatched?.share());
        share.map_or_else(
            || theme.glyphs.missing.to_owned(),
            |share| format::shares(share).replace(' ', ""),
        )
    };
    let dispatches = (shares(&proof.before), shares(&proof.after));
    if missed(proof) {
        let rate = |side: &Option<Side>| {
            let missed = side.as_ref().and_then(|side| side.missed);
            missed.map_or_else(
                || theme.glyphs.missing.to_owned(),
                |missed| format!("{missed:.0}"),
            )
        };
        let end = pen.text(
            LAST,
            2,
            &format!("{:>2}", rate(&proof.before)),
            Style::new(),
        );
        let end = pen.text(end, 2, " → ", theme.quiet);
        pen.text(end, 2, &rate(&proof.after), theme.strong);
    }
    let y = if missed(proof) { 3 } else { 2 };
    let end = pen.text(LAST, y, &dispatches.0, Style::new());
    let end = pen.text(end, y, "→", theme.quiet);
    pen.text(end, y, &dispatches.1, theme.strong);
}

//! The kernel's report on why it ended the scheduler, with what it noted of every CPU and task then.

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthChar;

use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{Exit, Role};
use crate::sys::text;
use crate::tui::app::App;
use crate::tui::app::keymap::Action;

/// The kind of a line.
enum LineKind {
    First,
    Heading,
    Text,
}

/// The report as lines of at most this width.
fn lines(exit: &Exit, width: usize) -> Vec<(LineKind, String)> {
    let mut lines = Vec::new();
    let wrapped = |lines: &mut Vec<_>, kind: fn() -> LineKind, text: &str| {
        lines.extend(
            text::wrap(text, width)
                .into_iter()
                .map(|line| (kind(), line)),
        );
    };
    wrapped(
        &mut lines,
        || LineKind::First,
        &format!("Kind: {}", exit.kind),
    );
    for (name, text) in [("Reason", &exit.reason), ("Message", &exit.message)] {
        if !text.is_empty() {
            wrapped(&mut lines, || LineKind::Text, &format!("{name}: {text}"));
        }
    }
    lines.push((LineKind::Text, String::new()));
    if exit.dump.is_empty() {
        lines.push((LineKind::Heading, "The kernel gave no dump.".into()));
        return lines;
    }
    lines.push((LineKind::Heading, "The kernel's dump".into()));
    for line in &exit.dump {
        lines.extend(chop(line, width).map(|line| (LineKind::Text, line)));
    }
    lines
}

/// A line in pieces that fit. Its blanks are kept: they are what orders a dump.
fn chop(line: &str, width: usize) -> impl Iterator<Item = String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in line.chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells > width.max(2) {
            pieces.push(String::new());
            used = 0;
        }
        used += cells;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces.into_iter()
}

/// The rows that the report's lines have.
fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

fn width(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2))
}

/// Returns the number of lines that do not fit, which the report can be scrolled by.
pub fn overflow(area: Rect, app: &App) -> usize {
    app.exit().map_or(0, |exit| {
        lines(exit, width(area)).len().saturating_sub(rows(area))
    })
}

/// ```text
///  ── The kernel ended dualq; the kernel default schedules ──────────
///   Kind: a runnable task waited too long (the watchdog)
///   Reason: runnable task stall
///   Message: make[7] failed to run for 30.1s
///
///   The kernel's dump
///   CPU 0   : nr_run=3 flags=0x0 …
///  ────── x attaches dualq again, ↑ ↓ scroll (0/212), any other key closes ──
/// ```
pub fn render(pen: &mut Pen, area: Rect, app: &App, first: usize, theme: &Theme) {
    let Some(exit) = app.exit() else { return };
    let (last, bottom) = (pen.width(), area.height.saturating_sub(1));
    for y in 0..area.height {
        pen.fill(0, y, last, " ", Style::reset());
    }
    for y in [0, bottom] {
        pen.fill(0, y, last, theme.glyphs.rule, theme.quiet);
    }
    pen.text(
        2,
        0,
        " The kernel ended dualq and schedules itself ",
        theme.alarm,
    );
    for (y, (kind, line)) in (1..bottom).zip(lines(exit, width(area)).iter().skip(first)) {
        let style = match kind {
            LineKind::First => theme.strong,
            LineKind::Heading => theme.title,
            LineKind::Text => Style::new(),
        };
        pen.text(1, y, line, style);
    }
    let hint = hint(area, app, first);
    pen.right(
        last.saturating_sub(2).max(cells(&hint)),
        bottom,
        &hint,
        theme.quiet,
    );
}

fn hint(area: Rect, app: &App, first: usize) -> String {
    let mut parts = Vec::new();
    if let Some(snapshot) = app.snapshot()
        && !matches!(snapshot.scheduler.role, Role::View { .. })
    {
        let x = app.keymap().key(Action::Scheduler);
        parts.push(format!("{x} attaches dualq again"));
    }
    let hidden = overflow(area, app);
    if hidden > 0 {
        let key = |action| app.keymap().key(action);
        let (up, down) = (key(Action::Up), key(Action::Down));
        parts.push(format!("{up} {down} scroll ({first}/{hidden})"));
    }
    parts.push("any other key closes".into());
    format!(" {} ", parts.join(", "))
}

//! The choices of a menu, over the lower part of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::tui::app::menu::Menu;

const HINT: &str = " Enter selects, Esc cancels ";

/// Returns the place of the menu, and the first visible choice.
pub fn place(menu: &Menu, area: Rect) -> (Rect, usize) {
    let widest = menu.items.iter().map(|item| cells(item)).max();
    let width = widest
        .unwrap_or(0)
        .max(cells(HINT))
        .max(cells(&menu.title))
        .saturating_add(6)
        .min(area.width.saturating_sub(2));
    let wanted = u16::try_from(menu.items.len()).unwrap_or(u16::MAX);
    let height = wanted.saturating_add(2).min(area.height.saturating_sub(3));
    let rows = usize::from(height.saturating_sub(2));
    let first = menu
        .row
        .saturating_sub(rows / 2)
        .min(menu.items.len().saturating_sub(rows));
    // Above the message line and the keys.
    let y = area.bottom().saturating_sub(height + 2);
    (Rect::new(area.x + 2, y, width, height), first)
}

/// ```text
///  ── Sort by ──────────────────────
///   PID      process id
///   CPU%     share of one CPU
///  ────── Enter selects, Esc cancels ─
/// ```
pub fn render(buffer: &mut Buffer, area: Rect, menu: &Menu, theme: &Theme) {
    let (place, first) = place(menu, area);
    let (width, height) = (place.width, place.height);
    // A blank on the right, and the list's marks covered: they are not about the choices.
    let covered = Rect::new(area.x, place.y, place.right() + 1 - area.x, height);
    let mut pen = Pen::new(buffer, covered.intersection(area));
    for y in 0..height {
        pen.fill(0, y, covered.width, " ", Style::reset());
    }
    let mut pen = Pen::new(buffer, place);
    let bottom = height.saturating_sub(1);
    for y in [0, bottom] {
        pen.fill(0, y, width, theme.glyphs.rule, theme.quiet);
    }
    pen.text(2, 0, &format!(" {} ", menu.title), theme.title);
    pen.right(width.saturating_sub(1), bottom, HINT, theme.quiet);
    for (y, (row, item)) in (1..bottom).zip(menu.items.iter().enumerate().skip(first)) {
        pen.put(2, y, item, width.saturating_sub(3), Style::new());
        if row == menu.row {
            pen.restyle(0, y, width, theme.cursor);
        }
    }
}

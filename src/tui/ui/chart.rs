//! The shapes that panels are drawn with: a bar divided in two, a lane of columns, an area divided in two.

use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::{SHADES, Theme};
use crate::model::Queue;

/// ```text
/// █PRIORITY██████████▌▒▒▒▒▒▒▒BATCH▒
/// ```
/// `share` of the width is PRIORITY's. The names stand on their parts where these are long enough.
pub fn split_bar(pen: &mut Pen, theme: &Theme, share: f32) {
    let width = pen.width();
    let eighths = scale(share, width * 8);
    let (whole, part) = (eighths / 8, usize::from(eighths % 8));
    let batch_from = whole + u16::from(part > 0);
    for y in 0..pen.height() {
        pen.fill(0, y, whole, theme.glyphs.priority, theme.priority);
        if part > 0 {
            pen.cell(whole, y, theme.glyphs.ends[part], theme.priority);
        }
        pen.fill(batch_from, y, width, theme.glyphs.batch, theme.batch);
    }
    let y = (pen.height().saturating_sub(1)) / 2;
    let name = Queue::Priority.name();
    if whole > cells(name) + 1 {
        pen.text(1, y, name, theme.priority_badge);
    }
    let name = format!(" {} ", Queue::Batch.name());
    if width - batch_from > cells(&name) {
        let at = width - cells(&name) - 1;
        pen.text(at, y, &name, theme.batch_badge);
    }
}

/// The shade of a cell that lies `y` rows above the base of a chart so many rows high.
fn shade(fill: &[Style; SHADES], y: u16, height: u16) -> Style {
    let index = usize::from(y) * SHADES / usize::from(height.max(1));
    fill[index.min(SHADES - 1)]
}

/// Columns that grow from the bottom, an eighth of a cell at a time; a missing one stays empty. Each
/// ends in a lighter line.
pub fn lane(pen: &mut Pen, theme: &Theme, queue: Queue, values: &[Option<f32>], full: f32) {
    let (line, fill) = (theme.queue(queue), theme.fill(queue));
    let height = pen.height();
    for (x, value) in (0..pen.width()).zip(values) {
        let Some(value) = *value else { continue };
        let mut eighths = scale(value / full, height * 8);
        if value > 0.0 {
            eighths = eighths.max(1);
        }
        for y in 0..height {
            let below = (height - 1 - y) * 8;
            let level = eighths.saturating_sub(below).min(8);
            if level > 0 {
                let top = eighths <= below + 8;
                let style = if top || height == 1 {
                    line
                } else {
                    shade(fill, height - 1 - y, height)
                };
                pen.cell(x, y, theme.glyphs.levels[usize::from(level)], style);
            }
        }
    }
}

/// The share of PRIORITY over time: below it █, above it ▒, between them a line; a missing column
/// stays empty.
pub fn share_area(pen: &mut Pen, theme: &Theme, shares: &[Option<f32>]) {
    let height = pen.height();
    for (x, share) in (0..pen.width()).zip(shares) {
        let Some(share) = *share else { continue };
        let eighths = scale(share, height * 8);
        for y in 0..height {
            let below = (height - 1 - y) * 8;
            match eighths.saturating_sub(below).min(8) {
                0 if height == 1 => pen.cell(x, y, theme.glyphs.batch, theme.batch),
                0 => {
                    let style = shade(&theme.batch_fill, height - 1 - y, height);
                    pen.cell(x, y, theme.glyphs.batch, style);
                }
                8 if eighths <= below + 8 || height == 1 => {
                    pen.cell(x, y, theme.glyphs.priority, theme.priority);
                }
                8 => {
                    let style = shade(&theme.priority_fill, height - 1 - y, height);
                    pen.cell(x, y, theme.glyphs.priority, style);
                }
                level => pen.cell(x, y, theme.glyphs.levels[usize::from(level)], theme.border),
            }
        }
    }
}

/// `part` of `whole`, rounded, within bounds whatever the number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scale(part: f32, whole: u16) -> u16 {
    if part.is_nan() {
        return 0;
    }
    (part.clamp(0.0, 1.0) * f32::from(whole)).round() as u16
}

/// The next of a few round numbers that is not below `value`: a scale that seldom changes.
pub fn nice_scale(value: f32) -> f32 {
    let mut scale = 1.0_f32;
    while scale < value && scale < 1e12 {
        for step in [1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0] {
            if scale * step >= value {
                return scale * step;
            }
        }
        scale *= 10.0;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp)]
    fn scales_are_round_numbers() {
        assert_eq!(nice_scale(0.0), 1.0);
        assert_eq!(nice_scale(1.1), 1.5);
        assert_eq!(nice_scale(4100.0), 5000.0);
        assert_eq!(nice_scale(8000.1), 10_000.0);
    }

    #[test]
    fn absurd_numbers_stay_in_the_chart() {
        assert_eq!(scale(f32::NAN, 8), 0);
        assert_eq!(scale(f32::INFINITY, 8), 8);
        assert_eq!(scale(-1.0, 8), 0);
    }
}

//! Frames of panels that share their edges: where two touch, one line serves both.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::theme::Theme;

/// The directions in which a line leaves a cell.
const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// The character of each set of directions; a single direction is a line through the cell.
const LINES: [&str; 16] = [
    " ", "│", "─", "╰", "│", "│", "╭", "├", "─", "╯", "─", "┴", "╮", "┤", "┬", "┼",
];

fn directions(symbol: &str) -> u8 {
    // `│` and `─` stand for several sets; the full line is the one that joins others.
    match symbol {
        "│" => UP | DOWN,
        "─" => LEFT | RIGHT,
        _ => (0_u8..)
            .zip(LINES)
            .find(|(_, line)| *line == symbol)
            .map_or(0, |(set, _)| set),
    }
}

/// Draws the frame of a panel and joins it with the frames that were drawn before:
/// ```text
/// ╭───────┬─────╮
/// │       │     │
/// ├───────┴─────┤
/// │             │
/// ╰─────────────╯
/// ```
pub fn draw(buffer: &mut Buffer, outer: Rect, theme: &Theme) {
    let outer = outer.intersection(buffer.area);
    if outer.width < 2 || outer.height < 2 {
        return;
    }
    let (left, right) = (outer.x, outer.right() - 1);
    let (top, bottom) = (outer.y, outer.bottom() - 1);
    let mut join = |x: u16, y: u16, set: u8| {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            let set = set | directions(cell.symbol());
            cell.set_symbol(LINES[usize::from(set)])
                .set_style(theme.frame);
        }
    };
    for x in left + 1..right {
        join(x, top, LEFT | RIGHT);
        join(x, bottom, LEFT | RIGHT);
    }
    for y in top + 1..bottom {
        join(left, y, UP | DOWN);
        join(right, y, UP | DOWN);
    }
    join(left, top, RIGHT | DOWN);
    join(right, top, LEFT | DOWN);
    join(left, bottom, RIGHT | UP);
    join(right, bottom, LEFT | UP);
}

/// The part of a frame that its panel writes into: the upper edge, for title and summary, and all
/// that lies within the frame below it.
pub fn panel(outer: Rect) -> Rect {
    Rect {
        x: outer.x + 1,
        width: outer.width.saturating_sub(2),
        height: outer.height.saturating_sub(1),
        ..outer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_touch_share_their_edge() {
        let area = Rect::new(0, 0, 9, 5);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::colour();
        draw(&mut buffer, Rect::new(0, 0, 5, 3), &theme);
        draw(&mut buffer, Rect::new(4, 0, 5, 3), &theme);
        draw(&mut buffer, Rect::new(0, 2, 9, 3), &theme);
        let lines: Vec<String> = buffer
            .content
            .chunks(9)
            .map(|line| line.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect();
        assert_eq!(
            lines,
            [
                "╭───┬───╮",
                "│   │   │",
                "├───┴───┤",
                "│       │",
                "╰───────╯"
            ]
        );
    }
}

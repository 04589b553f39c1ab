//! Numbers to be read from the back row: digits of three by five blocks.

use ratatui::style::Style;

use super::pen::Pen;

/// Blocks across and down.
const ACROSS: u16 = 3;
pub const DOWN: u16 = 5;

/// The blocks of a character, a row a number, the left one the highest bit; and how many across.
fn blocks(c: char) -> (u16, [u8; DOWN as usize]) {
    let wide = |rows| (ACROSS, rows);
    match c {
        '0' => wide([0b111, 0b101, 0b101, 0b101, 0b111]),
        '1' => wide([0b010, 0b110, 0b010, 0b010, 0b111]),
        '2' => wide([0b111, 0b001, 0b111, 0b100, 0b111]),
        '3' => wide([0b111, 0b001, 0b111, 0b001, 0b111]),
        '4' => wide([0b101, 0b101, 0b111, 0b001, 0b001]),
        '5' => wide([0b111, 0b100, 0b111, 0b001, 0b111]),
        '6' => wide([0b111, 0b100, 0b111, 0b101, 0b111]),
        '7' => wide([0b111, 0b001, 0b010, 0b010, 0b010]),
        '8' => wide([0b111, 0b101, 0b111, 0b101, 0b111]),
        '9' => wide([0b111, 0b101, 0b111, 0b001, 0b111]),
        '-' => wide([0, 0, 0b111, 0, 0]),
        '.' => (1, [0, 0, 0, 0, 1]),
        ':' => (1, [0, 1, 0, 1, 0]),
        _ => wide([0; DOWN as usize]),
    }
}

/// Returns the width in cells of a text with blocks of `scale` cells.
pub fn width(text: &str, scale: u16) -> u16 {
    let blocks: u16 = text.chars().map(|c| blocks(c).0 + 1).sum();
    blocks.saturating_sub(1) * scale
}

/// Draws a text of digits, `-`, `.`, `:` and blanks with blocks of `across` by `down` cells.
pub fn draw(pen: &mut Pen, text: &str, (across, down): (u16, u16), block: &str, style: Style) {
    let mut x = 0;
    for c in text.chars() {
        let (wide, rows) = blocks(c);
        for (y, row) in (0..).zip(rows) {
            for column in 0..wide {
                if row & (1 << (wide - 1 - column)) == 0 {
                    continue;
                }
                let left = x + column * across;
                for line in 0..down {
                    pen.fill(left, y * down + line, left + across, block, style);
                }
            }
        }
        x += (wide + 1) * across;
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn every_digit_looks_different() {
        let mut seen = std::collections::HashSet::new();
        for c in "0123456789-.: ".chars() {
            assert!(seen.insert(blocks(c)), "{c}");
        }
    }

    #[test]
    fn a_number_takes_as_many_cells_as_it_says() {
        for text in ["0", "60", "12.3", "7:1", "-"] {
            for scale in 1..5 {
                let area = Rect::new(0, 0, 100, DOWN);
                let mut buffer = Buffer::empty(area);
                draw(
                    &mut Pen::new(&mut buffer, area),
                    text,
                    (scale, 1),
                    "#",
                    Style::new(),
                );
                let columns =
                    (0..100).filter(|&x| (0..DOWN).any(|y| buffer[(x, y)].symbol() == "#"));
                assert_eq!(
                    columns.max().map(|x| x + 1),
                    Some(width(text, scale)),
                    "{text}"
                );
            }
        }
    }
}

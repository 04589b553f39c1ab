//! Writing into a part of the screen, by coordinates of that part; nothing lands outside it.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::theme::Theme;
use crate::sys::text;

pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Pen<'a> {
    pub fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    pub fn width(&self) -> u16 {
        self.area.width
    }

    pub fn height(&self) -> u16 {
        self.area.height
    }

    /// Writes at most `width` cells, `…` in the last where something is cut; the next column comes back.
    pub fn put(&mut self, x: u16, y: u16, line: &str, width: u16, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let width = width.min(self.area.width - x);
        let line = text::truncate(line, usize::from(width));
        // Nothing of what was below shows through: an edge of a frame has a colour of its own.
        let written = u16::try_from(text::width(&line))
            .unwrap_or(width)
            .min(width);
        let place = Rect::new(self.area.x + x, self.area.y + y, written, 1);
        self.buffer.set_style(place, Style::reset());
        let (end, _) = self.buffer.set_stringn(
            self.area.x + x,
            self.area.y + y,
            &line,
            usize::from(width),
            style,
        );
        end - self.area.x
    }

    /// Writes as much as there is room for; the next column comes back.
    pub fn text(&mut self, x: u16, y: u16, line: &str, style: Style) -> u16 {
        self.put(x, y, line, u16::MAX, style)
    }

    /// Writes so that the line ends before column `end`.
    pub fn right(&mut self, end: u16, y: u16, line: &str, style: Style) {
        let width = cells(line);
        self.put(end.saturating_sub(width), y, line, width, style);
    }

    /// Writes the panel's title into its upper edge.
    pub fn title(&mut self, title: &str, theme: &Theme) -> u16 {
        self.text(1, 0, title, theme.title)
    }

    /// Writes the panel's summary at the right of its upper edge.
    pub fn summary(&mut self, summary: &str, theme: &Theme) {
        let end = self.width().saturating_sub(1);
        self.figure(end, 0, summary, theme.quiet, theme);
    }

    /// Writes a number with its unit so that it ends before column `end`: the unit is quieter than
    /// the number.
    pub fn figure(&mut self, end: u16, y: u16, line: &str, style: Style, theme: &Theme) {
        let mut x = end.saturating_sub(cells(line));
        let quantity = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c == ' ';
        let unit = line.find(|c| !quantity(c)).unwrap_or(line.len());
        let (number, unit) = line.split_at(unit);
        x = self.text(x, y, number, style);
        self.text(x, y, unit, theme.quiet);
    }

    /// One cell.
    pub fn cell(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if x < self.area.width && y < self.area.height {
            let at = (self.area.x + x, self.area.y + y);
            if let Some(cell) = self.buffer.cell_mut(at) {
                cell.set_symbol(symbol)
                    .set_style(Style::reset().patch(style));
            }
        }
    }

    /// Returns the content of a cell; `None` outside the area.
    pub fn at(&self, x: u16, y: u16) -> Option<&Cell> {
        let inside = x < self.area.width && y < self.area.height;
        let at = (self.area.x + x, self.area.y + y);
        self.buffer.cell(at).filter(|_| inside)
    }

    /// The same character from `x` up to `end`.
    pub fn fill(&mut self, x: u16, y: u16, end: u16, symbol: &str, style: Style) {
        for x in x..end.min(self.area.width) {
            self.cell(x, y, symbol, style);
        }
    }

    /// Lays a style over a part of a line that is already written.
    pub fn restyle(&mut self, x: u16, y: u16, width: u16, style: Style) {
        let part = Rect::new(self.area.x + x, self.area.y + y, width, 1).intersection(self.area);
        self.buffer.set_style(part, style);
    }

    /// Lays the cursor over a line that is already written. A cell with a background keeps that where
    /// the cursor is a background too.
    pub fn highlight(&mut self, y: u16, style: Style) {
        for x in 0..self.area.width {
            let at = (self.area.x + x, self.area.y + y);
            if let Some(cell) = self.buffer.cell_mut(at)
                && (style.bg.is_none() || cell.bg == Color::Reset)
            {
                cell.set_style(style);
            }
        }
    }

    /// A pen for a part of this part.
    pub fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Pen<'_> {
        let area = Rect::new(
            self.area.x.saturating_add(x),
            self.area.y.saturating_add(y),
            width,
            height,
        )
        .intersection(self.area);
        Pen {
            buffer: self.buffer,
            area,
        }
    }
}

/// Returns the width of a line in cells.
pub fn cells(line: &str) -> u16 {
    u16::try_from(text::width(line)).unwrap_or(u16::MAX)
}

//! Writing into a part of the screen, by coordinates of that part; nothing lands outside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;

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

    /// One cell.
    pub fn cell(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if x < self.area.width && y < self.area.height {
            let at = (self.area.x + x, self.area.y + y);
            if let Some(cell) = self.buffer.cell_mut(at) {
                cell.set_symbol(symbol).set_style(style);
            }
        }
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

/// How many cells a line takes.
pub fn cells(line: &str) -> u16 {
    u16::try_from(text::width(line)).unwrap_or(u16::MAX)
}

//! CPUs in rows and columns of cells of one size, filled down the columns, so that neighbours stand
//! below each other.

use super::pen::Pen;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// CPUs that share a cell, where there is no room for each.
    pub group: usize,
    pub columns: u16,
    pub rows: u16,
    /// Lines of a cell.
    pub height: u16,
}

impl Grid {
    /// The lines of all rows.
    pub fn lines(self) -> u16 {
        self.rows * self.height
    }

    /// The width of a cell in this width of all.
    pub fn cell_width(self, width: u16) -> u16 {
        width / self.columns
    }

    /// Returns the place of the cell with this index, below the title row.
    pub fn cell<'pen>(self, pen: &'pen mut Pen<'_>, index: u16) -> Pen<'pen> {
        let width = self.cell_width(pen.width());
        pen.part(
            index / self.rows * width,
            1 + index % self.rows * self.height,
            width,
            self.height,
        )
    }
}

//! Each CPU: how much it enqueues and dispatches for either queue, and how that went lately.
//! It may import: `model`, `tui::app`, `tui::ui`.
//! It must never know: another panel, how the state came about.

mod cell;
mod group;

use cell::{FULL, Layout, Shape};
use group::Group;

use super::chart;
use super::domains;
use super::format;
use super::grid::Grid;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::tui::app::App;

use crate::model::Cpu;

/// The least width of a cell.
const NARROW: u16 = 38;
const TALLEST: u16 = 5;

/// Rates a grid by the size of its charts: their useful length times their height. One line per queue reads best.
fn room(grid: Grid, width: u16) -> u16 {
    let shape = Shape::of(grid.cell_width(width), grid.height, 2);
    let lines = if shape.layout == Layout::Full { 3 } else { 2 };
    shape.chart.min(60) * shape.rows * lines
}

/// The grid that gives the charts the most room. `count` says how many cells there are where some
/// CPUs share one: neighbours are added up.
fn grid(cpus: usize, count: impl Fn(usize) -> usize, width: u16, rows: u16) -> Grid {
    let mut group = 1;
    loop {
        let cells = u16::try_from(count(group)).unwrap_or(u16::MAX).max(1);
        let best = (1..=(width / NARROW).max(1))
            .filter_map(|columns| {
                let lines = cells.div_ceil(columns);
                let height = rows.checked_div(lines).filter(|height| *height > 0)?;
                let height = match width / columns {
                    FULL.. => height.min(TALLEST),
                    _ => 1,
                };
                Some(Grid {
                    group,
                    columns,
                    rows: lines,
                    height,
                })
            })
            .max_by_key(|grid| (room(*grid, width), std::cmp::Reverse(grid.columns)));
        match best {
            Some(grid) => return grid,
            None if group > cpus => {
                return Grid {
                    group,
                    columns: 1,
                    rows: 1,
                    height: 1,
                };
            }
            None => group *= 2,
        }
    }
}

fn grid_for(cpus: &[Cpu], width: u16, rows: u16) -> Grid {
    grid(cpus.len(), |group| domains::count(cpus, group), width, rows)
}

/// The rows that the panel takes of those offered, its title included.
pub fn height(app: &App, width: u16, offered: u16) -> u16 {
    let cpus = app.snapshot().map_or(&[][..], |snapshot| &snapshot.cpus);
    1 + grid_for(cpus, width, offered.saturating_sub(1)).lines()
}

/// Returns the number of CPUs per cell for this width and number of rows.
pub fn folds(app: &App, width: u16, offered: u16) -> usize {
    let cpus = app.snapshot().map_or(&[][..], |snapshot| &snapshot.cpus);
    grid_for(cpus, width, offered.saturating_sub(1)).group
}

/// A cell with room for it, for each CPU or group of CPUs:
/// ```text
///  CPU 0-2k/s ── enqueued/s ──────────── dispatched/s ─────────────
///    0  PRIORITY  ▂▂▂▂▂▂▅▅▅▆▆▆▇▇▇▇  1.2k   ▂▂▂▂▂▂▅▅▅▆▆▆▇▇▇▇  1.2k
///  93%  BATCH     ▅▅▅▅▅▅▃▃▃▂▂▂▂▂▂▂   310   ▅▅▅▅▅▅▃▃▃▂▂▂▂▂▂▂   310
/// ```
/// A line: ` 0  93%  ▂▂▅▇  1.2k  ▅▃▂▂   310  ▂▂▅▇  1.2k  ▅▃▂▂   310`, and a narrow one, in which the
/// charts show dispatches: `  0 ▂▂▅▆▇ 1.2k›1.2k ▅▅▃▂▂  310› 310`.
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    if pen.height() == 0 {
        return;
    }
    let Some(snapshot) = app.snapshot() else {
        pen.title(" CPUs ", theme);
        return;
    };
    let grid = grid_for(&snapshot.cpus, pen.width(), pen.height().saturating_sub(1));
    let width = grid.cell_width(pen.width());
    let groups: Vec<Group> = domains::cells(&snapshot.cpus, grid.group)
        .into_iter()
        .map(|cell| Group::of(cell, &snapshot.cpus, app))
        .collect();
    let label = groups
        .iter()
        .map(|group| cells(&group.label))
        .max()
        .unwrap_or(1)
        .max(2);
    let shape = Shape::of(width, grid.height, label);
    let charts: Vec<[Vec<Option<f32>>; 4]> = groups
        .iter()
        .map(|group| group.history(app, shape.chart))
        .collect();
    let highest = charts
        .iter()
        .flatten()
        .flatten()
        .flatten()
        .fold(0.0_f32, |a, b| a.max(*b));
    let full = chart::nice_scale(highest);

    title(
        pen,
        theme,
        grid,
        &shape,
        width,
        (highest > 0.0).then_some(full),
    );
    marks(pen, app, theme, grid, &shape, width);
    for ((index, group), charts) in (0_u16..).zip(&groups).zip(&charts) {
        shape.draw(&mut grid.cell(pen, index), theme, group, charts, full);
    }
}

/// The headings over the lanes, and the height of a full column.
fn title(pen: &mut Pen, theme: &Theme, grid: Grid, shape: &Shape, width: u16, full: Option<f32>) {
    if shape.layout == Layout::Narrow {
        pen.text(0, 0, " CPU ", theme.title);
    } else {
        pen.title(" CPUs ", theme);
    }
    for column in 0..grid.columns {
        for (x, heading) in shape.headings(theme) {
            let x = column * width + x;
            pen.put(x, 0, &format!("{heading} "), width, theme.quiet);
            pen.cell(x.saturating_sub(1), 0, " ", theme.quiet);
        }
    }
    if let (Some(full), Layout::Full) = (full, shape.layout) {
        let scale = format!("0-{}/s ", format::round(full));
        pen.put(7, 0, &scale, shape.left.saturating_sub(8), theme.quiet);
    }
}

/// Draws the marks of changes over each lane of charts. A mark that is under the heading is left out.
fn marks(pen: &mut Pen, app: &App, theme: &Theme, grid: Grid, shape: &Shape, width: u16) {
    let marks = app.history().marks(shape.chart.into(), 1);
    for column in 0..grid.columns {
        for (x, heading) in shape.headings(theme) {
            for (at, _) in marks.iter().filter(|(at, _)| *at > cells(&heading)) {
                pen.cell(column * width + x + at, 0, "▼", theme.strong);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a machine with one last cache.
    fn grid(cpus: usize, width: u16, rows: u16) -> Grid {
        super::grid(cpus, |group| cpus.div_ceil(group), width, rows)
    }

    #[test]
    fn every_cpu_has_a_place_however_many_there_are() {
        for cpus in [1, 2, 3, 4, 7, 8, 16, 64, 255, 512, 4096] {
            for (width, rows) in [(80, 4), (100, 6), (120, 13), (200, 21), (250, 26)] {
                let grid = grid(cpus, width, rows);
                assert!(grid.lines() <= rows, "{cpus} in {width}×{rows}: {grid:?}");
                let places = usize::from(grid.rows) * usize::from(grid.columns) * grid.group;
                assert!(places >= cpus, "{cpus} in {width}×{rows}: {grid:?}");
            }
        }
    }

    #[test]
    fn cpus_are_added_up_only_where_there_is_no_room_for_each() {
        assert_eq!(grid(8, 80, 4).group, 1);
        assert_eq!(grid(64, 200, 21).group, 1);
        assert_eq!(grid(64, 80, 4).group, 8);
    }
}

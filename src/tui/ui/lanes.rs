//! The use of each CPU's time, second by second: one lane per CPU, in the place of the list.

use super::domains;
use super::grid::Grid;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::tui::app::App;
use crate::tui::app::keymap::Action;
use crate::tui::app::measure::rates::{Pair, Rates};

/// The least width of a lane with its label.
const NARROW: u16 = 20;
/// A few CPUs fill the room that many would take.
const TALLEST: u16 = 24;

/// The grid in which each CPU has a lane, as far as there is room. `count` says how many lanes there
/// are where some CPUs share one.
fn grid(cpus: usize, count: impl Fn(usize) -> usize, width: u16, rows: u16) -> Grid {
    let rows = rows.max(1);
    let places = usize::from((width / NARROW).max(1)) * usize::from(rows);
    let mut group = 1;
    while count(group) > places && group < cpus {
        group *= 2;
    }
    let lanes = u16::try_from(count(group)).unwrap_or(u16::MAX).max(1);
    let columns = lanes.div_ceil(rows);
    let lines = lanes.div_ceil(columns);
    Grid {
        group,
        columns,
        rows: lines,
        height: (rows / lines).clamp(1, TALLEST),
    }
}

/// ```text
///  CPU time, a second a column   █ PRIORITY  ▒ BATCH  ░ other    space: ffmpeg (4121)
///   0 ▒▒▒▒▒▒▒▅▅▅▅▆▆▆▆▆   4 ▒▒▒▒▒▒▒▅▅▅▅▆▆▆▆▆
///   1 ▒▒▒▒▒▒▒▅▅▅▅▆▆▆▆▆   5 ▒▒▒▒░░▒▅▅▅▅▆▆▆▆▆
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    title(pen, app, theme);
    let Some(snapshot) = app.snapshot() else {
        return;
    };
    if let Err(missing) = app.tick() {
        pen.text(1, 1, missing.sentence(), theme.quiet);
        return;
    }
    let grid = grid(
        snapshot.cpus.len(),
        |group| domains::count(&snapshot.cpus, group),
        pen.width(),
        pen.height().saturating_sub(1),
    );
    let width = grid.cell_width(pen.width());
    let lanes = domains::cells(&snapshot.cpus, grid.group);
    let widest = lanes.iter().map(|lane| cells(&lane.label)).max();
    let left = 2 + widest.unwrap_or(1);
    for (index, lane) in (0_u16..).zip(&lanes) {
        let mut cell = grid.cell(pen, index);
        cell.right(left - 1, 0, &lane.label, theme.strong);
        let online = |cpu: &&usize| snapshot.cpus.get(**cpu).is_some_and(|cpu| cpu.online);
        let online = lane.cpus.iter().filter(online).count();
        if online == 0 {
            cell.text(left, 0, "offline", theme.quiet);
            continue;
        }
        // High lanes need a line between them to be told apart.
        let height = grid.height - u16::from(grid.height >= 3);
        let mut place = cell.part(left, 0, width.saturating_sub(left + 1), height);
        draw(&mut place, app, theme, &lane.cpus, online);
    }
}

fn title(pen: &mut Pen, app: &App, theme: &Theme) {
    let mut x = pen.title(" CPU time ", theme) + 1;
    for (glyph, style, name) in [
        (theme.glyphs.priority, theme.priority, "PRIORITY "),
        (theme.glyphs.batch, theme.batch, "BATCH "),
        (theme.glyphs.other, theme.quiet, "other "),
    ] {
        pen.cell(x, 0, " ", theme.quiet);
        pen.cell(x + 1, 0, glyph, style);
        pen.cell(x + 2, 0, " ", theme.quiet);
        x = pen.text(x + 3, 0, name, theme.quiet);
    }
    if let Some(process) = app.acted_on() {
        let space = app.keymap().key(Action::Toggle);
        let text = format!(" {space}: {} ({}) ", process.name, process.id.pid);
        if x + cells(&text) + 1 < pen.width() {
            pen.right(pen.width().saturating_sub(1), 0, &text, theme.strong);
        }
    }
}

/// The newest second is at the right. In each, from below: PRIORITY, BATCH, what neither queue
/// served, and what nobody used.
fn draw(pen: &mut Pen, app: &App, theme: &Theme, cpus: &[usize], online: usize) {
    let (width, height) = (pen.width(), pen.height());
    #[allow(clippy::cast_precision_loss)]
    let whole = online.max(1) as f32;
    let columns = |pick: fn(&Rates) -> Pair| {
        app.history().columns(width.into(), 1, |tick| {
            tick.sum(cpus).map(|rates| pick(&rates) * (1.0 / whole))
        })
    };
    let used = columns(|rates| rates.cpu_time);
    let busy = columns(|rates| Pair {
        priority: rates.busy,
        batch: 0.0,
    });
    for (x, (used, busy)) in (0..width).zip(used.into_iter().zip(busy)) {
        let (Some(used), Some(busy)) = (used, busy) else {
            continue;
        };
        let all = busy.priority.max(used.sum());
        let ends = [used.priority, used.sum(), all].map(|part| eighths(part, height));
        for y in 0..height {
            let (symbol, style) = cell(ends, (height - 1 - y) * 8, theme);
            pen.cell(x, y, symbol, style);
        }
    }
}

/// The cell whose lowest eighth is `from`, where PRIORITY, BATCH and the others end at `ends`.
fn cell(ends: [u16; 3], from: u16, theme: &Theme) -> (&'static str, ratatui::style::Style) {
    let [priority, batch, busy] = ends.map(|end| end.saturating_sub(from).min(8));
    let (queues, other, idle) = (batch, busy - batch, 8 - busy);
    if queues >= other && queues >= idle {
        return match priority {
            0 => (theme.glyphs.batch, theme.batch),
            8 => (theme.glyphs.priority, theme.priority),
            level if batch == priority => (theme.glyphs.levels[usize::from(level)], theme.priority),
            level => (theme.glyphs.levels[usize::from(level)], theme.border),
        };
    }
    if other >= idle {
        (theme.glyphs.other, theme.quiet)
    } else {
        (" ", theme.quiet)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn eighths(part: f32, height: u16) -> u16 {
    if part.is_nan() {
        return 0;
    }
    (part.clamp(0.0, 1.0) * f32::from(height * 8)).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a machine with one last cache.
    fn grid(cpus: usize, width: u16, rows: u16) -> Grid {
        super::grid(cpus, |group| cpus.div_ceil(group), width, rows)
    }

    #[test]
    fn every_cpu_has_its_own_lane_on_a_machine_of_usual_size() {
        assert_eq!(grid(64, 80, 17).group, 1);
        assert_eq!(grid(256, 200, 41).group, 1);
    }

    #[test]
    fn few_cpus_fill_the_room() {
        assert_eq!(grid(1, 120, 17).height, 17);
        assert_eq!(grid(2, 120, 17).height, 8);
        assert_eq!(grid(1, 200, 41).height, TALLEST);
    }

    #[test]
    fn all_cpus_have_a_place_however_many_there_are() {
        for cpus in [1, 2, 7, 8, 64, 255, 256, 512, 4096] {
            for (width, rows) in [(80, 17), (80, 13), (120, 29), (200, 41), (250, 51)] {
                let grid = grid(cpus, width, rows);
                let places = usize::from(grid.rows * grid.columns) * grid.group;
                assert!(
                    places >= cpus && grid.lines() <= rows && grid.cell_width(width) >= NARROW,
                    "{cpus} in {width}×{rows}: {grid:?}"
                );
            }
        }
    }
}

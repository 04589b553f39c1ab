//! One cell of the panel: where things are in it, and drawing them.

use ratatui::style::Style;

use super::group::Group;
use crate::model::Queue;
use crate::tui::app::measure::rates::{Pair, Rates};
use crate::tui::ui::chart;
use crate::tui::ui::format;
use crate::tui::ui::pen::{Pen, cells};
use crate::tui::ui::theme::Theme;

/// The least width of a cell with four lanes, and with a line for each queue.
const WIDE: u16 = 72;
pub const FULL: u16 = 48;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Full,
    Wide,
    Narrow,
}

/// The layout of a cell.
pub struct Shape {
    pub layout: Layout,
    /// The width of the CPU's number or range.
    label: u16,
    /// The start of the lanes, and their distance.
    pub left: u16,
    pub lane: u16,
    /// The width of a lane's chart, and its height.
    pub chart: u16,
    pub rows: u16,
}

impl Shape {
    pub fn of(width: u16, height: u16, label: u16) -> Self {
        let (layout, left, lanes, numbers) = if height >= 2 && width >= FULL {
            (Layout::Full, label.max(4) + 12, 2, 8)
        } else if width >= WIDE {
            (Layout::Wide, label + 8, 4, 7)
        } else {
            (Layout::Narrow, label + 3, 2, 11)
        };
        let lane = width.saturating_sub(left) / lanes;
        Self {
            layout,
            label,
            left,
            lane,
            chart: lane.saturating_sub(numbers),
            rows: if layout == Layout::Full {
                height / 2
            } else {
                1
            },
        }
    }

    pub fn headings(&self, theme: &Theme) -> Vec<(u16, String)> {
        let names: &[&str] = match self.layout {
            Layout::Full => &["enqueued/s", "dispatched/s"],
            Layout::Wide => &[
                "PRIORITY enq/s",
                "BATCH enq/s",
                "PRIORITY dis/s",
                "BATCH dis/s",
            ],
            Layout::Narrow => &["PRIORITY enq›dis/s", "BATCH enq›dis/s"],
        };
        (0_u16..)
            .zip(names)
            .map(|(index, name)| {
                // Where the whole heading has no room, its first word says the most.
                let fits = cells(name) < self.lane;
                let name = if fits {
                    name
                } else {
                    name.split(' ').next().unwrap_or(name)
                };
                (
                    self.left + index * self.lane,
                    name.replace('›', theme.glyphs.into),
                )
            })
            .collect()
    }

    pub fn draw(
        &self,
        pen: &mut Pen,
        theme: &Theme,
        group: &Group,
        charts: &[Vec<Option<f32>>; 4],
        full: f32,
    ) {
        let [enq_priority, enq_batch, dis_priority, dis_batch] = charts;
        let end = 1 + self
            .label
            .max(if self.layout == Layout::Full { 4 } else { 0 });
        pen.right(end, 0, &group.label, theme.strong);
        if !group.online {
            pen.text(end + 1, 0, "offline", theme.quiet);
            return;
        }
        let busy = group.busy.map(|percent| format!("{percent:>3.0}%"));
        let busy = busy.as_deref().unwrap_or(theme.glyphs.missing);
        let rate =
            |pick: fn(&Rates) -> Pair, queue| group.rates.map(|rates| pick(&rates).of(queue));
        let number = |value: Option<f32>| {
            value.map_or_else(|| format!("{:>5}", theme.glyphs.missing), format::rate)
        };
        let enq = |queue| rate(|rates| rates.enqueued, queue);
        let dis = |queue| rate(|rates| rates.dispatched, queue);
        match self.layout {
            Layout::Full => {
                pen.right(end, 1, busy, theme.quiet);
                for (index, queue, lanes) in [
                    (0, Queue::Priority, [enq_priority, dis_priority]),
                    (1, Queue::Batch, [enq_batch, dis_batch]),
                ] {
                    let y = index * self.rows;
                    let style = match queue {
                        Queue::Priority => theme.strong,
                        Queue::Batch => Style::new(),
                    };
                    pen.text(end + 2, y + self.rows - 1, queue.name(), style);
                    for ((lane, values), value) in
                        (0_u16..).zip(lanes).zip([enq(queue), dis(queue)])
                    {
                        let x = self.left + lane * self.lane;
                        let mut area = pen.part(x, y, self.chart, self.rows);
                        chart::lane(&mut area, theme, queue, values, full);
                        pen.text(
                            x + self.chart + 1,
                            y + self.rows - 1,
                            &number(value),
                            Style::new(),
                        );
                    }
                }
            }
            Layout::Wide => {
                pen.right(end + 5, 0, busy, theme.quiet);
                for ((index, values), (queue, value)) in (0_u16..).zip(charts).zip([
                    (Queue::Priority, enq(Queue::Priority)),
                    (Queue::Batch, enq(Queue::Batch)),
                    (Queue::Priority, dis(Queue::Priority)),
                    (Queue::Batch, dis(Queue::Batch)),
                ]) {
                    let x = self.left + index * self.lane;
                    let mut area = pen.part(x, 0, self.chart, 1);
                    chart::lane(&mut area, theme, queue, values, full);
                    pen.text(x + self.chart, 0, &number(value), Style::new());
                }
            }
            Layout::Narrow => {
                for (index, queue, values) in [
                    (0, Queue::Priority, dis_priority),
                    (1, Queue::Batch, dis_batch),
                ] {
                    let x = self.left + index * self.lane;
                    let mut area = pen.part(x, 0, self.chart, 1);
                    chart::lane(&mut area, theme, queue, values, full);
                    let number = |value: Option<f32>| {
                        value.map_or_else(
                            || format!("{:>4}", theme.glyphs.missing),
                            format::narrow_rate,
                        )
                    };
                    let text = format!(
                        "{}{}{}",
                        number(enq(queue)),
                        theme.glyphs.into,
                        number(dis(queue))
                    );
                    pen.text(x + self.chart + 1, 0, &text, Style::new());
                }
            }
        }
    }
}

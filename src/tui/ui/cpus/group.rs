//! The CPUs that share a cell.

use crate::model::{Cpu, Queue};
use crate::tui::app::App;
use crate::tui::app::measure::rates::{Pair, Rates};
use crate::tui::ui::domains::Cell;

/// One CPU, or some neighbours added up.
pub struct Group {
    pub label: String,
    /// Indexes into the snapshot's CPUs.
    pub members: Vec<usize>,
    pub online: bool,
    pub busy: Option<f32>,
    pub rates: Option<Rates>,
}

impl Group {
    pub fn of(cell: Cell, cpus: &[Cpu], app: &App) -> Self {
        let cpus: Vec<&Cpu> = cell.cpus.iter().filter_map(|&cpu| cpus.get(cpu)).collect();
        let busy: Vec<f32> = cpus.iter().filter_map(|cpu| cpu.busy_percent).collect();
        let rates = app.tick().ok().and_then(|tick| tick.sum(&cell.cpus));
        #[allow(clippy::cast_precision_loss)]
        let mean = busy.iter().sum::<f32>() / busy.len().max(1) as f32;
        Self {
            label: cell.label,
            members: cell.cpus,
            online: cpus.iter().any(|cpu| cpu.online),
            busy: (!busy.is_empty()).then_some(mean),
            rates,
        }
    }

    /// Enqueued for PRIORITY and BATCH, dispatched for PRIORITY and BATCH.
    pub fn history(&self, app: &App, width: u16) -> [Vec<Option<f32>>; 4] {
        let pairs = |pick: fn(&Rates) -> Pair| {
            app.history().columns(width.into(), 1, |tick| {
                tick.sum(&self.members).map(|rates| pick(&rates))
            })
        };
        let of = |pairs: &[Option<Pair>], queue| {
            pairs
                .iter()
                .map(|pair| pair.map(|pair| pair.of(queue)))
                .collect()
        };
        let (enqueued, dispatched) = (pairs(|r| r.enqueued), pairs(|r| r.dispatched));
        [
            of(&enqueued, Queue::Priority),
            of(&enqueued, Queue::Batch),
            of(&dispatched, Queue::Priority),
            of(&dispatched, Queue::Batch),
        ]
    }
}

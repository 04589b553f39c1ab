//! The panel about one process: in which queue and through what, where it may run and did, and how long its threads
//! wait.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::chart;
use super::format;
use super::frame;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{ENOUGH_FOR_P50, ENOUGH_FOR_P99, Membership, Queue, Thread};
use crate::tui::app::App;
use crate::tui::app::inspect::Panel;
use crate::tui::app::keymap::Action;

/// Rows above the threads: the edge, the facts with one row of waits, a blank and the names of the columns.
const HEAD: u16 = 10;
/// Rows of waits where the threads leave room for them.
const TALLEST: u16 = 8;
/// The start of the facts, after their names.
const FACTS: u16 = 12;
/// The last CPUs that are named.
const CPUS: usize = 16;

fn place(area: Rect) -> Rect {
    // The header and the keys stay visible.
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(2),
        ..area
    }
}

fn rows(area: Rect) -> usize {
    usize::from(place(area).height.saturating_sub(HEAD + 1))
}

/// Returns the height of the chart of waits: what the threads leave free.
fn waits_height(rows: usize, panel: &Panel<'_>) -> u16 {
    let threads = panel.known.map_or(0, |known| known.threads.len());
    let free = u16::try_from(rows.saturating_sub(threads)).unwrap_or(0);
    free.clamp(1, TALLEST)
}

/// Returns the number of threads that do not fit, which the panel can be scrolled by.
pub fn overflow(area: Rect, app: &App) -> usize {
    let threads = app.panel().and_then(|panel| panel.known);
    threads.map_or(0, |known| known.threads.len().saturating_sub(rows(area)))
}

/// ```text
/// ╭─ demo-frame (402) ─────────────────────────────────────────────────────────╮
/// │ queue      PRIORITY, through a key                                         │
/// │ policy     OTHER, nice 0                                                   │
/// │ CPUs       may use all; last used 1 0 1 1                                  │
/// │ unit       demo.service                                                    │
/// │ cgroup     /system.slice/demo.service                                      │
/// │ wake-up    p50 12.0 µs   p99 88.0 µs   1,203 waits in the last seconds     │
/// │ a turn     ▁▂▁▁█▂   mean wait, at most 1.20 ms                             │
/// │            (higher where there is room)                                    │
/// │                                                                            │
/// │    TID S CPU  NI POLICY     CPU%    A TURN NAME                            │
/// ╰──────────────────────────────────────────── Esc closes ────────────────────╯
/// ```
pub fn render(buffer: &mut Buffer, area: Rect, app: &App, first: usize, theme: &Theme) {
    let outer = place(area);
    let mut whole = Pen::new(buffer, outer);
    for y in 0..outer.height {
        whole.fill(0, y, outer.width, " ", Style::reset());
    }
    frame::draw(buffer, outer, theme);
    let mut pen = Pen::new(buffer, outer);
    let close = format!(" {} or Esc closes ", app.keymap().key(Action::Inspect));
    let end = outer.width.saturating_sub(2);
    pen.right(end, outer.height.saturating_sub(1), &close, theme.quiet);
    let mut pen = Pen::new(buffer, frame::panel(outer));
    let Some(panel) = app.panel() else {
        pen.title(" no process ", theme);
        pen.text(1, 1, "The process has ended.", Style::new());
        return;
    };
    let member = panel.process.queue == Some(Queue::Priority);
    let title = format!(" {} ", panel.process.title());
    let style = if member { theme.priority } else { theme.title };
    pen.text(1, 0, &title, style);
    if let Some(percent) = panel.cpu_percent {
        pen.summary(&format!(" {percent:.1} % of a CPU "), theme);
    }
    let height = waits_height(rows(area), &panel);
    facts(&mut pen, app, &panel, theme);
    history(&mut pen, &panel, height, theme);
    threads(&mut pen, &panel, (HEAD - 1 + height, first), theme);
}

fn facts(pen: &mut Pen, app: &App, panel: &Panel<'_>, theme: &Theme) {
    let missing = theme.glyphs.missing;
    let known = panel.known;
    let details = known.map(|known| &known.details);
    let mut y = 1;
    let mut fact = |pen: &mut Pen, name: &str, text: &str, style: Style| {
        pen.text(1, y, name, theme.quiet);
        let width = pen.width().saturating_sub(FACTS + 1);
        pen.put(FACTS, y, text, width, style);
        y += 1;
    };
    let style = panel.process.queue.map_or(Style::new(), |q| theme.queue(q));
    fact(pen, "queue", &queue(app, panel, missing), style);
    let nice = details.and_then(|details| details.nice);
    let nice = nice.map_or(missing.to_owned(), |nice| nice.to_string());
    let policy = format!("{}, nice {nice}", panel.process.policy.short());
    fact(pen, "policy", &policy, Style::new());
    let text = |text: Option<&str>| text.unwrap_or(missing).to_owned();
    let allowed = text(details.and_then(|details| details.affinity.as_deref()));
    let used: Vec<String> = panel.measured.cpus().map(|cpu| cpu.to_string()).collect();
    let used = match used.len() {
        _ if !panel.measured.is_of(panel.process.id) => missing.to_owned(),
        0 => missing.to_owned(),
        all => used[all.saturating_sub(CPUS)..].join(" "),
    };
    let line = format!("may use {allowed}; last used {used}");
    fact(pen, "CPUs", &line, Style::new());
    let unit = text(details.and_then(|details| details.unit.as_deref()));
    fact(pen, "unit", &unit, Style::new());
    let cgroup = text(known.and_then(|known| known.cgroup.as_deref()));
    fact(pen, "cgroup", &cgroup, Style::new());
    fact(pen, "wake-up", &wake_up(panel, missing), Style::new());
}

/// Returns the queue, and why the process is in it.
fn queue(app: &App, panel: &Panel<'_>, missing: &str) -> String {
    let process = panel.process;
    let cause = panel.known.and_then(|known| known.cause.as_deref());
    let cause = cause.map_or_else(String::new, |cause| format!(", through {cause}"));
    match (process.queue, process.membership) {
        _ if process.own => "dualq-top's own, served before both queues".into(),
        _ if process.policy.goes_before_the_queues() => {
            format!("none: {} runs before both queues", process.policy.name())
        }
        (None, _) => missing.into(),
        (Some(Queue::Batch), _) => "BATCH, as everything that nobody moved".into(),
        (Some(Queue::Priority), Some(Membership::ThroughParent)) => {
            let mut processes = app.snapshot().into_iter().flat_map(|s| &s.processes);
            let parent = processes.find(|other| other.id.pid == process.parent);
            let parent = parent.map_or(process.parent.to_string(), crate::model::Process::title);
            format!("PRIORITY, through its parent {parent}")
        }
        (Some(Queue::Priority), Some(Membership::WithChildren)) => {
            format!("PRIORITY with its children{cause}")
        }
        (Some(Queue::Priority), _) => format!("PRIORITY{cause}"),
    }
}

fn wake_up(panel: &Panel<'_>, missing: &str) -> String {
    let Some(waits) = panel.waits else {
        return missing.into();
    };
    let count = waits.total();
    let percentile = |percent: u32, enough: u64| {
        let ns = waits.percentile(percent).filter(|_| count >= enough);
        format::wait(ns, missing)
    };
    format!(
        "p50 {}   p99 {}   {} waits in the last seconds",
        percentile(50, ENOUGH_FOR_P50).trim(),
        percentile(99, ENOUGH_FOR_P99).trim(),
        crate::sys::text::thousands(count)
    )
}

/// The mean wait for a turn; the longest one fills the height.
#[allow(clippy::cast_precision_loss)]
fn history(pen: &mut Pen, panel: &Panel<'_>, height: u16, theme: &Theme) {
    const Y: u16 = 7;
    pen.text(1, Y, "a turn", theme.quiet);
    let room = usize::from(pen.width().saturating_sub(FACTS + 34));
    let mut history: Vec<Option<u64>> = panel.measured.history().rev().take(room).collect();
    history.reverse();
    let longest = history.iter().flatten().copied().max();
    let Some(longest) = longest.filter(|_| panel.measured.is_of(panel.process.id)) else {
        pen.text(FACTS, Y, theme.glyphs.missing, Style::new());
        return;
    };
    let width = u16::try_from(history.len()).unwrap_or(0);
    let values: Vec<Option<f32>> = history
        .iter()
        .map(|wait| wait.map(|ns| ns as f32))
        .collect();
    let queue = panel.process.queue.unwrap_or(Queue::Batch);
    let mut place = pen.part(FACTS, Y, width, height);
    chart::lane(&mut place, theme, queue, &values, longest.max(1) as f32);
    let x = FACTS + width;
    let text = format!(
        "mean wait, at most {}",
        format::wait(Some(longest), "").trim()
    );
    pen.text(x + 2, Y, &text, theme.quiet);
}

/// One column: its name, where it ends or begins, and whether it ends there.
type Cell = (&'static str, u16, bool);

const COLUMNS: [Cell; 8] = [
    ("TID", 8, true),
    ("S", 9, false),
    ("CPU", 14, true),
    ("NI", 18, true),
    ("POLICY", 19, false),
    ("CPU%", 34, true),
    ("A TURN", 44, true),
    ("NAME", 45, false),
];

/// From row `top` on, beginning with thread `first`.
fn threads(pen: &mut Pen, panel: &Panel<'_>, (top, first): (u16, usize), theme: &Theme) {
    let bottom = pen.height();
    for (name, x, ends) in COLUMNS {
        put(pen, (x, ends), top - 1, name, theme.head);
    }
    let Some(known) = panel.known else {
        let text = "what was read of its threads is not known";
        pen.text(2, top, text, theme.quiet);
        return;
    };
    let all = known.threads.iter().skip(first);
    for (y, thread) in (top..bottom).zip(all) {
        row(pen, y, thread, panel, theme);
    }
    let hidden = known.left_out;
    if hidden > 0 && bottom > top {
        let text = format!(" {} more threads ", crate::sys::text::thousands(hidden));
        let y = bottom - 1;
        pen.right(pen.width().saturating_sub(1), y, &text, theme.quiet);
    }
}

fn row(pen: &mut Pen, y: u16, thread: &Thread, panel: &Panel<'_>, theme: &Theme) {
    let missing = theme.glyphs.missing;
    let rates = panel.measured.thread(thread.tid);
    let number = |n: Option<String>| n.unwrap_or_else(|| missing.to_owned());
    let cells = [
        thread.tid.to_string(),
        thread.state.to_string(),
        number(thread.cpu.map(|cpu| cpu.to_string())),
        number(thread.nice.map(|nice| nice.to_string())),
        thread.policy.short().to_owned(),
        format::percent(rates.cpu_percent, missing),
        format::wait(rates.wait_ns, missing),
        thread.name.clone(),
    ];
    for ((_, x, ends), text) in COLUMNS.into_iter().zip(&cells) {
        put(pen, (x, ends), y, text, Style::new());
    }
}

fn put(pen: &mut Pen, (x, ends): (u16, bool), y: u16, text: &str, style: Style) {
    if ends {
        pen.text(x.saturating_sub(cells(text)), y, text, style);
    } else {
        pen.text(x, y, text, style);
    }
}

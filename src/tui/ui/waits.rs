//! The waits for a CPU: by queue, with the goals, and the cost of measuring.

use std::time::Duration;

use ratatui::style::Style;

use super::chart;
use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{BATCH_GOAL_NS, ENOUGH_FOR_P99, PRIORITY_GOAL_NS};
use crate::model::{KindWaits, NoWaits, Queue};
use crate::tui::app::App;
use crate::tui::app::keymap::Action;
use crate::tui::app::measure::waits::{Percentiles, WaitSummary};

/// The width of the panel with its frame.
pub const WIDTH: u16 = 48;

/// The column of the line's values, below those of the bars.
const LABEL: u16 = 12;
/// The ends of the columns p50, p99 and max, as distances from the right edge.
const ENDS: [u16; 3] = [19, 10, 1];
/// The histogram's columns are octaves: the first ends at 2^10 ns (1 µs), the last is open.
const FIRST_OCTAVE: u32 = 10;
const OCTAVES: u16 = 26;
/// The start of the histogram, and the columns of its scale: 1 µs, 32 µs, 1 ms, 34 ms, 1 s.
const CHART: u16 = 18;
const SCALE: [(u16, &str); 5] = [
    (0, "1µs"),
    (5, "33µs"),
    (10, "1ms"),
    (15, "34ms"),
    (20, "1s"),
];

/// The width of PRIORITY's longest part of the line: `PRIORITY 12.8 µs ✘ <100 µs missed`, and a blank.
const PRIORITY_PART: u16 = 34;

/// A task that waits longer than this tells more than the few waits that have ended.
const LONG: Duration = Duration::from_secs(1);

/// A queue with its waits and its goal.
struct Lane<'a> {
    queue: Queue,
    /// A window has begun and nothing has come yet: that nobody waits is not known.
    begins: bool,
    wake: &'a KindWaits,
    requeue: &'a KindWaits,
    /// The wait so far of its oldest task, which is in no histogram before it ends.
    oldest: Option<Duration>,
    goal_ns: u64,
    goal: &'static str,
}

fn lanes<'a>(app: &App, seen: &'a WaitSummary) -> [Lane<'a>; 2] {
    let oldest = app.snapshot().and_then(|s| s.scheduler.oldest_wait);
    let lane = |queue, goal_ns, goal| {
        let waits = match queue {
            Queue::Priority => &seen.waits.priority,
            Queue::Batch => &seen.waits.batch,
        };
        Lane {
            queue,
            begins: seen.over.is_zero(),
            wake: &waits.wake,
            requeue: &waits.requeue,
            oldest: oldest.filter(|_| queue == Queue::Batch),
            goal_ns,
            goal,
        }
    };
    [
        lane(Queue::Priority, PRIORITY_GOAL_NS, "<100 µs"),
        lane(Queue::Batch, BATCH_GOAL_NS, "<1 ms"),
    ]
}

/// Why nothing is shown, and what to do.
pub fn missing(why: &NoWaits, app: &App) -> String {
    match why {
        NoWaits::View => "not measured in view mode".into(),
        NoWaits::Off => {
            let w = app.keymap().key(Action::Waits);
            format!("not measured: {w} switches it on")
        }
        NoWaits::Unavailable(why) => format!("cannot be measured: {why}"),
    }
}

/// Whether a goal holds: by a mark and in words, in at most 16 cells. Colour alone says nothing.
fn goal(lane: &Lane, theme: &Theme) -> (String, Style) {
    let summary = Percentiles::of(lane.wake);
    let (name, glyphs) = (lane.goal, &theme.glyphs);
    match summary.p99 {
        Some(p99) if p99 < lane.goal_ns => (format!("{} {name} holds", glyphs.holds), theme.good),
        Some(_) => (format!("{} {name} missed", glyphs.fails), theme.warning),
        None if lane.oldest.is_some_and(|wait| wait >= LONG) => {
            let seconds = lane.oldest.unwrap_or_default().as_secs_f32();
            let words = format!("{} oldest {seconds:.1} s", glyphs.fails);
            (words, theme.warning)
        }
        None if lane.begins => ("measuring".into(), theme.quiet),
        None if summary.count == 0 => ("nobody waits".into(), theme.quiet),
        None => {
            let so_far = format!("{}/{ENOUGH_FOR_P99} waits", summary.count);
            (so_far, theme.quiet)
        }
    }
}

/// For a narrow screen:
/// ```text
///  wait p99    PRIORITY 14.2 µs ✔ <100 µs holds  BATCH  212 µs ✔ <1 ms holds
/// ```
pub fn render_line(pen: &mut Pen, app: &App, theme: &Theme) {
    let half = (pen.width().saturating_sub(LABEL + 2) / 2).max(PRIORITY_PART);
    let median = half >= 43;
    let left = LABEL + 2 * u16::from(median);
    let label = if median { "wait p50 p99" } else { "wait p99" };
    pen.text(1, 0, label, theme.strong);
    let seen = match app.waits() {
        Ok(seen) => seen,
        Err(why) => {
            pen.text(left, 0, &missing(why, app), theme.quiet);
            return;
        }
    };
    for (index, lane) in (0_u16..).zip(lanes(app, seen)) {
        let summary = Percentiles::of(lane.wake);
        let (words, style) = goal(&lane, theme);
        let mut part = pen.part(left + index * half, 0, half, 1);
        let mut x = part.text(0, 0, lane.queue.name(), theme.badge(lane.queue)) + 1;
        if median {
            let p50 = format::wait(summary.p50, theme.glyphs.missing);
            x = part.text(x, 0, &p50, Style::new()) + 1;
        }
        let p99 = format::wait(summary.p99, theme.glyphs.missing);
        let x = part.text(x, 0, &p99, theme.strong) + 1;
        part.text(x, 0, &words, style);
    }
}

/// Beside the CPUs, as far as there are lines for it:
/// ```text
///  waits, last 10 s ──────  p50 ───── p99 ───── max
///  PRIORITY woken    8.19 µs  14.2 µs  41.0 µs
///           preempted      –        –        –
///  BATCH    woken    41.9 µs   212 µs   710 µs
///           preempted 1.90 ms 8.11 ms  8.10 ms
///  PRIORITY           ▁█▆▁
///  BATCH                 ▁▃█▅▂▁
///                    1µs  33µs 1ms  34ms 1s
///  PRIORITY ✔ <100 µs holds  BATCH ✘ <1 ms missed
///  costs  290 ns an event, 0.35 % of all CPUs
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    if pen.width() == 0 {
        return;
    }
    let seen = match app.waits() {
        Ok(seen) => seen,
        Err(why) => {
            pen.title(" waits ", theme);
            wrapped(pen, theme, &missing(why, app));
            return;
        }
    };
    let title = match seen.over.as_secs_f32().round() {
        0.0 => " waits ".to_owned(),
        seconds => format!(" waits, last {seconds} s "),
    };
    pen.title(&title, theme);
    let width = pen.width();
    for (end, name) in ENDS.into_iter().zip(["p50", "p99", "max"]) {
        pen.right(width - end, 0, &format!(" {name} "), theme.quiet);
    }
    let lines = pen.height().saturating_sub(1);
    let lanes = lanes(app, seen);
    let mut y = 1;
    for lane in &lanes {
        numbers(pen, theme, y, "woken", lane.queue, lane.wake);
        y += 1;
        if lines >= 6 {
            numbers(pen, theme, y, "preempted", lane.queue, lane.requeue);
            y += 1;
        }
    }
    // What the other lines leave is for the histograms.
    let tall = (lines.saturating_sub(7) / 2).clamp(1, 6);
    if lines >= 9 {
        histograms(pen, theme, y, tall, &lanes);
        y += 2 * tall + 1;
    }
    goals(pen, theme, y, &lanes);
    cost(pen, theme, y + 1, seen);
}

fn wrapped(pen: &mut Pen, theme: &Theme, sentence: &str) {
    let width = usize::from(pen.width().saturating_sub(3));
    for (y, line) in (1..pen.height()).zip(crate::sys::text::wrap(sentence, width)) {
        pen.text(1, y, &line, theme.quiet);
    }
}

/// One kind of wait: the queue's name stands before the first.
fn numbers(pen: &mut Pen, theme: &Theme, y: u16, name: &str, queue: Queue, waits: &KindWaits) {
    if name == "woken" {
        pen.text(1, y, queue.name(), theme.badge(queue));
    }
    pen.text(10, y, name, theme.quiet);
    let summary = Percentiles::of(waits);
    for (end, ns) in ENDS
        .into_iter()
        .zip([summary.p50, summary.p99, summary.max])
    {
        let style = if end == ENDS[1] {
            theme.strong
        } else {
            Style::new()
        };
        let wait = format::wait(ns, theme.glyphs.missing);
        let end = pen.width().saturating_sub(end);
        pen.figure(end, y, &wait, style, theme);
    }
}

/// Wake-up waits by octave, those of PRIORITY above those of BATCH; each as high as it goes.
#[allow(clippy::cast_precision_loss)]
fn histograms(pen: &mut Pen, theme: &Theme, y: u16, tall: u16, lanes: &[Lane<'_>; 2]) {
    for (lane, y) in lanes.iter().zip([y, y + tall]) {
        pen.text(1, y + tall - 1, lane.queue.name(), theme.quiet);
        let counts = lane.wake.histogram.octaves(FIRST_OCTAVE, OCTAVES.into());
        let highest = counts.iter().copied().max().unwrap_or(0).max(1);
        let values: Vec<Option<f32>> = counts
            .iter()
            .map(|count| (*count > 0).then_some(*count as f32))
            .collect();
        let mut part = pen.part(CHART, y, OCTAVES, tall);
        chart::lane(&mut part, theme, lane.queue, &values, highest as f32);
    }
    for (column, label) in SCALE {
        pen.text(CHART + column, y + 2 * tall, label, theme.quiet);
    }
}

fn goals(pen: &mut Pen, theme: &Theme, y: u16, lanes: &[Lane<'_>; 2]) {
    let mut x = 1;
    for lane in lanes {
        let (words, style) = goal(lane, theme);
        let name_ends = pen.text(x, y, lane.queue.name(), theme.quiet);
        let ends = pen.text(name_ends + 1, y, &words, style);
        x = (ends + 1).max(pen.width() / 2 + 3);
    }
}

fn cost(pen: &mut Pen, theme: &Theme, y: u16, seen: &WaitSummary) {
    let text = match seen.cost {
        Some(cost) => format!(
            "costs {} an event, {:.2} % of all CPUs",
            format::wait(Some(cost.ns_per_event), theme.glyphs.missing),
            cost.percent
        ),
        None if seen.over.is_zero() => return,
        None => "what it costs is not known".to_owned(),
    };
    let width = cells(&text);
    pen.put(1, y, &text, width, theme.quiet);
}

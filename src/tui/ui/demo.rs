//! The demonstration: the deadlines that its frame misses a second, large.

use ratatui::style::Style;

use super::digits;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{DemoReading, Queue};
use crate::sys::text;
use crate::tui::app::App;
use crate::tui::app::measure::deadlines::{Beat, Deadlines};

/// Two digits, each block two cells wide.
const SCALE: u16 = 2;
const NUMBER: u16 = 14;
const WORDS: u16 = NUMBER + 4;

/// Rows of the panel below its upper edge.
pub const ROWS: u16 = digits::DOWN;

/// ```text
///  ██████  ██████   deadlines missed per second              demo-frame (4711) BATCH
///      ██  ██       of 60 frames with 10 ms of work on each CPU, beside 16 hogs
///  ██████  ██████   In BATCH it misses 58 of 60: space moves it to PRIORITY.
///  ██          ██   missed   ▇▇▇▇▇▇▇▇▆▇▇▇▇▇▇▇▇            ▇▇▇▇▇▇▇▇
///  ██████  ██████   queue    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▲███████████▲▒▒▒▒▒▒▒
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let Some(demo) = app.demo() else { return };
    pen.title(" demonstration ", theme);
    let (width, height) = (pen.width(), pen.height());
    let mut pen = pen.part(0, 1, width, height);
    let queue = app.metronome().and_then(|process| process.queue);
    let beat = demo.beat(queue);
    let (number, style) = match beat {
        Some(beat) => (format!("{:>2.0}", beat.missed), style(beat.missed, theme)),
        None => (" -".into(), theme.quiet),
    };
    digits::draw(
        &mut pen.part(1, 0, NUMBER, digits::DOWN),
        &number,
        (SCALE, 1),
        theme.glyphs.priority,
        style,
    );
    let Some(reading) = demo.reading() else {
        pen.text(WORDS, 0, "deadlines missed per second", theme.strong);
        let sentence = "calibrating: the frame measures its work";
        pen.text(WORDS, 1, sentence, theme.quiet);
        return;
    };
    let end = pen.text(WORDS, 0, "deadlines missed per second", theme.strong);
    whose(&mut pen, app, theme, end);
    pen.text(WORDS, 1, &load(reading), theme.quiet);
    match app.demo_sentence() {
        Some(sentence) => pen.text(WORDS, 2, &sentence, theme.strong),
        None => pen.text(WORDS, 2, &count(reading, beat, theme), Style::new()),
    };
    chart(&mut pen.part(0, 3, width, 2), demo, theme, (WORDS, 10), 1);
}

/// Counts the deadlines: what the panel says until there is more to say.
fn count(reading: &DemoReading, beat: Option<Beat>, theme: &Theme) -> String {
    let on_time = beat.map_or_else(
        || theme.glyphs.missing.to_owned(),
        |beat| format!("{:.0}", beat.on_time),
    );
    format!(
        "on time {on_time:>2}/s, last frame {}; {} missed in total",
        milliseconds(reading),
        text::thousands(reading.missed),
    )
}

/// Whether deadlines are missed is seen by the number itself; the style only says it again.
pub fn style(missed: f32, theme: &Theme) -> Style {
    if missed < 0.5 {
        theme.good
    } else {
        theme.warning
    }
}

/// Describes the frame's work and its competitors.
pub fn load(reading: &DemoReading) -> String {
    let hogs = match reading.hogs {
        1 => "1 hog".to_owned(),
        hogs => format!("{hogs} hogs"),
    };
    format!(
        "of {} frames with {} ms of work on each CPU, beside {hogs}",
        DemoReading::RATE,
        (reading.work.as_micros() + 500) / 1000
    )
}

fn milliseconds(reading: &DemoReading) -> String {
    let milliseconds = reading.last_frame.as_secs_f64() * 1e3;
    let digits = usize::from(milliseconds < 99.95);
    format!("{milliseconds:>4.digits$} ms")
}

/// The frame and its queue, at the right.
fn whose(pen: &mut Pen, app: &App, theme: &Theme, from: u16) {
    let Some(process) = app.metronome() else {
        return;
    };
    let mut end = pen.width().saturating_sub(1);
    if let Some(queue) = process.queue {
        pen.right(end, 0, queue.name(), theme.badge(queue));
        end = end.saturating_sub(cells(queue.name()) + 1);
    }
    let title = format!("{} ({})", process.name, process.id.pid);
    if from + 1 + cells(&title) < end {
        pen.right(end, 0, &title, theme.quiet);
    }
}

/// Draws the missed deadlines of the last seconds, in so many rows, and below it the queue that the
/// frame was in, with a mark where anything was moved. `label` is where the words begin, `chart` how far behind that the charts do.
pub fn chart(
    pen: &mut Pen,
    demo: &Deadlines,
    theme: &Theme,
    (label, chart): (u16, u16),
    rows: u16,
) {
    pen.text(label, rows - 1, "missed", theme.quiet);
    pen.text(label, rows, "queue", theme.quiet);
    let left = label + chart;
    let room = pen.width().saturating_sub(left + 1);
    let rate = f32::from(u16::try_from(DemoReading::RATE).unwrap_or(u16::MAX));
    for (back, beat) in (0..room).zip(demo.seconds().rev()) {
        let x = left + room - 1 - back;
        // Next to nothing is nothing: a single late frame is seen in the number.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let eighths = match beat.missed {
            missed if missed < 0.5 => 0,
            missed => (missed / rate * f32::from(8 * rows)).ceil() as u16,
        };
        for y in 0..rows {
            let level = eighths.saturating_sub(8 * (rows - 1 - y)).min(8);
            let symbol = theme.glyphs.levels[usize::from(level)];
            pen.cell(x, y, symbol, style(beat.missed, theme));
        }
        let (symbol, style) = match beat.queue {
            _ if beat.marked => (theme.glyphs.mark, theme.strong),
            Some(Queue::Priority) => (theme.glyphs.priority, theme.priority),
            Some(Queue::Batch) => (theme.glyphs.batch, theme.batch),
            None => (theme.glyphs.missing, theme.quiet),
        };
        pen.cell(x, rows, symbol, style);
    }
}

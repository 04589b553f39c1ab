//! The presentation mode: few lines, and the number that matters as large as the screen allows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;
use super::{banner, demo, digits, footer, format, header, waits};
use crate::model::Queue;
use crate::tui::app::measure::deadlines::Deadlines;
use crate::tui::app::{App, Row};

/// Rows beside the number and the chart: header, caption with a blank before it, verdict and process
/// with a blank after each, message, pressed keys, keys.
const OTHERS: u16 = 1 + 2 + 2 + 2 + 3;
const LEFT: u16 = 2;

/// The large number.
struct Number {
    /// Its caption.
    caption: String,
    digits: String,
    unit: String,
    /// The same in words, because colours are not enough for everybody.
    verdict: String,
    style: Style,
}

/// ```text
///  dualq-top  ● dualq 12m41s  Linux 7.2.13
///
///  deadlines missed per second
///  ████    ██████
///    ██    ██  ██      (five rows or more)
///  ██████  ██████
///  every frame on time
///
///  █ PRIORITY  demo-frame (4711)
///
///  missed   ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇
///  queue    ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒█████████
///
///  demo-frame (4711) → PRIORITY
///  pressed: d  space
/// ```
pub fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let mut top = area.y;
    let mut next = |height: u16| {
        let part = Rect::new(area.x, top, area.width, height);
        top += height;
        part
    };
    let banner = banner::height(app, area.width);
    header::render(&mut Pen::new(buffer, next(1)), app, theme);
    banner::render(&mut Pen::new(buffer, next(banner)), app, theme);
    let number = number(app, theme);
    caption(&mut Pen::new(buffer, next(2)), &number, theme);
    // The chart's rows of missed deadlines; the row of queues and a blank come to them.
    let bars = if area.height < 34 { 1 } else { 3 };
    let chart = if app.demo().is_some() { bars + 2 } else { 0 };
    let room = area.height.saturating_sub(banner + OTHERS + chart);
    let large = next(room.max(digits::DOWN));
    draw(&mut Pen::new(buffer, large), &number, theme);
    Pen::new(buffer, next(2)).text(LEFT, 0, &number.verdict, number.style);
    process(&mut Pen::new(buffer, next(2)), app, theme);
    let mut charted = Pen::new(buffer, next(chart));
    if let Some(load) = app.demo() {
        demo::chart(&mut charted, load, theme, (LEFT, 9), bars);
    }
    footer::render_message(&mut Pen::new(buffer, next(1)), app, theme);
    pressed(&mut Pen::new(buffer, next(1)), app, theme);
    footer::render_keys(&mut Pen::new(buffer, next(1)), app, theme);
}

fn caption(pen: &mut Pen, number: &Number, theme: &Theme) {
    pen.text(LEFT, 1, &number.caption, theme.strong);
}

/// As large as it fits; the unit stands at its foot.
fn draw(pen: &mut Pen, number: &Number, theme: &Theme) {
    let room = pen
        .width()
        .saturating_sub(2 * LEFT + cells(&number.unit) + 2);
    let fits = |size: u16| digits::width(&number.digits, 2 * size) <= room;
    let sizes = 1..=(pen.height() / digits::DOWN).max(1);
    let size = sizes.rev().find(|&size| fits(size)).unwrap_or(1);
    let rows = digits::DOWN * size;
    let above = pen.height().saturating_sub(rows) / 2;
    let (width, height) = (pen.width(), pen.height());
    let mut pen = pen.part(LEFT, above, width, height);
    let block = theme.glyphs.priority;
    digits::draw(
        &mut pen,
        &number.digits,
        (2 * size, size),
        block,
        number.style,
    );
    let end = digits::width(&number.digits, 2 * size);
    pen.text(end + 2, rows.saturating_sub(1), &number.unit, theme.strong);
}

/// Returns the missed deadlines while the demonstration runs, otherwise the wait of the selected process, or the
/// queues' shares if that is not known.
fn number(app: &App, theme: &Theme) -> Number {
    if app.demo().is_some() {
        return deadlines(app, theme);
    }
    waited(app, theme).unwrap_or_else(|| shared(app, theme))
}

/// `None` where it is not known.
fn waited(app: &App, theme: &Theme) -> Option<Number> {
    let process = app.selected()?;
    let wait = format::wait(Some(app.wait_p99(process.process_id())?), "");
    let (digits, unit) = wait.trim().split_once(' ')?;
    Some(Number {
        caption: format!("wake-up latency of {}, p99", process.name),
        digits: digits.to_owned(),
        unit: unit.to_owned(),
        verdict: format!("99 % of the waits are at most {}", wait.trim()),
        style: theme.strong,
    })
}

/// Why the wait of the process under the cursor is not the number.
fn no_wait(app: &App) -> Option<String> {
    let process = app.selected()?;
    if app.demo().is_some() || app.wait_p99(process.process_id()).is_some() {
        return None;
    }
    let why = match app.waits() {
        Ok(_) => "too few for a p99 yet".into(),
        Err(why) => waits::missing(why, app),
    };
    Some(format!("its waits: {why}"))
}

fn deadlines(app: &App, theme: &Theme) -> Number {
    let beat = app.demo().and_then(|demo| demo.beat(None));
    let caption = "deadlines missed per second".to_owned();
    match beat {
        None => Number {
            caption,
            digits: "-".into(),
            unit: String::new(),
            verdict: match app.demo().and_then(Deadlines::reading) {
                None => "calibrating: the frame measures its work",
                Some(_) => "measuring again",
            }
            .into(),
            style: theme.quiet,
        },
        Some(beat) => Number {
            caption,
            digits: format!("{:.0}", beat.missed),
            unit: "of 60".into(),
            verdict: if beat.missed < 0.5 {
                "every frame on time".into()
            } else if beat.on_time < 0.5 {
                "no frame on time".into()
            } else {
                format!("{:.0} frames on time", beat.on_time)
            },
            style: demo::style(beat.missed, theme),
        },
    }
}

fn shared(app: &App, theme: &Theme) -> Number {
    let caption = "dispatches, PRIORITY : BATCH".to_owned();
    let missing = |why: &str| Number {
        caption: caption.clone(),
        digits: "-".into(),
        unit: String::new(),
        verdict: why.to_owned(),
        style: theme.quiet,
    };
    let pair = match app.tick() {
        Ok(tick) => tick.total.dispatched,
        Err(why) => return missing(why.sentence()),
    };
    let Some(share) = pair.share() else {
        return missing("none in this tick");
    };
    let digits = format::shares(share).replace(' ', "");
    Number {
        verdict: format!(
            "of 100 dispatches, {} go to PRIORITY",
            digits.split(':').next().unwrap_or_default()
        ),
        digits,
        caption,
        unit: String::new(),
        style: theme.strong,
    }
}

/// Draws the metronome if there is one, otherwise the selected process, with its queue by name and shade.
fn process(pen: &mut Pen, app: &App, theme: &Theme) {
    let selected = app.rows().find(|row: &Row<'_>| row.under_cursor);
    let process = match (app.metronome(), selected) {
        (Some(metronome), _) => metronome,
        (None, Some(row)) => row.process,
        (None, None) => return,
    };
    let (block, queue, style) = match process.queue {
        Some(Queue::Priority) => (theme.glyphs.priority, "PRIORITY", theme.priority),
        Some(Queue::Batch) => (theme.glyphs.batch, "BATCH", theme.batch),
        None => (" ", theme.glyphs.missing, theme.quiet),
    };
    pen.fill(LEFT, 0, LEFT + 4, block, style);
    let x = pen.text(LEFT + 5, 0, queue, theme.strong) + 2;
    let title = format!("{} ({})", process.name, process.id.pid);
    pen.put(
        x,
        0,
        &title,
        pen.width().saturating_sub(x + 1),
        theme.strong,
    );
    if let Some(why) = no_wait(app) {
        pen.text(LEFT + 5, 1, &why, theme.quiet);
    }
}

/// ```text
///  pressed: /  e  n  c  Enter  space ×2
/// ```
fn pressed(pen: &mut Pen, app: &App, theme: &Theme) {
    let Some(talk) = app.presentation() else {
        return;
    };
    let mut x = pen.text(1, 0, "pressed:", theme.quiet) + 1;
    for (key, times) in talk.keys() {
        let times = if times > 1 {
            format!(" ×{times}")
        } else {
            String::new()
        };
        x = pen.text(x, 0, &format!("{}{times}", key.name()), theme.key) + 2;
    }
}

//! PRIORITY against BATCH: dispatches and CPU time, now and over the last minutes.

use super::chart;
use super::format;
use super::layout::Room;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::app::App;
use crate::app::measure::rates::{Pair, Rates};

/// Where the bars begin.
const LABEL: u16 = 13;
/// Shares, ratio, and what the whole is.
const NUMBERS: u16 = 9 + 13 + 11;
/// How far back the charts reach at least, in slots of a second.
const REACH: u16 = 300;

/// What of the rates is shown.
type Pick = fn(&Rates) -> Pair;

const DISPATCHES: (&str, Pick) = ("dispatches", |rates| rates.dispatched);
const CPU_TIME: (&str, Pick) = ("CPU time", |rates| rates.cpu_time);

/// At 80×24:
/// ```text
///  dispatches  █PRIORITY███████▒▒▒▒▒▒ BATCH ▒   63 : 37    1.7 : 1      18.4k/s
///  CPU time    █PRIORITY████████████▒▒▒▒▒▒▒▒▒   88 : 12    7.3 : 1    7.91 CPUs
///  last 5 min  dispatches ▂▂▂▃▅▅▅▇▇  61 : 39    CPU time ▂▂▂▂▇▇▇▇▇   85 : 15
/// ```
/// With more room the last line becomes two charts, with marks where a process was moved:
/// ```text
///              dispatches, last 5 min   61 : 39      CPU time, last 5 min   85 : 15
///              ▒▒▒▒▒▒▒▒▒▒▒▒▅█▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅        ▒▒▒▒▒▒▒▒▒▒▒▒▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
///              █████████████████████████████        ▅▅▅▅▅▅▅▅▅▅▅▅██████████████████
///                          ▲ ffmpeg → PRIORITY                  ▲ ffmpeg → PRIORITY
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme, room: Room) {
    let mut y = 0;
    if room != Room::Little {
        title(pen, app, theme);
        y += 1;
    }
    let thick = if room == Room::Plenty { 2 } else { 1 };
    for (label, pick) in [DISPATCHES, CPU_TIME] {
        let mut row = pen.part(0, y, pen.width(), thick);
        bar(&mut row, app, theme, label, pick);
        y += thick;
        if room == Room::Plenty {
            y += 1;
        }
    }
    if room == Room::Little {
        recent_line(pen, app, theme, y);
    } else {
        recent_charts(pen, app, theme, y);
    }
}

fn title(pen: &mut Pen, app: &App, theme: &Theme) {
    pen.fill(0, 0, pen.width(), theme.glyphs.rule, theme.quiet);
    pen.text(1, 0, " PRIORITY : BATCH ", theme.title);
    if let Ok(tick) = app.tick() {
        let rescues = format!(" rescues {}/s ", format::rate(tick.total.rescues));
        pen.right(pen.width().saturating_sub(1), 0, &rescues, theme.quiet);
    }
}

/// One bar with its numbers, or the reason why there is none.
fn bar(pen: &mut Pen, app: &App, theme: &Theme, label: &str, pick: Pick) {
    let y = pen.height().saturating_sub(1) / 2;
    pen.text(1, y, label, theme.strong);
    let pair = match app.tick() {
        Ok(tick) => pick(&tick.total),
        Err(missing) => {
            // The reason is the same for all that is missing: once is enough.
            let x = pen.text(LABEL, y, theme.glyphs.missing, theme.quiet) + 1;
            if label == DISPATCHES.0 {
                pen.text(x, y, missing.sentence(), theme.quiet);
            }
            return;
        }
    };
    let Some(share) = pair.share() else {
        let reason = format!("{} none in this tick", theme.glyphs.missing);
        pen.text(LABEL, y, &reason, theme.quiet);
        return;
    };
    let width = pen.width().saturating_sub(LABEL + NUMBERS + 1);
    let height = pen.height();
    chart::split_bar(&mut pen.part(LABEL, 0, width, height), theme, share);
    let x = LABEL + width + 1;
    let x = pen.text(x, y, &format::shares(share), theme.strong);
    pen.text(
        x,
        y,
        &format::ratio(pair.priority, pair.batch),
        theme.strong,
    );
    let whole = if label == CPU_TIME.0 {
        format::cpus(pair.sum())
    } else {
        format!("{}/s", format::rate(pair.sum()))
    };
    pen.right(pen.width().saturating_sub(1), y, &whole, theme.quiet);
}

/// How many seconds a column stands for, so that `width` of them reach back far enough.
fn seconds_per_column(width: u16) -> u16 {
    REACH.div_ceil(width.max(1)).max(1)
}

/// What the charts cover, in words: no more than has been seen.
fn span(app: &App, width: u16) -> String {
    let seconds = usize::from(width * seconds_per_column(width)).min(app.history().len());
    if seconds < 120 {
        format!("last {seconds} s")
    } else {
        format!("last {} min", seconds / 60)
    }
}

fn recent_line(pen: &mut Pen, app: &App, theme: &Theme, y: u16) {
    let half = (pen.width().saturating_sub(LABEL + 3)) / 2;
    let width = half.saturating_sub(11 + 9);
    pen.text(1, y, &span(app, width), theme.quiet);
    for (index, (label, pick)) in (0_u16..).zip([DISPATCHES, CPU_TIME]) {
        let x = LABEL + index * (half + 2);
        pen.text(x, y, label, theme.quiet);
        let x = x + 11;
        let shares = shares(app, width, pick);
        chart::share_area(&mut pen.part(x, y, width, 1), theme, &shares);
        for (column, _) in app
            .history()
            .marks(width.into(), seconds_per_column(width).into())
        {
            pen.cell(x + column, y, theme.glyphs.mark, theme.strong);
        }
        pen.text(x + width, y, &mean(app, theme, width, pick).0, theme.strong);
    }
}

fn recent_charts(pen: &mut Pen, app: &App, theme: &Theme, y: u16) {
    let half = pen.width().saturating_sub(LABEL + 3) / 2;
    let height = pen.height().saturating_sub(y + 2);
    for (index, (label, pick)) in (0_u16..).zip([DISPATCHES, CPU_TIME]) {
        let left = LABEL + index * (half + 2);
        let heading = format!("{label}, {}", span(app, half));
        let x = pen.text(left, y, &heading, theme.quiet).max(left + 24);
        let (shares_text, ratio) = mean(app, theme, half, pick);
        let x = pen.text(x, y, &shares_text, theme.strong);
        if x + cells(&ratio) <= left + half {
            pen.text(x, y, &ratio, theme.strong);
        }
        let mut area = pen.part(left, y + 1, half, height);
        chart::share_area(&mut area, theme, &shares(app, half, pick));
        let mut line = pen.part(left, y + 1 + height, half, 1);
        marks(&mut line, app, theme);
    }
    pen.text(1, y + 1, "100 %", theme.quiet);
    pen.text(1, y + height, "  0 %", theme.quiet);
}

/// The marks under a chart; a label that has no room up to the next mark is left out, its mark stays.
fn marks(pen: &mut Pen, app: &App, theme: &Theme) {
    let width = pen.width();
    let marks = app
        .history()
        .marks(width.into(), seconds_per_column(width).into());
    for (index, (column, mark)) in marks.iter().enumerate() {
        let end = marks.get(index + 1).map_or(width, |(next, _)| *next);
        let label = &mark.label;
        pen.cell(*column, 0, theme.glyphs.mark, theme.strong);
        if column + 2 + cells(label) < end {
            pen.text(column + 2, 0, label, theme.quiet);
        } else if index + 1 == marks.len() && *column > cells(label) + 1 {
            // The newest mark is at the right end: its label goes before it, over older ones.
            let text = format!(" {label} ");
            pen.right(*column, 0, &text, theme.quiet);
        }
    }
}

fn shares(app: &App, width: u16, pick: Pick) -> Vec<Option<f32>> {
    app.history()
        .columns(width.into(), seconds_per_column(width).into(), |tick| {
            Some(pick(&tick.total))
        })
        .into_iter()
        .map(|pair| pair.and_then(Pair::share))
        .collect()
}

/// Shares and ratio over what the chart covers.
fn mean(app: &App, theme: &Theme, width: u16, pick: Pick) -> (String, String) {
    let seconds = usize::from(width * seconds_per_column(width));
    match app.history().mean(seconds, pick) {
        Some(pair) if pair.sum() > 0.0 => (
            format::shares(pair.share().unwrap_or_default()),
            format::ratio(pair.priority, pair.batch),
        ),
        _ => (format!("{:>4}", theme.glyphs.missing), String::new()),
    }
}

//! PRIORITY against BATCH: dispatches and CPU time, now and over the last minutes.

use ratatui::style::Style;

use super::chart;
use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use super::waits;
use crate::tui::app::App;
use crate::tui::app::measure::rates::{Pair, Rates};

/// The minimum length of the charts, in slots of a second, once so much is known.
const REACH: u16 = 300;
/// The width of two shares.
const SHARES: u16 = 9;
/// Ratio and what the whole is, where there is room.
const MORE: u16 = 13 + 11;
/// From this width on both shares have a chart, and the bars all their numbers.
const WIDE: u16 = 76;

/// Selects the rate that is shown.
type Pick = fn(&Rates) -> Pair;

const DISPATCHES: (&str, Pick) = ("dispatches", |rates| rates.dispatched);
const CPU_TIME: (&str, Pick) = ("CPU time", |rates| rates.cpu_time);

/// The column of the bars and charts.
const LABEL: u16 = 12;

/// At 80×24, with the waits where they have no panel of their own:
/// ```text
/// ╭ PRIORITY : BATCH ──────────────────────────────────────────────── rescues 31/s ╮
/// │CPU time    █PRIORITY████████████▒▒▒▒▒▒▒▒▒   88 : 12    7.3 : 1       7.91 CPUs │
/// │dispatches  █PRIORITY███████▒▒▒▒▒▒ BATCH ▒   63 : 37    1.7 : 1         18.4k/s │
/// │last 5 min  CPU time   ▂▂▂▂▇▇▇▇▇  85 : 15    dispatches ▂▂▂▃▅▅▅▇▇   61 : 39     │
/// │wait p99    PRIORITY 14.2 µs ✔ <100 µs holds  BATCH  212 µs ✔ <1 ms holds       │
/// ```
/// With more room the third line becomes two charts, with marks where a process was moved:
/// ```text
/// │            CPU time, last 5 min   85 : 15        dispatches, last 5 min   61 : 39    │
/// │            ▒▒▒▒▒▒▒▒▒▒▒▒▅█▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅        ▒▒▒▒▒▒▒▒▒▒▒▒▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅ │
/// │            █████████████████████████████        ▅▅▅▅▅▅▅▅▅▅▅▅██████████████████ │
/// │                        ▲ ffmpeg → PRIORITY                  ▲ ffmpeg → PRIORITY│
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme, waits_line: bool) {
    if pen.height() == 0 {
        return;
    }
    title(pen, app, theme);
    let (width, mut height) = (pen.width(), pen.height());
    if waits_line && height > 3 {
        height -= 1;
        waits::render_line(&mut pen.part(0, height, width, 1), app, theme);
    }
    let mut y = 1;
    for (label, pick) in [CPU_TIME, DISPATCHES] {
        if y < height {
            let mut row = pen.part(0, y, width, 1);
            bar(&mut row, app, theme, label, pick);
        }
        y += 1;
    }
    let mut rest = pen.part(0, y, width, height.saturating_sub(y));
    match rest.height() {
        0 => {}
        1 | 2 => recent_line(&mut rest, app, theme),
        _ => recent_charts(&mut rest, app, theme),
    }
}

fn title(pen: &mut Pen, app: &App, theme: &Theme) {
    pen.title(" PRIORITY : BATCH ", theme);
    if let Ok(tick) = app.tick() {
        let rescues = format!(" rescues {}/s ", format::rate(tick.total.rescues).trim());
        pen.summary(&rescues, theme);
    }
}

/// One bar with its numbers, or the reason why there is none.
fn bar(pen: &mut Pen, app: &App, theme: &Theme, label: &str, pick: Pick) {
    pen.text(1, 0, label, theme.strong);
    let pair = match app.tick() {
        Ok(tick) => pick(&tick.total),
        Err(missing) => {
            // The reason is the same for all that is missing: once is enough.
            let x = pen.text(LABEL, 0, theme.glyphs.missing, theme.quiet) + 1;
            if label == CPU_TIME.0 {
                pen.text(x, 0, missing.sentence(), theme.quiet);
            }
            return;
        }
    };
    let Some(share) = pair.share() else {
        let reason = format!("{} none in this tick", theme.glyphs.missing);
        pen.text(LABEL, 0, &reason, theme.quiet);
        return;
    };
    let more = if pen.width() >= WIDE { MORE } else { 0 };
    let width = pen.width().saturating_sub(LABEL + SHARES + more + 2);
    chart::split_bar(&mut pen.part(LABEL, 0, width, 1), theme, share);
    let x = LABEL + width + 1;
    let x = pen.text(x, 0, &format::shares(share), theme.strong);
    if more == 0 {
        return;
    }
    pen.text(
        x,
        0,
        &format::ratio(pair.priority, pair.batch),
        theme.strong,
    );
    let whole = if label == CPU_TIME.0 {
        format::cpus(pair.sum())
    } else {
        format!("{}/s", format::rate(pair.sum()))
    };
    let end = pen.width().saturating_sub(1);
    pen.figure(end, 0, &whole, Style::new(), theme);
}

/// Returns the seconds per column, so that `width` columns reach back far enough.
///
/// They double while the history grows: a chart that has just begun is no strip at the right end.
fn seconds_per_column(app: &App, width: u16) -> u16 {
    let width = usize::from(width.max(1));
    let known = app.history().len().div_ceil(width);
    let most = usize::from(REACH).div_ceil(width);
    u16::try_from(known.next_power_of_two().min(most)).unwrap_or(REACH)
}

/// Describes the period that the charts cover, at most the period since the start.
fn span(app: &App, width: u16) -> String {
    let seconds = usize::from(width * seconds_per_column(app, width)).min(app.history().len());
    if seconds < 120 {
        format!("last {seconds} s")
    } else {
        format!("last {} min", seconds / 60)
    }
}

fn recent_line(pen: &mut Pen, app: &App, theme: &Theme) {
    let half = (pen.width().saturating_sub(LABEL + 3)) / 2;
    let both = pen.width() >= WIDE;
    let width = if both {
        half.saturating_sub(11 + SHARES)
    } else {
        pen.width().saturating_sub(LABEL + SHARES + 2)
    };
    pen.text(1, 0, &span(app, width), theme.quiet);
    for (index, (label, pick)) in (0_u16..).zip([CPU_TIME, DISPATCHES]) {
        if index > 0 && !both {
            break;
        }
        let mut x = LABEL + index * (half + 2);
        if both {
            pen.text(x, 0, label, theme.quiet);
            x += 11;
        }
        let shares = shares(app, width, pick);
        chart::share_area(&mut pen.part(x, 0, width, 1), theme, &shares);
        for (column, _) in app
            .history()
            .marks(width.into(), seconds_per_column(app, width).into())
        {
            pen.cell(x + column, 0, theme.glyphs.mark, theme.strong);
        }
        pen.text(x + width, 0, &mean(app, theme, width, pick).0, theme.strong);
    }
}

fn recent_charts(pen: &mut Pen, app: &App, theme: &Theme) {
    let both = pen.width() >= WIDE;
    let (label, charts): (_, &[_]) = if both {
        (LABEL, &[CPU_TIME, DISPATCHES])
    } else {
        (7, &[CPU_TIME])
    };
    let gap = if both { 2 } else { 0 };
    let width = pen.width().saturating_sub(label + 1 + gap) / (1 + u16::from(both));
    let height = pen.height().saturating_sub(2);
    for (index, (name, pick)) in (0_u16..).zip(charts) {
        let left = label + index * (width + gap);
        let heading = format!("{name}, {}", span(app, width));
        let x = pen.text(left, 0, &heading, theme.quiet).max(left + 24);
        let (shares_text, ratio) = mean(app, theme, width, *pick);
        let x = pen.text(x, 0, &shares_text, theme.strong);
        if x + cells(&ratio) <= left + width {
            pen.text(x, 0, &ratio, theme.strong);
        }
        let mut area = pen.part(left, 1, width, height);
        chart::share_area(&mut area, theme, &shares(app, width, *pick));
        let mut line = pen.part(left, 1 + height, width, 1);
        marks(&mut line, app, theme);
    }
    pen.text(1, 1, "100 %", theme.quiet);
    pen.text(1, height, "  0 %", theme.quiet);
}

/// The marks under a chart; a label that has no room up to the next mark is left out, its mark stays.
fn marks(pen: &mut Pen, app: &App, theme: &Theme) {
    let width = pen.width();
    let marks = app
        .history()
        .marks(width.into(), seconds_per_column(app, width).into());
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
        .columns(
            width.into(),
            seconds_per_column(app, width).into(),
            |tick| Some(pick(&tick.total)),
        )
        .into_iter()
        .map(|pair| pair.and_then(Pair::share))
        .collect()
}

/// Shares and ratio over what the chart covers.
fn mean(app: &App, theme: &Theme, width: u16, pick: Pick) -> (String, String) {
    let seconds = usize::from(width * seconds_per_column(app, width));
    match app.history().mean(seconds, pick) {
        Some(pair) if pair.sum() > 0.0 => (
            format::shares(pair.share().unwrap_or_default()),
            format::ratio(pair.priority, pair.batch),
        ),
        _ => (format!("{:>4}", theme.glyphs.missing), String::new()),
    }
}

//! Charts as SVG: a dot a contender, on a logarithmic scale, since they differ by orders of magnitude. Such a
//! scale has no zero, so a bar would have no meaning.

use crate::bench::Results;
use crate::bench::contender::{Contender, Running};
use crate::bench::figure::{Figure, digits};
use crate::bench::measurement::Measurement;
use crate::bench::statistics::Spread;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 230.0;
const NUMBERS: f64 = 110.0;
const ROW: f64 = 26.0;
const HEAD: f64 = 48.0;

/// One for each measurement of which the length of a wait or a time is what counts: file name and text.
#[must_use]
pub fn charts(results: &Results) -> Vec<(String, String)> {
    let mut charts = Vec::new();
    for (measurement, rows) in &results.tables {
        let figure = match measurement {
            Measurement::WakeUp { .. } | Measurement::Crowd { .. } => Figure::WakeP99,
            Measurement::Frame { .. } => Figure::DoneP99,
            Measurement::Messages => Figure::Messages,
            Measurement::Pipe => Figure::RoundTrip,
            _ => continue,
        };
        let bars: Vec<(Contender, String, Spread)> = rows
            .iter()
            .filter_map(|row| {
                Some((
                    row.contender,
                    row.contender.label(measurement.favoured(), &results.peers),
                    row.find(figure)?,
                ))
            })
            .collect();
        if !bars.is_empty() {
            let title = measurement.title();
            let axis = axis(figure);
            charts.push((
                format!("{}.svg", measurement.key()),
                draw(&title, axis, &bars),
            ));
        }
    }
    charts
}

fn axis(figure: Figure) -> &'static str {
    match figure {
        Figure::WakeP99 => "wake-up p99 in µs, logarithmic; shorter is better",
        Figure::DoneP99 => "frame done p99 in ms, logarithmic; shorter is better",
        Figure::Messages => "seconds, logarithmic; shorter is better",
        _ => "µs, logarithmic; shorter is better",
    }
}

fn draw(title: &str, axis: &str, bars: &[(Contender, String, Spread)]) -> String {
    let values = || {
        bars.iter()
            .flat_map(|bar| [bar.2.min, bar.2.max])
            .filter(|value| *value > 0.0)
    };
    let low = values().fold(f64::INFINITY, f64::min).log10().floor();
    let high = values().fold(0.0, f64::max).log10().ceil().max(low + 1.0);
    let room = WIDTH - LABELS - NUMBERS;
    let place = |value: f64| {
        LABELS
            + room * ((value.max(f64::MIN_POSITIVE).log10() - low) / (high - low)).clamp(0.0, 1.0)
    };
    #[allow(clippy::cast_precision_loss)]
    let bottom = HEAD + ROW * bars.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"8\" y=\"18\" font-weight=\"bold\">{}</text>\n<text x=\"8\" y=\"36\" fill=\"#555\">{}</text>\n",
        bottom + 24.0,
        escape(title),
        escape(axis),
    );
    let mut decade = low;
    while decade <= high {
        let (x, value) = (place(10_f64.powf(decade)), 10_f64.powf(decade));
        out += &format!(
            "<line x1=\"{x:.1}\" y1=\"{HEAD}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{}\" fill=\"#555\" text-anchor=\"middle\">{value}</text>\n",
            bottom + 16.0
        );
        decade += 1.0;
    }
    let mut y = HEAD;
    for (contender, label, spread) in bars {
        let (end, middle) = (place(spread.median), y + ROW / 2.0);
        out += &format!(
            "<text x=\"8\" y=\"{:.1}\">{}</text><rect x=\"{LABELS}\" y=\"{:.1}\" width=\"{:.1}\" height=\"2\" fill=\"#ddd\"/><circle cx=\"{end:.1}\" cy=\"{middle:.1}\" r=\"7\" fill=\"{}\"/>",
            middle + 4.5,
            escape(label),
            middle - 1.0,
            (end - LABELS).max(1.0),
            colour(*contender),
        );
        // From the least to the most.
        out += &format!(
            "<line x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\" stroke=\"black\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            place(spread.min),
            place(spread.max),
            place(spread.max).max(end) + 12.0,
            middle + 4.5,
            digits(spread.median),
        );
        y += ROW;
    }
    out + "</svg>\n"
}

/// As on the screen, PRIORITY and BATCH differ in shade as well as in colour.
fn colour(contender: Contender) -> &'static str {
    match (contender, contender.running()) {
        (Contender::DualqPriority, _) => "#0b6e4f",
        (_, Running::Dualq) => "#7fc8a9",
        (_, Running::KernelDefault) => "#9aa5b1",
        (_, Running::Peer(_)) => "#d9a441",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

//! The help, made from the keymap.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::sys::text;
use crate::tui::app::App;
use crate::tui::app::keymap::{Action, Group, Keymap};

/// The column of the sentences.
const KEYS: u16 = 16;
const WIDEST: u16 = 92;
/// Nothing that is less wide can be read.
const NARROW: u16 = 12;

enum HelpLine {
    Title(&'static str),
    Keys(String, String),
    Text(String),
}

/// The terms on the screen with their meaning; the manual page and docs/GLOSSARY.md have them too.
pub const WORDS: [(&str, &str); 11] = [
    (
        "PRIORITY",
        "the queue that is served first; ★ chosen, ☆ through a parent",
    ),
    (
        "BATCH",
        "the queue of all other tasks, with a guaranteed share",
    ),
    (
        "own",
        "in QUEUE: dualq-top itself, served ahead of both queues",
    ),
    (
        "guarantee",
        "the share of a CPU that BATCH keeps while both queues want it",
    ),
    (
        "dispatch",
        "a task handed to a CPU, from a queue or directly",
    ),
    (
        "rescue",
        "a dispatch made only because of BATCH's guarantee",
    ),
    ("woken", "a wait from wake-up to running"),
    ("preempted", "a wait from preemption to running again"),
    ("p50", "50 % of the waits are at most this long (median)"),
    ("p99", "99 % of the waits are at most this long"),
    ("hog", "a process that never sleeps"),
];

fn lines(width: u16, keymap: &Keymap) -> Vec<HelpLine> {
    let room = usize::from(width.saturating_sub(KEYS + 3));
    let mut lines = Vec::new();
    let entry = |lines: &mut Vec<HelpLine>, key: String, sentence: &str| {
        let mut parts = text::wrap(sentence, room).into_iter();
        lines.push(HelpLine::Keys(key, parts.next().unwrap_or_default()));
        lines.extend(parts.map(HelpLine::Text));
    };
    for group in Group::ALL {
        lines.push(HelpLine::Title(group.title()));
        let bound = keymap.lines().iter();
        let bound: Vec<_> = bound
            .filter(|line| line.binding.group == group && !line.keys.is_empty())
            .collect();
        for same in bound.chunk_by(|a, b| a.binding.help == b.binding.help) {
            let keys = same.iter().flat_map(|line| &line.keys);
            let names: Vec<String> = keys.map(|key| key.name()).collect();
            entry(&mut lines, names.join(" "), same[0].binding.help);
        }
    }
    lines.push(HelpLine::Title("Words"));
    for (word, meaning) in WORDS {
        entry(&mut lines, word.into(), meaning);
    }
    lines
}

/// The box in the middle of the screen.
fn place(area: Rect, keymap: &Keymap) -> Rect {
    let width = if area.width < WIDEST + 8 {
        area.width
    } else {
        WIDEST
    };
    let lines = u16::try_from(lines(width, keymap).len()).unwrap_or(u16::MAX);
    let height = lines.saturating_add(2).min(area.height);
    Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    )
}

/// Returns the number of lines that do not fit, which the help can be scrolled by.
#[must_use]
pub fn overflow(area: Rect, keymap: &Keymap) -> usize {
    let place = place(area, keymap);
    lines(place.width, keymap)
        .len()
        .saturating_sub(usize::from(place.height.saturating_sub(2)))
}

/// ```text
///   ┌ Keys ────────────────────────────────────┐
///   │ Queues and scheduler                     │
///   │   space         move the process to …    │
///   └───────────────── any other key closes ───┘
/// ```
pub fn render(pen: &mut Pen, area: Rect, app: &App, first: usize, theme: &Theme) {
    let place = place(area, app.keymap());
    let (width, height) = (place.width, place.height);
    let (x, y) = (place.x - area.x, place.y - area.y);
    // A blank on either side keeps what is below apart; and a strip of that too narrow to be read is
    // left out.
    let beside = if x < NARROW { x } else { 1 };
    for y in y..y + height {
        pen.fill(x - beside, y, x + width + beside + 1, " ", Style::reset());
    }
    let mut pen = pen.part(x, y, width, height);
    for y in [0, height.saturating_sub(1)] {
        pen.fill(0, y, width, theme.glyphs.rule, theme.quiet);
    }
    pen.text(2, 0, " dualq-top: keys and terms ", theme.title);
    let hidden = overflow(area, app.keymap());
    let bottom = height.saturating_sub(1);
    let hint = if hidden > 0 {
        let key = |action| app.keymap().key(action);
        let (up, down) = (key(Action::Up), key(Action::Down));
        format!(" {up} {down} scroll ({first}/{hidden}), any other key closes ")
    } else {
        " any key closes ".to_owned()
    };
    pen.right(width.saturating_sub(2), bottom, &hint, theme.quiet);
    for (y, line) in (1..bottom).zip(lines(width, app.keymap()).iter().skip(first)) {
        match line {
            HelpLine::Title(title) => {
                pen.text(1, y, title, theme.title);
            }
            HelpLine::Keys(keys, sentence) => {
                pen.put(
                    3,
                    y,
                    keys,
                    KEYS.saturating_sub(2).max(cells(keys).min(14)),
                    theme.key,
                );
                pen.text(KEYS + 1, y, sentence, Style::new());
            }
            HelpLine::Text(sentence) => {
                pen.text(KEYS + 1, y, sentence, Style::new());
            }
        }
    }
}

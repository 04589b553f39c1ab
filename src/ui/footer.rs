//! The message line and the line of keys.

use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::app::keymap::KEYMAP;
use crate::app::message::Tone;
use crate::app::{App, Mode};

/// ```text
///  ffmpeg (4121) → PRIORITY
/// ```
pub fn render_message(pen: &mut Pen, app: &App, theme: &Theme) {
    if app.mode() == Mode::Search {
        let search = app.search();
        let x = pen.text(1, 0, "/", theme.strong);
        let x = pen.text(x, 0, &search.text, theme.strong);
        pen.cell(x, 0, " ", theme.cursor);
        if search.failed {
            pen.text(x + 2, 0, "not found", theme.warning);
        }
        let hint = "Enter keep the place  Esc go back  F3 next";
        pen.right(pen.width().saturating_sub(1), 0, hint, theme.quiet);
        return;
    }
    let Some(message) = app.message() else {
        if app.nothing_to_win() {
            let hint = "CPUs stand idle: no task has to wait, so a move changes nothing now.";
            pen.text(1, 0, hint, Style::new());
        }
        return;
    };
    let style = match message.tone {
        Tone::Done => theme.strong,
        Tone::Note => theme.quiet,
        Tone::Refused => theme.warning,
    };
    pen.put(1, 0, &message.text, pen.width().saturating_sub(2), style);
}

/// ```text
///  space PRIORITY/BATCH  x attach/detach  / search  ? help  q quit
/// ```
pub fn render_keys(pen: &mut Pen, theme: &Theme) {
    let mut hints: Vec<(u8, String, &str)> = KEYMAP
        .iter()
        .filter_map(|binding| {
            let (rank, word) = binding.footer?;
            Some((rank, binding.keys.first()?.name(), word))
        })
        .collect();
    let length = |hints: &[(u8, String, &str)]| -> u16 {
        hints
            .iter()
            .map(|(_, key, word)| cells(key) + cells(word) + 3)
            .sum()
    };
    while length(&hints) > pen.width() {
        let Some(last) = (0..hints.len()).max_by_key(|&index| hints[index].0) else {
            break;
        };
        hints.remove(last);
    }
    let mut x = 1;
    for (_, key, word) in hints {
        x = pen.text(x, 0, &key, theme.key) + 1;
        x = pen.text(x, 0, word, theme.quiet) + 2;
    }
}

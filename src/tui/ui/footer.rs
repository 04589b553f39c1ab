//! The message line and the line of keys.

use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::Queue;
use crate::sys::text;
use crate::tui::app::keymap::Action;
use crate::tui::app::message::Tone;
use crate::tui::app::{App, Mode};

/// The most cells of a filter that are shown beside other text.
const LONGEST: usize = 24;

/// ```text
///  ffmpeg (4121) → PRIORITY
/// ```
pub fn render_message(pen: &mut Pen, app: &App, theme: &Theme) {
    match app.mode() {
        Mode::Search => {
            let hint = "Enter stay here  Esc return  F3 next";
            let said = app.search().failed.then_some("not found");
            return typing(pen, theme, "/", &app.search().text, hint, said);
        }
        Mode::Filter => {
            let hint = "Enter keep the filter  Esc show all";
            let said = app.list().is_empty().then_some("nothing matches");
            return typing(
                pen,
                theme,
                "\\",
                &app.list().options.filter.text,
                hint,
                said,
            );
        }
        Mode::Quit => {
            let question = "Quit dualq-top?  y quits, any other key continues";
            pen.text(1, 0, &format!(" {question} "), theme.warning);
            return;
        }
        Mode::Confirm(_) => {
            let question = app.question().unwrap_or_default();
            pen.text(1, 0, &format!(" {question} "), theme.warning);
            return;
        }
        Mode::List
        | Mode::Menu(_)
        | Mode::Help { .. }
        | Mode::Report { .. }
        | Mode::Inspect { .. } => {}
    }
    let Some(message) = app.message() else {
        if let Some(parts) = left_out(app) {
            pen.text(1, 0, &format!(" Left out: {parts}. "), theme.quiet);
        } else if app.nothing_to_win() && app.replay().is_none() {
            let hint = format!(
                " CPUs are idle: no task waits, so a move changes nothing; {} starts a load. ",
                app.keymap().key(Action::Demo)
            );
            pen.text(1, 0, &hint, Style::new());
        } else if let Some(hint) = first_steps(app, pen.width()) {
            pen.text(1, 0, &hint, theme.quiet);
        }
        return;
    };
    let style = match message.tone {
        Tone::Done => theme.strong,
        Tone::Note => theme.quiet,
        Tone::Refused => theme.warning,
    };
    let text = message.text.with_keys(app.keymap());
    let width = pen.width().saturating_sub(3);
    pen.put(1, 0, &format!(" {text} "), width, style);
}

/// Returns hints for a new user, until the first key, or during a demonstration until the first move.
fn first_steps(app: &App, width: u16) -> Option<String> {
    let key = |action| app.keymap().key(action);
    if app.replay().is_some() {
        return None;
    }
    let metronome = app.metronome().filter(|_| app.comparison().is_none());
    if let Some(process) = metronome.filter(|process| process.queue == Some(Queue::Batch)) {
        return Some(format!(
            " press {}: {} goes first ",
            key(Action::Toggle),
            process.name
        ));
    }
    let compares = if width < 100 {
        "the kernel's scheduler"
    } else {
        "compares with the kernel's scheduler"
    };
    (!app.is_touched()).then(|| {
        format!(
            " ↑ ↓ choose a process · {} puts it first · {} {compares} · {} all keys ",
            key(Action::Toggle),
            key(Action::Scheduler),
            key(Action::Help)
        )
    })
}

/// Draws the typed text with its cursor, and what is `said` of it. If the text is too long, its end is shown.
fn typing(pen: &mut Pen, theme: &Theme, sign: &str, text: &str, hint: &str, said: Option<&str>) {
    pen.fill(0, 0, pen.width(), " ", Style::new());
    let x = pen.text(1, 0, sign, theme.strong);
    let room = pen
        .width()
        .saturating_sub(x + 2 + said.map_or(0, |said| cells(said) + 2));
    let end = text::tail(text, usize::from(room));
    let x = pen.text(x, 0, &end, theme.strong);
    pen.cell(x, 0, " ", theme.cursor);
    if let Some(said) = said {
        pen.text(x + 2, 0, said, theme.warning);
    }
    if x + cells(hint) + 16 < pen.width() {
        pen.right(pen.width().saturating_sub(1), 0, hint, theme.quiet);
    }
}

/// Describes the processes that the list does not show.
fn left_out(app: &App) -> Option<String> {
    let view = &app.list().options;
    let key = |action| app.keymap().key(action);
    let mut parts = Vec::new();
    if !view.filter.text.is_empty() {
        parts.push(format!(
            "processes that do not match “{}” ({})",
            text::truncate(&view.filter.text, LONGEST),
            key(Action::Filter)
        ));
    }
    if let Some(user) = &view.user {
        parts.push(format!(
            "other users than {user} ({})",
            key(Action::UserMenu)
        ));
    }
    if view.hide_kernel_threads {
        parts.push(format!("kernel threads ({})", key(Action::KernelThreads)));
    }
    let threads = app
        .snapshot()
        .map_or(0, |snapshot| snapshot.threads_left_out);
    if view.threads && threads > 0 {
        let threads = text::thousands(threads);
        parts.push(format!("{threads} threads, too many to read in each tick"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// ```text
///  space PRIORITY/BATCH  x attach/detach  / search  ? help  q quit
/// ```
pub fn render_keys(pen: &mut Pen, app: &App, theme: &Theme) {
    let mut hints: Vec<(u8, String, &str)> = app
        .keymap()
        .lines()
        .iter()
        .filter(|line| app.offers(line.binding.action))
        .filter_map(|line| {
            let (rank, word) = line.binding.footer?;
            Some((rank, line.keys.first()?.name(), word))
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

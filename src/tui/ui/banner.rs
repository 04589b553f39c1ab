//! The banner over the panels: a restriction or a fault with its cause, for as long as it holds.

use ratatui::style::Style;

use super::pen::Pen;
use super::theme::Theme;
use crate::model::{ActiveScheduler, Role, SchedulerStatus};
use crate::sys::text;
use crate::tui::app::App;
use crate::tui::app::keymap::Action;
use crate::tui::app::playback::Replay;

const MOST_LINES: u16 = 4;
/// Only root sees through it, or who may trace any process.
const PARTIAL: &str =
    "; the list is partial: /proc hides other users' processes (hidepid), root sees them";

/// The urgency of the banner.
enum Tone {
    Note,
    Warning,
    Alarm,
}

/// ```text
///  view mode: not root, run sudo dualq-top to attach the scheduler
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let Some((tone, sentence)) = banner(app) else {
        return;
    };
    let style: Style = match tone {
        Tone::Note => theme.quiet,
        Tone::Warning => theme.warning,
        Tone::Alarm => theme.alarm,
    };
    let lines = text::wrap(&sentence, usize::from(pen.width().saturating_sub(2)));
    let height = pen.height();
    for (y, line) in (0..height).zip(&lines) {
        pen.fill(0, y, pen.width(), " ", style);
        let cut = y + 1 == height && lines.len() > usize::from(height);
        let line = if cut {
            format!("{line} …")
        } else {
            line.clone()
        };
        pen.put(1, y, &line, pen.width().saturating_sub(2), style);
    }
}

pub fn height(app: &App, width: u16) -> u16 {
    banner(app).map_or(0, |(_, sentence)| {
        let lines = text::wrap(&sentence, usize::from(width.saturating_sub(2)));
        u16::try_from(lines.len())
            .unwrap_or(MOST_LINES)
            .min(MOST_LINES)
    })
}

fn banner(app: &App) -> Option<(Tone, String)> {
    if let Some(over) = app.replay().and_then(Replay::over) {
        return Some((Tone::Warning, over.to_owned()));
    }
    let scheduler = &app.snapshot()?.scheduler;
    let x = app.keymap().key(Action::Scheduler);
    let q = app.keymap().key(Action::Quit);
    let report = app.keymap().key(Action::Report);
    let runs = scheduler.active == ActiveScheduler::Dualq;
    if let (Some(exit), false) = (&scheduler.exit, runs) {
        let again = match scheduler.role {
            Role::View { .. } => format!(" {report} shows more."),
            _ if app.replay().is_some() => format!(" {report} shows more."),
            _ => format!(" {report} shows more, {x} attaches it again."),
        };
        return Some((
            Tone::Alarm,
            format!("The kernel ended dualq: {exit}.{again}"),
        ));
    }
    if runs && scheduler.guarantee_percent == Some(0) {
        return Some((Tone::Alarm, starving(scheduler)));
    }
    if app.replay().is_some() {
        // A replay has no remedies, so it needs no banner about them.
        return None;
    }
    let hidden = app.snapshot()?.host.processes_hidden;
    let partial = if hidden { PARTIAL } else { "" };
    match (&scheduler.role, &scheduler.active) {
        (Role::View { reason }, _) => {
            Some((Tone::Warning, format!("view mode: {reason}{partial}")))
        }
        _ if hidden => Some((Tone::Warning, partial.trim_start_matches("; ").to_owned())),
        (_, ActiveScheduler::Other(name)) => Some((
            Tone::Warning,
            format!("{name} is active and never evicted: stop it first, then {x} attaches dualq."),
        )),
        (_, ActiveScheduler::Unsupported) => Some((
            Tone::Warning,
            "This kernel has no sched_ext: dualq cannot be attached.".into(),
        )),
        (Role::Joined { owner: Some(owner) }, ActiveScheduler::Dualq) => Some((
            Tone::Note,
            format!("joined: process {owner} owns the scheduler; {q} here leaves it running"),
        )),
        (Role::Joined { owner: None }, ActiveScheduler::Dualq) => Some((
            Tone::Note,
            format!(
                "joined: the scheduler was started with --stay; {q} leaves it running, {x} ends it"
            ),
        )),
        (Role::Joined { owner: Some(owner) }, ActiveScheduler::KernelDefault) => Some((
            Tone::Note,
            format!(
                "joined: process {owner} has switched to the kernel's scheduler; {x} there switches back"
            ),
        )),
        (Role::Joined { owner: None }, ActiveScheduler::KernelDefault) => Some((
            Tone::Note,
            format!("the owner of the scheduler has ended: {x} attaches it from here"),
        )),
        _ => None,
    }
}

/// Without a guarantee BATCH may wait until the watchdog ends it all: how far that is.
fn starving(scheduler: &SchedulerStatus) -> String {
    let limit = scheduler.watchdog.map_or(30.0, |limit| limit.as_secs_f32());
    let waits = match scheduler.oldest_wait {
        Some(wait) => format!("its oldest task waits {:.1} s", wait.as_secs_f32()),
        None => "its oldest wait is not known".into(),
    };
    format!("BATCH has no guarantee: {waits}; dualq is ejected at {limit:.0} s")
}

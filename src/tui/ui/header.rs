//! The header: the active scheduler and the machine.

use ratatui::style::Style;

use super::format;
use super::pen::{Pen, cells};
use super::theme::Theme;
use crate::model::{ActiveScheduler, CgroupLimits, Host, Snapshot};
use crate::tui::app::keymap::Action;
use crate::tui::app::playback::Replay;
use crate::tui::app::{App, Pending};

/// ```text
///  REPLAY 0:42 ×2 paused
/// ```
fn replay_mark(app: &App, replay: &Replay) -> String {
    let seconds = app.replayed().as_secs();
    let mut mark = format!(" REPLAY {}:{:02} ", seconds / 60, seconds % 60);
    if let Some(speed) = replay.speed() {
        mark.push_str(&format!("×{speed} "));
    }
    if replay.is_paused() {
        mark.push_str("paused ");
    }
    mark
}

/// Adds one fact, in its long form if there is room, otherwise in its short form.
struct Fact {
    long: String,
    short: String,
    style: Style,
}

/// ```text
///  dualq-top  ● dualq 12m41s  Linux 7.2.13  8 CPUs  93 %  mem 31 %  load  8.12
/// ```
pub fn render(pen: &mut Pen, app: &App, theme: &Theme) {
    let mut x = pen.text(1, 0, "dualq-top", theme.title) + 2;
    if let Some(replay) = app.replay() {
        x = pen.text(x, 0, &replay_mark(app, replay), theme.alarm) + 2;
    }
    if let Some(ago) = app.ago() {
        let now = app.keymap().key(Action::Last);
        let mark = format!(" {} ago · {now}: now ", format::since(ago).trim());
        x = pen.text(x, 0, &mark, theme.alarm) + 2;
    }
    let Some(snapshot) = app.snapshot() else {
        pen.text(x, 0, "reading the kernel's state …", theme.quiet);
        return;
    };
    let (symbol, style) = match snapshot.scheduler.active {
        ActiveScheduler::Dualq => (theme.glyphs.attached, theme.good),
        ActiveScheduler::Other(_) | ActiveScheduler::Transition => {
            (theme.glyphs.detached, theme.warning)
        }
        ActiveScheduler::KernelDefault | ActiveScheduler::Unsupported => {
            (theme.glyphs.detached, theme.strong)
        }
    };
    x = pen.text(x, 0, symbol, style) + 1;
    let facts = facts(app, snapshot, theme, style);
    let room = pen.width().saturating_sub(x + 1);
    for (fact, text) in fit(&facts, room) {
        x = pen.text(x, 0, text, fact.style) + 2;
    }
}

/// The long forms of all facts if they fit; else the last ones are shortened first, and then left
/// out first.
fn fit(facts: &[Fact], room: u16) -> Vec<(&Fact, &str)> {
    for shortened in 0..=facts.len() {
        let line: Vec<_> = facts
            .iter()
            .enumerate()
            .map(|(index, fact)| {
                let long = index + shortened < facts.len();
                (fact, if long { &*fact.long } else { &*fact.short })
            })
            .collect();
        if length(&line) <= room {
            return line;
        }
    }
    let mut line: Vec<_> = facts.iter().map(|fact| (fact, &*fact.short)).collect();
    while line.len() > 1 && length(&line) > room {
        line.pop();
    }
    line
}

fn length(line: &[(&Fact, &str)]) -> u16 {
    line.iter()
        .map(|(_, text)| cells(text) + 2)
        .sum::<u16>()
        .saturating_sub(2)
}

/// The facts, the most important first.
fn facts(app: &App, snapshot: &Snapshot, theme: &Theme, status: Style) -> Vec<Fact> {
    let plain = Style::new();
    let mut facts = vec![active(app, snapshot, status)];
    let mut add = |long: String, short: String, style| facts.push(Fact { long, short, style });
    if app.is_paused() {
        let p = app.keymap().key(Action::Pause);
        add(
            format!("PAUSED: {p} continues"),
            "PAUSED".into(),
            theme.alarm,
        );
    }
    let host = &snapshot.host;
    let kernel = format!("Linux {}", host.kernel);
    let numbers = host.kernel.split(['-', '+']).next().unwrap_or_default();
    add(kernel, format!("Linux {numbers}"), plain);
    let cpus = cpus(snapshot);
    let missing = theme.glyphs.missing;
    let busy = host.cpu_percent.map_or_else(
        || format!("{missing:>3} %"),
        |percent| format!("{percent:>3.0} %"),
    );
    add(
        format!("{cpus} {busy} busy"),
        format!("{cpus} {busy}"),
        plain,
    );
    if snapshot.scheduler.guarantee_percent == Some(0) {
        let text = "guarantee 0 %".to_owned();
        add(text.clone(), text, theme.alarm);
    }
    if let Some((long, short)) = snapshot
        .scheduler
        .limits
        .as_ref()
        .and_then(CgroupLimits::short)
    {
        add(long, short, theme.warning);
    }
    let (long, short) = memory(host);
    add(long, short, plain);
    match host.load {
        Some([one, five, fifteen]) => add(
            format!("load {one:>5.2} {five:>5.2} {fifteen:>5.2}"),
            format!("load {one:>5.2}"),
            plain,
        ),
        None => add(format!("load {missing}"), format!("load {missing}"), plain),
    }
    if let Some(percent) = host.pressure_percent {
        add(
            format!("CPU pressure {percent:>2.0} %"),
            format!("psi {percent:>2.0} %"),
            plain,
        );
    }
    if let Some(percent) = snapshot.scheduler.guarantee_percent.filter(|p| *p > 0) {
        let text = format!("guarantee {percent} %");
        add(text.clone(), text, plain);
    }
    if app.replay().is_none() {
        let interval = app.interval().as_secs_f32();
        add(
            format!("every {interval} s"),
            format!("{interval} s"),
            plain,
        );
    }
    facts
}

fn active(app: &App, snapshot: &Snapshot, style: Style) -> Fact {
    let scheduler = &snapshot.scheduler;
    let (long, short) = match (&scheduler.active, app.pending()) {
        (ActiveScheduler::Transition, Some(Pending::Attach)) => {
            ("attaching …".into(), "attaching …".into())
        }
        (ActiveScheduler::Transition, Some(Pending::Detach)) => {
            ("detaching …".into(), "detaching …".into())
        }
        (ActiveScheduler::Transition, None) => {
            let text = "in transition";
            (text.into(), text.into())
        }
        (ActiveScheduler::Dualq, _) => match scheduler.attached {
            Some(time) => {
                let time = format::since(time);
                (
                    format!("dualq attached {time:<6}"),
                    format!("dualq {time:<6}"),
                )
            }
            None => ("dualq attached".into(), "dualq".into()),
        },
        (ActiveScheduler::Other(name), _) => (name.clone(), name.clone()),
        (ActiveScheduler::KernelDefault | ActiveScheduler::Unsupported, _) => {
            ("kernel default".into(), "kernel default".into())
        }
    };
    Fact { long, short, style }
}

fn cpus(snapshot: &Snapshot) -> String {
    let online = snapshot.cpus.iter().filter(|cpu| cpu.online).count();
    match snapshot.cpus.len() {
        0 => "CPUs –".into(),
        1 => "1 CPU".into(),
        all if all == online => format!("{all} CPUs"),
        all => format!("{online} of {all} CPUs"),
    }
}

#[allow(clippy::cast_precision_loss)]
fn memory(host: &Host) -> (String, String) {
    let (used, total) = (host.memory_used_bytes, host.memory_total_bytes);
    if total == 0 {
        return ("mem –".into(), "mem –".into());
    }
    (
        format!("mem {} of {}", format::bytes(used), format::bytes(total)),
        format!("mem {:>2.0} %", 100.0 * used as f64 / total as f64),
    )
}

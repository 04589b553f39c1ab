//! Who gets which rows of the screen.

use ratatui::layout::Rect;

use super::{banner, cpus, demo, proof, waits};
use crate::app::App;

pub const MIN_WIDTH: u16 = 80;
pub const MIN_HEIGHT: u16 = 24;

/// How much the screen has to spend on the upper panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Little,
    Some,
    Plenty,
}

/// The parts of the screen, from the top.
#[derive(Debug)]
pub struct Layout {
    pub room: Room,
    pub header: Rect,
    pub banner: Rect,
    pub demo: Rect,
    /// The card of before and after.
    pub proof: Rect,
    pub ratio: Rect,
    /// The waits in one line, where there is no room for their panel.
    pub waits_line: Rect,
    pub cpus: Rect,
    /// Beside the CPUs.
    pub waits: Rect,
    pub head: Rect,
    pub list: Rect,
    pub message: Rect,
    pub keys: Rect,
}

impl Layout {
    /// `None` where the screen is too small for all of them.
    pub fn of(area: Rect, app: &App) -> Option<Self> {
        if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
            return None;
        }
        let room = match area.height {
            ..34 => Room::Little,
            34..50 => Room::Some,
            _ => Room::Plenty,
        };
        let banner = banner::height(app, area.width);
        let demo = demo::height(app, room);
        let proof = proof::height(app);
        let ratio = match room {
            Room::Little => 3,
            Room::Some => 8,
            Room::Plenty => 15,
        };
        let wanted = |rest: u16| match room {
            Room::Little => 5 + (area.height - MIN_HEIGHT) / 3,
            Room::Some | Room::Plenty => rest / 2,
        };
        let rest = (area.height - ratio - 4).saturating_sub(banner + demo + proof);
        // The lanes want the whole width; and no CPU shares its place on account of the waits.
        let folds = |width| cpus::folds(app, width, wanted(rest));
        let beside = if area.width >= waits::BESIDE_FROM
            && !app.shows_lanes()
            && folds(area.width - waits::WIDTH) == folds(area.width)
        {
            waits::WIDTH
        } else {
            0
        };
        // A small screen with a card has the waits on that.
        let crowded = room == Room::Little && proof > 0;
        let line = u16::from(beside == 0 && !crowded);
        let rest = rest.saturating_sub(line);
        let wanted = match crowded {
            true => wanted(rest).min(rest.saturating_sub(5).max(2)),
            false => wanted(rest),
        };
        // The lanes take the place of the list and of its head as well.
        let (cpus, head, list) = if app.shows_lanes() {
            (rest + 1, 0, 0)
        } else {
            let cpus = cpus::height(app, area.width - beside, wanted);
            let cpus = if beside > 0 {
                cpus.max(wanted.min(waits::HEIGHT))
            } else {
                cpus
            };
            (cpus, 1, rest.saturating_sub(cpus))
        };
        let mut top = area.y;
        let mut next = |height: u16| {
            let part = Rect::new(area.x, top, area.width, height);
            top += height;
            part
        };
        let header = next(1);
        let banner = next(banner);
        let demo = next(demo);
        let ratio = next(ratio);
        let proof = next(proof);
        let waits_line = next(line);
        let both = next(cpus);
        let cpus = Rect {
            width: both.width - beside,
            ..both
        };
        Some(Self {
            room,
            header,
            banner,
            demo,
            ratio,
            proof,
            waits_line,
            cpus,
            waits: Rect {
                x: cpus.right(),
                width: beside,
                ..both
            },
            head: next(head),
            list: next(list),
            message: next(1),
            keys: next(1),
        })
    }
}

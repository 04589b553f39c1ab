//! Divides the screen among the panels.

use ratatui::layout::Rect;

use super::{banner, before_after, cpus, demo, waits};
use crate::tui::app::App;

pub const MIN_WIDTH: u16 = 80;
/// A terminal of 24 lines below the status line of tmux.
pub const MIN_HEIGHT: u16 = 23;

/// From this width on what a move does stands in a column of its own, beside the machine.
const TWO_COLUMNS: u16 = 100;
/// From this width on that column has room for whole sentences.
const WIDE: u16 = 160;

/// The space that the screen has for the upper panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Little,
    Some,
    Plenty,
}

/// The parts of the screen, from the top. A panel's part is the outside of its frame, and shares
/// its edges with its neighbours'; an empty one is not drawn.
#[derive(Debug, Default)]
pub struct Layout {
    pub header: Rect,
    pub banner: Rect,
    pub demo: Rect,
    pub ratio: Rect,
    /// Whether the last row of that panel tells the waits, which have no panel of their own.
    pub waits_line: bool,
    /// The card of before and after.
    pub before_after: Rect,
    pub cpus: Rect,
    pub waits: Rect,
    /// The processes, or the lanes in their place.
    pub list: Rect,
    /// The names of its columns, and its rows.
    pub head: Rect,
    pub rows: Rect,
    /// In the lower edge of the last panel.
    pub message: Rect,
    pub keys: Rect,
}

impl Layout {
    /// Returns `None` where the screen is too small for all parts.
    pub fn of(area: Rect, app: &App) -> Option<Self> {
        if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
            return None;
        }
        let room = match area.height {
            ..34 => Room::Little,
            34..50 => Room::Some,
            _ => Room::Plenty,
        };
        let mut layout = Self::default();
        let mut top = Stack { area, y: area.y };
        layout.header = top.next(1);
        layout.banner = top.next(banner::height(app, area.width));
        layout.keys = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        let edge = area.bottom() - 2;
        if app.demo().is_some() {
            layout.demo = top.panel(1 + demo::ROWS);
        }
        // The rows of all other panels, each with its upper edge.
        let rows = edge.saturating_sub(top.y);
        let beside = two_columns(app, area, room, rows);
        match beside {
            Some(columns) => columns.place(&mut layout, &mut top, app),
            None => one_column(&mut layout, &mut top, app, room, rows),
        }
        layout.list = top.panel(edge.saturating_sub(top.y));
        layout.message = Rect {
            x: area.x + 1,
            y: edge,
            width: area.width - 2,
            height: 1,
        };
        // Where rows are few the names of the columns stand in the edge.
        let heads = u16::from(room != Room::Little);
        layout.head = Rect {
            x: area.x + 1,
            y: layout.list.y + heads,
            width: area.width - 2,
            height: 1,
        };
        let rows = if app.shows_lanes() {
            0
        } else {
            edge.saturating_sub(layout.head.y + 1)
        };
        layout.rows = Rect {
            y: layout.head.y + 1,
            height: rows,
            ..layout.head
        };
        Some(layout)
    }
}

/// The rest of the screen, from the top.
struct Stack {
    area: Rect,
    y: u16,
}

impl Stack {
    fn next(&mut self, height: u16) -> Rect {
        let part = Rect {
            y: self.y,
            height,
            ..self.area
        };
        self.y += height;
        part
    }

    /// A panel of so many rows, its upper edge among them; its lower edge is the next one's.
    fn panel(&mut self, rows: u16) -> Rect {
        let part = self.next(rows);
        Rect {
            height: rows + 1,
            ..part
        }
    }
}

/// The machine on the left, what was done to it on the right.
struct Columns {
    /// The outside of the right column.
    right: u16,
    ratio: u16,
    cpus: u16,
}

fn two_columns(app: &App, area: Rect, room: Room, rows: u16) -> Option<Columns> {
    if area.width < TWO_COLUMNS || app.shows_lanes() {
        return None;
    }
    let right = if area.width < WIDE {
        waits::WIDTH
    } else {
        waits::WIDTH + 12
    };
    let (least, most, upper) = match room {
        Room::Little => (4, 8, 10 + area.height.saturating_sub(24) / 2),
        Room::Some => (8, 12, rows * 55 / 100),
        Room::Plenty => (12, 18, rows * 62 / 100),
    };
    // The list keeps a head and five rows.
    let upper = upper.min(rows.saturating_sub(7)).max(7);
    let offered = upper - least.min(upper - 3);
    let inner = area.width - right - 1;
    // No CPU shares its place on account of the second column.
    let alone = if room == Room::Little {
        offered.min(5 + area.height.saturating_sub(24) / 3)
    } else {
        offered
    };
    if cpus::folds(app, inner, offered) > cpus::folds(app, area.width - 2, alone) {
        return None;
    }
    let cpus = cpus::height(app, inner, offered);
    Some(Columns {
        right,
        cpus,
        ratio: upper.saturating_sub(cpus).min(most),
    })
}

impl Columns {
    fn place(&self, layout: &mut Layout, top: &mut Stack, app: &App) {
        let upper = top.next(self.ratio + self.cpus);
        let left = Rect {
            width: upper.width - self.right + 1,
            ..upper
        };
        let right = Rect {
            x: left.right() - 1,
            width: self.right,
            ..upper
        };
        layout.ratio = Rect {
            height: self.ratio + 1,
            ..left
        };
        layout.cpus = Rect {
            y: left.y + self.ratio,
            height: self.cpus + 1,
            ..left
        };
        let card = if app.comparison().is_some() {
            before_after::TALL.min(upper.height.saturating_sub(3))
        } else {
            0
        };
        if card > 0 {
            layout.before_after = Rect {
                height: card + 1,
                ..right
            };
        }
        layout.waits = Rect {
            y: right.y + card,
            height: upper.height - card + 1,
            ..right
        };
    }
}

/// One panel below the other. A small screen with a card has the waits on that.
fn one_column(layout: &mut Layout, top: &mut Stack, app: &App, room: Room, rows: u16) {
    let card = if app.comparison().is_some() {
        before_after::WIDE
    } else {
        0
    };
    let crowded = room == Room::Little && card > 0;
    layout.waits_line = !crowded;
    let ratio = match room {
        Room::Little if app.demo().is_some() => 3,
        Room::Little => 4,
        Room::Some => 8,
        Room::Plenty => 15,
    } + u16::from(layout.waits_line);
    layout.ratio = top.panel(ratio);
    if card > 0 {
        layout.before_after = top.panel(card);
    }
    let rest = rows.saturating_sub(ratio + card);
    if app.shows_lanes() {
        return;
    }
    let wanted = match room {
        Room::Little if crowded || app.demo().is_some() => rest.saturating_sub(5).clamp(2, 5),
        Room::Little => 5 + top.area.height.saturating_sub(24) / 3,
        Room::Some | Room::Plenty => rest / 2,
    };
    let wanted = wanted.min(rest.saturating_sub(2));
    layout.cpus = top.panel(cpus::height(app, top.area.width - 2, wanted));
}

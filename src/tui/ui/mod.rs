//! Draws the state. Nothing here decides anything: the same state gives the same screen.
//! It may import: `model`, `sys`, `tui::app`.
//! It must never know: how the state came about, the kernel, a key's bytes.

#![forbid(unsafe_code)]

mod ascii;
mod banner;
mod before_after;
mod chart;
mod command_line;
mod cpus;
mod demo;
mod digits;
mod domains;
mod footer;
mod format;
mod frame;
mod grid;
mod header;
pub mod help;
mod inspect;
mod lanes;
mod layout;
mod menu;
mod pen;
mod processes;
mod ratio;
mod report;
mod talk;
pub mod theme;
mod waits;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::sys::text;
use crate::tui::app::keymap::Action;
use crate::tui::app::{App, Mode, MouseTarget};
use layout::{Layout, MIN_HEIGHT, MIN_WIDTH};
use pen::Pen;
use theme::Theme;

/// The layout of the screen for one state and one size: created by [`fit`], kept by the loop.
#[derive(Debug, Default)]
pub struct HitMap {
    area: Rect,
    /// `None` where the screen is too small.
    layout: Option<Layout>,
}

/// Lays the screen out, and tells the state what it must know of it: how many rows the list has,
/// how far the help scrolls.
pub fn fit(app: &mut App, size: Size) -> HitMap {
    let area = Rect::from((ratatui::layout::Position::ORIGIN, size));
    let layout = Layout::of(area, app);
    if let Some(layout) = &layout {
        app.set_list_height(layout.rows.height);
        // Not while they are hidden: to fold all their lines takes longer than to draw the rest.
        match app.mode() {
            Mode::Help { .. } => app.limit_lines(help::overflow(area, app.keymap())),
            Mode::Report { .. } => app.limit_lines(report::overflow(area, app)),
            Mode::Inspect { .. } => app.limit_lines(inspect::overflow(area, app)),
            _ => {}
        }
    }
    HitMap { area, layout }
}

impl HitMap {
    /// The size of the screen that was laid out.
    #[must_use]
    pub fn size(&self) -> Size {
        self.area.as_size()
    }

    /// Returns what is in a cell, while the state is the one that was laid out.
    #[must_use]
    pub fn target(&self, app: &App, column: u16, row: u16) -> MouseTarget {
        let Some(layout) = &self.layout else {
            return MouseTarget::Elsewhere;
        };
        if let Some(menu) = app.menu() {
            let (place, first) = menu::place(menu, self.area);
            return match row.checked_sub(place.y + 1) {
                Some(line) if (place.x..place.right()).contains(&column) => {
                    MouseTarget::MenuItem(first + usize::from(line))
                }
                _ => MouseTarget::Elsewhere,
            };
        }
        if app.shows_lanes() || app.presentation().is_some() {
            return MouseTarget::Elsewhere;
        }
        if row + 1 == layout.rows.y {
            let heads = processes::heads(layout.rows, app);
            let head = heads.iter().rev().find(|(from, _)| *from <= column);
            return head.map_or(MouseTarget::Elsewhere, |(_, key)| MouseTarget::Column(*key));
        }
        match row.checked_sub(layout.rows.y) {
            Some(line) => MouseTarget::ListRow(usize::from(line)),
            None => MouseTarget::Elsewhere,
        }
    }

    /// Draws the state that was laid out. From the top: header, banner where there is one, the
    /// demonstration while it runs, ratio, the card of before and after where one is pinned, waits,
    /// CPUs, processes, message, keys.
    pub fn draw(&self, frame: &mut Frame, app: &App, theme: &Theme) {
        let area = frame.area();
        let buffer = frame.buffer_mut();
        if area == self.area {
            draw_panels(buffer, area, self.layout.as_ref(), app, theme);
        } else {
            // The terminal has been resized since.
            draw_panels(buffer, area, Layout::of(area, app).as_ref(), app, theme);
        }
        if theme.ascii {
            ascii::restrict(buffer);
        }
    }
}

fn draw_panels(buffer: &mut Buffer, area: Rect, layout: Option<&Layout>, app: &App, theme: &Theme) {
    let Some(layout) = layout else {
        too_small(&mut Pen::new(buffer, area), area, app);
        return;
    };
    if app.presentation().is_some() {
        talk::render(buffer, area, app, theme);
        return draw_over(buffer, area, app, theme);
    }
    header::render(&mut Pen::new(buffer, layout.header), app, theme);
    banner::render(&mut Pen::new(buffer, layout.banner), app, theme);
    for outer in [
        layout.demo,
        layout.ratio,
        layout.before_after,
        layout.waits,
        layout.cpus,
        layout.list,
    ] {
        frame::draw(buffer, outer, theme);
    }
    demo::render(&mut panel(buffer, layout.demo), app, theme);
    ratio::render(
        &mut panel(buffer, layout.ratio),
        app,
        theme,
        layout.waits_line,
    );
    before_after::render(&mut panel(buffer, layout.before_after), app, theme);
    waits::render(&mut panel(buffer, layout.waits), app, theme);
    cpus::render(&mut panel(buffer, layout.cpus), app, theme);
    if app.shows_lanes() {
        lanes::render(&mut panel(buffer, layout.list), app, theme);
    } else {
        let own_line = layout.head.y > layout.list.y;
        processes::render_title(&mut panel(buffer, layout.list), app, theme, own_line);
        processes::render_head(&mut Pen::new(buffer, layout.head), app, theme);
        processes::render(&mut Pen::new(buffer, layout.rows), app, theme);
    }
    footer::render_message(&mut Pen::new(buffer, layout.message), app, theme);
    footer::render_keys(&mut Pen::new(buffer, layout.keys), app, theme);
    draw_over(buffer, area, app, theme);
}

fn panel(buffer: &mut Buffer, outer: Rect) -> Pen<'_> {
    Pen::new(buffer, frame::panel(outer))
}

/// Draws what covers the panels: help, report or menu.
fn draw_over(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    if let Some(menu) = app.menu() {
        menu::render(buffer, area, menu, theme);
    }
    match app.mode() {
        Mode::Help { line } => help::render(&mut Pen::new(buffer, area), area, app, *line, theme),
        Mode::Report { line } => {
            report::render(&mut Pen::new(buffer, area), area, app, *line, theme);
        }
        Mode::Inspect { line } => return inspect::render(buffer, area, app, *line, theme),
        _ => return,
    }
    if app.replay().is_some() {
        // These may lie over the header, which says it else.
        let mut pen = Pen::new(buffer, area);
        pen.right(area.width.saturating_sub(2), 0, " REPLAY ", theme.alarm);
    }
}

fn too_small(pen: &mut Pen, area: Rect, app: &App) {
    let sentence = format!(
        "dualq-top needs {MIN_WIDTH}×{MIN_HEIGHT} cells; this terminal has {}×{}. {} quits.",
        area.width,
        area.height,
        app.keymap().key(Action::Quit)
    );
    let lines = text::wrap(&sentence, usize::from(area.width));
    for (y, line) in (0..area.height).zip(&lines) {
        pen.text(0, y, line, ratatui::style::Style::new());
    }
}

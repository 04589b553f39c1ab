//! Keys and mouse: from what was pressed to what is done.

use super::App;
use super::command::{Command, Outcome};
use super::key::{Key, MouseAction, MouseTarget};
use super::keymap::Action;
use super::list::Motion;
use super::message::{Sentence, Tone};
use super::mode::Mode;
use super::search::Search;

/// Rows that one notch of the wheel moves.
const WHEEL: isize = 3;

impl App {
    pub(super) fn key(&mut self, key: Key) -> Option<Command> {
        self.view.touched = true;
        let command = self.take_key(key);
        self.echo(key);
        command
    }

    fn take_key(&mut self, key: Key) -> Option<Command> {
        match &self.view.mode {
            Mode::List => match self.view.keymap.action(key) {
                action if self.asks_before(action, key) => {
                    self.view.mode = Mode::Quit;
                    None
                }
                Some(action) => self.act(action),
                None => {
                    self.changed = false;
                    None
                }
            },
            Mode::Search => {
                self.search_key(key);
                // Even while typing, Ctrl-C quits.
                (key == Key::Ctrl('c')).then_some(Command::Quit(Outcome::Quit))
            }
            Mode::Filter => self.filter_key(key),
            Mode::Menu(_) => self.menu_key(key),
            Mode::Confirm(_) => self.confirm_key(key),
            Mode::Quit => self.quit_key(key),
            Mode::Help { .. } => self.help_key(key),
            Mode::Report { .. } => self.report_key(key),
            Mode::Inspect { .. } => self.inspect_key(key),
        }
    }

    pub(super) fn act(&mut self, action: Action) -> Option<Command> {
        if let Some(answer) = self.replay_act(action) {
            return answer;
        }
        match action {
            Action::Up => self.go(Motion::By(-1)),
            Action::Down => self.go(Motion::By(1)),
            Action::PageUp => self.go(Motion::Pages(-1)),
            Action::PageDown => self.go(Motion::Pages(1)),
            Action::First => self.go(Motion::First),
            Action::Last => self.go(Motion::Last),
            Action::Toggle => return self.toggle(false),
            Action::Children => return self.toggle(true),
            Action::SignalMenu => self.signal_menu(),
            Action::Lanes => {
                self.view.lanes = !self.view.lanes;
                self.view.list.choose();
            }
            Action::Waits => return self.switch_waits(),
            Action::LevelUp => return self.change_levels(true),
            Action::LevelDown => return self.change_levels(false),
            Action::GuaranteeDown => return self.change_guarantee(false),
            Action::GuaranteeUp => return self.change_guarantee(true),
            Action::Pause => self.pause(),
            // Of a recording or of the past, which have been asked already.
            Action::Step | Action::StepBack => {}
            Action::Follow => self.follow(),
            Action::Shorter => return self.change_interval(false),
            Action::Longer => return self.change_interval(true),
            Action::Undo => return self.undo(),
            Action::Card => self.hide_comparison(),
            Action::Tag => self.tag(),
            Action::UntagAll => self.untag_all(),
            Action::Demo => return self.demo_key(),
            Action::Talk => self.toggle_presentation(),
            Action::Scheduler => return self.attach_or_detach(),
            Action::Search => {
                self.view.search = Search {
                    origin: self.view.list.cursor(),
                    ..Search::default()
                };
                self.view.mode = Mode::Search;
            }
            Action::SearchNext => self.search_again(false),
            Action::SearchPrevious => self.search_again(true),
            Action::Filter => self.begin_filter(),
            Action::SortMenu => self.sort_menu(),
            Action::SortBy(key) => self.sort_by(key),
            Action::Invert => self.invert(),
            Action::Tree => self.tree(),
            Action::Fold => self.fold(true),
            Action::Unfold => self.fold(false),
            Action::Threads => return Some(self.threads()),
            Action::KernelThreads => self.kernel_threads(),
            Action::UserMenu => self.user_menu(),
            Action::Report => self.show_report(),
            Action::Inspect => self.inspect(),
            Action::Changes => self.changes_menu(),
            Action::Trace => return self.trace(),
            Action::Help => {
                self.view.mode = Mode::Help { line: 0 };
            }
            Action::Suspend => return Some(Command::Suspend),
            Action::Redraw => return Some(Command::Redraw),
            Action::Quit => return Some(Command::Quit(Outcome::Quit)),
        }
        None
    }

    pub(super) fn go(&mut self, motion: Motion) {
        let processes = self
            .session
            .snapshot
            .as_ref()
            .map_or(&[][..], |s| &s.processes);
        self.view.list.go(motion, processes);
    }

    /// Pasted text is text where text is typed, and nothing anywhere else: it presses no keys.
    pub(super) fn paste(&mut self, text: &str) {
        self.changed = false;
        if !matches!(self.view.mode, Mode::Search | Mode::Filter) {
            return;
        }
        for c in text.trim().chars() {
            let c = if c.is_control() { ' ' } else { c };
            self.take_key(Key::Char(c));
            self.changed = true;
        }
    }

    fn search_key(&mut self, key: Key) {
        match key {
            Key::Char(c) if !c.is_control() => self.view.search.text.push(c),
            Key::Backspace => {
                self.view.search.text.pop();
            }
            Key::Ctrl('u') => self.view.search.text.clear(),
            Key::Enter => {
                self.view.mode = Mode::List;
                return;
            }
            Key::F(3) | Key::Down => return self.search_step(true, false),
            Key::Up => return self.search_step(true, true),
            Key::Esc => {
                self.view.mode = Mode::List;
                let origin = self.view.search.origin;
                self.view.search = Search::default();
                if let Some(id) = origin {
                    self.select(id);
                }
                return;
            }
            _ => {
                self.changed = false;
                return;
            }
        }
        // What is typed is looked for from where the search began, so that taking a letter back
        // also takes the way back.
        if let Some(id) = self.view.search.origin {
            self.select(id);
        }
        self.search_step(false, false);
    }

    fn search_again(&mut self, backwards: bool) {
        if self.view.search.text.is_empty() {
            let sentence = Sentence::from("No search yet: ").key(Action::Search);
            self.say(Tone::Note, sentence.text(" starts."));
            return;
        }
        self.search_step(true, backwards);
        if self.view.search.failed {
            let text = format!("Not in the list: “{}”", self.view.search.text);
            self.say(Tone::Note, text);
        }
    }

    fn search_step(&mut self, skip: bool, backwards: bool) {
        let found = self
            .view
            .list
            .find(self.processes(), skip, backwards, |process| {
                self.view.search.matches(process)
            });
        self.view.search.failed = found.is_none() && !self.view.search.text.is_empty();
        if let Some(id) = found {
            self.select(id);
        }
    }

    pub(super) fn select(&mut self, id: crate::model::ProcessId) {
        let processes = self
            .session
            .snapshot
            .as_ref()
            .map_or(&[][..], |s| &s.processes);
        self.view.list.select(id, processes);
    }

    fn help_key(&mut self, key: Key) -> Option<Command> {
        match (self.view.keymap.action(key), &mut self.view.mode) {
            (Some(Action::Up), Mode::Help { line }) => *line = line.saturating_sub(1),
            (Some(Action::Down), Mode::Help { line }) => *line += 1,
            (Some(Action::PageUp), Mode::Help { line }) => *line = line.saturating_sub(10),
            (Some(Action::PageDown), Mode::Help { line }) => *line += 10,
            (Some(Action::First), Mode::Help { line }) => *line = 0,
            (Some(Action::Last), Mode::Help { line }) => *line = usize::MAX,
            (Some(Action::Suspend), _) => return Some(Command::Suspend),
            (Some(Action::Redraw), _) => return Some(Command::Redraw),
            _ if key == Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            // Any other key closes the help and does nothing else.
            (_, mode) => *mode = Mode::List,
        }
        None
    }

    pub(super) fn mouse(&mut self, action: MouseAction, target: MouseTarget) {
        match (&mut self.view.mode, action) {
            (
                Mode::Help { line } | Mode::Report { line } | Mode::Inspect { line },
                MouseAction::ScrollUp,
            ) => {
                *line = line.saturating_sub(1);
            }
            (
                Mode::Help { line } | Mode::Report { line } | Mode::Inspect { line },
                MouseAction::ScrollDown,
            ) => *line += 1,
            (
                mode @ (Mode::Help { .. } | Mode::Report { .. } | Mode::Inspect { .. }),
                MouseAction::Click,
            ) => {
                *mode = Mode::List;
            }
            // What a question is about must not change under it.
            (Mode::Confirm(_) | Mode::Quit, _) => self.changed = false,
            (Mode::Menu(menu), MouseAction::ScrollUp) => menu.row = menu.row.saturating_sub(1),
            (Mode::Menu(menu), MouseAction::ScrollDown) => {
                menu.row = (menu.row + 1).min(menu.items.len() - 1);
            }
            // A click beside the menu takes no choice.
            (Mode::Menu(menu), MouseAction::Click) => match target {
                MouseTarget::MenuItem(row) if row < menu.items.len() => {
                    menu.row = row;
                    self.take_choice();
                }
                _ => self.close_menu(),
            },
            (_, MouseAction::ScrollUp) => self.go(Motion::By(-WHEEL)),
            (_, MouseAction::ScrollDown) => self.go(Motion::By(WHEEL)),
            (_, MouseAction::Click) => match target {
                MouseTarget::Column(key) => self.click_head(key),
                MouseTarget::ListRow(line) => {
                    self.view.list.click(line, self.session.processes());
                }
                MouseTarget::MenuItem(_) | MouseTarget::Elsewhere => self.changed = false,
            },
        }
    }

    /// Says how many lines of the help or the report are beyond those that fit.
    pub fn limit_lines(&mut self, last: usize) {
        if let Mode::Help { line } | Mode::Report { line } | Mode::Inspect { line } =
            &mut self.view.mode
        {
            *line = (*line).min(last);
        }
    }
}

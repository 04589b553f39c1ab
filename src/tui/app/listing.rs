//! The list of processes: order, tree, filters.

use super::App;
use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::list::Motion;
use super::menu::{Answer, Choices, Menu};
use super::message::{Sentence, Tone};
use super::mode::Mode;
use super::order::SortKey;

impl App {
    pub(super) fn sort_menu(&mut self) {
        let keys = SortKey::ALL.to_vec();
        self.view.mode = Mode::Menu(Menu {
            title: "Sort by".into(),
            items: keys.iter().map(|key| key.meaning().to_owned()).collect(),
            row: keys
                .iter()
                .position(|key| *key == self.view.list.options.sort)
                .unwrap_or(0),
            choices: Choices::Sort(keys),
        });
    }

    pub(super) fn user_menu(&mut self) {
        let mut users: Vec<Option<String>> = self
            .processes()
            .iter()
            .map(|process| Some(process.user.to_string()))
            .collect();
        users.push(None);
        users.sort_unstable();
        users.dedup();
        self.view.mode = Mode::Menu(Menu {
            title: "Show processes of".into(),
            items: users
                .iter()
                .map(|user| user.clone().unwrap_or_else(|| "all users".into()))
                .collect(),
            row: users
                .iter()
                .position(|user| *user == self.view.list.options.user)
                .unwrap_or(0),
            choices: Choices::User(users),
        });
    }

    pub(super) fn menu_key(&mut self, key: Key) -> Option<Command> {
        if key == Key::Ctrl('c') {
            return Some(Command::Quit(Outcome::Quit));
        }
        let action = self.view.keymap.action(key);
        let Mode::Menu(menu) = &mut self.view.mode else {
            return None;
        };
        match menu.key(key, action) {
            Answer::Stay => {}
            Answer::Take => self.take_choice(),
            Answer::Leave => self.close_menu(),
        }
        None
    }

    pub(super) fn close_menu(&mut self) {
        self.view.mode = Mode::List;
    }

    pub(super) fn take_choice(&mut self) {
        let Mode::Menu(menu) = std::mem::take(&mut self.view.mode) else {
            return;
        };
        match menu.choices {
            Choices::Sort(keys) => {
                if let Some(key) = keys.get(menu.row) {
                    self.sort_by(*key);
                }
            }
            Choices::User(users) => {
                self.view.list.options.user = users.into_iter().nth(menu.row).flatten();
                self.refresh_list();
            }
            Choices::Signal(to, whom) => self.ask(menu.row, to, whom),
            Choices::Changes(ids) => self.jump_to_changed(ids.get(menu.row).copied().flatten()),
        }
    }

    /// Another column in its usual direction.
    pub(super) fn sort_by(&mut self, key: SortKey) {
        self.view.list.options.sort = key;
        self.view.list.options.inverted = false;
        self.refresh_list();
    }

    pub(super) fn invert(&mut self) {
        self.view.list.options.inverted = !self.view.list.options.inverted;
        self.refresh_list();
    }

    /// A click on the name of a column sorts by it, a second one turns the order.
    pub(super) fn click_head(&mut self, key: SortKey) {
        if key == self.view.list.options.sort {
            self.invert();
        } else {
            self.sort_by(key);
        }
    }

    pub(super) fn tree(&mut self) {
        self.view.list.options.tree = !self.view.list.options.tree;
        self.view.list.choose();
        self.refresh_list();
    }

    pub(super) fn fold(&mut self, fold: bool) {
        let Some(process) = self.selected() else {
            return;
        };
        let (id, title) = (process.id, process.title());
        if !self.view.list.options.tree {
            let sentence = Sentence::from("Only a tree folds: ").key(Action::Tree);
            return self.say(Tone::Note, sentence.text(" shows it."));
        }
        let under_cursor = self.view.list.under_cursor().and_then(|line| line.branch);
        if !under_cursor.is_some_and(|branch| branch.children) {
            return self.say(Tone::Note, format!("{title} has no children in the list."));
        }
        if fold {
            self.view.list.options.folded.insert(id);
        } else {
            self.view.list.options.folded.remove(&id);
        }
        self.view.list.choose();
        self.refresh_list();
    }

    pub(super) fn threads(&mut self) -> Command {
        let show = !self.view.list.options.threads;
        self.view.list.options.threads = show;
        if !show {
            // The rows of threads go, what their tags were about stays.
            self.view.tagged = self.tagged_processes();
        }
        // The cursor goes from a thread to its process.
        if let Some(process) = self.selected().and_then(|thread| thread.thread_of) {
            self.select(process);
        }
        self.refresh_list();
        let what = if show { "shown" } else { "hidden" };
        self.say(Tone::Note, format!("The threads of processes are {what}."));
        Command::Threads(show)
    }

    /// Whether a member has another level than the default.
    #[must_use]
    pub fn has_levels(&self) -> bool {
        let mut processes = self.processes().iter();
        processes.any(|process| process.special_level().is_some())
    }

    pub(super) fn kernel_threads(&mut self) {
        let hide = !self.view.list.options.hide_kernel_threads;
        self.view.list.options.hide_kernel_threads = hide;
        self.refresh_list();
        let what = if hide { "hidden" } else { "shown" };
        self.say(Tone::Note, format!("Kernel threads are {what}."));
    }

    pub(super) fn begin_filter(&mut self) {
        self.view.list.options.filter.origin = self.view.list.cursor();
        self.view.mode = Mode::Filter;
    }

    pub(super) fn filter_key(&mut self, key: Key) -> Option<Command> {
        let filter = &mut self.view.list.options.filter;
        match key {
            // Even while typing, Ctrl-C quits.
            Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            Key::Char(c) if !c.is_control() => filter.text.push(c),
            Key::Backspace => {
                filter.text.pop();
            }
            Key::Ctrl('u') => filter.text.clear(),
            Key::Enter => {
                self.view.mode = Mode::List;
                return None;
            }
            Key::Esc => {
                filter.text.clear();
                self.view.mode = Mode::List;
            }
            _ => {
                if let Some(motion) = motion(key) {
                    self.go(motion);
                    // From there on more is typed.
                    self.view.list.options.filter.origin = self.view.list.cursor();
                } else {
                    self.changed = false;
                }
                return None;
            }
        }
        let origin = filter.origin;
        self.refresh_list();
        // Taking letters back brings the cursor back as well.
        if let Some(id) = origin {
            self.select(id);
        }
        None
    }
}

/// Returns the motion of a key that types nothing.
fn motion(key: Key) -> Option<Motion> {
    Some(match key {
        Key::Up => Motion::By(-1),
        Key::Down => Motion::By(1),
        Key::PageUp => Motion::Pages(-1),
        Key::PageDown => Motion::Pages(1),
        Key::Home => Motion::First,
        Key::End => Motion::Last,
        _ => return None,
    })
}

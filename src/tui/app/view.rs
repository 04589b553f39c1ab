//! What of the processes is shown: order, tree, filters.

use super::command::{Command, Outcome};
use super::key::Key;
use super::keymap::Action;
use super::menu::{Answer, Choices, Menu};
use super::message::Tone;
use super::order::SortKey;
use super::{App, Mode, queues};

impl App {
    pub(super) fn sort_menu(&mut self) {
        let keys = SortKey::ALL.to_vec();
        self.menu = Some(Menu {
            title: "Sort by".into(),
            items: keys.iter().map(|key| key.meaning().to_owned()).collect(),
            row: keys
                .iter()
                .position(|key| *key == self.list.view.sort)
                .unwrap_or(0),
            choices: Choices::Sort(keys),
        });
        self.mode = Mode::Menu;
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
        self.menu = Some(Menu {
            title: "Show processes of".into(),
            items: users
                .iter()
                .map(|user| user.clone().unwrap_or_else(|| "all users".into()))
                .collect(),
            row: users
                .iter()
                .position(|user| *user == self.list.view.user)
                .unwrap_or(0),
            choices: Choices::User(users),
        });
        self.mode = Mode::Menu;
    }

    pub(super) fn menu_key(&mut self, key: Key) -> Option<Command> {
        if key == Key::Ctrl('c') {
            return Some(Command::Quit(Outcome::Quit));
        }
        let action = self.keymap.action(key);
        match self.menu.as_mut().map(|menu| menu.key(key, action)) {
            Some(Answer::Stay) => {}
            Some(Answer::Take) => self.take_choice(),
            Some(Answer::Leave) | None => self.close_menu(),
        }
        None
    }

    pub(super) fn close_menu(&mut self) {
        self.menu = None;
        self.mode = Mode::List;
    }

    pub(super) fn take_choice(&mut self) {
        let Some(menu) = self.menu.take() else { return };
        self.mode = Mode::List;
        match menu.choices {
            Choices::Sort(keys) => {
                if let Some(key) = keys.get(menu.row) {
                    self.sort_by(*key);
                }
            }
            Choices::User(users) => {
                self.list.view.user = users.into_iter().nth(menu.row).flatten();
                self.refresh_list();
            }
            Choices::Signal(to, whom) => self.ask(menu.row, to, whom),
        }
    }

    /// Another column in its usual direction.
    pub(super) fn sort_by(&mut self, key: SortKey) {
        self.list.view.sort = key;
        self.list.view.inverted = false;
        self.refresh_list();
    }

    pub(super) fn invert(&mut self) {
        self.list.view.inverted = !self.list.view.inverted;
        self.refresh_list();
    }

    /// A click on the name of a column sorts by it, a second one turns the order.
    pub(super) fn click_head(&mut self, column: u16) {
        let key = self
            .columns
            .iter()
            .rev()
            .find(|(from, _)| *from <= column)
            .map(|(_, key)| *key);
        match key {
            Some(key) if key == self.list.view.sort => self.invert(),
            Some(key) => self.sort_by(key),
            None => self.changed = false,
        }
    }

    pub(super) fn tree(&mut self) {
        self.list.view.tree = !self.list.view.tree;
        self.list.choose();
        self.refresh_list();
    }

    pub(super) fn fold(&mut self, fold: bool) {
        let Some(process) = self.selected() else {
            return;
        };
        let (id, title) = (process.id, queues::title(process));
        if !self.list.view.tree {
            let key = self.keymap.key(Action::Tree);
            return self.say(Tone::Note, format!("Only a tree folds: {key} shows it."));
        }
        let under_cursor = self.list.under_cursor().and_then(|line| line.branch);
        if !under_cursor.is_some_and(|branch| branch.children) {
            return self.say(Tone::Note, format!("{title} has no children in the list."));
        }
        if fold {
            self.list.view.folded.insert(id);
        } else {
            self.list.view.folded.remove(&id);
        }
        self.list.choose();
        self.refresh_list();
    }

    pub(super) fn threads(&mut self) -> Command {
        let show = !self.list.view.threads;
        self.list.view.threads = show;
        // The cursor goes from a thread to its process.
        if let Some(process) = self.selected().and_then(|thread| thread.thread_of) {
            self.select(process);
        }
        self.refresh_list();
        let what = if show { "shown" } else { "hidden" };
        self.say(Tone::Note, format!("The threads of processes are {what}."));
        Command::Threads(show)
    }

    pub(super) fn kernel_threads(&mut self) {
        let hide = !self.list.view.hide_kernel_threads;
        self.list.view.hide_kernel_threads = hide;
        self.refresh_list();
        let what = if hide { "hidden" } else { "shown" };
        self.say(Tone::Note, format!("Kernel threads are {what}."));
    }

    pub(super) fn begin_filter(&mut self) {
        self.list.view.filter.origin = self.list.cursor();
        self.mode = Mode::Filter;
    }

    pub(super) fn filter_key(&mut self, key: Key) -> Option<Command> {
        let filter = &mut self.list.view.filter;
        match key {
            // Even while typing, Ctrl-C quits.
            Key::Ctrl('c') => return Some(Command::Quit(Outcome::Quit)),
            Key::Char(c) if !c.is_control() => filter.text.push(c),
            Key::Backspace => {
                filter.text.pop();
            }
            Key::Ctrl('u') => filter.text.clear(),
            Key::Enter => {
                self.mode = Mode::List;
                return None;
            }
            Key::Esc => {
                filter.text.clear();
                self.mode = Mode::List;
            }
            _ => {
                self.changed = false;
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

//! The names of users. Those of `/etc/passwd` are read at the start; for all others the system's name service is
//! asked (LDAP, sssd, systemd's dynamic users, users created since). It is asked by `getent`, because a
//! program without shared libraries cannot load the service's modules. A thread of its own does that, because
//! a server may not answer for a long time.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use sysinfo::{Uid, Users};

use crate::sys::{capabilities, text::scrub};

/// The program that asks, and its first argument. By its path: the dashboard may be root's.
const GETENT: [&str; 2] = ["/usr/bin/getent", "passwd"];
/// A name that was not found is asked for again after this time, one that was found after the second:
/// dynamic users leave their ids to others.
const AGAIN: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(300)];
/// So many are asked for at once.
const MANY: usize = 256;

struct Name {
    text: Arc<str>,
    /// True for a name, false for the number in its place.
    is_found: bool,
    /// When the service was asked last; `None` for a name from the file.
    asked: Option<Instant>,
}

/// Users' names, as far as they are known.
pub struct Names {
    users: Option<Users>,
    known: HashMap<u32, Name>,
    /// Ids for which the service is to be asked.
    wanted: Vec<u32>,
    service: Service,
}

impl Names {
    pub fn new() -> Self {
        Self {
            users: Users::new_with_refreshed_list().ok(),
            known: HashMap::new(),
            wanted: Vec::new(),
            service: Service::new(GETENT.map(str::to_owned).to_vec()),
        }
    }

    /// Returns the name of a user, or the number until it is known.
    pub fn of(&mut self, uid: u32) -> Arc<str> {
        let users = self.users.as_ref();
        let name = self.known.entry(uid).or_insert_with(|| {
            let user = Uid::try_from(uid as usize).ok();
            let user = user.and_then(|user| users?.get_user_by_id(&user));
            let found = user.map(|user| scrub(user.name().as_bytes()));
            Name {
                is_found: found.is_some(),
                asked: None,
                text: found.unwrap_or_else(|| uid.to_string()).into(),
            }
        });
        let is_due = match name.asked {
            None => !name.is_found,
            Some(asked) => asked.elapsed() >= AGAIN[usize::from(name.is_found)],
        };
        if is_due && self.wanted.len() < MANY {
            name.asked = Some(Instant::now());
            self.wanted.push(uid);
        }
        Arc::clone(&name.text)
    }

    /// Asks for what is not known. Returns true if names have come that were not known before.
    pub fn look(&mut self) -> bool {
        let unfound = self.known.iter().filter(|(_, name)| !name.is_found);
        let old: Vec<u32> = unfound.map(|(uid, _)| *uid).take(MANY).collect();
        for uid in old {
            drop(self.of(uid));
        }
        let mut is_new = false;
        for (uid, found) in self.service.answers() {
            let Some(name) = self.known.get_mut(&uid) else {
                continue;
            };
            if *name.text != *found {
                (name.text, name.is_found) = (found.into(), true);
                is_new = true;
            }
        }
        if !self.wanted.is_empty() && self.service.ask(&self.wanted) {
            self.wanted.clear();
        }
        is_new
    }
}

type Answer = Vec<(u32, String)>;

/// The thread that asks, once there is something to ask.
struct Service {
    command: Vec<String>,
    thread: Option<(Sender<Vec<u32>>, Receiver<Answer>)>,
    is_asking: bool,
}

impl Service {
    fn new(command: Vec<String>) -> Self {
        Self {
            command,
            thread: None,
            is_asking: false,
        }
    }

    fn answers(&mut self) -> Answer {
        let answer = self
            .thread
            .as_ref()
            .and_then(|(_, answers)| answers.try_recv().ok());
        if answer.is_some() {
            self.is_asking = false;
        }
        answer.unwrap_or_default()
    }

    /// Returns false while the last question is not answered.
    fn ask(&mut self, uids: &[u32]) -> bool {
        if self.is_asking {
            return false;
        }
        let (asks, _) = self.thread.get_or_insert_with(|| {
            let (asks, asked) = mpsc::channel::<Vec<u32>>();
            let (sender, answers) = mpsc::channel();
            let command = self.command.clone();
            // Where no thread can be started, numbers stay.
            let _ = thread::Builder::new()
                .name("names".to_owned())
                .spawn(move || {
                    let _ = capabilities::drop_unneeded();
                    for uids in asked {
                        if sender.send(ask(&command, &uids)).is_err() {
                            return;
                        }
                    }
                });
            (asks, answers)
        });
        self.is_asking = asks.send(uids.to_vec()).is_ok();
        true
    }
}

/// Runs the program with the ids as its last arguments.
fn ask(command: &[String], uids: &[u32]) -> Answer {
    let Some((program, arguments)) = command.split_first() else {
        return Answer::new();
    };
    let output = Command::new(program)
        .args(arguments)
        .args(uids.iter().map(u32::to_string))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    // It fails where one of them has no name; the others are there all the same.
    output.map_or_else(|_| Answer::new(), |output| parse(&output.stdout))
}

/// `name:password:uid:…`, a line each.
fn parse(lines: &[u8]) -> Answer {
    let entry = |line: &[u8]| {
        let mut fields = line.split(|&byte| byte == b':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        let uid = std::str::from_utf8(uid).ok()?.parse().ok()?;
        (!name.is_empty()).then(|| (uid, scrub(name)))
    };
    lines
        .split(|&byte| byte == b'\n')
        .filter_map(entry)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, where this script of the shell is the service.
    fn with(script: &str) -> Names {
        let command = ["/bin/sh", "-c", script, "getent", "passwd"];
        Names {
            service: Service::new(command.map(str::to_owned).to_vec()),
            ..Names::new()
        }
    }

    #[test]
    fn users_that_no_file_names_are_asked_of_the_name_service() {
        let mut names = with(
            "shift; for uid; do [ $uid != 4000000001 ] || echo 'ldap-user:x:4000000001:1:::'; done",
        );
        assert_eq!(&*names.of(0), "root");
        assert_eq!(&*names.of(4_000_000_001), "4000000001");
        assert_eq!(&*names.of(4_000_000_002), "4000000002");
        while !names.look() {
            thread::yield_now();
        }
        assert_eq!(&*names.of(4_000_000_001), "ldap-user");
        assert_eq!(&*names.of(4_000_000_002), "4000000002", "nobody knows it");
    }

    #[test]
    fn a_name_service_that_does_not_answer_holds_up_nobody() {
        let mut names = with("exec sleep 60");
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            for uid in 0..1000 {
                let uid = 4_000_000_000 + uid % 10;
                assert_eq!(*names.of(uid), *uid.to_string());
                assert!(!names.look());
            }
            done.send(())
        });
        let result = is_done.recv_timeout(Duration::from_secs(30));
        assert_eq!(result, Ok(()), "it waits for the service");
    }

    #[test]
    fn entries_of_users_are_read_whatever_is_in_them() {
        let lines =
            b"ana:x:1000:1000:Ana:/home/ana:/bin/sh\nno line\n:x:7:\nb\x1b[2J:x:1001:\nc:x:-1:\n";
        assert_eq!(
            parse(lines),
            [(1000, "ana".to_owned()), (1001, "b\u{b7}[2J".to_owned())]
        );
    }
}

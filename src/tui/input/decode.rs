//! From the bytes that a terminal sends to keys, pastes and mouse actions.
//! It may import: `tui::app`, `tui::input`.
//! It must never know: a file descriptor, time.
//!
//! A state machine after ECMA-48: what a terminal answers (strings, reports) is consumed and is no key.
//! Bytes may come in pieces, and an escape byte may be a key of its own: what is not complete waits for
//! more, or for [`Decoder::flush`]. Memory is bounded whatever comes.
//!
//! termina 0.4 decodes bytes too. It takes APC, PM and SOS strings for keys and knows no `27;…~`, and its
//! buffer has no bound.

use rustix::event::Timespec;

use super::sequence;
use crate::tui::app::{Event, Key};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// No control sequence that means something has more parameter bytes.
const LONGEST: usize = 64;
/// No string that a terminal sends unasked is longer: what comes after so many bytes are keys again.
const LONGEST_STRING: usize = 1 << 16;
/// The bytes of a paste that are kept: a search needs no more.
const LONGEST_PASTE: usize = 256;
/// Ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// An escape byte is a key after this time without another byte.
const ESCAPE: Timespec = milliseconds(30);
/// A sequence that has begun is given up after this time without another byte: a slow connection may
/// have split it.
const SEQUENCE: Timespec = milliseconds(500);
/// A paste is over after this time without another byte, though its end has not come.
const PASTE: Timespec = milliseconds(5000);

const fn milliseconds(count: i64) -> Timespec {
    Timespec {
        tv_sec: count / 1000,
        tv_nsec: count % 1000 * 1_000_000,
    }
}

/// The bytes of an incomplete sequence.
#[derive(Debug, Default)]
pub struct Decoder(State);

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// After `ESC`.
    Escape,
    /// In a character of UTF-8 of so many bytes; with Alt it is not ours.
    Character {
        bytes: Vec<u8>,
        length: usize,
        alt: bool,
    },
    /// After `ESC O` (SS3): a letter follows.
    Single,
    /// After `ESC [` (CSI), with the parameters so far.
    Control(Vec<u8>),
    /// In a control sequence that is too long.
    Overlong,
    /// After `ESC [ [`: the Linux console's F1 to F5.
    Console,
    /// After `ESC [ M`: button, column and row follow, a byte each.
    OldMouse(Vec<u8>),
    /// In an OSC, DCS, APC, PM or SOS string; `escape` after an `ESC` in it.
    String { length: usize, escape: bool },
    /// In a bracketed paste, with so many bytes of its end.
    Paste { text: Vec<u8>, end: usize },
}

/// The effect of one byte.
struct Step {
    event: Option<Event>,
    next: State,
    /// The byte is no part of what came before: it is looked at again in the next state.
    again: bool,
}

impl Step {
    fn to(next: State) -> Self {
        Self {
            event: None,
            next,
            again: false,
        }
    }

    /// Something is complete; `None` for what has no meaning here.
    fn done(event: Option<Event>) -> Self {
        Self {
            event,
            next: State::Ground,
            again: false,
        }
    }

    /// Drops the incomplete sequence.
    fn again() -> Self {
        Self {
            event: None,
            next: State::Ground,
            again: true,
        }
    }
}

impl Decoder {
    /// Takes bytes in and returns what is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            loop {
                let step = step(std::mem::take(&mut self.0), byte);
                events.extend(step.event);
                self.0 = step.next;
                if !step.again {
                    break;
                }
            }
        }
        events
    }

    /// Returns the time to wait for another byte before [`Self::flush`]; `None` while nothing is incomplete.
    pub fn patience(&self) -> Option<&'static Timespec> {
        match self.0 {
            State::Ground => None,
            State::Escape | State::String { escape: true, .. } => Some(&ESCAPE),
            State::Paste { .. } => Some(&PASTE),
            _ => Some(&SEQUENCE),
        }
    }

    /// Nothing more has come for a while: an escape byte was the key, anything else is dropped.
    pub fn flush(&mut self) -> Option<Event> {
        match std::mem::take(&mut self.0) {
            State::Escape | State::String { escape: true, .. } => Some(Event::Key(Key::Esc)),
            _ => None,
        }
    }
}

fn step(state: State, byte: u8) -> Step {
    match state {
        State::Ground => ground(byte),
        State::Escape => escape(byte),
        State::Character { bytes, length, alt } => character(bytes, length, alt, byte),
        State::Single if byte.is_ascii_graphic() => {
            Step::done(sequence::single(byte).map(Event::Key))
        }
        State::Control(parameters) => control(parameters, byte),
        State::Overlong if is_parameter(byte) => Step::to(State::Overlong),
        State::Overlong if ends_sequence(byte) => Step::done(None),
        State::Console if byte.is_ascii_graphic() => {
            let key = (b'A'..=b'E').contains(&byte).then(|| byte - b'A' + 1);
            Step::done(key.map(|n| Event::Key(Key::F(n))))
        }
        State::Single | State::Overlong | State::Console => Step::again(),
        State::OldMouse(bytes) => old_mouse(bytes, byte),
        State::String { length, escape } => string(length, escape, byte),
        State::Paste { text, end } => paste(text, end, byte),
    }
}

fn ground(byte: u8) -> Step {
    let key = |key| Step::done(Some(Event::Key(key)));
    match byte {
        ESC => Step::to(State::Escape),
        b'\r' | b'\n' => key(Key::Enter),
        b'\t' => key(Key::Tab),
        0x08 | 0x7f => key(Key::Backspace),
        0 => key(Key::Ctrl(' ')),
        1..=26 => key(Key::Ctrl(char::from(byte + b'a' - 1))),
        0x1c..0x20 => Step::done(None),
        // One byte in place of `ESC` and a letter: C1, which cannot begin a character of UTF-8.
        0x80..=0x9f => introduced(byte - 0x40).unwrap_or(Step::done(None)),
        _ => character(Vec::new(), length_of(byte), false, byte),
    }
}

/// After `ESC`.
fn escape(byte: u8) -> Step {
    match byte {
        // The first was the key.
        ESC => Step {
            event: Some(Event::Key(Key::Esc)),
            next: State::Escape,
            again: false,
        },
        // Two keys that came at once: a slow connection gathers them.
        1..=26 if !matches!(byte, 0x08 | b'\t' | b'\n' | b'\r') => Step {
            event: Some(Event::Key(Key::Esc)),
            next: State::Ground,
            again: true,
        },
        // With Alt: these keys are not ours.
        0xc2.. => character(Vec::new(), length_of(byte), true, byte),
        _ => introduced(byte).unwrap_or(Step::done(None)),
    }
}

/// Returns the state that `ESC` and this letter begin.
fn introduced(letter: u8) -> Option<Step> {
    Some(Step::to(match letter {
        b'O' => State::Single,
        b'[' => State::Control(Vec::new()),
        b']' | b'P' | b'_' | b'^' | b'X' => State::String {
            length: 0,
            escape: false,
        },
        _ => return None,
    }))
}

/// Returns the length in bytes of a character that begins with this byte; 0 if none does.
fn length_of(first: u8) -> usize {
    match first {
        ..0x80 => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 0,
    }
}

fn character(mut bytes: Vec<u8>, length: usize, alt: bool, byte: u8) -> Step {
    if !bytes.is_empty() && !(0x80..0xc0).contains(&byte) {
        return Step::again();
    }
    bytes.push(byte);
    if bytes.len() < length {
        return Step::to(State::Character { bytes, length, alt });
    }
    let c = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.chars().next());
    Step::done(c.filter(|_| !alt).map(|c| Event::Key(Key::Char(c))))
}

/// After `ESC [`.
fn control(mut parameters: Vec<u8>, byte: u8) -> Step {
    match byte {
        b'[' if parameters.is_empty() => Step::to(State::Console),
        b'M' if parameters.is_empty() => Step::to(State::OldMouse(Vec::new())),
        b'~' if parameters == b"200" => Step::to(State::Paste {
            text: Vec::new(),
            end: 0,
        }),
        _ if ends_sequence(byte) => Step::done(sequence::control(&parameters, byte)),
        _ if is_parameter(byte) && parameters.len() < LONGEST => {
            parameters.push(byte);
            Step::to(State::Control(parameters))
        }
        _ if is_parameter(byte) => Step::to(State::Overlong),
        _ => Step::again(),
    }
}

fn is_parameter(byte: u8) -> bool {
    (0x20..=0x3f).contains(&byte)
}

fn ends_sequence(byte: u8) -> bool {
    (0x40..=0x7e).contains(&byte)
}

fn old_mouse(mut bytes: Vec<u8>, byte: u8) -> Step {
    if byte < 0x20 {
        return Step::again();
    }
    bytes.push(byte - 0x20);
    match bytes[..] {
        [button, column, row] => {
            let numbers = [button, column, row].map(u32::from);
            Step::done(sequence::mouse(numbers).map(Event::Mouse))
        }
        _ => Step::to(State::OldMouse(bytes)),
    }
}

/// In a string, which `ESC \` (ST) or a bell ends. A control character is no part of one: it ends what
/// never ends by itself, and is the key that it is.
fn string(length: usize, escape: bool, byte: u8) -> Step {
    match byte {
        b'\\' if escape => Step::done(None),
        _ if escape => Step {
            event: None,
            next: State::Escape,
            again: true,
        },
        BEL => Step::done(None),
        ESC => Step::to(State::String {
            length,
            escape: true,
        }),
        ..0x20 | 0x7f => Step::again(),
        _ if length >= LONGEST_STRING => Step::done(None),
        _ => Step::to(State::String {
            length: length + 1,
            escape: false,
        }),
    }
}

fn paste(mut text: Vec<u8>, end: usize, byte: u8) -> Step {
    let end = match PASTE_END.get(end) {
        Some(expected) if *expected == byte => end + 1,
        _ if byte == ESC => 1,
        _ => {
            if text.len() < LONGEST_PASTE {
                text.push(byte);
            }
            0
        }
    };
    if end < PASTE_END.len() {
        return Step::to(State::Paste { text, end });
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Step::done(Some(Event::Paste(text)))
}

#[cfg(test)]
mod tests;

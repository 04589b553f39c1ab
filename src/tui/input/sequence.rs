//! Decodes a whole sequence: a key or a mouse action. Reports of the terminal are ignored.

use crate::tui::app::{Event, Key, Mouse, MouseAction};

/// Bits of a modifier parameter, which counts from 1.
const SHIFT: u32 = 1;
const CTRL: u32 = 4;
const CAPS_LOCK: u32 = 64;
/// Alt, Super, Hyper and Meta: keys with these are not ours.
const FOREIGN: u32 = 2 | 8 | 16 | 32;
/// The kind of event that says that a key is up again.
const RELEASED: u32 = 3;

/// Returns the meaning of `ESC O` and this letter.
pub fn single(letter: u8) -> Option<Key> {
    match letter {
        b'M' => Some(Key::Enter),
        b'R' => Some(Key::F(3)),
        _ => lettered(letter),
    }
}

/// Returns the meaning of `ESC [`, these parameters and this last byte.
pub fn control(parameters: &[u8], last: u8) -> Option<Event> {
    if let [b'<', parameters @ ..] = parameters {
        let numbers = Parameters::of(parameters).three()?;
        return (last == b'M').then(|| mouse(numbers))?.map(Event::Mouse);
    }
    // What is private, or has intermediate bytes, is a report.
    if !parameters
        .iter()
        .all(|byte| byte.is_ascii_digit() || b":;".contains(byte))
    {
        return None;
    }
    let parameters = Parameters::of(parameters);
    if last == b'M' {
        // As rxvt reports the mouse.
        let [button, column, row] = parameters.three()?;
        return mouse([button.checked_sub(32)?, column, row]).map(Event::Mouse);
    }
    if parameters.get(1, 1) == RELEASED {
        return None;
    }
    let key = match last {
        b'~' if parameters.get(0, 0) == 27 => parameters.modified(parameters.get(2, 0)),
        b'~' => numbered(parameters.get(0, 0)),
        b'u' => parameters.modified(parameters.get(0, 0)),
        b'Z' => Some(Key::BackTab),
        // With parameters it is where the cursor is.
        b'R' => parameters.is_empty().then_some(Key::F(3)),
        _ => lettered(last),
    };
    key.map(Event::Key)
}

/// Returns what the mouse did: button, column and row, which count from 1.
pub fn mouse([button, column, row]: [u32; 3]) -> Option<Mouse> {
    let action = match button {
        0 => MouseAction::Click,
        64 => MouseAction::ScrollUp,
        65 => MouseAction::ScrollDown,
        _ => return None,
    };
    let place = |number: u32| u16::try_from(number.saturating_sub(1)).ok();
    Some(Mouse {
        action,
        column: place(column)?,
        row: place(row)?,
    })
}

/// Keys that end in a letter.
fn lettered(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'P' => Key::F(1),
        b'Q' => Key::F(2),
        b'S' => Key::F(4),
        _ => return None,
    })
}

/// Keys that are a number.
fn numbered(number: u32) -> Option<Key> {
    let function = |offset: u32| u8::try_from(number - offset).ok().map(Key::F);
    match number {
        1 | 7 => Some(Key::Home),
        3 => Some(Key::Delete),
        4 | 8 => Some(Key::End),
        5 => Some(Key::PageUp),
        6 => Some(Key::PageDown),
        11..=15 => function(10),
        17..=21 => function(11),
        23 | 24 => function(12),
        _ => None,
    }
}

/// Numbers between semicolons, each with others after colons.
struct Parameters(Vec<Vec<u32>>);

impl Parameters {
    fn of(bytes: &[u8]) -> Self {
        let number = |digits: &[u8]| {
            std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0)
        };
        let one = |bytes: &[u8]| bytes.split(|byte| *byte == b':').map(number).collect();
        let all = bytes.split(|byte| *byte == b';').map(one).collect();
        Self(if bytes.is_empty() { Vec::new() } else { all })
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns 0 where there is none.
    fn get(&self, place: usize, part: usize) -> u32 {
        let parts = self.0.get(place);
        parts.and_then(|parts| parts.get(part)).map_or(0, |n| *n)
    }

    fn three(&self) -> Option<[u32; 3]> {
        (self.0.len() == 3).then(|| [0, 1, 2].map(|place| self.get(place, 0)))
    }

    /// A key by its code, as extended keyboards send it: `code:shifted:base ; modifiers:kind ; text u`
    /// (kitty), or `27 ; modifiers ; code ~` (xterm).
    fn modified(&self, code: u32) -> Option<Key> {
        let modifiers = self.get(1, 0).saturating_sub(1);
        if modifiers & FOREIGN != 0 {
            return None;
        }
        let shift = modifiers & SHIFT != 0;
        match code {
            9 if shift => return Some(Key::BackTab),
            9 => return Some(Key::Tab),
            13 | 57414 => return Some(Key::Enter),
            27 => return Some(Key::Esc),
            8 | 127 => return Some(Key::Backspace),
            57344..=63743 => return keypad(code),
            _ => {}
        }
        let c = char::from_u32(code).filter(|c| !c.is_control())?;
        if modifiers & CTRL != 0 {
            let base = char::from_u32(self.get(0, 2)).filter(char::is_ascii_lowercase);
            return controlled(if c.is_ascii() { c } else { base? });
        }
        let given = |place, part| char::from_u32(self.get(place, part)).filter(|c| !c.is_control());
        let kitty = self.get(0, 0) == code;
        if let Some(text) = given(2, 0).filter(|_| kitty) {
            return Some(Key::Char(text));
        }
        let shifted = given(0, 1).filter(|_| kitty);
        let upper = c.to_uppercase().next().filter(|_| c.is_alphabetic());
        let capital = shift != (modifiers & CAPS_LOCK != 0 && c.is_alphabetic());
        Some(Key::Char(if capital {
            shifted.or(upper).unwrap_or(c)
        } else {
            c
        }))
    }
}

/// Keys of the keypad, and others that kitty numbers. Those that are no letters here mean nothing.
fn keypad(code: u32) -> Option<Key> {
    Some(match code {
        57399..=57408 => Key::Char(char::from_digit(code - 57399, 10)?),
        57409 => Key::Char('.'),
        57410 => Key::Char('/'),
        57411 => Key::Char('*'),
        57412 => Key::Char('-'),
        57413 => Key::Char('+'),
        57415 => Key::Char('='),
        57416 => Key::Char(','),
        57417 => Key::Left,
        57418 => Key::Right,
        57419 => Key::Up,
        57420 => Key::Down,
        57421 => Key::PageUp,
        57422 => Key::PageDown,
        57423 => Key::Home,
        57424 => Key::End,
        57426 => Key::Delete,
        _ => return None,
    })
}

/// The key that a terminal without these extensions sends for Ctrl and this character.
fn controlled(c: char) -> Option<Key> {
    Some(match c.to_ascii_lowercase() {
        ' ' | '@' => Key::Ctrl(' '),
        'h' => Key::Backspace,
        'i' => Key::Tab,
        'j' | 'm' => Key::Enter,
        '[' => Key::Esc,
        c @ 'a'..='z' => Key::Ctrl(c),
        _ => return None,
    })
}

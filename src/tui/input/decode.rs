//! From the bytes that a terminal sends to keys and mouse actions.
//!
//! Sequences may come in pieces, and an escape byte may be a key of its own: what is not complete
//! waits here for more, or for [`Decoder::flush`].

use crate::app::{Event, Key, Mouse, MouseAction};

const ESC: u8 = 0x1b;
/// No sequence that means something is longer.
const LONGEST: usize = 64;

/// The bytes of an incomplete sequence.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    /// A sequence has come that is too long; its end is still to come.
    overlong: bool,
}

/// The result of decoding the first bytes.
enum Step {
    /// Something that took so many bytes; `None` for what has no meaning here.
    Took(usize, Option<Event>),
    /// More bytes are needed.
    Wait,
}

impl Decoder {
    /// Takes bytes in and gives what is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        let mut at = 0;
        while let Some(rest) = self.pending.get(at..).filter(|rest| !rest.is_empty()) {
            if self.overlong {
                let end = rest.iter().position(|byte| !is_parameter(*byte));
                at += end.unwrap_or(rest.len());
                if let Some(end) = end {
                    at += usize::from(ends_sequence(rest[end]));
                    self.overlong = false;
                }
                continue;
            }
            match step(rest) {
                Step::Took(length, event) => {
                    at += length.max(1);
                    events.extend(event);
                }
                // Its rest is no keys.
                Step::Wait if rest.len() > LONGEST => {
                    at += rest.len();
                    self.overlong = true;
                }
                Step::Wait => break,
            }
        }
        self.pending.drain(..at.min(self.pending.len()));
        events
    }

    /// Whether something waits for more bytes.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() || self.overlong
    }

    /// Nothing more has come for a while: an escape byte was the key, anything else is dropped.
    pub fn flush(&mut self) -> Option<Event> {
        let key = self.pending.first() == Some(&ESC);
        self.pending.clear();
        self.overlong = false;
        key.then_some(Event::Key(Key::Esc))
    }
}

fn step(bytes: &[u8]) -> Step {
    let key = |key| Step::Took(1, Some(Event::Key(key)));
    match bytes {
        [ESC] => Step::Wait,
        [ESC, ESC, ..] => key(Key::Esc),
        [ESC, b'[', rest @ ..] => control_sequence(rest),
        [ESC, b'O'] => Step::Wait,
        [ESC, b'O', last, ..] => Step::Took(3, letter(*last).map(Event::Key)),
        // With Alt: these keys are not ours.
        [ESC, rest @ ..] => match step(rest) {
            Step::Took(length, _) => Step::Took(1 + length, None),
            Step::Wait => Step::Wait,
        },
        [b'\r' | b'\n', ..] => key(Key::Enter),
        [b'\t', ..] => key(Key::Tab),
        [0x08 | 0x7f, ..] => key(Key::Backspace),
        [0, ..] => key(Key::Ctrl(' ')),
        [byte @ 1..=26, ..] => key(Key::Ctrl(char::from(byte + b'a' - 1))),
        [0..=31, ..] => Step::Took(1, None),
        _ => character(bytes),
    }
}

/// One character of UTF-8.
fn character(bytes: &[u8]) -> Step {
    let length = match bytes[0] {
        ..0x80 => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Took(1, None),
    };
    let Some(whole) = bytes.get(..length) else {
        return Step::Wait;
    };
    match std::str::from_utf8(whole).map(|text| text.chars().next()) {
        Ok(Some(c)) => Step::Took(length, Some(Event::Key(Key::Char(c)))),
        _ => Step::Took(1, None),
    }
}

/// Decodes what follows `ESC [`: parameters, then a letter.
fn control_sequence(rest: &[u8]) -> Step {
    // The Linux console: ESC [ [ A is F1.
    if let [b'[', more @ ..] = rest {
        return match more {
            [] => Step::Wait,
            [last @ b'A'..=b'E', ..] => Step::Took(4, Some(Event::Key(Key::F(last - b'A' + 1)))),
            _ => Step::Took(4, None),
        };
    }
    let Some(end) = rest.iter().position(|byte| !is_parameter(*byte)) else {
        return Step::Wait;
    };
    let (parameters, last) = (&rest[..end], rest[end]);
    let length = 2 + end + 1;
    let event = match (parameters, last) {
        // As if it had come in pieces.
        (_, last) if length > LONGEST + 1 => {
            return Step::Took(length - usize::from(!ends_sequence(last)), None);
        }
        // The old report of the mouse: three bytes follow, which can be anything.
        ([], b'M') => {
            return match rest.get(1..4) {
                Some(_) => Step::Took(length + 3, None),
                None => Step::Wait,
            };
        }
        ([b'<', parameters @ ..], b'M') => mouse(parameters).map(Event::Mouse),
        ([b'<', ..], b'm') => None,
        (_, b'~') => numbers(parameters)
            .first()
            .and_then(|n| numbered(*n))
            .map(Event::Key),
        (_, b'Z') => Some(Event::Key(Key::BackTab)),
        (_, 0x40..=0x7e) => letter(last).map(Event::Key),
        // Not a sequence at all: what broke it is looked at again.
        _ => return Step::Took(length - 1, None),
    };
    Step::Took(length, event)
}

fn is_parameter(byte: u8) -> bool {
    (0x20..=0x3f).contains(&byte)
}

fn ends_sequence(byte: u8) -> bool {
    (0x40..=0x7e).contains(&byte)
}

/// Keys that end in a letter.
fn letter(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'M' => Key::Enter,
        b'P' => Key::F(1),
        b'Q' => Key::F(2),
        b'R' => Key::F(3),
        b'S' => Key::F(4),
        _ => return None,
    })
}

/// Keys that are a number.
fn numbered(number: u16) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::F(u8::try_from(number - 10).ok()?),
        17..=21 => Key::F(u8::try_from(number - 11).ok()?),
        23 | 24 => Key::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// A report of the mouse: button, column and row, counted from 1.
fn mouse(parameters: &[u8]) -> Option<Mouse> {
    let [button, column, row] = numbers(parameters)[..] else {
        return None;
    };
    let action = match button {
        0 => MouseAction::Click,
        64 => MouseAction::ScrollUp,
        65 => MouseAction::ScrollDown,
        _ => return None,
    };
    Some(Mouse {
        action,
        column: column.saturating_sub(1),
        row: row.saturating_sub(1),
    })
}

fn numbers(parameters: &[u8]) -> Vec<u16> {
    parameters
        .split(|byte| *byte == b';')
        .map(|digits| {
            std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .unwrap_or(0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        let mut events = decoder.feed(bytes);
        events.extend(decoder.flush());
        events
            .into_iter()
            .map(|event| match event {
                Event::Key(key) => key,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn keys_of_common_terminals_are_known() {
        for (bytes, key) in [
            (&b" "[..], Key::Char(' ')),
            ("ö".as_bytes(), Key::Char('ö')),
            (b"\r", Key::Enter),
            (b"\x7f", Key::Backspace),
            (b"\x03", Key::Ctrl('c')),
            (b"\x1a", Key::Ctrl('z')),
            (b"\x1b", Key::Esc),
            (b"\x1b[A", Key::Up),
            (b"\x1bOB", Key::Down),
            (b"\x1b[1;5C", Key::Right),
            (b"\x1b[5~", Key::PageUp),
            (b"\x1b[6~", Key::PageDown),
            (b"\x1b[H", Key::Home),
            (b"\x1b[1~", Key::Home),
            (b"\x1bOF", Key::End),
            (b"\x1b[Z", Key::BackTab),
            (b"\x1bOP", Key::F(1)),
            (b"\x1b[[A", Key::F(1)),
            (b"\x1b[13~", Key::F(3)),
            (b"\x1b[17~", Key::F(6)),
            (b"\x1b[21~", Key::F(10)),
            (b"\x1b[24~", Key::F(12)),
        ] {
            assert_eq!(keys(bytes), [key], "{bytes:?}");
        }
    }

    #[test]
    fn sequences_may_come_in_pieces() {
        let mut decoder = Decoder::default();
        for piece in [&b"\x1b"[..], b"[", b"6"] {
            assert!(decoder.feed(piece).is_empty() && decoder.is_waiting());
        }
        let events = decoder.feed(b"~q");
        assert!(matches!(
            events[..],
            [Event::Key(Key::PageDown), Event::Key(Key::Char('q'))]
        ));
        assert!(!decoder.is_waiting());
    }

    #[test]
    fn what_is_not_ours_leaves_nothing_behind() {
        for bytes in [
            &b"\x1bx"[..],   // Alt
            b"\x1b\xc3\xb6", // Alt and a letter of two bytes
            b"\x1b[200~",    // a paste begins
            b"\x1b[?1;2c",   // an answer of the terminal
            b"\x1b[M !!",    // the old report of the mouse
            b"\x1b[<0;5;5m", // a button is released
            b"\xff\xfe",     // no text
        ] {
            let mut all = bytes.to_vec();
            all.push(b'q');
            assert_eq!(keys(&all), [Key::Char('q')], "{bytes:?}");
        }
    }

    #[test]
    fn a_sequence_without_end_types_nothing_whole_or_in_pieces() {
        let mut all = b"\x1b[".to_vec();
        all.extend(b"12;".repeat(100));
        all.extend(b"mq");
        assert_eq!(keys(&all), [Key::Char('q')]);
        let mut decoder = Decoder::default();
        let events: Vec<Event> = all.chunks(7).flat_map(|p| decoder.feed(p)).collect();
        assert!(
            matches!(events[..], [Event::Key(Key::Char('q'))]),
            "{events:?}"
        );
    }

    #[test]
    fn the_mouse_counts_from_nothing() {
        let events = Decoder::default().feed(b"\x1b[<0;10;14M\x1b[<65;1;1M");
        let [Event::Mouse(click), Event::Mouse(scroll)] = events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(
            (click.action, click.column, click.row),
            (MouseAction::Click, 9, 13)
        );
        assert_eq!(scroll.action, MouseAction::ScrollDown);
    }

    #[test]
    fn no_bytes_can_stop_the_decoder() {
        let mut decoder = Decoder::default();
        let mut state = 12345_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = (state >> 24) as u8;
            // Escapes and brackets more often than chance has them.
            let byte = if byte < 60 {
                ESC
            } else if byte < 100 {
                b'['
            } else {
                byte
            };
            decoder.feed(&[byte]);
            assert!(decoder.pending.len() <= LONGEST + 1);
        }
        decoder.flush();
        decoder.feed(b"\x1b[111111111111111111111111111111111111111111111111111111111111111111");
        decoder.flush();
        let events = decoder.feed(b"q");
        assert!(matches!(events[..], [Event::Key(Key::Char('q'))]));
    }
}

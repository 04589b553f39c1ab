use super::*;
use crate::tui::app::MouseAction;

fn events(bytes: &[u8]) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = decoder.feed(bytes);
    events.extend(decoder.flush());
    events
}

/// The same whole and byte by byte.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let key = |event| match event {
        Event::Key(key) => key,
        other => panic!("{other:?}"),
    };
    let whole: Vec<Key> = events(bytes).into_iter().map(key).collect();
    let mut decoder = Decoder::default();
    let mut pieces: Vec<Event> = bytes.chunks(1).flat_map(|b| decoder.feed(b)).collect();
    pieces.extend(decoder.flush());
    let pieces: Vec<Key> = pieces.into_iter().map(key).collect();
    assert_eq!(whole, pieces, "{bytes:?}");
    whole
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
        (b"\x1bOR", Key::F(3)),
        (b"\x1b[R", Key::F(3)),
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
fn keys_of_extended_keyboards_are_known() {
    for (bytes, key) in [
        // kitty's protocol, as foot, WezTerm, Ghostty and others speak it too.
        (&b"\x1b[27u"[..], Key::Esc),
        (b"\x1b[27;1u", Key::Esc),
        (b"\x1b[99;5u", Key::Ctrl('c')),
        (b"\x1b[99;133u", Key::Ctrl('c')), // with Num Lock
        (b"\x1b[113u", Key::Char('q')),
        (b"\x1b[113:81;2u", Key::Char('Q')),
        (b"\x1b[113;2u", Key::Char('Q')),
        (b"\x1b[49:33;2u", Key::Char('!')),
        (b"\x1b[97;65u", Key::Char('A')), // with Caps Lock
        (b"\x1b[97;;228u", Key::Char('ä')),
        (b"\x1b[1089::99;5u", Key::Ctrl('c')), // on a Russian keyboard
        (b"\x1b[32u", Key::Char(' ')),
        (b"\x1b[32;5u", Key::Ctrl(' ')),
        (b"\x1b[13u", Key::Enter),
        (b"\x1b[57414u", Key::Enter),
        (b"\x1b[9u", Key::Tab),
        (b"\x1b[9;2u", Key::BackTab),
        (b"\x1b[127u", Key::Backspace),
        (b"\x1b[57405u", Key::Char('6')),
        (b"\x1b[57421u", Key::PageUp),
        (b"\x1b[1;1:2B", Key::Down), // held down
        (b"\x1b[5;1:1~", Key::PageUp),
        // xterm's modifyOtherKeys.
        (b"\x1b[27;5;99~", Key::Ctrl('c')),
        (b"\x1b[27;5;105~", Key::Tab),
        (b"\x1b[27;1;27~", Key::Esc),
        (b"\x1b[27;2;81~", Key::Char('Q')),
        (b"\x1b[27;2;13~", Key::Enter),
    ] {
        assert_eq!(keys(bytes), [key], "{:?}", bytes.escape_ascii().to_string());
    }
    // Alt and Super, a key that is up again, a modifier by itself.
    for bytes in [
        &b"\x1b[113;3u"[..],
        b"\x1b[113;9u",
        b"\x1b[27;3;113~",
        b"\x1b[113;1:3u",
        b"\x1b[1;1:3A",
        b"\x1b[3;1:3~",
        b"\x1b[57441;2u",
        b"\x1b[0u",
        b"\x1b[u",
        b"\x1b[4294967296;1u",
    ] {
        assert_eq!(keys(bytes), [], "{:?}", bytes.escape_ascii().to_string());
    }
}

#[test]
fn escape_and_a_control_key_at_once_are_both_heard() {
    assert_eq!(keys(b"\x1b\x03"), [Key::Esc, Key::Ctrl('c')]);
    assert_eq!(keys(b"\x1b\x1b\x1a"), [Key::Esc, Key::Esc, Key::Ctrl('z')]);
    // Alt and Backspace, as some use in a search.
    assert_eq!(keys(b"\x1b\x7f"), []);
}

#[test]
fn a_terminals_answer_presses_no_key() {
    for answer in [
        &b"\x1b]11;rgb:1e1e/2e2e/3e3e\x1b\\"[..], // its background
        b"\x1b]11;rgb:1e1e/2e2e/3e3e\x07",
        b"\x1b]52;c;cXhreQ==\x1b\\",        // the clipboard
        b"\x1bP>|tmux 3.3a\x1b\\",          // its name
        b"\x1bP1+r544e=787465726d\x1b\\",   // a capability
        b"\x1bP!|00000000\x1b\\",           // its unit
        b"\x1b_Gi=31;OK\x1b\\",             // an image
        b"\x1b^private qx\x1b\\",           // PM
        b"\x1bXstring qx\x1b\\",            // SOS
        b"\x1b]0;\xc3\xb6\xe2\x86\x92\x07", // with UTF-8 in it
        b"\x1b[24;80R",                     // where the cursor is
        b"\x1b[1;1R",
        b"\x1b[?24;80;1R",
        b"\x1b[?62;1;6;22c", // what it can do
        b"\x1b[>0;276;0c",
        b"\x1b[=1;2c",
        b"\x1b[0n", // that it is well
        b"\x1b[?997;1n",
        b"\x1b[?2026;2$y", // a mode
        b"\x1b[4;2$y",
        b"\x1b[?1;0;256S", // how many colours
        b"\x1b[8;24;80t",  // its size
        b"\x1b[4;600;1200t",
        b"\x1b[48;24;80;600;1200t",
        b"\x1b[?1u", // its keyboard
        b"\x1b[>1u",
        b"\x1b[I", // the focus
        b"\x1b[O",
        b"\x9d11;rgb:1e1e/2e2e/3e3e\x1b\\", // the same in one byte
        b"\x9b24;80R",
    ] {
        let mut all = answer.to_vec();
        all.push(b'q');
        let name = answer.escape_ascii().to_string();
        assert_eq!(keys(&all), [Key::Char('q')], "{name}");
    }
}

#[test]
fn a_string_that_never_ends_does_not_keep_the_keyboard() {
    // A control character, another sequence, silence, or too many bytes end it.
    assert_eq!(keys(b"\x1b]11;rgb\x03"), [Key::Ctrl('c')]);
    assert_eq!(keys(b"\x1b]11;rgb\x1b[Aq"), [Key::Up, Key::Char('q')]);
    assert_eq!(keys(b"\x1b]11;rgb\x1b"), [Key::Esc]);
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b]11;rgb").is_empty());
    assert_eq!(decoder.patience(), Some(&SEQUENCE));
    assert!(decoder.flush().is_none());
    assert!(matches!(
        decoder.feed(b"q")[..],
        [Event::Key(Key::Char('q'))]
    ));
    let mut all = b"\x1b_".to_vec();
    all.extend(b"x".repeat(LONGEST_STRING + 1));
    all.push(b'q');
    assert_eq!(keys(&all), [Key::Char('q')]);
}

#[test]
fn a_paste_is_one_text_and_presses_no_key() {
    for (bytes, text) in [
        (&b"\x1b[200~qxk y\r\n\x03\x1b[201~"[..], "qxk y\r\n\x03"),
        ("\x1b[200~größe\x1b[201~".as_bytes(), "größe"),
        (b"\x1b[200~\x1b[201~", ""),
        // What looks like the end of it is text.
        (b"\x1b[200~a\x1b[A[201~b\x1b[201~", "aA[201~b"),
    ] {
        let events = events(bytes);
        let [Event::Paste(pasted)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(pasted, text);
    }
    let mut long = b"\x1b[200~".to_vec();
    long.extend(b"x".repeat(1 << 20));
    long.extend(b"\x1b[201~q");
    let events = events(&long);
    assert!(
        matches!(&events[..], [Event::Paste(text), Event::Key(Key::Char('q'))] if text.len() == LONGEST_PASTE),
        "{} events",
        events.len()
    );
}

#[test]
fn a_paste_whose_end_never_comes_is_over_after_a_silence() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b[200~xyz").is_empty());
    assert_eq!(decoder.patience(), Some(&PASTE));
    assert!(decoder.flush().is_none());
    assert!(matches!(decoder.feed(b"q")[..], [Event::Key(_)]));
}

#[test]
fn sequences_may_come_in_pieces() {
    let mut decoder = Decoder::default();
    for piece in [&b"\x1b"[..], b"[", b"6"] {
        assert!(decoder.feed(piece).is_empty() && decoder.patience().is_some());
    }
    let events = decoder.feed(b"~q");
    assert!(matches!(
        events[..],
        [Event::Key(Key::PageDown), Event::Key(Key::Char('q'))]
    ));
    assert!(decoder.patience().is_none());
}

#[test]
fn unknown_bytes_leave_nothing_behind() {
    for bytes in [
        &b"\x1bx"[..],   // Alt
        b"\x1b\xc3\xb6", // Alt and a letter of two bytes
        b"\x1b[<0;5;5m", // a button is released
        b"\x1b[M#!!",    // the same, as it was reported once
        b"\x1b[35;5;5M", // and as rxvt does
        b"\xff\xfe",     // no text
        b"\xe2\x82",     // a character in part
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
fn the_mouse_works_in_every_report_and_counts_from_nothing() {
    for bytes in [
        &b"\x1b[<0;10;14M\x1b[<65;1;1M"[..],
        b"\x1b[M *.\x1b[Ma!!",
        b"\x1b[32;10;14M\x1b[97;1;1M",
    ] {
        let events = events(bytes);
        let [Event::Mouse(click), Event::Mouse(scroll)] = events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(
            (click.action, click.column, click.row),
            (MouseAction::Click, 9, 13)
        );
        assert_eq!(scroll.action, MouseAction::ScrollDown);
    }
    // Beyond what is UTF-8.
    let events = events(b"\x1b[M \xf0!");
    assert!(
        matches!(events[..], [Event::Mouse(click)] if click.column == 0xf0 - 33),
        "{events:?}"
    );
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
    }
    decoder.flush();
    decoder.feed(b"\x1b[111111111111111111111111111111111111111111111111111111111111111111");
    decoder.flush();
    let events = decoder.feed(b"q");
    assert!(matches!(events[..], [Event::Key(Key::Char('q'))]));
}

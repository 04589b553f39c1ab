//! Truncated, damaged and forged recordings: whole records are read, nothing is trusted.

use dualq_top::tui::app::{App, Event};
use dualq_top::tui::ui::theme::Theme;

use crate::support::{self, FakeEffects, play_app};
use crate::{Numbers, read, session, written};

/// As after a crash at any byte.
#[test]
fn truncated_recording_yields_all_records_before_the_cut() {
    let whats = session();
    let (file, ends) = written(&whats);
    // Every byte of the first records; of the others many.
    let cuts = (0..ends[2]).chain((ends[2]..file.len()).step_by(61));
    for cut in cuts {
        let (seen, end) = read(&file[..cut]);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(seen.len(), whole, "cut at {cut}");
        assert!(seen[..] == whats[..whole], "cut at {cut}");
        let fault = end.expect_err("the end is missing");
        if cut > 0 {
            assert_eq!(fault.at, cut as u64, "{fault}");
            assert!(fault.why.contains("breaks off"), "cut at {cut}: {fault}");
        }
    }
}

#[test]
fn a_damaged_byte_is_found_and_all_before_it_is_read() {
    let whats = session();
    let (file, ends) = written(&whats);
    let mut random = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..300 {
        let mut file = file.clone();
        let place = random.below(file.len());
        file[place] ^= 1 << random.below(8);
        let (seen, end) = read(&file);
        let fault = end.expect_err("damage is found");
        let whole = ends.iter().filter(|end| **end <= place).count();
        assert!(seen.len() >= whole, "{round}: {place}");
        assert!(seen[..whole] == whats[..whole], "{round}: {place}");
        assert!(seen.len() <= whole, "{round}: {place}: {fault}");
        assert!(fault.at <= file.len() as u64);
    }
}

#[test]
fn rubbish_of_any_kind_is_refused() {
    let (file, _) = written(&session());
    let mut random = Numbers(7);
    for length in [0, 1, 7, 8, 9, 10, 100, 10_000] {
        let rubbish: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        assert!(read(&rubbish).1.is_err());
        // Behind a beginning that is as it should be.
        let behind = [&file[..10], &rubbish[..]].concat();
        let (seen, end) = read(&behind);
        assert!(seen.is_empty() && end.is_err());
    }
    let newer = [b"dualqrec", &[9, 0][..], &file[10..]].concat();
    let fault = read(&newer).1.unwrap_err();
    assert!(fault.why.contains("version 9"), "{fault}");
}

/// A record that says it is of four gigabytes makes nobody reserve them, and one that unpacks to
/// gigabytes is not unpacked.
#[test]
fn lengths_that_lie_cost_no_memory() {
    let (file, _) = written(&session());
    for length in [u32::MAX, 17 << 20, (16 << 20) - 1] {
        let mut file = file[..10].to_vec();
        file.extend(length.to_le_bytes());
        file.extend([0; 100]);
        let fault = read(&file).1.unwrap_err();
        assert!(fault.at <= file.len() as u64, "{fault}");
    }
    let bomb = framed(&vec![b' '; 200 << 20]);
    assert!(bomb.len() < 1 << 20);
    let fault = read(&bomb).1.unwrap_err();
    assert!(fault.why.contains("unpacked"), "{fault}");
}

/// A file of one record with any text in it, well packed.
fn framed(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::Compress::new(flate2::Compression::best(), false);
    let mut body = vec![1];
    body.reserve(1 << 20);
    packed
        .compress_vec(text, &mut body, flate2::FlushCompress::Sync)
        .unwrap();
    assert_eq!(packed.total_in(), text.len() as u64);
    let mut file = b"dualqrec\x01\x00".to_vec();
    file.extend(((body.len() - 1) as u32).to_le_bytes());
    file.extend(crc32fast::hash(&body).to_le_bytes());
    file.extend(body);
    file
}

/// The checksums of a file are no proof of who wrote it: what is in it is not believed.
#[test]
fn no_forged_number_or_text_brings_the_dashboard_down() {
    let numbers = [
        "0",
        "1",
        "-1",
        "255",
        "4294967295",
        "4294967296",
        "281474976710656",
        "1125899906842624",
        "9223372036854775807",
        "18446744073709551615",
        "1e300",
        "null",
    ];
    let lines = forged_base();
    let mut random = Numbers(42);
    let mut shown = 0;
    for _ in 0..150 {
        let mut lines = lines.clone();
        for _ in 0..=random.below(3) {
            let line = random.below(lines.len());
            let digits = numbers_in(&lines[line]);
            if digits.is_empty() {
                continue;
            }
            let (from, to) = digits[random.below(digits.len())];
            lines[line].replace_range(from..to, numbers[random.below(numbers.len())]);
        }
        let (whats, _) = read(&forged(&lines));
        shown += whats.len();
        let mut events: Vec<Event> = whats.into_iter().map(Event::from).collect();
        events.extend(support::typed("tblH>"));
        let app = App::new().replaying();
        play_app(
            app,
            Theme::colour(),
            (120, 40),
            events,
            &mut FakeEffects::default(),
        );
    }
    assert!(shown > 400, "{shown} records were believed");
}

/// The lines of a session as they are written, to be forged.
fn forged_base() -> Vec<String> {
    let (file, _) = written(&session());
    let mut lines = Vec::new();
    let mut stream = flate2::Decompress::new(false);
    let mut at = 10;
    while let Some(head) = file.get(at..at + 9) {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        if head[8] == 1 {
            stream.reset(false);
        }
        let mut text = Vec::with_capacity(1 << 20);
        let packed = &file[at + 9..at + 9 + length];
        let before = stream.total_in();
        loop {
            let had = text.len();
            let rest = &packed[(stream.total_in() - before) as usize..];
            stream
                .decompress_vec(rest, &mut text, flate2::FlushDecompress::Sync)
                .unwrap();
            if text.len() == had {
                break;
            }
        }
        lines.push(String::from_utf8(text).unwrap());
        at += 9 + length;
    }
    lines
}

/// A file of these lines, with its checksums right.
fn forged(lines: &[String]) -> Vec<u8> {
    let mut file = framed(lines[0].as_bytes());
    for line in &lines[1..] {
        file.extend(&framed(line.as_bytes())[10..]);
    }
    file
}

/// Returns the places of the numbers in a line.
fn numbers_in(line: &str) -> Vec<(usize, usize)> {
    let mut numbers = Vec::new();
    let mut begin = None;
    for (at, c) in line.char_indices() {
        match (c.is_ascii_digit() || c == '.', begin) {
            (true, None) => begin = Some(at),
            (false, Some(from)) => {
                numbers.push((from, at));
                begin = None;
            }
            _ => {}
        }
    }
    numbers
}

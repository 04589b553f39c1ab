//! A process's command line, so that its name is read first. The directory before it and the
//! arguments behind it are quieter, and a directory that takes the room of arguments is shortened.

use ratatui::style::Style;

use super::pen::{Pen, cells};
use super::theme::Theme;

/// The most that a directory may take where the line has no room for everything.
const LONGEST: u16 = 12;

/// A line in three parts.
struct Parts<'a> {
    /// With its last `/`; empty where there is none.
    directory: &'a str,
    name: &'a str,
    /// With the blank before them.
    arguments: &'a str,
}

fn parts(line: &str) -> Parts<'_> {
    let program = line.find(' ').unwrap_or(line.len());
    let (program, arguments) = line.split_at(program);
    // A name like `kworker/0:1` is no path.
    let name = match program.rfind('/') {
        Some(slash) if program.starts_with(['/', '.', '~']) => slash + 1,
        _ => 0,
    };
    let (directory, name) = program.split_at(name);
    Parts {
        directory,
        name,
        arguments,
    }
}

/// `/usr/lib/gcc/x86_64-linux-gnu/12/` becomes `/usr/…/`.
fn shortened(directory: &str) -> String {
    let first = directory
        .char_indices()
        .filter(|(_, c)| *c == '/')
        .nth(1)
        .map_or(0, |(slash, _)| slash + 1);
    format!("{}…/", &directory[..first])
}

/// Writes the line from `x` on into `width` cells. `found` is the part that a search looks for.
pub fn draw(
    pen: &mut Pen,
    (x, y): (u16, u16),
    line: &str,
    width: u16,
    (style, theme): (Style, &Theme),
    found: impl Fn(&str) -> Option<std::ops::Range<usize>>,
) {
    let Parts {
        directory,
        name,
        arguments,
    } = parts(line);
    let long = cells(line) > width && cells(directory) > LONGEST;
    let directory = if long {
        shortened(directory)
    } else {
        directory.to_owned()
    };
    let end = x + width;
    let quiet = style.patch(theme.quiet);
    let mut at = x;
    for (part, style) in [
        (directory.as_str(), quiet),
        (name, style.patch(theme.name)),
        (arguments, quiet),
    ] {
        let rest = match part {
            _ if at >= end => break,
            part if cells(part) > end - at => end - at,
            part => cells(part),
        };
        at = pen.put(at, y, part, rest, style);
    }
    let shown = format!("{directory}{name}{arguments}");
    if let Some(found) = found(&shown) {
        let from = cells(&shown[..found.start]);
        if from < width {
            let length = cells(&shown[found]).min(width - from);
            pen.restyle(x + from, y, length, theme.found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> [&str; 3] {
        let parts = parts(line);
        [parts.directory, parts.name, parts.arguments]
    }

    #[test]
    fn a_path_is_told_from_a_name_with_a_slash() {
        assert_eq!(
            split("/usr/bin/ffmpeg -i a/b"),
            ["/usr/bin/", "ffmpeg", " -i a/b"]
        );
        assert_eq!(split("kworker/0:1"), ["", "kworker/0:1", ""]);
        assert_eq!(
            split("postgres: 17/main: walwriter"),
            ["", "postgres:", " 17/main: walwriter"]
        );
        assert_eq!(split(""), ["", "", ""]);
    }

    #[test]
    fn the_middle_of_a_path_is_left_out() {
        assert_eq!(shortened("/usr/lib/gcc/12/"), "/usr/…/");
        assert_eq!(shortened("./a/b/c/"), "./a/…/");
        assert_eq!(shortened("/"), "…/");
    }
}

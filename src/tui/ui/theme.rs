//! Colours and characters: the one place that knows them.
//!
//! PRIORITY and BATCH differ in three ways everywhere: in colour, in weight or shade, and in the
//! character of their bars. Amber and blue are told apart with every kind of colour blindness. Text
//! and background are the terminal's own, so that light and dark terminals both work. Each background
//! has a `Palette` of 24-bit colours and one of the 256 that most terminals have; a terminal with
//! sixteen gets those alone.

use ratatui::style::{Color, Modifier, Style};

use crate::model::Queue;

/// Shades of a filled chart.
pub const SHADES: usize = 4;

/// The number of colours of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The sixteen colours of the palette.
    Sixteen,
    /// 256 colours.
    Indexed,
    /// 24 bits per colour.
    True,
}

impl Depth {
    /// The depth that `COLORTERM` and `TERM` announce.
    #[must_use]
    pub fn of_environment() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::of(&variable("COLORTERM"), &variable("TERM"))
    }

    fn of(colorterm: &str, term: &str) -> Self {
        if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("alacritty")
        {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// The colours of one background at one depth: a table of roles.
struct Palette {
    priority: Color,
    priority_fill: [Color; SHADES],
    batch: Color,
    batch_fill: [Color; SHADES],
    frame: Color,
    quiet: Color,
    good: Color,
    warning: Color,
    cursor: Color,
    tagged: Color,
}

#[allow(clippy::cast_possible_truncation)]
const fn rgb(hex: u32) -> Color {
    Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK_TRUE: Palette = Palette {
    priority: rgb(0xff_b4_38),
    priority_fill: [
        rgb(0x6e_4a_12),
        rgb(0x8a_5d_17),
        rgb(0xa8_72_1d),
        rgb(0xc8_88_24),
    ],
    batch: rgb(0x5c_a8_ff),
    batch_fill: [
        rgb(0x1c_38_5c),
        rgb(0x24_48_76),
        rgb(0x2d_5a_92),
        rgb(0x38_6e_b0),
    ],
    frame: rgb(0x4c_56_66),
    quiet: rgb(0x8c_96_a6),
    good: rgb(0x5f_d3_84),
    warning: rgb(0xff_79_c0),
    cursor: rgb(0x2e_38_4a),
    tagged: rgb(0x56_d6_d6),
};

const DARK_INDEXED: Palette = Palette {
    priority: Color::Indexed(214),
    priority_fill: [
        Color::Indexed(94),
        Color::Indexed(94),
        Color::Indexed(136),
        Color::Indexed(136),
    ],
    batch: Color::Indexed(75),
    batch_fill: [
        Color::Indexed(24),
        Color::Indexed(24),
        Color::Indexed(25),
        Color::Indexed(25),
    ],
    frame: Color::Indexed(240),
    quiet: Color::Indexed(246),
    good: Color::Indexed(78),
    warning: Color::Indexed(212),
    cursor: Color::Indexed(237),
    tagged: Color::Indexed(80),
};

const LIGHT_TRUE: Palette = Palette {
    priority: rgb(0xb3_5c_00),
    priority_fill: [
        rgb(0xf6_d3_9c),
        rgb(0xee_bd_74),
        rgb(0xe4_a5_4c),
        rgb(0xd6_8a_28),
    ],
    batch: rgb(0x17_5c_b8),
    batch_fill: [
        rgb(0xc6_dc_f7),
        rgb(0xa6_c8_f0),
        rgb(0x86_b2_e8),
        rgb(0x62_98_dc),
    ],
    frame: rgb(0xb0_b8_c2),
    quiet: rgb(0x5e_68_74),
    good: rgb(0x12_7a_3c),
    warning: rgb(0xb0_1c_7a),
    cursor: rgb(0xdc_e4_ee),
    tagged: rgb(0x00_6c_78),
};

const LIGHT_INDEXED: Palette = Palette {
    priority: Color::Indexed(130),
    priority_fill: [
        Color::Indexed(222),
        Color::Indexed(222),
        Color::Indexed(214),
        Color::Indexed(214),
    ],
    batch: Color::Indexed(25),
    batch_fill: [
        Color::Indexed(153),
        Color::Indexed(153),
        Color::Indexed(111),
        Color::Indexed(111),
    ],
    frame: Color::Indexed(249),
    quiet: Color::Indexed(241),
    good: Color::Indexed(28),
    warning: Color::Indexed(126),
    cursor: Color::Indexed(254),
    tagged: Color::Indexed(30),
};

/// The styles of the parts of the screen.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The characters that draw.
    pub glyphs: Glyphs,
    /// Whether nothing but ASCII may reach the terminal.
    pub ascii: bool,
    /// Bars and charts of PRIORITY.
    pub priority: Style,
    /// Bars and charts of BATCH.
    pub batch: Style,
    /// The cell of a chart in which PRIORITY ends and BATCH begins.
    pub border: Style,
    /// The area below the line of a chart, from the base to the line.
    pub priority_fill: [Style; SHADES],
    /// The same area of BATCH.
    pub batch_fill: [Style; SHADES],
    /// The frames of the panels.
    pub frame: Style,
    /// The name of a process, as distinct from its arguments.
    pub name: Style,
    /// A word on a bar of PRIORITY, or in the list.
    pub priority_badge: Style,
    /// A word on a bar of BATCH, or in the list.
    pub batch_badge: Style,
    /// The titles of the panels.
    pub title: Style,
    /// The most important text.
    pub strong: Style,
    /// Labels, rules, units. Dim rather than grey: some palettes have the background there.
    pub quiet: Style,
    /// The names of columns.
    pub head: Style,
    /// The row of the cursor.
    pub cursor: Style,
    /// Tagged rows.
    pub tagged: Style,
    /// The part of a row that a search found.
    pub found: Style,
    /// Our scheduler runs.
    pub good: Style,
    /// Something needs attention.
    pub warning: Style,
    /// Something failed.
    pub alarm: Style,
    /// The names of keys.
    pub key: Style,
}

/// The characters that draw.
#[derive(Debug, Clone)]
pub struct Glyphs {
    /// Bars of PRIORITY.
    pub priority: &'static str,
    /// Bars of BATCH.
    pub batch: &'static str,
    /// CPU time that neither queue served.
    pub other: &'static str,
    /// Columns from nothing to full.
    pub levels: [&'static str; 9],
    /// The end of a bar, from nothing to full.
    pub ends: [&'static str; 9],
    /// Our scheduler runs.
    pub attached: &'static str,
    /// Our scheduler does not run.
    pub detached: &'static str,
    /// A member that was chosen.
    pub member: &'static str,
    /// A member through a parent.
    pub through: &'static str,
    /// A tagged row.
    pub tag: &'static str,
    /// A change, below a chart.
    pub mark: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// The column by which the list is sorted, the smallest first.
    pub ascending: &'static str,
    /// The column by which the list is sorted, the largest first.
    pub descending: &'static str,
    /// In the tree: a branch that goes on, one that leaves it, the last that does.
    pub branches: [&'static str; 3],
    /// A value that is unknown.
    pub missing: &'static str,
    /// Between a queue and a member's level.
    pub level: &'static str,
    /// Between what comes in and what goes out, and between the words of a title.
    pub into: &'static str,
    /// Between two fields of a line.
    pub bar: &'static str,
    /// A goal that holds.
    pub holds: &'static str,
    /// A goal that is missed.
    pub fails: &'static str,
}

impl Glyphs {
    /// For terminals with Unicode.
    pub const UNICODE: Self = Self {
        priority: "█",
        batch: "▒",
        other: "░",
        levels: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        ends: [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        attached: "●",
        detached: "○",
        member: "★",
        through: "☆",
        tag: "+",
        mark: "▲",
        rule: "─",
        ascending: "▲",
        descending: "▼",
        branches: ["│ ", "├─", "└─"],
        missing: "–",
        level: "·",
        into: "›",
        bar: "│",
        holds: "✔",
        fails: "✘",
    };

    /// For terminals with ASCII only.
    pub const ASCII: Self = Self {
        priority: "#",
        batch: ":",
        other: ".",
        levels: [" ", "_", "_", ".", "-", "-", "=", "=", "#"],
        ends: [":", ":", ":", ":", "#", "#", "#", "#", "#"],
        attached: "*",
        detached: "o",
        member: "*",
        through: "o",
        tag: "+",
        mark: "^",
        rule: "-",
        ascending: "^",
        descending: "v",
        branches: ["| ", "|-", "`-"],
        missing: "-",
        level: ":",
        into: ">",
        bar: "|",
        holds: "+",
        fails: "x",
    };
}

impl Theme {
    /// Sixteen colours, of which those that a dark background shows best.
    #[must_use]
    pub fn colour() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        Self {
            glyphs: Glyphs::UNICODE,
            ascii: false,
            priority: bold.fg(Color::Yellow),
            batch: plain.fg(Color::LightBlue),
            border: bold.fg(Color::Yellow).bg(Color::LightBlue),
            priority_fill: [bold.fg(Color::Yellow); SHADES],
            batch_fill: [plain.fg(Color::LightBlue); SHADES],
            frame: dim,
            name: bold,
            priority_badge: bold.fg(Color::Black).bg(Color::Yellow),
            batch_badge: plain,
            title: bold,
            strong: bold,
            quiet: dim,
            head: bold.add_modifier(Modifier::UNDERLINED),
            tagged: bold.fg(Color::Cyan),
            cursor: plain.add_modifier(Modifier::REVERSED),
            found: plain.add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            good: bold.fg(Color::Green),
            warning: bold.fg(Color::Magenta),
            alarm: bold.fg(Color::White).bg(Color::Red),
            key: bold,
        }
    }

    /// Sixteen colours on a light background: bold yellow is too pale there, light blue too.
    #[must_use]
    pub fn light() -> Self {
        let plain = Style::new();
        Self {
            priority: plain.fg(Color::Yellow),
            batch: plain.fg(Color::Blue),
            border: plain.fg(Color::Yellow).bg(Color::Blue),
            priority_fill: [plain.fg(Color::Yellow); SHADES],
            batch_fill: [plain.fg(Color::Blue); SHADES],
            tagged: plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
            ..Self::colour()
        }
    }

    /// The colours for a dark background, as many as the terminal shows.
    #[must_use]
    pub fn dark_in(depth: Depth) -> Self {
        match depth {
            Depth::Sixteen => Self::colour(),
            Depth::Indexed => Self::colour().with(&DARK_INDEXED),
            Depth::True => Self::colour().with(&DARK_TRUE),
        }
    }

    /// The colours for a light background, as many as the terminal shows.
    #[must_use]
    pub fn light_in(depth: Depth) -> Self {
        match depth {
            Depth::Sixteen => Self::light(),
            Depth::Indexed => Self::light().with(&LIGHT_INDEXED),
            Depth::True => Self::light().with(&LIGHT_TRUE),
        }
    }

    fn with(self, palette: &Palette) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            priority: plain.fg(palette.priority),
            batch: plain.fg(palette.batch),
            border: plain.fg(palette.priority).bg(palette.batch_fill[0]),
            priority_fill: palette.priority_fill.map(|colour| plain.fg(colour)),
            batch_fill: palette.batch_fill.map(|colour| plain.fg(colour)),
            priority_badge: bold.fg(Color::Black).bg(palette.priority),
            batch_badge: plain.fg(palette.batch),
            frame: plain.fg(palette.frame),
            quiet: plain.fg(palette.quiet),
            head: bold.fg(palette.quiet),
            good: bold.fg(palette.good),
            warning: bold.fg(palette.warning),
            cursor: bold.bg(palette.cursor),
            tagged: bold.fg(palette.tagged),
            ..self
        }
    }

    /// Weight and shade alone.
    #[must_use]
    pub fn plain() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        Self {
            priority: bold,
            batch: dim,
            border: bold,
            priority_fill: [bold; SHADES],
            batch_fill: [dim; SHADES],
            priority_badge: bold.add_modifier(Modifier::REVERSED),
            batch_badge: plain,
            quiet: dim,
            good: bold,
            warning: bold,
            tagged: bold.add_modifier(Modifier::ITALIC),
            alarm: reversed.add_modifier(Modifier::BOLD),
            ..Self::colour()
        }
    }

    /// The same in ASCII.
    #[must_use]
    pub fn in_ascii(mut self) -> Self {
        self.glyphs = Glyphs::ASCII;
        self.ascii = true;
        self
    }

    /// Whether the environment asks for no colours: by a `NO_COLOR` that is not empty.
    #[must_use]
    pub fn colours_unwanted() -> bool {
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    }

    /// Bars and charts of a queue.
    #[must_use]
    pub fn queue(&self, queue: Queue) -> Style {
        match queue {
            Queue::Priority => self.priority,
            Queue::Batch => self.batch,
        }
    }

    /// Returns the style below the line of a queue's chart, from the base to the line.
    #[must_use]
    pub fn fill(&self, queue: Queue) -> &[Style; SHADES] {
        match queue {
            Queue::Priority => &self.priority_fill,
            Queue::Batch => &self.batch_fill,
        }
    }

    /// The queue's name, written out.
    #[must_use]
    pub fn badge(&self, queue: Queue) -> Style {
        match queue {
            Queue::Priority => self.priority_badge,
            Queue::Batch => self.batch_badge,
        }
    }
}

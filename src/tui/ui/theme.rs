//! Colours and characters: the one place that knows them.
//!
//! PRIORITY and BATCH differ in three ways everywhere: in colour (yellow and blue, which are told
//! apart with every kind of colour blindness), in weight or shade, and in the character of their bars.
//! Text and background are the terminal's own, so that light and dark terminals both work.

use ratatui::style::{Color, Modifier, Style};

use crate::model::Queue;

/// How the parts of the screen look.
#[derive(Debug, Clone)]
pub struct Theme {
    pub glyphs: Glyphs,
    /// Whether nothing but ASCII may reach the terminal.
    pub ascii: bool,
    /// Bars and charts of PRIORITY.
    pub priority: Style,
    /// Bars and charts of BATCH.
    pub batch: Style,
    /// The cell of a chart in which PRIORITY ends and BATCH begins.
    pub border: Style,
    /// A word on a bar of PRIORITY, or in the list.
    pub priority_badge: Style,
    pub batch_badge: Style,
    pub title: Style,
    /// What is read first.
    pub strong: Style,
    /// Labels, rules, units. Dim rather than grey: some palettes have the background there.
    pub quiet: Style,
    /// The names of columns.
    pub head: Style,
    pub cursor: Style,
    pub tagged: Style,
    pub found: Style,
    /// Our scheduler runs.
    pub good: Style,
    pub warning: Style,
    pub alarm: Style,
    pub key: Style,
}

/// The characters that draw.
#[derive(Debug, Clone)]
pub struct Glyphs {
    /// Bars of PRIORITY and of BATCH.
    pub priority: &'static str,
    pub batch: &'static str,
    /// CPU time that neither queue served.
    pub other: &'static str,
    /// Columns from nothing to full.
    pub levels: [&'static str; 9],
    /// The end of a bar, from nothing to full.
    pub ends: [&'static str; 9],
    pub attached: &'static str,
    pub detached: &'static str,
    pub member: &'static str,
    /// A member through a parent.
    pub through: &'static str,
    pub tag: &'static str,
    pub mark: &'static str,
    pub rule: &'static str,
    pub ascending: &'static str,
    pub descending: &'static str,
    /// In the tree: a branch that goes on, one that leaves it, the last that does.
    pub branches: [&'static str; 3],
    pub missing: &'static str,
    pub into: &'static str,
    pub bar: &'static str,
    /// A goal that holds, one that is missed.
    pub holds: &'static str,
    pub fails: &'static str,
}

impl Glyphs {
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
        into: "›",
        bar: "│",
        holds: "✔",
        fails: "✘",
    };

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
            tagged: plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
            ..Self::colour()
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

    /// The queue's name, written out.
    #[must_use]
    pub fn badge(&self, queue: Queue) -> Style {
        match queue {
            Queue::Priority => self.priority_badge,
            Queue::Batch => self.batch_badge,
        }
    }
}

//! A screen for terminals and fonts that have ASCII only: whatever else was drawn is replaced, cell
//! for cell, so that nothing moves and nothing is forgotten.

use ratatui::buffer::Buffer;

/// Returns the ASCII replacement of a character in our own texts. Other characters become `?`.
fn replacement(symbol: &str) -> &'static str {
    match symbol {
        "…" => "~",
        "→" | "›" => ">",
        "←" => "<",
        "↑" => "^",
        "↓" => "v",
        "–" => "-",
        "×" => "x",
        "·" => ".",
        "µ" => "u",
        "─" => "-",
        "│" => "|",
        "╭" | "╮" | "╰" | "╯" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
        "★" => "*",
        "☆" => "o",
        "“" | "”" => "\"",
        "▲" => "^",
        "▼" => "v",
        _ => "?",
    }
}

pub fn restrict(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            let other = replacement(cell.symbol());
            cell.set_symbol(other);
        }
    }
}

//! Names of strangers made safe and short enough to stand in a picture.

use std::fmt::Write as _;

/// The text without what a terminal or a browser would obey instead of showing: control characters, marks that turn
/// the direction of the text, and marks without width.
pub(super) fn shown(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let out: String = text.chars().map(|letter| if hidden(letter) { '\u{b7}' } else { letter }).collect();
    if out.trim().is_empty() { "-".to_owned() } else { out }
}

/// The columns a character takes in a terminal, near enough.
pub(super) fn columns(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 => 2,
        0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The columns a text takes in a terminal, near enough.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The text in at most that many columns, with an ellipsis for what had to go.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let text = shown(text);
    if width(&text) <= most {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += columns(letter);
        if used > most {
            break;
        }
        out.push(letter);
    }
    out.push('…');
    out
}

/// The text with the characters that mean something in XML as entities.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in shown(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' | '\'' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}

//! Ways to show a [`Report`]: for people, for editors and scripts, for code scanning, for GitHub.
//!
//! Everything that comes from a file is hostile until shown otherwise: no renderer lets a control
//! character or a change of writing direction through, so a report cannot drive a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::{Label, Report, Severity};

mod concise;
mod github;
mod json;
mod sarif;

#[cfg(feature = "render")]
mod excerpt;
#[cfg(feature = "render")]
mod text;

pub use concise::concise;
pub use github::github;
pub use json::json;
pub use sarif::sarif;
#[cfg(feature = "render")]
pub use text::{Color, TextOptions, text, text_with};

/// Longest message, in characters, that is shown whole to people; JSON and SARIF have all of it.
const LONGEST_MESSAGE: usize = 2000;

/// `2 errors, 1 warning, 3 suppressed`, or `no findings`.
pub fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    for (severity, one, many) in [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Info, "info", "infos"),
    ] {
        match report.count(severity) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {many}")),
        }
    }
    if parts.is_empty() {
        parts.push("no findings".to_owned());
    }
    let suppressed = report.suppressed().len();
    if suppressed > 0 {
        parts.push(format!("{suppressed} suppressed"));
    }
    parts.join(", ")
}

/// What is shown for a character that must not reach a terminal; `None` if it may.
fn stand_in(c: char) -> Option<char> {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        // C1 controls, directional marks, embeddings, overrides and isolates, line and paragraph
        // separators, and the noncharacters that `text` uses itself.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'..='\u{ffff}' => Some(char::REPLACEMENT_CHARACTER),
        _ => None,
    }
}

/// Text for one line: breaks and tabs become blanks, other controls visible signs.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| stand_in(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let shown = text.replace("\r\n", " ");
    let shown = shown.chars().map(|c| match c {
        '\n' | '\r' | '\t' => ' ',
        _ => stand_in(c).unwrap_or(c),
    });
    Cow::Owned(shown.collect())
}

/// Text that may have several lines.
fn some_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && stand_in(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let lines = text.split('\n').map(|line| one_line(line.strip_suffix('\r').unwrap_or(line)));
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// A message that is not longer than people read; a message may quote a key of a megabyte.
fn clipped(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// JSON in which the characters that JSON allows and terminals obey are escaped too.
///
/// They can only stand inside strings, and all of them are in the basic plane.
fn escape_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && stand_in(c).is_some() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// `file:line:column` of a label, fit for one line.
fn place(label: &Label) -> String {
    let position = label.source.position(label.span.start);
    format!("{}:{position}", one_line(label.source.name()))
}

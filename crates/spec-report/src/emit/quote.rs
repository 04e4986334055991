//! When text must be quoted, and how.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::scalar::{is_timestamp, plain};
use crate::yaml::is_printable;
use crate::{Schema, Typed};

/// The text as a YAML scalar on one line: as it is if every reader takes it for the same string,
/// else in double quotes (single quotes where that avoids escapes).
///
/// Quoted is what YAML 1.1 or 1.2 or one of their common readers would re-type (`no`, `1e3`, `012`,
/// `1:30`, `0x1f`, `1,000`, `~`, dates, `=`), what would end or break the scalar (`: `, ` #`,
/// indicators, brackets, line breaks, control characters), and the empty string. The result is good
/// as a value and as a key, in block and in flow collections.
#[must_use]
pub fn quote_if_needed(text: &str) -> Cow<'_, str> {
    let flow = text.contains(['[', ']', '{', '}', ',']);
    if !flow && is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

/// Quotes a text, with as few escapes as possible.
pub(super) fn quoted(text: &str) -> String {
    let single = text.contains(['"', '\\']) && text.chars().all(|c| c != '\t' && c != '\n' && is_bare(c));
    if single { format!("'{}'", text.replace('\'', "''")) } else { json_string(text) }
}

/// The text as a JSON string, which is also a double-quoted YAML scalar.
///
/// Besides what JSON demands, characters that YAML does not allow or that it takes for line breaks
/// (U+007F to U+009F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF) are escaped.
#[must_use]
pub fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_bare(c) => out.push(c),
            // All characters that are not bare are within 16 bits; writing to a string cannot fail.
            _ => _ = write!(out, "\\u{:04x}", u32::from(c)),
        }
    }
    out.push('"');
    out
}

/// A character that may stand for itself within quotes on one line.
fn is_bare(c: char) -> bool {
    is_printable(c) && !matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a plain scalar in a block collection means this text for every reader.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c != '\t' && is_bare(c))
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && begins_plain(text)
        && !is_word(text)
        && !looks_numeric(text)
        && !is_timestamp(text)
        && [Schema::Yaml11, Schema::Yaml12, Schema::Json]
            .into_iter()
            .all(|schema| matches!(plain(text, schema), Typed::Str(_)))
}

fn begins_plain(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        // `:x` is a symbol to Psych; `?x` and `%x` are refused by some readers.
        Some(
            '?' | ':' | ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
            | '=',
        ) => false,
        Some('-') => {
            !text.starts_with("---")
                && chars.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'))
        }
        Some('.') => !text.starts_with("..."),
        // Encoded, these begin like a byte order mark, and some readers look no further.
        Some('\u{f000}'..='\u{ffff}') => false,
        // A lone `<<` is a merge key; more of them look like a conflict marker.
        Some('<') => !text.starts_with("<<"),
        _ => true,
    }
}

/// Words that some reader takes for a boolean or null, in any case.
fn is_word(text: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether the text is made of what numbers, versions, dates and times are made of.
///
/// Wider than any schema: readers disagree about `1,000`, `1.2.3`, `2001-1-1` and `08`.
fn looks_numeric(text: &str) -> bool {
    let body = text.trim_start_matches(['+', '-', '.']);
    if !body.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if let Some(rest) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        return rest.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '_' | ',' | '.'));
    }
    let body = match body.as_bytes() {
        [b'0', b'o' | b'O' | b'b' | b'B', ..] => &body[2..],
        _ => body,
    };
    body.chars().all(|c| {
        c.is_ascii_digit() || matches!(c, '_' | ',' | '.' | ':' | '-' | '+' | 'e' | 'E' | 't' | 'T' | 'Z' | ' ')
    })
}

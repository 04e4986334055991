//! The YAML writer.

use super::quote::{is_plain, quoted};
use super::value::{Map, Value};
use crate::yaml::is_printable;

/// Longest key that is written before its `:` on one line; YAML allows 1024 characters.
const LONGEST_KEY: usize = 1000;

/// Writes a value as a YAML document, with a final line break.
///
/// Reading the result gives the same value under YAML 1.1, YAML 1.2 and JSON typing. Floats that are
/// infinite or not a number are written as `.inf` and `.nan`.
#[must_use]
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, 0, Place::Start);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Where the writer stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line, indented already.
    Start,
    /// Behind `- `: a collection may begin on the same line.
    Item,
    /// Behind `key:` or a tag, without the space: collections begin on the next line.
    Behind,
}

/// Writes a value whose lines, if it needs several, are indented by `indent`.
fn write_value(out: &mut String, value: &Value, indent: usize, place: Place) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            if place == Place::Behind {
                line(out, indent);
            }
            write_map(out, map, indent);
        }
        Value::Seq(items) if !items.is_empty() => {
            if place == Place::Behind {
                line(out, indent);
            }
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line(out, indent);
                }
                out.push_str("- ");
                write_value(out, item, indent + 2, Place::Item);
            }
        }
        Value::Tagged(tag, inner) => {
            space(out, place);
            out.push_str(tag);
            let mut inner = inner.as_ref();
            while let Value::Tagged(_, below) = inner {
                inner = below;
            }
            write_value(out, inner, indent, Place::Behind);
        }
        Value::Str(text) if is_block(text) => {
            space(out, place);
            // At the top level the text must be indented too.
            write_block(out, text, indent.max(2));
        }
        scalar => {
            space(out, place);
            write_scalar(out, scalar);
        }
    }
}

fn write_map(out: &mut String, map: &Map, indent: usize) {
    for (index, entry) in map.entries.iter().enumerate() {
        if index > 0 {
            line(out, indent);
        }
        if let Some(comment) = &entry.comment {
            for text in comment.lines() {
                let text: String = text.chars().filter(|&c| is_printable(c) && c != '\r').collect();
                out.push_str(format!("# {text}").trim_end());
                line(out, indent);
            }
        }
        let key = if is_plain(&entry.key) { entry.key.clone() } else { quoted(&entry.key) };
        if key.len() > LONGEST_KEY {
            out.push_str("? ");
            out.push_str(&key);
            line(out, indent);
            out.push(':');
        } else {
            out.push_str(&key);
            out.push(':');
        }
        write_value(out, &entry.value, indent + 2, Place::Behind);
    }
}

fn write_scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(&float(*value)),
        Value::Plain(text) if is_number_like(text) || is_plain(text) => out.push_str(text),
        Value::Str(text) | Value::Plain(text) => {
            if is_plain(text) {
                out.push_str(text);
            } else {
                out.push_str(&quoted(text));
            }
        }
        Value::Map(_) => out.push_str("{}"),
        // Tagged values do not come here.
        Value::Seq(_) | Value::Tagged(..) => out.push_str("[]"),
    }
}

/// Whether a caller's plain text is one plain scalar although a reader may re-type it: the words,
/// numbers, dates and versions that [`is_plain`] refuses for their meaning, not for their form.
fn is_number_like(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '~')
        && text != "..."
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~'))
}

/// A float that YAML 1.1 too takes for one: with a dot, and a signed exponent.
fn float(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = format!("{value:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let dot = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{dot}e{sign}{exponent}")
}

/// Whether a text of several lines reads better as a literal block, and can be one: readers disagree
/// about blocks that begin with white space, and editors remove it at ends of lines.
fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && text.chars().all(|c| is_printable(c) && !matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
        && text.split('\n').all(|line| !line.starts_with('\t') && !line.ends_with([' ', '\t']))
}

fn write_block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    out.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for text in body.split('\n') {
        out.push('\n');
        if !text.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(text);
        }
    }
    // The last break comes with the next line, or with the end of the document.
    out.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
    if breaks > 1 {
        out.push('\n');
    }
}

/// Ends a line and indents the next one; a block with kept breaks has ended its line already.
fn line(out: &mut String, indent: usize) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n(' ', indent));
}

fn space(out: &mut String, place: Place) {
    if place == Place::Behind {
        out.push(' ');
    }
}

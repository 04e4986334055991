//! Literals, numbers, and what people write in their place.

use super::{Parser, plain};
use crate::scalar::is_json_number;
use crate::{Scalar, Span, Style, Value};

impl<'t> Parser<'t, '_, '_> {
    /// `true`, `false`, `null` or a number; anything else of the kind is reported and kept as text.
    pub(super) fn word(&mut self) -> Value {
        let start = self.at;
        let word = self.take_word();
        if !matches!(word, "true" | "false" | "null") && !is_json_number(word) {
            let (message, help) = advice(word);
            let mut note = self.notes.at(self.notes.rules.syntax, Span::new(start, self.at), message);
            if let Some(help) = help {
                note = note.with_help(help);
            }
            self.notes.push(note);
        }
        Value::Scalar(plain(word))
    }

    /// A key without quotes; reported.
    pub(super) fn bare_key(&mut self) -> Option<Scalar> {
        let start = self.at;
        let word = self.take_word();
        if word.is_empty() {
            self.stop_at_char();
            return None;
        }
        let note = self
            .notes
            .at(self.notes.rules.syntax, Span::new(start, self.at), format!("the key `{word}` needs double quotes"))
            .with_help(format!("write `\"{word}\"`"));
        self.notes.push(note);
        Some(Scalar { text: word.to_owned(), style: Style::Plain })
    }

    fn take_word(&mut self) -> &'t str {
        let start = self.at;
        let rest = &self.text[start..];
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '$')))
            .unwrap_or(rest.len());
        self.at = start + length;
        &self.text[start..self.at]
    }
}

fn advice(word: &str) -> (String, Option<&'static str>) {
    let unsigned = word.trim_start_matches(['+', '-']);
    match unsigned {
        "NaN" | "nan" | "Infinity" | "inf" | "Inf" => {
            (format!("JSON has no `{word}`"), Some("use `null`, or text in double quotes"))
        }
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            let help = if word.starts_with('+') {
                "numbers have no `+` in front"
            } else if unsigned.len() > 1
                && unsigned.starts_with('0')
                && unsigned[1..].starts_with(|c: char| c.is_ascii_digit())
            {
                "numbers have no leading zeros; put an identifier in double quotes"
            } else if unsigned.starts_with('.') || unsigned.ends_with('.') {
                "numbers have a digit before and behind the `.`"
            } else {
                "put text in double quotes"
            };
            (format!("`{word}` is not a JSON number"), Some(help))
        }
        "None" | "nil" | "NULL" | "Null" | "undefined" => {
            (format!("`{word}` is not JSON"), Some("did you mean `null`?"))
        }
        _ if word.eq_ignore_ascii_case("true") => (format!("`{word}` is not JSON"), Some("did you mean `true`?")),
        _ if word.eq_ignore_ascii_case("false") => (format!("`{word}` is not JSON"), Some("did you mean `false`?")),
        _ => (format!("the text `{word}` needs double quotes"), None),
    }
}

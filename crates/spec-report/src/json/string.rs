//! JSON strings: escapes, surrogates, and what must not stand in them.

use super::Parser;
use crate::{Scalar, Span, Style};

impl Parser<'_, '_, '_> {
    /// A string that begins at hand. Single quotes are reported and understood.
    pub(super) fn string(&mut self, quote: u8) -> Scalar {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain =
                rest.iter().position(|&byte| byte == quote || byte == b'\\' || byte < 0x20).unwrap_or(rest.len());
            text.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(byte) if byte == quote => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => self.escape(&mut text),
                Some(b'\n' | b'\r') | None => {
                    // Where it was meant to end is anybody's guess, and so is all that follows.
                    let opening = Span::new(start, start + 1);
                    self.stop("a string is not closed on its line", Some((opening, "it begins here".to_owned())));
                    break;
                }
                Some(control) => {
                    let message = format!("the control character U+{control:04X} must be escaped in a string");
                    let note = self
                        .notes
                        .at(self.notes.rules.syntax, Span::new(self.at, self.at + 1), message)
                        .with_help(if control == b'\t' {
                            "write `\\t`".to_owned()
                        } else {
                            format!("write `\\u{control:04x}`")
                        });
                    self.notes.push(note);
                    text.push(char::from(control));
                    self.at += 1;
                }
            }
        }
        if quote == b'\'' {
            let note = self
                .notes
                .at(self.notes.rules.syntax, Span::new(start, self.at), "JSON strings need double quotes")
                .with_help("replace the single quotes by double quotes");
            self.notes.push(note);
            return Scalar { text, style: Style::SingleQuoted };
        }
        Scalar { text, style: Style::DoubleQuoted }
    }

    fn escape(&mut self, text: &mut String) {
        let start = self.at;
        self.at += 1;
        let Some(c) = self.text[self.at..].chars().next() else {
            return;
        };
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.at += 1;
                text.push(self.unicode(start));
                return;
            }
            // The line break is what the caller has to judge.
            '\n' | '\r' => return,
            other => {
                self.at += other.len_utf8();
                let span = Span::new(start, self.at);
                let note = self
                    .notes
                    .at(self.notes.rules.syntax, span, format!("`\\{}` is no escape of JSON", other.escape_default()))
                    .with_help("write `\\\\` for a backslash");
                self.notes.push(note);
                if other != '\'' {
                    text.push('\\');
                }
                text.push(other);
                return;
            }
        };
        self.at += 1;
        text.push(plain);
    }

    /// The character of `\uXXXX`, or of two that form a surrogate pair.
    fn unicode(&mut self, start: usize) -> char {
        let Some(first) = self.hex() else {
            self.bad_escape(start, "`\\u` needs four hexadecimal digits");
            return char::REPLACEMENT_CHARACTER;
        };
        if let Some(c) = char::from_u32(first) {
            return c;
        }
        let pair = self.at;
        if first < 0xDC00 && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            if let Some(second) = self.hex().filter(|second| (0xDC00..0xE000).contains(second)) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
            self.at = pair;
        }
        self.bad_escape(start, "this is one half of a surrogate pair without the other");
        char::REPLACEMENT_CHARACTER
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut value = 0;
        for &digit in digits {
            value = value * 16 + char::from(digit).to_digit(16)?;
        }
        self.at += 4;
        Some(value)
    }

    fn bad_escape(&mut self, start: usize, message: &str) {
        self.notes.syntax(Span::new(start, self.at), message);
    }
}

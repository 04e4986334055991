//! The JSON reader: strict by RFC 8259 in what it accepts, forgiving in going on.
//!
//! Every deviation is reported. Where it leaves no doubt about what is meant, reading goes on, so that
//! one run shows all slips of a hand-edited file.

mod string;
mod word;

use crate::read::{Notes, too_large, unread};
use crate::{Document, Entry, Format, Limits, Node, Report, Scalar, Source, Span, Structure, Style, Value};

pub(crate) fn read(source: Source, limits: &Limits, rules: &Structure) -> (Document, Report) {
    let shared = source.clone();
    let mut notes = Notes::new(&shared, rules);
    if too_large(&mut notes, source.len(), limits) {
        return (unread(source, Format::Json), notes.into_report());
    }
    let mut parser = Parser {
        text: shared.text(),
        at: 0,
        depth_limit: limits.effective_depth(),
        nodes_left: limits.nodes.min(limits.expanded_nodes),
        stopped_at: None,
        notes: &mut notes,
    };
    let root = parser.document();
    let stopped_at = parser.stopped_at;
    let report = notes.into_report();
    (Document { source, format: Format::Json, root, comments: Vec::new(), stopped_at }, report)
}

struct Parser<'t, 'n, 's> {
    text: &'t str,
    at: usize,
    depth_limit: usize,
    nodes_left: usize,
    /// Set once reading cannot go on; everything open is then closed as it is.
    stopped_at: Option<usize>,
    notes: &'n mut Notes<'s>,
}

impl Parser<'_, '_, '_> {
    fn document(&mut self) -> Option<Node> {
        self.skip_blank();
        if self.peek().is_none() {
            self.notes.syntax(Span::at(self.at), "the file is empty; JSON needs a value");
            return None;
        }
        let root = self.value(0);
        self.skip_blank();
        if self.stopped_at.is_none() && self.peek().is_some() {
            self.stop("there is text behind the end of the JSON value", None);
        }
        root
    }

    /// A value, as far as it can be read; `None` if there is none at all.
    ///
    /// Recursion is bounded by the depth limit.
    fn value(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        if self.nodes_left == 0 {
            self.notes.limit(Span::at(start), "the file has more values than the limit allows; reading stops here");
            self.stopped_at = Some(start);
            return None;
        }
        self.nodes_left -= 1;
        let value = match self.peek()? {
            open @ (b'{' | b'[') => {
                if depth >= self.depth_limit {
                    let message = format!("values are nested more than {} deep here; reading stops", self.depth_limit);
                    self.notes.limit(Span::at(start), message);
                    self.stopped_at = Some(start);
                    return None;
                }
                self.at += 1;
                if open == b'{' { self.object(start, depth) } else { self.array(start, depth) }
            }
            quote @ (b'"' | b'\'') => Value::Scalar(self.string(quote)),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'+' | b'.' | b'_' | b'$' => self.word(),
            b']' | b'}' | b',' | b':' => return None,
            _ => {
                self.stop_at_char();
                return None;
            }
        };
        let end = self.at;
        Some(Node { span: Span::new(start, end), tag: None, anchor: None, value })
    }

    fn array(&mut self, open: usize, depth: usize) -> Value {
        let mut items = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                _ if self.stopped_at.is_some() => break,
                None => {
                    self.stop_unclosed(open);
                    break;
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b'}') => {
                    self.stop_mismatch(open);
                    break;
                }
                Some(b',') => {
                    self.notes.syntax(self.here(), "a value is missing before this `,`");
                    self.at += 1;
                    continue;
                }
                Some(b':') => {
                    self.stop("a `:` cannot stand in a list; keys belong in `{` `}`", None);
                    break;
                }
                Some(_) => items.extend(self.value(depth + 1)),
            }
            if self.stopped_at.is_none() {
                self.separator(b']');
            }
        }
        Value::Seq(items)
    }

    fn object(&mut self, open: usize, depth: usize) -> Value {
        let mut entries = Vec::new();
        loop {
            self.skip_blank();
            match self.peek() {
                _ if self.stopped_at.is_some() => break,
                None => {
                    self.stop_unclosed(open);
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b']') => {
                    self.stop_mismatch(open);
                    break;
                }
                Some(b',') => {
                    self.notes.syntax(self.here(), "an entry is missing before this `,`");
                    self.at += 1;
                    continue;
                }
                Some(_) => entries.extend(self.entry(depth)),
            }
            if self.stopped_at.is_none() {
                self.separator(b'}');
            }
        }
        self.notes.duplicates(&entries);
        Value::Map(entries)
    }

    /// A key and its value; `None` if either is missing, which is reported.
    fn entry(&mut self, depth: usize) -> Option<Entry> {
        let start = self.at;
        let key = match self.peek()? {
            quote @ (b'"' | b'\'') => self.string(quote),
            b'{' | b'[' | b':' => {
                self.stop("an entry begins with a key in double quotes", None);
                return None;
            }
            _ => self.bare_key()?,
        };
        let key = Node { span: Span::new(start, self.at), tag: None, anchor: None, value: Value::Scalar(key) };
        if self.stopped_at.is_some() {
            return None;
        }
        self.nodes_left = self.nodes_left.saturating_sub(1);
        self.skip_blank();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(b'=') => {
                self.notes.syntax(self.here(), "a key is followed by `:`, not by `=`");
                self.at += 1;
            }
            Some(b',' | b'}') | None => {
                self.notes.syntax(key.span, "this key has no value");
                return None;
            }
            Some(_) => self.notes.syntax(Span::at(key.span.end), "a `:` is missing behind this key"),
        }
        self.skip_blank();
        match self.value(depth + 1) {
            Some(value) => Some(Entry { key, value }),
            None => {
                if self.stopped_at.is_none() {
                    self.notes.syntax(key.span, "this key has no value");
                    if self.peek() == Some(b':') {
                        self.stop("a second `:` follows the key", None);
                    }
                }
                None
            }
        }
    }

    /// The `,` between two values, or nothing before the closing bracket.
    fn separator(&mut self, close: u8) {
        let end = self.at;
        self.skip_blank();
        match self.peek() {
            Some(b',') => {
                let comma = self.here();
                self.at += 1;
                self.skip_blank();
                if self.peek() == Some(close) {
                    let note = self
                        .notes
                        .at(self.notes.rules.syntax, comma, "JSON allows no `,` behind the last value")
                        .with_help("remove the `,`");
                    self.notes.push(note);
                }
            }
            Some(b';') => {
                self.notes.syntax(self.here(), "values are separated by `,`, not by `;`");
                self.at += 1;
            }
            // Closing brackets and the end are judged by the caller.
            Some(b']' | b'}' | b':') | None => {}
            Some(_) => self.notes.syntax(Span::at(end), "a `,` is missing here"),
        }
    }

    /// Skips white space, and comments after reporting them.
    fn skip_blank(&mut self) {
        while let Some(byte) = self.peek() {
            let rest = &self.text[self.at..];
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'/' if rest.starts_with("//") => self.comment(rest.find(['\n', '\r'])),
                b'/' if rest.starts_with("/*") => self.comment(rest.find("*/").map(|at| at + 2)),
                b'#' => self.comment(rest.find(['\n', '\r'])),
                0x80.. => {
                    let Some(c) =
                        rest.chars().next().filter(|&c| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}')
                    else {
                        return;
                    };
                    let message = format!("U+{:04X} does not count as white space in JSON", u32::from(c));
                    self.notes.syntax(self.here(), message);
                    self.at += c.len_utf8();
                }
                _ => return,
            }
        }
    }

    fn comment(&mut self, length: Option<usize>) {
        let end = length.map_or(self.text.len(), |length| self.at + length);
        let note = self
            .notes
            .at(self.notes.rules.syntax, Span::new(self.at, end), "JSON has no comments")
            .with_help("remove the comment");
        self.notes.push(note);
        self.at = end;
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The character at hand.
    fn here(&self) -> Span {
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        Span::new(self.at, self.at + length)
    }

    fn stop(&mut self, message: impl Into<String>, label: Option<(Span, String)>) {
        let mut note = self.notes.at(self.notes.rules.syntax, self.here(), message);
        if let Some((span, text)) = label {
            note = note.with_label(self.notes.source, span, text);
        }
        self.notes.push(note);
        self.stopped_at = Some(self.at);
    }

    fn stop_at_char(&mut self) {
        let c = self.text[self.at..].chars().next().unwrap_or_default();
        let message = match c {
            '\0'..=' ' => format!("the control character U+{:04X} is not allowed here", u32::from(c)),
            '“' | '”' | '„' | '‘' | '’' => {
                format!("`{c}` is not a quote of JSON; use `\"`")
            }
            _ => format!("`{c}` cannot begin a JSON value"),
        };
        self.stop(message, None);
    }

    fn stop_unclosed(&mut self, open: usize) {
        let bracket = &self.text[open..=open];
        let label = format!("this `{bracket}` is not closed");
        self.stop("the file ends inside brackets", Some((Span::new(open, open + 1), label)));
    }

    fn stop_mismatch(&mut self, open: usize) {
        let close = &self.text[self.at..=self.at];
        let bracket = &self.text[open..=open];
        let label = format!("this `{bracket}` is still open");
        self.stop(format!("`{close}` closes nothing here"), Some((Span::new(open, open + 1), label)));
    }
}

fn plain(text: &str) -> Scalar {
    Scalar { text: text.to_owned(), style: Style::Plain }
}

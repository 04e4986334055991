//! The wording of suppression comments, `# <crate>: allow(rule, other-rule) reason`.

use crate::{Rule, Source, Span, did_you_mean};

/// A comment with its place on its line.
#[derive(Debug)]
pub(crate) struct Comment {
    /// From the `#` to the end of the line.
    pub(crate) span: Span,
    /// The line it is on, from 1.
    pub(crate) line: usize,
    /// Whether nothing but blanks stands before it.
    pub(crate) alone: bool,
}

/// What a comment says about rules.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// Nothing.
    Other,
    /// It was meant as a suppression and is none; the text says why.
    Malformed(String),
    /// Rule names, at least one.
    Allow(Vec<Name>),
}

/// A rule name in a comment.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) span: Span,
}

impl Comment {
    pub(crate) fn new(source: &Source, span: Span) -> Self {
        let line = source.position(span.start).line;
        let on_line = source.line_span(line).unwrap_or(span);
        let before = source.slice(Span::new(on_line.start, span.start));
        let end = span.start + source.slice(span).trim_end().len();
        Self { span: Span::new(span.start, end), line, alone: before.trim().is_empty() }
    }

    pub(crate) fn meaning(&self, source: &Source, crate_name: &str, known: &[&'static Rule]) -> Meaning {
        let text = source.slice(self.span);
        let body = text.trim_start_matches('#').trim_start();
        let Some(rest) =
            body.strip_prefix(crate_name).and_then(|rest| rest.trim_start().strip_prefix(':')).map(str::trim_start)
        else {
            return Meaning::Other;
        };
        let word_end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(word_end);
        let Some(list) = rest.trim_start().strip_prefix('(') else {
            let next = rest.trim_start_matches([' ', '\t', ':', '=', '[']);
            let next = next.split([' ', ',', ']']).next().unwrap_or_default();
            let names_rule = known.iter().any(|rule| rule.name() == next || rule.id == next);
            return if word == "allow" && names_rule {
                Meaning::Malformed(format!("`{word}` needs its rules in parentheses"))
            } else {
                Meaning::Other
            };
        };
        if word != "allow" {
            let levels = ["warn", "deny", "ignore", "disable", "expect", "forbid"];
            return if levels.contains(&word) || did_you_mean(word, ["allow"]).is_some() {
                Meaning::Malformed(format!("a comment can only `allow`, not `{word}`"))
            } else {
                Meaning::Other
            };
        }
        let Some((list, _reason)) = list.split_once(')') else {
            return Meaning::Malformed("the list of allowed rules is not closed by `)`".to_owned());
        };
        let list_start = self.span.end - source_tail(text, list);
        let mut names = Vec::new();
        let mut at = list_start;
        for part in list.split(',') {
            let start = at + part.len() - part.trim_start().len();
            let word = part.trim();
            if !word.is_empty() {
                names.push(Name { span: Span::new(start, start + word.len()) });
            }
            at += part.len() + 1;
        }
        if names.is_empty() {
            return Meaning::Malformed("no rule is named between the parentheses".to_owned());
        }
        Meaning::Allow(names)
    }

    /// What has to go for one name to go: the name with its comma, or the whole comment.
    pub(crate) fn removal(&self, source: &Source, names: &[Name], index: usize) -> Span {
        if let [_] = names {
            return self.whole(source);
        }
        match (names.get(index), names.get(index + 1)) {
            (Some(name), Some(next)) => Span::new(name.span.start, next.span.start),
            (Some(name), None) => Span::new(names[index - 1].span.end, name.span.end),
            (None, _) => self.whole(source),
        }
    }

    fn whole(&self, source: &Source) -> Span {
        let Some(line) = source.line_span(self.line) else {
            return self.span;
        };
        if self.alone {
            let end = source.line_span(self.line + 1).map_or(source.len(), |next| next.start);
            return Span::new(line.start, end);
        }
        let before = source.slice(Span::new(line.start, self.span.start)).trim_end();
        Span::new(line.start + before.len(), line.end)
    }
}

/// Bytes from the start of `part` to the end of `text`, of which it is a piece.
fn source_tail(text: &str, part: &str) -> usize {
    text.len() - (part.as_ptr().addr() - text.as_ptr().addr())
}

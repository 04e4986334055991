//! Broken YAML in libyaml's words.
//!
//! Both agents read through libyaml; this crate does not. The place of an error and the character
//! there tell which of libyaml's complaints it is in the cases that happen in AppSpecs.

use spec_report::{Diagnostic, Position, Report, Severity, Source};

use super::Verdict;
use crate::rules::STRUCTURE;

/// A complaint of libyaml, as far as it is known.
pub(super) enum Syntax {
    /// Its problem, and what it was doing.
    Known(Complaint),
    /// Something else; the words are those of this crate's reader.
    Unknown(String),
}

pub(super) struct Complaint {
    problem: &'static str,
    at: Position,
    context: Option<(&'static str, Position)>,
}

/// What stops the reader of a document, if anything does.
pub(super) fn first(source: &Source, report: &Report) -> Option<Syntax> {
    let stops = |id| id == STRUCTURE.syntax.id || id == STRUCTURE.limit.id;
    let is_error = |found: &&Diagnostic| stops(found.rule.id) && found.severity == Severity::Error;
    let error = report.iter().filter(is_error).find(|found| !is_alias(&source.text()[found.primary.span.start..]))?;
    // A second label points at the bracket that is still open, where libyaml has other words.
    let is_plain = error.rule.id == STRUCTURE.syntax.id && error.secondary.is_empty();
    let known = is_plain.then(|| complaint(source, error.primary.span.start)).flatten();
    Some(known.map_or_else(|| Syntax::Unknown(error.message.clone()), Syntax::Known))
}

fn complaint(source: &Source, at: usize) -> Option<Complaint> {
    let text = source.text();
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let blank = text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len();
    if let Some(tab) = text[line..line + blank].find('\t') {
        // Behind a text without quotes libyaml takes the line for more of that text, and complains
        // in words that changed between its versions.
        let is_token = text[..line].trim_end().ends_with([':', '-']);
        return is_token.then(|| no_token(source.position(line + tab)));
    }
    let here = source.position(at);
    let unnamed = |what| Complaint {
        problem: "did not find expected alphabetic or numeric character",
        at: source.position(at + 1 + name(&text[at + 1..]).len()),
        context: Some((what, here)),
    };
    let begins_line = text[line..at].trim().is_empty();
    match text[at..].chars().next()? {
        // Both begin something else there: a directive, and an entry without a key.
        '%' | ':' if begins_line => None,
        '@' | '`' | '%' => Some(no_token(here)),
        '*' => Some(unnamed("while scanning an alias")),
        '&' => Some(unnamed("while scanning an anchor")),
        ':' => Some(Complaint { problem: "mapping values are not allowed in this context", at: here, context: None }),
        _ => None,
    }
}

/// What libyaml takes for the name of an alias or anchor.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'));
    &text[..end.unwrap_or(text.len())]
}

/// Whether a whole alias begins the text. If no anchor has its name, that is no matter of syntax.
fn is_alias(text: &str) -> bool {
    let Some(text) = text.strip_prefix('*') else { return false };
    let name = name(text);
    let behind = text[name.len()..].chars().next();
    !name.is_empty() && behind.is_none_or(|c| c.is_whitespace() || "?:,]}%@`".contains(c))
}

fn no_token(at: Position) -> Complaint {
    Complaint {
        problem: "found character that cannot start any token",
        at,
        context: Some(("while scanning for the next token", at)),
    }
}

impl Syntax {
    /// As Ruby's `Psych::SyntaxError` puts it.
    pub(super) fn in_psych(self) -> Verdict {
        match self {
            Self::Known(Complaint { problem, at, context: None }) => {
                Verdict::in_its_words(format!("(<unknown>): {problem} at {}", place(at)))
            }
            Self::Known(Complaint { problem, context: Some((doing, at)), .. }) => {
                Verdict::in_its_words(format!("(<unknown>): {problem} {doing} at {}", place(at)))
            }
            Self::Unknown(message) => Verdict::in_our_words(message),
        }
    }

    /// As `serde_yaml` puts it, without the agent's sentence around it. It says once where it is if both
    /// places are the same.
    pub(super) fn in_serde(self) -> Result<String, String> {
        match self {
            Self::Known(Complaint { problem, at, context }) => {
                let context = match context {
                    None => String::new(),
                    Some((doing, from)) if from == at => format!(", {doing}"),
                    Some((doing, from)) => format!(", {doing} at {}", place(from)),
                };
                Ok(format!("{problem} at {}{context}", place(at)))
            }
            Self::Unknown(message) => Err(message),
        }
    }
}

pub(super) fn place(at: Position) -> String {
    format!("line {} column {}", at.line, at.column)
}

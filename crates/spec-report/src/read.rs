//! Reading entry points, and what readers of both notations share.

use std::collections::HashMap;

use crate::{
    Diagnostic, Document, Entry, Format, Limits, Node, Report, Rule, Severity, Source, Span, Structure, Value,
};

/// What reading a file into a model gives: never an error, always a report.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The document as it was written.
    pub document: Document,
    /// The model, as far as it could be read.
    pub value: Option<T>,
    /// What is wrong.
    pub report: Report,
}

impl<T> Parsed<T> {
    /// Changes the model and keeps the rest.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Parsed<U> {
        Parsed { document: self.document, value: self.value.map(f), report: self.report }
    }
}

/// Reads YAML. Never fails: what could not be read is in the report.
///
/// Of a file with several documents the first one is read, and the second one is reported.
/// After a syntax error the document holds what was read before it and, where the outermost mapping
/// is a block mapping, its later entries.
#[must_use]
pub fn read_yaml(source: Source, limits: &Limits, rules: &Structure) -> (Document, Report) {
    crate::yaml::read(source, limits, rules)
}

/// Reads JSON strictly by RFC 8259. Never fails: what is wrong is in the report.
///
/// Slips that leave no doubt about what is meant (comments, trailing commas, single quotes, bare
/// words, missing commas) are reported and read on.
#[must_use]
pub fn read_json(source: Source, limits: &Limits, rules: &Structure) -> (Document, Report) {
    crate::json::read(source, limits, rules)
}

/// Reads JSON if the name ends in `.json`, YAML otherwise.
///
/// The text is not asked: JSON in a `.yml` file is YAML too, and gets YAML's checks.
#[must_use]
pub fn read(source: Source, limits: &Limits, rules: &Structure) -> (Document, Report) {
    let name = source.name();
    let json = name.len() >= 5 && name.as_bytes()[name.len() - 5..].eq_ignore_ascii_case(b".json");
    if json { read_json(source, limits, rules) } else { read_yaml(source, limits, rules) }
}

/// Most diagnostics that reading one file gives; a file with more is not read by people either.
const MOST_NOTES: usize = 500;

/// Collects diagnostics of one source while it is read, up to a bound.
pub(crate) struct Notes<'a> {
    pub(crate) source: &'a Source,
    pub(crate) rules: &'a Structure,
    report: Report,
    count: usize,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(source: &'a Source, rules: &'a Structure) -> Self {
        Self { source, rules, report: Report::new(), count: 0 }
    }

    pub(crate) fn at(&self, rule: &'static Rule, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(rule, self.source, span, message)
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.count == MOST_NOTES {
            let message = format!("more than {MOST_NOTES} problems in this file; the rest is not listed");
            let note = self.at(self.rules.limit, diagnostic.primary.span, message);
            self.report.push(note.with_severity(Severity::Info));
        } else if self.count < MOST_NOTES {
            self.report.push(diagnostic);
        }
        self.count += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.count > MOST_NOTES
    }

    pub(crate) fn syntax(&mut self, span: Span, message: impl Into<String>) {
        let diagnostic = self.at(self.rules.syntax, span, message);
        self.push(diagnostic);
    }

    pub(crate) fn limit(&mut self, span: Span, message: impl Into<String>) {
        let diagnostic = self.at(self.rules.limit, span, message);
        self.push(diagnostic);
    }

    pub(crate) fn into_report(self) -> Report {
        self.report
    }

    /// Reports keys that a mapping has more than once.
    ///
    /// Keys are compared by their text, whatever their style: `1` and `"1"` meet in every consumer
    /// that keeps keys as strings. Keys with different tags differ; keys that are collections are
    /// not compared.
    pub(crate) fn duplicates(&mut self, entries: &[Entry]) {
        if entries.len() < 2 || self.is_full() {
            return;
        }
        let mut first: HashMap<(&str, Option<&str>), &Node> = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Value::Scalar(scalar) = &entry.key.resolved().value else {
                continue;
            };
            let tag = entry.key.tag.as_ref().map(|tag| tag.text.as_str());
            match first.entry((&scalar.text, tag)) {
                std::collections::hash_map::Entry::Vacant(slot) => {
                    slot.insert(&entry.key);
                }
                std::collections::hash_map::Entry::Occupied(slot) => {
                    let message = format!("the key `{}` is written twice in this mapping", scalar.text);
                    let diagnostic = self.at(self.rules.duplicate_key, entry.key.span, message).with_label(
                        self.source,
                        slot.get().span,
                        "first written here",
                    );
                    self.push(diagnostic);
                }
            }
        }
    }
}

/// The document of a file that is not read at all.
pub(crate) fn unread(source: Source, format: Format) -> Document {
    Document { source, format, root: None, comments: Vec::new(), stopped_at: Some(0) }
}

/// Reports a text that is larger than the limit.
pub(crate) fn too_large(notes: &mut Notes<'_>, bytes: usize, limits: &Limits) -> bool {
    if bytes <= limits.bytes {
        return false;
    }
    let message = format!("the file has {bytes} bytes, more than the limit of {}; it is not read", limits.bytes);
    notes.limit(Span::at(0), message);
    true
}

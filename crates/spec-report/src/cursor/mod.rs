//! Typed reading of a document: values are taken out, and what does not fit is reported.
//!
//! A [`Reader`] collects the diagnostics, a [`MapCursor`] hands out the entries of one mapping and
//! knows at the end which ones nobody asked for, a [`Field`] is one entry with its typed getters.

mod field;
mod map;
mod merge;

use std::fmt::Display;
use std::ops::RangeInclusive;

pub use field::Field;
pub use map::MapCursor;
pub(crate) use merge::applied;

use crate::{
    Alias, Diagnostic, Document, Format, Node, Report, Rule, Schema, Source, Span, Spanned, Structure, Typed, Value,
};

/// What a cursor does with merge keys (`<<`) of YAML documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MergeKeys {
    /// Entries of merged mappings are handed out as if written in place; own entries win.
    #[default]
    Apply,
    /// `<<` is a key like any other, for services that do not know it.
    Literal,
}

/// Reads values out of one document and collects what is wrong with them.
///
/// Spans of values that are written as aliases are those of the alias (`*name`), never of the
/// anchored text, so that a fix cannot edit a place that others refer to.
#[derive(Debug)]
pub struct Reader<'d> {
    document: &'d Document,
    rules: &'static Structure,
    schema: Schema,
    merge_keys: MergeKeys,
    report: Report,
}

impl<'d> Reader<'d> {
    /// A reader that types scalars by `schema` and reports by `rules`. Merge keys are applied in
    /// YAML documents.
    #[must_use]
    pub fn new(document: &'d Document, rules: &'static Structure, schema: Schema) -> Self {
        let merge_keys = match document.format() {
            Format::Yaml => MergeKeys::Apply,
            Format::Json => MergeKeys::Literal,
        };
        Self { document, rules, schema, merge_keys, report: Report::new() }
    }

    /// Sets what becomes of merge keys.
    #[must_use]
    pub fn with_merge_keys(mut self, merge_keys: MergeKeys) -> Self {
        self.merge_keys = merge_keys;
        self
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &'d Document {
        self.document
    }

    /// The document's text.
    #[must_use]
    pub fn source(&self) -> &'d Source {
        self.document.source()
    }

    /// The schema that types scalars.
    #[must_use]
    pub fn schema(&self) -> Schema {
        self.schema
    }

    /// The rules that the reader reports by.
    #[must_use]
    pub fn rules(&self) -> &'static Structure {
        self.rules
    }

    /// Adds a diagnostic.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
    }

    /// Adds a diagnostic at a place of this document.
    pub fn report_at(&mut self, rule: &'static Rule, span: Span, message: impl Into<String>) {
        let diagnostic = Diagnostic::new(rule, self.source(), span, message);
        self.report(diagnostic);
    }

    /// What was reported.
    #[must_use]
    pub fn finish(self) -> Report {
        self.report
    }

    /// Reports that `what` is of the wrong type: "`what` must be `wanted`, but is a list".
    ///
    /// Silent for an alias without a target, which was reported when it was read.
    pub fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let resolved = node.resolved();
        if matches!(resolved.value, Value::Alias(Alias { target: None, .. })) {
            return;
        }
        let mut diagnostic = Diagnostic::new(
            self.rules.wrong_type,
            self.source(),
            head(node, self.source()),
            format!("{what} must be {wanted}, but is {}", resolved.kind()),
        );
        if !std::ptr::eq(node, resolved) {
            diagnostic =
                diagnostic.with_label(self.source(), head(resolved, self.source()), "the alias stands for this");
        }
        self.report(diagnostic);
    }

    /// Whether a node is null by the reader's schema.
    #[must_use]
    pub fn is_null(&self, node: &Node) -> bool {
        node.is_null(self.schema)
    }

    /// The entries of a mapping; anything else is reported. `what` begins the message: "`phases`",
    /// "the buildspec".
    pub fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<MapCursor<'n>> {
        if let Value::Map(entries) = &node.resolved().value {
            return Some(MapCursor::open(node, head(node, self.source()), what, entries, self));
        }
        self.wrong_type(node, what, "a mapping");
        None
    }

    /// Like [`Reader::map`], but a null counts as an empty mapping.
    pub fn map_or_null<'n>(&mut self, node: &'n Node, what: &str) -> Option<MapCursor<'n>> {
        if self.is_null(node) {
            return Some(MapCursor::open(node, head(node, self.source()), what, &[], self));
        }
        self.map(node, what)
    }

    /// The items of a list; anything else is reported and gives none.
    pub fn seq<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if let Value::Seq(items) = &node.resolved().value {
            return items;
        }
        self.wrong_type(node, what, "a list");
        &[]
    }

    /// The text of a scalar. Numbers and booleans give their text as written (`3.10`, `yes`), as a
    /// service does that decodes into a string; null is reported.
    pub fn str(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        match node.as_str() {
            Some(text) if !self.is_null(node) => Some(Spanned::new(text.to_owned(), node.span)),
            _ => {
                self.wrong_type(node, what, "a string");
                None
            }
        }
    }

    /// Like [`Reader::str`], but null gives the empty string.
    pub fn str_or_empty(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        if node.as_str().is_some() && self.is_null(node) {
            return Some(Spanned::new(String::new(), node.span));
        }
        self.str(node, what)
    }

    /// A boolean by the schema; anything else is reported.
    pub fn bool(&mut self, node: &Node, what: &str) -> Option<Spanned<bool>> {
        if let Typed::Bool(value) = node.typed(self.schema) {
            return Some(Spanned::new(value, node.span));
        }
        self.wrong_type(node, what, "`true` or `false`");
        None
    }

    /// Like [`Reader::bool`], but the quoted words `true` and `false` (in any case) count too.
    pub fn bool_or_str(&mut self, node: &Node, what: &str) -> Option<Spanned<bool>> {
        match node.as_str() {
            Some(text) if text.eq_ignore_ascii_case("true") => Some(Spanned::new(true, node.span)),
            Some(text) if text.eq_ignore_ascii_case("false") => Some(Spanned::new(false, node.span)),
            _ => self.bool(node, what),
        }
    }

    /// A whole number within `range`; anything else is reported.
    pub fn int<T>(&mut self, node: &Node, what: &str, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        let typed = node.typed(self.schema);
        self.int_from(typed, node, what, range)
    }

    /// Like [`Reader::int`], but a quoted number counts too.
    pub fn int_or_str<T>(&mut self, node: &Node, what: &str, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        let typed = match node.typed(self.schema) {
            Typed::Str(text) => text.parse().map_or(Typed::Str(text), Typed::Int),
            typed => typed,
        };
        self.int_from(typed, node, what, range)
    }

    fn int_from<T>(&mut self, typed: Typed<'_>, node: &Node, what: &str, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        if let Typed::Int(value) = typed {
            if let Ok(fitting) = T::try_from(value)
                && range.contains(&fitting)
            {
                return Some(Spanned::new(fitting, node.span));
            }
            let message = format!("{what} must be from {} to {}, but is {value}", range.start(), range.end());
            self.report_at(self.rules.wrong_type, node.span, message);
            return None;
        }
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        self.wrong_type(node, what, &wanted);
        None
    }

    /// A number; anything else is reported.
    pub fn float(&mut self, node: &Node, what: &str) -> Option<Spanned<f64>> {
        match node.typed(self.schema) {
            Typed::Int(value) => Some(Spanned::new(value as f64, node.span)),
            Typed::Float(value) => Some(Spanned::new(value, node.span)),
            _ => {
                self.wrong_type(node, what, "a number");
                None
            }
        }
    }
}

/// The part of a node that a message points at: all of a scalar, the beginning of a collection.
fn head(node: &Node, source: &Source) -> Span {
    match &node.value {
        Value::Map(entries) => match entries.first() {
            // A flow mapping begins at its bracket, before the first key.
            Some(entry) if entry.key.span.start == node.span.start => entry.key.span,
            _ => first_char(node.span, source),
        },
        Value::Seq(_) => first_char(node.span, source),
        Value::Scalar(_) | Value::Alias(_) => node.span,
    }
}

fn first_char(span: Span, source: &Source) -> Span {
    let length = source.slice(span).chars().next().map_or(0, char::len_utf8);
    Span::new(span.start, span.start + length)
}

//! What a check found: [`Diagnostic`]s, kept in a [`Report`] in one fixed order.
//!
//! A diagnostic is self-contained. Each label holds its own (cheap) [`Source`], so a report may be
//! rendered long after the document is gone and may speak about several files at once.

use std::cmp::Ordering;
use std::collections::{BTreeSet, btree_set};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fix, Rule, Source, Span};

/// How bad a finding is. Orders from the worst to the mildest.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The service rejects the file, or the run fails.
    Error,
    /// The service accepts the file, but what it does is probably not what was meant.
    Warning,
    /// Worth knowing; nothing is wrong.
    Info,
}

impl Severity {
    /// `error`, `warning` or `info`, as written in reports and in rule pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place in a source and what is to be said about it.
///
/// Equality and order look at the source's name, not at its text.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text that `span` counts in.
    pub source: Source,
    /// The bytes that are pointed at.
    pub span: Span,
    /// Words beside the pointer; may be empty.
    pub message: String,
}

impl Label {
    /// A label at `span` of `source`.
    pub fn new(source: &Source, span: Span, message: impl Into<String>) -> Self {
        Self { source: source.clone(), span, message: message.into() }
    }

    fn key(&self) -> (&str, usize, usize, &str) {
        (self.source.name(), self.span.start, self.span.end, &self.message)
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// One finding of one rule at one place.
///
/// Orders by source name, span and rule id, which is the order of a [`Report`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that was broken.
    pub rule: &'static Rule,
    /// The rule's severity unless a [`Levels`](crate::Levels) or the check itself changed it.
    pub severity: Severity,
    /// One lower-case sentence without a full stop that names the thing in backticks.
    pub message: String,
    /// Where it is. The label's own message is usually empty.
    pub primary: Label,
    /// Other places that explain the finding, such as the first of two equal keys.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// An edit of the primary source that does it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding with the severity of its rule.
    pub fn new(rule: &'static Rule, source: &Source, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            primary: Label::new(source, span, ""),
            secondary: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Points at one more place.
    #[must_use]
    pub fn with_label(mut self, source: &Source, span: Span, message: impl Into<String>) -> Self {
        self.add_label(source, span, message);
        self
    }

    /// Sets the advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.set_help(help);
        self
    }

    /// Sets the fix, whose edits count in the primary source.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.set_fix(fix);
        self
    }

    /// Sets a severity other than the rule's.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// [`with_label`](Self::with_label) for a diagnostic that is already with [`Findings`](crate::Findings).
    pub fn add_label(&mut self, source: &Source, span: Span, message: impl Into<String>) -> &mut Self {
        self.secondary.push(Label::new(source, span, message));
        self
    }

    /// [`with_help`](Self::with_help) for a diagnostic that is already with [`Findings`](crate::Findings).
    pub fn set_help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// [`with_fix`](Self::with_fix) for a diagnostic that is already with [`Findings`](crate::Findings).
    pub fn set_fix(&mut self, fix: Fix) -> &mut Self {
        self.fix = Some(fix);
        self
    }

    /// [`with_severity`](Self::with_severity) for a diagnostic that is already with [`Findings`](crate::Findings).
    pub fn set_severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// The path of the rule's page, `docs/rules/<id>.md`.
    pub fn docs(&self) -> String {
        self.rule.page()
    }

    fn place(&self) -> (&str, usize, usize, &'static str) {
        let Label { source, span, .. } = &self.primary;
        (source.name(), span.start, span.end, self.rule.id)
    }
}

impl PartialOrd for Diagnostic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Diagnostic {
    fn cmp(&self, other: &Self) -> Ordering {
        // Every field takes part, so that equal means an exact repeat and nothing else is dropped.
        self.place()
            .cmp(&other.place())
            .then_with(|| self.severity.cmp(&other.severity))
            .then_with(|| self.message.cmp(&other.message))
            .then_with(|| self.primary.cmp(&other.primary))
            .then_with(|| self.secondary.cmp(&other.secondary))
            .then_with(|| self.help.cmp(&other.help))
            .then_with(|| self.fix.cmp(&other.fix))
    }
}

/// Diagnostics ordered by source name, span and rule id; an exact repeat is kept once.
///
/// Serializes as the array that [`render::json`](crate::render::json) writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    // A set, because cursors report unknown keys after they went through the children: the order
    // of arrival is not the order of the text, and a hostile file makes hundreds of thousands.
    active: BTreeSet<Diagnostic>,
    suppressed: BTreeSet<Diagnostic>,
}

impl Report {
    /// An empty report.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.active.insert(diagnostic);
    }

    /// Adds what another report holds, its suppressed diagnostics too.
    pub fn merge(&mut self, other: Self) {
        self.active.extend(other.active);
        self.suppressed.extend(other.suppressed);
    }

    /// The diagnostics in order.
    pub fn iter(&self) -> Diagnostics<'_> {
        Diagnostics(self.active.iter())
    }

    /// The diagnostics that a comment in the file silenced, in order; see [`Levels`](crate::Levels).
    pub fn suppressed(&self) -> Diagnostics<'_> {
        Diagnostics(self.suppressed.iter())
    }

    /// How many diagnostics there are, suppressed ones not counted.
    pub fn len(&self) -> usize {
        self.active.len()
    }

    /// Whether there is no diagnostic but suppressed ones.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(|found| found.severity == Severity::Error)
    }

    /// How many diagnostics have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.iter().filter(|found| found.severity == severity).count()
    }

    /// The diagnostics in order, without the suppressed ones.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.active.into_iter().collect()
    }

    /// Takes the active diagnostics out, so that they can be changed and given back.
    pub(crate) fn take_active(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.active).into_iter().collect()
    }

    pub(crate) fn push_suppressed(&mut self, diagnostic: Diagnostic) {
        self.suppressed.insert(diagnostic);
    }
}

impl Extend<Diagnostic> for Report {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        self.active.extend(diagnostics);
    }
}

impl FromIterator<Diagnostic> for Report {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        let mut report = Self::new();
        report.extend(diagnostics);
        report
    }
}

impl IntoIterator for Report {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    /// The diagnostics in order, without the suppressed ones.
    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Diagnostic;
    type IntoIter = Diagnostics<'a>;

    fn into_iter(self) -> Diagnostics<'a> {
        self.iter()
    }
}

/// The diagnostics of a borrowed [`Report`], in order.
#[derive(Clone, Debug)]
pub struct Diagnostics<'a>(btree_set::Iter<'a, Diagnostic>);

impl<'a> Iterator for Diagnostics<'a> {
    type Item = &'a Diagnostic;

    fn next(&mut self) -> Option<&'a Diagnostic> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Diagnostics<'_> {}

//! Rules as statics and the checks that report under them.
//!
//! A rule is declared once with [`declare_rule!`](crate::declare_rule), beside the function that
//! looks for it. A crate lists its checks in a plain slice, `&[Check<C>]`: sorted, greppable, no
//! registration magic.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::{Diagnostic, Levels, Report, Severity, Source, Span};

/// What can be wrong with a file, under a name that reads well after "allow".
///
/// Made by [`declare_rule!`](crate::declare_rule). Two rules are equal when their ids are.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub struct Rule {
    /// `<crate>/<name>`, both in kebab-case: `buildspec/duplicate-key`.
    pub id: &'static str,
    /// One line for lists of rules.
    pub summary: &'static str,
    /// The severity of a diagnostic unless something changes it.
    pub severity: Severity,
    /// The words in which the service itself complains, where it does.
    pub service: Option<&'static str>,
    /// The doc comment of the declaration, line by line as written.
    pub docs: &'static str,
    /// The file of the declaration.
    pub file: &'static str,
    /// The line of the declaration.
    pub line: u32,
}

impl Rule {
    /// What [`declare_rule!`](crate::declare_rule) calls; not for use by hand.
    ///
    /// # Panics
    /// While the crate is compiled, when the id is not `<crate>/<name>` in kebab-case or the summary is empty.
    #[doc(hidden)]
    #[must_use]
    pub const fn declared(
        id: &'static str,
        summary: &'static str,
        severity: Severity,
        service: Option<&'static str>,
        docs: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        assert!(is_rule_id(id), "a rule id is `<crate>/<name>`, both in kebab-case");
        assert!(!summary.is_empty(), "a rule needs a summary");
        Self { id, summary, severity, service, docs, file, line }
    }

    /// The part of the id before the slash.
    pub fn namespace(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(namespace, _)| namespace)
    }

    /// The part of the id after the slash, as written in `allow(…)` comments.
    pub fn name(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(_, name)| name)
    }

    /// The path of the rule's page, `docs/rules/<id>.md`.
    pub fn page(&self) -> String {
        format!("docs/rules/{}.md", self.id)
    }

    /// The doc comment as Markdown: without the blank that follows `///`, and without blank ends.
    pub fn description(&self) -> String {
        let lines: Vec<&str> =
            self.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
        lines.join("\n").trim().to_owned()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("severity", &self.severity).finish_non_exhaustive()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

const fn is_rule_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let mut slashes = 0;
    let mut at = 0;
    // Whether a word may not end here: at the start, after `/` and after `-`.
    let mut open = true;
    while at < bytes.len() {
        match bytes[at] {
            b'a'..=b'z' | b'0'..=b'9' => open = false,
            b'-' if !open => open = true,
            b'/' if !open => {
                open = true;
                slashes += 1;
            }
            _ => return false,
        }
        at += 1;
    }
    slashes == 1 && !open
}

/// Declares rules as statics; their doc comments are kept in [`Rule::docs`].
///
/// `service` is optional: the words in which AWS itself complains.
///
/// ```
/// spec_report::declare_rule! {
///     /// ## What it does
///     /// Reports a key that is written twice in one mapping.
///     pub static DUPLICATE_KEY = {
///         id: "buildspec/duplicate-key",
///         severity: Error,
///         summary: "a key is written twice",
///         service: "YAML_FILE_ERROR: duplicate key",
///     }
/// }
/// assert_eq!(DUPLICATE_KEY.page(), "docs/rules/buildspec/duplicate-key.md");
/// assert!(DUPLICATE_KEY.description().starts_with("## What it does\nReports"));
/// ```
///
/// An id that is not `<crate>/<name>` in kebab-case does not compile:
///
/// ```compile_fail
/// spec_report::declare_rule! {
///     /// Docs.
///     pub static WRONG = { id: "DuplicateKey", severity: Error, summary: "a key is written twice" }
/// }
/// ```
///
/// Nor does a rule without documentation:
///
/// ```compile_fail
/// spec_report::declare_rule! {
///     pub static SILENT = { id: "buildspec/silent", severity: Error, summary: "says nothing" }
/// }
/// ```
#[macro_export]
macro_rules! declare_rule {
    ($(
        $(#[doc = $doc:expr])+
        $vis:vis static $name:ident = {
            id: $id:expr,
            severity: $severity:ident,
            summary: $summary:expr
            $(, service: $service:expr)?
            $(,)?
        }
    )+) => {$(
        $(#[doc = $doc])+
        $vis static $name: $crate::Rule = $crate::Rule::declared(
            $id,
            $summary,
            $crate::Severity::$severity,
            $crate::declare_rule!(@service $($service)?),
            ::core::concat!($($doc, "\n"),+),
            ::core::file!(),
            ::core::line!(),
        );
    )+};
    (@service) => { ::core::option::Option::None };
    (@service $service:expr) => { ::core::option::Option::Some($service) };
}

/// A function that looks for one kind of mistake in a subject of type `C`.
///
/// `C` is an owned type of the crate, such as its parsed file together with its options.
pub struct Check<C: 'static> {
    /// The rule that the function is listed under; it may report others too.
    pub rule: &'static Rule,
    /// The function.
    pub run: fn(&C, &mut Findings<'_>),
}

impl<C: 'static> Check<C> {
    /// A check that is listed under `rule`.
    #[must_use]
    pub const fn new(rule: &'static Rule, run: fn(&C, &mut Findings<'_>)) -> Self {
        Self { rule, run }
    }
}

// Not derived: a derive would ask for `C: Clone` and so on.
impl<C: 'static> Clone for Check<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: 'static> Copy for Check<C> {}

impl<C: 'static> fmt::Debug for Check<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("rule", &self.rule.id).finish_non_exhaustive()
    }
}

/// Where a check puts what it finds.
#[derive(Debug)]
pub struct Findings<'r> {
    found: &'r mut Vec<Diagnostic>,
}

impl Findings<'_> {
    /// Reports a finding and gives it back, so that labels, help and a fix can be added.
    pub fn report(
        &mut self,
        rule: &'static Rule,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let index = self.found.len();
        self.found.push(Diagnostic::new(rule, source, span, message));
        &mut self.found[index]
    }

    /// Reports a finding that was put together elsewhere.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }
}

/// Runs all checks over `cx`, adds what they find to `out` and then applies `levels` to all of `out`.
///
/// The diagnostics of reading belong into `out` before this is called: a suppression comment may
/// be meant for them, and would be reported as unused otherwise.
pub fn run_checks<C: 'static>(checks: &[Check<C>], cx: &C, levels: &Levels, out: &mut Report) {
    let mut found = Vec::new();
    for check in checks {
        (check.run)(cx, &mut Findings { found: &mut found });
    }
    out.extend(found);
    levels.apply(out);
}

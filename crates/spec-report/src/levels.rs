//! How loud each rule is: levels set by the caller, and suppression comments in the file itself.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::suppress::Suppressions;
use crate::{Document, Report, Rule, Severity, did_you_mean};

/// What becomes of the diagnostics of a rule.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// They are dropped.
    Allow,
    /// They become warnings.
    Warn,
    /// They become errors.
    Deny,
}

impl FromStr for Level {
    type Err = LevelsError;

    fn from_str(text: &str) -> Result<Self, LevelsError> {
        match text {
            "allow" => Ok(Self::Allow),
            "warn" => Ok(Self::Warn),
            "deny" => Ok(Self::Deny),
            _ => {
                Err(LevelsError::new(format!("`{}` is no level: write `allow`, `warn` or `deny`", text.escape_debug())))
            }
        }
    }
}

/// Levels that cannot be understood; the message says which part and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelsError {
    message: String,
}

impl LevelsError {
    fn new(message: String) -> Self {
        Self { message }
    }
}

impl fmt::Display for LevelsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LevelsError {}

/// The two rules under which a crate reports the mistakes of suppression comments themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// A comment that names a rule that does not exist, or is not written as it must be.
    pub unknown: &'static Rule,
    /// A comment that silences nothing.
    pub unused: &'static Rule,
}

/// The levels of rules, and the suppressions of the file in hand.
///
/// A level is set for one rule (`buildspec/duplicate-key`), for all rules of a crate (`buildspec/*`)
/// or for all (`*`). The more exact setting wins, whatever the order; of two settings for the same
/// name the later one. Rules without a setting keep the severity of their diagnostics.
///
/// ```
/// use spec_report::Levels;
/// let levels = Levels::default().deny("buildspec/*").allow("buildspec/latest-tag");
/// assert_eq!(levels, Levels::parse("allow=buildspec/latest-tag,deny=buildspec/*")?);
/// # Ok::<(), spec_report::LevelsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    set: BTreeMap<String, Level>,
    suppressions: Suppressions,
}

impl Levels {
    /// Reads `allow=crate/rule,deny=crate/*,warn=crate/a+crate/b`, as a command line gives it.
    ///
    /// # Errors
    /// When a part is not `<level>=<rule>`, or a name is not `<crate>/<rule>`, `<crate>/*` or `*`.
    /// Whether a rule exists is asked with [`check_names`](Self::check_names).
    pub fn parse(text: &str) -> Result<Self, LevelsError> {
        let mut levels = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((level, rules)) = part.split_once('=') else {
                return Err(LevelsError::new(format!(
                    "`{}` sets no level: write `allow=<crate>/<rule>`",
                    part.escape_debug()
                )));
            };
            let level = level.trim().parse()?;
            for rule in rules.split('+').map(str::trim) {
                if !is_selector(rule) {
                    return Err(LevelsError::new(format!(
                        "`{}` names no rule: write `<crate>/<rule>`, `<crate>/*` or `*`",
                        rule.escape_debug()
                    )));
                }
                levels.set.insert(rule.to_owned(), level);
            }
        }
        Ok(levels)
    }

    /// Drops the diagnostics of a rule, of `<crate>/*` or of `*`.
    #[must_use]
    pub fn allow(self, rule: impl Into<String>) -> Self {
        self.with(rule, Level::Allow)
    }

    /// Makes the diagnostics of a rule, of `<crate>/*` or of `*` warnings.
    #[must_use]
    pub fn warn(self, rule: impl Into<String>) -> Self {
        self.with(rule, Level::Warn)
    }

    /// Makes the diagnostics of a rule, of `<crate>/*` or of `*` errors.
    #[must_use]
    pub fn deny(self, rule: impl Into<String>) -> Self {
        self.with(rule, Level::Deny)
    }

    /// Sets the level of a rule, of `<crate>/*` or of `*`.
    #[must_use]
    pub fn with(mut self, rule: impl Into<String>, level: Level) -> Self {
        self.set.insert(rule.into(), level);
        self
    }

    /// Adds what `other` sets; where both set the same name, `other` wins.
    #[must_use]
    pub fn with_all(mut self, other: Self) -> Self {
        self.set.extend(other.set);
        self.suppressions.extend(other.suppressions);
        self
    }

    /// Adds the suppression comments of a document.
    ///
    /// `known` are the rules of the crate, whose names comments may use in short. A comment is
    /// `# <crate>: allow(rule, other-rule)`, and may go on with a reason after the parenthesis:
    ///
    /// - behind something, it holds for diagnostics that begin on its line;
    /// - on a line of its own, it holds for the next line that has content and for the whole of
    ///   every mapping entry and list item that begins on that line;
    /// - on a line of its own above all content (`---` is not content), it holds for the whole file.
    #[must_use]
    pub fn with_comments(
        mut self,
        document: &Document,
        crate_name: &str,
        known: &[&'static Rule],
        rules: Suppression,
    ) -> Self {
        self.suppressions.read(document, crate_name, known, rules);
        self
    }

    /// The level that is set for a rule, if any.
    pub fn level(&self, rule: &Rule) -> Option<Level> {
        let exact = self.set.get(rule.id);
        let whole_crate = || self.set.get(&format!("{}/*", rule.namespace()));
        exact.or_else(whole_crate).or_else(|| self.set.get("*")).copied()
    }

    /// Checks that every name that is set means at least one of `known`.
    ///
    /// # Errors
    /// For the first name that does not, with the name that was probably meant.
    pub fn check_names(&self, known: &[&'static Rule]) -> Result<(), LevelsError> {
        for name in self.set.keys() {
            let means = |rule: &&&Rule| match name.strip_suffix("/*") {
                Some(namespace) => rule.namespace() == namespace,
                None => name == "*" || rule.id == name,
            };
            if known.iter().any(|rule| means(&rule)) {
                continue;
            }
            let hint = did_you_mean(name, known.iter().map(|rule| rule.id))
                .map_or_else(String::new, |id| format!(", did you mean `{id}`?"));
            return Err(LevelsError::new(format!("there is no rule `{}`{hint}", name.escape_debug())));
        }
        Ok(())
    }

    /// Drops, suppresses and changes the diagnostics of `report` by these levels.
    ///
    /// Suppressed diagnostics move to [`Report::suppressed`]; comments that are wrong or silence
    /// nothing are reported. A second call changes nothing.
    pub fn apply(&self, report: &mut Report) {
        for diagnostic in self.suppressions.sift(report) {
            let severity = match self.level(diagnostic.rule) {
                Some(Level::Allow) => continue,
                Some(Level::Warn) => Severity::Warning,
                Some(Level::Deny) => Severity::Error,
                None => diagnostic.severity,
            };
            report.push(diagnostic.with_severity(severity));
        }
    }
}

fn is_selector(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    match name.split_once('/') {
        Some((namespace, rule)) => word(namespace) && (rule == "*" || word(rule)),
        None => name == "*",
    }
}

//! What is known about one action type, as a trait that one file implements.
//!
//! Everything else is derived from these answers: unknown and missing keys, artifact counts, secrets, the
//! permissions a role needs, tables in the documentation.

use std::fmt;
use std::ops::RangeInclusive;

use crate::model::{Action, ActionTypeId};

/// An action type of the catalogue.
///
/// An implementation is plain data; [`crate::conformance::action_type`] (feature `conformance`) tests it.
pub trait ActionType: fmt::Debug + Send + Sync {
    /// Its four words.
    fn id(&self) -> TypeName<'_>;

    /// One sentence: what it does.
    fn summary(&self) -> &'static str;

    /// How many input artifacts it takes.
    fn inputs(&self) -> RangeInclusive<usize>;

    /// How many output artifacts it gives.
    fn outputs(&self) -> RangeInclusive<usize>;

    /// The keys of its `configuration`.
    fn config(&self) -> &'static [ConfigKey];

    /// The variables that later actions find under its namespace.
    fn output_variables(&self) -> OutputVariables {
        OutputVariables::None
    }

    /// The IAM actions that the pipeline's role, or the action's own, needs for it.
    fn permissions(&self) -> &'static [&'static str];

    /// Whether the service accepts it in V2 pipelines only.
    fn v2_only(&self) -> bool {
        false
    }

    /// One action that is right, in YAML with the field names of the API: documentation and test at once.
    fn example(&self) -> &'static str;

    /// What the keys alone do not say: values that require one another.
    fn check(&self, settings: &Settings<'_>, problems: &mut Problems) {
        let _ = (settings, problems);
    }
}

const _: fn(&dyn ActionType) = |_| ();

/// Category, owner, provider and version, borrowed. Sorts as the catalogue is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "the id has had these four parts since the service exists")]
pub struct TypeName<'a> {
    /// What kind of step it is.
    pub category: &'a str,
    /// Who made it.
    pub owner: &'a str,
    /// The service or tool that does it.
    pub provider: &'a str,
    /// Its version.
    pub version: &'a str,
}

impl<'a> TypeName<'a> {
    /// The name from its four words.
    #[must_use]
    pub const fn new(category: &'a str, owner: &'a str, provider: &'a str, version: &'a str) -> Self {
        Self { category, owner, provider, version }
    }

    /// A type that AWS owns, version 1.
    #[must_use]
    pub const fn aws(category: &'a str, provider: &'a str) -> Self {
        Self::new(category, "AWS", provider, "1")
    }

    /// Whether the declaration means this type.
    #[must_use]
    pub fn is(&self, id: &ActionTypeId) -> bool {
        self.provider == id.provider
            && self.category == id.category.as_str()
            && self.owner == id.owner.as_str()
            && self.version == id.version
    }
}

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.category, self.owner, self.provider, self.version)
    }
}

/// A key of `configuration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigKey {
    /// The key.
    pub name: &'static str,
    /// Whether the service refuses the action without it.
    pub required: bool,
    /// Whether its value is hidden.
    pub secret: bool,
    /// The values it takes; empty when any text goes.
    pub values: &'static [&'static str],
    /// One sentence: what it means.
    pub summary: &'static str,
}

impl ConfigKey {
    /// A key that must be there.
    #[must_use]
    pub const fn required(name: &'static str, summary: &'static str) -> Self {
        Self { name, required: true, secret: false, values: &[], summary }
    }

    /// A key that may be there.
    #[must_use]
    pub const fn optional(name: &'static str, summary: &'static str) -> Self {
        Self { name, required: false, secret: false, values: &[], summary }
    }

    /// The same key, hidden.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same key, for these values only.
    #[must_use]
    pub const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// The same key, for `true` and `false` only.
    #[must_use]
    pub const fn boolean(self) -> Self {
        self.one_of(&["true", "false"])
    }
}

/// The variables an action gives to later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputVariables {
    /// None.
    None,
    /// Always these.
    Fixed(&'static [&'static str]),
    /// Whatever the work exports, such as the exported variables of a build.
    Open,
}

/// The settings of one action as far as they are known before anything runs.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    action: &'a Action,
    complete: bool,
}

impl<'a> Settings<'a> {
    /// The settings of an action; `complete` is false when part of the map could not be resolved.
    #[must_use]
    pub const fn new(action: &'a Action, complete: bool) -> Self {
        Self { action, complete }
    }

    /// The action.
    #[must_use]
    pub const fn action(&self) -> &'a Action {
        self.action
    }

    /// The value, when it stands there as text that no run or deployment replaces.
    #[must_use]
    pub fn known(&self, key: &str) -> Option<&'a str> {
        self.action.config(key).filter(|text| !text.contains("#{") && !text.contains("${"))
    }

    /// Whether the key is certainly absent.
    #[must_use]
    pub fn lacks(&self, key: &str) -> bool {
        self.complete && !self.action.configuration.contains_key(key)
    }
}

/// What [`ActionType::check`] found.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// A key is missing in this combination.
    pub fn missing(&mut self, key: &str, why: impl Into<String>) {
        self.found.push(Problem { key: key.to_owned(), kind: ProblemKind::Missing, message: why.into() });
    }

    /// A value does not do, or not with the others.
    pub fn invalid(&mut self, key: &str, message: impl Into<String>) {
        self.found.push(Problem { key: key.to_owned(), kind: ProblemKind::Invalid, message: message.into() });
    }

    /// All of them, in the order they were found.
    #[must_use]
    pub fn found(&self) -> &[Problem] {
        &self.found
    }
}

/// One finding of [`ActionType::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The key it is about.
    pub key: String,
    /// What is wrong with it.
    pub kind: ProblemKind,
    /// Why.
    pub message: String,
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// It is missing.
    Missing,
    /// Its value does not do.
    Invalid,
}

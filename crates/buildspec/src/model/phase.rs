//! `phases`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use spec_report::Span;

use super::{OnFailure, OnFailureError, Text, Variable};
use crate::phases::PhaseType;

/// The four phases that a buildspec can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    /// `install`
    Install,
    /// `pre_build`
    PreBuild,
    /// `build`
    Build,
    /// `post_build`
    PostBuild,
}

impl PhaseName {
    /// All of them in the order in which they run.
    pub const ALL: [Self; 4] = [Self::Install, Self::PreBuild, Self::Build, Self::PostBuild];

    /// The key in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::PreBuild => "pre_build",
            Self::Build => "build",
            Self::PostBuild => "post_build",
        }
    }

    /// The name of a phase that runs commands.
    #[must_use]
    pub const fn of(phase: &PhaseType) -> Option<Self> {
        match phase {
            PhaseType::Install => Some(Self::Install),
            PhaseType::PreBuild => Some(Self::PreBuild),
            PhaseType::Build => Some(Self::Build),
            PhaseType::PostBuild => Some(Self::PostBuild),
            _ => None,
        }
    }
}

impl fmt::Display for PhaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PhaseName {
    type Err = String;

    /// The phase of a key; upper and lower case do not matter.
    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|name| name.as_str().eq_ignore_ascii_case(word));
        found.ok_or_else(|| format!("`{}` is none of install, pre_build, build and post_build", word.escape_debug()))
    }
}

/// The phases of a file.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Phases {
    /// `install`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Phase>,
    /// `pre_build`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_build: Option<Phase>,
    /// `build`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Phase>,
    /// `post_build`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_build: Option<Phase>,
}

impl Phases {
    /// A phase, if it is written.
    #[must_use]
    pub const fn get(&self, name: PhaseName) -> Option<&Phase> {
        match name {
            PhaseName::Install => self.install.as_ref(),
            PhaseName::PreBuild => self.pre_build.as_ref(),
            PhaseName::Build => self.build.as_ref(),
            PhaseName::PostBuild => self.post_build.as_ref(),
        }
    }

    pub(crate) fn set(&mut self, name: PhaseName, phase: Phase) {
        let slot = match name {
            PhaseName::Install => &mut self.install,
            PhaseName::PreBuild => &mut self.pre_build,
            PhaseName::Build => &mut self.build,
            PhaseName::PostBuild => &mut self.post_build,
        };
        *slot = Some(phase);
    }

    /// The phases that are written, in the order in which they run.
    pub fn iter(&self) -> impl Iterator<Item = (PhaseName, &Phase)> {
        PhaseName::ALL.into_iter().filter_map(|name| Some((name, self.get(name)?)))
    }
}

/// One phase.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Phase {
    /// The user that runs its commands.
    pub run_as: Option<Text>,
    /// What a failure does; see [`Phase::failure_policy`].
    pub on_failure: Option<Text>,
    /// Runtimes to select; only `install` has them.
    pub runtime_versions: Vec<Variable>,
    /// What runs, one process each. An item that is written but empty is an empty text.
    pub commands: Vec<Text>,
    /// What runs afterwards, whether or not `commands` failed.
    pub finally: Vec<Text>,
    /// The key of the phase.
    #[serde(skip)]
    pub key: Span,
}

impl Phase {
    /// `on-failure` as CodeBuild understands it.
    ///
    /// # Errors
    /// When it is none of the words that CodeBuild knows.
    pub fn failure_policy(&self) -> Result<Option<OnFailure>, OnFailureError> {
        self.on_failure.as_ref().map(|text| OnFailure::parse(&text.value)).transpose()
    }
}

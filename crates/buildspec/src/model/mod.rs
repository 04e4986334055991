//! A buildspec as plain data.
//!
//! Every scalar keeps its text as written, because CodeBuild decodes it so: `python: 3.10` is `3.10`, and `yes` in
//! `env.variables` is the text `yes`. Keys that nobody knows stay in the document.

mod artifacts;
mod env;
mod on_failure;
mod phase;
mod secret_reference;

use serde::Serialize;
use spec_report::{Node, Span, Spanned};

pub use artifacts::{ArtifactSet, Artifacts, Cache, ReportGroup, SecondaryArtifacts};
pub use env::{Env, Proxy, Variable};
pub use on_failure::{OnFailure, OnFailureError};
pub use phase::{Phase, PhaseName, Phases};
pub use secret_reference::{SecretReference, SecretReferenceError};

/// A scalar's text, and where it is written.
pub type Text = Spanned<String>;

/// A buildspec.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Buildspec {
    /// `version`, such as `0.2`.
    pub version: Option<Text>,
    /// The user that runs all commands.
    pub run_as: Option<Text>,
    /// `env`, or `environment_variables` of version 0.1.
    pub env: Env,
    /// `proxy`
    pub proxy: Proxy,
    /// `phases`; absent in files that only describe a batch.
    pub phases: Option<Phases>,
    /// `reports`, in the order of the file.
    pub reports: Vec<ReportGroup>,
    /// `artifacts`
    pub artifacts: Option<Artifacts>,
    /// `cache`
    pub cache: Option<Cache>,
    /// `batch`, as it is written.
    #[serde(skip)]
    pub batch: Option<Node>,
    /// The key `version`, or the beginning of the file: where messages about the whole file point.
    #[serde(skip)]
    pub head: Span,
}

impl Buildspec {
    /// Whether the file is of version 0.1, in which every command has a shell of its own.
    #[must_use]
    pub fn is_version_0_1(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.value.trim() == "0.1")
    }

    /// The commands of all phases in the order in which they are written, `finally` after `commands`.
    pub fn commands(&self) -> impl Iterator<Item = (PhaseName, &Text)> {
        self.phases
            .iter()
            .flat_map(Phases::iter)
            .flat_map(|(name, phase)| phase.commands.iter().chain(&phase.finally).map(move |command| (name, command)))
    }
}

/// What `yes`, `no` and their kin mean where CodeBuild expects one of them; `None` for anything else.
///
/// The documentation says `yes` and `no`; AWS's own samples write `true` and `false` as well.
#[must_use]
pub fn yes_no(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word));
    if is(["yes", "true", "on"]) {
        Some(true)
    } else if is(["no", "false", "off"]) {
        Some(false)
    } else {
        None
    }
}

//! Which phase follows which: CodeBuild's transitions as a pure table.
//!
//! The local runner and the in-memory service both ask [`next`], so that they cannot disagree about what runs after a
//! failure.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::OnFailure;

/// A phase of a build, in the words of CodeBuild's API.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PhaseType {
    /// The build was accepted.
    Submitted,
    /// It waits for a free place.
    Queued,
    /// The build environment is set up.
    Provisioning,
    /// The source is fetched, the buildspec read, and parameters and secrets are resolved.
    DownloadSource,
    /// `phases.install`
    Install,
    /// `phases.pre_build`
    PreBuild,
    /// `phases.build`
    Build,
    /// `phases.post_build`
    PostBuild,
    /// Artifacts are collected and uploaded.
    UploadArtifacts,
    /// The environment is taken down.
    Finalizing,
    /// The build is over.
    Completed,
    /// A phase that this version does not know.
    Unknown(String),
}

/// All known phases in their order.
pub const ORDER: [PhaseType; 11] = [
    PhaseType::Submitted,
    PhaseType::Queued,
    PhaseType::Provisioning,
    PhaseType::DownloadSource,
    PhaseType::Install,
    PhaseType::PreBuild,
    PhaseType::Build,
    PhaseType::PostBuild,
    PhaseType::UploadArtifacts,
    PhaseType::Finalizing,
    PhaseType::Completed,
];

impl PhaseType {
    /// The API's word, such as `PRE_BUILD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Queued => "QUEUED",
            Self::Provisioning => "PROVISIONING",
            Self::DownloadSource => "DOWNLOAD_SOURCE",
            Self::Install => "INSTALL",
            Self::PreBuild => "PRE_BUILD",
            Self::Build => "BUILD",
            Self::PostBuild => "POST_BUILD",
            Self::UploadArtifacts => "UPLOAD_ARTIFACTS",
            Self::Finalizing => "FINALIZING",
            Self::Completed => "COMPLETED",
            Self::Unknown(word) => word,
        }
    }

    /// The phase of an API word; words that nobody knows are kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        ORDER.into_iter().find(|phase| phase.as_str() == word).unwrap_or_else(|| Self::Unknown(word.to_owned()))
    }

    /// Whether the phase runs commands of the buildspec.
    #[must_use]
    pub const fn runs_commands(&self) -> bool {
        matches!(self, Self::Install | Self::PreBuild | Self::Build | Self::PostBuild)
    }
}

impl fmt::Display for PhaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for PhaseType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How a phase ended, as far as the transition depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// `commands` and `finally` succeeded.
    Succeeded,
    /// One of them failed.
    Failed,
}

/// The phase that follows `phase`; `None` after [`PhaseType::Completed`] and for unknown phases.
///
/// A failure of `DOWNLOAD_SOURCE`, `INSTALL` or `PRE_BUILD` ends the build: no later command runs and no artifact is
/// uploaded. A failure of `BUILD` or `POST_BUILD` does not: `POST_BUILD` still runs, and the upload is still tried.
/// `on-failure: ABORT` makes the latter end the build too, `CONTINUE` lets any phase be followed by the next one. A
/// `RETRY` that is used up is an `ABORT`: the build that would be retried has ended.
#[must_use]
pub fn next(phase: &PhaseType, ended: Ended, on_failure: Option<&OnFailure>) -> Option<PhaseType> {
    use PhaseType as P;
    if ended == Ended::Failed {
        let goes_on = match on_failure {
            _ if matches!(phase, P::UploadArtifacts | P::Finalizing | P::Completed) => true,
            Some(OnFailure::Continue) => phase.runs_commands(),
            None => matches!(phase, P::Build | P::PostBuild),
            Some(_) => false,
        };
        if !goes_on {
            return Some(P::Finalizing);
        }
    }
    let position = ORDER.iter().position(|known| known == phase)?;
    ORDER.get(position + 1).cloned()
}

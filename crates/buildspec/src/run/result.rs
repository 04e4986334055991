//! How a build ended, in the shape of `BatchGetBuilds`.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use crate::build::{BuildPhase, BuildStatus, ExportedVariable, seconds};
use crate::phases::PhaseType;

/// The result of a local build. Secrets are masked in every text.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildResult {
    /// `<project>:<uuid>`
    pub id: String,
    /// The ARN that the build would have.
    pub arn: String,
    /// The number of the build.
    pub build_number: u64,
    /// The name of the project.
    pub project_name: String,
    /// When it began.
    #[serde(serialize_with = "seconds")]
    pub start_time: SystemTime,
    /// When it ended.
    #[serde(serialize_with = "seconds")]
    pub end_time: SystemTime,
    /// Whether it is over, which it is.
    pub build_complete: bool,
    /// The last phase that it entered.
    pub current_phase: PhaseType,
    /// How it ended. `SUCCEEDED` only if every phase did.
    #[serde(rename = "buildStatus")]
    pub status: BuildStatus,
    /// What identifies the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_source_version: Option<String>,
    /// The phases that the build went through.
    pub phases: Vec<BuildPhase>,
    /// The variables that it hands on.
    #[serde(rename = "exportedEnvironmentVariables")]
    pub exported_variables: Vec<ExportedVariable>,
    /// The artifacts, the primary one first.
    #[serde(rename = "localArtifacts")]
    pub artifacts: Vec<ArtifactOutput>,
    /// What failed first, in one line: phase, command, exit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Whether commands were only looked at; such a build has proved nothing.
    pub dry_run: bool,
}

impl BuildResult {
    /// Whether the build really ran and succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == BuildStatus::Succeeded && !self.dry_run
    }
}

/// An artifact on this machine.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactOutput {
    /// The identifier; `None` for the primary artifact.
    #[serde(rename = "artifactIdentifier", skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The directory that holds it.
    pub directory: PathBuf,
    /// Its files, relative to the directory, sorted.
    pub files: Vec<PathBuf>,
}

//! How a build ended, in the shape of `BatchGetBuilds`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use super::Report;
use crate::build::{BuildPhase, BuildStatus, ExportedVariable, seconds};
use crate::phases::PhaseType;

/// The result of a local build. Secrets are masked in every text.
///
/// As JSON it has the shape of a build in the answer of `BatchGetBuilds`, with `reports`, `localArtifacts`, `firstFailure`
/// and `dryRun` beside CodeBuild's own keys.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
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
    pub start_time: SystemTime,
    /// When it ended.
    pub end_time: SystemTime,
    /// Whether it is over, which it is.
    pub build_complete: bool,
    /// The last phase that it entered.
    pub current_phase: PhaseType,
    /// How it ended. `SUCCEEDED` only if every phase did.
    pub status: BuildStatus,
    /// What identifies the source.
    pub resolved_source_version: Option<String>,
    /// The phases that the build went through.
    pub phases: Vec<BuildPhase>,
    /// The variables that it hands on.
    pub exported_variables: Vec<ExportedVariable>,
    /// The artifacts, the primary one first.
    pub artifacts: Vec<ArtifactOutput>,
    /// What failed first, in one line: phase, command, exit status.
    pub first_failure: Option<String>,
    /// Who started it.
    pub initiator: Option<String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The build image.
    pub image: Option<String>,
    /// The batch that it belongs to.
    pub batch_arn: Option<String>,
    /// Whether the buildspec names the artifact.
    pub override_artifact_name: bool,
    /// The test and coverage reports.
    pub reports: Vec<Report>,
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

// By hand: the API tells artifacts in two places, and the model has them in one.
impl Serialize for BuildResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = |artifact: &ArtifactOutput| BuildArtifacts {
            location: artifact.archive.as_ref().unwrap_or(&artifact.directory).display().to_string(),
            override_artifact_name: self.override_artifact_name,
            artifact_identifier: artifact.identifier.clone(),
        };
        let (primary, secondary): (Vec<_>, Vec<_>) =
            self.artifacts.iter().map(place).partition(|artifact| artifact.artifact_identifier.is_none());
        let shape = Shape {
            id: &self.id,
            arn: &self.arn,
            build_number: self.build_number,
            start_time: self.start_time,
            end_time: self.end_time,
            current_phase: &self.current_phase,
            build_status: &self.status,
            resolved_source_version: self.resolved_source_version.as_deref(),
            project_name: &self.project_name,
            phases: &self.phases,
            artifacts: primary.into_iter().next(),
            secondary_artifacts: secondary,
            environment: self.image.as_deref().map(|image| Environment { image }),
            timeout_in_minutes: self.timeout.map(|timeout| timeout.as_secs().div_ceil(60)),
            build_complete: self.build_complete,
            initiator: self.initiator.as_deref(),
            exported_environment_variables: &self.exported_variables,
            report_arns: self.reports.iter().map(|report| report.arn.as_str()).collect(),
            build_batch_arn: self.batch_arn.as_deref(),
            reports: &self.reports,
            local_artifacts: &self.artifacts,
            first_failure: self.first_failure.as_deref(),
            dry_run: self.dry_run,
        };
        shape.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    id: &'a str,
    arn: &'a str,
    build_number: u64,
    #[serde(serialize_with = "seconds")]
    start_time: SystemTime,
    #[serde(serialize_with = "seconds")]
    end_time: SystemTime,
    current_phase: &'a PhaseType,
    build_status: &'a BuildStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_source_version: Option<&'a str>,
    project_name: &'a str,
    phases: &'a [BuildPhase],
    #[serde(skip_serializing_if = "Option::is_none")]
    artifacts: Option<BuildArtifacts>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary_artifacts: Vec<BuildArtifacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_in_minutes: Option<u64>,
    build_complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator: Option<&'a str>,
    exported_environment_variables: &'a [ExportedVariable],
    report_arns: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_batch_arn: Option<&'a str>,
    reports: &'a [Report],
    local_artifacts: &'a [ArtifactOutput],
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<&'a str>,
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildArtifacts {
    location: String,
    override_artifact_name: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_identifier: Option<String>,
}

#[derive(Serialize)]
struct Environment<'a> {
    image: &'a str,
}

/// An artifact on this machine.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactOutput {
    /// The identifier; `None` for the primary artifact.
    #[serde(rename = "artifactIdentifier", skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its name, if the buildspec names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The directory that holds it.
    pub directory: PathBuf,
    /// The archive of the directory, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<PathBuf>,
    /// Its files, relative to the directory, sorted.
    pub files: Vec<PathBuf>,
}

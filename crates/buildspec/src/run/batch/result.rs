//! How a batch ended, in the shape of `BatchGetBuildBatches`.

use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::build::{BuildStatus, seconds};
use crate::run::BuildResult;

/// The result of a local batch.
///
/// As JSON it has the shape of a batch in the answer of `BatchGetBuildBatches`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct BatchResult {
    /// `<project>:<uuid>`
    pub id: String,
    /// The ARN that the batch would have.
    pub arn: String,
    /// The name of the project.
    pub project_name: String,
    /// When it began.
    pub start_time: SystemTime,
    /// When it ended.
    pub end_time: SystemTime,
    /// How it ended. `SUCCEEDED` only if every build did whose failure is not ignored.
    pub status: BuildStatus,
    /// The builds, in the order of the file.
    pub groups: Vec<BatchGroup>,
    /// Whether commands were only looked at.
    pub dry_run: bool,
}

/// One build of a batch.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct BatchGroup {
    /// Its name.
    pub identifier: String,
    /// What it waited for.
    pub depends_on: Vec<String>,
    /// Whether the batch can succeed without it.
    pub ignore_failure: bool,
    /// How it ended; none if it never began.
    pub build: Option<BuildResult>,
    /// Why it could not begin, though its turn had come.
    pub refused: Option<String>,
}

impl BatchGroup {
    /// The status of its build; `STOPPED` if it never began.
    #[must_use]
    pub fn status(&self) -> BuildStatus {
        match (&self.build, &self.refused) {
            (Some(build), _) => build.status.clone(),
            (None, Some(_)) => BuildStatus::Fault,
            (None, None) => BuildStatus::Stopped,
        }
    }

    /// Why it could not begin, or what failed first in its build.
    fn first_failure(&self) -> Option<&str> {
        self.refused.as_deref().or_else(|| self.build.as_ref()?.first_failure.as_deref())
    }
}

impl BatchResult {
    /// Whether the batch really ran and succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == BuildStatus::Succeeded && !self.dry_run
    }

    /// Why the batch failed, in one line: the first build, in the order of the file, that failed and was not ignored, and
    /// what failed in it. Builds that were stopped because of it are passed over.
    #[must_use]
    pub fn first_failure(&self) -> Option<String> {
        let group = self.groups.iter().find(|group| !group.ignore_failure && group.status().is_failure())?;
        let identifier = &group.identifier;
        Some(match group.first_failure() {
            Some(reason) => format!("the build `{identifier}` failed: {reason}"),
            None => format!("the build `{identifier}` ended as {}", group.status()),
        })
    }

    /// The results of the builds that began.
    pub fn builds(&self) -> impl Iterator<Item = &BuildResult> {
        self.groups.iter().filter_map(|group| group.build.as_ref())
    }
}

impl Serialize for BatchResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = self.status.as_str();
        let phase = |kind, status, start, end| Phase {
            phase_type: kind,
            phase_status: status,
            start_time: start,
            end_time: end,
        };
        let (start, end) = (self.start_time, self.end_time);
        // Artifacts stay where each build has left them, so nothing is combined.
        let phases = vec![
            phase("SUBMITTED", "SUCCEEDED", start, start),
            phase("DOWNLOAD_BATCHSPEC", "SUCCEEDED", start, start),
            phase("IN_PROGRESS", word, start, end),
            phase(word, word, end, end),
        ];
        let groups = self.groups.iter().map(|group| Group {
            identifier: &group.identifier,
            depends_on: &group.depends_on,
            ignore_failure: group.ignore_failure,
            current_build_summary: group.build.as_ref().map(|build| Summary {
                arn: &build.arn,
                requested_on: build.start_time,
                build_status: build.status.as_str(),
            }),
            first_failure: group.first_failure(),
        });
        let groups: Vec<Group<'_>> = groups.collect();
        let reports = self.builds().flat_map(|build| &build.reports).map(|report| report.arn.as_str());
        let shape = Shape {
            id: &self.id,
            arn: &self.arn,
            start_time: start,
            end_time: end,
            current_phase: word,
            build_batch_status: word,
            project_name: &self.project_name,
            phases,
            complete: true,
            build_groups: groups,
            report_arns: reports.collect(),
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
    #[serde(serialize_with = "seconds")]
    start_time: SystemTime,
    #[serde(serialize_with = "seconds")]
    end_time: SystemTime,
    current_phase: &'a str,
    build_batch_status: &'a str,
    project_name: &'a str,
    phases: Vec<Phase<'a>>,
    complete: bool,
    build_groups: Vec<Group<'a>>,
    report_arns: Vec<&'a str>,
    dry_run: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Phase<'a> {
    phase_type: &'a str,
    phase_status: &'a str,
    #[serde(serialize_with = "seconds")]
    start_time: SystemTime,
    #[serde(serialize_with = "seconds")]
    end_time: SystemTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    identifier: &'a str,
    depends_on: &'a [String],
    ignore_failure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_build_summary: Option<Summary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_failure: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary<'a> {
    arn: &'a str,
    #[serde(serialize_with = "seconds")]
    requested_on: SystemTime,
    build_status: &'a str,
}

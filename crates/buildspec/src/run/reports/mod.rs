//! Test and coverage reports: what a build's files say, in the shape of `BatchGetReports`.
//!
//! A report never decides about the build: a failed test does that through the exit status of its command, as in
//! CodeBuild. Each format is one file here.

mod clover;
mod cobertura;
mod cucumber;
mod found;
mod jacoco;
mod junit;
mod nunit;
mod nunit3;
mod simplecov;
mod testng;
mod trx;
mod xml;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Serialize, Serializer};

pub use found::{FileCoverage, TestCase, TestStatus};

use super::artifacts::is_yes;
use super::gather::{UploadError, Wanted, gather};
use crate::build::seconds;
use crate::model::ReportGroup;
use found::{Found, Unreadable};

/// Larger report files are not read.
const LARGEST: u64 = 32 << 20;

/// A format that report files can have.
struct Format {
    /// The value of `file-format`.
    name: &'static str,
    kind: ReportKind,
    read: fn(&mut dyn BufRead, &mut Found) -> Result<(), Unreadable>,
}

/// Sorted by name.
static FORMATS: [&Format; 10] = [
    &clover::FORMAT,
    &cobertura::FORMAT,
    &cucumber::FORMAT,
    &jacoco::FORMAT,
    &junit::FORMAT,
    &nunit3::FORMAT,
    &nunit::FORMAT,
    &simplecov::FORMAT,
    &testng::FORMAT,
    &trx::FORMAT,
];

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportKind {
    /// Test cases.
    Test,
    /// Lines and branches.
    CodeCoverage,
}

/// How a report ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReportStatus {
    /// All test cases passed or did not run; or coverage was read.
    Succeeded,
    /// A test case failed.
    Failed,
    /// There was no file, or none that could be read.
    Incomplete,
}

/// A report of a build.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The ARN that it would have.
    pub arn: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ReportKind,
    /// Its name.
    pub name: String,
    /// The ARN of its group.
    pub report_group_arn: String,
    /// The ARN of the build.
    pub execution_id: String,
    /// How it ended.
    pub status: ReportStatus,
    /// When it was made.
    #[serde(serialize_with = "seconds")]
    pub created: SystemTime,
    /// Whether there were more test cases or files than are kept.
    pub truncated: bool,
    /// Counts of test cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_summary: Option<TestSummary>,
    /// Counts of lines and branches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_coverage_summary: Option<CoverageSummary>,
    /// The test cases, those that failed first; at most 500.
    #[serde(skip)]
    pub test_cases: Vec<TestCase>,
    /// Coverage by file.
    #[serde(skip)]
    pub code_coverages: Vec<FileCoverage>,
}

/// Counts of test cases.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestSummary {
    /// All of them.
    pub total: u64,
    /// By status.
    pub status_counts: BTreeMap<TestStatus, u64>,
    /// How long they took together.
    pub duration_in_nano_seconds: u64,
}

/// Counts of lines and branches.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageSummary {
    /// Of 100; absent when there are no lines.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "percentage")]
    pub line_coverage_percentage: Option<f64>,
    /// Lines that ran.
    pub lines_covered: u64,
    /// Lines that did not.
    pub lines_missed: u64,
    /// Of 100; absent when there are no branches.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "percentage")]
    pub branch_coverage_percentage: Option<f64>,
    /// Branches that were taken.
    pub branches_covered: u64,
    /// Branches that were not.
    pub branches_missed: u64,
}

/// Two digits behind the point.
fn percentage<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((value.unwrap_or_default() * 100.0).round() / 100.0)
}

/// What a report is called, and when and for whom it is made.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// `arn:aws:codebuild:<region>:<account>`
    pub(super) arn_prefix: String,
    pub(super) project: String,
    pub(super) build_arn: String,
    pub(super) uuid: String,
    pub(super) created: SystemTime,
}

/// Reads the files of one group. `name` is its name with variables replaced.
pub(super) fn collect(
    group: &ReportGroup,
    name: &str,
    heading: &Heading,
    source: &Path,
    copies: Option<&Path>,
    notes: &mut Vec<String>,
) -> Result<Report, UploadError> {
    let word = group.file_format.as_ref().map_or("JUNITXML", |text| text.value.trim());
    let format = FORMATS.iter().find(|format| format.name.eq_ignore_ascii_case(word));
    let mut found = Found::default();
    let mut read = 0;
    match format {
        None => notes.push(format!("Report {name}: the format {} is not read here", word.escape_debug())),
        Some(format) => {
            let wanted = Wanted { files: &group.files, exclude: &[], base_directory: group.base_directory.as_ref() };
            let files = match gather(wanted, source, copies.unwrap_or(Path::new("")), notes) {
                Ok(files) => files,
                Err(UploadError::Client(context)) => {
                    notes.push(format!("Report {name}: {}", context.message));
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            for file in files.into_iter().filter(|file| file.path.is_file()) {
                let (relative, path) = (file.relative, file.path);
                found.file = relative.to_string_lossy().into_owned();
                match open(&path).and_then(|mut input| (format.read)(&mut *input, &mut found)) {
                    Ok(()) => read += 1,
                    Err(Unreadable(why)) => {
                        notes.push(format!("Report {name}: {} is no {}: {why}", found.file, format.name));
                    }
                }
                if let Some(copies) = copies {
                    let flat = is_yes(group.discard_paths.as_ref());
                    let place =
                        if flat { relative.file_name().map_or(relative.clone(), PathBuf::from) } else { relative };
                    copy(&path, &copies.join(directory_of(name)).join(place))?;
                }
            }
            if read == 0 {
                notes.push(format!("Report {name}: no report files were found"));
            }
        }
    }
    Ok(report(heading, name, format.map_or(ReportKind::Test, |format| format.kind), found, read > 0))
}

fn report(heading: &Heading, name: &str, kind: ReportKind, mut found: Found, complete: bool) -> Report {
    let (group_arn, group) = if name.starts_with("arn:") {
        (name.to_owned(), name.rsplit('/').next().unwrap_or(name).to_owned())
    } else {
        let group = format!("{}-{name}", heading.project);
        (format!("{}:report-group/{group}", heading.arn_prefix), group)
    };
    let failed = found.counts.keys().any(|status| status.is_failure());
    let status = match (complete, failed) {
        (false, _) => ReportStatus::Incomplete,
        (true, true) => ReportStatus::Failed,
        (true, false) => ReportStatus::Succeeded,
    };
    let test_cases = found.cases();
    let mut sum = FileCoverage::default();
    found.files.values().for_each(|file| sum.add(file));
    Report {
        arn: format!("{}:report/{group}:{}", heading.arn_prefix, heading.uuid),
        kind,
        name: group,
        report_group_arn: group_arn,
        execution_id: heading.build_arn.clone(),
        status,
        created: heading.created,
        truncated: found.truncated,
        test_summary: (kind == ReportKind::Test).then(|| TestSummary {
            total: found.counts.values().sum(),
            status_counts: found.counts.clone(),
            duration_in_nano_seconds: found.duration,
        }),
        code_coverage_summary: (kind == ReportKind::CodeCoverage).then(|| CoverageSummary {
            line_coverage_percentage: part(sum.lines_covered, sum.lines_missed),
            lines_covered: sum.lines_covered,
            lines_missed: sum.lines_missed,
            branch_coverage_percentage: part(sum.branches_covered, sum.branches_missed),
            branches_covered: sum.branches_covered,
            branches_missed: sum.branches_missed,
        }),
        test_cases,
        code_coverages: found.files.into_values().collect(),
    }
}

fn part(covered: u64, missed: u64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "a percentage of so many lines needs no more digits")]
    let part = covered as f64 * 100.0 / (covered.saturating_add(missed)) as f64;
    part.is_finite().then_some(part)
}

/// A report file as UTF-8, whatever it was: test tools on Windows write UTF-16.
fn open(path: &Path) -> Result<Box<dyn BufRead>, Unreadable> {
    let failed = |error: io::Error| Unreadable(error.to_string());
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > LARGEST {
        return Err(Unreadable(format!("it is larger than {} MiB", LARGEST >> 20)));
    }
    let mut input = BufReader::new(file.take(LARGEST));
    let start = input.fill_buf().map_err(failed)?;
    let big = match start {
        [0xfe, 0xff, ..] => true,
        [0xff, 0xfe, ..] => false,
        [0xef, 0xbb, 0xbf, ..] => {
            input.consume(3);
            return Ok(Box::new(input));
        }
        _ => return Ok(Box::new(input)),
    };
    input.consume(2);
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(failed)?;
    let units = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Ok(Box::new(Cursor::new(text)))
}

fn copy(from: &Path, to: &Path) -> Result<(), UploadError> {
    let copied = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(from, to));
    copied.map(|_| ()).map_err(|error| UploadError::Io(to.to_owned(), error))
}

/// The directory for the files of a group: its name, which may be an ARN, made fit to be one.
fn directory_of(name: &str) -> String {
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' });
    let plain: String = plain.collect();
    if plain.trim_matches('.').is_empty() { "report".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_sorted() {
        assert!(FORMATS.is_sorted_by_key(|format| format.name));
    }

    #[test]
    fn names_are_directories() {
        for (name, expected) in [("unit", "unit"), ("arn:aws:x/y", "arn_aws_x_y"), ("..", "report"), ("../x", ".._x")] {
            assert_eq!(directory_of(name), expected, "{name}");
        }
    }
}

//! What report files add up to, in bounded memory: counts of everything, and as many single results as CodeBuild keeps.

use std::collections::BTreeMap;

use serde::Serialize;

/// Most test cases that a report keeps (reference of reports: 500), those that failed first.
pub(super) const MOST_CASES: usize = 500;
/// Most characters of a message.
const LONGEST_MESSAGE: usize = 5_000;
/// Most characters of a name.
const LONGEST_NAME: usize = 1_000;
/// Most files that a coverage report tells apart; CodeBuild documents no bound.
const MOST_FILES: usize = 100_000;

/// Why a report file cannot be read, in half a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

/// The state of a test case, in the words of CodeBuild's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestStatus {
    /// It passed.
    Succeeded,
    /// It did not.
    Failed,
    /// It could not come to a result.
    Error,
    /// It did not run.
    Skipped,
    /// The file does not tell.
    Unknown,
}

impl TestStatus {
    /// Whether it makes the report a failed one.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// A test case, in the shape of `DescribeTestCases`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// The file that tells of it, relative to the base directory.
    pub test_raw_data_path: String,
    /// What groups cases inside of a suite: a class, a feature.
    pub prefix: String,
    /// The name of the case.
    pub name: String,
    /// Its suite.
    pub test_suite_name: String,
    /// How it ended.
    pub status: TestStatus,
    /// How long it took.
    pub duration_in_nano_seconds: u64,
    /// Why it failed or did not run.
    pub message: String,
}

impl TestCase {
    /// A case that passed.
    pub(super) fn new(prefix: &str, name: &str, suite: &str) -> Self {
        Self {
            test_raw_data_path: String::new(),
            prefix: cut(prefix, LONGEST_NAME),
            name: cut(name, LONGEST_NAME),
            test_suite_name: cut(suite, LONGEST_NAME),
            status: TestStatus::Succeeded,
            duration_in_nano_seconds: 0,
            message: String::new(),
        }
    }

    /// Sets the duration from a number of seconds as text; a comma in it groups thousands or begins the fraction.
    pub(super) fn took_seconds(&mut self, text: &str) {
        let text = text.trim();
        let plain = if text.contains('.') { text.replace(',', "") } else { text.replace(',', ".") };
        self.duration_in_nano_seconds = nanos(plain.parse().unwrap_or_default());
    }

    /// Adds to the message what still fits.
    pub(super) fn say(&mut self, text: &str) {
        let room = LONGEST_MESSAGE.saturating_sub(self.message.chars().count());
        self.message.extend(text.chars().take(room));
    }

    /// Sets the status, and its message if there is a better one than none.
    pub(super) fn end(&mut self, status: TestStatus, message: &str) {
        self.status = status;
        if self.message.is_empty() {
            self.say(message);
        }
    }
}

/// Nanoseconds of seconds; nothing is negative, and what is too long is the longest there is.
pub(super) fn nanos(seconds: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
    let nanos = (seconds * 1e9).round() as u64;
    nanos
}

/// How many lines and branches of a file ran, in the shape of `DescribeCodeCoverages`.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCoverage {
    /// The file, as the report names it.
    pub file_path: String,
    /// Lines that ran.
    pub lines_covered: u64,
    /// Lines that did not.
    pub lines_missed: u64,
    /// Branches that were taken.
    pub branches_covered: u64,
    /// Branches that were not.
    pub branches_missed: u64,
}

impl FileCoverage {
    pub(super) fn new(path: &str) -> Self {
        Self { file_path: path.to_owned(), ..Self::default() }
    }

    /// Counts a line.
    pub(super) fn line(&mut self, ran: bool) {
        let count = if ran { &mut self.lines_covered } else { &mut self.lines_missed };
        *count = count.saturating_add(1);
    }

    /// Counts branches.
    pub(super) fn branches(&mut self, covered: u64, missed: u64) {
        self.branches_covered = self.branches_covered.saturating_add(covered);
        self.branches_missed = self.branches_missed.saturating_add(missed);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.lines_covered = self.lines_covered.saturating_add(other.lines_covered);
        self.lines_missed = self.lines_missed.saturating_add(other.lines_missed);
        self.branches(other.branches_covered, other.branches_missed);
    }
}

/// What the files of one report group add up to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The file that is being read.
    pub(super) file: String,
    pub(super) counts: BTreeMap<TestStatus, u64>,
    pub(super) duration: u64,
    failed: Vec<TestCase>,
    others: Vec<TestCase>,
    pub(super) files: BTreeMap<String, FileCoverage>,
    pub(super) truncated: bool,
}

impl Found {
    pub(super) fn case(&mut self, mut case: TestCase) {
        case.test_raw_data_path.clone_from(&self.file);
        *self.counts.entry(case.status).or_default() += 1;
        self.duration = self.duration.saturating_add(case.duration_in_nano_seconds);
        let list = if case.status.is_failure() { &mut self.failed } else { &mut self.others };
        if list.len() < MOST_CASES {
            list.push(case);
        } else {
            self.truncated = true;
        }
    }

    pub(super) fn covered(&mut self, file: &FileCoverage) {
        if !self.files.contains_key(&file.file_path) && self.files.len() == MOST_FILES {
            self.truncated = true;
            return;
        }
        let known = self.files.entry(file.file_path.clone()).or_insert_with(|| FileCoverage::new(&file.file_path));
        known.add(file);
    }

    /// The cases to keep, and whether there were more.
    pub(super) fn cases(&mut self) -> Vec<TestCase> {
        let mut cases = std::mem::take(&mut self.failed);
        let room = MOST_CASES - cases.len();
        self.truncated |= self.others.len() > room;
        cases.extend(self.others.drain(..).take(room));
        cases
    }
}

fn cut(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect()
}

//! Waits for the scan of an image, basic or enhanced, and holds what it found against thresholds.
//!
//! The SDK's waiter knows only the end of basic scans, and so waits in vain where enhanced scanning is on, which ends in
//! `ACTIVE`; and enhanced scanning says so before its findings are there (both observed by users). A result therefore counts
//! when it was seen twice alike, and one without findings when it was seen several times.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use aws_call::{Backoff, CallError, Clock, IdSource, Pacer, Polling};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Inspections, Scan},
    digest::Digest,
    error::{CallFailed, DocumentError, Error},
    image::Image,
    manifest::Manifest,
    reference::RepositoryName,
};

const NOTHING: &str = "the image stays as it is";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Severity {
    /// Nobody has said.
    Undefined,
    /// To be known.
    Informational,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As bad as it gets.
    Critical,
}

impl Severity {
    const ALL: [Self; 6] = [Self::Undefined, Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// As ECR writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// What ECR's word means. Enhanced scans say `UNTRIAGED` for what basic ones call `UNDEFINED`; a word that nobody knows
    /// yet counts as the worst, so that it passes no gate unseen.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "UNTRIAGED" => Self::Undefined,
            word => word.parse().unwrap_or(Self::Critical),
        }
    }
}

impl FromStr for Severity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|severity| severity.as_str().eq_ignore_ascii_case(text));
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            DocumentError::new(format!("severity `{text}`"), format!("it is none of {names}")).into()
        })
    }
}

/// What passes, and how long to wait for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScanGate {
    /// How many findings of a severity pass. Severities that are not named pass in any number.
    pub most: BTreeMap<Severity, u64>,
    /// Names of findings that do not count, because they were looked at.
    pub accepted: Vec<String>,
    /// Begin a basic scan if none has begun.
    pub start: bool,
    /// How often a result without findings must be seen before it counts.
    pub empty_reads: u32,
    /// For how long an image without a scan is taken for one whose scan has not begun yet.
    pub grace: Duration,
    /// How often to look, and until when.
    pub polling: Polling,
}

impl Default for ScanGate {
    /// Nothing critical and nothing high; looks every five seconds for ten minutes, and gives a scan two to begin.
    fn default() -> Self {
        Self {
            most: BTreeMap::from([(Severity::Critical, 0), (Severity::High, 0)]),
            accepted: Vec::new(),
            start: false,
            empty_reads: 3,
            grace: Duration::from_secs(120),
            polling: Polling::new(Backoff::constant(Duration::from_secs(5))).with_deadline(Duration::from_secs(600)),
        }
    }
}

impl ScanGate {
    /// Lets so many findings of a severity pass.
    #[must_use]
    pub fn with_most(mut self, severity: Severity, most: u64) -> Self {
        self.most.insert(severity, most);
        self
    }

    /// Does not count this finding.
    #[must_use]
    pub fn accepting(mut self, name: impl Into<String>) -> Self {
        self.accepted.push(name.into());
        self
    }

    /// Begins a basic scan if none has begun.
    #[must_use]
    pub const fn starting(mut self) -> Self {
        self.start = true;
        self
    }

    /// Looks so often, and until then.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// What is too much in a scan, the worst first.
    #[must_use]
    pub fn exceeded(&self, scan: &Scan) -> Vec<Exceeded> {
        let mut found: BTreeMap<Severity, u64> = BTreeMap::new();
        for (word, count) in &scan.counts {
            *found.entry(Severity::of(word)).or_default() += count;
        }
        // ECR's counts are of all findings; where they are missing, the findings themselves are counted.
        if scan.counts.is_empty() {
            for finding in &scan.findings {
                *found.entry(Severity::of(&finding.severity)).or_default() += 1;
            }
        }
        for finding in scan.findings.iter().filter(|finding| self.accepted.contains(&finding.name)) {
            if let Some(count) = found.get_mut(&Severity::of(&finding.severity)) {
                *count = count.saturating_sub(1);
            }
        }
        let over = self.most.iter().rev().filter_map(|(severity, most)| {
            let found = found.get(severity).copied().unwrap_or_default();
            (found > *most).then_some(Exceeded { severity: *severity, found, most: *most })
        });
        over.collect()
    }
}

/// More findings of a severity than pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exceeded {
    /// Of which severity.
    pub severity: Severity,
    /// How many there are.
    pub found: u64,
    /// How many pass.
    pub most: u64,
}

/// What came of the wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
#[non_exhaustive]
pub enum ScanOutcome {
    /// The scan is done, and nothing is too much.
    Passed {
        /// What it said.
        scan: Scan,
    },
    /// The scan is done, and there is too much.
    Failed {
        /// What it said.
        scan: Scan,
        /// What is too much.
        exceeded: Vec<Exceeded>,
    },
    /// There will be no scan of this image.
    Unscannable {
        /// ECR's word, such as `UNSUPPORTED_IMAGE`.
        status: String,
        /// What ECR says about it.
        description: Option<String>,
    },
    /// The time was over before the scan was.
    TimedOut {
        /// What it last said; none if there was no scan.
        scan: Option<Scan>,
    },
}

/// What a state of a scan means.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Done,
    Never,
}

fn state(status: &str) -> State {
    match status {
        "COMPLETE" | "ACTIVE" => State::Done,
        "FAILED"
        | "UNSUPPORTED_IMAGE"
        | "SCAN_ELIGIBILITY_EXPIRED"
        | "FINDINGS_UNAVAILABLE"
        | "LIMIT_EXCEEDED"
        | "IMAGE_ARCHIVED"
        | "IMAGE_SIZE_EXCEEDED" => State::Never,
        // `IN_PROGRESS`, `PENDING`, and what ECR says one day: the deadline ends it.
        _ => State::Waiting,
    }
}

/// The images of an image that ECR can scan: itself, or those of its platforms. Attestations are left out, which Docker marks
/// with the platform `unknown/unknown`.
///
/// # Errors
/// [`Error::Document`] if a configuration is not valid, and as reading a configuration.
pub fn scannable(image: &Image) -> Result<Vec<Digest>, Error> {
    let Manifest::Index(_) = image.manifest().manifest() else { return Ok(vec![image.digest()]) };
    let mut digests = Vec::new();
    for manifest in image.manifests() {
        if let Manifest::Index(index) = manifest.manifest() {
            let known = |platform: &crate::Platform| platform.os != "unknown" && platform.architecture != "unknown";
            let images = index.manifests.iter().filter(|child| !child.media_type.is_index());
            let images = images.filter(|child| child.platform.as_ref().is_none_or(known));
            digests.extend(images.map(|child| child.digest));
        }
    }
    digests.sort_unstable();
    digests.dedup();
    Ok(digests)
}

/// Waits until the scan of an image is done, and holds it against `gate`.
///
/// Cancel-safe: nothing but the scan is begun, and that goes on.
///
/// # Errors
/// [`Error::Call`] if ECR refuses for another reason than that no scan has begun. Throttles and outages are waited out.
///
/// ```
/// # use ecr_push::{Digest, RepositoryName, client::Inspections, inspect::{ScanGate, ScanOutcome, Severity, wait_for_scan}};
/// # use aws_call::{Clock, IdSource};
/// async fn gate(
///     ecr: &dyn Inspections, clock: &dyn Clock, ids: &dyn IdSource, repository: &RepositoryName, image: Digest,
/// ) -> ecr_push::Result<bool> {
///     let gate = ScanGate::default().with_most(Severity::Medium, 10);
///     let outcome = wait_for_scan(ecr, clock, ids, repository, image, &gate).await?;
///     Ok(matches!(outcome, ScanOutcome::Passed { .. }))
/// }
/// ```
pub async fn wait_for_scan(
    inspections: &dyn Inspections,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    repository: &RepositoryName,
    image: Digest,
    gate: &ScanGate,
) -> Result<ScanOutcome, Error> {
    let mut pacer = Pacer::new(clock, ids, &gate.polling);
    let failed = |call| CallFailed::new(format!("asking for the scan of {image}"), 1, NOTHING, call);
    let mut last: Option<Scan> = None;
    let (mut alike, mut started) = (0, false);
    loop {
        let mut wait = None;
        match inspections.scan(repository, image).await {
            Ok(scan) => {
                alike = if last.as_ref() == Some(&scan) { alike + 1 } else { 1 };
                match state(&scan.status) {
                    State::Never => {
                        return Ok(ScanOutcome::Unscannable { status: scan.status, description: scan.description });
                    }
                    State::Done if alike >= settled(&scan, gate) => {
                        let exceeded = gate.exceeded(&scan);
                        return Ok(match exceeded.is_empty() {
                            true => ScanOutcome::Passed { scan },
                            false => ScanOutcome::Failed { scan, exceeded },
                        });
                    }
                    _ => last = Some(scan),
                }
            }
            Err(error) if error.code() == Some("ScanNotFoundException") => {
                if gate.start && !started {
                    started = true;
                    match inspections.start_scan(repository, image).await {
                        Ok(()) => {}
                        // Somebody else has.
                        Err(error) if error.code() == Some("LimitExceededException") || error.is_retryable() => {}
                        Err(error) if is_unscannable(&error) => {
                            let description = error.message().map(str::to_owned);
                            return Ok(ScanOutcome::Unscannable {
                                status: "UNSUPPORTED_IMAGE".to_owned(),
                                description,
                            });
                        }
                        Err(error) => return Err(failed(error).into()),
                    }
                } else if pacer.elapsed() >= gate.grace {
                    return Ok(ScanOutcome::TimedOut { scan: None });
                }
            }
            Err(error) if error.is_retryable() => wait = error.retry_after(),
            Err(error) => return Err(failed(error).into()),
        }
        if pacer.pause_after(wait).await.is_err() {
            return Ok(ScanOutcome::TimedOut { scan: last });
        }
    }
}

fn is_unscannable(error: &CallError) -> bool {
    matches!(error.code(), Some("UnsupportedImageTypeException" | "ImageArchivedException"))
}

/// How often a result must be seen alike before it counts.
fn settled(scan: &Scan, gate: &ScanGate) -> u32 {
    if scan.counts.is_empty() && scan.findings.is_empty() { gate.empty_reads.max(1) } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for severity in Severity::ALL {
            assert_eq!(Severity::of(severity.as_str()), severity);
            assert_eq!(severity.as_str().to_lowercase().parse::<Severity>().unwrap(), severity);
        }
        assert_eq!((Severity::of("UNTRIAGED"), Severity::of("DIRE")), (Severity::Undefined, Severity::Critical));
        assert!("dire".parse::<Severity>().unwrap_err().to_string().contains("none of"));
    }

    #[test]
    fn thresholds() {
        let scan = Scan::new("COMPLETE")
            .with_finding("CVE-2024-0001", "HIGH")
            .with_finding("CVE-2024-0002", "HIGH")
            .with_finding("CVE-2024-0003", "LOW");
        let over = |gate: ScanGate| -> Vec<(Severity, u64)> {
            gate.exceeded(&scan).iter().map(|exceeded| (exceeded.severity, exceeded.found)).collect()
        };
        assert_eq!(over(ScanGate::default()), [(Severity::High, 2)]);
        assert_eq!(over(ScanGate::default().with_most(Severity::High, 2)), []);
        assert_eq!(over(ScanGate::default().accepting("CVE-2024-0001")), [(Severity::High, 1)]);
        let both = ScanGate::default().with_most(Severity::Low, 0);
        assert_eq!(over(both), [(Severity::High, 2), (Severity::Low, 1)]);
    }
}

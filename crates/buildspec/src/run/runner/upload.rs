//! What a build leaves: reports, artifacts, the cache.

use super::{Build, Failure, fault, given_up};
use crate::build::{BuildStatus, PhaseContext};
use crate::model::{ArtifactSet, Text};
use crate::run::artifacts::{self, Order};
use crate::run::cache::{self, Action, Store};
use crate::run::gather::UploadError;
use crate::run::reports::{self, Heading};
use crate::run::variables::Identity;
use crate::run::{Event, EventKind};

/// Failed test cases that the log names.
const NAMED_FAILURES: usize = 10;

impl<'a> Build<'a> {
    pub(super) fn upload(&mut self, identity: &Identity) -> Failure {
        if let Some(exit) = self.control.interruption() {
            return Some(given_up(exit));
        }
        if self.executor.is_dry() {
            self.note("A dry run collects no reports, no artifacts and no cache");
            return None;
        }
        // Reports are worth most when a build fails, so artifacts must not keep them away.
        let reports = self.collect_reports(identity);
        let artifacts = self.collect_artifacts();
        if artifacts.is_none() && self.first_failure.is_none() {
            self.save_cache();
        }
        artifacts.or(reports)
    }

    fn collect_reports(&mut self, identity: &Identity) -> Failure {
        let request = self.request;
        for group in &request.buildspec.reports {
            let name = match self.expand(&group.name.value) {
                Ok(name) => name,
                Err(failure) => return Some(failure),
            };
            let heading = Heading {
                arn_prefix: identity.arn_prefix.clone(),
                project: request.project.clone(),
                build_arn: identity.arn.clone(),
                uuid: self.uuid.clone(),
                created: self.now(),
            };
            let mut notes = Vec::new();
            let copies = request.reports_dir.as_deref();
            let report = reports::collect(group, &name, &heading, &self.directory, copies, &mut notes);
            self.notes(&notes);
            match report {
                Ok(mut report) => {
                    for case in &mut report.test_cases {
                        case.message = self.secrets.mask(&case.message);
                    }
                    self.tell_report(&report);
                    self.reports.push(report);
                }
                Err(error) => return Some(failed(error)),
            }
        }
        None
    }

    fn tell_report(&mut self, report: &reports::Report) {
        if let Some(summary) = &report.test_summary {
            let counts = summary.status_counts.iter().map(|(status, count)| format!("{count} {status:?}"));
            let counts: Vec<String> = counts.map(|text| text.to_lowercase()).collect();
            self.note(&format!("Report {}: {} tests, {}", report.name, summary.total, counts.join(", ")));
        }
        if let Some(summary) = &report.code_coverage_summary {
            let lines = summary.line_coverage_percentage.unwrap_or_default();
            self.note(&format!("Report {}: {lines:.2} % of the lines covered", report.name));
        }
        let failures: Vec<String> = report
            .test_cases
            .iter()
            .filter(|case| case.status.is_failure())
            .take(NAMED_FAILURES)
            .map(|case| {
                let place = if case.prefix.is_empty() { &case.test_suite_name } else { &case.prefix };
                format!("Report {}: {place} {}: {}", report.name, case.name, super::one_line(&case.message))
            })
            .collect();
        self.notes(&failures);
    }

    fn collect_artifacts(&mut self) -> Failure {
        let request = self.request;
        let artifacts = request.buildspec.artifacts.as_ref()?;
        let mut sets: Vec<(Option<&Text>, &ArtifactSet)> = Vec::new();
        if !artifacts.primary.files.is_empty() {
            sets.push((None, &artifacts.primary));
        }
        sets.extend(artifacts.secondary_artifacts.iter().map(|one| (Some(&one.identifier), &one.artifacts)));
        let mut orders = Vec::new();
        for (identifier, set) in sets {
            let name = match set.name.as_ref().filter(|_| request.override_artifact_name) {
                Some(name) => match self.expand(&name.value) {
                    Ok(name) => Some(name),
                    Err(failure) => return Some(failure),
                },
                None => None,
            };
            orders.push(Order { identifier, set, name });
        }
        let mut notes = Vec::new();
        let collected =
            artifacts::collect(&orders, request.packaging, &self.directory, &request.artifacts_dir, &mut notes);
        self.notes(&notes);
        match collected {
            Ok(outputs) => {
                self.artifacts = outputs;
                None
            }
            Err(UploadError::Client(context)) if !request.phases.is_empty() => {
                self.note(&format!("{}: not all phases ran, so this is no failure", context.message));
                None
            }
            Err(error) => Some(failed(error)),
        }
    }

    pub(super) fn restore_cache(&mut self) -> Failure {
        let request = self.request;
        let cache = request.buildspec.cache.as_ref()?;
        if request.cache_dir.is_none() || !cache::wants(cache, Action::Restore) || self.executor.is_dry() {
            return None;
        }
        match self.store() {
            Ok(Some(store)) => {
                let said = store.restore().unwrap_or_else(|error| format!("Cache: not restored: {error}"));
                self.note(&said);
                None
            }
            Ok(None) => None,
            Err(failure) => Some(failure),
        }
    }

    /// A cache that cannot be kept makes the next build slower, not this one wrong.
    fn save_cache(&mut self) {
        let request = self.request;
        let Some(cache) = request.buildspec.cache.as_ref() else { return };
        if request.cache_dir.is_none() || !cache::wants(cache, Action::Save) {
            return;
        }
        let mut notes = Vec::new();
        let saved = match self.store() {
            Ok(Some(store)) => store.save(&self.uuid, &mut notes),
            Ok(None) => return,
            Err((_, context)) => Err(UploadError::Client(context)),
        };
        self.notes(&notes);
        match saved {
            Ok(said) => self.note(&said),
            Err(error) => {
                let (_, context) = failed(error);
                self.note(&format!("Cache: not kept: {}", context.message));
            }
        }
    }

    /// The cache with the shell's answers in its texts.
    fn store(&mut self) -> Result<Option<Store<'a>>, (BuildStatus, PhaseContext)> {
        let request = self.request;
        let (Some(cache), Some(directory)) = (&request.buildspec.cache, request.cache_dir.as_deref()) else {
            return Ok(None);
        };
        if cache.paths.is_empty() {
            self.note("Cache: there are no `paths`; CodeBuild would look for the caches of known tools");
            return Ok(None);
        }
        let mut paths = Vec::new();
        for path in &cache.paths {
            paths.push(Text::new(self.expand(&path.value)?, path.span));
        }
        let key = match &cache.key {
            Some(key) => Some(self.expand(&key.value)?),
            None => None,
        };
        let mut fallback_keys = Vec::new();
        for key in &cache.fallback_keys {
            fallback_keys.push(self.expand(&key.value)?);
        }
        Ok(Some(Store { directory, source: self.directory.clone(), paths, key, fallback_keys }))
    }

    /// A text as the shell expands it.
    fn expand(&mut self, text: &str) -> Result<String, (BuildStatus, PhaseContext)> {
        if !text.contains(['$', '`', '\\']) {
            return Ok(text.to_owned());
        }
        let clock = self.control.clock;
        let Some(session) = self.session.as_mut() else { return Err(fault("the session has ended")) };
        let (lines, events) = (&mut self.lines, &mut *self.events);
        let mut emit = |stream, line| events(Event { at: clock.now(), kind: EventKind::Output { stream, line } });
        let expanded = session.expand(text, &self.control, &mut |stream, bytes| lines.push(stream, bytes, &mut emit));
        lines.flush(&mut emit);
        if let Some(exit) = self.control.interruption() {
            return Err(given_up(exit));
        }
        expanded.map_err(|error| {
            (BuildStatus::Failed, PhaseContext::new("CLIENT_ERROR", self.secrets.mask(&error.to_string())))
        })
    }

    fn notes(&mut self, notes: &[String]) {
        for note in notes {
            self.note(note);
        }
    }
}

fn failed(error: UploadError) -> (BuildStatus, PhaseContext) {
    match error {
        UploadError::Client(context) => (BuildStatus::Failed, context),
        UploadError::Io(path, error) => fault(format!("`{}`: {error}", path.display())),
    }
}

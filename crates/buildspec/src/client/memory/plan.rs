//! What a build in memory does, and how far it has come.

use std::time::{Duration, SystemTime};

use super::super::{Build, LogLine};
use crate::build::{BuildPhase, BuildStatus, ExportedVariable, PhaseContext};
use crate::phases::{self, Ended, PhaseType};

/// What the builds of a project do.
///
/// ```
/// use std::time::Duration;
/// use buildspec::client::BuildPlan;
/// use buildspec::{PhaseContext, PhaseType};
///
/// let broken = BuildPlan::default()
///     .with_duration(PhaseType::Build, Duration::from_secs(90))
///     .with_line(PhaseType::Build, "make: *** [all] Error 1")
///     .with_failure(PhaseType::Build, PhaseContext::new("COMMAND_EXECUTION_ERROR", "exit status 2"));
/// # let _ = broken;
/// ```
#[derive(Clone, Debug, Default)]
pub struct BuildPlan {
    durations: Vec<(PhaseType, Duration)>,
    failures: Vec<(PhaseType, PhaseContext)>,
    lines: Vec<(PhaseType, String)>,
    exported: Vec<ExportedVariable>,
}

impl BuildPlan {
    /// Sets how long a phase takes; otherwise it is a second, and nothing for `SUBMITTED` and `COMPLETED`.
    #[must_use]
    pub fn with_duration(mut self, phase: PhaseType, duration: Duration) -> Self {
        self.durations.push((phase, duration));
        self
    }

    /// Lets a phase fail.
    #[must_use]
    pub fn with_failure(mut self, phase: PhaseType, context: PhaseContext) -> Self {
        self.failures.push((phase, context));
        self
    }

    /// Adds a line to the log, at the end of a phase.
    #[must_use]
    pub fn with_line(mut self, phase: PhaseType, line: impl Into<String>) -> Self {
        self.lines.push((phase, line.into()));
        self
    }

    /// Lets builds that succeed hand on a variable.
    #[must_use]
    pub fn with_exported(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.exported.push(ExportedVariable::new(name, value));
        self
    }

    fn duration(&self, phase: &PhaseType) -> Duration {
        let set = self.durations.iter().rev().find(|(of, _)| of == phase);
        match (set, phase) {
            (Some((_, duration)), _) => *duration,
            (None, PhaseType::Submitted | PhaseType::Completed) => Duration::ZERO,
            (None, _) => Duration::from_secs(1),
        }
    }
}

/// One build.
#[derive(Debug)]
pub(super) struct Run {
    build: Build,
    plan: BuildPlan,
    started: SystemTime,
    timeout: Duration,
    stopped: Option<SystemTime>,
}

impl Run {
    pub(super) const fn new(build: Build, plan: BuildPlan, started: SystemTime, timeout: Duration) -> Self {
        Self { build, plan, started, timeout, stopped: None }
    }

    /// A build that is over stays as it ended; of two requests the first one counts.
    pub(super) fn stop(&mut self, now: SystemTime) {
        if self.stopped.is_none() && !self.at(now).build_complete {
            self.stopped = Some(now);
        }
    }

    /// The build as it is at `now`.
    pub(super) fn at(&self, now: SystemTime) -> Build {
        let mut build = self.build.clone();
        let mut begin = self.started;
        let mut phase = PhaseType::Submitted;
        let mut deadline = None;
        let mut provisioned = false;
        loop {
            if begin > now {
                break;
            }
            if phase == PhaseType::Provisioning {
                // Time in the queue does not count.
                deadline = begin.checked_add(self.timeout);
                provisioned = true;
            }
            build.current_phase = Some(phase.clone());
            if phase == PhaseType::Completed {
                complete(&mut build, begin, &self.plan);
                break;
            }
            let (end, status, contexts) = self.outcome(&phase, begin, deadline);
            let mut entry = BuildPhase::begun(phase.clone(), begin);
            if end <= now {
                entry.end_time = Some(end);
                entry.phase_status = Some(status.clone());
                entry.contexts = contexts;
                if status != BuildStatus::Succeeded && build.build_status == BuildStatus::InProgress {
                    build.build_status = status.clone();
                }
            }
            build.phases.push(entry);
            if end > now {
                break;
            }
            let next = match status {
                BuildStatus::Succeeded => phases::next(&phase, Ended::Succeeded, None),
                BuildStatus::Failed => phases::next(&phase, Ended::Failed, None),
                _ => Some(PhaseType::Finalizing),
            };
            match next {
                Some(next) => (phase, begin) = (next, end),
                None => break,
            }
        }
        if !build.build_complete {
            // Until the end the service says only that it runs.
            build.build_status = BuildStatus::InProgress;
        }
        if !provisioned {
            build.logs = None;
        }
        if build.phases.iter().any(|phase| phase.phase_type == PhaseType::DownloadSource && phase.end_time.is_some()) {
            build.resolved_source_version.clone_from(&build.source_version);
        }
        build
    }

    /// When and how a phase that began at `begin` ends.
    fn outcome(
        &self,
        phase: &PhaseType,
        begin: SystemTime,
        deadline: Option<SystemTime>,
    ) -> (SystemTime, BuildStatus, Vec<PhaseContext>) {
        let end = begin + self.plan.duration(phase);
        // Cleaning up is neither stopped nor timed.
        if *phase == PhaseType::Finalizing {
            return (end, BuildStatus::Succeeded, Vec::new());
        }
        let stopped = self.stopped.filter(|at| *at < end && *at >= begin);
        let late = deadline.filter(|at| *at < end);
        if let Some(at) = stopped.filter(|at| late.is_none_or(|late| *at <= late)) {
            return (at, BuildStatus::Stopped, Vec::new());
        }
        if let Some(at) = late {
            let context = PhaseContext::new("BUILD_TIMED_OUT", "Build has timed out.");
            return (at.max(begin), BuildStatus::TimedOut, vec![context]);
        }
        match self.plan.failures.iter().find(|(of, _)| of == phase) {
            Some((_, context)) => (end, BuildStatus::Failed, vec![context.clone()]),
            None => (end, BuildStatus::Succeeded, Vec::new()),
        }
    }

    /// What the log holds at `now`.
    pub(super) fn log(&self, now: SystemTime) -> Vec<LogLine> {
        let mut log = Vec::new();
        for phase in &self.at(now).phases {
            let (Some(begin), runs) = (phase.start_time, phase.phase_type.runs_commands()) else { continue };
            if runs {
                log.push(LogLine::new(begin, format!("[Container] Entering phase {}\n", phase.phase_type)));
            }
            let Some(end) = phase.end_time else { continue };
            let lines = self.plan.lines.iter().filter(|(of, _)| *of == phase.phase_type);
            log.extend(lines.map(|(_, line)| LogLine::new(end, format!("{line}\n"))));
            if runs {
                let status = phase.phase_status.as_ref().map_or("", |status| status.as_str());
                let line = format!("[Container] Phase complete: {} State: {status}\n", phase.phase_type);
                log.push(LogLine::new(end, line));
            }
        }
        log
    }
}

fn complete(build: &mut Build, at: SystemTime, plan: &BuildPlan) {
    build.build_complete = true;
    build.end_time = Some(at);
    if build.build_status == BuildStatus::InProgress {
        build.build_status = BuildStatus::Succeeded;
        build.exported_environment_variables.clone_from(&plan.exported);
    }
    let mut last = BuildPhase::begun(PhaseType::Completed, at);
    last.phase_status = None;
    build.phases.push(last);
}

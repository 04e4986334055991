//! One build from `SUBMITTED` to `COMPLETED`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use aws_call::{Clock, IdSource};

use super::executor::{Control, Executor, Exit, Invocation, Session, Setup, Shell};
use super::lines::Lines;
use super::mask::Secrets;
use super::variables::{self, Identity, Resolved};
use super::{ArtifactOutput, BuildResult, Cancel, Error, Event, EventKind, Report, Request};
use crate::build::{BuildPhase, BuildStatus, ExportedVariable, PhaseContext};
use crate::model::{OnFailure, Phase, PhaseName, Text};
use crate::phases::{self, Ended, PhaseType};

mod upload;

/// Characters of a command that one line about a failure shows.
const SHOWN_COMMAND: usize = 120;

/// Runs buildspecs on this machine with CodeBuild's semantics.
#[derive(Clone, Debug)]
pub struct Runner {
    executor: Arc<dyn Executor>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Runner {
    /// A runner over an executor.
    #[must_use]
    pub fn new(executor: Arc<dyn Executor>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { executor, clock, ids }
    }

    pub(super) fn ids(&self) -> &dyn IdSource {
        &*self.ids
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn is_dry(&self) -> bool {
        self.executor.is_dry()
    }

    /// Runs one build. Blocks until it is over: call it from a thread that may block.
    ///
    /// Giving up through `cancel` ends what is running, skips the rest, and still gives a result.
    ///
    /// # Errors
    /// When the build cannot begin: see [`Error`]. What fails later is in the result.
    pub fn run(
        &self,
        request: &Request<'_>,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<BuildResult, Error> {
        let refused = |source| Error::SourceDirectory { path: request.source_dir.clone(), source };
        let directory = request.source_dir.canonicalize().map_err(refused)?;
        if !directory.is_dir() {
            return Err(refused(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        let shell = super::supported::check(request.buildspec, &*self.executor)?;
        variables::validate(request)?;
        let uuid = self.ids.uuid();
        let started = self.clock.now();
        let identity = identity(request, &uuid, started);
        let control = Control {
            cancel,
            deadline: request.timeout.and_then(|timeout| started.checked_add(timeout)),
            clock: &*self.clock,
        };
        let mut build = Build {
            request,
            executor: &*self.executor,
            control,
            events,
            secrets: Secrets::default(),
            resolved: Resolved::default(),
            session: None,
            lines: Lines::new(&Secrets::default()),
            directory,
            phases: Vec::new(),
            status: BuildStatus::InProgress,
            first_failure: None,
            artifacts: Vec::new(),
            exported: Vec::new(),
            reports: Vec::new(),
            uuid,
        };
        build.go(&identity, shell)?;
        let secrets = build.secrets;
        Ok(BuildResult {
            id: identity.id,
            arn: identity.arn,
            build_number: request.build_number,
            project_name: request.project.clone(),
            start_time: started,
            end_time: self.clock.now(),
            build_complete: true,
            current_phase: build.phases.last().map_or(PhaseType::Completed, |phase| phase.phase_type.clone()),
            status: build.status,
            resolved_source_version: request.source_version.clone(),
            phases: build.phases,
            exported_variables: build.exported,
            artifacts: build.artifacts,
            first_failure: build.first_failure.map(|line| secrets.mask(&line)),
            initiator: request.initiator.clone(),
            timeout: request.timeout,
            image: request.image.clone(),
            batch_arn: request.batch.as_ref().map(|batch| batch.arn.clone()),
            override_artifact_name: request.override_artifact_name,
            reports: build.reports,
            dry_run: self.executor.is_dry(),
        })
    }
}

fn identity(request: &Request<'_>, uuid: &str, started: SystemTime) -> Identity {
    let id = request.build_id.clone().unwrap_or_else(|| format!("{}:{uuid}", request.project));
    let region = request.region.as_deref().unwrap_or("us-east-1");
    let arn = |resource: &str| format!("arn:aws:codebuild:{region}:{}:{resource}", request.account);
    Identity {
        arn_prefix: format!("arn:aws:codebuild:{region}:{}", request.account),
        arn: arn(&format!("build/{id}")),
        project_arn: arn(&format!("project/{}", request.project)),
        id,
        started,
    }
}

struct Build<'a> {
    request: &'a Request<'a>,
    executor: &'a dyn Executor,
    control: Control<'a>,
    events: &'a mut dyn FnMut(Event),
    secrets: Secrets,
    resolved: Resolved,
    session: Option<Box<dyn Session>>,
    lines: Lines,
    directory: PathBuf,
    phases: Vec<BuildPhase>,
    status: BuildStatus,
    first_failure: Option<String>,
    artifacts: Vec<ArtifactOutput>,
    exported: Vec<ExportedVariable>,
    reports: Vec<Report>,
    uuid: String,
}

/// How a phase ended. `None` is a success.
type Failure = Option<(BuildStatus, PhaseContext)>;

impl Build<'_> {
    fn go(&mut self, identity: &Identity, shell: Shell) -> Result<(), Error> {
        let mut phase = PhaseType::Submitted;
        loop {
            let start = self.now();
            self.tell(EventKind::PhaseStarted { phase: phase.clone() });
            self.phases.push(BuildPhase::begun(phase.clone(), start));
            let failure = match &phase {
                PhaseType::DownloadSource => self.download_source(identity, shell)?,
                PhaseType::UploadArtifacts => self.upload(identity),
                PhaseType::Finalizing => self.finalize(),
                _ => PhaseName::of(&phase).and_then(|name| self.commands(name, &phase)),
            };
            let ended = self.end_phase(&phase, start, failure);
            let policy = PhaseName::of(&phase).and_then(|name| self.policy(name));
            let given_up = matches!(self.status, BuildStatus::Stopped | BuildStatus::TimedOut | BuildStatus::Fault);
            let before_end = !matches!(phase, PhaseType::Finalizing | PhaseType::Completed);
            let next = if given_up && before_end {
                Some(PhaseType::Finalizing)
            } else {
                phases::next(&phase, ended, policy.as_ref())
            };
            match next {
                Some(next) => phase = next,
                None => break,
            }
        }
        if self.status == BuildStatus::InProgress {
            self.status = BuildStatus::Succeeded;
        }
        Ok(())
    }

    fn policy(&self, name: PhaseName) -> Option<OnFailure> {
        // A value that nobody knows was reported when the file was checked; it counts as absent.
        self.phase(name)?.failure_policy().ok().flatten()
    }

    fn phase(&self, name: PhaseName) -> Option<&Phase> {
        self.request.buildspec.phases.as_ref()?.get(name)
    }

    fn end_phase(&mut self, phase: &PhaseType, start: SystemTime, failure: Failure) -> Ended {
        let now = self.now();
        let (status, contexts) = match failure {
            None => (BuildStatus::Succeeded, Vec::new()),
            Some((status, context)) => {
                let context = PhaseContext::new(context.status_code, self.secrets.mask(&context.message));
                if self.first_failure.is_none() {
                    self.first_failure = Some(format!("{phase}: {}", one_line(&context.message)));
                }
                // The first failure decides; a phase that fails afterwards changes nothing.
                if self.status == BuildStatus::InProgress {
                    self.status = status.clone();
                }
                (status, vec![context])
            }
        };
        if let Some(last) = self.phases.last_mut() {
            last.phase_status = (*phase != PhaseType::Completed).then(|| status.clone());
            last.end_time = Some(now);
            last.contexts.clone_from(&contexts);
        }
        let ended = if status == BuildStatus::Succeeded { Ended::Succeeded } else { Ended::Failed };
        let duration = now.duration_since(start).unwrap_or_default();
        self.tell(EventKind::PhaseFinished { phase: phase.clone(), status, duration, contexts });
        ended
    }

    fn download_source(&mut self, identity: &Identity, shell: Shell) -> Result<Failure, Error> {
        if let Some(exit) = self.control.interruption() {
            return Ok(Some(given_up(exit)));
        }
        for message in super::supported::notes(self.request) {
            self.note(&message);
        }
        let directory = self.directory.to_string_lossy().into_owned();
        match variables::resolve(self.request, identity, &directory, self.executor.is_dry()) {
            Ok(resolved) => self.resolved = resolved,
            Err(context) => return Ok(Some((BuildStatus::Failed, context))),
        }
        self.secrets = Secrets::new(self.resolved.secrets.iter().map(String::as_str));
        self.lines = Lines::new(&self.secrets);
        self.note(&format!("Moving to directory {directory}"));
        let session = self.executor.open(&Setup {
            id: self.uuid.clone(),
            shell,
            directory: self.directory.clone(),
            more_directories: self.request.secondary_sources.iter().map(|source| source.directory.clone()).collect(),
            image: self.request.image.clone(),
            variables: std::mem::take(&mut self.resolved.variables),
            carry_over: !self.request.buildspec.is_version_0_1(),
        })?;
        self.session = Some(session);
        self.tell_phases();
        Ok(self.restore_cache())
    }

    /// What CodeBuild says about the phases before it enters the first one.
    fn tell_phases(&mut self) {
        let phases: Vec<(PhaseName, usize)> = self
            .request
            .buildspec
            .phases
            .iter()
            .flat_map(|phases| phases.iter())
            .map(|(name, phase)| (name, phase.commands.len()))
            .collect();
        self.note(&format!("Phases found in YAML: {}", phases.len()));
        for (name, commands) in phases {
            self.note(&format!(" {}: {commands} commands", name.as_str().to_uppercase()));
        }
    }

    fn commands(&mut self, name: PhaseName, phase: &PhaseType) -> Failure {
        let request = self.request;
        if !request.phases.is_empty() && !request.phases.contains(&name) {
            self.note(&format!("Skipping phase {phase}: it was not asked for"));
            return None;
        }
        let spec = self.phase(name).cloned().unwrap_or_default();
        let user = spec.run_as.as_ref().or(request.buildspec.run_as.as_ref()).map(|text| text.value.as_str());
        if spec.commands.is_empty() && spec.finally.is_empty() {
            self.note(&format!("No commands found for phase name: {name}"));
        }
        let (mut attempts, pattern) = match self.policy(name) {
            // One that is no regular expression was refused before the build began.
            Some(OnFailure::Retry { count, pattern }) => (count, regex_lite::Regex::new(&pattern).ok()),
            _ => (0, None),
        };
        let earlier = self.first_failure.clone();
        loop {
            let first = self.list(phase, &spec.commands, false, user);
            let stopped = matches!(&first, Some((status, _)) if *status != BuildStatus::Failed);
            // Whoever gives a build up does not wait for its `finally`.
            let last = if stopped { None } else { self.list(phase, &spec.finally, true, user) };
            let failure = first.or(last);
            match &failure {
                Some((BuildStatus::Failed, context))
                    if attempts > 0 && pattern.as_ref().is_some_and(|pattern| pattern.is_match(&context.message)) =>
                {
                    attempts -= 1;
                    self.note(&format!("Retrying phase {phase}: {}", context.message));
                    // What is tried again has not failed yet.
                    self.first_failure.clone_from(&earlier);
                    if earlier.is_none()
                        && let Err(failure) = self.set_succeeding("1")
                    {
                        return Some(failure);
                    }
                }
                _ => return failure,
            }
        }
    }

    fn list(&mut self, phase: &PhaseType, commands: &[Text], finally: bool, user: Option<&str>) -> Failure {
        for (index, command) in commands.iter().enumerate() {
            if command.value.trim().is_empty() {
                continue;
            }
            let failure = self.command(phase, index, finally, Invocation::new(&command.value).as_user(user));
            if failure.is_some() {
                return failure;
            }
        }
        None
    }

    fn command(&mut self, phase: &PhaseType, index: usize, finally: bool, invocation: Invocation<'_>) -> Failure {
        let command = invocation.command;
        let shown = self.secrets.mask(command);
        self.tell(EventKind::CommandStarted { phase: phase.clone(), index, finally, command: shown.clone() });
        let start = self.now();
        let clock = self.control.clock;
        let Some(session) = self.session.as_mut() else {
            return Some(fault("the session has ended before the command"));
        };
        let (lines, events) = (&mut self.lines, &mut *self.events);
        let mut emit = |stream, line| events(Event { at: clock.now(), kind: EventKind::Output { stream, line } });
        let exit = session.run(&invocation, &self.control, &mut |stream, bytes| lines.push(stream, bytes, &mut emit));
        lines.flush(&mut emit);
        let exit = match exit {
            Ok(exit) => exit,
            Err(error) => return Some(fault(format!("`{}` could not be run: {error}", one_line(command)))),
        };
        let duration = self.now().duration_since(start).unwrap_or_default();
        self.tell(EventKind::CommandFinished { phase: phase.clone(), index, finally, command: shown, exit, duration });
        match exit {
            Exit::Code(0) => None,
            Exit::Code(_) | Exit::Signal(_) => {
                if self.first_failure.is_none() {
                    self.first_failure = Some(format!("{phase}: `{}` failed with {exit}", one_line(command)));
                }
                if let Err(failure) = self.set_succeeding("0") {
                    return Some(failure);
                }
                let message = format!("Error while executing command: {command}. Reason: {exit}");
                Some((BuildStatus::Failed, PhaseContext::new("COMMAND_EXECUTION_ERROR", message)))
            }
            _ => Some(given_up(exit)),
        }
    }

    fn set_succeeding(&mut self, value: &str) -> Result<(), (BuildStatus, PhaseContext)> {
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        session
            .set(variables::SUCCEEDING, value)
            .map_err(|error| fault(format!("{} could not be set: {error}", variables::SUCCEEDING)))
    }

    /// Exported variables are read and everything that still runs is ended.
    fn finalize(&mut self) -> Failure {
        let mut session = self.session.take()?;
        let exported = self.read_exported(&mut *session);
        let closed = session.close();
        match exported.and(closed) {
            Ok(()) => None,
            Err(error) => Some(fault(format!("the build could not be taken down: {error}"))),
        }
    }

    fn read_exported(&mut self, session: &mut dyn Session) -> io::Result<()> {
        let mut names = Vec::new();
        for name in &self.request.buildspec.env.exported_variables {
            let secret = self.resolved.secret_names.contains(&name.value);
            if secret || name.value.starts_with("AWS_") {
                self.note(&format!(
                    "{} is not exported: CodeBuild exports no secrets and no AWS_ variables",
                    name.value
                ));
            } else {
                names.push(name.value.clone());
            }
        }
        if names.is_empty() || self.control.interruption().is_some() {
            return Ok(());
        }
        let values = session.variables(&names, &self.control)?;
        let secrets = &self.secrets;
        self.exported =
            values.into_iter().map(|(name, value)| ExportedVariable::new(name, secrets.mask(&value))).collect();
        Ok(())
    }

    fn note(&mut self, message: &str) {
        let message = self.secrets.mask(message);
        self.tell(EventKind::Note { message });
    }

    fn tell(&mut self, kind: EventKind) {
        let at = self.now();
        (self.events)(Event { at, kind });
    }

    fn now(&self) -> SystemTime {
        self.control.clock.now()
    }
}

fn given_up(exit: Exit) -> (BuildStatus, PhaseContext) {
    match exit {
        Exit::TimedOut => (BuildStatus::TimedOut, PhaseContext::new("BUILD_TIMED_OUT", "Build has timed out.")),
        _ => (BuildStatus::Stopped, PhaseContext::new("STOPPED", "Build was stopped.")),
    }
}

fn fault(message: impl Into<String>) -> (BuildStatus, PhaseContext) {
    (BuildStatus::Fault, PhaseContext::new("LOCAL_FAULT", message))
}

/// The first line of a text, cut to a length that fits one line.
fn one_line(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or_default();
    let cut: String = first.chars().take(SHOWN_COMMAND).collect();
    if cut.len() < text.trim().len() { format!("{cut}…") } else { cut }
}

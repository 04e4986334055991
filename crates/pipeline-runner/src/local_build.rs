//! One build or batch on this machine, for the actions that are builds: CodeBuild's own and the commands of a compute
//! action.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use buildspec::Buildspec;
use buildspec::run::batch::{BatchRequest, BatchResult};
use buildspec::run::{BuildResult, Cancel, Event, EventKind, Request, Runner, SecondarySource};
use spec_report::{Levels, Parsed, Severity};

use crate::Error;
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, JobContext};

/// What is built, and with what.
pub(crate) struct LocalBuild<'a> {
    pub(crate) backends: &'a Backends,
    /// The project, or the action where there is none.
    pub(crate) project: String,
    pub(crate) source: PathBuf,
    pub(crate) secondary: Vec<SecondarySource>,
    /// The project's variables.
    pub(crate) environment: Vec<(String, String)>,
    /// The action's variables, which win.
    pub(crate) overrides: Vec<(String, String)>,
}

impl LocalBuild<'_> {
    /// Runs the build to its end.
    ///
    /// # Errors
    /// The outcome to answer with, when the build cannot begin. One that fails is a result.
    pub(crate) async fn run(
        self,
        spec: Buildspec,
        job: &ActionJob,
        cx: &JobContext,
    ) -> Result<BuildResult, ActionOutcome> {
        let log = cx.log_sink();
        let work = move |runner: &Runner, request: Request<'_>, cancel: &Cancel| {
            runner.run(&request, cancel, &mut |event| tell(&event, &mut |line| log(line)))
        };
        self.aside(spec, job, cx, work).await
    }

    /// Runs the batch of the buildspec to its end, as many builds at once as this machine has processors. Its lines bear the
    /// name of their build.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub(crate) async fn run_batch(
        self,
        spec: Buildspec,
        job: &ActionJob,
        cx: &JobContext,
    ) -> Result<BatchResult, ActionOutcome> {
        let (log, copies) = (cx.log_sink(), cx.workspace().join("batch"));
        let at_once = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let work = move |runner: &Runner, request: Request<'_>, cancel: &Cancel| {
            runner.run_batch(&BatchRequest::new(request, copies, at_once), cancel, &mut |told| {
                tell(&told.event, &mut |line| log(&format!("[{}] {line}", told.identifier)));
            })
        };
        self.aside(spec, job, cx, work).await
    }

    /// Does the work on a thread where it may block. An action that is given up gives it up.
    async fn aside<T: Send + 'static>(
        self,
        spec: Buildspec,
        job: &ActionJob,
        cx: &JobContext,
        work: impl FnOnce(&Runner, Request<'_>, &Cancel) -> Result<T, buildspec::run::Error> + Send + 'static,
    ) -> Result<T, ActionOutcome> {
        let names = self.backends.build_environment.iter();
        let base: Vec<_> = names.filter_map(|name| Some((name.clone(), cx.env.var(name)?))).collect();
        let runner = Runner::new(Arc::clone(&self.backends.executor), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
        let artifacts = cx.workspace().join("artifacts");
        let (account, pipeline) = (self.backends.account.to_string(), job.pipeline.clone());
        let region = self.backends.region.to_string();
        let version = job.source_version.clone();
        let cancel = Cancel::new();
        let flag = cancel.clone();
        let Self { project, source, secondary, environment, overrides, .. } = self;
        let build = tokio::task::spawn_blocking(move || {
            let mut request = Request::new(&spec, source, artifacts, project)
                .with_project_env(environment)
                .with_overrides(overrides)
                .with_base_env(base)
                .with_location(region, account)
                .with_initiator(format!("codepipeline/{pipeline}"));
            request.secondary_sources = secondary;
            request.source_version = version;
            work(&runner, request, &flag)
        });
        tokio::pin!(build);
        let ended = tokio::select! {
            ended = &mut build => ended,
            () = cx.cancel.cancelled() => {
                cancel.cancel();
                build.await
            }
        };
        let result = ended.map_err(|error| Error::Task(error.to_string()))?;
        result.map_err(|error| ActionOutcome::misconfigured(error.to_string()))
    }
}

/// The buildspec of a file without errors.
///
/// # Errors
/// The outcome to answer with: the first error with its place.
pub(crate) fn checked(parsed: Parsed<Buildspec>) -> Result<Buildspec, ActionOutcome> {
    // Which release of the AWS CLI is here nobody knows; in one that has the command it works.
    let levels = Levels::default().warn("buildspec/ecr-get-login-removed");
    let report = buildspec::check(&parsed, &levels);
    if let Some(broken) = report.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
        let position = broken.primary.source.position(broken.primary.span.start);
        return Err(ActionOutcome::failed(format!(
            "{}:{}:{}: {}",
            broken.primary.source.name(),
            position.line,
            position.column,
            broken.message
        )));
    }
    parsed.value.ok_or_else(|| ActionOutcome::failed("there is no buildspec in the file"))
}

/// What a failed build answers.
pub(crate) fn failed(result: BuildResult) -> ActionOutcome {
    let reason = result.first_failure.unwrap_or_else(|| format!("the build ended as {}", result.status));
    ActionOutcome::failed(reason).with_external_id(result.id)
}

/// What commands print, and which command failed; phases and successes would only repeat the buildspec.
fn tell(event: &Event, log: &mut dyn FnMut(&str)) {
    match &event.kind {
        EventKind::Output { line, .. } => log(line),
        EventKind::Note { message } => log(message),
        EventKind::CommandFinished { exit, .. } if !exit.is_success() => log(&event.to_string()),
        _ => {}
    }
}

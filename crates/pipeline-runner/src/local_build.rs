//! One build on this machine, for the actions that are builds: CodeBuild's own and the commands of a compute action.

use std::path::PathBuf;
use std::sync::Arc;

use buildspec::Buildspec;
use buildspec::run::{BuildResult, Event, EventKind, Request, Runner, SecondarySource};
use spec_report::{Levels, Parsed, Severity};

use crate::Error;
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, JobContext, LogSink};

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
        let names = self.backends.build_environment.iter();
        let base: Vec<_> = names.filter_map(|name| Some((name.clone(), cx.env.var(name)?))).collect();
        let runner = Runner::new(Arc::clone(&self.backends.executor), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
        let (artifacts, log) = (cx.workspace().join("artifacts"), cx.log_sink());
        let (account, pipeline) = (self.backends.account.to_string(), job.pipeline.clone());
        let region = self.backends.region.to_string();
        let version = job.source_version.clone();
        let cancel = buildspec::run::Cancel::new();
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
            runner.run(&request, &flag, &mut |event| tell(&event, &log))
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
fn tell(event: &Event, log: &LogSink) {
    match &event.kind {
        EventKind::Output { line, .. } => log(line),
        EventKind::Note { message } => log(message),
        EventKind::CommandFinished { exit, .. } if !exit.is_success() => log(&event.to_string()),
        _ => {}
    }
}

//! `Build/AWS/CodeBuild` and `Test/AWS/CodeBuild`: runs the project's buildspec on this machine, with CodeBuild's own
//! semantics (`buildspec::run`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use buildspec::run::{BuildResult, Event, EventKind, Request, Runner};
use pipeline_model::model::ActionTypeId;
use serde::Deserialize;
use spec_report::{Levels, Severity};

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::settings::Project;
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CodeBuild { backends: backends.clone() })
}

#[derive(Debug)]
struct CodeBuild {
    backends: Backends,
}

/// An entry of the action's `EnvironmentVariables`, which is JSON in a string.
#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

#[async_trait]
impl ActionProvider for CodeBuild {
    fn action_types(&self) -> Vec<ActionTypeId> {
        ["Build", "Test"].map(|category| ActionTypeId::new(category, "AWS", "CodeBuild", "1")).into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.build(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl CodeBuild {
    async fn build(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let name = job.required("ProjectName")?;
        let (artifact, key) = primary(job)?;
        let source = cx.unpack(artifact, key).await?;
        let project = self.backends.projects.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.backends.projects.keys().map(String::as_str).collect();
            ActionOutcome::misconfigured(format!(
                "there is no CodeBuild project `{name}` here: add `[codebuild.{name}]` to the settings (known: {})",
                known.join(", ")
            ))
        })?;
        let overrides = overrides(job)?;
        let result = self.run_here(job, cx, &project, source, overrides).await?;
        if !result.is_success() {
            let reason = result.first_failure.unwrap_or_else(|| format!("the build ended as {}", result.status));
            return Ok(ActionOutcome::failed(reason).with_external_id(result.id));
        }
        for (name, key) in &job.outputs {
            let directory = artifact_for(&result, name, job.outputs.len())?;
            cx.pack(key, directory).await?;
        }
        let files: usize = result.artifacts.iter().map(|artifact| artifact.files.len()).sum();
        let outcome =
            ActionOutcome::succeeded().with_external_id(&result.id).with_summary(format!("{files} files built"));
        Ok(result
            .exported_variables
            .iter()
            .fold(outcome, |outcome, variable| outcome.with_variable(&variable.name, &variable.value)))
    }

    async fn run_here(
        &self,
        job: &ActionJob,
        cx: &JobContext,
        project: &Project,
        source: std::path::PathBuf,
        overrides: Vec<(String, String)>,
    ) -> Result<BuildResult, ActionOutcome> {
        let path = source.join(&project.buildspec);
        let bytes = tokio::fs::read(&path).await.map_err(|error| {
            // CodeBuild's own words for a missing file.
            ActionOutcome::failed(format!("YAML_FILE_ERROR: stat {}: {error}", project.buildspec.display()))
        })?;
        let parsed = buildspec::read_bytes(&project.buildspec.display().to_string(), &bytes);
        let report = buildspec::check(&parsed, &Levels::default());
        let broken = report.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        if let Some(broken) = broken {
            let position = broken.primary.source.position(broken.primary.span.start);
            return Err(ActionOutcome::failed(format!(
                "{}:{}:{}: {}",
                broken.primary.source.name(),
                position.line,
                position.column,
                broken.message
            )));
        }
        let Some(spec) = parsed.value else {
            return Err(ActionOutcome::failed(format!("{} holds no buildspec", project.buildspec.display())));
        };
        let base_env =
            ["PATH", "HOME", "LANG", "USER"].iter().filter_map(|name| Some(((*name).to_owned(), cx.env.var(name)?)));
        let base_env: Vec<_> = base_env.collect();
        let runner = Runner::new(Arc::clone(&self.backends.executor), Arc::clone(&cx.clock), Arc::clone(&cx.ids));
        let (artifacts, log) = (cx.workspace().join("artifacts"), cx.log_sink());
        let (project_name, account) = (job.required("ProjectName")?.to_owned(), self.backends.account.to_string());
        let (region, pipeline) = (self.backends.region.to_string(), job.pipeline.clone());
        let (version, environment) = (job.source_version.clone(), project.environment.clone());
        let cancel = buildspec::run::Cancel::new();
        let flag = cancel.clone();
        let build = tokio::task::spawn_blocking(move || {
            let mut request = Request::new(&spec, source, artifacts, project_name)
                .with_project_env(environment.into_iter().collect())
                .with_overrides(overrides)
                .with_base_env(base_env)
                .with_location(region, account)
                .with_initiator(format!("codepipeline/{pipeline}"));
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

/// What commands print, and which command failed; phases and successes would only repeat the buildspec.
fn tell(event: &Event, log: &crate::job::LogSink) {
    match &event.kind {
        EventKind::Output { line, .. } => log(line),
        EventKind::Note { message } => log(message),
        EventKind::CommandFinished { exit, .. } if !exit.is_success() => log(&event.to_string()),
        _ => {}
    }
}

/// The input that the build starts in.
fn primary(job: &ActionJob) -> Result<&(String, String), ActionOutcome> {
    match job.inputs.as_slice() {
        [only] => Ok(only),
        [] => Err(ActionOutcome::misconfigured("a build needs an input artifact")),
        // Their directories would have to be found under `CODEBUILD_SRC_DIR_<artifact>`: not silently left out.
        several => Err(ActionOutcome::misconfigured(format!(
            "a build with {} input artifacts does not run here: bring the files into one artifact",
            several.len()
        ))),
    }
}

fn overrides(job: &ActionJob) -> Result<Vec<(String, String)>, ActionOutcome> {
    let Some(text) = job.config("EnvironmentVariables") else { return Ok(Vec::new()) };
    let variables: Vec<Variable> = serde_json::from_str(text).map_err(|error| {
        ActionOutcome::misconfigured(format!("`EnvironmentVariables` is no JSON list of name, value and type: {error}"))
    })?;
    let mut given = BTreeMap::new();
    for variable in variables {
        if let Some(kind) = variable.kind.filter(|kind| kind != "PLAINTEXT") {
            return Err(ActionOutcome::misconfigured(format!(
                "environment variable `{}` of type {kind} cannot be looked up here",
                variable.name
            )));
        }
        given.insert(variable.name, variable.value);
    }
    Ok(given.into_iter().collect())
}

/// The directory behind an output artifact. With one output it is the build's primary artifact; with several, the
/// secondary artifact whose identifier is the output's name.
fn artifact_for<'r>(result: &'r BuildResult, name: &str, outputs: usize) -> Result<&'r Path, ActionOutcome> {
    let wanted = |identifier: Option<&str>| if outputs == 1 { identifier.is_none() } else { identifier == Some(name) };
    let found = result.artifacts.iter().find(|artifact| wanted(artifact.identifier.as_deref()));
    found.map(|artifact| artifact.directory.as_path()).ok_or_else(|| {
        let section =
            if outputs == 1 { "artifacts".to_owned() } else { format!("artifacts.secondary-artifacts.{name}") };
        ActionOutcome::failed(format!(
            "the action promises the artifact `{name}`, but the buildspec has no `{section}`: add it"
        ))
    })
}

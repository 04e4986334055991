//! `Build/AWS/CodeBuild`, `Test/AWS/CodeBuild` and the rule `CodeBuild`: runs the project's buildspec on this machine, with
//! CodeBuild's own semantics (`buildspec::run`), or the project itself where there is a CodeBuild.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use buildspec::Buildspec;
use buildspec::run::{BuildResult, SecondarySource};
use pipeline_model::model::ActionTypeId;
use serde::Deserialize;
use spec_report::Source;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::local_build::{LocalBuild, checked, failed};
use crate::settings::Project;
use crate::{local_batch, remote_build};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CodeBuild { backends: backends.clone() })
}

#[derive(Debug)]
struct CodeBuild {
    backends: Backends,
}

/// An entry of the action's `EnvironmentVariables`, which is JSON in a string.
#[derive(Deserialize)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
}

#[async_trait]
impl ActionProvider for CodeBuild {
    fn action_types(&self) -> Vec<ActionTypeId> {
        ["Build", "Test", "Rule"].map(|category| ActionTypeId::new(category, "AWS", "CodeBuild", "1")).into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        let ended = match &self.backends.builds {
            None => self.build(&job, cx).await,
            Some(remote) => remote_build::run(remote, &job, cx).await,
        };
        match ended {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl CodeBuild {
    async fn build(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let name = job.required("ProjectName")?;
        let primary = primary(job)?;
        let source = cx.unpack(&primary.0, &primary.1).await?;
        let mut secondary = Vec::new();
        for (artifact, key) in job.inputs.iter().filter(|(artifact, _)| *artifact != primary.0) {
            secondary.push(SecondarySource::new(artifact, cx.unpack(artifact, key).await?));
        }
        let project = self.backends.projects.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.backends.projects.keys().map(String::as_str).collect();
            ActionOutcome::misconfigured(format!(
                "there is no CodeBuild project `{name}` here: add `[codebuild.{name}]` to the settings (known: {})",
                known.join(", ")
            ))
        })?;
        let spec = buildspec(job, &project, &source).await?;
        let build = LocalBuild {
            backends: &self.backends,
            project: name.to_owned(),
            source,
            secondary,
            environment: project.environment.into_iter().collect(),
            overrides: overrides(job)?,
        };
        if job.flag("BatchEnabled") {
            local_batch::check(job)?;
            return local_batch::hand_on(build.run_batch(spec, job, cx).await?, job, cx).await;
        }
        let result = build.run(spec, job, cx).await?;
        if !result.is_success() {
            return Ok(failed(result));
        }
        for (name, key) in &job.outputs {
            cx.pack(key, artifact_for(&result, name, job.outputs.len())?).await?;
        }
        let files: usize = result.artifacts.iter().map(|artifact| artifact.files.len()).sum();
        let outcome =
            ActionOutcome::succeeded().with_external_id(&result.id).with_summary(format!("{files} files built"));
        Ok(result
            .exported_variables
            .iter()
            .fold(outcome, |outcome, variable| outcome.with_variable(&variable.name, &variable.value)))
    }
}

/// The buildspec: the action's own, inline or a path, or the project's.
async fn buildspec(job: &ActionJob, project: &Project, source: &Path) -> Result<Buildspec, ActionOutcome> {
    let path = match job.config("BuildspecOverride") {
        Some(inline) if inline.contains('\n') || inline.trim_start().starts_with('{') => {
            return checked(buildspec::read(Source::new("BuildspecOverride", inline)));
        }
        Some(_) => job.file_in_artifact("BuildspecOverride", "")?,
        None => PathBuf::from(&project.buildspec),
    };
    let bytes = tokio::fs::read(source.join(&path)).await.map_err(|error| {
        // CodeBuild's own words for a missing file.
        ActionOutcome::failed(format!("YAML_FILE_ERROR: stat {}: {error}", path.display()))
    })?;
    checked(buildspec::read_bytes(&path.display().to_string(), &bytes))
}

/// The input that the build starts in.
pub(crate) fn primary(job: &ActionJob) -> Result<&(String, String), ActionOutcome> {
    match (job.inputs.as_slice(), job.config("PrimarySource")) {
        ([], _) => Err(ActionOutcome::misconfigured("a build needs an input artifact")),
        ([only], None) => Ok(only),
        (inputs, Some(wanted)) => inputs.iter().find(|(name, _)| name == wanted).ok_or_else(|| {
            let wanted = wanted.escape_debug();
            ActionOutcome::misconfigured(format!("`PrimarySource` `{wanted}` is none of the action's input artifacts"))
        }),
        (several, None) => Err(ActionOutcome::misconfigured(format!(
            "a build with {} input artifacts needs `PrimarySource`, the name of the one that it starts in",
            several.len()
        ))),
    }
}

/// The variables in the action's configuration.
pub(crate) fn variables(job: &ActionJob) -> Result<Vec<Variable>, ActionOutcome> {
    let Some(text) = job.config("EnvironmentVariables") else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|error| {
        ActionOutcome::misconfigured(format!("`EnvironmentVariables` is no JSON list of name, value and type: {error}"))
    })
}

fn overrides(job: &ActionJob) -> Result<Vec<(String, String)>, ActionOutcome> {
    let mut given = BTreeMap::new();
    for variable in variables(job)? {
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

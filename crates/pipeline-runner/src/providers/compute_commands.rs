//! `Compute/AWS/Commands` and the rule `Commands`: runs the commands in the shell of this machine, in the directory of the
//! first input.
//!
//! On AWS CodePipeline itself runs them in a build environment of its own; no other service can be asked to, so they run
//! here whatever the other actions do.

use std::sync::Arc;

use async_trait::async_trait;
use buildspec::Compose;
use buildspec::model::PhaseName;
use buildspec::run::SecondarySource;
use pipeline_model::model::ActionTypeId;
use spec_report::Source;

use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::local_build::{LocalBuild, checked, failed};

/// The most commands of one action (quotas page).
const MOST_COMMANDS: usize = 50;

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(Commands { backends: backends.clone() })
}

#[derive(Debug)]
struct Commands {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for Commands {
    fn action_types(&self) -> Vec<ActionTypeId> {
        ["Compute", "Rule"].map(|category| ActionTypeId::new(category, "AWS", "Commands", "1")).into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.execute(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl Commands {
    async fn execute(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let spec = checked(buildspec::read(Source::new("commands", compose(job)?.to_yaml())))?;
        if job.config("EnvironmentType").is_some_and(|kind| kind.starts_with("WINDOWS")) {
            return Err(ActionOutcome::misconfigured("commands for Windows do not run here"));
        }
        let (primary, key) = job.input()?;
        let source = cx.unpack(primary, key).await?;
        let mut secondary = Vec::new();
        for (artifact, key) in job.inputs.iter().skip(1) {
            secondary.push(SecondarySource::new(artifact, cx.unpack(artifact, key).await?));
        }
        let build = LocalBuild {
            backends: &self.backends,
            project: job.action.clone(),
            source,
            secondary,
            environment: Vec::new(),
            overrides: Vec::new(),
        };
        let result = build.run(spec, job, cx).await?;
        if !result.is_success() {
            return Ok(failed(result));
        }
        if let Some((name, key)) = job.outputs.first() {
            let artifact = result.artifacts.first().ok_or_else(|| {
                ActionOutcome::misconfigured(format!("the output artifact `{name}` needs `files`: which ones it holds"))
            })?;
            cx.pack(key, &artifact.directory).await?;
        }
        let count = job.compute.commands.len();
        let outcome =
            ActionOutcome::succeeded().with_external_id(&result.id).with_summary(format!("{count} commands ran"));
        Ok(result
            .exported_variables
            .iter()
            .fold(outcome, |outcome, variable| outcome.with_variable(&variable.name, &variable.value)))
    }
}

/// The commands as the one phase of a build.
fn compose(job: &ActionJob) -> Result<Compose, ActionOutcome> {
    let commands = &job.compute.commands;
    if commands.is_empty() || commands.len() > MOST_COMMANDS {
        let count = commands.len();
        let message = format!("the action has {count} commands: it needs 1 to {MOST_COMMANDS} in its field `commands`");
        return Err(ActionOutcome::misconfigured(message));
    }
    let mut compose = Compose::new();
    for command in commands {
        if command.contains('\n') {
            return Err(ActionOutcome::misconfigured("a command of `commands` has several lines: write one line each"));
        }
        compose = compose.with_command(PhaseName::Build, command);
    }
    for (name, value, secret) in &job.compute.environment {
        compose = if *secret { compose.with_secret(name, value) } else { compose.with_variable(name, value) };
    }
    for name in &job.compute.output_variables {
        compose = compose.with_exported(name);
    }
    let files: Vec<&String> = job.compute.files.iter().flatten().collect();
    Ok(if files.is_empty() { compose } else { compose.with_artifact_files(files) })
}

//! `Invoke/AWS/StepFunctions`: starts an execution of a state machine and waits for its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;

use super::call_failed;
use crate::backends::Backends;
use crate::client::StateMachines;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

/// How often a running execution is looked at.
const AGAIN: Duration = Duration::from_secs(5);

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(StepFunctions { backends: backends.clone() })
}

#[derive(Debug)]
struct StepFunctions {
    backends: Backends,
}

#[async_trait]
impl ActionProvider for StepFunctions {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Invoke", "AWS", "StepFunctions", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.step(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl StepFunctions {
    async fn step(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let machine = job.required("StateMachineArn")?;
        let input = input(job, cx).await?;
        let Some(machines) = &self.backends.state_machines else {
            return Err(ActionOutcome::misconfigured(format!(
                "the state machine `{}` needs Step Functions, which cannot run on this machine: script the action's outcome \
                 for a local run",
                machine.escape_debug()
            )));
        };
        match &job.continuation {
            None => {
                let name = match job.config("ExecutionNamePrefix") {
                    Some(prefix) => format!("{prefix}{}", job.id),
                    None => job.id.clone(),
                };
                let started = machines.start_execution(machine, &name, &input).await;
                let token = started.map_err(|error| call_failed(machine, &error))?;
                cx.log(&format!("started {token}"));
                // An express workflow has no executions to look at: started is all that there is.
                if token.contains(":express:") {
                    return Ok(succeeded(machine, &token));
                }
                Ok(ActionOutcome::Continue { token, after: AGAIN })
            }
            Some(execution) => look(&**machines, machine, execution, job, cx).await,
        }
    }
}

async fn look(
    machines: &dyn StateMachines,
    machine: &str,
    execution: &str,
    job: &ActionJob,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    let run = match machines.describe_execution(execution).await {
        Ok(run) => run,
        Err(error) if error.is_retryable() => {
            cx.log(&format!("could not look this time: {error}"));
            return Ok(ActionOutcome::Continue { token: execution.to_owned(), after: AGAIN });
        }
        Err(error) => return Err(call_failed(execution, &error).with_external_id(execution)),
    };
    match run.status.as_str() {
        "RUNNING" | "PENDING_REDRIVE" => Ok(ActionOutcome::Continue { token: execution.to_owned(), after: AGAIN }),
        "SUCCEEDED" => {
            if let Some((_, key)) = job.outputs.first() {
                let directory = cx.workspace().join("out");
                let file = directory.join("output.json");
                tokio::fs::create_dir_all(&directory).await.map_err(|error| Error::file(&directory, error))?;
                let written = tokio::fs::write(&file, run.output.unwrap_or_else(|| "{}".to_owned())).await;
                written.map_err(|error| Error::file(&file, error))?;
                cx.pack(key, &directory).await?;
            }
            Ok(succeeded(machine, execution))
        }
        status => {
            let why = run.failure.map(|why| format!(": {why}")).unwrap_or_default();
            Ok(ActionOutcome::failed(format!("the execution ended as {status}{why}")).with_external_id(execution))
        }
    }
}

fn succeeded(machine: &str, execution: &str) -> ActionOutcome {
    ActionOutcome::succeeded()
        .with_variable("StateMachineArn", machine)
        .with_variable("ExecutionArn", execution)
        .with_external_id(execution)
}

/// The input of the execution: a text of the configuration, or a file of the input artifact.
async fn input(job: &ActionJob, cx: &JobContext) -> Result<String, ActionOutcome> {
    match job.config("InputType").unwrap_or("Literal") {
        "Literal" => Ok(job.config("Input").unwrap_or("{}").to_owned()),
        "FilePath" => {
            let (artifact, key) = job.input()?;
            job.required("Input")?;
            let path = job.file_in_artifact("Input", "")?;
            let file = cx.unpack(artifact, key).await?.join(&path);
            let text = tokio::fs::read_to_string(&file).await;
            text.map_err(|error| {
                ActionOutcome::failed(format!("artifact `{artifact}` has no readable `{}`: {error}", path.display()))
            })
        }
        other => Err(ActionOutcome::misconfigured(format!(
            "`InputType` `{}` is neither Literal nor FilePath",
            other.escape_debug()
        ))),
    }
}

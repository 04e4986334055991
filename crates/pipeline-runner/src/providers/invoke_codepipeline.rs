//! `Invoke/AWS/CodePipeline`: starts another pipeline and does not wait for it.

use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::client::StartExecution;
use pipeline_model::model::ActionTypeId;
use serde::Deserialize;

use super::call_failed;
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(InvokePipeline { backends: backends.clone() })
}

#[derive(Debug)]
struct InvokePipeline {
    backends: Backends,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    value: String,
}

#[async_trait]
impl ActionProvider for InvokePipeline {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Invoke", "AWS", "CodePipeline", "1")]
    }

    async fn run(&self, job: ActionJob, _: &JobContext) -> ActionOutcome {
        match self.start(&job).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl InvokePipeline {
    async fn start(&self, job: &ActionJob) -> Result<ActionOutcome, ActionOutcome> {
        let name = job.required("PipelineName")?;
        if job.config("SourceRevisions").is_some() {
            return Err(ActionOutcome::misconfigured(
                "`SourceRevisions` cannot be handed on from here: take it out, and the newest revisions are used",
            ));
        }
        let variables: Vec<Variable> = match job.config("Variables") {
            None => Vec::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                ActionOutcome::misconfigured(format!("`Variables` is no JSON list of name and value: {error}"))
            })?,
        };
        let Some(pipelines) = &self.backends.pipelines else {
            return Err(ActionOutcome::misconfigured(format!(
                "the pipeline `{}` needs CodePipeline, which is not here: give the backends its client, or script the \
                 action's outcome",
                name.escape_debug()
            )));
        };
        // The same job started twice, after a lost answer, is one execution.
        let request = StartExecution::new(name).with_client_request_token(&job.id);
        let request = variables
            .into_iter()
            .fold(request, |request, variable| request.with_variable(variable.name, variable.value));
        let id = pipelines.start(&request).await.map_err(|error| call_failed(name, &error))?;
        Ok(ActionOutcome::succeeded().with_summary(format!("{name} has started as {id}")).with_external_id(id))
    }
}

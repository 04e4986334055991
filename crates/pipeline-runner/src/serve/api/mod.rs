//! The operations: requests are judged here, what happens then is the host's.

mod changes;
mod declarations;
mod lists;

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::serve::{AwsJsonService, Refusal};
use serde_json::Value as Json;

use super::Inner;
use super::input::Input;
use super::wire;
use crate::Error;
use crate::core::State;

/// The API of an endpoint.
#[derive(Clone)]
pub(super) struct Api(pub(super) Arc<Inner>);

/// What changes a pipeline and is no declaration: the page may do this too, with its token.
pub(super) const STEERING: [&str; 8] = [
    "DisableStageTransition",
    "EnableStageTransition",
    "OverrideStageCondition",
    "PutApprovalResult",
    "RetryStageExecution",
    "RollbackStage",
    "StartPipelineExecution",
    "StopPipelineExecution",
];

#[async_trait]
impl AwsJsonService for Api {
    fn target_prefix(&self) -> &'static str {
        "CodePipeline_20150709"
    }

    async fn call(&self, operation: &str, input: Json) -> Result<Json, Refusal> {
        let input = Input::new(input)?;
        match operation {
            "CreatePipeline" => self.create_pipeline(&input).await,
            "DeletePipeline" => self.delete_pipeline(&input).await,
            "GetPipeline" => self.get_pipeline(&input).await,
            "GetPipelineExecution" => self.get_pipeline_execution(&input).await,
            "GetPipelineState" => self.get_pipeline_state(&input).await,
            "ListActionExecutions" => self.list_action_executions(&input).await,
            "ListPipelineExecutions" => self.list_pipeline_executions(&input).await,
            "ListPipelines" => self.list_pipelines(&input).await,
            "ListRuleExecutions" => self.list_rule_executions(&input).await,
            "UpdatePipeline" => self.update_pipeline(&input).await,
            _ if STEERING.contains(&operation) => {
                let answer = self.steer(operation, &input).await;
                // Not everything that changes is an event.
                self.0.board.bump();
                answer
            }
            _ => Err(Refusal::new(
                "UnknownOperationException",
                format!("the operation {operation} is not offered by this endpoint"),
            )),
        }
    }
}

impl Api {
    /// Looks at a pipeline.
    async fn look<T: Send + 'static>(
        &self,
        pipeline: &str,
        look: impl FnOnce(&State) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        self.0.host.read(pipeline, look).await.map_err(|error| refusal(&error))
    }

    async fn get_pipeline_state(&self, input: &Input) -> Result<Json, Refusal> {
        let name = input.name("name")?;
        let times = self.0.times(name);
        self.look(name, move |state| wire::pipeline_state(state, times.created, times.updated)).await
    }
}

/// What the host refuses, as the wire says it.
fn refusal(error: &Error) -> Refusal {
    match error {
        Error::Refused(refused) => Refusal::new(refused.code, &refused.message),
        Error::Unsupported { .. } => Refusal::new("UnsupportedOperationException", error.to_string()),
        _ => Refusal::new("InternalFailure", error.to_string()).with_status(500),
    }
}

fn no_such_execution(id: &str) -> Refusal {
    Refusal::new("PipelineExecutionNotFoundException", format!("there is no execution `{id}`"))
}

fn no_such_stage(name: &str) -> Refusal {
    Refusal::new("StageNotFoundException", format!("the pipeline has no stage `{name}`"))
}

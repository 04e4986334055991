//! Transitions between stages through the SDK.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_codepipeline::types::StageTransitionType;

use super::CodePipeline;
use crate::client::{Direction, DisableTransition, Transitions};

#[async_trait]
impl Transitions for CodePipeline {
    async fn disable(&self, request: &DisableTransition) -> Result<(), CallError> {
        let call = self.client.disable_stage_transition().pipeline_name(&request.pipeline);
        let call = call.stage_name(&request.stage).transition_type(kind(request.direction));
        let sent = call.reason(&request.reason).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("DisableStageTransition", error))
    }

    async fn enable(&self, pipeline: &str, stage: &str, direction: Direction) -> Result<(), CallError> {
        let call = self.client.enable_stage_transition().pipeline_name(pipeline);
        let sent = call.stage_name(stage).transition_type(kind(direction)).send().await;
        sent.map(|_| ()).map_err(|error| CallError::from_sdk("EnableStageTransition", error))
    }
}

fn kind(direction: Direction) -> StageTransitionType {
    match direction {
        Direction::Inbound => StageTransitionType::Inbound,
        Direction::Outbound => StageTransitionType::Outbound,
    }
}

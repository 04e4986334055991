//! Targets of a deployment over the SDK.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_codedeploy::types;

use super::{CodeDeploy, all_pages, time};
use crate::client::{
    DeploymentId, Diagnostics, EventStatus, LifecycleErrorCode, Target, TargetEvent, TargetKind, Targets,
};

#[async_trait]
impl Targets for CodeDeploy {
    async fn list_deployment_targets(&self, id: &DeploymentId) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "ListDeploymentTargets";
        let call = || self.client.list_deployment_targets().deployment_id(id.as_str());
        Ok(all_pages!(OPERATION, call, target_ids))
    }

    async fn batch_get_deployment_targets(
        &self,
        id: &DeploymentId,
        targets: &[String],
    ) -> Result<Vec<Target>, CallError> {
        const OPERATION: &str = "BatchGetDeploymentTargets";
        let call = self.client.batch_get_deployment_targets().deployment_id(id.as_str());
        let call = call.set_target_ids(Some(targets.to_vec()));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(answer.deployment_targets.unwrap_or_default().into_iter().filter_map(target_from_sdk).collect())
    }
}

/// A target of a kind that this version does not know has nothing that could be read.
fn target_from_sdk(sdk: types::DeploymentTarget) -> Option<Target> {
    let status = |status: &Option<types::TargetStatus>| status.as_ref().map_or("", types::TargetStatus::as_str).into();
    if let Some(instance) = sdk.instance_target {
        let id = instance.target_id.unwrap_or_default();
        let mut target = Target::new(TargetKind::Instance, id, status(&instance.status));
        target.label = instance.instance_label.map(|label| label.as_str().to_owned());
        target.events = events(instance.lifecycle_events);
        target.last_updated_at = time(instance.last_updated_at);
        return Some(target);
    }
    if let Some(ecs) = sdk.ecs_target {
        let mut target = Target::new(TargetKind::Ecs, ecs.target_id.unwrap_or_default(), status(&ecs.status));
        target.events = events(ecs.lifecycle_events);
        let green = |set: &&types::EcsTaskSet| set.task_set_label == Some(types::TargetLabel::Green);
        let sets = ecs.task_sets_info.unwrap_or_default();
        target.traffic_weight = sets.iter().find(green).and_then(|set| percent(set.traffic_weight));
        target.last_updated_at = time(ecs.last_updated_at);
        return Some(target);
    }
    if let Some(lambda) = sdk.lambda_target {
        let mut target = Target::new(TargetKind::Lambda, lambda.target_id.unwrap_or_default(), status(&lambda.status));
        target.events = events(lambda.lifecycle_events);
        // A share from 0 to 1, unlike that of a task set.
        let weight = lambda.lambda_function_info.map(|info| info.target_version_weight * 100.0);
        target.traffic_weight = weight.and_then(percent);
        target.last_updated_at = time(lambda.last_updated_at);
        return Some(target);
    }
    let formation = sdk.cloud_formation_target?;
    let id = formation.target_id.unwrap_or_default();
    let mut target = Target::new(TargetKind::CloudFormation, id, status(&formation.status));
    target.events = events(formation.lifecycle_events);
    target.traffic_weight = percent(formation.target_version_weight);
    target.last_updated_at = time(formation.last_updated_at);
    Some(target)
}

fn percent(weight: f64) -> Option<u8> {
    (0..=100_u8).find(|percent| (f64::from(*percent) - weight).abs() < 0.5)
}

fn events(sdk: Option<Vec<types::LifecycleEvent>>) -> Vec<TargetEvent> {
    let event = |sdk: types::LifecycleEvent| {
        let status = sdk.status.as_ref().map_or("", types::LifecycleEventStatus::as_str);
        let mut event = TargetEvent::new(sdk.lifecycle_event_name.unwrap_or_default(), EventStatus::from(status));
        event.diagnostics = sdk.diagnostics.and_then(diagnostics);
        event.start_time = time(sdk.start_time);
        event.end_time = time(sdk.end_time);
        event
    };
    sdk.unwrap_or_default().into_iter().map(event).collect()
}

fn diagnostics(sdk: types::Diagnostics) -> Option<Diagnostics> {
    let code = sdk.error_code.as_ref().map_or("", types::LifecycleErrorCode::as_str);
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let read = Diagnostics {
        error_code: LifecycleErrorCode::from(code),
        script_name: said(sdk.script_name),
        message: said(sdk.message),
        log_tail: said(sdk.log_tail),
    };
    // Events that went well come with an object that says nothing.
    let silent = code.is_empty() && read.message.is_none() && read.script_name.is_none() && read.log_tail.is_none();
    (!silent).then_some(read)
}

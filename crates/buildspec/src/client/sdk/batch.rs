//! Batches of builds through the AWS SDK.

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use aws_sdk_codebuild::types;

use super::super::{BuildBatch, BuildBatches, BuildGroup, StartBuildBatchRequest};
use super::{SdkCodeBuild, invalid, start, status, time};
use crate::build::BuildStatus;

#[async_trait]
impl BuildBatches for SdkCodeBuild {
    async fn start_build_batch(&self, request: &StartBuildBatchRequest) -> Result<BuildBatch, CallError> {
        const OPERATION: &str = "StartBuildBatch";
        if let Some(name) = request.unsupported() {
            let message = format!("a batch has no `{name}`; set it in the project or in the buildspec");
            return Err(CallError::new(OPERATION, Fault::InvalidRequest).with_message(message));
        }
        let call = start::batch(&self.client, request).map_err(|error| invalid(OPERATION, error))?;
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.build_batch)
    }

    async fn batch_get_build_batches(&self, ids: &[String]) -> Result<Vec<BuildBatch>, CallError> {
        let call = self.client.batch_get_build_batches().set_ids(Some(ids.to_vec()));
        let answer = call.send().await.map_err(|error| CallError::from_sdk("BatchGetBuildBatches", error))?;
        Ok(answer.build_batches.unwrap_or_default().into_iter().map(of_batch).collect())
    }

    async fn stop_build_batch(&self, id: &str) -> Result<BuildBatch, CallError> {
        const OPERATION: &str = "StopBuildBatch";
        let call = self.client.stop_build_batch().id(id);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        of_answer(OPERATION, answer.build_batch)
    }
}

/// An answer without the batch that it is about is no success.
fn of_answer(operation: &'static str, batch: Option<types::BuildBatch>) -> Result<BuildBatch, CallError> {
    batch.map(of_batch).ok_or_else(|| CallError::new(operation, Fault::Other).with_message("the answer holds no batch"))
}

fn of_batch(from: types::BuildBatch) -> BuildBatch {
    let (id, arn) = (from.id.unwrap_or_default(), from.arn.unwrap_or_default());
    let mut batch = BuildBatch::new(id, arn, from.project_name.unwrap_or_default());
    // A batch without a status is not known to be anything.
    batch.build_batch_status =
        status(from.build_batch_status.as_ref()).unwrap_or_else(|| BuildStatus::Unknown(String::new()));
    batch.current_phase = from.current_phase;
    batch.complete = from.complete;
    batch.start_time = time(from.start_time);
    batch.end_time = time(from.end_time);
    batch.resolved_source_version = from.resolved_source_version;
    batch.build_groups = from.build_groups.unwrap_or_default().into_iter().map(of_group).collect();
    batch
}

fn of_group(from: types::BuildGroup) -> BuildGroup {
    let mut group = BuildGroup::new(from.identifier.unwrap_or_default());
    group.depends_on = from.depends_on.unwrap_or_default();
    group.ignore_failure = from.ignore_failure;
    if let Some(summary) = from.current_build_summary {
        group.build_status = status(summary.build_status.as_ref());
        group.build_arn = summary.arn;
    }
    group
}

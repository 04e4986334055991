//! A client behind an `Arc` is a client.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::CallError;

use super::{
    ActionExecution, ApprovalResult, Direction, DisableTransition, Execution, Executions, GetPipeline, History,
    ListExecutions, PipelineState, PipelineSummary, Pipelines, RetryStage, RollbackStage, StartExecution,
    StopExecution, StoredPipeline, Transitions, Webhooks,
};
use crate::model::Pipeline;
use crate::webhook::{ListedWebhook, Webhook};

#[async_trait]
impl<T: Pipelines + ?Sized> Pipelines for Arc<T> {
    async fn get(&self, request: &GetPipeline) -> Result<StoredPipeline, CallError> {
        (**self).get(request).await
    }

    async fn create(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        (**self).create(pipeline).await
    }

    async fn update(&self, pipeline: &Pipeline) -> Result<Pipeline, CallError> {
        (**self).update(pipeline).await
    }

    async fn list(&self) -> Result<Vec<PipelineSummary>, CallError> {
        (**self).list().await
    }

    async fn delete(&self, name: &str) -> Result<(), CallError> {
        (**self).delete(name).await
    }
}

#[async_trait]
impl<T: Executions + ?Sized> Executions for Arc<T> {
    async fn start(&self, request: &StartExecution) -> Result<String, CallError> {
        (**self).start(request).await
    }

    async fn state(&self, pipeline: &str) -> Result<PipelineState, CallError> {
        (**self).state(pipeline).await
    }

    async fn put_approval_result(&self, request: &ApprovalResult) -> Result<SystemTime, CallError> {
        (**self).put_approval_result(request).await
    }

    async fn stop(&self, request: &StopExecution) -> Result<(), CallError> {
        (**self).stop(request).await
    }

    async fn retry(&self, request: &RetryStage) -> Result<String, CallError> {
        (**self).retry(request).await
    }

    async fn rollback(&self, request: &RollbackStage) -> Result<String, CallError> {
        (**self).rollback(request).await
    }
}

#[async_trait]
impl<T: History + ?Sized> History for Arc<T> {
    async fn execution(&self, pipeline: &str, id: &str) -> Result<Execution, CallError> {
        (**self).execution(pipeline, id).await
    }

    async fn executions(&self, request: &ListExecutions) -> Result<Vec<Execution>, CallError> {
        (**self).executions(request).await
    }

    async fn action_executions(&self, pipeline: &str, execution_id: &str) -> Result<Vec<ActionExecution>, CallError> {
        (**self).action_executions(pipeline, execution_id).await
    }
}

#[async_trait]
impl<T: Transitions + ?Sized> Transitions for Arc<T> {
    async fn disable(&self, request: &DisableTransition) -> Result<(), CallError> {
        (**self).disable(request).await
    }

    async fn enable(&self, pipeline: &str, stage: &str, direction: Direction) -> Result<(), CallError> {
        (**self).enable(pipeline, stage, direction).await
    }
}

#[async_trait]
impl<T: Webhooks + ?Sized> Webhooks for Arc<T> {
    async fn list_webhooks(&self) -> Result<Vec<ListedWebhook>, CallError> {
        (**self).list_webhooks().await
    }

    async fn put_webhook(&self, webhook: &Webhook) -> Result<ListedWebhook, CallError> {
        (**self).put_webhook(webhook).await
    }

    async fn delete_webhook(&self, name: &str) -> Result<(), CallError> {
        (**self).delete_webhook(name).await
    }

    async fn register(&self, name: &str) -> Result<(), CallError> {
        (**self).register(name).await
    }

    async fn deregister(&self, name: &str) -> Result<(), CallError> {
        (**self).deregister(name).await
    }
}

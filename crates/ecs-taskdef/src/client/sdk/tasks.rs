//! Tasks through the SDK. `RunTask` is sent as the JSON that it is.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_ecs::types;

use super::convert::{failure, task};
use super::{Ecs, TASKS_PER_CALL, raw};
use crate::client::{RunAnswer, RunTask, Task, Tasks};

#[async_trait]
impl Tasks for Ecs {
    async fn run_task(&self, request: &RunTask) -> Result<RunAnswer, CallError> {
        let answer = self
            .client
            .run_task()
            .task_definition(&request.task_definition)
            .customize()
            .mutate_request(raw(request.to_json().to_string()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk("RunTask", error))?;
        Ok(RunAnswer::new(answer.tasks().iter().map(task).collect(), answer.failures().iter().map(failure).collect()))
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<Task>, CallError> {
        Ok(self.tasks(cluster, arns).await?.iter().map(task).collect())
    }

    async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), CallError> {
        let call = self.client.stop_task().cluster(cluster).task(task).reason(reason).send();
        call.await.map(drop).map_err(|error| CallError::from_sdk("StopTask", error))
    }
}

impl Ecs {
    /// `DescribeTasks`, as many times as it takes.
    pub(super) async fn tasks(&self, cluster: &str, arns: &[String]) -> Result<Vec<types::Task>, CallError> {
        let mut tasks = Vec::new();
        for some in arns.chunks(TASKS_PER_CALL) {
            let call = self.client.describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec())).send();
            let answer = call.await.map_err(|error| CallError::from_sdk("DescribeTasks", error))?;
            tasks.extend(answer.tasks.unwrap_or_default());
        }
        Ok(tasks)
    }
}

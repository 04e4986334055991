//! Step Functions.

use async_trait::async_trait;
use aws_call::CallError;
use aws_sdk_sfn::Client;

use crate::client::{MachineRun, StateMachines};

/// Step Functions in one account and region.
#[derive(Clone, Debug)]
pub struct StepFunctions {
    client: Client,
}

impl StepFunctions {
    /// The service that a client talks to.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for StepFunctions {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl StateMachines for StepFunctions {
    async fn start_execution(&self, machine: &str, name: &str, input: &str) -> Result<String, CallError> {
        let call = self.client.start_execution().state_machine_arn(machine).name(name).input(input);
        let sent = call.send().await.map_err(|error| CallError::from_sdk("StartExecution", error))?;
        Ok(sent.execution_arn().to_owned())
    }

    async fn describe_execution(&self, execution: &str) -> Result<MachineRun, CallError> {
        let sent = self.client.describe_execution().execution_arn(execution).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk("DescribeExecution", error))?;
        let parts = [sent.error(), sent.cause()];
        let failure: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        let mut run = MachineRun::new(sent.status().as_str());
        run.output = sent.output().map(str::to_owned);
        run.failure = (!failure.is_empty()).then(|| failure.join(": "));
        Ok(run)
    }
}

//! Lambda.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{Backoff, CallError, Clock, Fault, IdSource, Polling, Step, wait};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{LogType, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::client::{Functions, InvokeFunction, Invoked};

/// Lambda in one account and region.
#[derive(Clone, Debug)]
pub struct Lambda {
    client: Client,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Lambda {
    /// The service that a client talks to. The clock is for the wait until a version can be called.
    #[must_use]
    pub fn new(client: Client, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { client, clock, ids }
    }

    /// Waits until a version is there to be called.
    async fn active(&self, function: &str, version: &str) -> Result<(), CallError> {
        const OPERATION: &str = "GetFunctionConfiguration";
        let every = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        let polling = Polling::new(every).with_deadline(Duration::from_secs(600));
        let look = || async {
            let call = self.client.get_function_configuration().function_name(function).qualifier(version);
            let now = call.send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
            match now.state() {
                None | Some(State::Active | State::Inactive) => Ok(Step::Ready(())),
                Some(State::Failed) => {
                    let why = now.state_reason().unwrap_or("no reason was given");
                    let message = format!("version {version} cannot be called: {why}");
                    Err(CallError::new(OPERATION, Fault::Conflict).with_message(message))
                }
                _ => Ok(Step::Pending),
            }
        };
        wait::until(&*self.clock, &*self.ids, &polling, look).await.map_err(|error| match error {
            wait::WaitError::Probe(error) => error,
            late => CallError::new(OPERATION, Fault::Timeout).with_message(late.to_string()),
        })
    }
}

#[async_trait]
impl Functions for Lambda {
    async fn invoke(&self, request: &InvokeFunction) -> Result<Invoked, CallError> {
        const OPERATION: &str = "Invoke";
        let call = self.client.invoke().function_name(&request.function).log_type(LogType::Tail);
        let sent = call.payload(Blob::new(request.payload.to_string())).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let bytes = sent.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default();
        let payload: Json = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(&bytes).into_owned()));
        // The end of the log is a courtesy of the service: without it the answer is as good.
        let tail = sent.log_result().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let log = String::from_utf8_lossy(&tail).lines().map(str::to_owned).collect();
        let error = sent.function_error().map(|kind| {
            let why = payload["errorMessage"].as_str().unwrap_or("it gave no reason");
            format!("`{}` failed ({kind}): {why}", request.function)
        });
        Ok(Invoked { payload, error, log })
    }

    async fn publish(&self, function: &str, archive: &Path) -> Result<String, CallError> {
        const OPERATION: &str = "UpdateFunctionCode";
        let bytes = tokio::fs::read(archive).await.map_err(|error| {
            let message = format!("{}: {error}", archive.display());
            CallError::new(OPERATION, Fault::Other).with_message(message).with_source(error)
        })?;
        let call = self.client.update_function_code().function_name(function).zip_file(Blob::new(bytes));
        let sent = call.publish(true).send().await.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        let version = sent.version().unwrap_or_default().to_owned();
        if version.is_empty() || version == "$LATEST" {
            return Err(CallError::new(OPERATION, Fault::Other).with_message("the answer names no version"));
        }
        self.active(function, &version).await?;
        Ok(version)
    }

    async fn point_alias(&self, function: &str, alias: &str, version: &str) -> Result<(), CallError> {
        let call = self.client.update_alias().function_name(function).name(alias).function_version(version);
        call.send().await.map(drop).map_err(|error| CallError::from_sdk("UpdateAlias", error))
    }
}

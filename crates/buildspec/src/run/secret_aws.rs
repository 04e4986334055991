//! Parameters and secrets from Systems Manager and Secrets Manager themselves (feature `sdk`).

use std::fmt::{self, Debug};
use std::future::Future;
use std::thread;

use aws_call::{CallError, Secret};
use tokio::runtime::Handle;

use super::secret_files::of_key;
use super::{SecretError, SecretSource};
use crate::model::SecretReference;

/// Values through the AWS SDK, as CodeBuild gets them with the service role of the project.
///
/// A build is a thread that waits; the calls run on `runtime`, which must be one of several threads, or have its one
/// thread free for them.
#[derive(Clone)]
pub struct SdkSecrets {
    parameters: aws_sdk_ssm::Client,
    secrets: aws_sdk_secretsmanager::Client,
    runtime: Handle,
}

impl SdkSecrets {
    /// Over clients of the SDK, whose configuration brings credentials, region and TLS.
    #[must_use]
    pub const fn new(
        parameters: aws_sdk_ssm::Client,
        secrets: aws_sdk_secretsmanager::Client,
        runtime: Handle,
    ) -> Self {
        Self { parameters, secrets, runtime }
    }

    /// On a thread of its own, for a thread that drives a runtime may not wait for one.
    fn wait<T: Send>(&self, call: impl Future<Output = T> + Send) -> Option<T> {
        thread::scope(|scope| scope.spawn(|| self.runtime.block_on(call)).join().ok())
    }
}

impl SecretSource for SdkSecrets {
    fn parameter(&self, name: &str) -> Result<Secret, SecretError> {
        let call = self.parameters.get_parameter().name(name).with_decryption(true).send();
        let answer = self.wait(call).ok_or_else(|| interrupted(name))?;
        let answer = answer.map_err(|error| refused(name, &CallError::from_sdk("GetParameter", error)))?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        value.map(Secret::from).ok_or_else(|| SecretError::Refused(format!("the parameter `{name}` has no value")))
    }

    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        let id = &reference.secret_id;
        let call = self
            .secrets
            .get_secret_value()
            .secret_id(id)
            .set_version_stage(reference.version_stage.clone())
            .set_version_id(reference.version_id.clone())
            .send();
        let answer = self.wait(call).ok_or_else(|| interrupted(id))?;
        let answer = answer.map_err(|error| refused(id, &CallError::from_sdk("GetSecretValue", error)))?;
        let Some(text) = answer.secret_string else {
            return Err(SecretError::Refused(format!("the secret `{id}` is binary, and a variable holds text")));
        };
        of_key(&text, reference)
    }
}

impl Debug for SdkSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SdkSecrets").finish_non_exhaustive()
    }
}

fn refused(name: &str, error: &CallError) -> SecretError {
    match error.code() {
        Some("ParameterNotFound" | "ParameterVersionNotFound" | "ResourceNotFoundException") => {
            SecretError::NotFound(name.to_owned())
        }
        _ => SecretError::Refused(format!("`{name}` cannot be read: {error}")),
    }
}

fn interrupted(name: &str) -> SecretError {
    SecretError::Refused(format!("`{name}` cannot be read: the runtime of the AWS SDK ended before its answer"))
}

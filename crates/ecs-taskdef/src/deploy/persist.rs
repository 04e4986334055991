//! Calls that are tried again while the error passes by itself, each kind of error told once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use aws_call::{CallError, Fault, Retries, Retry};

use super::{Deployer, Event, Progress};
use crate::client::Registered;
use crate::{Body, canonical};

/// Operation, code and meaning of an error: errors that are equal in these are told once.
type Kind = (&'static str, Option<String>, Option<&'static str>);

pub(super) struct Persist<'a> {
    deployer: &'a Deployer,
    retries: &'a Retries,
    pub(super) progress: &'a dyn Progress,
    told: Mutex<HashSet<Kind>>,
}

impl<'a> Persist<'a> {
    pub(super) fn new(deployer: &'a Deployer, retries: &'a Retries, progress: &'a dyn Progress) -> Self {
        Self { deployer, retries, progress, told: Mutex::default() }
    }

    /// Calls until it succeeds, fails for good, or the attempts are used up. What does not exist is not waited for.
    pub(super) async fn call<T, F, Fut>(&self, call: F) -> Result<T, CallError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        self.attempts(call, |error| error.retry() != Retry::No && error.fault() != Fault::NotFound).await
    }

    /// As [`call`](Self::call), where what the call names may have been created a moment ago.
    pub(super) async fn call_after_creation<T, F, Fut>(&self, call: F) -> Result<T, CallError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        self.attempts(call, |error| error.retry() != Retry::No).await
    }

    /// Registers a revision, once. A call whose answer was lost may have made one, so before another try the newest
    /// revision is looked at.
    pub(super) async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        let registry = &self.deployer.task_definitions;
        let mut attempt = 0;
        loop {
            let error = match registry.register(body).await {
                Ok(registered) => return Ok(registered),
                Err(error) => error,
            };
            attempt += 1;
            if attempt >= self.retries.attempts || error.retry() == Retry::No {
                return Err(error);
            }
            self.pause(attempt - 1, &error).await;
            if matches!(error.fault(), Fault::Timeout | Fault::Connection | Fault::Unavailable) {
                let newest = self.call(|| registry.describe(body.family())).await;
                if let Some(made) = newest.ok().filter(|newest| canonical::equal(newest, body.as_json())) {
                    let arn = made["taskDefinition"]["taskDefinitionArn"].as_str();
                    if let Some(registered) = arn.and_then(Registered::parse) {
                        return Ok(registered);
                    }
                }
            }
        }
    }

    async fn attempts<T, F, Fut>(&self, call: F, again: fn(&CallError) -> bool) -> Result<T, CallError>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, CallError>> + Send,
        T: Send,
    {
        let mut attempt = 0;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            attempt += 1;
            if attempt >= self.retries.attempts || !again(&error) {
                return Err(error);
            }
            self.pause(attempt - 1, &error).await;
        }
    }

    async fn pause(&self, attempt: u32, error: &CallError) {
        let hint = error.hint();
        let kind = (error.operation(), error.code().map(str::to_owned), hint.map(|hint| hint.meaning));
        // Nothing under the lock can panic.
        let first = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        if first {
            self.progress.event(&Event::Retrying { error, hint });
        }
        let delay = self.retries.backoff.delay_after(attempt, error.retry_after(), &self.deployer.ids);
        self.deployer.clock.sleep(delay).await;
    }
}

//! Calls that are tried again while the error passes by itself, each kind of error told once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use aws_call::{CallError, Clock, Fault, IdSource, Retries, Retry};
use serde_json::Value as Json;

use super::{Deployer, Event, Progress};
use crate::client::{CreateService, Registered, ServiceSnapshot, Services, TaskDefinitions};
use crate::{Body, canonical};

/// Operation, code and meaning of an error: errors that are equal in these are told once.
type Kind = (&'static str, Option<String>, Option<&'static str>);

/// How often a revision is looked for that a lost answer may have been about.
const LOOKS: u32 = 3;
/// What ECS says of a service that exists.
const NOT_IDEMPOTENT: &str = "not idempotent";

/// Whether the call may have had its effect.
fn is_uncertain(error: &CallError) -> bool {
    matches!(error.fault(), Fault::Timeout | Fault::Connection | Fault::Unavailable)
}

pub(super) struct Persist<'a> {
    clock: &'a dyn Clock,
    ids: &'a dyn IdSource,
    retries: &'a Retries,
    pub(super) progress: &'a dyn Progress,
    told: Mutex<HashSet<Kind>>,
}

impl<'a> Persist<'a> {
    pub(super) fn new(deployer: &'a Deployer, retries: &'a Retries, progress: &'a dyn Progress) -> Self {
        Self::over(&deployer.clock, &deployer.ids, retries, progress)
    }

    pub(super) fn over(
        clock: &'a dyn Clock,
        ids: &'a dyn IdSource,
        retries: &'a Retries,
        progress: &'a dyn Progress,
    ) -> Self {
        Self { clock, ids, retries, progress, told: Mutex::default() }
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

    /// Creates a service. What the call names may have been created a moment ago, and a call whose answer was lost may have
    /// created the service itself: it is the same request, so what is there is ours.
    pub(super) async fn create(
        &self,
        services: &dyn Services,
        request: &CreateService,
    ) -> Result<ServiceSnapshot, CallError> {
        let lost = AtomicBool::new(false);
        let create = || async {
            match services.create_service(request).await {
                Err(error) if lost.load(Relaxed) && error.message().is_some_and(|m| m.contains(NOT_IDEMPOTENT)) => {
                    self.call(|| services.describe_service(&request.id)).await
                }
                Err(error) => {
                    lost.fetch_or(is_uncertain(&error), Relaxed);
                    Err(error)
                }
                created => created,
            }
        };
        self.call_after_creation(create).await
    }

    /// Registers a revision, once. A call whose answer was lost may have made one, so before another try it is looked for:
    /// several times, as an answer about a family may be an old one.
    ///
    /// `newest` is the number of the family's newest revision, if that is known.
    pub(super) async fn register(
        &self,
        registry: &dyn TaskDefinitions,
        body: &Body,
        newest: Option<u64>,
    ) -> Result<Registered, CallError> {
        let look = || async { self.call(|| registry.describe(body.family())).await.ok() };
        let number = |described: &Json| described["taskDefinition"]["revision"].as_u64().unwrap_or_default();
        // What the next revision will be called, if it is ours.
        let next = 1 + match newest {
            Some(newest) => newest,
            None => look().await.as_ref().map_or(0, number),
        };
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
            if !is_uncertain(&error) {
                continue;
            }
            for round in 0..LOOKS {
                let named = format!("{}:{next}", body.family());
                let found = [look().await, self.call(|| registry.describe(&named)).await.ok()];
                let same = found
                    .into_iter()
                    .flatten()
                    .find(|one| number(one) >= next && canonical::equal(one, body.as_json()));
                let arn = same.as_ref().and_then(|same| same["taskDefinition"]["taskDefinitionArn"].as_str());
                if let Some(registered) = arn.and_then(Registered::parse) {
                    return Ok(registered);
                }
                if round + 1 < LOOKS {
                    self.pause(round, &error).await;
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
        let delay = self.retries.backoff.delay_after(attempt, error.retry_after(), self.ids);
        self.clock.sleep(delay).await;
    }
}

//! Validation hooks of ECS and Lambda deployments: the payload that CodeDeploy sends, and the verdict
//! that must come back within the hour.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_call::{Backoff, CallError, Clock, IdSource, Jitter, Pacer, Polling, Retry};
use spec_report::{Limits, Node, Source};

use crate::client::{DeploymentId, HookExecutionStatus, HookStatus, PutHookStatus};
use crate::rules::STRUCTURE;

/// How long after the invocation a verdict still counts (documentation, "AppSpec 'hooks' section").
pub const TIME_LIMIT: Duration = Duration::from_secs(3600);

/// What a hook function is invoked with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookEvent {
    /// `DeploymentId` of the payload.
    pub deployment_id: DeploymentId,
    /// `LifecycleEventHookExecutionId` of the payload.
    pub lifecycle_event_hook_execution_id: String,
}

/// A payload that no hook was invoked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the payload of a hook must be a JSON object with the texts `DeploymentId` and `LifecycleEventHookExecutionId`, but {0}; invoke the function as CodeDeploy does"
)]
pub struct InvalidPayload(String);

impl HookEvent {
    /// A payload.
    pub fn new(deployment_id: DeploymentId, execution_id: impl Into<String>) -> Self {
        Self { deployment_id, lifecycle_event_hook_execution_id: execution_id.into() }
    }

    /// Reads the payload that the function was invoked with. Keys that are not known are ignored.
    ///
    /// ```
    /// use appspec::hook::HookEvent;
    ///
    /// let payload = r#"{"DeploymentId":"d-EXAMPLE01","LifecycleEventHookExecutionId":"bm90LXJlYWw="}"#;
    /// assert_eq!(HookEvent::parse(payload)?.deployment_id.as_str(), "d-EXAMPLE01");
    /// assert!(HookEvent::parse("[]").is_err());
    /// # Ok::<(), appspec::hook::InvalidPayload>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidPayload`] if a key is missing or the text is not JSON.
    pub fn parse(payload: &str) -> Result<Self, InvalidPayload> {
        let (document, report) =
            spec_report::read(Source::new("payload.json", payload), &Limits::default(), &STRUCTURE);
        if let Some(found) = report.iter().find(|found| found.severity == spec_report::Severity::Error) {
            return Err(InvalidPayload(format!("it cannot be read: {}", found.message)));
        }
        let text = |key: &str| {
            let value = document.root().and_then(|root| root.get(key)).and_then(Node::as_str);
            let value = value.filter(|value| !value.is_empty()).map(str::to_owned);
            value.ok_or_else(|| InvalidPayload(format!("`{key}` is missing")))
        };
        Ok(Self::new(DeploymentId::new(text("DeploymentId")?), text("LifecycleEventHookExecutionId")?))
    }

    /// The payload as CodeDeploy writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        use spec_report::emit::json_string;
        let (id, execution) = (self.deployment_id.as_str(), &self.lifecycle_event_hook_execution_id);
        format!("{{\"DeploymentId\":{},\"LifecycleEventHookExecutionId\":{}}}", json_string(id), json_string(execution))
    }
}

/// Reports verdicts of a hook, and does not give up while a verdict still counts.
///
/// ```
/// use appspec::client::HookExecutionStatus;
/// use appspec::hook::{HookEvent, HookReporter};
/// use appspec::HookStatus;
/// use aws_call::{Clock, IdSource};
///
/// async fn handler(
///     payload: &str,
///     codedeploy: impl HookStatus + 'static,
///     clock: impl Clock + 'static,
///     ids: impl IdSource + 'static,
/// ) -> Result<HookExecutionStatus, Box<dyn std::error::Error>> {
///     let event = HookEvent::parse(payload)?;
///     let reporter = HookReporter::new(codedeploy, clock, ids);
///     Ok(reporter.run(&event, async { Ok::<_, String>(()) }).await?)
/// }
/// ```
#[derive(Clone)]
pub struct HookReporter {
    client: Arc<dyn HookStatus>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limit: Duration,
}

impl fmt::Debug for HookReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookReporter").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl HookReporter {
    /// A reporter. The hour counts from the call of [`HookReporter::run`] or [`HookReporter::report`].
    pub fn new(client: impl HookStatus + 'static, clock: impl Clock + 'static, ids: impl IdSource + 'static) -> Self {
        Self { client: Arc::new(client), clock: Arc::new(clock), ids: Arc::new(ids), limit: TIME_LIMIT }
    }

    /// Gives up earlier, for a function that itself may not run for an hour.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit.min(TIME_LIMIT);
        self
    }

    /// Validates and reports: `Succeeded` if `validation` is `Ok`, `Failed` if it is an error. Answers
    /// what was reported.
    ///
    /// Not cancel-safe in effect: dropping the future before its end leaves the deployment waiting.
    ///
    /// # Errors
    /// The last failure of the call; the deployment then waits for its hour and fails.
    pub async fn run<E>(
        &self,
        event: &HookEvent,
        validation: impl Future<Output = Result<(), E>>,
    ) -> Result<HookExecutionStatus, CallError> {
        let status = match validation.await {
            Ok(()) => HookExecutionStatus::Succeeded,
            Err(_) => HookExecutionStatus::Failed,
        };
        self.report(event, status.clone()).await?;
        Ok(status)
    }

    /// Reports a verdict, again and again while the failures are of the kind that passes.
    ///
    /// # Errors
    /// The failure that does not pass, or the last one when the time is up. An answer that says that
    /// the event is completed already is one, except after a call of which nobody knows whether it
    /// arrived: then it did.
    pub async fn report(&self, event: &HookEvent, status: HookExecutionStatus) -> Result<(), CallError> {
        let id = event.lifecycle_event_hook_execution_id.as_str();
        let request = PutHookStatus::new(event.deployment_id.clone(), id, status);
        let every = Backoff::new(Duration::from_secs(1), Duration::from_secs(30)).with_jitter(Jitter::Equal);
        let polling = Polling::new(every).with_deadline(self.limit);
        let mut pacer = Pacer::new(&*self.clock, &*self.ids, &polling);
        let mut may_have_arrived = false;
        loop {
            let error = match self.client.put_lifecycle_event_hook_execution_status(&request).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if may_have_arrived && error.code() == Some("LifecycleEventAlreadyCompletedException") {
                return Ok(());
            }
            may_have_arrived |= matches!(error.fault(), aws_call::Fault::Timeout | aws_call::Fault::Connection);
            if error.retry() == Retry::No || pacer.pause_after(error.retry_after()).await.is_err() {
                return Err(error);
            }
        }
    }
}

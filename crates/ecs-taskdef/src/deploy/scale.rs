//! Changes how many tasks a service has, and waits until it has them. No deployment begins by that.

use std::sync::Arc;

use aws_call::{Clock, IdSource, Pacer, Polling, Retries};
use serde_json::Value as Json;

use super::persist::Persist;
use super::{Deployer, Event, FailureReport, Outcome, Progress};
use crate::Error;
use crate::client::{Scaling, ServiceId, ServiceSnapshot, UpdateService};

/// How many tasks a service shall have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScaleRequest {
    /// The service.
    pub id: ServiceId,
    /// How many tasks.
    pub desired: u32,
    /// How often to look, and until when.
    pub polling: Polling,
    /// How long passing errors are waited out.
    pub retries: Retries,
}

impl ScaleRequest {
    /// Gives a service so many tasks.
    #[must_use]
    pub fn new(cluster: impl Into<String>, service: impl Into<String>, desired: u32) -> Self {
        Self {
            id: ServiceId::new(cluster, service),
            desired,
            polling: Polling::default(),
            retries: Retries::propagation(),
        }
    }

    /// Sets how often to look, and until when.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }
}

/// What came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Scaled {
    /// [`Succeeded`](Outcome::Succeeded), [`NoChange`](Outcome::NoChange), [`TimedOut`](Outcome::TimedOut),
    /// [`Superseded`](Outcome::Superseded) if somebody set another number, or [`Stopped`](Outcome::Stopped).
    pub outcome: Outcome,
    /// The service as it was seen last.
    pub service: ServiceSnapshot,
    /// Why it did not succeed.
    pub report: Option<FailureReport>,
}

impl Deployer {
    /// Sets the number of tasks and waits until so many run, in all deployments together.
    ///
    /// # Errors
    /// [`Error::Call`] if the service could not be changed or looked at.
    pub async fn scale(&self, request: &ScaleRequest, progress: &dyn Progress) -> Result<Scaled, Error> {
        let persist = Persist::new(self, &request.retries, progress);
        let before = persist.call(|| self.services.describe_service(&request.id)).await?;
        let settled = |service: &ServiceSnapshot| service.running == request.desired && service.pending == 0;
        if before.desired == request.desired && settled(&before) {
            return Ok(Scaled { outcome: Outcome::NoChange, service: before, report: None });
        }
        let update = UpdateService::new(request.id.clone()).with_desired(request.desired);
        let mut service = persist.call(|| self.services.update_service(&update)).await?;
        let mut told: Vec<String> = before.events.iter().map(|event| event.id.clone()).collect();
        let mut events = Vec::new();
        let mut pacer = Pacer::new(&self.clock, &self.ids, &request.polling);
        // An old answer shows the number from before: a strange number counts when it was not the one before.
        let (outcome, reason) = loop {
            for event in service.events.iter().rev().filter(|event| !told.contains(&event.id)) {
                progress.event(&Event::Service(event));
                events.push(event.clone());
            }
            told.extend(events.iter().map(|event| event.id.clone()));
            if matches!(service.status.as_str(), "DRAINING" | "INACTIVE") {
                break (Outcome::Stopped, format!("the service is {}", service.status));
            }
            if service.desired == request.desired && settled(&service) {
                return Ok(Scaled { outcome: Outcome::Succeeded, service, report: None });
            }
            if service.desired != request.desired && service.desired != before.desired {
                break (Outcome::Superseded, format!("somebody has set {} tasks meanwhile", service.desired));
            }
            if pacer.pause().await.is_err() {
                let (running, desired) = (service.running, request.desired);
                break (Outcome::TimedOut, format!("{running} of {desired} tasks run; ECS goes on"));
            }
            match self.services.describe_service(&request.id).await {
                Ok(next) => service = next,
                Err(error) if error.is_retryable() => progress.event(&Event::PollFailed(&error)),
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Scaled { outcome, service, report: Some(FailureReport::new(reason, events, Vec::new())) })
    }
}

/// Lets the number of tasks of services move by itself.
#[derive(Clone)]
pub struct Autoscaler {
    scaling: Arc<dyn Scaling>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    retries: Retries,
}

impl std::fmt::Debug for Autoscaler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Autoscaler").field("retries", &self.retries).finish_non_exhaustive()
    }
}

impl Autoscaler {
    /// Over this client. A policy may come before its target is visible: that is waited out for about two minutes.
    #[must_use]
    pub fn new(scaling: Arc<dyn Scaling>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { scaling, clock, ids, retries: Retries::propagation() }
    }

    /// Sets the bounds and, if given, what moves the number between them: a `PutScalingPolicy` request without the names of
    /// namespace, resource and dimension.
    ///
    /// # Errors
    /// The last error of the call that failed, its hint included.
    pub async fn apply(
        &self,
        id: &ServiceId,
        bounds: (u32, u32),
        policy: Option<&Json>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let persist = Persist::over(&*self.clock, &*self.ids, &self.retries, progress);
        let resource =
            format!("service/{}/{}", crate::client::short_name(&id.cluster), crate::client::short_name(&id.service));
        let (min, max) = bounds;
        persist.call(|| self.scaling.register_scalable_target(&resource, min, max)).await?;
        let Some(policy) = policy else { return Ok(()) };
        Ok(persist.call_after_creation(|| self.scaling.put_scaling_policy(&resource, policy)).await?)
    }
}

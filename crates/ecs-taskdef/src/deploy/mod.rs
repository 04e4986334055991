//! Deploys a task definition to a service and stays until it is clear what came of it.
//!
//! Register (or reuse) a revision, move the service to it, follow that deployment by its id. The decision what a state of
//! the service means is a pure function, [`follow::step`]; this module does the calls around it.

mod attach;
pub mod follow;
mod hand_off;
mod many;
mod persist;
mod progress;
pub mod prune;
mod records;
mod report;
mod request;
mod roll_out;
mod rollback;
pub mod run;
mod scale;
mod schedule;
mod summary;
mod tagging;
mod watch;

use std::fmt;
use std::sync::Arc;

use aws_call::{CallError, Clock, IdSource};
use serde_json::Value as Json;

pub use self::hand_off::{HandOff, HandedOff, TrafficController};
pub use self::many::ManyRequest;
use self::persist::Persist;
pub use self::progress::{Event, Progress};
pub use self::report::FailureReport;
pub use self::request::{DeployRequest, Deployment, NewService, OnPause, Outcome};
use self::roll_out::Rolling;
pub use self::rollback::RollbackRequest;
pub use self::scale::{Autoscaler, ScaleRequest, Scaled};
pub use self::schedule::{Scheduled, update_schedules};
pub use self::summary::Summary;
pub use self::tagging::is_long_arn;
use crate::client::{Registered, ServiceDeployments, Services, Tags, TaskDefinitions};
use crate::{Body, Error, canonical};

/// Deploys task definitions to services.
#[derive(Clone)]
pub struct Deployer {
    task_definitions: Arc<dyn TaskDefinitions>,
    services: Arc<dyn Services>,
    deployments: Option<Arc<dyn ServiceDeployments>>,
    traffic: Option<Arc<dyn TrafficController>>,
    tags: Option<Arc<dyn Tags>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Deployer {
    /// A deployer over these clients; `ids` gives the jitter of its pauses.
    #[must_use]
    pub fn new(
        task_definitions: Arc<dyn TaskDefinitions>,
        services: Arc<dyn Services>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { task_definitions, services, deployments: None, traffic: None, tags: None, clock, ids }
    }

    /// Looks at service deployments too: what tells of pauses, alarms and stopped deployments. Without it, services with
    /// another strategy than `ROLLING` are not deployed, as their end could not be told.
    #[must_use]
    pub fn with_service_deployments(mut self, deployments: Arc<dyn ServiceDeployments>) -> Self {
        self.deployments = Some(deployments);
        self
    }

    /// Hands services with the controller `CODE_DEPLOY` over to this.
    #[must_use]
    pub fn with_traffic_controller(mut self, traffic: Arc<dyn TrafficController>) -> Self {
        self.traffic = Some(traffic);
        self
    }

    /// Looks at the account's settings before a service with tags is created.
    #[must_use]
    pub fn with_tags(mut self, tags: Arc<dyn Tags>) -> Self {
        self.tags = Some(tags);
        self
    }

    /// Deploys and waits for the outcome.
    ///
    /// Not cancel-safe in one sense: once the service has taken the update, dropping the future only stops the watching.
    /// The deployment goes on in ECS. A revision that was registered stays.
    ///
    /// # Errors
    /// [`Error`] if the deployment could not be begun, or could no longer be watched. A deployment that fails is no error
    /// but an [`Outcome`].
    pub async fn deploy(&self, request: &DeployRequest, progress: &dyn Progress) -> Result<Deployment, Error> {
        let body = body_of(request)?;
        let persist = Persist::new(self, &request.retries, progress);
        let rolling = Rolling::of(request);
        let before = self.look_before(&rolling, &persist).await?;
        let running = before.as_ref().map(|before| before.task_definition.as_str());
        let (revision, new) = self.revision(&body, request.skip_if_unchanged, running, &persist).await?;
        let deployment = self.roll_out(&revision, new, &rolling, before, &persist).await?;
        if request.roll_back && matches!(deployment.outcome, Outcome::Failed | Outcome::TimedOut) {
            return self.roll_back_after(deployment, &rolling, &persist).await;
        }
        Ok(deployment)
    }

    /// The revision to deploy, and whether it was registered for this.
    async fn revision(
        &self,
        body: &Body,
        skip_if_unchanged: bool,
        running: Option<&str>,
        persist: &Persist<'_>,
    ) -> Result<(Registered, bool), CallError> {
        let mut newest = None;
        if skip_if_unchanged {
            for id in running.into_iter().chain([body.family()]) {
                // Not knowing (no such family yet, no permission to describe) is no reason not to deploy.
                let described = persist.call(|| self.task_definitions.describe(id)).await;
                if id == body.family() {
                    let number = |described: &Json| described["taskDefinition"]["revision"].as_u64();
                    newest = described.as_ref().ok().and_then(number);
                }
                if let Some(same) = described.ok().and_then(|described| same(body, &described)) {
                    persist.progress.event(&Event::Reused(&same.arn));
                    return Ok((same, false));
                }
            }
        }
        let registered = persist.register(&*self.task_definitions, body, newest).await?;
        persist.progress.event(&Event::Registered(&registered));
        Ok((registered, true))
    }
}

/// The request that registers, images filled in.
fn body_of(request: &DeployRequest) -> Result<Body, Error> {
    if let Some((container, placeholder)) = request.task_definition.unfilled_images().next() {
        return Err(Error::Unfilled { container: container.name().unwrap_or_default().to_owned(), placeholder });
    }
    Ok(Body::of(&request.task_definition)?)
}

/// A described revision, if it is active and means the same as the request.
fn same(body: &Body, described: &Json) -> Option<Registered> {
    let fields = &described["taskDefinition"];
    let same = fields["status"] != "INACTIVE" && canonical::equal(described, body.as_json());
    same.then(|| Registered::parse(fields["taskDefinitionArn"].as_str()?)).flatten()
}

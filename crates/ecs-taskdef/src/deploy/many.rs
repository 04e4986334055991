//! One revision to many services at once: registered once, then rolled out to so many at a time as the caller allows.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::persist::Persist;
use super::roll_out::Rolling;
use super::{DeployRequest, Deployer, Deployment, Event, Outcome, Progress, body_of};
use crate::Error;
use crate::client::ServiceId;

/// One task definition for many services.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ManyRequest {
    /// What to deploy and how; its service is not looked at.
    pub request: DeployRequest,
    /// The services.
    pub services: Vec<ServiceId>,
    /// How many are rolled out at a time; zero counts as one.
    pub max_parallel: usize,
}

impl ManyRequest {
    /// All services at once.
    #[must_use]
    pub fn new(request: DeployRequest, services: Vec<ServiceId>) -> Self {
        let max_parallel = services.len();
        Self { request, services, max_parallel }
    }

    /// Sets how many are rolled out at a time.
    #[must_use]
    pub fn with_max_parallel(mut self, max_parallel: usize) -> Self {
        self.max_parallel = max_parallel;
        self
    }
}

/// Tells the events of one service among several.
struct About<'a> {
    id: &'a ServiceId,
    progress: &'a dyn Progress,
}

impl Progress for About<'_> {
    fn event(&self, event: &Event<'_>) {
        self.progress.event(&Event::About(self.id, event));
    }
}

impl Deployer {
    /// Deploys to all services, in their order as far as `max_parallel` allows; each has an end of its own, and one that
    /// fails does not stop the others. The ends come in the order of the services.
    ///
    /// # Errors
    /// [`Error`] if the revision could not be registered. What goes wrong with one service is in its place of the answer.
    pub async fn deploy_many(
        &self,
        many: &ManyRequest,
        progress: &dyn Progress,
    ) -> Result<Vec<(ServiceId, Result<Deployment, Error>)>, Error> {
        let request = &many.request;
        let body = body_of(request)?;
        let persist = Persist::new(self, &request.retries, progress);
        let (revision, new) = self.revision(&body, request.skip_if_unchanged, None, &persist).await?;
        let one = |id: ServiceId| {
            let revision = &revision;
            async move {
                let about = About { id: &id, progress };
                let persist = Persist::new(self, &request.retries, &about);
                let rolling = Rolling { id: &id, ..Rolling::of(request) };
                let ended = async {
                    let before = self.look_before(&rolling, &persist).await?;
                    let deployment = self.roll_out(revision, new, &rolling, before, &persist).await?;
                    if request.roll_back && matches!(deployment.outcome, Outcome::Failed | Outcome::TimedOut) {
                        return self.roll_back_after(deployment, &rolling, &persist).await;
                    }
                    Ok(deployment)
                };
                let ended = ended.await;
                (id, ended)
            }
        };
        let rolled = stream::iter(many.services.clone()).map(one).buffered(many.max_parallel.max(1));
        Ok(rolled.collect().await)
    }
}

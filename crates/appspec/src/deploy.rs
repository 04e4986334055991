//! Creating a deployment and following it to an honest outcome.
//!
//! CodeDeploy calls a deployment `Failed` and starts another one that rolls it back; that second one
//! `Succeeded`. [`Deployer`] follows both and says [`Outcome::RolledBack`]: a rollback is never a
//! success.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_call::{Backoff, CallError, Clock, IdSource, Jitter, Pacer, Polling};

use crate::client::{
    AutoRollbackEvent, CreateDeployment, Deployment, DeploymentId, DeploymentStatus, Deployments, StopDeployment,
};
use crate::error::{Error, LostSight};

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The new revision is in place.
    Succeeded,
    /// The deployment failed, and what it changed was not rolled back, or not wholly.
    Failed,
    /// The deployment did not succeed, and the last good revision is in place again.
    RolledBack,
    /// The deployment was stopped and not rolled back.
    Stopped,
    /// It was still running when the time was up. It may still change everything.
    TimedOut,
}

impl Outcome {
    /// Whether the new revision is in place.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Succeeded
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled back",
            Self::Stopped => "stopped",
            Self::TimedOut => "timed out",
        })
    }
}

/// A deployment that was followed to its end, or until the time was up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Deployed {
    /// How it ended.
    pub outcome: Outcome,
    /// The deployment as it was seen last.
    pub deployment: Deployment,
    /// The deployment that rolled it back, or was doing so, as it was seen last.
    pub rollback: Option<Deployment>,
}

impl Deployed {
    /// The first cause in one line: the service's code and sentence.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let error = self.deployment.error_information.as_ref()?;
        Some(format!("{}: {}", error.code, error.message))
    }
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deployment {} {}", self.deployment.deployment_id, self.outcome)?;
        if let Some(rollback) = &self.rollback {
            write!(f, " by {}", rollback.deployment_id)?;
        }
        match self.cause() {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// What becomes of a deployment that is still running when the time is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnTimeout {
    /// It goes on.
    #[default]
    Leave,
    /// It is asked to stop.
    Stop,
    /// It is asked to stop and roll back.
    StopAndRollBack,
}

/// How a deployment is followed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeployOptions {
    /// How often to look, and until when.
    pub polling: Polling,
    /// What becomes of a deployment that is still running then.
    pub on_timeout: OnTimeout,
    /// How long to wait for the rollback of a failed deployment to appear.
    pub rollback_grace: Duration,
    /// How many calls in a row may fail in a way that passes before the deployment is lost from sight.
    pub tolerated_failures: u32,
}

impl Default for DeployOptions {
    /// Looks every five to fifteen seconds for up to eight hours, the longest that an in-place
    /// deployment may take.
    fn default() -> Self {
        let every =
            Backoff::new(Duration::from_secs(5), Duration::from_secs(15)).with_factor(1.5).with_jitter(Jitter::Equal);
        Self {
            polling: Polling::new(every).with_deadline(Duration::from_secs(8 * 3600)),
            on_timeout: OnTimeout::Leave,
            rollback_grace: Duration::from_secs(60),
            tolerated_failures: 5,
        }
    }
}

impl DeployOptions {
    /// Looks as often, and as long, as `polling` says.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Says what becomes of a deployment that is still running when the time is up.
    #[must_use]
    pub fn with_on_timeout(mut self, on_timeout: OnTimeout) -> Self {
        self.on_timeout = on_timeout;
        self
    }
}

type Observer = Arc<dyn Fn(&Deployment) + Send + Sync>;

/// Creates deployments and follows them to their end.
#[derive(Clone)]
pub struct Deployer {
    client: Arc<dyn Deployments>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    options: DeployOptions,
    observer: Option<Observer>,
}

impl fmt::Debug for Deployer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployer").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Deployer {
    /// A deployer with the default options.
    pub fn new(client: impl Deployments + 'static, clock: impl Clock + 'static, ids: impl IdSource + 'static) -> Self {
        Self {
            client: Arc::new(client),
            clock: Arc::new(clock),
            ids: Arc::new(ids),
            options: DeployOptions::default(),
            observer: None,
        }
    }

    /// Follows deployments in another way.
    #[must_use]
    pub fn with_options(mut self, options: DeployOptions) -> Self {
        self.options = options;
        self
    }

    /// Calls `observer` with every state that differs from the one before.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(&Deployment) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Creates a deployment and follows it to its end.
    ///
    /// Not cancel-safe in effect: dropping the future leaves the deployment running.
    ///
    /// # Errors
    /// [`Error::Call`] if the deployment could not be created, [`Error::LostSight`] if it runs and its
    /// state can no longer be read.
    pub async fn deploy(&self, request: &CreateDeployment) -> Result<Deployed, Error> {
        let id = self.client.create_deployment(request).await?;
        self.watch(&id, Existence::Certain).await
    }

    /// Follows a deployment that exists to its end, and its rollback too if there is one.
    ///
    /// Cancel-safe: dropping the future leaves nothing behind but the deployment itself.
    ///
    /// # Errors
    /// [`Error::Call`] if there is no such deployment, [`Error::LostSight`] if its state can no longer be
    /// read.
    pub async fn follow(&self, id: &DeploymentId) -> Result<Deployed, Error> {
        self.watch(id, Existence::Claimed).await
    }

    async fn watch(&self, id: &DeploymentId, existence: Existence) -> Result<Deployed, Error> {
        let pacer = Pacer::new(&*self.clock, &*self.ids, &self.options.polling);
        let mut watch = Watch { deployer: self, pacer, existence };
        let deployment = match watch.until_final(id).await? {
            Seen::Final(deployment) => deployment,
            Seen::Running(deployment) => return self.timed_out(deployment, None).await,
        };
        if deployment.status == DeploymentStatus::Succeeded {
            // Somebody follows a rollback itself: the last good revision is in place, not a new one.
            let outcome = if deployment.is_rollback() { Outcome::RolledBack } else { Outcome::Succeeded };
            return Ok(Deployed { outcome, deployment, rollback: None });
        }
        let deployment = watch.await_rollback(deployment).await?;
        let not_rolled_back =
            if deployment.status == DeploymentStatus::Stopped { Outcome::Stopped } else { Outcome::Failed };
        let Some(rollback) = rollback_of(&deployment).cloned() else {
            return Ok(Deployed { outcome: not_rolled_back, deployment, rollback: None });
        };
        match watch.until_final(&rollback).await? {
            Seen::Final(rollback) => {
                let rolled_back = rollback.status == DeploymentStatus::Succeeded;
                let outcome = if rolled_back { Outcome::RolledBack } else { Outcome::Failed };
                Ok(Deployed { outcome, deployment, rollback: Some(rollback) })
            }
            Seen::Running(rollback) => self.timed_out(deployment, Some(rollback)).await,
        }
    }

    /// The time is up. A rollback that is under way is never stopped: it is the way back.
    async fn timed_out(&self, deployment: Deployment, rollback: Option<Deployment>) -> Result<Deployed, Error> {
        let stop = StopDeployment::new(deployment.deployment_id.clone());
        let stop = match self.options.on_timeout {
            OnTimeout::Stop if rollback.is_none() => Some(stop),
            OnTimeout::StopAndRollBack if rollback.is_none() => Some(stop.with_rollback()),
            _ => None,
        };
        let id = deployment.deployment_id.clone();
        let lost = |error| LostSight::new(id.clone(), error);
        match stop {
            None => {}
            Some(stop) => match self.client.stop_deployment(&stop).await {
                Ok(_) => {}
                // It ended between the last look and the request.
                Err(error) if error.code() == Some("DeploymentAlreadyCompletedException") => {
                    let deployment = self.client.get_deployment(&id).await.map_err(lost)?;
                    let succeeded = deployment.status == DeploymentStatus::Succeeded && !deployment.is_rollback();
                    let outcome = if succeeded { Outcome::Succeeded } else { Outcome::TimedOut };
                    return Ok(Deployed { outcome, deployment, rollback });
                }
                Err(error) => return Err(lost(error).into()),
            },
        }
        Ok(Deployed { outcome: Outcome::TimedOut, deployment, rollback })
    }
}

fn rollback_of(deployment: &Deployment) -> Option<&DeploymentId> {
    deployment.rollback_info.as_ref()?.rollback_deployment_id.as_ref()
}

enum Seen {
    Final(Deployment),
    Running(Deployment),
}

/// Whether a deployment is known to exist: if it does, a call that fails loses it from sight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existence {
    Claimed,
    Certain,
}

/// One deadline over a deployment and its rollback.
struct Watch<'a> {
    deployer: &'a Deployer,
    pacer: Pacer<'a>,
    existence: Existence,
}

impl Watch<'_> {
    async fn until_final(&mut self, id: &DeploymentId) -> Result<Seen, Error> {
        let mut last: Option<Deployment> = None;
        let mut failures = 0;
        loop {
            match self.deployer.client.get_deployment(id).await {
                Ok(deployment) => {
                    failures = 0;
                    self.existence = Existence::Certain;
                    self.observe(&deployment, last.as_ref());
                    if deployment.status.is_final() {
                        return Ok(Seen::Final(deployment));
                    }
                    last = Some(deployment);
                }
                Err(error) => {
                    failures += 1;
                    if !error.is_retryable() || failures > self.deployer.options.tolerated_failures {
                        return Err(self.lost(id, error));
                    }
                    if self.pacer.pause().await.is_err() {
                        return match last {
                            Some(deployment) => Ok(Seen::Running(deployment)),
                            None => Err(self.lost(id, error)),
                        };
                    }
                    continue;
                }
            }
            if self.pacer.pause().await.is_err()
                && let Some(deployment) = last
            {
                return Ok(Seen::Running(deployment));
            }
        }
    }

    /// Waits until the rollback of a deployment appears that is set to roll back: the service makes
    /// it a moment after it has called the deployment failed.
    async fn await_rollback(&mut self, mut deployment: Deployment) -> Result<Deployment, Error> {
        let clock = &*self.deployer.clock;
        let started = clock.now();
        while expects_rollback(&deployment) && clock.since(started) < self.deployer.options.rollback_grace {
            if self.pacer.pause().await.is_err() {
                break;
            }
            match self.deployer.client.get_deployment(&deployment.deployment_id).await {
                // What is over stays over: another answer is older than the one before.
                Ok(newer) if !newer.status.is_final() => {}
                Ok(newer) => {
                    self.observe(&newer, Some(&deployment));
                    deployment = newer;
                }
                Err(error) if error.is_retryable() => {}
                Err(error) => return Err(self.lost(&deployment.deployment_id, error)),
            }
        }
        Ok(deployment)
    }

    fn observe(&self, deployment: &Deployment, before: Option<&Deployment>) {
        if let Some(observer) = self.deployer.observer.as_ref().filter(|_| before != Some(deployment)) {
            observer(deployment);
        }
    }

    fn lost(&self, id: &DeploymentId, error: CallError) -> Error {
        match self.existence {
            Existence::Certain => LostSight::new(id.clone(), error).into(),
            Existence::Claimed => error.into(),
        }
    }
}

/// Whether a rollback of this deployment should appear and has not yet.
fn expects_rollback(deployment: &Deployment) -> bool {
    let told = deployment
        .rollback_info
        .as_ref()
        .is_some_and(|info| info.rollback_deployment_id.is_some() || info.rollback_message.is_some());
    if told || deployment.is_rollback() {
        return false;
    }
    let events = &deployment.auto_rollback;
    match deployment.status {
        DeploymentStatus::Failed => events.contains(&AutoRollbackEvent::DeploymentFailure),
        DeploymentStatus::Stopped => {
            events.contains(&AutoRollbackEvent::DeploymentStopOnRequest)
                || events.contains(&AutoRollbackEvent::DeploymentStopOnAlarm)
        }
        _ => false,
    }
}

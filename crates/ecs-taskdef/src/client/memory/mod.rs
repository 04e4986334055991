//! An in-memory ECS cluster: a service, not a recording.
//!
//! It refuses what ECS refuses when a task definition is registered, counts revisions, and rolls services out task by task
//! on the injected clock: new tasks start beside the old ones, old ones go when new ones are healthy, tasks that fail are
//! tried again, and the circuit breaker ends a deployment after half of the desired tasks (at least 3, at most 200) have
//! failed and goes back to the last completed one.
//!
//! One thing is a choice of this model: a rollback takes over the tasks that still run of the deployment it goes back to.

mod fates;
mod registry;
mod scheduler;
mod task;
mod validate;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};
use serde_json::Value as Json;

use self::fates::Decider;
pub use self::fates::{ContainerStart, Fate, Fates};
use self::registry::Registry;
use self::scheduler::{Service, World};
pub use self::task::Timing;
use super::{
    CircuitBreaker, Controller, CreateService, ListRevisions, Registered, ServiceId, ServiceSnapshot, Services,
    StoppedTask, TaskDefinitions, UpdateService,
};
use crate::Body;

/// An in-memory cluster with the account's task definitions.
///
/// ```
/// use std::sync::Arc;
/// use aws_call::{ManualClock, SequenceIds};
/// use ecs_taskdef::client::{ContainerStart, Fate, MemoryCluster};
///
/// let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
/// let cluster = MemoryCluster::new("shop", Arc::new(clock), Arc::new(SequenceIds::new(1)))
///     .with_fates(Arc::new(|start: &ContainerStart<'_>| match start.image {
///         "web:broken" => Fate::Exits { code: 1, reason: String::new() },
///         _ => Fate::Runs,
///     }));
/// ```
#[derive(Debug)]
pub struct MemoryCluster {
    name: String,
    /// `arn:aws:ecs:region:account`.
    home: String,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    fates: Decider,
    timing: Timing,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    services: BTreeMap<String, Service>,
}

impl MemoryCluster {
    /// An empty cluster all of whose containers run.
    #[must_use]
    pub fn new(name: impl Into<String>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            name: name.into(),
            home: "arn:aws:ecs:us-east-1:123456789012".to_owned(),
            clock,
            ids,
            fates: Decider(Arc::new(|_: &ContainerStart<'_>| Fate::Runs)),
            timing: Timing::default(),
            state: Mutex::default(),
        }
    }

    /// Sets what decides how containers fare.
    #[must_use]
    pub fn with_fates(mut self, fates: Arc<dyn Fates>) -> Self {
        self.fates = Decider(fates);
        self
    }

    /// Sets how long things take.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Sets the region and account that ARNs name.
    #[must_use]
    pub fn with_home(mut self, region: &str, account: &str) -> Self {
        self.home = format!("arn:aws:ecs:{region}:{account}");
        self
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only `Fates` can panic under the lock, between two changes: the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service, brought up to the clock's time.
    fn with_service<T>(
        &self,
        operation: &'static str,
        id: &ServiceId,
        act: impl FnOnce(&mut Service, &Registry, &mut World<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.check_cluster(operation, &id.cluster)?;
        let mut state = self.lock();
        let State { registry, services } = &mut *state;
        let name = id.service.rsplit_once('/').map_or(id.service.as_str(), |(_, name)| name);
        let Some(service) = services.get_mut(name) else {
            return Err(CallError::service(operation, "ServiceNotFoundException", "Service not found."));
        };
        self.in_world(|world| {
            service.advance(self.clock.now(), world);
            act(service, registry, world)
        })
    }

    fn in_world<T>(&self, act: impl FnOnce(&mut World<'_>) -> T) -> T {
        let mut next_id = || self.ids.next_u64();
        act(&mut World {
            home: &self.home,
            cluster: &self.name,
            fates: &*self.fates.0,
            timing: self.timing,
            next_id: &mut next_id,
        })
    }

    fn check_cluster(&self, operation: &'static str, cluster: &str) -> Result<(), CallError> {
        if cluster.rsplit_once('/').map_or(cluster, |(_, name)| name) == self.name {
            return Ok(());
        }
        Err(CallError::service(operation, "ClusterNotFoundException", "Cluster not found."))
    }
}

#[async_trait]
impl TaskDefinitions for MemoryCluster {
    async fn register(&self, body: &Body) -> Result<Registered, CallError> {
        self.lock().registry.register(body, &self.home, self.clock.now())
    }

    async fn describe(&self, task_definition: &str) -> Result<Json, CallError> {
        self.lock().registry.describe(task_definition)
    }

    async fn deregister(&self, task_definition: &str) -> Result<(), CallError> {
        self.lock().registry.deregister(task_definition, self.clock.now())
    }

    async fn list(&self, request: &ListRevisions) -> Result<Vec<String>, CallError> {
        Ok(self.lock().registry.list(request))
    }
}

#[async_trait]
impl Services for MemoryCluster {
    async fn describe_service(&self, id: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        self.with_service("DescribeServices", id, |service, _, _| Ok(service.snapshot()))
    }

    async fn create_service(&self, request: &CreateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "CreateService";
        self.check_cluster(OPERATION, &request.id.cluster)?;
        let mut state = self.lock();
        let State { registry, services } = &mut *state;
        let name = request.id.service.as_str();
        let refuse = |message: &str| Err(CallError::service(OPERATION, "InvalidParameterException", message));
        if services.contains_key(name) {
            return refuse("Creation of service was not idempotent.");
        }
        let revision = registry.runnable(OPERATION, &request.task_definition)?;
        let json = request.to_json();
        let configuration = &json["deploymentConfiguration"];
        let percent = |key: &str, default: u32| {
            configuration[key].as_u64().and_then(|percent| u32::try_from(percent).ok()).unwrap_or(default)
        };
        let now = self.clock.now();
        let mut service =
            Service::new(name, format!("{}:service/{}/{name}", self.home, self.name), request.desired, now);
        service.maximum_percent = percent("maximumPercent", 200);
        service.minimum_healthy_percent = percent("minimumHealthyPercent", 100);
        if service.maximum_percent <= service.minimum_healthy_percent {
            return refuse(
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
            );
        }
        service.breaker = breaker(&json).unwrap_or_default();
        service.controller = Controller::from(json["deploymentController"]["type"].as_str().unwrap_or("ECS"));
        let snapshot = self.in_world(|world| {
            service.deploy(revision.arn(), revision.containers(), world);
            service.advance(now, world);
            service.snapshot()
        });
        services.insert(name.to_owned(), service);
        Ok(snapshot)
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        const OPERATION: &str = "UpdateService";
        self.with_service(OPERATION, &request.id, |service, registry, world| {
            if service.controller == Controller::CodeDeploy && request.task_definition.is_some() {
                return Err(CallError::service(
                    OPERATION,
                    "InvalidParameterException",
                    "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
                ));
            }
            let target = match &request.task_definition {
                Some(id) => Some(registry.runnable(OPERATION, id)?),
                None => registry.find(service.task_definition()),
            };
            if let Some(breaker) = breaker(&request.to_json()) {
                service.breaker = breaker;
            }
            service.desired = request.desired.unwrap_or(service.desired);
            if let Some(revision) = target {
                let arn = revision.arn();
                if arn != service.task_definition() || request.force_new_deployment {
                    service.deploy(arn, revision.containers(), world);
                }
            }
            service.advance(self.clock.now(), world);
            Ok(service.snapshot())
        })
    }

    async fn stopped_tasks(&self, id: &ServiceId, started_by: &str) -> Result<Vec<StoppedTask>, CallError> {
        self.with_service("ListTasks", id, |service, _, _| Ok(service.stopped_tasks(started_by)))
    }
}

fn breaker(json: &Json) -> Option<CircuitBreaker> {
    let breaker = json.get("deploymentConfiguration")?.get("deploymentCircuitBreaker")?;
    let flag = |key: &str| breaker[key].as_bool().unwrap_or_default();
    Some(CircuitBreaker { enable: flag("enable"), rollback: flag("rollback") })
}

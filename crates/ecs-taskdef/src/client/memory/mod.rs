//! An in-memory ECS cluster: a service, not a recording.
//!
//! It refuses what ECS refuses when a task definition is registered, counts revisions, and rolls services out task by task
//! on the injected clock: new tasks start beside the old ones, old ones go when new ones are healthy, tasks that fail are
//! tried again, and the circuit breaker ends a deployment after half of the desired tasks (at least 3, at most 200) have
//! failed and goes back to the last completed one.
//!
//! Blue/green, linear and canary deployments go through their lifecycle stages with hooks and bake times, alarms end a
//! deployment, tasks run by themselves, and what a revision is used by can be asked. What is a choice of this model is
//! said in `rollout`.

mod account;
mod fates;
mod history;
mod loose;
mod record;
mod registry;
mod rollout;
mod scenario;
mod scheduler;
#[cfg(feature = "serve")]
mod serve;
mod settings;
mod task;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};
use serde_json::Value as Json;

use self::account::Account;
use self::fates::Decider;
pub use self::fates::{ContainerStart, Fate, Fates};
use self::loose::LooseTasks;
use self::registry::Registry;
pub use self::scenario::Scenario;
use self::scheduler::{Service, World};
#[cfg(feature = "serve")]
pub use self::serve::EcsEndpoint;
pub use self::task::Timing;
use super::{
    Controller, CreateService, ListRevisions, LoadBalancer, Registered, ServiceId, ServiceSnapshot, Services,
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
    long_arns: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    services: BTreeMap<String, Service>,
    tasks: LooseTasks,
    account: Account,
    /// The names of the alarms that are on.
    alarms: BTreeSet<String>,
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
            long_arns: true,
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

    /// Gives services ARNs of the old format, without the cluster's name, as accounts do that have never opted in to the
    /// long one. What has such an ARN cannot be tagged.
    #[must_use]
    pub fn with_short_arns(mut self) -> Self {
        self.long_arns = false;
        self
    }

    /// Turns a CloudWatch alarm on or off.
    pub fn set_alarm(&self, name: &str, on: bool) {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { services, alarms, .. } = &mut *state;
        let mut advance = |alarms: &BTreeSet<String>| {
            self.in_world(alarms, |world| {
                for service in services.values_mut() {
                    service.advance(now, world);
                }
            });
        };
        // What has happened until now has happened without the change.
        advance(alarms);
        if on {
            alarms.insert(name.to_owned());
        } else {
            alarms.remove(name);
        }
        advance(alarms);
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
        let State { registry, services, alarms, .. } = &mut *state;
        let Some(service) = services.get_mut(last_part(&id.service)) else {
            return Err(CallError::service(operation, "ServiceNotFoundException", "Service not found."));
        };
        self.in_world(alarms, |world| {
            service.advance(self.clock.now(), world);
            act(service, registry, world)
        })
    }

    fn in_world<T>(&self, alarms: &BTreeSet<String>, act: impl FnOnce(&mut World<'_>) -> T) -> T {
        let mut next_id = || self.ids.next_u64();
        act(&mut World {
            home: &self.home,
            cluster: &self.name,
            fates: &*self.fates.0,
            timing: self.timing,
            alarms,
            next_id: &mut next_id,
        })
    }

    fn check_cluster(&self, operation: &'static str, cluster: &str) -> Result<(), CallError> {
        if last_part(cluster) == self.name {
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
        let State { registry, services, account, alarms, .. } = &mut *state;
        let name = request.id.service.as_str();
        let refuse = |message: &str| Err(CallError::service(OPERATION, "InvalidParameterException", message));
        if services.contains_key(name) {
            return refuse("Creation of service was not idempotent.");
        }
        let revision = registry.runnable(OPERATION, &request.task_definition)?;
        let json = request.to_json();
        let tags = account::tags_of(&json["tags"]);
        if !tags.is_empty() && !self.long_arns {
            return refuse(account::SHORT_ARN);
        }
        let now = self.clock.now();
        let arn = match self.long_arns {
            true => format!("{}:service/{}/{name}", self.home, self.name),
            false => format!("{}:service/{name}", self.home),
        };
        let mut service = Service::new(name, arn.clone(), request.desired, now);
        if let Err(message) = service.settings.apply(&json) {
            return refuse(&message);
        }
        service.load_balancers = load_balancers(&json["loadBalancers"]);
        service.controller = Controller::from(json["deploymentController"]["type"].as_str().unwrap_or("ECS"));
        let snapshot = self.in_world(alarms, |world| {
            service.deploy(revision.arn(), revision.containers(), world);
            service.advance(now, world);
            service.snapshot()
        });
        account.tag(&arn, tags);
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
            if let Err(message) = service.settings.apply(&request.to_json()) {
                return Err(CallError::service(OPERATION, "InvalidParameterException", message));
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

fn load_balancers(json: &Json) -> Vec<LoadBalancer> {
    let text = |json: &Json, key: &str| json[key].as_str().map(str::to_owned);
    let balancers = json.as_array().into_iter().flatten();
    let read = |one: &Json| LoadBalancer {
        target_group: text(one, "targetGroupArn"),
        container: text(one, "containerName").unwrap_or_default(),
        port: one["containerPort"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
    };
    balancers.map(read).collect()
}

/// The name at the end of an ARN; other texts as they are.
fn last_part(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, name)| name)
}

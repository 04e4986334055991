//! Four things that can come of a deployment, each as a cluster in which the next one ends so: for examples, and for
//! holding other people's tools against.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{CallError, Clock, IdSource};
use serde_json::json;

use super::{ContainerStart, Fate, Fates, MemoryCluster, Timing};
use crate::client::{CircuitBreaker, CreateService, ServiceId, Services, TaskDefinitions, short_name};
use crate::{Body, model::open_enum};

open_enum! {
    /// What comes of the next deployment of a service.
    Scenario {
        /// It succeeds.
        Ok = "ok",
        /// Its containers exit, and the circuit breaker goes back.
        Rollback = "rollback",
        /// Its containers exit, and the circuit breaker ends it without going back.
        Failed = "failed",
        /// Its tasks never get healthy, and nothing ends it.
        Stuck = "stuck",
    }
}

/// What containers do in a scenario.
struct Play {
    /// With the revisions of a service but the first.
    service: Fate,
    /// With tasks that belong to none.
    task: Fate,
}

impl Fates for Play {
    fn fate(&self, start: &ContainerStart<'_>) -> Fate {
        match (start.service, start.task_definition) {
            ("", _) => self.task.clone(),
            (_, "web:1") => Fate::Runs,
            _ => self.service.clone(),
        }
    }

    fn output(&self, start: &ContainerStart<'_>) -> Vec<String> {
        vec![format!("{} begins", start.image)]
    }
}

/// How long the service has been running when the scenario begins.
const BEFORE: Duration = Duration::from_secs(3600);

impl Scenario {
    /// A cluster with services of two tasks each, in a steady state; the first one names the cluster. They run revision 1 of the family `web`, a container `app`
    /// with the image `nginx:1`; every other revision fares as the scenario says, and so do tasks that are run without a
    /// service. Starting a task takes `phase`.
    ///
    /// # Errors
    /// The cluster's, if a name is none that ECS takes; [`CallError::unsupported`] for a scenario that does not exist.
    pub async fn open(
        &self,
        services: &[ServiceId],
        phase: Duration,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Arc<MemoryCluster>, CallError> {
        let (fate, breaker) = match self {
            Self::Ok => (Fate::Runs, CircuitBreaker { enable: true, rollback: true }),
            Self::Rollback => (crash(), CircuitBreaker { enable: true, rollback: true }),
            Self::Failed => (crash(), CircuitBreaker { enable: true, rollback: false }),
            Self::Stuck => (Fate::NeverHealthy, CircuitBreaker { enable: true, rollback: true }),
            Self::Unknown(_) => return Err(CallError::unsupported("Scenario")),
        };
        let timing = Timing {
            pull: phase / 2,
            start: phase / 2,
            exit: phase / 4,
            unhealthy: Duration::from_secs(24 * 3600),
            drain: phase / 2,
            stage: phase / 4,
            restart: phase / 4,
        };
        let late = Arc::new(Late { clock, is_over: AtomicBool::new(false) });
        let task = match self {
            Self::Ok => Fate::Exits { code: 0, reason: String::new() },
            Self::Stuck => Fate::Runs,
            _ => crash(),
        };
        let cluster = MemoryCluster::new(
            services.first().map_or("default", |id| &id.cluster),
            Arc::clone(&late) as Arc<dyn Clock>,
            ids,
        )
        .with_timing(timing)
        .with_fates(Arc::new(Play { service: fate, task }));
        let body = Body::from_json(json!({
            "family": "web",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            // Programs that send an empty text in place of none are refused otherwise.
            "taskRoleArn": "arn:aws:iam::123456789012:role/task",
            "containerDefinitions": [{
                "name": "app",
                "image": "nginx:1",
                "portMappings": [{ "containerPort": 80 }],
                "logConfiguration": { "logDriver": "awslogs", "options": {
                    "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app",
                } },
            }],
        }));
        // It has a family.
        let Ok(body) = body else { return Err(CallError::unsupported("Scenario")) };
        let first = cluster.register(&body).await?;
        for id in services {
            let create = CreateService::new(id.clone(), short_name(&first.arn), 2)
                .with_circuit_breaker(breaker)
                .with_setting("launchType", json!("FARGATE"));
            cluster.create_service(&create).await?;
        }
        late.is_over.store(true, Ordering::SeqCst);
        Ok(Arc::new(cluster))
    }
}

fn crash() -> Fate {
    Fate::Exits { code: 1, reason: String::new() }
}

/// A clock that is an hour behind until the service has been made, which is then steady at once.
#[derive(Debug)]
struct Late {
    clock: Arc<dyn Clock>,
    is_over: AtomicBool,
}

#[async_trait]
impl Clock for Late {
    fn now(&self) -> SystemTime {
        let now = self.clock.now();
        if self.is_over.load(Ordering::SeqCst) { now } else { now - BEFORE }
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}

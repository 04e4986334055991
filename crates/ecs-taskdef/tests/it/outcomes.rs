//! The outcome table: four ways in which a deployment goes, what other tools were seen to say of each, and what ours says.
//!
//! The service below answers by the clock what `DescribeServices` answers in each of them, with nothing but the calls that
//! all tools make: no service deployments.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{Backoff, CallError, Clock, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{
    CircuitBreaker, CreateService, MemoryCluster, Rollout, RolloutState, RolloutStatus, ServiceEvent, ServiceId,
    ServiceSnapshot, Services, StoppedTask, TaskDefinitions, UpdateService,
};
use ecs_taskdef::{Body, DeployRequest, Deployer, Outcome};

use crate::deploy::{id, web};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Ok,
    Rollback,
    Failed,
    Stuck,
}

/// How long a phase is: the new deployment starts, runs or fails, and is then over.
const PHASE: Duration = Duration::from_secs(4);

struct Fake {
    way: Way,
    clock: ManualClock,
    state: Mutex<State>,
}

struct State {
    current: String,
    former: Option<String>,
    since: SystemTime,
    number: u32,
    updates: Vec<String>,
}

impl Fake {
    fn snapshot(&self) -> ServiceSnapshot {
        use RolloutState::{Completed, Failed, InProgress};
        let state = self.state.lock().expect("the state");
        let phase = self.clock.since(state.since).as_secs_f64() / PHASE.as_secs_f64();
        let id = format!("ecs-svc/{:04}", state.number);
        let mut snapshot =
            ServiceSnapshot::new("arn:aws:ecs:us-east-1:123456789012:service/shop/web", &state.current, 2);
        snapshot.circuit_breaker = CircuitBreaker { enable: true, rollback: self.way == Way::Rollback };
        snapshot.running = 2;
        let ours = |counts: (u32, u32, u32, u32)| {
            Rollout::new(&id, RolloutStatus::Primary, &state.current)
                .with_counts(counts.0, counts.1, counts.2, counts.3)
        };
        let Some(former) = &state.former else {
            snapshot.rollouts = vec![ours((2, 0, 2, 0)).with_state(Completed, "completed.")];
            return snapshot;
        };
        let old = Rollout::new("ecs-svc/old", RolloutStatus::Active, former)
            .with_counts(2, 0, 2, 0)
            .with_state(Completed, "");
        let broken = "ECS deployment circuit breaker: tasks failed to start.";
        let back = || Rollout::new(format!("{id}rb"), RolloutStatus::Primary, former).with_counts(2, 0, 2, 0);
        let rolling_back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/old.";
        // Going back to what ran before always works.
        let works = self.way == Way::Ok || state.number > 1;
        snapshot.rollouts = match self.way {
            _ if works && phase >= 2.0 => vec![ours((2, 0, 2, 0)).with_state(Completed, "completed.")],
            _ if works => vec![ours((2, 2, 0, 0)).with_state(InProgress, "in progress"), old],
            Way::Failed if phase >= 2.0 => vec![ours((2, 0, 0, 3)).with_state(Failed, broken), old],
            Way::Rollback if phase >= 3.0 => vec![back().with_state(Completed, rolling_back)],
            Way::Rollback if phase >= 2.0 => {
                let mut ours = ours((0, 0, 0, 4)).with_state(Failed, broken);
                ours.status = RolloutStatus::Active;
                vec![back().with_state(InProgress, rolling_back), ours]
            }
            _ => vec![ours((2, 1, 0, 3)).with_state(InProgress, "in progress"), old],
        };
        if self.way == Way::Rollback && phase >= 2.0 {
            let event = |id: &str, message: &str| ServiceEvent::new(id, None, message);
            snapshot.events = vec![
                event("e3", "(service web) rolling back to deployment ecs-svc/old."),
                event("e2", "(service web) (deployment ecs-svc/0001) deployment failed: tasks failed to start."),
            ];
        }
        snapshot
    }
}

#[async_trait]
impl Services for Fake {
    async fn describe_service(&self, _: &ServiceId) -> Result<ServiceSnapshot, CallError> {
        Ok(self.snapshot())
    }

    async fn create_service(&self, _: &CreateService) -> Result<ServiceSnapshot, CallError> {
        Err(CallError::unsupported("CreateService"))
    }

    async fn update_service(&self, request: &UpdateService) -> Result<ServiceSnapshot, CallError> {
        {
            let mut state = self.state.lock().expect("the state");
            let to = request.task_definition.clone().unwrap_or_default();
            state.updates.push(to.clone());
            if to != state.current {
                state.former = Some(std::mem::replace(&mut state.current, to));
                state.since = self.clock.now();
                state.number += 1;
            }
        }
        Ok(self.snapshot())
    }

    async fn stopped_tasks(&self, _: &ServiceId, _: &str) -> Result<Vec<StoppedTask>, CallError> {
        Ok(Vec::new())
    }
}

async fn fake(way: Way) -> (Arc<MemoryCluster>, Arc<Fake>, ManualClock, Deployer) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let registry = MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
    let registry = Arc::new(registry);
    let first = registry.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
    let state = State { current: first.arn, former: None, since: clock.now(), number: 0, updates: Vec::new() };
    let fake = Arc::new(Fake { way, clock: clock.clone(), state: Mutex::new(state) });
    let deployer = Deployer::new(
        Arc::clone(&registry) as _,
        Arc::clone(&fake) as _,
        Arc::new(clock.clone()),
        Arc::new(SequenceIds::new(1)),
    );
    (registry, fake, clock, deployer)
}

fn request() -> DeployRequest {
    let polling = Polling::new(Backoff::constant(Duration::from_secs(1))).with_deadline(Duration::from_secs(60));
    DeployRequest::new("shop", "web", web("2")).with_polling(polling)
}

/// What ours says in a row of the table, and everything that must hold besides.
struct Row {
    way: Way,
    /// Whether the caller asks to go back after a failure.
    roll_back: bool,
    /// The tool, and what it was seen to do there (runs of 2026-11 against a server with these answers).
    others: &'static str,
    outcome: Outcome,
    /// Words of the report.
    says: &'static str,
    /// The longest it may take, in seconds.
    within: u64,
    /// What the service is left with.
    runs: &'static str,
}

const BROKEN: &str = "tasks failed to start";

const TABLE: &[Row] = &[
    Row {
        way: Way::Ok,
        roll_back: false,
        others: "all: success",
        outcome: Outcome::Succeeded,
        says: "",
        within: 9,
        runs: "web:2",
    },
    Row {
        way: Way::Rollback,
        roll_back: true,
        others: "ecs-deploy (PyPI) 1.17.0 --rollback: success, and deregisters web:1, which runs",
        outcome: Outcome::RolledBack,
        says: BROKEN,
        within: 13,
        runs: "web:1",
    },
    Row {
        way: Way::Rollback,
        roll_back: false,
        others: "ecs-deploy (shell) 3.10.22 and `aws ecs wait services-stable`: success",
        outcome: Outcome::RolledBack,
        says: "rolling back to deployment",
        within: 13,
        runs: "web:1",
    },
    Row {
        way: Way::Rollback,
        roll_back: false,
        others: "amazon-ecs-deploy-task-definition 2.6.3: failure without reason or events",
        outcome: Outcome::RolledBack,
        says: "event: (service web) (deployment ecs-svc/0001) deployment failed",
        within: 13,
        runs: "web:1",
    },
    Row {
        way: Way::Failed,
        roll_back: true,
        others: "ecs-deploy (PyPI) 1.17.0 --rollback: failure, and goes back to nothing",
        outcome: Outcome::RolledBack,
        says: BROKEN,
        within: 18,
        runs: "web:1",
    },
    Row {
        way: Way::Failed,
        roll_back: false,
        others: "amazon-ecs-deploy-task-definition 2.6.3: waits to its timeout",
        outcome: Outcome::Failed,
        says: BROKEN,
        within: 9,
        runs: "web:2",
    },
    Row {
        way: Way::Stuck,
        roll_back: true,
        others: "ecs-deploy (PyPI) 1.17.0 --rollback: goes back to what is stuck, and waits 600 s for that",
        outcome: Outcome::RolledBack,
        says: "0 of 2 tasks run and 3 have failed",
        within: 60 + 9,
        runs: "web:1",
    },
    Row {
        way: Way::Stuck,
        roll_back: false,
        others: "amazon-ecs-deploy-task-definition 2.6.3: waits to its timeout and says nothing",
        outcome: Outcome::TimedOut,
        says: "0 of 2 tasks run and 3 have failed",
        within: 60,
        runs: "web:2",
    },
];

#[tokio::test]
async fn the_table_of_outcomes() {
    for row in TABLE {
        let name = format!("{:?}, where {}", row.way, row.others);
        let (registry, fake, clock, deployer) = fake(row.way).await;
        let start = clock.now();
        let mut request = request();
        request.roll_back = row.roll_back;
        let deployment = deployer.deploy(&request, &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, row.outcome, "{name}: {:?}", deployment.report);
        assert_eq!(deployment.is_success(), row.way == Way::Ok, "{name}");
        let report = deployment.report.map(|report| report.to_string()).unwrap_or_default();
        assert!(report.contains(row.says), "{name}: {report}");
        assert!(clock.since(start) <= Duration::from_secs(row.within), "{name}: {:?}", clock.since(start));
        let service = fake.snapshot();
        let primary = service.primary().expect("PRIMARY");
        assert!(primary.task_definition.ends_with(row.runs), "{name}: {}", primary.task_definition);
        for revision in ["web:1", "web:2"] {
            let described = registry.describe(revision).await.expect("described");
            assert_eq!(described["taskDefinition"]["status"], "ACTIVE", "{name}: nothing is ever deregistered");
        }
    }
}

#[tokio::test]
async fn nothing_to_do_is_no_change() {
    let (_, fake, _, deployer) = fake(Way::Ok).await;
    let same = DeployRequest::new("shop", "web", web("1"));
    assert_eq!(deployer.deploy(&same, &()).await.expect("an outcome").outcome, Outcome::NoChange);
    assert_eq!(fake.state.lock().expect("the state").updates.len(), 0);
    assert_eq!(id().to_string(), "shop/web");
}

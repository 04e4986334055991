//! Every outcome, against the in-memory cluster on a manual clock.

use std::future::Future as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_call::{Backoff, Clock, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{
    CircuitBreaker, ContainerStart, CreateService, Fate, ListRevisions, MemoryCluster, ServiceId, Services,
    TaskDefinitions, UpdateService,
};
use ecs_taskdef::deploy::{Event, NewService, Progress};
use ecs_taskdef::{Body, DeployRequest, Deployer, Deployment, Error, Outcome, TaskDefinition};
use serde_json::json;

use crate::read::task_definition;

/// Containers fare as their image's tag says.
fn by_tag(start: &ContainerStart<'_>) -> Fate {
    match start.image.rsplit_once(':').map_or("", |(_, tag)| tag) {
        "crash" => Fate::Exits { code: 3, reason: String::new() },
        "oom" => Fate::Exits { code: 137, reason: "OutOfMemoryError: Container killed due to memory usage".to_owned() },
        "missing" => Fate::CannotPull { reason: "image not found".to_owned() },
        "sick" => Fate::NeverHealthy,
        "flaky" if start.earlier < 2 => Fate::Exits { code: 1, reason: String::new() },
        _ => Fate::Runs,
    }
}

pub(crate) fn cluster() -> (Arc<MemoryCluster>, ManualClock) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let cluster = MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
    (Arc::new(cluster.with_fates(Arc::new(by_tag))), clock)
}

pub(crate) fn web(tag: &str) -> TaskDefinition {
    let text = format!(
        r#"{{"family": "web", "containerDefinitions": [{{"name": "app", "image": "web:{tag}", "memory": 64}}]}}"#
    );
    task_definition("taskdef.json", &text)
}

pub(crate) fn id() -> ServiceId {
    ServiceId::new("shop", "web")
}

/// A service that runs `web:1`, and a deployer.
pub(crate) async fn running(
    breaker: Option<CircuitBreaker>,
    desired: u32,
) -> (Arc<MemoryCluster>, ManualClock, Deployer) {
    let (cluster, clock) = cluster();
    let body = Body::of(&web("1")).expect("a body");
    let first = cluster.register(&body).await.expect("registered");
    let mut create = CreateService::new(id(), first.arn, desired);
    if let Some(breaker) = breaker {
        create = create.with_circuit_breaker(breaker);
    }
    cluster.create_service(&create).await.expect("created");
    clock.advance(Duration::from_secs(600));
    let deployer = deployer(&cluster, &cluster, &clock);
    (cluster, clock, deployer)
}

pub(crate) fn deployer<T, S>(task_definitions: &Arc<T>, services: &Arc<S>, clock: &ManualClock) -> Deployer
where
    T: TaskDefinitions + 'static,
    S: Services + 'static,
{
    Deployer::new(
        Arc::clone(task_definitions) as Arc<dyn TaskDefinitions>,
        Arc::clone(services) as Arc<dyn Services>,
        Arc::new(clock.clone()),
        Arc::new(SequenceIds::new(1)),
    )
}

pub(crate) const BREAKER: CircuitBreaker = CircuitBreaker { enable: true, rollback: true };

pub(crate) fn request(tag: &str) -> DeployRequest {
    let polling = Polling::new(Backoff::constant(Duration::from_secs(2))).with_deadline(Duration::from_secs(900));
    DeployRequest::new("shop", "web", web(tag)).with_polling(polling)
}

#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().expect("a log").clone()
    }
}

impl Progress for Log {
    fn event(&self, event: &Event<'_>) {
        let line = match event {
            Event::Registered(revision) => format!("registered {}", revision.short_name()),
            Event::Reused(arn) => format!("reused {}", ecs_taskdef::client::short_name(arn)),
            Event::Began(_) => "began".to_owned(),
            Event::Rollout(rollout) => format!("rollout {}/{}", rollout.running, rollout.desired),
            Event::Service(event) => format!("event {}", event.message),
            Event::RollingBack(to) => format!("back to {}", ecs_taskdef::client::short_name(to)),
            Event::Retrying { error, hint } => format!("retrying {} {}", error.code().unwrap_or("-"), hint.is_some()),
            Event::PollFailed(error) => format!("poll failed {}", error.code().unwrap_or("-")),
            _ => "other".to_owned(),
        };
        self.0.lock().expect("a log").push(line);
    }
}

fn report(deployment: &Deployment) -> String {
    deployment.report.as_ref().expect("a report").to_string()
}

#[tokio::test]
async fn succeeded() {
    let (cluster, _, deployer) = running(None, 2).await;
    let log = Log::default();
    let deployment = deployer.deploy(&request("2"), &log).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
    assert!(deployment.newly_registered && deployment.report.is_none());
    assert_eq!(deployment.revision.short_name(), "web:2");
    let service = cluster.describe_service(&id()).await.expect("the service");
    assert_eq!(service.task_definition, deployment.revision.arn);
    assert_eq!((service.running, service.rollouts.len()), (2, 1));
    let lines = log.lines();
    assert_eq!(&lines[..2], ["registered web:2", "began"]);
    assert!(lines.iter().any(|line| line == "rollout 0/2") && lines.iter().any(|line| line == "rollout 2/2"));
    let steady = lines.iter().filter(|line| line.contains("has reached a steady state")).count();
    assert_eq!(steady, 1, "events from before the deployment are not told: {lines:?}");
}

#[tokio::test]
async fn a_circuit_breaker_s_rollback_is_rolled_back() {
    for (tag, cause) in [
        ("crash", "Essential container in task exited; container `app` exited with 3"),
        ("missing", "CannotPullContainerError: image not found"),
        ("sick", "Task failed container health checks; container `app` exited with 143"),
        (
            "oom",
            "Essential container in task exited; container `app` exited with 137: OutOfMemoryError: Container killed due to memory usage",
        ),
    ] {
        let (cluster, _, deployer) = running(Some(BREAKER), 2).await;
        let log = Log::default();
        let deployment = deployer.deploy(&request(tag), &log).await.expect("an outcome");
        assert_eq!(deployment.outcome, Outcome::RolledBack, "{tag}");
        assert!(!deployment.is_success());
        let text = report(&deployment);
        let report = deployment.report.expect("a report");
        assert_eq!(report.reason, "ECS deployment circuit breaker: tasks failed to start.");
        assert_eq!(report.cause(), cause);
        assert!(report.stopped_tasks.len() >= 3 && report.advice.is_some(), "{text}");
        assert!(
            text.contains("rolled back to web:1") && text.contains("deployment failed: tasks failed to start"),
            "{text}"
        );
        assert!(log.lines().contains(&"back to web:1".to_owned()));
        let service = cluster.describe_service(&id()).await.expect("the service");
        assert!(service.task_definition.ends_with("web:1"));
        assert_eq!((service.running, service.rollouts.len()), (2, 1), "the old tasks serve");
        let revisions = cluster.list(&ListRevisions::active("web")).await.expect("revisions");
        assert_eq!(revisions.len(), 2, "nothing is deregistered");
    }
}

#[tokio::test]
async fn a_circuit_breaker_without_rollback_is_failed() {
    let breaker = CircuitBreaker { enable: true, rollback: false };
    let (_, _, deployer) = running(Some(breaker), 2).await;
    let deployment = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Failed);
    assert!(report(&deployment).contains("exited with 3"));
}

#[tokio::test]
async fn without_a_circuit_breaker_it_fails_fast() {
    let (cluster, clock, deployer) = running(None, 2).await;
    let start = clock.now();
    let deployment = deployer.deploy(&request("missing"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Failed);
    assert!(report(&deployment).contains("CannotPullContainerError"), "{}", report(&deployment));
    let deployment = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Failed);
    assert!(deployment.report.expect("a report").reason.contains("goes on trying"));
    assert!(clock.since(start) < Duration::from_secs(120), "{:?}", clock.since(start));
    let service = cluster.describe_service(&id()).await.expect("the service");
    assert!(service.running >= 2, "the old tasks serve all the while");
}

#[tokio::test]
async fn a_flaky_start_is_no_failure() {
    let (_, _, deployer) = running(Some(BREAKER), 2).await;
    let deployment = deployer.deploy(&request("flaky"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn superseded() {
    let (cluster, _, deployer) = running(None, 2).await;
    let other = cluster.register(&Body::of(&web("3")).expect("a body")).await.expect("registered");
    let rival = Arc::clone(&cluster);
    // Somebody else deploys as soon as ours has begun.
    let progress = Rival { log: Log::default(), began: Mutex::new(false) };
    let ours = async { deployer.deploy(&request("2"), &progress).await };
    let theirs = async {
        while !*progress.began.lock().expect("a flag") {
            tokio::task::yield_now().await;
        }
        rival.update_service(&UpdateService::new(id()).with_task_definition(&other.arn)).await
    };
    // The clock is automatic, so the rival must come before the next poll: it is polled first.
    let (theirs, ours) = {
        let mut theirs = Box::pin(theirs);
        let mut ours = Box::pin(ours);
        let mut answer = None;
        let ours = std::future::poll_fn(|cx| {
            if answer.is_none()
                && let std::task::Poll::Ready(updated) = theirs.as_mut().poll(cx)
            {
                answer = Some(updated);
            }
            ours.as_mut().poll(cx)
        })
        .await;
        (answer, ours)
    };
    let deployment = ours.expect("an outcome");
    if theirs.is_some() {
        assert_eq!(deployment.outcome, Outcome::Superseded, "{:?}", progress.log.lines());
        assert!(report(&deployment).contains("of web:2 has come in between"), "{}", report(&deployment));
    } else {
        panic!("the rival never came: {:?}", progress.log.lines());
    }
}

struct Rival {
    log: Log,
    began: Mutex<bool>,
}

impl Progress for Rival {
    fn event(&self, event: &Event<'_>) {
        if matches!(event, Event::Began(_)) {
            *self.began.lock().expect("a flag") = true;
        }
        self.log.event(event);
    }
}

#[tokio::test]
async fn timed_out() {
    let (_, clock, deployer) = running(None, 2).await;
    let polling = Polling::new(Backoff::constant(Duration::from_secs(1))).with_deadline(Duration::from_secs(4));
    let start = clock.now();
    let deployment = deployer.deploy(&request("2").with_polling(polling), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::TimedOut);
    assert_eq!(clock.since(start), Duration::from_secs(4));
    assert!(report(&deployment).contains("goes on in ECS"));
}

#[tokio::test]
async fn no_change() {
    let (cluster, clock, deployer) = running(None, 2).await;
    let log = Log::default();
    let start = clock.now();
    let deployment = deployer.deploy(&request("1"), &log).await.expect("an outcome");
    assert_eq!((deployment.outcome, deployment.newly_registered), (Outcome::NoChange, false));
    assert_eq!(log.lines(), ["reused web:1"]);
    assert_eq!(clock.since(start), Duration::ZERO);
    let forced = deployer.deploy(&request("1").forced(), &()).await.expect("an outcome");
    assert_eq!((forced.outcome, forced.newly_registered), (Outcome::Succeeded, false));
    let again = deployer.deploy(&request("1").always_registered(), &()).await.expect("an outcome");
    assert_eq!((again.outcome, again.newly_registered), (Outcome::Succeeded, true));
    assert_eq!(cluster.list(&ListRevisions::active("web")).await.expect("revisions").len(), 2);
}

#[tokio::test]
async fn a_revision_of_an_earlier_try_is_used_again() {
    let (cluster, _, deployer) = running(Some(BREAKER), 2).await;
    for _ in 0..3 {
        let deployment = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
        assert_eq!((deployment.outcome, deployment.revision.revision), (Outcome::RolledBack, 2));
    }
    assert_eq!(cluster.list(&ListRevisions::active("web")).await.expect("revisions").len(), 2);
}

#[tokio::test]
async fn a_failed_deployment_is_tried_again() {
    let breaker = CircuitBreaker { enable: true, rollback: false };
    let (_, _, deployer) = running(Some(breaker), 2).await;
    let first = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
    let second = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
    assert_eq!((first.outcome, second.outcome), (Outcome::Failed, Outcome::Failed));
    assert_ne!(first.id, second.id, "the service was made to try again");
    let back = deployer.deploy(&request("1"), &()).await.expect("an outcome");
    assert_eq!(back.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_service_of_nothing_succeeds() {
    let (_, _, deployer) = running(Some(BREAKER), 0).await;
    let deployment = deployer.deploy(&request("crash"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_missing_service_is_created_if_asked() {
    let (cluster, clock) = cluster();
    let deployer = deployer(&cluster, &cluster, &clock);
    let missing = deployer.deploy(&request("1"), &()).await.expect_err("no service");
    assert!(matches!(&missing, Error::Call(error) if error.code() == Some("ServiceNotFoundException")), "{missing}");
    assert!(cluster.list(&ListRevisions::active("web")).await.expect("revisions").is_empty(), "nothing was registered");
    let request = request("1").or_create(NewService::new(2));
    let deployment = deployer.deploy(&request, &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
    let crash = self::request("crash").or_create(NewService::new(2));
    assert_eq!(deployer.deploy(&crash, &()).await.expect("an outcome").outcome, Outcome::Failed);
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_before_anything_happens() {
    let (cluster, clock) = cluster();
    let deployer = deployer(&cluster, &cluster, &clock);
    let unfilled = task_definition(
        "t.json",
        r#"{"family": "web", "containerDefinitions": [{"name": "app", "image": "<IMAGE1_NAME>", "memory": 64}]}"#,
    );
    let error = deployer.deploy(&DeployRequest::new("shop", "web", unfilled), &()).await.expect_err("unfilled");
    assert!(error.to_string().contains("`<IMAGE1_NAME>`"), "{error}");

    let first = cluster.register(&Body::of(&web("1")).expect("a body")).await.expect("registered");
    let create =
        CreateService::new(id(), first.arn, 1).with_setting("deploymentController", json!({ "type": "CODE_DEPLOY" }));
    cluster.create_service(&create).await.expect("created");
    let error = deployer.deploy(&request("2"), &()).await.expect_err("CodeDeploy's");
    assert!(matches!(error, Error::Controller { .. }), "{error}");
}

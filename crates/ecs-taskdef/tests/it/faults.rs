//! Deployments over clients that fail: throttles, lost answers, old answers, errors that pass.

use std::sync::Arc;
use std::time::Duration;

use aws_call::{Backoff, ManualClock, Polling, Retries};
use ecs_taskdef::client::{Fault, Faulty, ListRevisions, MemoryCluster, Script, Services, TaskDefinitions};
use ecs_taskdef::{Deployer, Error, Outcome};

use crate::deploy::{BREAKER, Log, deployer, id, request, running};

type Broken = Arc<Faulty<Arc<MemoryCluster>>>;

async fn broken(script: Script) -> (Arc<MemoryCluster>, ManualClock, Broken, Deployer) {
    let (cluster, clock, _) = running(Some(BREAKER), 2).await;
    let faulty = Arc::new(Faulty::new(Arc::clone(&cluster), script));
    let deployer = deployer(&faulty, &faulty, &clock);
    (cluster, clock, faulty, deployer)
}

async fn revisions(cluster: &MemoryCluster) -> usize {
    cluster.list(&ListRevisions::active("web")).await.expect("revisions").len()
}

#[tokio::test]
async fn polls_may_fail_in_passing() {
    let polls =
        [vec![Fault::None], vec![Fault::Throttle; 5], vec![Fault::Unavailable; 5], vec![Fault::LostAnswer; 5]].concat();
    for (tag, outcome) in [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack)] {
        let (.., deployer) = broken(Script::new().on("DescribeServices", polls.clone())).await;
        let log = Log::default();
        assert_eq!(deployer.deploy(&request(tag), &log).await.expect("an outcome").outcome, outcome);
        assert!(log.lines().iter().filter(|line| line.starts_with("poll failed")).count() >= 5);
    }
}

#[tokio::test]
async fn polls_that_fail_for_good_end_the_watching() {
    let denied = Fault::Error("AccessDeniedException", "no".to_owned());
    let script = Script::new().on("DescribeServices", [vec![Fault::None], vec![denied; 3]].concat());
    let (.., deployer) = broken(script).await;
    let error = deployer.deploy(&request("2"), &()).await.expect_err("lost");
    assert!(matches!(error, Error::Lost { .. }), "{error}");
}

#[tokio::test]
async fn old_answers_are_no_outcome() {
    for (tag, outcome) in [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack)] {
        for stale in 1..12 {
            let polls = [vec![Fault::None], vec![Fault::Stale; stale]].concat();
            let (.., deployer) = broken(Script::new().on("DescribeServices", polls)).await;
            let deployment = deployer.deploy(&request(tag), &()).await.expect("an outcome");
            assert_eq!(deployment.outcome, outcome, "{tag} after {stale} old answers");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_registers_nothing_twice() {
    for fault in [Fault::LostAnswer, Fault::Throttle, Fault::Unavailable, Fault::Cut] {
        let script = Script::new().on("RegisterTaskDefinition", vec![fault.clone(); 3]);
        let (cluster, _, faulty, deployer) = broken(script).await;
        let deployment = deployer.deploy(&request("2"), &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, Outcome::Succeeded, "{fault:?}");
        assert_eq!(revisions(&cluster).await, 2, "{fault:?}");
        let calls = faulty.calls("RegisterTaskDefinition");
        assert_eq!(calls, if fault == Fault::LostAnswer { 1 } else { 4 }, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_update_is_the_same_deployment() {
    let script = Script::new().on("UpdateService", vec![Fault::LostAnswer, Fault::Throttle, Fault::LostAnswer]);
    let (.., deployer) = broken(script).await;
    let deployment = deployer.deploy(&request("2"), &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
}

/// The races of freshly made infrastructure pass, and each is told once.
#[tokio::test]
async fn races_are_waited_out_and_told_once() {
    let race = |code, message: &str| Fault::Error(code, message.to_owned());
    let group = "The target group with targetGroupArn arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/5f does not have an associated load balancer.";
    let role = "Unable to assume role and validate the load balancer. Please verify that the ECS service role being passed has the proper permissions.";
    let faults =
        [vec![race("InvalidParameterException", group); 3], vec![race("InvalidParameterException", role); 2]].concat();
    let (.., deployer) = broken(Script::new().on("UpdateService", faults)).await;
    let log = Log::default();
    assert_eq!(deployer.deploy(&request("2"), &log).await.expect("an outcome").outcome, Outcome::Succeeded);
    let told = log.lines().into_iter().filter(|line| line.starts_with("retrying")).collect::<Vec<_>>();
    assert_eq!(told, ["retrying InvalidParameterException true"; 2], "one for each race");
}

#[tokio::test]
async fn waiting_for_a_race_ends() {
    let group = Fault::Error("InvalidParameterException", "x does not have an associated load balancer.".to_owned());
    let (_, clock, faulty, deployer) = broken(Script::new().on("UpdateService", vec![group; 100])).await;
    let start = aws_call::Clock::now(&clock);
    let error = deployer.deploy(&request("2"), &()).await.expect_err("never passes");
    assert!(matches!(&error, Error::Call(error) if error.hint().is_some()), "{error}");
    assert!(faulty.calls("UpdateService") <= 12);
    assert!(aws_call::Clock::since(&clock, start) < std::time::Duration::from_secs(300));
}

#[tokio::test]
async fn errors_that_do_not_pass_are_told_at_once() {
    for (code, message) in [
        ("ClusterNotFoundException", "Cluster not found."),
        ("AccessDeniedException", "no"),
        ("InvalidParameterException", "Long arn format must be used for tagging operations"),
    ] {
        let script = Script::new().on("UpdateService", vec![Fault::Error(code, message.to_owned())]);
        let (_, _, faulty, deployer) = broken(script).await;
        let error = deployer.deploy(&request("2"), &()).await.expect_err(code);
        assert!(matches!(&error, Error::Call(error) if error.code() == Some(code)), "{error}");
        assert_eq!(faulty.calls("UpdateService"), 1, "{code}");
    }
}

/// Throttles, 5xx, cut connections and old answers on every call, a fifth of the calls each, in many ways: the outcome is
/// right and nothing is registered twice. Only one call in five goes well, so attempts are many.
#[tokio::test]
async fn chaos() {
    const OPERATIONS: [&str; 8] = [
        "DescribeServices",
        "UpdateService",
        "RegisterTaskDefinition",
        "DescribeTaskDefinition",
        "DescribeTasks",
        "ListServiceDeployments",
        "DescribeServiceDeployments",
        "DescribeServiceRevisions",
    ];
    let mut calls = 0;
    for seed in 0..240_u64 {
        let ids = aws_call::SequenceIds::new(seed);
        let mut script = Script::new();
        for operation in OPERATIONS {
            let faults = (0..600).map(|_| match aws_call::IdSource::next_u64(&ids) % 10 {
                0 | 1 => Fault::Throttle,
                2 | 3 => Fault::Unavailable,
                // A connection breaks before the call arrives, or behind it.
                4 => Fault::Cut,
                5 => Fault::LostAnswer,
                6 | 7 => Fault::Stale,
                _ => Fault::None,
            });
            script = script.on(operation, faults.collect::<Vec<_>>());
        }
        let (tag, outcome) = [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack)][(seed % 2) as usize];
        let (cluster, _, faulty, mut deployer) = broken(script).await;
        let both_witnesses = seed % 4 < 2;
        if both_witnesses {
            deployer = deployer.with_service_deployments(Arc::clone(&faulty) as _);
        }
        let retries = Retries::new(100, Backoff::constant(Duration::from_millis(200)));
        let polling = Polling::new(Backoff::constant(Duration::from_secs(1))).with_deadline(Duration::from_secs(7200));
        let request = request(tag).with_retries(retries).with_polling(polling);
        let deployment = deployer.deploy(&request, &()).await.expect("an outcome");
        assert_eq!(deployment.outcome, outcome, "seed {seed}: {:?}", deployment.report);
        assert_eq!(revisions(&cluster).await, 2, "seed {seed}");
        let service = cluster.describe_service(&id()).await.expect("the service");
        let runs = if outcome == Outcome::Succeeded { "web:2" } else { "web:1" };
        assert!(service.task_definition.ends_with(runs), "seed {seed}");
        calls += OPERATIONS.iter().map(|operation| faulty.calls(operation)).sum::<usize>();
    }
    assert!(calls > 10_000, "{calls} calls in all");
}

/// Creating a service whose answer is lost creates one service.
#[tokio::test]
async fn a_lost_answer_of_the_creation_is_the_same_service() {
    let (cluster, clock) = crate::deploy::cluster();
    let script = Script::new().on("CreateService", vec![Fault::LostAnswer, Fault::Throttle, Fault::LostAnswer]);
    let faulty = Arc::new(Faulty::new(Arc::clone(&cluster), script));
    let request = request("1").or_create(ecs_taskdef::deploy::NewService::new(2));
    let deployment = deployer(&faulty, &faulty, &clock).deploy(&request, &()).await.expect("an outcome");
    assert_eq!(deployment.outcome, Outcome::Succeeded);
    assert_eq!(cluster.describe_service(&id()).await.expect("the service").running, 2);
}

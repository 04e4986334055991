//! Going back: to what has worked, not to the number before.

use std::sync::Arc;

use ecs_taskdef::client::{ServiceDeployments, Services, TaskDefinitions, UpdateService};
use ecs_taskdef::deploy::RollbackRequest;
use ecs_taskdef::{Body, Deployer, Error, Outcome};

use crate::deploy::{BREAKER, Log, id, request, running, web};

fn back() -> RollbackRequest {
    RollbackRequest::new("shop", "web").with_polling(request("1").polling)
}

fn seeing(deployer: &Deployer, deployments: Arc<dyn ServiceDeployments>) -> Deployer {
    deployer.clone().with_service_deployments(deployments)
}

#[tokio::test]
async fn goes_back_over_what_never_worked() {
    let (cluster, _, blind) = running(Some(BREAKER), 2).await;
    let deployer = seeing(&blind, Arc::clone(&cluster) as _);
    // web:1 runs; web:2 works; web:3 fails and is rolled back; web:4 is registered and never deployed; web:5 works.
    for (tag, outcome) in [("2", Outcome::Succeeded), ("crash", Outcome::RolledBack)] {
        assert_eq!(deployer.deploy(&request(tag), &()).await.expect("an outcome").outcome, outcome);
    }
    cluster.register(&Body::of(&web("unused")).expect("a body")).await.expect("registered");
    let newest = deployer.deploy(&request("5"), &()).await.expect("an outcome");
    assert_eq!((newest.outcome, newest.revision.revision), (Outcome::Succeeded, 5));

    let rolled = deployer.roll_back(&back(), &()).await.expect("an outcome");
    assert_eq!((rolled.outcome, rolled.revision.revision), (Outcome::Succeeded, 2));
    let named = deployer.roll_back(&back().with_target("web:1"), &()).await.expect("an outcome");
    assert_eq!((named.outcome, named.revision.revision), (Outcome::Succeeded, 1));
    let service = cluster.describe_service(&id()).await.expect("the service");
    assert!(service.task_definition.ends_with("web:1"));
}

#[tokio::test]
async fn what_was_deregistered_is_registered_again() {
    let (cluster, _, blind) = running(Some(BREAKER), 2).await;
    let deployer = seeing(&blind, Arc::clone(&cluster) as _);
    assert!(deployer.deploy(&request("2"), &()).await.expect("an outcome").is_success());
    cluster.deregister("web:1").await.expect("deregistered");
    let log = Log::default();
    let rolled = deployer.roll_back(&back(), &log).await.expect("an outcome");
    assert_eq!((rolled.outcome, rolled.revision.revision, rolled.newly_registered), (Outcome::Succeeded, 3, true));
    assert!(log.lines().contains(&"registered web:3".to_owned()), "{:?}", log.lines());
    let described = cluster.describe("web:3").await.expect("described");
    assert_eq!(described["taskDefinition"]["containerDefinitions"][0]["image"], "web:1");
}

#[tokio::test]
async fn a_deployment_under_way_is_stopped() {
    let (cluster, _, blind) = running(None, 2).await;
    let deployer = seeing(&blind, Arc::clone(&cluster) as _);
    let second = cluster.register(&Body::of(&web("sick")).expect("a body")).await.expect("registered");
    cluster.update_service(&UpdateService::new(id()).with_task_definition(&second.arn)).await.expect("updated");
    let rolled = deployer.roll_back(&back(), &()).await.expect("an outcome");
    assert_eq!((rolled.outcome, rolled.revision.revision), (Outcome::Succeeded, 1), "{:?}", rolled.report);
    let newest = cluster.list_service_deployments(&id()).await.expect("a list").swap_remove(0);
    assert_eq!(newest.status.as_str(), "ROLLBACK_SUCCESSFUL", "ECS went back by itself");
}

#[tokio::test]
async fn without_history_what_still_runs_is_the_way_back() {
    let (cluster, _, blind) = running(None, 2).await;
    let nothing = blind.roll_back(&back(), &()).await.expect_err("one revision alone");
    assert!(matches!(nothing, Error::NoRollbackTarget { .. }), "{nothing}");
    let second = cluster.register(&Body::of(&web("sick")).expect("a body")).await.expect("registered");
    cluster.update_service(&UpdateService::new(id()).with_task_definition(&second.arn)).await.expect("updated");
    let rolled = blind.roll_back(&back(), &()).await.expect("an outcome");
    assert_eq!((rolled.outcome, rolled.revision.revision), (Outcome::Succeeded, 1));
}

/// A service without a circuit breaker goes back if the request says so, and that is no success.
#[tokio::test]
async fn a_failure_can_be_rolled_back_by_the_deployer() {
    for with_history in [true, false] {
        for tag in ["crash", "missing", "sick"] {
            let (cluster, _, blind) = running(None, 2).await;
            let deployer = if with_history { seeing(&blind, Arc::clone(&cluster) as _) } else { blind };
            let deployment = deployer.deploy(&request(tag).rolling_back(), &()).await.expect("an outcome");
            assert_eq!(deployment.outcome, Outcome::RolledBack, "{tag}: {:?}", deployment.report);
            let report = deployment.report.expect("a report");
            assert!(report.rolled_back_to.is_some_and(|to| to.ends_with("web:1")));
            assert!(report.stopped_tasks.iter().any(ecs_taskdef::client::StoppedTask::is_failure), "{tag}");
            let service = cluster.describe_service(&id()).await.expect("the service");
            assert!(service.task_definition.ends_with("web:1") && service.running == 2);
        }
    }
}

//! Old revisions go, used ones never do.

use std::collections::BTreeSet;
use std::sync::Arc;

use ecs_taskdef::client::{
    ListRevisions, Registered, RunTask, ScheduledTarget, Services, TaskDefinitions, Tasks, UpdateService,
};
use ecs_taskdef::deploy::prune::{PruneRequest, Pruner, Use, Uses, plan};
use ecs_taskdef::{Body, Outcome};
use proptest::prelude::*;
use serde_json::json;

use crate::deploy::{BREAKER, id, request, running, web};

fn numbers<'a>(revisions: impl IntoIterator<Item = &'a Registered>) -> Vec<u32> {
    revisions.into_iter().map(|revision| revision.revision).collect()
}

#[tokio::test]
async fn what_is_used_stays() {
    let (cluster, _, deployer) = running(Some(BREAKER), 2).await;
    let deployer = deployer.with_service_deployments(Arc::clone(&cluster) as _);
    // 1 ran first, 2 runs now and 3 failed; 4 is a task, 5 a schedule, 6 to 9 are nothing.
    assert!(deployer.deploy(&request("2"), &()).await.expect("an outcome").is_success());
    assert_eq!(deployer.deploy(&request("crash"), &()).await.expect("an outcome").outcome, Outcome::RolledBack);
    let mut arns = Vec::new();
    for tag in ["4", "5", "6", "7", "8", "9"] {
        arns.push(cluster.register(&Body::of(&web(tag)).expect("a body")).await.expect("registered").arn);
    }
    cluster.run_task(&RunTask::new("shop", &arns[0])).await.expect("run");
    let rule = ScheduledTarget::new(json!({
        "Id": "nightly",
        "Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
        "EcsParameters": { "TaskDefinitionArn": arns[1], "TaskCount": 1 },
    }));
    cluster.put_rule("nightly", vec![rule]);

    let pruner = Pruner::new(Arc::clone(&cluster) as _, Arc::clone(&cluster) as _)
        .with_service_deployments(Arc::clone(&cluster) as _)
        .with_schedules(Arc::clone(&cluster) as _);
    let request = PruneRequest::new("web", 1);
    let plan = pruner.plan(&request).await.expect("a plan");
    assert_eq!(numbers(&plan.deregister), [3, 6, 7, 8]);
    let why = |number: u32| {
        let (_, uses) = plan.keep.iter().find(|(revision, _)| revision.revision == number).expect("kept");
        uses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(why(9), "among the newest");
    assert_eq!(why(5), "started by rule nightly");
    assert_eq!(why(4), "a task runs it in shop");
    assert_eq!(why(2), "used by service web; what service web would be rolled back to; a task runs it in shop");
    assert_eq!(why(1), "what service web would be rolled back to");
    let active = async || cluster.list(&ListRevisions::active("web")).await;
    assert_eq!(active().await.expect("a list").len(), 9, "a plan changes nothing");

    // Between plan and deed somebody deploys 7.
    let seven = format!("arn:aws:ecs:us-east-1:123456789012:task-definition/web:{}", 7);
    cluster.update_service(&UpdateService::new(id()).with_task_definition(seven)).await.expect("updated");
    let pruned = pruner.apply(&request, &plan).await.expect("pruned");
    assert_eq!(numbers(&pruned.deregistered), [3, 6, 8]);
    assert_eq!(numbers(pruned.kept.iter().map(|(revision, _)| revision)), [7]);
    assert!(pruned.failed.is_empty());
    assert_eq!(active().await.expect("a list").len(), 6);
}

proptest! {
    /// Said without the plan's code: nothing used goes, the newest stay, and together it is all of them.
    #[test]
    fn the_plan_is_safe(
        numbers in prop::collection::btree_set(1..60_u32, 0..20),
        used in prop::collection::btree_set(1..60_u32, 0..20),
        keep in 0..6_usize,
    ) {
        let revision = |number: u32| Registered::new(format!("arn:x:task-definition/web:{number}"), "web", number);
        let revisions: Vec<Registered> = numbers.iter().copied().map(revision).collect();
        let uses: Uses = used.iter().map(|n| (format!("web:{n}"), BTreeSet::from([Use::Service("web".to_owned())]))).collect();
        let plan = plan(&revisions, &uses, keep);
        let newest: BTreeSet<u32> = numbers.iter().rev().take(keep).copied().collect();
        for gone in &plan.deregister {
            prop_assert!(!used.contains(&gone.revision) && !newest.contains(&gone.revision));
        }
        for (kept, _) in &plan.keep {
            prop_assert!(used.contains(&kept.revision) || newest.contains(&kept.revision));
        }
        prop_assert_eq!(plan.keep.len() + plan.deregister.len(), numbers.len());
    }
}

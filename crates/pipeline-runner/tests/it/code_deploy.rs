//! A service with the controller CODE_DEPLOY, from the task definition to what CodeDeploy says in the end.

use std::sync::Arc;
use std::time::Duration;

use appspec::client::memory::{Answers, MemoryCodeDeploy};
use appspec::client::{
    Application, Applications, AutoRollbackEvent, ComputePlatform, DeploymentGroup, DeploymentGroups, EcsService,
    HookExecutionStatus, TargetGroupPair,
};
use aws_call::{Backoff, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{CreateService, MemoryCluster, ServiceId, Services, TaskDefinitions};
use ecs_taskdef::{Body, DeployRequest, Deployer, Outcome, TaskDefinition, read_bytes};
use pipeline_runner::CodeDeploy;
use serde_json::json;

fn web(tag: &str) -> TaskDefinition {
    let text = format!(
        r#"{{"family": "web", "containerDefinitions": [{{"name": "app", "image": "web:{tag}", "memory": 64,
            "portMappings": [{{"containerPort": 8080}}]}}]}}"#
    );
    read_bytes("taskdef.json", text.as_bytes()).value.unwrap()
}

fn request(tag: &str) -> DeployRequest {
    let polling = Polling::new(Backoff::constant(Duration::from_secs(5))).with_deadline(Duration::from_secs(4 * 3600));
    DeployRequest::new("shop", "web", web(tag)).with_polling(polling)
}

#[tokio::test]
async fn what_code_deploy_says_is_what_ecs_says() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let cluster = Arc::new(MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7))));
    let first = cluster.register(&Body::of(&web("1")).unwrap()).await.unwrap();
    let create = CreateService::new(ServiceId::new("shop", "web"), first.arn, 2)
        .with_setting("deploymentController", json!({ "type": "CODE_DEPLOY" }))
        .with_setting("loadBalancers", json!([{ "containerName": "app", "containerPort": 8080 }]));
    cluster.create_service(&create).await.unwrap();
    clock.advance(Duration::from_secs(600));

    let service = MemoryCodeDeploy::new(clock.clone(), SequenceIds::new(3));
    service.create_application(&Application::new("shop", ComputePlatform::Ecs)).await.unwrap();
    let listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/prod/0/0";
    let group = DeploymentGroup::new("shop", "live", "arn:aws:iam::123456789012:role/deploy")
        .with_ecs_service(EcsService::new("shop", "web"), TargetGroupPair::new("blue", "green", listener))
        .with_auto_rollback([AutoRollbackEvent::DeploymentFailure]);
    service.create_deployment_group(&group).await.unwrap();
    service.put_function("good", Answers(HookExecutionStatus::Succeeded));
    service.put_function("bad", Answers(HookExecutionStatus::Failed));
    let through = |group: &str, hook: &str| {
        let ids = Arc::new(SequenceIds::new(9));
        let hooks = json!([{ "AfterAllowTraffic": hook }]);
        let traffic = CodeDeploy::new(Arc::new(service.clone()), "shop", group, Arc::new(clock.clone()), ids.clone());
        Deployer::new(Arc::clone(&cluster) as _, Arc::clone(&cluster) as _, Arc::new(clock.clone()), ids)
            .with_traffic_controller(Arc::new(traffic.with_hooks(hooks)))
    };

    let good = through("live", "good").deploy(&request("2"), &()).await.unwrap();
    assert_eq!(good.outcome, Outcome::Succeeded);
    assert!(good.id.unwrap().starts_with("d-"));
    let bad = through("live", "bad").deploy(&request("3"), &()).await.unwrap();
    assert_eq!(bad.outcome, Outcome::RolledBack);
    assert!(bad.report.unwrap().reason.contains("HOOK_EXECUTION_FAILURE"));
    let refused = through("nothing", "good").deploy(&request("4"), &()).await.unwrap_err();
    assert!(refused.to_string().contains("DeploymentGroupDoesNotExistException"), "{refused}");
}

//! `appspec::client::sdk::CodeDeploy`. Moto keeps deployments and never runs one; it checks nothing of a revision.

use appspec::client::{
    Application, Applications as _, AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment,
    DeploymentConfigs as _, DeploymentGroup, DeploymentGroups as _, DeploymentId, DeploymentOverview, DeploymentStatus,
    Deployments as _, HookExecutionStatus, HookStatus as _, PutHookStatus, RevisionLocation, StopDeployment, TagFilter,
    Targets as _, Trigger, TriggerEvent, sdk::CodeDeploy,
};
use aws_call::Fault;
use aws_sdk_codedeploy::Client;

use crate::server::{ACCOUNT, Moto, is_missing, is_refused};

/// Creates an application and a group in it.
async fn group(codedeploy: &CodeDeploy, application: &str, platform: ComputePlatform) -> DeploymentGroup {
    codedeploy.create_application(&Application::new(application, platform)).await.unwrap();
    let topic = format!("arn:aws:sns:us-east-1:{ACCOUNT}:deployments");
    let group = DeploymentGroup::new(application, "web", format!("arn:aws:iam::{ACCOUNT}:role/deploy"))
        .with_config("CodeDeployDefault.HalfAtATime")
        .with_ec2_tags([TagFilter::key_and_value("app", "shop")])
        .with_auto_rollback([AutoRollbackEvent::DeploymentFailure])
        .with_triggers([Trigger::new("failures", topic, [TriggerEvent::DeploymentFailure])]);
    codedeploy.create_deployment_group(&group).await.unwrap();
    group
}

#[tokio::test]
async fn applications_and_groups_come_back_as_they_were_created() {
    let moto = Moto::start();
    let codedeploy = CodeDeploy::new(Client::new(&moto.config()));
    let made = group(&codedeploy, "shop", ComputePlatform::Server).await;
    group(&codedeploy, "cart", ComputePlatform::Ecs).await;

    let again = codedeploy.create_application(&Application::new("shop", ComputePlatform::Server)).await;
    is_refused(again, "CreateApplication", "ApplicationAlreadyExistsException");
    let application = codedeploy.get_application("cart").await.unwrap();
    assert_eq!((application.name.as_str(), application.compute_platform), ("cart", ComputePlatform::Ecs));
    let mut names = codedeploy.list_applications().await.unwrap();
    names.sort_unstable();
    assert_eq!(names, ["cart", "shop"]);

    let again = codedeploy.create_deployment_group(&made).await;
    is_refused(again, "CreateDeploymentGroup", "DeploymentGroupAlreadyExistsException");
    let mut read = codedeploy.get_deployment_group("shop", "web").await.unwrap();
    assert!(read.id.take().is_some());
    assert_eq!(read.compute_platform.take(), Some(ComputePlatform::Server));
    assert_eq!(read, made);
    assert_eq!(codedeploy.list_deployment_groups("shop").await.unwrap(), ["web"]);
    let missing = codedeploy.get_deployment_group("shop", "mail").await;
    is_refused(missing, "GetDeploymentGroup", "DeploymentGroupDoesNotExistException");

    // Operations that moto does not have.
    is_missing(codedeploy.list_deployment_configs().await, "ListDeploymentConfigs");
    is_missing(codedeploy.delete_deployment_group("shop", "web").await, "DeleteDeploymentGroup");
}

#[tokio::test]
async fn deployments_come_back_as_they_were_created() {
    let moto = Moto::start();
    let codedeploy = CodeDeploy::new(Client::new(&moto.config()));
    group(&codedeploy, "shop", ComputePlatform::Server).await;
    group(&codedeploy, "cart", ComputePlatform::Ecs).await;

    let bundle = RevisionLocation::s3("shop-bundles", "web.zip", BundleType::Zip);
    let content = RevisionLocation::content("version: 0.0\nResources: []\n# über\n");
    let commit = RevisionLocation::git_hub("example/shop", "0123456789abcdef0123456789abcdef01234567");
    for (application, platform, revision) in [
        ("shop", ComputePlatform::Server, bundle),
        ("cart", ComputePlatform::Ecs, content),
        ("shop", ComputePlatform::Server, commit),
    ] {
        let request = CreateDeployment::new(application, "web", revision.clone())
            .with_config("CodeDeployDefault.HalfAtATime")
            .with_auto_rollback([AutoRollbackEvent::DeploymentFailure]);
        let id = codedeploy.create_deployment(&request).await.unwrap();
        let deployment = codedeploy.get_deployment(&id).await.unwrap();
        assert_eq!((&deployment.deployment_id, deployment.application_name.as_str()), (&id, application));
        assert_eq!(deployment.deployment_group_name.as_deref(), Some("web"));
        assert_eq!(deployment.deployment_config_name.as_deref(), Some("CodeDeployDefault.HalfAtATime"));
        assert_eq!((deployment.compute_platform, deployment.revision), (Some(platform), Some(revision)));
        assert_eq!(deployment.auto_rollback, [AutoRollbackEvent::DeploymentFailure]);
        // Where it stays for ever.
        assert_eq!(deployment.status, DeploymentStatus::Created);
        assert_eq!(deployment.overview, DeploymentOverview::default());
        assert!(deployment.create_time.is_some());
        assert!(codedeploy.list_deployments(application, "web").await.unwrap().contains(&id));
    }
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let moto = Moto::start();
    let codedeploy = CodeDeploy::new(Client::new(&moto.config()));
    let request = |application| CreateDeployment::new(application, "mail", RevisionLocation::content("version: 0.0"));
    let id = DeploymentId::new("d-EXAMPLE01");

    let answer = codedeploy.create_deployment(&request("nothing")).await;
    let error = is_refused(answer, "CreateDeployment", "ApplicationDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);
    group(&codedeploy, "shop", ComputePlatform::Server).await;
    let answer = codedeploy.create_deployment(&request("shop")).await;
    let error = is_refused(answer, "CreateDeployment", "DeploymentGroupDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);
    let answer = codedeploy.get_deployment(&id).await;
    let error = is_refused(answer, "GetDeployment", "DeploymentDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);

    // Operations that moto does not have.
    is_missing(codedeploy.list_deployment_targets(&id).await, "ListDeploymentTargets");
    is_missing(codedeploy.stop_deployment(&StopDeployment::new(id.clone())).await, "StopDeployment");
    let verdict = PutHookStatus::new(id, "bm90LWEtcmVhbC1leGVjdXRpb24=", HookExecutionStatus::Succeeded);
    let answer = codedeploy.put_lifecycle_event_hook_execution_status(&verdict).await;
    is_missing(answer, "PutLifecycleEventHookExecutionStatus");
}

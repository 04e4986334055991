//! `appspec::client::sdk::CodeDeploy`. Moto keeps deployments and never runs one; it checks nothing of a revision.

use appspec::client::{
    AutoRollbackEvent, BundleType, ComputePlatform, CreateDeployment, DeploymentId, DeploymentOverview,
    DeploymentStatus, Deployments as _, HookExecutionStatus, HookStatus as _, PutHookStatus, RevisionLocation,
    StopDeployment, sdk::CodeDeploy,
};
use aws_call::Fault;
use aws_sdk_codedeploy::{Client, types};

use crate::server::{ACCOUNT, Moto, is_missing, is_refused};

/// Creates an application and a group in it, with the SDK: the crate has no role for them.
async fn group(client: &Client, application: &str, platform: types::ComputePlatform) {
    client.create_application().application_name(application).compute_platform(platform).send().await.unwrap();
    client
        .create_deployment_group()
        .application_name(application)
        .deployment_group_name("web")
        .service_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/deploy"))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn deployments_come_back_as_they_were_created() {
    let moto = Moto::start();
    let client = Client::new(&moto.config());
    group(&client, "shop", types::ComputePlatform::Server).await;
    group(&client, "cart", types::ComputePlatform::Ecs).await;
    let codedeploy = CodeDeploy::new(client);

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
    }
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let moto = Moto::start();
    let client = Client::new(&moto.config());
    let codedeploy = CodeDeploy::new(client.clone());
    let request = |application| CreateDeployment::new(application, "mail", RevisionLocation::content("version: 0.0"));
    let id = DeploymentId::new("d-EXAMPLE01");

    let answer = codedeploy.create_deployment(&request("nothing")).await;
    let error = is_refused(answer, "CreateDeployment", "ApplicationDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);
    group(&client, "shop", types::ComputePlatform::Server).await;
    let answer = codedeploy.create_deployment(&request("shop")).await;
    let error = is_refused(answer, "CreateDeployment", "DeploymentGroupDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);
    let answer = codedeploy.get_deployment(&id).await;
    let error = is_refused(answer, "GetDeployment", "DeploymentDoesNotExistException");
    assert_eq!(error.fault(), Fault::NotFound);

    // Operations that moto does not have.
    is_missing(codedeploy.stop_deployment(&StopDeployment::new(id.clone())).await, "StopDeployment");
    let verdict = PutHookStatus::new(id, "bm90LWEtcmVhbC1leGVjdXRpb24=", HookExecutionStatus::Succeeded);
    let answer = codedeploy.put_lifecycle_event_hook_execution_status(&verdict).await;
    is_missing(answer, "PutLifecycleEventHookExecutionStatus");
}

//! `buildspec::client::SdkCodeBuild`. Moto takes builds of a project and lets each of them succeed when it is looked at.
//!
//! Left out: overrides, which moto drops, and idempotency tokens, which it does not know.

use aws_call::Fault;
use aws_sdk_codebuild::{
    Client,
    types::{
        ArtifactsType, ComputeType, EnvironmentType, ProjectArtifacts, ProjectEnvironment, ProjectSource, SourceType,
    },
};
use buildspec::{
    BuildStatus, Builds as _, PhaseType,
    client::{SdkCodeBuild, StartBuildRequest},
};

use crate::server::{ACCOUNT, Moto, is_refused};

/// Creates the project `shop`, with the SDK: the crate has no role for projects.
async fn project(client: &Client) {
    let source = ProjectSource::builder()
        .r#type(SourceType::Github)
        .location("https://github.com/example/shop")
        .build()
        .unwrap();
    let environment = ProjectEnvironment::builder()
        .r#type(EnvironmentType::LinuxContainer)
        .image("aws/codebuild/standard:7.0")
        .compute_type(ComputeType::BuildGeneral1Small)
        .build()
        .unwrap();
    let project = client
        .create_project()
        .name("shop")
        .source(source)
        .artifacts(ProjectArtifacts::builder().r#type(ArtifactsType::NoArtifacts).build().unwrap())
        .environment(environment)
        .service_role(format!("arn:aws:iam::{ACCOUNT}:role/build"))
        .send()
        .await
        .unwrap();
    assert_eq!(project.project().unwrap().name(), Some("shop"));
}

#[tokio::test]
async fn builds_are_started_watched_and_stopped() {
    let moto = Moto::start();
    let client = Client::new(&moto.config());
    project(&client).await;
    let codebuild = SdkCodeBuild::new(client);

    let started = codebuild.start_build(&StartBuildRequest::new("shop").with_source_version("v1")).await.unwrap();
    assert!(started.id.starts_with("shop:"), "{}", started.id);
    assert_eq!(started.arn, format!("arn:aws:codebuild:us-east-1:{ACCOUNT}:build/{}", started.id));
    assert_eq!((started.project_name.as_str(), started.source_version.as_deref()), ("shop", Some("v1")));
    assert_eq!((started.build_status, started.current_phase), (BuildStatus::InProgress, Some(PhaseType::Queued)));
    assert!(started.start_time.is_some() && started.end_time.is_none() && !started.build_complete);
    // Moto names an ARN of a log, but neither group nor stream, as CodeBuild does until there is one.
    assert_eq!(started.logs, None);

    let gone = format!("shop:{}", "00000000-0000-4000-8000-000000000000");
    let got = codebuild.batch_get_builds(&[started.id.clone(), gone]).await.unwrap();
    // Moto leaves out what does not exist and never says `buildsNotFound`. An absent build is then in neither list.
    assert_eq!((got.builds.len(), got.builds_not_found.len()), (1, 0));
    let watched = &got.builds[0];
    assert_eq!((&watched.id, &watched.build_status), (&started.id, &BuildStatus::Succeeded));
    assert!(watched.start_time == started.start_time && watched.end_time > watched.start_time);
    let phases: Vec<PhaseType> = watched.phases.iter().map(|phase| phase.phase_type.clone()).collect();
    assert_eq!((phases.first(), phases.last()), (Some(&PhaseType::Submitted), Some(&PhaseType::Completed)));
    assert!(watched.phases.iter().all(|phase| phase.phase_status == Some(BuildStatus::Succeeded)));
    assert_eq!(watched.first_failure(), None);
    // Moto says that it succeeded but not that it is over. That is not yet a success.
    assert!(!watched.build_complete && !watched.is_success());

    let other = codebuild.start_build(&StartBuildRequest::new("shop")).await.unwrap();
    let stopped = codebuild.stop_build(&other.id).await.unwrap();
    assert_eq!((stopped.id, stopped.build_status), (other.id, BuildStatus::Stopped));
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    let moto = Moto::start();
    let codebuild = SdkCodeBuild::new(Client::new(&moto.config()));
    let answer = codebuild.start_build(&StartBuildRequest::new("nothing")).await;
    let error = is_refused(answer, "StartBuild", "ResourceNotFoundException");
    assert_eq!(error.fault(), Fault::NotFound);
    let message = format!("Project cannot be found: arn:aws:codebuild:us-east-1:{ACCOUNT}:project/nothing");
    assert_eq!(error.message(), Some(message.as_str()));

    let error = is_refused(codebuild.stop_build("nothing").await, "StopBuild", "InvalidInputException");
    assert_eq!(error.fault(), Fault::InvalidRequest);
    let answer = codebuild.batch_get_builds(&["nothing".to_owned()]).await;
    is_refused(answer, "BatchGetBuilds", "InvalidInputException");
}

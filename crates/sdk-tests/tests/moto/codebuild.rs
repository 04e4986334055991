//! `buildspec::client::SdkCodeBuild`. Moto takes builds of a project and lets each of them succeed when it is looked at.
//!
//! Left out: overrides, which moto drops, idempotency tokens, which it does not know, and what it does not have: changing
//! projects, batches, and credentials of sources.

use aws_call::Fault;
use aws_sdk_codebuild::Client;
use buildspec::{
    BuildStatus, Builds as _, PhaseType,
    client::{
        EnvironmentVariable, Project, ProjectEnvironment, ProjectSource, Projects as _, SdkCodeBuild, StartBuildRequest,
    },
};

use crate::server::{ACCOUNT, Moto, is_refused};

/// Creates the project `shop`.
async fn project(codebuild: &SdkCodeBuild) -> Project {
    let environment = ProjectEnvironment::new("LINUX_CONTAINER", "aws/codebuild/standard:7.0", "BUILD_GENERAL1_SMALL")
        .with_privileged_mode()
        .with_variable(EnvironmentVariable::plaintext("STAGE", "test"));
    let source = ProjectSource::new("GITHUB", "https://github.com/example/shop");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/build");
    codebuild.create_project(&Project::new("shop", source, environment, role)).await.unwrap()
}

#[tokio::test]
async fn projects_are_created_read_and_removed() {
    let moto = Moto::start();
    let codebuild = SdkCodeBuild::new(Client::new(&moto.config()));
    let created = project(&codebuild).await;
    assert_eq!(created.name, "shop");
    assert_eq!(created.arn, Some(format!("arn:aws:codebuild:us-east-1:{ACCOUNT}:project/shop")));

    let names = ["shop".to_owned()];
    let read = codebuild.batch_get_projects(&names).await.unwrap();
    let environment = read.projects[0].environment.as_ref().unwrap();
    assert_eq!((environment.image.as_str(), environment.privileged_mode), ("aws/codebuild/standard:7.0", Some(true)));
    assert_eq!(environment.environment_variables, [EnvironmentVariable::plaintext("STAGE", "test")]);
    let source = read.projects[0].source.as_ref().unwrap();
    assert_eq!((source.kind.as_str(), source.location.as_deref()), ("GITHUB", Some("https://github.com/example/shop")));

    let again = codebuild.create_project(&created).await;
    assert_eq!(again.unwrap_err().code(), Some("ResourceAlreadyExistsException"));
    codebuild.delete_project("shop").await.unwrap();
    assert!(codebuild.batch_get_projects(&names).await.unwrap().projects.is_empty());
}

#[tokio::test]
async fn builds_are_started_watched_and_stopped() {
    let moto = Moto::start();
    let codebuild = SdkCodeBuild::new(Client::new(&moto.config()));
    project(&codebuild).await;

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

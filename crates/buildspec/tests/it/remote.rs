//! Projects, credentials and batches in memory, and stopping what is followed.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_call::{CallError, Clock, Fault, ManualClock, Secret, SequenceIds};
use buildspec::client::{
    BatchPlan, BuildBatch, BuildBatches, BuildGroup, BuildPlan, Builds, EnvironmentVariable, ImportSourceCredentials,
    MemoryCodeBuild, Project, ProjectEnvironment, ProjectSource, Projects, SourceCredentials, StartBuildBatchRequest,
    StartBuildRequest, missing_github_scopes, put_project,
};
use buildspec::{BuildStatus, FollowError, PhaseType, follow_batch, follow_polling, follow_until};
use proptest::prelude::*;

/// Runs a future on a clock that moves by itself; one that waits for anything else would never end.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future waits for something that does not happen");
}

fn service() -> (ManualClock, MemoryCodeBuild) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let service = MemoryCodeBuild::new(Arc::new(clock.clone()), Arc::new(SequenceIds::new(1)));
    (clock, service)
}

fn shop() -> Project {
    let environment = ProjectEnvironment::new("LINUX_CONTAINER", "aws/codebuild/standard:7.0", "BUILD_GENERAL1_SMALL")
        .with_privileged_mode()
        .with_variable(EnvironmentVariable::plaintext("STAGE", "test"));
    let source = ProjectSource::new("GITHUB", "https://github.com/example/shop").with_buildspec("ci/buildspec.yml");
    Project::new("shop", source, environment, "arn:aws:iam::123456789012:role/build")
}

fn is_refused<T: std::fmt::Debug>(answer: Result<T, CallError>, code: &str) -> String {
    let error = answer.unwrap_err();
    assert_eq!(error.code(), Some(code), "{error}");
    error.message().unwrap_or_default().to_owned()
}

#[test]
fn a_project_is_created_built_changed_and_removed() {
    let (_, service) = service();
    block_on(async {
        let created = put_project(&service, &shop()).await.unwrap();
        assert_eq!(created.arn.as_deref(), Some("arn:aws:codebuild:us-east-1:123456789012:project/shop"));
        assert_eq!((created.timeout_in_minutes, created.queued_timeout_in_minutes), (Some(60), Some(480)));
        let exists = is_refused(service.create_project(&shop()).await, "ResourceAlreadyExistsException");
        assert_eq!(exists, "Project already exists: arn:aws:codebuild:us-east-1:123456789012:project/shop");
        service.start_build(&StartBuildRequest::new("shop")).await.unwrap();

        let mut change = Project::default();
        change.name = "shop".to_owned();
        change.timeout_in_minutes = Some(5);
        let changed = put_project(&service, &change).await.unwrap();
        assert_eq!((changed.timeout_in_minutes, changed.source), (Some(5), created.source));
        // Builds of the project have the new time now.
        service.put_project("shop", BuildPlan::default().with_duration(PhaseType::Build, Duration::from_secs(900)));

        service.delete_project("shop").await.unwrap();
        service.delete_project("shop").await.unwrap();
        let answer = service.batch_get_projects(&["shop".to_owned()]).await.unwrap();
        assert_eq!((answer.projects.len(), answer.projects_not_found), (0, vec!["shop".to_owned()]));
        is_refused(service.update_project(&change).await, "ResourceNotFoundException");
        is_refused(service.start_build(&StartBuildRequest::new("shop")).await, "ResourceNotFoundException");
    });
}

#[test]
fn the_timeout_of_the_project_ends_its_builds() {
    let (clock, service) = service();
    block_on(async {
        let mut project = shop();
        project.timeout_in_minutes = Some(5);
        service.create_project(&project).await.unwrap();
        service.put_project("shop", BuildPlan::default().with_duration(PhaseType::Build, Duration::from_secs(900)));
        let build = service.start_build(&StartBuildRequest::new("shop")).await.unwrap();
        clock.sleep(Duration::from_secs(400)).await;
        let answer = service.batch_get_builds(&[build.id]).await.unwrap();
        assert_eq!(answer.builds[0].build_status, BuildStatus::TimedOut);
    });
}

#[test]
fn settings_that_the_service_refuses() {
    let change = |change: fn(&mut Project)| {
        let (_, service) = service();
        let mut project = shop();
        change(&mut project);
        block_on(service.create_project(&project))
            .map(|_| ())
            .map_err(|error| error.message().unwrap_or_default().to_owned())
    };
    type Change = fn(&mut Project);
    let table: &[(Change, &str)] = &[
        (|project| project.name = "-shop".to_owned(), "Invalid project name: -shop"),
        (|project| project.name = "s".to_owned(), "Invalid project name: s"),
        (|project| project.timeout_in_minutes = Some(4), "TimeoutInMins must be between 5 and 2160"),
        (|project| project.queued_timeout_in_minutes = Some(481), "QueuedTimeoutInMins must be between 5 and 480"),
        (|project| project.service_role = None, "Value null at 'serviceRole'"),
        (|project| project.source = None, "Value null at 'source'"),
        (|project| project.source = Some(ProjectSource::new("GITHUB", "")), "location must be a valid source location"),
        (|project| project.source = Some(ProjectSource::new("SVN", "x")), "Value 'SVN' at 'source.type'"),
        (|project| project.source = Some(ProjectSource::code_pipeline()), "both must be of type CODEPIPELINE"),
        (|project| project.source = Some(ProjectSource::new("NO_SOURCE", "")), "buildspec is required"),
        (
            |project| project.secondary_sources = vec![ProjectSource::new("S3", "b/k")],
            "Source identifier is required for secondary sources",
        ),
        (
            |project| {
                let environment = project.environment.take().unwrap();
                project.environment =
                    Some(environment.with_variable(EnvironmentVariable::plaintext("CODEBUILD_X", "1")));
            },
            "No user environment variables can start with CODEBUILD_",
        ),
    ];
    for (wrong, message) in table {
        let refused = change(*wrong).unwrap_err();
        assert!(refused.contains(message), "{refused}");
    }
    assert_eq!(change(|_| {}), Ok(()));
}

#[test]
fn credentials_are_handed_over_once() {
    let (_, service) = service();
    let token = || Secret::new("not-a-token");
    block_on(async {
        let request = ImportSourceCredentials::github(token());
        assert!(!format!("{request:?}").contains("not-a-token"));
        let arn = service.import_source_credentials(&request).await.unwrap();
        assert_eq!(arn, "arn:aws:codebuild:us-east-1:123456789012:token/github");
        assert_eq!(service.import_source_credentials(&request).await.unwrap(), arn);
        is_refused(
            service.import_source_credentials(&request.clone().without_overwriting()).await,
            "ResourceAlreadyExistsException",
        );
        let bitbucket = ImportSourceCredentials::new("BITBUCKET", "BASIC_AUTH", token());
        is_refused(service.import_source_credentials(&bitbucket).await, "InvalidInputException");
        service.import_source_credentials(&bitbucket.with_username("me")).await.unwrap();
        let unknown = ImportSourceCredentials::new("SVN", "OAUTH", token());
        is_refused(service.import_source_credentials(&unknown).await, "InvalidInputException");
        let empty = ImportSourceCredentials::github(Secret::new(""));
        is_refused(service.import_source_credentials(&empty).await, "InvalidInputException");
        let listed = service.list_source_credentials().await.unwrap();
        assert_eq!(
            listed.iter().map(|info| (info.server_type.as_str(), info.auth_type.as_str())).collect::<Vec<_>>(),
            [("GITHUB", "PERSONAL_ACCESS_TOKEN"), ("BITBUCKET", "BASIC_AUTH")]
        );
        service.delete_source_credentials(&arn).await.unwrap();
        is_refused(service.delete_source_credentials(&arn).await, "ResourceNotFoundException");
    });
}

proptest! {
    /// Against the sentence it is made of: `repo` alone is enough, otherwise all three are needed.
    #[test]
    fn scopes(granted in proptest::sample::subsequence(vec!["repo", "repo:status", "admin:repo_hook", "gist"], 0..=4)) {
        let missing: Vec<&str> = missing_github_scopes(&granted.join(", ")).iter().map(|scope| scope.scope).collect();
        let mut expected = vec!["repo", "repo:status", "admin:repo_hook"];
        expected.retain(|scope| !granted.contains(&"repo") && !granted.contains(scope));
        prop_assert_eq!(missing, expected);
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Starts a batch of this plan and follows it; its changes as `identifier STATUS`.
fn follow_plan(plan: BatchPlan, stop_after: Option<u64>) -> (BuildBatch, Vec<String>) {
    let (clock, service) = service();
    service.put_batch("shop", plan);
    let mut changes = Vec::new();
    let batch = block_on(async {
        let request = StartBuildBatchRequest::new(StartBuildRequest::new("shop").with_source_version("v1"));
        let started = service.start_build_batch(&request).await.unwrap();
        assert_eq!((started.complete, started.current_phase.as_deref()), (false, Some("DOWNLOAD_BATCHSPEC")));
        let mut changed = |group: &BuildGroup| {
            let status = group.build_status.as_ref().map_or("-", |status| status.as_str()).to_owned();
            changes.push(format!("{} {status}", group.identifier));
        };
        let deadline = stop_after.map(|after| clock.now() + seconds(after));
        let stop = std::future::poll_fn(|_| match deadline {
            Some(deadline) if clock.now() >= deadline => Poll::Ready(()),
            _ => Poll::Pending,
        });
        let ids = SequenceIds::new(7);
        follow_batch(&service, &started.id, &clock, &ids, &follow_polling(), stop, &mut changed).await.unwrap()
    });
    (batch, changes)
}

#[test]
fn a_batch_goes_along_its_graph() {
    let plan = BatchPlan::default()
        .with_build(BuildGroup::new("deploy").depending_on(["test", "lint"]), seconds(30))
        .with_failing_build(BuildGroup::new("lint").ignoring_failure(), seconds(20))
        .with_build(BuildGroup::new("test"), seconds(60));
    let (batch, changes) = follow_plan(plan, None);
    assert!(batch.is_success(), "{batch:?}");
    let took = batch.end_time.unwrap().duration_since(batch.start_time.unwrap()).unwrap();
    assert_eq!(took, seconds(2 + 60 + 30));
    assert_eq!(
        changes,
        [
            "deploy -",
            "lint IN_PROGRESS",
            "test IN_PROGRESS",
            "lint FAILED",
            "deploy IN_PROGRESS",
            "test SUCCEEDED",
            "deploy SUCCEEDED"
        ]
    );
}

#[test]
fn a_failure_keeps_what_depends_on_it_from_running() {
    let plan = BatchPlan::default()
        .with_failing_build(BuildGroup::new("test"), seconds(60))
        .with_build(BuildGroup::new("deploy").depending_on(["test"]), seconds(30));
    let (batch, _) = follow_plan(plan, None);
    assert_eq!((batch.complete, &batch.build_batch_status), (true, &BuildStatus::Failed));
    assert_eq!(batch.build_groups[1].build_status, Some(BuildStatus::Stopped));
}

#[test]
fn fast_fail_and_stop_end_what_runs() {
    let plan = |fail: bool| {
        let plan = BatchPlan::default().with_build(BuildGroup::new("slow"), seconds(600));
        if fail { plan.with_failing_build(BuildGroup::new("fast"), seconds(10)).with_fast_fail() } else { plan }
    };
    let (batch, _) = follow_plan(plan(true), None);
    assert_eq!(batch.build_batch_status, BuildStatus::Failed);
    assert_eq!(batch.build_groups[0].build_status, Some(BuildStatus::Stopped));
    let (batch, _) = follow_plan(plan(false), Some(60));
    assert_eq!(batch.build_batch_status, BuildStatus::Stopped);
    assert_eq!(batch.build_groups[0].build_status, Some(BuildStatus::Stopped));
}

#[test]
fn batches_that_cannot_run() {
    let circle = BatchPlan::default()
        .with_build(BuildGroup::new("a").depending_on(["b"]), seconds(1))
        .with_build(BuildGroup::new("b").depending_on(["a"]), seconds(1));
    for plan in [BatchPlan::default(), circle] {
        let (batch, changes) = follow_plan(plan, None);
        assert_eq!((batch.build_batch_status, changes.len()), (BuildStatus::Failed, 0));
    }
    let (_, service) = service();
    service.put_project("shop", BuildPlan::default());
    let mut request = StartBuildRequest::new("shop");
    request.fleet_override = Some("arn:aws:codebuild:us-east-1:123456789012:fleet/f".to_owned());
    let refused = block_on(service.start_build_batch(&StartBuildBatchRequest::new(request)));
    assert_eq!(
        is_refused(refused, "InvalidInputException"),
        "a batch has no `fleet_override`; set it in the project or in the buildspec"
    );
    let token = || StartBuildRequest::new("shop").with_idempotency_token("once");
    block_on(async {
        let first = service.start_build_batch(&StartBuildBatchRequest::new(token())).await.unwrap();
        let again = service.start_build_batch(&StartBuildBatchRequest::new(token())).await.unwrap();
        assert_eq!(first.id, again.id);
        let other = StartBuildBatchRequest::new(token().with_source_version("v2"));
        is_refused(service.start_build_batch(&other).await, "InvalidInputException");
        is_refused(service.stop_build_batch("shop:none").await, "ResourceNotFoundException");
        let ids = SequenceIds::new(1);
        let clock = ManualClock::at_epoch_secs(0).auto();
        let gone = follow_batch(&service, "shop:none", &clock, &ids, &follow_polling(), pending(), &mut |_| {}).await;
        assert!(matches!(gone, Err(FollowError::NotFound { .. })));
    });
}

/// What a program makes of Ctrl-C: the build is stopped, and its end is still told.
#[test]
fn following_stops_the_build() {
    let (clock, service) = service();
    service.put_project("shop", BuildPlan::default().with_duration(PhaseType::Build, seconds(3000)));
    block_on(async {
        let build = service.start_build(&StartBuildRequest::new("shop")).await.unwrap();
        let deadline = clock.now() + seconds(60);
        let stop = std::future::poll_fn(|_| if clock.now() >= deadline { Poll::Ready(()) } else { Poll::Pending });
        let (ids, polling) = (SequenceIds::new(7), follow_polling());
        let mut quiet = |_| {};
        let followed = follow_until(&service, Some(&service), &build.id, &clock, &ids, &polling, stop, &mut quiet);
        let followed = followed.await.unwrap();
        assert_eq!(followed.build.build_status, BuildStatus::Stopped);
        assert!(followed.log_complete && !followed.is_success());
        assert!(clock.now() < deadline + seconds(30), "it does not wait for the build's own end");
    });
}

#[test]
fn a_build_that_is_gone_cannot_be_stopped() {
    let (clock, service) = service();
    let (ids, polling) = (SequenceIds::new(7), follow_polling());
    let mut quiet = |_| {};
    let followed = follow_until(&service, None, "shop:none", &clock, &ids, &polling, async {}, &mut quiet);
    let error = block_on(followed).unwrap_err();
    assert!(matches!(error, FollowError::NotFound { .. }), "{error:?}");
    assert_eq!(block_on(service.stop_build("shop:none")).unwrap_err().fault(), Fault::NotFound);
}

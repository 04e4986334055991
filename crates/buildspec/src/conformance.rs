//! What every implementation of the client traits must do (feature `conformance`). Not API-stable.
//!
//! Run these against your own implementation with projects that exist there. They panic where it differs.

use std::future::Future;

use aws_call::Fault;

use crate::build::BuildStatus;
use crate::client::{Build, Builds, EnvironmentVariable, StartBuildRequest};

/// A project that does not exist is named in the error.
///
/// # Panics
/// When the implementation differs.
pub async fn unknown_project_is_refused(builds: &dyn Builds) {
    let request = StartBuildRequest::new("conformance-no-such-project");
    match builds.start_build(&request).await {
        Ok(build) => panic!("a build `{}` of a project that does not exist was started", build.id),
        Err(error) => {
            assert_eq!(error.operation(), "StartBuild");
            assert_eq!(error.fault(), Fault::NotFound, "{error}");
            assert_eq!(error.code(), Some("ResourceNotFoundException"), "{error}");
            let message = error.message().unwrap_or_default();
            assert!(message.contains("conformance-no-such-project"), "the project is named: {message}");
        }
    }
}

/// A build that does not exist is listed, not an error; stopping it is one.
///
/// # Panics
/// When the implementation differs.
pub async fn unknown_build_is_listed(builds: &dyn Builds) {
    let id = "conformance:00000000-0000-4000-8000-000000000000".to_owned();
    match builds.batch_get_builds(std::slice::from_ref(&id)).await {
        Ok(answer) => {
            assert!(answer.builds.is_empty(), "there is no such build");
            assert_eq!(answer.builds_not_found, std::slice::from_ref(&id));
        }
        Err(error) => panic!("an id that does not exist is no error: {error}"),
    }
    match builds.stop_build(&id).await {
        Ok(_) => panic!("a build that does not exist was stopped"),
        Err(error) => assert_eq!(error.fault(), Fault::NotFound, "{error}"),
    }
}

/// Reserved names of variables are refused before anything starts.
///
/// # Panics
/// When the implementation differs.
pub async fn reserved_variable_is_refused(builds: &dyn Builds, project: &str) {
    let request =
        StartBuildRequest::new(project).with_variable(EnvironmentVariable::plaintext("CODEBUILD_BUILD_ID", "x"));
    match builds.start_build(&request).await {
        Ok(build) => panic!("the build `{}` was started with a reserved variable", build.id),
        Err(error) => assert_eq!(error.fault(), Fault::InvalidRequest, "{error}"),
    }
}

/// A build of a project that succeeds goes through the phases in order and ends. `pass` lets time go by.
///
/// # Panics
/// When the implementation differs, or the build has not ended after `rounds`.
pub async fn build_runs_to_its_end<F>(
    builds: &dyn Builds,
    project: &str,
    rounds: u32,
    mut pass: impl FnMut() -> F + Send,
) where
    F: Future<Output = ()> + Send,
{
    let token = "conformance-token";
    let request = StartBuildRequest::new(project).with_idempotency_token(token);
    let started = ok(builds.start_build(&request).await);
    assert_eq!(started.project_name, project);
    assert!(started.id.starts_with(&format!("{project}:")), "ids are `project:uuid`: {}", started.id);
    assert_eq!(started.build_status, BuildStatus::InProgress);
    assert!(!started.build_complete);
    let again = ok(builds.start_build(&request).await);
    assert_eq!(again.id, started.id, "the same token gives the same build");
    for _ in 0..rounds {
        let build = get(builds, &started.id).await;
        let words: Vec<usize> = build.phases.iter().filter_map(position).collect();
        assert!(words.is_sorted(), "phases are in order: {words:?}");
        if build.build_complete {
            assert_eq!(build.build_status, BuildStatus::Succeeded);
            assert!(build.end_time >= build.start_time);
            return;
        }
        assert_eq!(build.build_status, BuildStatus::InProgress);
        pass().await;
    }
    panic!("the build has not ended after {rounds} rounds");
}

/// A build that is stopped ends as stopped, and a second stop changes nothing. `pass` lets time go by.
///
/// # Panics
/// When the implementation differs, or the build has not ended after `rounds`.
pub async fn stopped_build_ends<F>(builds: &dyn Builds, project: &str, rounds: u32, mut pass: impl FnMut() -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    let started = ok(builds.start_build(&StartBuildRequest::new(project)).await);
    let stopped = ok(builds.stop_build(&started.id).await);
    assert_eq!(stopped.id, started.id);
    for _ in 0..rounds {
        let build = get(builds, &started.id).await;
        if build.build_complete {
            assert_eq!(build.build_status, BuildStatus::Stopped);
            let again = ok(builds.stop_build(&started.id).await);
            assert_eq!(again.build_status, BuildStatus::Stopped, "a second stop changes nothing");
            return;
        }
        pass().await;
    }
    panic!("the build has not ended after {rounds} rounds");
}

async fn get(builds: &dyn Builds, id: &str) -> Build {
    let answer = ok(builds.batch_get_builds(&[id.to_owned()]).await);
    match answer.builds.into_iter().next() {
        Some(build) => build,
        None => panic!("the build `{id}` was started and is not there"),
    }
}

fn ok<T>(answer: Result<T, aws_call::CallError>) -> T {
    match answer {
        Ok(value) => value,
        Err(error) => panic!("the call failed: {error}"),
    }
}

fn position(phase: &crate::build::BuildPhase) -> Option<usize> {
    crate::phases::ORDER.iter().position(|known| *known == phase.phase_type)
}

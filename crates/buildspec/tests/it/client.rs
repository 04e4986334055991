//! CodeBuild in memory, and following a build to its end.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{Backoff, CallError, Clock, ManualClock, Polling, SequenceIds};
use buildspec::client::{
    BatchGetBuilds, Build, BuildPlan, Builds, EnvironmentVariable, LogsLocation, MemoryCodeBuild, StartBuildRequest,
};
use buildspec::{
    BuildLogs, BuildStatus, FollowError, FollowEvent, Followed, PhaseContext, PhaseType, conformance, follow,
};

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
    service.put_project("shop", BuildPlan::default().with_line(PhaseType::Build, "done").with_exported("TAG", "1"));
    (clock, service)
}

#[test]
fn conforms() {
    let (clock, service) = service();
    block_on(async {
        conformance::unknown_project_is_refused(&service).await;
        conformance::unknown_build_is_listed(&service).await;
        conformance::reserved_variable_is_refused(&service, "shop").await;
        conformance::build_runs_to_its_end(&service, "shop", 60, || clock.sleep(Duration::from_millis(500))).await;
        conformance::stopped_build_ends(&service, "shop", 60, || clock.sleep(Duration::from_millis(500))).await;
    });
}

#[test]
fn requests_are_validated() {
    let (_, service) = service();
    let error = |request: &StartBuildRequest| block_on(service.start_build(request)).unwrap_err().to_string();
    let shop = || StartBuildRequest::new("shop");
    assert_eq!(
        error(&StartBuildRequest::new("none")),
        "StartBuild failed: ResourceNotFoundException: Project cannot be found: arn:aws:codebuild:us-east-1:123456789012:project/none"
    );
    assert!(error(&shop().with_timeout_in_minutes(4)).contains("TimeoutInMins must be between 5 and 2160"));
    let twice = shop()
        .with_variable(EnvironmentVariable::plaintext("A", "1"))
        .with_variable(EnvironmentVariable::plaintext("A", "2"));
    assert!(error(&twice).contains("EnvironmentVariable name cannot be duplicated"));
    let token = shop().with_idempotency_token("t");
    block_on(service.start_build(&token)).unwrap();
    assert!(error(&token.clone().with_source_version("other")).contains("InvalidInputException"));
    assert!(block_on(service.batch_get_builds(&[])).is_err());
    assert!(block_on(service.batch_get_builds(&vec!["x".to_owned(); 101])).is_err());
}

#[test]
fn builds_are_numbered_and_named() {
    let (_, service) = service();
    let start = || block_on(service.start_build(&StartBuildRequest::new("shop"))).unwrap();
    let (first, second) = (start(), start());
    assert_eq!((first.build_number, second.build_number), (Some(1), Some(2)));
    assert_ne!(first.id, second.id);
    let uuid = first.id.strip_prefix("shop:").unwrap();
    assert_eq!(uuid.len(), 36);
    assert_eq!(first.arn, format!("arn:aws:codebuild:us-east-1:123456789012:build/shop:{uuid}"));
}

struct Seen {
    outcome: Result<Followed, FollowError>,
    lines: Vec<String>,
    ended: Vec<String>,
}

fn followed(clock: &ManualClock, builds: &dyn Builds, logs: &dyn BuildLogs, request: &StartBuildRequest) -> Seen {
    let ids = SequenceIds::new(2);
    let polling = Polling::new(Backoff::new(Duration::from_secs(2), Duration::from_secs(10)))
        .with_deadline(Duration::from_secs(7200));
    let (mut lines, mut ended) = (Vec::new(), Vec::new());
    let outcome = block_on(async {
        let build = builds.start_build(request).await.unwrap();
        follow(builds, Some(logs), &build.id, clock, &ids, &polling, &mut |event| match event {
            FollowEvent::Line(line) => lines.push(line.message),
            FollowEvent::PhaseFinished(phase) => ended.push(phase.phase_type.to_string()),
            _ => {}
        })
        .await
    });
    Seen { outcome, lines, ended }
}

#[test]
fn follow_a_success() {
    let (clock, service) = service();
    let seen = followed(&clock, &service, &service, &StartBuildRequest::new("shop"));
    let end = seen.outcome.unwrap();
    assert!(end.is_success() && end.log_complete);
    assert_eq!(end.build.exported_environment_variables[0].name, "TAG");
    assert!(seen.lines.contains(&"done\n".to_owned()));
    assert!(seen.lines.last().is_some_and(|line| line.contains("POST_BUILD")), "{:?}", seen.lines);
    assert_eq!(seen.ended.len(), 10, "every phase is told once: {:?}", seen.ended);
}

/// Every failing phase against the phases that follow and the honest end.
#[test]
fn follow_failures() {
    for (failing, last) in [
        (PhaseType::DownloadSource, "DOWNLOAD_SOURCE"),
        (PhaseType::Install, "INSTALL"),
        (PhaseType::PreBuild, "PRE_BUILD"),
        (PhaseType::Build, "UPLOAD_ARTIFACTS"),
        (PhaseType::PostBuild, "UPLOAD_ARTIFACTS"),
        (PhaseType::UploadArtifacts, "UPLOAD_ARTIFACTS"),
    ] {
        let (clock, service) = service();
        service
            .put_project("shop", BuildPlan::default().with_failure(failing.clone(), PhaseContext::new("CODE", "why")));
        let seen = followed(&clock, &service, &service, &StartBuildRequest::new("shop"));
        let end = seen.outcome.unwrap();
        assert!(!end.is_success());
        assert_eq!(end.build.build_status, BuildStatus::Failed);
        assert_eq!(end.build.first_failure(), Some(format!("{failing}: CODE: why")));
        assert_eq!(seen.ended[seen.ended.len() - 2..], [last, "FINALIZING"]);
        assert!(end.build.exported_environment_variables.is_empty());
    }
}

#[test]
fn follow_a_timeout() {
    let (clock, service) = service();
    let plan = BuildPlan::default()
        .with_duration(PhaseType::Queued, Duration::from_secs(3600))
        .with_duration(PhaseType::Build, Duration::from_secs(3600));
    service.put_project("shop", plan);
    let seen = followed(&clock, &service, &service, &StartBuildRequest::new("shop").with_timeout_in_minutes(5));
    let end = seen.outcome.unwrap();
    assert_eq!(end.build.build_status, BuildStatus::TimedOut);
    let took = end.build.end_time.unwrap().duration_since(end.build.start_time.unwrap()).unwrap();
    // An hour in the queue does not count; five minutes from provisioning on do.
    assert_eq!(took, Duration::from_secs(3600 + 300 + 1));
}

/// A deadline of the follower is no end of the build.
#[test]
fn follow_gives_up() {
    let (clock, service) = service();
    service.put_project("shop", BuildPlan::default().with_duration(PhaseType::Build, Duration::from_secs(100_000)));
    let request = StartBuildRequest::new("shop").with_timeout_in_minutes(2160);
    let seen = followed(&clock, &service, &service, &request);
    assert!(matches!(seen.outcome, Err(FollowError::TimedOut { .. })));
}

/// Throttles every other call, and forgets a build on demand.
#[derive(Debug)]
struct Flaky {
    inner: MemoryCodeBuild,
    calls: AtomicU32,
    fault: &'static str,
    log: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Builds for Flaky {
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError> {
        self.inner.start_build(request).await
    }

    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError> {
        self.log.lock().unwrap().push("get");
        if self.calls.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return Err(CallError::service("BatchGetBuilds", self.fault, "Rate exceeded"));
        }
        self.inner.batch_get_builds(ids).await
    }

    async fn stop_build(&self, id: &str) -> Result<Build, CallError> {
        self.inner.stop_build(id).await
    }
}

#[async_trait]
impl BuildLogs for Flaky {
    async fn log_page(&self, _: &LogsLocation, _: Option<&str>) -> Result<buildspec::client::LogPage, CallError> {
        Err(CallError::service("GetLogEvents", "AccessDeniedException", "no"))
    }
}

#[test]
fn follow_through_faults() {
    let (clock, service) = service();
    let flaky = |fault| Flaky { inner: service.clone(), calls: AtomicU32::new(0), fault, log: Mutex::default() };
    let throttled = flaky("ThrottlingException");
    let end = followed(&clock, &throttled, &service, &StartBuildRequest::new("shop")).outcome.unwrap();
    assert!(end.is_success());
    // A log that may not be read costs the log, not the outcome.
    let end = followed(&clock, &throttled, &throttled, &StartBuildRequest::new("shop")).outcome.unwrap();
    assert!(end.is_success() && !end.log_complete);
    let denied = flaky("AccessDeniedException");
    let seen = followed(&clock, &denied, &service, &StartBuildRequest::new("shop"));
    assert!(matches!(seen.outcome, Err(FollowError::Call { .. })));
    assert_eq!(denied.log.lock().unwrap().len(), 1, "what cannot pass is not repeated");
}

#[test]
fn follow_nothing() {
    let (clock, service) = service();
    let ids = SequenceIds::new(1);
    let end = block_on(follow(&service, None, "shop:none", &clock, &ids, &Polling::default(), &mut |_| {}));
    assert!(matches!(end, Err(FollowError::NotFound { .. })));
}

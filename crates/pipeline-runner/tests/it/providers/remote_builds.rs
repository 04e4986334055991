//! Builds of a CodeBuild that is there: what it is asked for, and what is made of its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{CallError, Fault, SequenceIds};
use buildspec::client::{
    BatchGetBuilds, BatchPlan, Build, BuildBatch, BuildBatches, BuildGroup, BuildPlan, MemoryCodeBuild,
    StartBuildBatchRequest, StartBuildRequest, VariableKind,
};
use buildspec::{BuildStatus, Builds, PhaseContext, PhaseType};
use pipeline_model::model::Action;
use pipeline_runner::artifact::S3Store;
use pipeline_runner::client::Buckets;
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, ActionOutcome, Cancel, Providers, RemoteBuilds};

use super::{Bench, action, failed, succeeded};

/// CodeBuild in memory, and what it was asked for.
#[derive(Debug)]
struct Recorded {
    service: MemoryCodeBuild,
    requests: Mutex<Vec<StartBuildRequest>>,
    /// Whether the answer to the first request is lost on its way.
    loses_an_answer: bool,
}

#[async_trait]
impl Builds for Recorded {
    async fn start_build(&self, request: &StartBuildRequest) -> Result<Build, CallError> {
        self.requests.lock().unwrap().push(request.clone());
        let started = self.service.start_build(request).await?;
        if self.loses_an_answer && self.requests.lock().unwrap().len() == 1 {
            return Err(CallError::new("StartBuild", Fault::Timeout));
        }
        Ok(started)
    }

    async fn batch_get_builds(&self, ids: &[String]) -> Result<BatchGetBuilds, CallError> {
        self.service.batch_get_builds(ids).await
    }

    async fn stop_build(&self, id: &str) -> Result<Build, CallError> {
        self.service.stop_build(id).await
    }
}

struct Remote {
    bench: Bench,
    recorded: Arc<Recorded>,
}

impl Remote {
    fn new(plan: BuildPlan) -> Self {
        Self::with(plan, false)
    }

    fn with(plan: BuildPlan, loses_an_answer: bool) -> Self {
        let mut bench = Bench::new();
        let service = MemoryCodeBuild::new(Arc::new(bench.clock.clone()), Arc::new(SequenceIds::new(3)));
        service.put_project("shop", plan);
        let logs = Some(Arc::new(service.clone()) as _);
        let recorded = Arc::new(Recorded { service, requests: Mutex::default(), loses_an_answer });
        let batches = Arc::new(recorded.service.clone());
        bench.backends.builds = Some(RemoteBuilds { builds: Arc::clone(&recorded) as _, batches, logs });
        Self { bench, recorded }
    }

    /// Starts its build, then follows it.
    async fn run(&self, action: &Action) -> ActionOutcome {
        let job = ActionJob::of("job", action);
        match self.once(job.clone(), &Cancel::new()).await {
            ActionOutcome::Continue { token, .. } => self.once(continued(job, &token), &Cancel::new()).await,
            ended => ended,
        }
    }

    /// One call of the provider, for an action whose artifacts lie in S3.
    async fn once(&self, job: ActionJob, cancel: &Cancel) -> ActionOutcome {
        let store = S3Store::new(Arc::new(Buckets::new()), "shop-artifacts");
        let mut context = self.bench.context_over(Arc::new(store));
        context.cancel = cancel.clone();
        Providers::builtin(&self.bench.backends).get(&job.action_type).unwrap().run(job, &context).await
    }

    async fn build(&self, id: &str) -> Build {
        self.recorded.service.batch_get_builds(&[id.to_owned()]).await.unwrap().builds.remove(0)
    }

    fn request(&self) -> StartBuildRequest {
        let requests = self.recorded.requests.lock().unwrap();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }
}

fn continued(mut job: ActionJob, token: &str) -> ActionJob {
    job.continuation = Some(token.to_owned());
    job
}

fn build(configuration: &[(&str, &str)]) -> Action {
    let configuration: Vec<_> = [("ProjectName", "shop")].iter().chain(configuration).copied().collect();
    action("Build", "CodeBuild", &configuration).with_input("Main")
}

#[tokio::test]
async fn a_build_gets_its_artifacts_where_they_lie_and_hands_on_its_variables() {
    let plan = BuildPlan::default().with_line(PhaseType::Build, "pushed").with_exported("IMAGE_TAG", "1a2b3c");
    let remote = Remote::new(plan);
    let variables = r#"[{"name":"STAGE","value":"prod"},{"name":"KEY","value":"/shop/key","type":"PARAMETER_STORE"},{"name":"PIN","value":"shop:pin","type":"SECRETS_MANAGER"}]"#;
    let action = build(&[
        ("PrimarySource", "Main"),
        ("EnvironmentVariables", variables),
        ("BuildspecOverride", "ci/buildspec.yml"),
    ]);
    let outcome = remote.run(&action.with_input("Other").with_output("Out")).await;
    assert_eq!(succeeded(&outcome)["IMAGE_TAG"], "1a2b3c");
    let ActionOutcome::Succeeded { external_id, .. } = outcome else { unreachable!() };
    assert!(external_id.unwrap().starts_with("shop:"));
    let lines = remote.bench.lines();
    assert!(lines.contains(&"phase BUILD".to_owned()) && lines.contains(&"pushed".to_owned()), "{lines:?}");

    let request = remote.request();
    assert_eq!(request.source_type_override.as_deref(), Some("S3"));
    assert_eq!(request.source_location_override.as_deref(), Some("shop-artifacts/job/Main"));
    assert_eq!(request.buildspec_override.as_deref(), Some("ci/buildspec.yml"));
    assert_eq!(request.idempotency_token.as_deref(), Some("job"));
    let [other] = request.secondary_sources_override.as_slice() else { panic!("{request:?}") };
    assert_eq!(
        (other.identifier.as_deref(), other.location.as_deref()),
        (Some("Other"), Some("shop-artifacts/job/Other"))
    );
    let out = request.artifacts_override.as_ref().unwrap();
    let place = (out.location.as_deref(), out.path.as_deref(), out.name.as_deref());
    assert_eq!(place, (Some("shop-artifacts"), Some("job"), Some("Out")));
    // The key is the pipeline's: neither the build's id nor a name in the buildspec may change it.
    let kind = (out.namespace_type.as_deref(), out.packaging.as_deref(), out.override_artifact_name);
    assert_eq!(kind, (Some("NONE"), Some("ZIP"), Some(false)));
    let kinds: Vec<_> = request.environment_variables_override.iter().map(|variable| variable.kind).collect();
    assert_eq!(kinds, [VariableKind::Plaintext, VariableKind::ParameterStore, VariableKind::SecretsManager]);
}

#[tokio::test]
async fn several_outputs_are_secondary_artifacts_and_none_are_none() {
    let remote = Remote::new(BuildPlan::default());
    succeeded(&remote.run(&build(&[]).with_output("App").with_output("Docs")).await);
    let request = remote.request();
    assert_eq!(request.artifacts_override.unwrap().kind, "NO_ARTIFACTS");
    let identifiers: Vec<_> =
        request.secondary_artifacts_override.iter().map(|artifact| artifact.identifier.as_deref().unwrap()).collect();
    assert_eq!(identifiers, ["App", "Docs"]);

    let remote = Remote::new(BuildPlan::default());
    succeeded(&remote.run(&build(&[])).await);
    let request = remote.request();
    assert_eq!(request.artifacts_override.unwrap().kind, "NO_ARTIFACTS");
    assert!(request.secondary_artifacts_override.is_empty());
}

#[tokio::test]
async fn a_build_that_fails_says_where() {
    let context =
        PhaseContext::new("COMMAND_EXECUTION_ERROR", "Error while executing command: make. Reason: exit status 2");
    let remote = Remote::new(BuildPlan::default().with_failure(PhaseType::Build, context));
    let outcome = remote.run(&build(&[])).await;
    let (kind, message) = failed(&outcome);
    assert_eq!(kind, FailureKind::JobFailed);
    assert!(message.contains("make") && message.contains("exit status 2"), "{message}");
    assert!(matches!(outcome, ActionOutcome::Failed { external_id: Some(_), .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_told_before_anything_is_started() {
    for (action, says) in [
        (build(&[("BatchEnabled", "true")]).with_output("Out"), "take the output artifacts out"),
        (build(&[("EnvironmentVariables", "[1]")]), "no JSON list"),
        (build(&[("EnvironmentVariables", r#"[{"name":"A","value":"b","type":"SECRET"}]"#)]), "has the type `SECRET`"),
        (build(&[("PrimarySource", "Nobody")]), "none of the action's input artifacts"),
    ] {
        let remote = Remote::new(BuildPlan::default());
        let (kind, message) = failed(&remote.run(&action).await);
        assert!(kind == FailureKind::ConfigurationError && message.contains(says), "{message}");
        assert!(remote.recorded.requests.lock().unwrap().is_empty());
    }
    let remote = Remote::new(BuildPlan::default());
    let (kind, message) =
        failed(&remote.run(&action("Build", "CodeBuild", &[("ProjectName", "nobody")]).with_input("Main")).await);
    // The service's own words.
    assert!(kind == FailureKind::ConfigurationError && message.contains("Project cannot be found"), "{message}");
}

#[tokio::test]
async fn a_batch_is_started_and_followed() {
    let minute = Duration::from_secs(60);
    let graph = |unit: fn(BatchPlan, BuildGroup, Duration) -> BatchPlan| {
        let plan = BatchPlan::default().with_failing_build(BuildGroup::new("lint").ignoring_failure(), minute);
        unit(plan, BuildGroup::new("unit").depending_on(["lint"]), minute)
    };
    let action = build(&[("BatchEnabled", "true")]);
    let remote = Remote::new(BuildPlan::default());
    remote.recorded.service.put_batch("shop", graph(BatchPlan::with_build));
    let outcome = remote.run(&action).await;
    succeeded(&outcome);
    assert!(matches!(&outcome, ActionOutcome::Succeeded { external_id: Some(id), .. } if id.starts_with("shop:")));
    assert!(remote.recorded.requests.lock().unwrap().is_empty(), "it is no build");
    let lines = remote.bench.lines();
    for line in ["build `lint`: FAILED", "build `unit`: IN_PROGRESS", "build `unit`: SUCCEEDED"] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
    }

    let remote = Remote::new(BuildPlan::default());
    remote.recorded.service.put_batch("shop", graph(BatchPlan::with_failing_build));
    let (kind, message) = failed(&remote.run(&action).await);
    assert_eq!((kind, message.as_str()), (FailureKind::JobFailed, "the build `unit` ended as FAILED"));
}

/// A batch that is over, of one build of CodeBuild that can be asked about.
#[derive(Debug)]
struct Over(BuildBatch);

#[async_trait]
impl BuildBatches for Over {
    async fn start_build_batch(&self, _: &StartBuildBatchRequest) -> Result<BuildBatch, CallError> {
        Ok(self.0.clone())
    }

    async fn batch_get_build_batches(&self, _: &[String]) -> Result<Vec<BuildBatch>, CallError> {
        Ok(vec![self.0.clone()])
    }

    async fn stop_build_batch(&self, _: &str) -> Result<BuildBatch, CallError> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_batch_fails_with_what_its_build_says() {
    let context = PhaseContext::new("COMMAND_EXECUTION_ERROR", "Error while executing command: make");
    let mut remote = Remote::new(BuildPlan::default().with_failure(PhaseType::Build, context));
    let build = remote.recorded.service.start_build(&StartBuildRequest::new("shop")).await.unwrap();
    let mut group = BuildGroup::new("unit");
    (group.build_arn, group.build_status) = (Some(build.arn), Some(BuildStatus::Failed));
    let mut over =
        BuildBatch::new("shop:batch", "arn:aws:codebuild:eu-central-1:123456789012:build-batch/shop:b", "shop");
    (over.complete, over.build_batch_status, over.build_groups) = (true, BuildStatus::Failed, vec![group]);
    remote.bench.backends.builds.as_mut().unwrap().batches = Arc::new(Over(over));
    remote.bench.clock.advance(Duration::from_secs(3600));
    let (_, message) = failed(&remote.run(&self::build(&[("BatchEnabled", "true")])).await);
    assert!(message.starts_with("the build `unit` failed: BUILD: ") && message.contains("make"), "{message}");
}

#[tokio::test]
async fn a_batch_that_is_given_up_is_asked_to_stop() {
    let remote = Remote::new(BuildPlan::default());
    let hour = Duration::from_secs(3600);
    remote.recorded.service.put_batch("shop", BatchPlan::default().with_build(BuildGroup::new("unit"), hour));
    let job = ActionJob::of("job", &build(&[("BatchEnabled", "true")]));
    let cancel = Cancel::new();
    cancel.cancel();
    let ActionOutcome::Continue { token, .. } = remote.once(job.clone(), &cancel).await else { panic!() };
    let (_, message) = failed(&remote.once(continued(job, &token), &cancel).await);
    assert_eq!(message, "the batch ended as STOPPED");
    let batch = remote.recorded.service.batch_get_build_batches(&[token]).await.unwrap().remove(0);
    assert_eq!(batch.build_batch_status, BuildStatus::Stopped);
}

/// Artifacts in a directory of this machine are out of CodeBuild's reach.
#[tokio::test]
async fn artifacts_must_lie_in_s3() {
    let remote = Remote::new(BuildPlan::default());
    let (_, message) = failed(&remote.bench.run(ActionJob::of("job", &build(&[]))).await);
    assert!(message.contains("S3"), "{message}");
    assert!(remote.recorded.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_build_that_is_given_up_is_asked_to_stop() {
    let remote = Remote::new(BuildPlan::default().with_duration(PhaseType::Build, Duration::from_secs(3600)));
    let job = ActionJob::of("job", &build(&[]));
    let cancel = Cancel::new();
    cancel.cancel();
    // Given up while it was being started: it is called once more, which is when it stops what it has started.
    let ActionOutcome::Continue { token, after } = remote.once(job.clone(), &cancel).await else { panic!() };
    assert_eq!(after, Duration::ZERO);
    let outcome = remote.once(continued(job, &token), &cancel).await;
    let (_, message) = failed(&outcome);
    assert!(message.to_lowercase().contains("stopped"), "{message}");
    assert_eq!(remote.build(&token).await.build_status, BuildStatus::Stopped);
}

/// Neither one whose answer was lost, nor one of a runner that was killed after it had written down what it started.
#[tokio::test]
async fn a_job_that_begins_anew_starts_no_second_build() {
    let remote = Remote::with(BuildPlan::default().with_duration(PhaseType::Build, Duration::from_secs(600)), true);
    let mut job = ActionJob::of("job", &build(&[]));
    let (_, message) = failed(&remote.once(job.clone(), &Cancel::new()).await);
    assert!(message.contains("project shop"), "{message}");
    job.interrupted = true;
    let ActionOutcome::Continue { token, .. } = remote.once(job.clone(), &Cancel::new()).await else { panic!() };
    // Longer than CodeBuild remembers tokens.
    remote.bench.clock.advance(Duration::from_secs(400));
    succeeded(&remote.once(continued(job, &token), &Cancel::new()).await);
    assert_eq!(remote.build(&token).await.build_number, Some(1), "it is the first and only one");
}

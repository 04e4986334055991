//! The shell with providers made for the test: jobs, artifacts, answers, panics, Ctrl-C.

mod approvals;
mod delivery;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::artifact::{ArtifactStore, DirectoryStore, MemoryStore};
use pipeline_runner::core::{Event, Execution, ExecutionStatus, FailureKind, Start, What};
use pipeline_runner::{
    ActionJob, ActionOutcome, ActionProvider, Always, Answer, Cancel, Error, JobContext, Observer, Providers, Runner,
    World,
};

/// Does what the action's configuration says.
#[derive(Debug)]
struct Scripted;

#[async_trait]
impl ActionProvider for Scripted {
    fn action_types(&self) -> Vec<ActionTypeId> {
        ["Source", "Build", "Deploy"].map(|category| ActionTypeId::new(category, "Custom", "Scripted", "1")).into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match job.required("Do") {
            Ok("write") => {
                let out = cx.workspace().join("out");
                std::fs::create_dir_all(&out).unwrap();
                std::fs::write(out.join("file"), job.action.as_bytes()).unwrap();
                if let Err(error) = cx.pack(&job.outputs[0].1, &out).await {
                    return error.into();
                }
                ActionOutcome::succeeded().with_variable("Wrote", "file").with_revision("r1")
            }
            Ok("read") => match cx.unpack(&job.inputs[0].0, &job.inputs[0].1).await {
                Ok(dir) => ActionOutcome::succeeded().with_summary(std::fs::read_to_string(dir.join("file")).unwrap()),
                Err(error) => error.into(),
            },
            Ok("again") => match job.continuation.as_deref() {
                None => ActionOutcome::Continue { token: "1".to_owned(), after: Duration::from_secs(60) },
                Some("1") => ActionOutcome::Continue { token: "2".to_owned(), after: Duration::from_secs(60) },
                Some(token) => ActionOutcome::succeeded().with_summary(format!("token {token}")),
            },
            Ok("panic") => panic!("a bug in the provider"),
            Ok("hang") => {
                cx.log("hanging");
                cx.cancel.cancelled().await;
                ActionOutcome::failed("given up")
            }
            Ok("lie") => ActionOutcome::succeeded(),
            Ok(other) => ActionOutcome::failed(format!("told to {other}")),
            Err(outcome) => outcome,
        }
    }
}

#[derive(Default)]
pub(crate) struct Record {
    events: Mutex<Vec<Event>>,
    on_line: Option<Cancel>,
}

impl Observer for Record {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn line(&self, _: &str, _: &str, _: &str) {
        if let Some(cancel) = &self.on_line {
            cancel.cancel();
        }
    }
}

pub(crate) fn act(name: &str, category: &str, what: &str) -> Action {
    Action::new(name, ActionTypeId::new(category, "Custom", "Scripted", "1")).with_config("Do", what)
}

pub(crate) fn pipeline(build: Action) -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    pipeline.stages = vec![
        Stage::new("Source").with_action(act("Get", "Source", "write").with_output("Src").with_namespace("S")),
        Stage::new("Build").with_action(build),
    ];
    pipeline
}

pub(crate) fn world(dir: &Path, observer: Arc<Record>) -> World {
    World {
        providers: Providers::new().with(Scripted),
        artifacts: Arc::new(DirectoryStore::new(dir.join("artifacts"))),
        approver: Arc::new(Always(Answer::approve("yes"))),
        observer,
        clock: Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto()),
        ids: Arc::new(SequenceIds::new(1)),
        env: Arc::new(MapEnv::default()),
        workspace: dir.join("work"),
    }
}

async fn run(pipeline: Pipeline) -> Execution {
    let dir = tempfile::tempdir().unwrap();
    let mut runner = Runner::new(pipeline, world(dir.path(), Arc::default())).unwrap();
    let execution = runner.run(Start::manual("test"), &Cancel::new()).await.unwrap();
    let left = std::fs::read_dir(dir.path().join("work")).unwrap().count();
    assert_eq!(left, 0, "every action's directory is removed");
    execution
}

fn cause(execution: &Execution) -> (FailureKind, String) {
    let failure = execution.first_failure().unwrap().1.failure.clone().unwrap();
    (failure.kind, failure.message)
}

#[tokio::test]
async fn artifacts_and_revisions_travel() {
    let execution = run(pipeline(act("Use", "Build", "read").with_input("Src"))).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded);
    assert_eq!(execution.stages[1].actions[0].summary.as_deref(), Some("Get"));
    assert_eq!((execution.revisions[0].action.as_str(), execution.revisions[0].revision.as_str()), ("Get", "r1"));
    let key = &execution.artifacts["Src"];
    assert!(key.starts_with("p/Src/") && key.len() == "p/Src/".len() + 7, "{key}");
}

#[tokio::test]
async fn continuations_come_back_until_the_end() {
    let execution = run(pipeline(act("Long", "Build", "again"))).await;
    let action = &execution.stages[1].actions[0];
    assert_eq!((execution.status, action.summary.as_deref()), (ExecutionStatus::Succeeded, Some("token 2")));
    let took = action.ended.unwrap().duration_since(action.started);
    assert!(took.as_secs() >= 120, "{took}");
}

#[tokio::test]
async fn failures_are_told_as_they_are() {
    for (what, kind, want) in [
        ("fall", FailureKind::JobFailed, "told to fall"),
        ("panic", FailureKind::SystemUnavailable, "which is a bug in it"),
    ] {
        let execution = run(pipeline(act("Bad", "Build", what))).await;
        assert_eq!(execution.status, ExecutionStatus::Failed);
        let (got, message) = cause(&execution);
        assert!(got == kind && message.contains(want), "{got:?} {message}");
    }
    let missing = Action::new("Bare", ActionTypeId::new("Build", "Custom", "Scripted", "1"));
    let (kind, message) = cause(&run(pipeline(missing)).await);
    assert_eq!(kind, FailureKind::ConfigurationError);
    assert_eq!(message, "Action configuration for action 'Bare' is missing required configuration 'Do'");
}

/// Observed on the service: success without the output object passes, and its consumer fails.
#[tokio::test]
async fn an_output_that_was_never_written_fails_its_consumer() {
    let mut declared = pipeline(act("Lie", "Build", "lie").with_output("Out"));
    declared.stages.push(Stage::new("Deploy").with_action(act("Use", "Deploy", "read").with_input("Out")));
    let execution = run(declared).await;
    let (kind, message) = cause(&execution);
    assert!(kind == FailureKind::ConfigurationError && message.contains("NoSuchKey"), "{message}");
    assert_eq!(execution.first_failure().unwrap().0.name, "Deploy");
}

#[tokio::test]
async fn a_cancelled_run_stops_and_says_so() {
    let (dir, cancel) = (tempfile::tempdir().unwrap(), Cancel::new());
    let record = Arc::new(Record { on_line: Some(cancel.clone()), ..Record::default() });
    let mut world = world(dir.path(), Arc::clone(&record));
    world.clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    let mut runner = Runner::new(pipeline(act("Hang", "Build", "hang")), world).unwrap();
    let execution = runner.run(Start::manual("test"), &cancel).await.unwrap();
    assert_eq!(
        (execution.status, execution.summary.as_deref()),
        (ExecutionStatus::Stopped, Some("stopped by its user"))
    );
    let states: Vec<_> = record.events.lock().unwrap().iter().map(|event| event.state.clone()).collect();
    assert!(states.ends_with(&["STOPPING", "ABANDONED", "STOPPED", "STOPPED"].map(str::to_owned)), "{states:?}");
}

#[tokio::test]
async fn events_tell_the_whole_story_in_order() {
    let (dir, record) = (tempfile::tempdir().unwrap(), Arc::new(Record::default()));
    let mut runner =
        Runner::new(pipeline(act("Use", "Build", "read").with_input("Src")), world(dir.path(), Arc::clone(&record)))
            .unwrap();
    runner.run(Start::manual("test"), &Cancel::new()).await.unwrap();
    let events = record.events.lock().unwrap();
    let told: Vec<String> = events
        .iter()
        .map(|event| match &event.what {
            What::Stage { stage, .. } => format!("{stage} {}", event.state),
            What::Action { action, .. } => format!("{action} {}", event.state),
            _ => format!("pipeline {}", event.state),
        })
        .collect();
    let want = [
        "pipeline STARTED",
        "Source STARTED",
        "Get STARTED",
        "Get SUCCEEDED",
        "Source SUCCEEDED",
        "Build STARTED",
        "Use STARTED",
        "Use SUCCEEDED",
        "Build SUCCEEDED",
        "pipeline SUCCEEDED",
    ];
    assert_eq!(told, want);
}

#[tokio::test]
async fn both_artifact_stores_conform() {
    let dir = tempfile::tempdir().unwrap();
    let stores: [(&str, Box<dyn ArtifactStore>); 2] = [
        ("directory", Box::new(DirectoryStore::new(dir.path().join("store")))),
        ("memory", Box::new(MemoryStore::new())),
    ];
    for (name, store) in stores {
        let space = tempfile::tempdir_in(dir.path()).unwrap();
        assert_eq!(
            pipeline_runner::conformance::artifact_store(&*store, space.path()).await,
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_action_without_a_place_to_work_fails_and_does_not_end_the_runner() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = world(dir.path(), Arc::default());
    world.workspace = dir.path().join("file");
    std::fs::write(&world.workspace, "in the way").unwrap();
    let mut runner = Runner::new(pipeline(act("Use", "Build", "read")), world).unwrap();
    let execution = runner.run(Start::manual("test"), &Cancel::new()).await.unwrap();
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert!(cause(&execution).1.contains("file"), "{:?}", cause(&execution));
}

#[test]
fn what_would_be_left_out_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut declared = pipeline(act("Use", "Build", "read"));
    declared.stages[1].actions.push(Action::new("Scan", ActionTypeId::new("Invoke", "AWS", "InspectorScan", "1")));
    declared.stages[1].before_entry = serde_json::from_str(r#"{"conditions":[{"rules":[]}]}"#).unwrap();
    declared.execution_mode = Some("SIDEWAYS".into());
    let error = Runner::new(declared, world(dir.path(), Arc::default())).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }));
    let text = error.to_string();
    for part in [
        "execution mode `SIDEWAYS`",
        "beforeEntry condition without a result in stage `Build`",
        "`Scan`",
        "Invoke AWS InspectorScan",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

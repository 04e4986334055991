//! What is written down is enough to go on, from any point.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_call::{Clock, ManualClock, SequenceIds};
use pipeline_model::model::{Action, ActionTypeId, ConfigValue, Pipeline, Stage};
use pipeline_runner::core::{Execution, ExecutionStatus, Input, Start};
use pipeline_runner::host::{Home, Host};
use pipeline_runner::journal::{Entry, Happened, Journal, MemoryJournal, SqliteJournal, replay};
use pipeline_runner::{Error, World};

use crate::shell::{act, world};

/// Parallel actions, an approval, an action in three calls.
fn declared() -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    let approval = Action::new("Ok", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    pipeline.stages = vec![
        Stage::new("Source").with_action(act("Get", "Source", "write").with_output("Src").with_namespace("S")),
        Stage::new("Build")
            .with_action(act("A", "Build", "write").with_output("Out"))
            .with_action(act("B", "Build", "read").with_input("Src"))
            .with_action(approval)
            .with_action(act("C", "Build", "read").with_input("Out").with_run_order(2)),
        Stage::new("Deploy").with_action(act("Long", "Deploy", "again")),
    ];
    pipeline
}

/// A world whose clock lets the minutes between calls pass at once, and not the days of an approval.
fn seeded(space: &Path, seed: u64) -> World {
    let clock = ManualClock::at_epoch_secs(1_700_000_000);
    let moving = clock.clone();
    tokio::spawn(async move {
        loop {
            let left = moving.next_deadline().and_then(|at| at.duration_since(moving.now()).ok());
            left.filter(|left| left.as_secs() < 3600).inspect(|left| moving.advance(*left));
            tokio::task::yield_now().await;
        }
    });
    World { ids: Arc::new(SequenceIds::new(seed)), clock: Arc::new(clock), ..world(space, Arc::default()) }
}

/// What must be the same however often a run was interrupted.
fn shape(execution: &Execution) -> String {
    let stages = execution.stages.iter().map(|stage| {
        let actions = stage.actions.iter().map(|run| (run.name.as_str(), run.status, run.summary.as_deref()));
        (stage.name.as_str(), stage.status, actions.collect::<Vec<_>>())
    });
    let artifacts: Vec<_> = execution.artifacts.keys().collect();
    format!("{:?} {:?} {artifacts:?} {:?}", execution.status, stages.collect::<Vec<_>>(), execution.namespaces)
}

#[tokio::test]
async fn a_run_goes_on_from_wherever_it_was_cut_off() {
    let space = tempfile::tempdir().unwrap();
    let journal = MemoryJournal::new();
    let host = Host::open(seeded(space.path(), 1), Home::default(), Arc::new(journal.clone())).await.unwrap();
    host.put(declared()).await.unwrap();
    let id = host.start("p", Start::manual("x")).await.unwrap();
    let whole = host.finished("p", &id).await.unwrap();
    assert_eq!(whole.status, ExecutionStatus::Succeeded, "{:?}", whole.summary);
    host.shut_down().await;
    let lines = journal.lines();
    assert!(lines.len() >= 10, "{lines:#?}");
    for cut in 2..=lines.len() {
        let again = MemoryJournal::of(lines[..cut].to_vec());
        let world = seeded(space.path(), 1000 + cut as u64);
        let host = Host::open(world, Home::default(), Arc::new(again.clone())).await.unwrap();
        let ended = host.finished("p", &id).await.unwrap();
        assert_eq!(shape(&ended), shape(&whole), "cut after {cut} entries");
        host.shut_down().await;
        // And what was written by both together gives the same state once more.
        let states = replay(again.load().await.unwrap()).unwrap();
        assert_eq!(states["p"].execution(&id), Some(&ended));
    }
}

#[tokio::test]
async fn what_was_in_flight_is_told_so_and_nothing_else_runs_again() {
    let space = tempfile::tempdir().unwrap();
    let journal = MemoryJournal::new();
    let host = Host::open(seeded(space.path(), 1), Home::default(), Arc::new(journal.clone())).await.unwrap();
    host.put(declared()).await.unwrap();
    let id = host.start("p", Start::manual("x")).await.unwrap();
    host.finished("p", &id).await.unwrap();
    host.shut_down().await;
    for cut in 2..journal.lines().len() {
        let kept = MemoryJournal::of(journal.lines()[..cut].to_vec());
        let state = replay(kept.load().await.unwrap()).unwrap().remove("p").unwrap();
        let run = state.executions[0].stages.last().unwrap();
        let in_flight: Vec<_> = run.actions.iter().filter(|run| run.ended.is_none() && run.name != "Ok").collect();
        let host = Host::open(seeded(space.path(), 7), Home::default(), Arc::new(kept)).await.unwrap();
        let ended = host.finished("p", &id).await.unwrap();
        let runs: Vec<_> = ended.stages.iter().flat_map(|stage| &stage.actions).collect();
        assert!(
            runs.iter().all(|run| run.interruptions == u32::from(in_flight.iter().any(|it| it.id == run.id))),
            "{cut}"
        );
        host.shut_down().await;
    }
}

#[tokio::test]
async fn nothing_happens_that_cannot_be_written_down() {
    let space = tempfile::tempdir().unwrap();
    let journal = MemoryJournal::new().with_room(1);
    let host = Host::open(seeded(space.path(), 1), Home::default(), Arc::new(journal.clone())).await.unwrap();
    host.put(declared()).await.unwrap();
    assert!(matches!(host.start("p", Start::manual("x")).await, Err(Error::Task(_))));
    assert!(matches!(host.names().await, Err(Error::Task(_))), "the host has ended");
    assert!(!space.path().join("work").exists(), "no action was started");
}

fn secret() -> Pipeline {
    let mut pipeline = declared();
    let source = Action::new("Hub", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"));
    pipeline.stages[0].actions.push(source.with_config("OAuthToken", "not-a-real-token"));
    pipeline
}

#[test]
fn secrets_outlive_the_journal_and_are_shown_nowhere_else() {
    let entry = Entry { pipeline: "p".to_owned(), what: Happened::Created(Arc::new(secret())) };
    let back = Entry::from_text(&entry.to_text()).unwrap();
    assert_eq!(back, entry);
    let mut state = replay(vec![back]).unwrap().remove("p").unwrap();
    let stamped = serde_json::json!({"at": "2026-01-01T00:00:00Z", "seed": 1, "input": "Tick"});
    let mut stamped: pipeline_runner::core::Stamped = serde_json::from_value(stamped).unwrap();
    stamped.input = Input::Update(Box::new(secret()));
    let update = Entry { pipeline: "p".to_owned(), what: Happened::Took(Box::new(stamped.clone())) };
    assert_eq!(Entry::from_text(&update.to_text()).unwrap(), update);
    state.step(&stamped).unwrap();
    let stands = Entry { pipeline: "p".to_owned(), what: Happened::Stands(Box::new(state.clone())) };
    assert_eq!(Entry::from_text(&stands.to_text()).unwrap(), stands);
    let token =
        |state: &pipeline_runner::core::State| state.pipeline.stages[0].actions[1].configuration["OAuthToken"].clone();
    assert_eq!(token(&state), ConfigValue::secret("not-a-real-token"));
    assert!(!format!("{state:?} {}", serde_json::to_string(&state).unwrap()).contains("not-a-real-token"));
}

#[tokio::test]
async fn a_file_keeps_what_it_was_given_for_one_runner_at_a_time() {
    let space = tempfile::tempdir().unwrap();
    let path = space.path().join("journal");
    let entry = |name: &str| Entry { pipeline: name.to_owned(), what: Happened::Removed };
    let journal = SqliteJournal::open(&path).unwrap();
    journal.append(vec![entry("a"), entry("b")]).await.unwrap();
    for file in ["journal", "journal-wal"] {
        let mode = std::fs::metadata(space.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let refused = SqliteJournal::open(&path).unwrap_err().to_string();
    assert!(refused.contains("another runner has it open"), "{refused}");
    drop(journal);
    // The thread that had the file may take a moment to let it go.
    let journal = loop {
        match SqliteJournal::open(&path) {
            Ok(journal) => break journal,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(journal.load().await.unwrap(), [entry("a"), entry("b")]);
    journal.replace(vec![entry("c")]).await.unwrap();
    journal.append(vec![entry("d")]).await.unwrap();
    assert_eq!(journal.load().await.unwrap(), [entry("c"), entry("d")]);
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let space = tempfile::tempdir().unwrap();
    let text = space.path().join("text");
    std::fs::write(&text, "this is a text file and not a database of any kind, whoever reads it\n".repeat(50)).unwrap();
    for path in [&text, space.path()] {
        let refused = SqliteJournal::open(path).unwrap_err().to_string();
        assert!(refused.starts_with("the journal cannot be used: "), "{refused}");
    }
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("this is a text file"));
    assert!(Entry::from_text("{}").is_err());
    let lost =
        Entry::from_text(r#"{"pipeline":"p","took":{"at":"2026-01-01T00:00:00Z","seed":1,"input":"Tick"}}"#).unwrap();
    assert!(replay(vec![lost]).unwrap_err().to_string().contains("comes before it"));
}

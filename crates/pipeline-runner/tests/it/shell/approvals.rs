//! Who may say yes, and that silence is a no.

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use aws_call::ManualClock;
use pipeline_model::model::{Action, ActionTypeId, Stage};
use pipeline_runner::core::{ApprovalRequest, ExecutionStatus, Start};
use pipeline_runner::{Always, Answer, ApprovalsFile, Approver, Cancel, Prompt, Runner};

use super::{act, pipeline, world};

fn request() -> ApprovalRequest {
    ApprovalRequest {
        execution: "e".to_owned(),
        token: "t".to_owned(),
        stage: "Gate".to_owned(),
        action: "Ok".to_owned(),
        custom_data: Some("ship it?\u{1b}[2J".to_owned()),
        link: None,
        summary_required: false,
        expires: jiff::Timestamp::MAX,
        ordinal: 1,
        attempt: 1,
    }
}

async fn at_the_prompt(typed: &'static str) -> (Answer, String) {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let out = Arc::clone(&shown);
    let prompt = Prompt::new(move || (Box::new(Cursor::new(typed)), Box::new(Shared(Arc::clone(&out)))));
    let answer = prompt.ask(&request()).await;
    let shown = String::from_utf8(shown.lock().unwrap().clone()).unwrap();
    (answer, shown)
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn only_a_yes_approves() {
    for (typed, approved) in
        [("y\n", true), ("YES\n", true), ("n\n", false), ("\n", false), ("", false), ("yo\n", false)]
    {
        let (answer, shown) = at_the_prompt(typed).await;
        assert_eq!(answer.approved, approved, "{typed:?}");
        assert!(shown.contains("approve Gate / Ok?") && !shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[tokio::test]
async fn a_file_answers_what_it_names_and_nothing_else() {
    let text = "[[approval]]\nstage = \"Gate\"\naction = \"Ok\"\napprove = true\nsummary = \"tested\"\n";
    let file = ApprovalsFile::parse("a.toml".as_ref(), text).unwrap();
    assert_eq!(file.ask(&request()).await, Answer::approve("tested"));
    let other = ApprovalRequest { action: "Other".to_owned(), ..request() };
    let answer = file.ask(&other).await;
    assert!(!answer.approved && answer.summary.contains("a.toml has no answer for action Other"), "{}", answer.summary);
    let typo = ApprovalsFile::parse("a.toml".as_ref(), "[[approval]]\nstage = \"Gate\"\nactoin = \"Ok\"\n")
        .unwrap_err()
        .to_string();
    assert!(typo.starts_with("a.toml: ") && typo.contains("actoin"), "{typo}");
}

#[tokio::test]
async fn a_rejected_approval_fails_the_run_before_anything_is_deployed() {
    let dir = tempfile::tempdir().unwrap();
    let mut declared = pipeline(Action::new("Ok", ActionTypeId::new("Approval", "AWS", "Manual", "1")));
    declared.stages.push(Stage::new("Deploy").with_action(act("Ship", "Deploy", "lie")));
    let mut world = world(dir.path(), Arc::default());
    // An automatic clock would let the seven days of the approval pass at once.
    world.clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    world.approver = Arc::new(ApprovalsFile::parse("a.toml".as_ref(), "").unwrap());
    let execution = Runner::new(declared, world).unwrap().run(Start::manual("test"), &Cancel::new()).await.unwrap();
    assert_eq!((execution.status, execution.stages.len()), (ExecutionStatus::Failed, 2));
    let summary = execution.summary.unwrap();
    assert!(summary.contains("Build/Ok: Rejected: a.toml has no answer"), "{summary}");
}

#[tokio::test]
async fn an_answer_that_the_service_would_not_take_is_a_no() {
    let dir = tempfile::tempdir().unwrap();
    let gate =
        Action::new("Ok", ActionTypeId::new("Approval", "AWS", "Manual", "1")).with_config("IsSummaryRequired", "true");
    let mut world = world(dir.path(), Arc::default());
    world.clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    world.approver = Arc::new(Always(Answer::approve("")));
    let mut runner = Runner::new(pipeline(gate), world).unwrap();
    let execution = runner.run(Start::manual("test"), &Cancel::new()).await.unwrap();
    assert_eq!(execution.status, ExecutionStatus::Failed);
    let summary = execution.summary.unwrap();
    assert!(summary.contains("the answer was refused: Action 'Ok' in stage 'Build' requires a summary"), "{summary}");
}

//! What holds for every pipeline and every order of inputs.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_model::model::{Action, ExecutionMode, Pipeline, RetryMode, Stage};
use pipeline_runner::core::{
    ActionRun, ActionStatus, ConditionStatus, Execution, ExecutionStatus, ExecutionType, Gate, Input, Position,
    StageRun, StageStatus, State, What,
};
use proptest::prelude::*;

use crate::core::{Drive, action, failure, success};

#[derive(Clone, Debug)]
enum Move {
    Start,
    End { which: usize, good: bool },
    Approve { which: usize, good: bool },
    Stop { which: usize, abandon: bool },
    Transition { stage: usize, on: bool },
    Retry { which: usize, all: bool },
    Rollback { which: usize, stage: usize },
    Override { which: usize, entry: bool },
    Resume,
    Update(Box<Pipeline>),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => Just(Move::Start),
        6 => (any::<usize>(), prop::bool::weighted(0.85)).prop_map(|(which, good)| Move::End { which, good }),
        3 => (any::<usize>(), prop::bool::weighted(0.85)).prop_map(|(which, good)| Move::Approve { which, good }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, abandon)| Move::Stop { which, abandon }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(stage, on)| Move::Transition { stage, on }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, all)| Move::Retry { which, all }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(which, stage)| Move::Rollback { which, stage }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, entry)| Move::Override { which, entry }),
        1 => Just(Move::Resume),
        1 => pipelines().prop_map(|pipeline| Move::Update(Box::new(pipeline))),
    ];
    prop::collection::vec(one, 0..60)
}

/// Failure gates, entry conditions and success conditions to draw from; mostly none of the latter two.
const GATES: [&str; 5] = [
    "null",
    r#"{"result":"ROLLBACK"}"#,
    r#"{"result":"RETRY"}"#,
    r#"{"result":"RETRY","retryConfiguration":{"retryMode":"ALL_ACTIONS"}}"#,
    r#"{"conditions":[{"result":"ROLLBACK","rules":[{"name":"RuleF"}]}]}"#,
];
const ENTRIES: [&str; 5] = [
    "null",
    "null",
    "null",
    r#"{"conditions":[{"result":"FAIL","rules":[{"name":"RuleA"},{"name":"RuleB"}]}]}"#,
    r#"{"conditions":[{"result":"SKIP","rules":[{"name":"RuleA"}]}]}"#,
];
const SUCCESSES: [&str; 5] = [
    "null",
    "null",
    "null",
    r#"{"conditions":[{"result":"FAIL","rules":[{"name":"RuleS"}]}]}"#,
    r#"{"conditions":[{"result":"ROLLBACK","rules":[{"name":"RuleS"}]}]}"#,
];

fn pipelines() -> impl Strategy<Value = Pipeline> {
    let mode = prop_oneof![Just(ExecutionMode::Superseded), Just(ExecutionMode::Queued), Just(ExecutionMode::Parallel)];
    let actions = prop::collection::vec((1_u32..4, prop::bool::weighted(0.2)), 1..4);
    let stage = (0..GATES.len(), 0..ENTRIES.len(), 0..SUCCESSES.len(), actions);
    (mode, prop::collection::vec(stage, 1..4)).prop_map(|(mode, stages)| {
        let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
        pipeline.execution_mode = Some(mode);
        for (index, (gate, entry, success, actions)) in stages.into_iter().enumerate() {
            let mut stage = Stage::new(format!("S{index}"));
            stage.on_failure = serde_json::from_str(GATES[gate]).unwrap();
            stage.before_entry = serde_json::from_str(ENTRIES[entry]).unwrap();
            stage.on_success = serde_json::from_str(SUCCESSES[success]).unwrap();
            for (place, (order, approval)) in actions.into_iter().enumerate() {
                let category = if approval { "Approval" } else { "Build" };
                // The names say what they are, so that an update never makes an approval of an open action.
                let name = format!("{category}{index}{place}");
                let declared = action(&name, category).with_run_order(order).with_output(&name).with_namespace(&name);
                stage = stage.with_action(declared);
            }
            pipeline.stages.push(stage);
        }
        pipeline
    })
}

fn play(drive: &mut Drive, step: &Move) {
    let pick = |drive: &Drive, which: usize| {
        let open = &drive.open;
        (!open.is_empty()).then(|| open[which % open.len()].clone())
    };
    let chosen = |drive: &Drive, which: usize| {
        let executions = &drive.state.executions;
        (!executions.is_empty()).then(|| executions[which % executions.len()].clone())
    };
    match step.clone() {
        Move::Start => drop(drive.start()),
        Move::End { which, good } => {
            let Some((execution, id, name)) = pick(drive, which) else { return };
            if is_approval(&name) {
                return;
            }
            drive.open.retain(|(_, open, _)| *open != id);
            let report = if good { success() } else { failure("no") };
            drive.input(Input::Report { execution, action: id, report }).unwrap();
        }
        Move::Approve { which, good } => {
            let Some((execution, token, name)) = pick(drive, which) else { return };
            if !is_approval(&name) {
                return;
            }
            let outdated = drive.state.execution(&execution).unwrap().action(&token).unwrap().1.outdated;
            let answered = Input::Approve { token: token.clone(), approved: good, summary: String::new() };
            match try_input(drive, answered) {
                None => {
                    assert!(!outdated, "an outdated approval was answered");
                    drive.open.retain(|(_, open, _)| *open != token);
                }
                Some(code) => assert!(outdated && code == "InvalidApprovalTokenException", "{code}"),
            }
        }
        Move::Stop { which, abandon } => {
            let Some(execution) = chosen(drive, which) else { return };
            try_input(drive, Input::Stop { execution: execution.id, abandon, reason: String::new() });
        }
        Move::Transition { stage, on } => {
            let stage = drive.state.stages[stage % drive.state.stages.len()].name.clone();
            drive.input(Input::Transition { stage, disabled: (!on).then(|| "closed".to_owned()) }).unwrap();
        }
        Move::Retry { which, all } => {
            let Some(execution) = chosen(drive, which) else { return };
            let Some(stage) = execution.stages.last().map(|run| run.name.clone()) else { return };
            let mode = if all { RetryMode::AllActions } else { RetryMode::FailedActions };
            try_input(drive, Input::Retry { execution: execution.id, stage, mode });
        }
        Move::Rollback { which, stage } => {
            let Some(execution) = chosen(drive, which) else { return };
            let stages = &drive.state.pipeline.stages;
            let stage = stages[stage % stages.len()].name.clone();
            try_input(drive, Input::Rollback { stage, target: execution.id, user: "me".to_owned() });
        }
        Move::Override { which, entry } => {
            let Some(execution) = chosen(drive, which) else { return };
            let Some(stage) = execution.stages.last().map(|run| run.name.clone()) else { return };
            let gate = if entry { Gate::BeforeEntry } else { Gate::OnSuccess };
            try_input(drive, Input::Override { execution: execution.id, stage, gate });
        }
        Move::Resume => {
            // What runs is started again, each once, and nothing else happens.
            let (open, events) = (std::mem::take(&mut drive.open), drive.steps.len());
            drive.input(Input::Resume).unwrap();
            let outdated =
                |id: &str| drive.state.executions.iter().any(|it| it.action(id).is_some_and(|(_, run)| run.outdated));
            let asked: BTreeSet<_> = open.iter().filter(|(_, id, _)| !outdated(id)).cloned().collect();
            assert_eq!(
                drive.open.iter().cloned().collect::<BTreeSet<_>>(),
                asked,
                "what was open was not started again"
            );
            assert!(drive.open.len() == asked.len() && drive.steps[events].events.is_empty());
            drive.open = open;
        }
        Move::Update(pipeline) => drop(drive.input(Input::Update(pipeline)).unwrap()),
    }
}

/// The exception of a refused input, which must have changed nothing.
fn try_input(drive: &mut Drive, input: Input) -> Option<&'static str> {
    let before = drive.state.clone();
    let refusal = drive.input(input).err()?;
    assert_eq!(drive.state, before, "a refused input changed the state: {refusal}");
    Some(refusal.code)
}

fn is_approval(name: &str) -> bool {
    name.starts_with("Approval")
}

fn declared(state: &State, version: u32) -> &Pipeline {
    if state.pipeline.version == Some(version) { &state.pipeline } else { &state.versions[&version] }
}

fn mode(state: &State, execution: &Execution) -> ExecutionMode {
    declared(state, execution.version).execution_mode.clone().unwrap()
}

/// Statements about one state, written without any of the machine's own code.
pub(crate) fn check(state: &State) {
    for stage in &state.stages {
        let inside: Vec<_> = state
            .executions
            .iter()
            .filter(|execution| mode(state, execution) != ExecutionMode::Parallel)
            .filter(|execution| match execution.position {
                Position::In(index) => declared(state, execution.version).stages[index].name == stage.name,
                _ => false,
            })
            .collect();
        assert!(inside.len() <= 1, "{} executions in {}", inside.len(), stage.name);
        assert_eq!(stage.holder.as_ref(), inside.first().map(|execution| &execution.id));
        let overtakable = stage.waiting.iter().filter(|id| {
            let execution = state.executions.iter().find(|execution| execution.id == **id).unwrap();
            mode(state, execution) == ExecutionMode::Superseded
        });
        assert!(overtakable.count() <= 1);
    }
    let running = |index: &usize| !state.executions[*index].status.is_terminal();
    assert_eq!(state.active, (0..state.executions.len()).filter(running).collect::<Vec<_>>());
    for execution in &state.executions {
        assert_eq!(execution.status.is_terminal(), execution.position == Position::Done);
        let pipeline = declared(state, execution.version);
        if execution.status == ExecutionStatus::Succeeded {
            let rollback = execution.kind == ExecutionType::Rollback;
            assert_eq!(execution.stages.len(), if rollback { 1 } else { pipeline.stages.len() });
            let mut runs = execution.stages.iter().flat_map(|stage| &stage.actions);
            assert!(runs.all(|action| action.status == ActionStatus::Succeeded));
        }
        if execution.status.is_terminal() {
            let mut runs = execution.stages.iter().flat_map(|stage| &stage.actions);
            let open = runs.any(|action| action.status == ActionStatus::InProgress);
            assert!(!open, "an ended execution has no action in progress");
        }
        let Some(run) = execution.stages.last() else { continue };
        check_gates(run, pipeline.stage(&run.name).unwrap());
        assert!(run.retries.automatic <= 1 && run.earlier.iter().all(|run| run.ended.is_some()));
        let reached = pipeline.stages.iter().position(|stage| stage.name == run.name).unwrap();
        let succeeded = |name: &str| {
            run.actions.iter().any(|action| action.name == name && action.status == ActionStatus::Succeeded)
        };
        for started in &run.actions {
            let order = |action: &Action| action.run_order.unwrap_or(1);
            let here = &pipeline.stages[reached].actions;
            let own = order(here.iter().find(|action| action.name == started.name).unwrap());
            for lower in here.iter().filter(|action| order(action) < own) {
                assert!(succeeded(&lower.name), "{} before {}", started.name, lower.name);
            }
        }
        // Namespaces and artifacts are called as the actions that make them.
        for known in execution.namespaces.keys().chain(execution.artifacts.keys()) {
            let earlier = pipeline.stages[..reached].iter().any(|stage| stage.action(known).is_some());
            assert!(earlier || succeeded(known), "{known} is known before its action has succeeded");
        }
    }
}

/// An action needs an entry condition that held, and success one that held afterwards; nothing runs beside a condition.
fn check_gates(run: &StageRun, declared: &Stage) {
    let open = run.gates.iter().filter(|gate| gate.status == ConditionStatus::InProgress).count();
    let busy = run.actions.iter().any(|action| action.status == ActionStatus::InProgress);
    assert!(open <= 1 && !(open == 1 && busy), "a condition beside actions");
    let held = |wanted: Gate| {
        let mut held = run.gates.iter().filter(|gate| gate.gate == wanted);
        held.any(|gate| matches!(gate.status, ConditionStatus::Succeeded | ConditionStatus::Overridden))
    };
    assert!(declared.before_entry.is_none() || run.actions.is_empty() || held(Gate::BeforeEntry));
    if run.status == StageStatus::Succeeded && declared.on_success.is_some() {
        assert!(held(Gate::OnSuccess), "a stage succeeded whose condition did not hold");
    }
    assert!(run.status != StageStatus::Skipped || run.actions.is_empty(), "a skipped stage ran an action");
}

/// What may not change from one state to a later one.
#[derive(Default)]
struct History {
    ended: BTreeMap<String, (ExecutionStatus, u32)>,
    runs: BTreeMap<String, ActionRun>,
}

impl History {
    fn check(&mut self, state: &State) {
        for execution in &state.executions {
            let runs = execution.stages.iter().flat_map(|stage| stage.earlier.iter().chain(&stage.actions));
            for run in runs.filter(|run| run.ended.is_some()) {
                let known = self.runs.entry(run.id.clone()).or_insert_with(|| run.clone());
                assert_eq!(known, run, "an action run that had ended changed");
            }
            if let Some((status, attempt)) = self.ended.get(&execution.id) {
                let retried = execution.attempt > *attempt;
                let retryable = matches!(status, ExecutionStatus::Failed | ExecutionStatus::Stopped);
                assert!(*status == execution.status || retried, "a terminal status changed without a retry");
                assert!(!retried || retryable, "an execution that was {status:?} was retried");
            }
            if execution.status.is_terminal() {
                self.ended.insert(execution.id.clone(), (execution.status, execution.attempt));
            }
        }
        let known = |id: &str| state.executions.iter().any(|execution| execution.action(id).is_some());
        assert!(self.runs.keys().all(|id| known(id)), "the history of an action was lost");
    }
}

/// Statements about the whole story.
fn check_story(drive: &Drive) {
    let mut balance: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut overtaken: Vec<&str> = Vec::new();
    let mut entered: BTreeMap<&str, usize> = BTreeMap::new();
    for event in drive.steps.iter().flat_map(|step| &step.events) {
        assert!(!overtaken.contains(&event.execution.id.as_str()), "an event after SUPERSEDED");
        let place = drive.state.executions.iter().position(|execution| execution.id == event.execution.id).unwrap();
        let execution = &drive.state.executions[place];
        assert_eq!(event.execution.version, execution.version, "an execution changed its version");
        let in_line =
            execution.kind == ExecutionType::Standard && mode(&drive.state, execution) != ExecutionMode::Parallel;
        match &event.what {
            What::Action { id, .. } => {
                let (started, over) = balance.entry(id).or_default();
                if event.state == "STARTED" { *started += 1 } else { *over += 1 }
            }
            What::Stage { stage, .. } if event.state == "STARTED" && in_line => {
                let before = entered.insert(stage, place);
                assert!(before < Some(place), "{stage} was entered out of order");
            }
            What::Pipeline { .. } if event.state == "SUPERSEDED" => overtaken.push(&event.execution.id),
            _ => {}
        }
    }
    assert!(balance.values().all(|(started, over)| *started == 1 && *over <= 1));
    let actions = drive.open.iter().filter(|(_, _, name)| !name.starts_with("Rule")).count();
    assert_eq!(balance.values().filter(|(_, over)| *over == 0).count(), actions);
}

proptest! {
    #[test]
    fn the_invariants_hold_whatever_happens(pipeline in pipelines(), moves in moves()) {
        let (mut drive, mut history) = (Drive::new(pipeline), History::default());
        for step in &moves {
            play(&mut drive, step);
            check(&drive.state);
            history.check(&drive.state);
        }
        check_story(&drive);
        for execution in drive.state.executions.clone() {
            try_input(&mut drive, Input::Stop { execution: execution.id, abandon: true, reason: String::new() });
            history.check(&drive.state);
        }
        prop_assert!(drive.state.executions.iter().all(|execution| execution.status.is_terminal()), "a stop did not end");
        check_story(&drive);
    }

    #[test]
    fn a_replay_gives_the_same_state(pipeline in pipelines(), moves in moves()) {
        let run = |moves: &[Move]| {
            let mut drive = Drive::new(pipeline.clone());
            moves.iter().for_each(|step| play(&mut drive, step));
            drive
        };
        let (first, second) = (run(&moves), run(&moves));
        prop_assert_eq!(&first.state, &second.state);
        prop_assert_eq!(&first.steps, &second.steps);
        let written = serde_json::to_string(&first.state).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&written).unwrap(), first.state);
    }

    #[test]
    fn what_is_allowed_to_go_on_comes_to_an_end(pipeline in pipelines(), starts in 1_usize..4) {
        let mut drive = Drive::new(pipeline);
        for _ in 0..starts {
            drive.start();
        }
        while let Some((execution, id, name)) = drive.open.pop() {
            let approval = is_approval(&name);
            let input = if approval {
                Input::Approve { token: id, approved: true, summary: String::new() }
            } else {
                Input::Report { execution, action: id, report: success() }
            };
            drive.input(input).unwrap();
        }
        prop_assert!(drive.state.executions.iter().all(|execution| execution.status.is_terminal()));
        prop_assert!(drive.state.executions.iter().any(|execution| execution.status == ExecutionStatus::Succeeded));
    }
}

//! Two stages with two actions each, two executions, everything that can happen to them in every order: no state breaks
//! an invariant, and from every state the pipeline comes to rest.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use pipeline_model::model::{ExecutionMode, Pipeline, RetryMode, Stage};
use pipeline_runner::core::{ActionStatus, ExecutionType, Input, Report, Stamped, Start, State};

use super::{action, failure, success};
use crate::properties::check;

fn small(mode: ExecutionMode, on_failure: &str) -> Pipeline {
    let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
    pipeline.execution_mode = Some(mode);
    let act = |name: &str, order| action(name, "Build").with_run_order(order).with_output(name).with_namespace(name);
    pipeline.stages = vec![
        Stage::new("One").with_action(act("a", 1)).with_action(act("b", 1)),
        Stage::new("Two").with_action(act("c", 1)).with_action(act("d", 2)),
    ];
    pipeline.stages[1].on_failure = serde_json::from_str(on_failure).unwrap();
    pipeline
}

fn reports(state: &State, good: bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    for execution in &state.executions {
        let runs = execution.stages.last().into_iter().flat_map(|stage| &stage.actions);
        for run in runs.filter(|run| run.status == ActionStatus::InProgress) {
            let report: Report = if good { success() } else { failure("no") };
            inputs.push(Input::Report { execution: execution.id.clone(), action: run.id.clone(), report });
        }
    }
    inputs
}

/// What may happen beside starts and reports; all of it together is more than a test has time for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hand {
    Nothing,
    Stop,
    Retry,
    Rollback,
}

/// Everything that may happen next. Starts, retries and rollbacks are bounded, or there would be no end.
fn next(state: &State, hand: Hand) -> Vec<Input> {
    let mut inputs = [reports(state, true), reports(state, false)].concat();
    let standard = |kind| state.executions.iter().filter(|execution| execution.kind == kind).count();
    if standard(ExecutionType::Standard) < 2 {
        inputs.push(Input::Start(Start::manual("test")));
    }
    for execution in &state.executions {
        let (id, last) = (execution.id.clone(), execution.stages.last());
        if hand == Hand::Stop && !execution.status.is_terminal() {
            inputs.push(Input::Stop { execution: id.clone(), abandon: true, reason: String::new() });
        }
        if let Some(run) = last.filter(|_| hand == Hand::Retry && execution.attempt == 1) {
            inputs.push(Input::Retry { execution: id, stage: run.name.clone(), mode: RetryMode::FailedActions });
        }
    }
    if hand == Hand::Rollback && standard(ExecutionType::Rollback) == 0 {
        let target = state.executions.iter().find(|execution| execution.succeeded_in("Two"));
        inputs.extend(target.map(|target| Input::Rollback {
            stage: "Two".to_owned(),
            target: target.id.clone(),
            user: String::new(),
        }));
    }
    inputs
}

/// The state with its ids replaced by their order of appearance: what differs only in ids is the same.
fn shape(state: &State) -> String {
    let text = serde_json::to_string(&(&state.stages, &state.executions)).unwrap();
    let (mut known, mut out) = (BTreeMap::new(), String::with_capacity(text.len()));
    for part in text.split('"') {
        let random = part.len() == 36 && part.as_bytes()[8] == b'-';
        // An artifact key's tail is as random as an id.
        let part = if part.starts_with("p/") { part.rsplit_once('/').unwrap().0 } else { part };
        if random {
            let count = known.len();
            out.push_str(&known.entry(part).or_insert(count).to_string());
        } else {
            out.push_str(part);
        }
        out.push('"');
    }
    out
}

fn explore(pipeline: Pipeline, hand: Hand) -> usize {
    let mut seed = 0;
    let mut step = |state: &State, input: Input| {
        seed += 1;
        let mut state = state.clone();
        state.step(&Stamped { at: Timestamp::UNIX_EPOCH, seed, input }).ok().map(|_| state)
    };
    let mut open = vec![State::new(pipeline)];
    let mut seen: HashSet<String> = open.iter().map(shape).collect();
    while let Some(state) = open.pop() {
        for input in next(&state, hand) {
            let Some(after) = step(&state, input) else { continue };
            if seen.insert(shape(&after)) {
                check(&after);
                open.push(after);
            }
        }
        let mut rest = state;
        while let Some(input) = reports(&rest, true).pop() {
            rest = step(&rest, input).unwrap();
        }
        assert!(rest.executions.iter().all(|execution| execution.status.is_terminal()), "it never comes to rest");
    }
    seen.len()
}

#[test]
fn nothing_breaks_an_invariant_in_any_order() {
    for mode in [ExecutionMode::Superseded, ExecutionMode::Queued, ExecutionMode::Parallel] {
        for (on_failure, hand) in [
            (r#"{"result":"RETRY"}"#, Hand::Nothing),
            (r#"{"result":"ROLLBACK"}"#, Hand::Nothing),
            ("null", Hand::Stop),
            ("null", Hand::Retry),
            ("null", Hand::Rollback),
        ] {
            let states = explore(small(mode.clone(), on_failure), hand);
            assert!(states > 100, "{mode} {on_failure} {hand:?}: only {states} states");
        }
    }
}

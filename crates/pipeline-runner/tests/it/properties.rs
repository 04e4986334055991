//! What holds for every pipeline and every order of inputs.

use std::collections::BTreeMap;

use pipeline_model::model::{ExecutionMode, Pipeline, Stage};
use pipeline_runner::core::{ActionStatus, ExecutionStatus, Input, Position, State, What};
use proptest::prelude::*;

use crate::core::{Drive, action, failure, success};

#[derive(Clone, Debug)]
enum Move {
    Start,
    End { which: usize, good: bool },
    Approve { which: usize, good: bool },
    Stop { which: usize, abandon: bool },
    Transition { stage: usize, on: bool },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => Just(Move::Start),
        6 => (any::<usize>(), prop::bool::weighted(0.85)).prop_map(|(which, good)| Move::End { which, good }),
        3 => (any::<usize>(), prop::bool::weighted(0.85)).prop_map(|(which, good)| Move::Approve { which, good }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, abandon)| Move::Stop { which, abandon }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(stage, on)| Move::Transition { stage, on }),
    ];
    prop::collection::vec(one, 0..60)
}

fn pipelines() -> impl Strategy<Value = Pipeline> {
    let mode = prop_oneof![Just(ExecutionMode::Superseded), Just(ExecutionMode::Queued), Just(ExecutionMode::Parallel)];
    let stage = prop::collection::vec((1_u32..4, prop::bool::weighted(0.2)), 1..4);
    (mode, prop::collection::vec(stage, 1..4)).prop_map(|(mode, stages)| {
        let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
        pipeline.execution_mode = Some(mode);
        for (index, actions) in stages.into_iter().enumerate() {
            let mut stage = Stage::new(format!("S{index}"));
            for (place, (order, approval)) in actions.into_iter().enumerate() {
                let category = if approval { "Approval" } else { "Build" };
                stage = stage.with_action(action(&format!("a{index}{place}"), category).with_run_order(order));
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
    match *step {
        Move::Start => drop(drive.start()),
        Move::End { which, good } => {
            let Some((execution, id, name)) = pick(drive, which) else { return };
            if is_approval(&drive.state, &name) {
                return;
            }
            drive.open.retain(|(_, open, _)| *open != id);
            let report = if good { success() } else { failure("no") };
            drive.input(Input::Report { execution, action: id, report }).unwrap();
        }
        Move::Approve { which, good } => {
            let Some((_, token, name)) = pick(drive, which) else { return };
            if !is_approval(&drive.state, &name) {
                return;
            }
            drive.open.retain(|(_, open, _)| *open != token);
            drive.input(Input::Approve { token, approved: good, summary: String::new() }).unwrap();
        }
        Move::Stop { which, abandon } => {
            let executions = &drive.state.executions;
            if executions.is_empty() {
                return;
            }
            let execution = executions[which % executions.len()].id.clone();
            let _ = drive.input(Input::Stop { execution, abandon, reason: String::new() });
        }
        Move::Transition { stage, on } => {
            let stage = drive.state.stages[stage % drive.state.stages.len()].name.clone();
            drive.input(Input::Transition { stage, disabled: (!on).then(|| "closed".to_owned()) }).unwrap();
        }
    }
}

fn is_approval(state: &State, name: &str) -> bool {
    state.pipeline.actions().any(|(_, action)| action.name == name && action.action_type_id.provider == "Manual")
}

/// Statements about one state, written without any of the machine's own code.
fn check(state: &State) {
    let parallel = state.pipeline.execution_mode == Some(ExecutionMode::Parallel);
    for (index, stage) in state.stages.iter().enumerate() {
        let inside: Vec<_> =
            state.executions.iter().filter(|execution| execution.position == Position::In(index)).collect();
        if !parallel {
            assert!(inside.len() <= 1, "{} executions in {}", inside.len(), stage.name);
            assert_eq!(stage.holder.as_ref(), inside.first().map(|execution| &execution.id));
        }
        if state.pipeline.execution_mode == Some(ExecutionMode::Superseded) {
            assert!(stage.waiting.len() <= 1);
        }
        for run in inside.iter().filter_map(|execution| execution.stages.last()) {
            let declared = &state.pipeline.stages[index].actions;
            for started in &run.actions {
                let order = declared.iter().find(|action| action.name == started.name).unwrap().run_order.unwrap_or(1);
                for lower in declared.iter().filter(|action| action.run_order.unwrap_or(1) < order) {
                    let run = run.actions.iter().find(|action| action.name == lower.name);
                    assert_eq!(
                        run.map(|run| run.status),
                        Some(ActionStatus::Succeeded),
                        "{} before {}",
                        started.name,
                        lower.name
                    );
                }
            }
        }
    }
    for execution in &state.executions {
        assert_eq!(execution.status.is_terminal(), execution.position == Position::Done);
        if execution.status == ExecutionStatus::Succeeded {
            assert_eq!(execution.stages.len(), state.pipeline.stages.len());
            assert!(
                execution
                    .stages
                    .iter()
                    .flat_map(|stage| &stage.actions)
                    .all(|action| action.status == ActionStatus::Succeeded)
            );
        }
        if execution.status.is_terminal() {
            let open = execution
                .stages
                .iter()
                .flat_map(|stage| &stage.actions)
                .any(|action| action.status == ActionStatus::InProgress);
            assert!(!open, "an ended execution has no action in progress");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_invariants_hold_whatever_happens(pipeline in pipelines(), moves in moves()) {
        let mut drive = Drive::new(pipeline);
        let mut ended: BTreeMap<String, ExecutionStatus> = BTreeMap::new();
        for step in &moves {
            play(&mut drive, step);
            check(&drive.state);
            for execution in &drive.state.executions {
                if let Some(status) = ended.get(&execution.id) {
                    prop_assert_eq!(*status, execution.status, "a terminal status changed");
                }
                if execution.status.is_terminal() {
                    ended.insert(execution.id.clone(), execution.status);
                }
            }
        }
        let mut balance: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for event in drive.steps.iter().flat_map(|step| &step.events) {
            if let What::Action { id, .. } = &event.what {
                let (started, over) = balance.entry(id.clone()).or_default();
                if event.state == "STARTED" { *started += 1 } else { *over += 1 }
            }
        }
        let open = drive.open.len();
        prop_assert!(balance.values().all(|(started, over)| *started == 1 && *over <= 1));
        prop_assert_eq!(balance.values().filter(|(_, over)| *over == 0).count(), open);
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
            let approval = is_approval(&drive.state, &name);
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

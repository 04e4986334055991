//! Starting actions: who is next, with which configuration and artifacts; and starting again what a crash interrupted.

use std::collections::BTreeMap;

use aws_call::IdSource;
use pipeline_model::model::{Action, ConfigValue, EnvironmentVariableType, ExecutionMode, Stage};

use super::action::{deadline, is_manual_approval};
use super::condition::ConditionStatus;
use super::input::{ActionStart, ApprovalRequest, Compute, Effect, Report};
use super::state::{ActionRun, ActionStatus, Failure, FailureKind, Position};
use super::step::Stepping;
use super::variables::{Unresolved, Variables};

/// Actions that one execution in `PARALLEL` mode runs at a time (quotas page).
const AT_A_TIME: usize = 5;

impl Stepping<'_> {
    /// Starts the actions of the lowest run order that has members left, as many as may run at a time. `false` when
    /// nothing was left to start, or nothing may.
    pub(super) fn start_group(&mut self, index: usize, stage: &Stage) -> bool {
        let parallel = self.state.mode_of(index) == ExecutionMode::Parallel;
        let Some(run) = self.state.executions[index].stages.last() else { return false };
        let known = |name: &str| run.actions.iter().any(|action| action.name == name);
        let open: Vec<&Action> = stage.actions.iter().filter(|action| !known(&action.name)).collect();
        let Some(order) = open.iter().map(|action| action.effective_run_order()).min() else { return false };
        let mut running = 0;
        for action in run.actions.iter().filter(|action| action.status == ActionStatus::InProgress) {
            running += 1;
            if stage.action(&action.name).is_some_and(|declared| declared.effective_run_order() < order) {
                return false;
            }
        }
        let room = if parallel { AT_A_TIME.saturating_sub(running) } else { usize::MAX };
        let group = open.into_iter().filter(|action| action.effective_run_order() == order).take(room);
        group.map(|action| self.start_action(index, stage, action)).count() > 0
    }

    fn start_action(&mut self, index: usize, stage: &Stage, action: &Action) {
        let id = self.ids.uuid();
        let mut run = ActionRun::new(id.clone(), &action.name, self.now);
        if !is_manual_approval(&action.action_type_id) {
            let pipeline = &self.state.pipeline.name;
            let outputs = action.output_artifacts.iter().map(|artifact| {
                // Key layout as the service writes it: names cut, a short random tail.
                let key = format!("{}/{}/{}", cut(pipeline, 20), cut(&artifact.name, 10), self.ids.hex(7));
                (artifact.name.clone(), key)
            });
            run.outputs = outputs.collect();
        }
        let effect = self.effect(index, stage, action, &run);
        if let Some(stage) = self.state.executions[index].stage_run() {
            stage.actions.push(run);
        }
        self.action_event(index, stage, action, &id, "STARTED");
        match effect {
            Ok(effect) => self.out.effects.push(effect),
            Err(failure) => self.finish_action(index, &id, Report::Failed { failure, external_id: None }),
        }
    }

    /// What the shell has to do for an action run.
    fn effect(&self, index: usize, stage: &Stage, action: &Action, run: &ActionRun) -> Result<Effect, Failure> {
        let misconfigured = |message| Failure { kind: FailureKind::ConfigurationError, message };
        let unresolved = |why: Unresolved| misconfigured(format!("InvalidActionConfiguration: {why}"));
        let execution = &self.state.executions[index];
        let (ordinal, attempt) = (ordinal(index), execution.attempt_of(&action.name));
        let variables = self.variables(index);
        let configuration = variables.resolve_all(&action.configuration).map_err(unresolved)?;
        if is_manual_approval(&action.action_type_id) {
            return Ok(Effect::Ask(ApprovalRequest {
                execution: execution.id.clone(),
                stage: stage.name.clone(),
                action: action.name.clone(),
                custom_data: shown(&configuration, "CustomData"),
                link: shown(&configuration, "ExternalEntityLink"),
                summary_required: shown(&configuration, "IsSummaryRequired").as_deref() == Some("true"),
                expires: deadline(action, run.started),
                token: run.id.clone(),
                ordinal,
                attempt,
            }));
        }
        let compute = compute(&variables, action).map_err(unresolved)?;
        let mut inputs = Vec::with_capacity(action.input_artifacts.len());
        for artifact in action.input_artifacts.iter() {
            let Some(key) = execution.artifacts.get(&artifact.name) else {
                let name = &artifact.name;
                return Err(misconfigured(format!(
                    "input artifact `{name}` was not produced by any earlier action of this execution"
                )));
            };
            inputs.push((artifact.name.clone(), key.clone()));
        }
        Ok(Effect::Start(Box::new(ActionStart {
            execution: execution.id.clone(),
            id: run.id.clone(),
            stage: stage.name.clone(),
            name: action.name.clone(),
            action_type: action.action_type_id.clone(),
            configuration,
            inputs,
            outputs: run.outputs.clone(),
            revision: execution.requested.get(&action.name).cloned(),
            source_version: execution.revisions.first().map(|revision| revision.revision.clone()),
            role_arn: action.role_arn.clone(),
            region: action.region.clone(),
            compute,
            continuation: run.continuation.clone(),
            interrupted: run.interruptions > 0,
            ordinal,
            attempt,
        })))
    }

    pub(super) fn variables(&self, index: usize) -> Variables<'_> {
        let execution = &self.state.executions[index];
        Variables { execution_id: &execution.id, pipeline: &execution.variables, namespaces: &execution.namespaces }
    }

    /// Starts again everything that is in progress: the shell that ran it is gone.
    pub(super) fn start_over(&mut self) {
        for index in self.state.active.clone() {
            let Position::In(place) = self.state.executions[index].position else { continue };
            let pipeline = self.state.declared(index);
            let stage = &pipeline.stages[place];
            let Some(run) = self.state.executions[index].stages.last_mut() else { continue };
            let mut ids = Vec::new();
            let gate = run.gates.last_mut().filter(|gate| gate.status == ConditionStatus::InProgress);
            let rules = gate.into_iter().flat_map(|gate| &mut gate.rules);
            for run in run.actions.iter_mut().chain(rules).filter(|run| run.status == ActionStatus::InProgress) {
                // A question loses nothing when it is asked again, and one that is out of date is asked no more.
                let approval = stage.action(&run.name).is_some_and(|action| is_manual_approval(&action.action_type_id));
                run.interruptions += u32::from(!approval);
                if !run.outdated {
                    ids.push(run.id.clone());
                }
            }
            for id in ids {
                self.start_again(index, stage, &id);
            }
        }
    }

    fn start_again(&mut self, index: usize, stage: &Stage, id: &str) {
        let Some(run) = self.state.executions[index].stages.last() else { return };
        let effect = if let Some(known) = run.actions.iter().find(|action| action.id == id) {
            stage.action(&known.name).map(|action| self.effect(index, stage, action, known))
        } else {
            run.gates.last().and_then(|gate| {
                let (rule, declared) = super::gate::running(gate, stage).find(|(rule, _)| rule.id == id)?;
                let mut start = self.rule_start(index, stage, declared, id.to_owned());
                if let Ok(start) = &mut start {
                    start.continuation.clone_from(&rule.continuation);
                    start.interrupted = true;
                }
                let misconfigured =
                    |why: Unresolved| Failure { kind: FailureKind::ConfigurationError, message: why.to_string() };
                Some(start.map(|start| Effect::Start(Box::new(start))).map_err(misconfigured))
            })
        };
        match effect {
            Some(Ok(effect)) => self.out.effects.push(effect),
            // It has been started once with the same values.
            Some(Err(failure)) => self.finish(index, id, Report::Failed { failure, external_id: None }),
            None => {}
        }
    }
}

fn compute(variables: &Variables<'_>, action: &Action) -> Result<Compute, Unresolved> {
    let environment = action.environment_variables.iter().map(|variable| {
        let secret = variable.kind == Some(EnvironmentVariableType::SecretsManager);
        Ok((variable.name.clone(), variables.resolve(&variable.value)?, secret))
    });
    Ok(Compute {
        commands: action.commands.iter().map(|command| variables.resolve(command)).collect::<Result<_, _>>()?,
        environment: environment.collect::<Result<_, _>>()?,
        output_variables: action.output_variables.to_vec(),
        files: action.output_artifacts.iter().map(|artifact| artifact.files.to_vec()).collect(),
    })
}

/// The number of an execution, from 1.
pub(super) fn ordinal(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

fn shown(configuration: &BTreeMap<String, ConfigValue>, key: &str) -> Option<String> {
    configuration.get(key).map(|value| value.shown().to_owned())
}

fn cut(name: &str, length: usize) -> &str {
    name.char_indices().nth(length).map_or(name, |(end, _)| &name[..end])
}

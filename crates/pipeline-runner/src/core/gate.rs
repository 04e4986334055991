//! The gates of a stage: conditions before entry, after success and after failure, and passing them over by hand.
//!
//! A condition holds when all of its rules hold; when it does not, its result engages (user guide, "How do stage
//! conditions work?"). The stage keeps its lock while rules are evaluated.

use std::collections::BTreeMap;

use aws_call::IdSource;
use pipeline_model::model::{ActionTypeId, ConditionResult, ConditionRule, ExecutionMode, Stage};

use super::condition::{ConditionStatus, Gate, GateRun};
use super::input::{ActionStart, Compute, Effect, Refusal, Report};
use super::state::{ActionRun, ActionStatus, ExecutionStatus, Failure, FailureKind, StageStatus};
use super::step::Stepping;
use super::variables::Unresolved;

/// The action type under which a rule finds its provider: `Rule`, `AWS`, its provider, version 1.
pub(crate) fn rule_type(rule: &ConditionRule) -> ActionTypeId {
    let id = &rule.rule_type_id;
    let or = |word: Option<&str>, default: &str| word.unwrap_or(default).to_owned();
    ActionTypeId::new("Rule", or(id.owner.as_deref(), "AWS"), &*id.provider, or(id.version.as_deref(), "1"))
}

impl Stepping<'_> {
    /// Starts the rules of a gate. `false` when the stage has no condition there.
    pub(super) fn open_gate(&mut self, index: usize, stage: &Stage, gate: Gate) -> bool {
        let Some(condition) = gate.condition(stage) else { return false };
        let now = self.now;
        let rules: Vec<ActionRun> =
            condition.rules.iter().map(|rule| ActionRun::new(self.ids.uuid(), &rule.name, now)).collect();
        let ids: Vec<String> = rules.iter().map(|rule| rule.id.clone()).collect();
        if let Some(run) = self.state.executions[index].stage_run() {
            run.gates.push(GateRun { gate, status: ConditionStatus::InProgress, rules, started: now, ended: None });
        }
        for (rule, id) in condition.rules.iter().zip(ids) {
            match self.rule_start(index, stage, rule, id.clone()) {
                Ok(start) => self.out.effects.push(Effect::Start(Box::new(start))),
                Err(unresolved) => {
                    let message = format!("InvalidActionConfiguration: {unresolved}");
                    let failure = Failure { kind: FailureKind::ConfigurationError, message };
                    self.finish_rule(index, &id, &Report::Failed { failure, external_id: None });
                }
            }
        }
        true
    }

    pub(super) fn rule_start(
        &self,
        index: usize,
        stage: &Stage,
        rule: &ConditionRule,
        id: String,
    ) -> Result<ActionStart, Unresolved> {
        let execution = &self.state.executions[index];
        let variables = self.variables(index);
        let compute = Compute {
            commands: rule.commands.iter().map(|command| variables.resolve(command)).collect::<Result<_, _>>()?,
            ..Compute::default()
        };
        let key_of = |name: &String| execution.artifacts.get(name).map(|key| (name.clone(), key.clone()));
        Ok(ActionStart {
            execution: execution.id.clone(),
            id,
            stage: stage.name.clone(),
            name: rule.name.clone(),
            action_type: rule_type(rule),
            configuration: variables.resolve_all(&rule.configuration)?,
            inputs: rule.input_artifacts.iter().filter_map(|artifact| key_of(&artifact.name)).collect(),
            outputs: Vec::new(),
            revision: None,
            source_version: execution.revisions.first().map(|revision| revision.revision.clone()),
            role_arn: rule.role_arn.clone(),
            region: rule.region.clone(),
            compute,
            continuation: None,
            interrupted: false,
            ordinal: super::start::ordinal(index),
            attempt: execution.attempt_of_rule(&rule.name),
        })
    }

    /// Ends a rule that is in progress. `false` when there is no rule run of this id.
    pub(super) fn finish_rule(&mut self, index: usize, id: &str, report: &Report) -> bool {
        let now = self.now;
        let Some(run) = self.state.executions[index].stage_run() else { return false };
        let Some(rule) = run.gates.iter_mut().flat_map(|gate| &mut gate.rules).find(|rule| rule.id == id) else {
            return false;
        };
        if rule.status != ActionStatus::InProgress {
            return true;
        }
        rule.ended = Some(now);
        match report {
            Report::Succeeded { summary, external_id, .. } => {
                rule.status = ActionStatus::Succeeded;
                rule.summary.clone_from(summary);
                rule.external_id.clone_from(external_id);
            }
            Report::Failed { failure, external_id } => {
                rule.status = ActionStatus::Failed;
                rule.failure = Some(failure.clone());
                rule.external_id.clone_from(external_id);
            }
        }
        true
    }

    /// Ends the open gate, whose rules have all ended, and does what follows from it.
    pub(super) fn close_gate(&mut self, index: usize, place: usize, stage: &Stage) {
        let now = self.now;
        let execution = &mut self.state.executions[index];
        let stopping = execution.status == ExecutionStatus::Stopping;
        let Some(run) = execution.stages.last_mut() else { return };
        let Some(gate) = run.gates.last_mut() else { return };
        let given_up = gate.rules.iter().any(|rule| rule.status == ActionStatus::Abandoned);
        let failed = gate.rules.iter().find(|rule| rule.status == ActionStatus::Failed);
        let kind = failed.and_then(|rule| rule.failure.as_ref()).map(|failure| failure.kind);
        gate.ended = Some(now);
        gate.status = match kind {
            _ if given_up => ConditionStatus::Abandoned,
            None => ConditionStatus::Succeeded,
            Some(FailureKind::JobFailed | FailureKind::TimedOut) => ConditionStatus::Failed,
            Some(_) => ConditionStatus::Errored,
        };
        let passed = gate.is_passed();
        let which = gate.gate;
        if let Some(failed) = failed.filter(|_| execution.summary.is_none()) {
            let why = failed.failure.as_ref().map(|failure| failure.message.as_str()).unwrap_or_default();
            execution.summary = Some(format!("{}/{}: {why}", stage.name, failed.name));
        }
        let result = which.condition(stage).and_then(|condition| condition.result.as_ref());
        let back = !passed && !stopping && result == Some(&ConditionResult::Rollback);
        match which {
            Gate::OnFailure => self.close(index, place, StageStatus::Failed, back),
            _ if given_up => self.close(index, place, StageStatus::Stopped, false),
            Gate::OnSuccess if passed => self.close(index, place, StageStatus::Succeeded, false),
            Gate::OnSuccess => self.close(index, place, StageStatus::Failed, back),
            Gate::BeforeEntry if stopping => self.close(index, place, StageStatus::Stopped, false),
            Gate::BeforeEntry if passed => drop(self.start_group(index, stage)),
            Gate::BeforeEntry if result == Some(&ConditionResult::Skip) => {
                self.state.executions[index].summary = None;
                self.close(index, place, StageStatus::Skipped, false);
            }
            Gate::BeforeEntry => self.close(index, place, StageStatus::Failed, false),
        }
    }

    /// Gives the rules up that are being evaluated.
    pub(super) fn abandon_rules(&mut self, index: usize) {
        let now = self.now;
        let Some(run) = self.state.executions[index].stages.last_mut() else { return };
        let rules = run.gates.iter_mut().flat_map(|gate| &mut gate.rules);
        for rule in rules.filter(|rule| rule.status == ActionStatus::InProgress) {
            rule.status = ActionStatus::Abandoned;
            rule.ended = Some(now);
            self.out.effects.push(Effect::Abandon { action: rule.id.clone() });
        }
    }

    /// `OverrideStageCondition`: the stage goes on as if the condition held.
    pub(super) fn pass_over(&mut self, execution: &str, stage: &str, gate: Gate) -> Result<(), Refusal> {
        if self.state.pipeline.stage(stage).is_none() {
            return Err(Refusal::new("StageNotFoundException", format!("the pipeline has no stage `{stage}`")));
        }
        let not_latest = || {
            let message = format!("execution `{execution}` is not the last one that entered stage `{stage}`");
            Refusal::new("NotLatestPipelineExecutionException", message)
        };
        let index = self.state.index_of(execution).ok_or_else(not_latest)?;
        let here = self.state.stages.iter().find(|here| here.name == stage);
        let latest = here.and_then(|here| here.latest.as_deref()) == Some(execution);
        if !latest && self.state.mode_of(index) != ExecutionMode::Parallel {
            return Err(not_latest());
        }
        let refused = Refusal::new(
            "ConditionNotOverridableException",
            "Unable to override because the condition does not allow overrides.",
        );
        let pipeline = self.state.declared(index);
        let Some((place, declared)) = (0..).zip(&pipeline.stages).find(|(_, declared)| declared.name == stage) else {
            return Err(refused);
        };
        let skips = gate.condition(declared).is_some_and(|it| it.result == Some(ConditionResult::Skip));
        let status = self.state.executions[index].status;
        let current = Some(self.state.executions[index].version) == self.state.pipeline.version;
        let last = self.state.executions[index].stages.last().filter(|run| run.name == stage);
        let open = last.and_then(|run| run.gates.last()).filter(|open| open.gate == gate && gate != Gate::OnFailure);
        let stands = match open.map(|open| open.status) {
            Some(ConditionStatus::InProgress) => status == ExecutionStatus::InProgress,
            Some(ConditionStatus::Failed | ConditionStatus::Errored) => status == ExecutionStatus::Failed && current,
            _ => false,
        };
        if skips || !stands {
            return Err(refused);
        }
        self.abandon_rules(index);
        let now = self.now;
        let execution = &mut self.state.executions[index];
        let Some(run) = execution.stages.last_mut() else { return Err(refused) };
        if let Some(open) = run.gates.last_mut() {
            open.status = ConditionStatus::Overridden;
            open.ended = Some(now);
        }
        if status == ExecutionStatus::Failed {
            self.reopen(index, place);
        }
        match gate {
            Gate::BeforeEntry => drop(self.start_group(index, declared)),
            _ => self.close(index, place, StageStatus::Succeeded, false),
        }
        Ok(())
    }
}

/// The rules that run at the moment, with their declarations: for timeouts and for what is run again after a crash.
pub(super) fn running<'a>(
    gate: &'a GateRun,
    stage: &'a Stage,
) -> impl Iterator<Item = (&'a ActionRun, &'a ConditionRule)> {
    let declared: BTreeMap<&str, &ConditionRule> = gate
        .gate
        .condition(stage)
        .map(|condition| condition.rules.iter().map(|rule| (rule.name.as_str(), rule)).collect())
        .unwrap_or_default();
    let running = gate.rules.iter().filter(|rule| rule.status == ActionStatus::InProgress);
    running.filter_map(move |rule| Some((rule, *declared.get(rule.name.as_str())?)))
}

//! Ending the actions of a stage: reports, deadlines, giving up.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use pipeline_model::model::{Action, ActionTypeId, Category, Stage};

use super::condition::ConditionStatus;
use super::event::{Artifact, What};
use super::input::{Effect, Report};
use super::state::{ActionRun, ActionStatus, Failure, FailureKind, SourceRevision, State};
use super::step::Stepping;

/// A manual approval lapses after seven days unless the action says otherwise (quotas page).
const APPROVAL_TIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Output variables of one action may take so many bytes (quotas page).
const VARIABLES: usize = 122_880;

pub(crate) fn is_manual_approval(id: &ActionTypeId) -> bool {
    id.category == Category::Approval && id.provider == "Manual"
}

/// When an approval that began at `started` lapses.
pub(super) fn deadline(action: &Action, started: Timestamp) -> Timestamp {
    after(started, action.timeout_in_minutes).unwrap_or_else(|| plus(started, APPROVAL_TIME))
}

fn after(started: Timestamp, minutes: Option<u32>) -> Option<Timestamp> {
    minutes.map(|minutes| plus(started, SignedDuration::from_mins(i64::from(minutes))))
}

fn plus(started: Timestamp, time: SignedDuration) -> Timestamp {
    started.checked_add(time).unwrap_or(Timestamp::MAX)
}

impl State {
    /// When the next open approval or rule lapses: an [`Input::Tick`](super::Input::Tick) is due then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let mut next = None;
        self.deadlines(|_, _, deadline| next = Some(next.map_or(deadline, |next: Timestamp| next.min(deadline))));
        next
    }

    /// Tells of every open approval, and of every rule with a timeout: execution, run, and when it lapses.
    fn deadlines(&self, mut tell: impl FnMut(usize, &ActionRun, Timestamp)) {
        for &index in &self.active {
            let execution = &self.executions[index];
            let Some(run) = execution.stages.last() else { continue };
            let open = |action: &&ActionRun| action.status == ActionStatus::InProgress;
            let Some(stage) = self.declaration(execution.version).stage(&run.name) else { continue };
            for action in run.actions.iter().filter(open) {
                let declared = stage.action(&action.name);
                if let Some(declared) = declared.filter(|declared| is_manual_approval(&declared.action_type_id)) {
                    tell(index, action, deadline(declared, action.started));
                }
            }
            let Some(gate) = run.gates.last().filter(|gate| gate.status == ConditionStatus::InProgress) else {
                continue;
            };
            for (rule, declared) in super::gate::running(gate, stage) {
                if let Some(deadline) = after(rule.started, declared.timeout_in_minutes) {
                    tell(index, rule, deadline);
                }
            }
        }
    }
}

impl Stepping<'_> {
    /// Ends an action or a rule that is in progress; anything else is late and changes nothing.
    pub(super) fn finish(&mut self, index: usize, id: &str, report: Report) {
        if !self.finish_rule(index, id, &report) {
            self.finish_action(index, id, report);
        }
    }

    pub(super) fn finish_action(&mut self, index: usize, id: &str, mut report: Report) {
        let now = self.now;
        let pipeline = self.state.declared(index);
        let execution = &mut self.state.executions[index];
        // Only the last stage can have something in progress.
        let Some(stage_run) = execution.stages.last_mut() else { return };
        let run = stage_run.actions.iter_mut().find(|action| action.id == id);
        let Some(run) = run.filter(|run| run.status == ActionStatus::InProgress) else { return };
        let Some(stage) = pipeline.stage(&stage_run.name) else { return };
        let Some(declared) = stage.action(&run.name) else { return };
        run.ended = Some(now);
        run.continuation = None;
        if let Report::Succeeded { variables, external_id, .. } = &mut report
            && size(variables) > VARIABLES
        {
            let message = format!("output variables take {} bytes; at most {VARIABLES} are kept", size(variables));
            let failure = Failure { kind: FailureKind::JobFailed, message };
            report = Report::Failed { failure, external_id: external_id.take() };
        }
        let state = match report {
            Report::Succeeded { variables, summary, external_id, revision } => {
                run.status = ActionStatus::Succeeded;
                run.summary = summary;
                // Whether the object is really there is the consumer's to find out, as on the service.
                execution.artifacts.extend(run.outputs.iter().cloned());
                run.external_id = external_id;
                if let Some(revision) = revision {
                    match execution.revisions.iter_mut().find(|known| known.action == declared.name) {
                        Some(known) => known.revision = revision,
                        None => execution.revisions.push(SourceRevision { action: declared.name.clone(), revision }),
                    }
                }
                if let Some(namespace) = &declared.namespace {
                    execution.namespaces.insert(namespace.clone(), variables);
                }
                "SUCCEEDED"
            }
            Report::Failed { failure, external_id } => {
                run.status = ActionStatus::Failed;
                run.external_id = external_id;
                // The first failure of the stage is the execution's cause; siblings run on and may fail too.
                if execution.summary.is_none() {
                    execution.summary = Some(format!("{}/{}: {}", stage.name, declared.name, failure.message));
                }
                run.failure = Some(failure);
                "FAILED"
            }
        };
        self.action_event(index, stage, declared, id, state);
    }

    /// Keeps what an action or a rule hands over to its next call.
    pub(super) fn go_on(&mut self, execution: &str, id: &str, token: &str) {
        let Some(index) = self.state.index_of(execution) else { return };
        let Some(run) = self.state.executions[index].stages.last_mut() else { return };
        let rules = run.gates.iter_mut().flat_map(|gate| &mut gate.rules);
        let mut open = run.actions.iter_mut().chain(rules).filter(|run| run.status == ActionStatus::InProgress);
        if let Some(run) = open.find(|run| run.id == id) {
            run.continuation = Some(token.to_owned());
        }
    }

    pub(super) fn abandon_actions(&mut self, index: usize) {
        let now = self.now;
        let pipeline = self.state.declared(index);
        let Some(run) = self.state.executions[index].stages.last_mut() else { return };
        let Some(stage) = pipeline.stage(&run.name) else { return };
        let mut abandoned = Vec::new();
        for action in run.actions.iter_mut().filter(|action| action.status == ActionStatus::InProgress) {
            let Some(declared) = stage.action(&action.name) else { continue };
            action.status = ActionStatus::Abandoned;
            action.ended = Some(now);
            if is_manual_approval(&declared.action_type_id) {
                action.summary = Some("The approval action has been canceled.".to_owned());
            }
            abandoned.push((action.id.clone(), declared));
        }
        for (action, declared) in abandoned {
            self.action_event(index, stage, declared, &action, "ABANDONED");
            self.out.effects.push(Effect::Abandon { action });
        }
        self.abandon_rules(index);
    }

    /// Fails the approvals and rules that have lapsed.
    pub(super) fn expire(&mut self) {
        let (now, mut lapsed) = (self.now, Vec::new());
        self.state.deadlines(|index, run, deadline| {
            if now >= deadline {
                lapsed.push((index, run.id.clone()));
            }
        });
        for (index, action) in lapsed {
            let message = "nobody answered in time".to_owned();
            let failure = Failure { kind: FailureKind::TimedOut, message };
            self.finish(index, &action, Report::Failed { failure, external_id: None });
            self.out.effects.push(Effect::Abandon { action });
        }
    }

    pub(super) fn action_event(&mut self, index: usize, stage: &Stage, declared: &Action, id: &str, state: &str) {
        let Some(run) = self.state.executions[index].stages.last() else { return };
        let Some(run) = run.actions.iter().find(|action| action.id == id) else { return };
        let inputs = declared.input_artifacts.iter().map(|artifact| artifact.name.as_str());
        let outputs = declared.output_artifacts.iter().map(|artifact| artifact.name.as_str());
        let what = What::Action {
            inputs: self.artifacts(index, declared, inputs),
            outputs: self.artifacts(index, declared, outputs.filter(|_| state == "SUCCEEDED")),
            stage: stage.name.clone(),
            action: run.name.clone(),
            id: run.id.clone(),
            action_type: declared.action_type_id.clone(),
            started: run.started,
            summary: run.failure.as_ref().map(|failure| failure.message.clone()).or_else(|| run.summary.clone()),
            external_id: run.external_id.clone(),
            error: run.failure.as_ref().map(|failure| failure.kind),
        };
        self.event(index, what, state);
    }

    /// Those of these artifacts that are there, as events name them.
    fn artifacts<'n>(&self, index: usize, declared: &Action, names: impl Iterator<Item = &'n str>) -> Vec<Artifact> {
        let pipeline = self.state.declared(index);
        let by_region = || pipeline.artifact_stores.as_ref()?.get(declared.region.as_deref()?);
        let store = by_region().or(pipeline.artifact_store.as_ref());
        let bucket = store.map_or("", |store| &store.location);
        let kept = &self.state.executions[index].artifacts;
        names
            .filter_map(|name| {
                let key = kept.get(name)?.clone();
                Some(Artifact { name: name.to_owned(), bucket: bucket.to_owned(), key })
            })
            .collect()
    }
}

fn size(variables: &BTreeMap<String, String>) -> usize {
    variables.iter().map(|(name, value)| name.len() + value.len()).sum()
}

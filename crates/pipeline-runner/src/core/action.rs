//! Starting and ending the actions of a stage.

use std::collections::BTreeMap;

use aws_call::IdSource;
use jiff::{SignedDuration, Timestamp};
use pipeline_model::model::{Action, ActionTypeId, Category, ConfigValue, EnvironmentVariableType};

use super::event::What;
use super::input::{ActionStart, ApprovalRequest, Compute, Effect, Report};
use super::state::{ActionRun, ActionStatus, Failure, FailureKind, SourceRevision, State};
use super::step::Stepping;
use super::variables::{Unresolved, Variables};

/// A manual approval lapses after seven days unless the action says otherwise (quotas page).
const APPROVAL_TIME: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn is_manual_approval(id: &ActionTypeId) -> bool {
    id.category == Category::Approval && id.provider == "Manual"
}

/// When an approval that began at `started` lapses.
fn deadline(action: &Action, started: Timestamp) -> Timestamp {
    let time = action.timeout_in_minutes.map_or(APPROVAL_TIME, |minutes| SignedDuration::from_mins(i64::from(minutes)));
    started.checked_add(time).unwrap_or(Timestamp::MAX)
}

impl State {
    /// When the next open approval lapses: an [`Input::Tick`](super::Input::Tick) is due then.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines().into_iter().map(|(_, _, deadline)| deadline).min()
    }

    /// Open approvals: execution, action run, and when they lapse.
    pub(super) fn deadlines(&self) -> Vec<(usize, String, Timestamp)> {
        let mut found = Vec::new();
        for (index, execution) in self.executions.iter().enumerate() {
            let Some(run) = execution.stages.last() else { continue };
            let Some(stage) = self.declaration(execution.version).stage(&run.name) else { continue };
            for action in run.actions.iter().filter(|action| action.status == ActionStatus::InProgress) {
                let declared =
                    stage.action(&action.name).filter(|declared| is_manual_approval(&declared.action_type_id));
                found.extend(declared.map(|declared| (index, action.id.clone(), deadline(declared, action.started))));
            }
        }
        found
    }
}

impl Stepping<'_> {
    /// Starts all actions of the lowest run order that has not been started.
    pub(super) fn start_group(&mut self, index: usize, stage: usize) {
        let started: Vec<String> = self.state.executions[index]
            .stages
            .last()
            .map(|run| run.actions.iter().map(|action| action.name.clone()).collect())
            .unwrap_or_default();
        let declared = &self.state.declaration_of(index).stages[stage].actions;
        let open = declared.iter().filter(|action| !started.contains(&action.name));
        let order = open.clone().map(Action::effective_run_order).min();
        let group: Vec<Action> = open.filter(|action| Some(action.effective_run_order()) == order).cloned().collect();
        for action in &group {
            self.start_action(index, action);
        }
    }

    fn start_action(&mut self, index: usize, action: &Action) {
        let id = self.ids.uuid();
        let now = self.now;
        let execution = &mut self.state.executions[index];
        if let Some(run) = execution.stage_run() {
            run.actions.push(ActionRun {
                id: id.clone(),
                name: action.name.clone(),
                status: ActionStatus::InProgress,
                summary: None,
                external_id: None,
                failure: None,
                outputs: Vec::new(),
                outdated: false,
                started: now,
                ended: None,
            });
        }
        self.action_event(index, &id, "STARTED");
        match self.resolve(index, action).and_then(|configuration| Ok((configuration, self.compute(index, action)?))) {
            Err(unresolved) => {
                let failure = Failure {
                    kind: FailureKind::ConfigurationError,
                    message: format!("InvalidActionConfiguration: {unresolved}"),
                };
                self.finish_action(index, &id, Report::Failed { failure, external_id: None });
            }
            Ok((configuration, _)) if is_manual_approval(&action.action_type_id) => {
                let request = ApprovalRequest {
                    execution: self.state.executions[index].id.clone(),
                    stage: self.stage_name(index),
                    action: action.name.clone(),
                    custom_data: shown(&configuration, "CustomData"),
                    link: shown(&configuration, "ExternalEntityLink"),
                    summary_required: shown(&configuration, "IsSummaryRequired").as_deref() == Some("true"),
                    expires: deadline(action, now),
                    token: id,
                };
                self.out.effects.push(Effect::Ask(request));
            }
            Ok(resolved) => self.hand_out(index, action, id, resolved),
        }
    }

    fn hand_out(
        &mut self,
        index: usize,
        action: &Action,
        id: String,
        (configuration, compute): (BTreeMap<String, ConfigValue>, Compute),
    ) {
        let pipeline = self.state.pipeline.name.clone();
        let stage = self.stage_name(index);
        let outputs = action.output_artifacts.iter().map(|artifact| {
            // Key layout as the service writes it: names cut, a short random tail.
            let key = format!("{}/{}/{}", cut(&pipeline, 20), cut(&artifact.name, 10), self.ids.hex(7));
            (artifact.name.clone(), key)
        });
        let outputs: Vec<_> = outputs.collect();
        if let Some(run) = self.state.executions[index].stages.last_mut().and_then(|stage| stage.actions.last_mut()) {
            run.outputs.clone_from(&outputs);
        }
        let execution = &self.state.executions[index];
        let inputs = action.input_artifacts.iter().filter_map(|artifact| {
            execution.artifacts.get(&artifact.name).map(|key| (artifact.name.clone(), key.clone()))
        });
        let inputs: Vec<_> = inputs.collect();
        if inputs.len() < action.input_artifacts.len() {
            let missing =
                action.input_artifacts.iter().find(|artifact| !execution.artifacts.contains_key(&artifact.name));
            let name = missing.map(|artifact| artifact.name.clone()).unwrap_or_default();
            let message = format!("input artifact `{name}` was not produced by any earlier action of this execution");
            let failure = Failure { kind: FailureKind::ConfigurationError, message };
            self.finish_action(index, &id, Report::Failed { failure, external_id: None });
            return;
        }
        let start = ActionStart {
            execution: execution.id.clone(),
            id,
            stage,
            name: action.name.clone(),
            action_type: action.action_type_id.clone(),
            configuration,
            inputs,
            outputs,
            revision: execution.requested.get(&action.name).cloned(),
            source_version: execution.revisions.first().map(|revision| revision.revision.clone()),
            role_arn: action.role_arn.clone(),
            region: action.region.clone(),
            compute,
        };
        self.out.effects.push(Effect::Start(Box::new(start)));
    }

    fn variables(&self, index: usize) -> Variables<'_> {
        let execution = &self.state.executions[index];
        Variables { execution_id: &execution.id, pipeline: &execution.variables, namespaces: &execution.namespaces }
    }

    fn compute(&self, index: usize, action: &Action) -> Result<Compute, Unresolved> {
        let variables = self.variables(index);
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

    fn resolve(&self, index: usize, action: &Action) -> Result<BTreeMap<String, ConfigValue>, Unresolved> {
        let variables = self.variables(index);
        let resolve = |value: &ConfigValue| {
            let text = variables.resolve(value.expose())?;
            Ok(if value.is_secret() { ConfigValue::secret(text) } else { ConfigValue::new(text) })
        };
        action.configuration.iter().map(|(key, value)| Ok((key.clone(), resolve(value)?))).collect()
    }

    /// Ends an action that is in progress; anything else is late and changes nothing.
    pub(super) fn finish_action(&mut self, index: usize, id: &str, report: Report) {
        let now = self.now;
        let Some((stage, declared)) = self.declared(index, id) else { return };
        let execution = &mut self.state.executions[index];
        let run = execution.stages.iter_mut().flat_map(|stage| &mut stage.actions).find(|action| action.id == id);
        let Some(run) = run.filter(|run| run.status == ActionStatus::InProgress) else { return };
        run.ended = Some(now);
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
                run.failure = Some(failure.clone());
                // The first failure of the stage is the execution's cause; siblings run on and may fail too.
                if execution.summary.is_none() {
                    execution.summary = Some(format!("{stage}/{}: {}", declared.name, failure.message));
                }
                "FAILED"
            }
        };
        self.action_event(index, id, state);
    }

    pub(super) fn abandon_actions(&mut self, index: usize) {
        let now = self.now;
        let approvals: Vec<String> = self.state.deadlines().into_iter().map(|(_, approval, _)| approval).collect();
        let Some(run) = self.state.executions[index].stage_run() else { return };
        let mut abandoned = Vec::new();
        for action in run.actions.iter_mut().filter(|action| action.status == ActionStatus::InProgress) {
            action.status = ActionStatus::Abandoned;
            action.ended = Some(now);
            if approvals.contains(&action.id) {
                action.summary = Some("The approval action has been canceled.".to_owned());
            }
            abandoned.push(action.id.clone());
        }
        for action in abandoned {
            self.action_event(index, &action, "ABANDONED");
            self.out.effects.push(Effect::Abandon { action });
        }
    }

    /// Fails the approvals that have lapsed.
    pub(super) fn expire(&mut self) {
        for (index, action, deadline) in self.state.deadlines() {
            if self.now < deadline {
                continue;
            }
            let message = "nobody answered the approval in time".to_owned();
            let failure = Failure { kind: FailureKind::TimedOut, message };
            self.finish_action(index, &action, Report::Failed { failure, external_id: None });
            self.out.effects.push(Effect::Abandon { action });
        }
    }

    /// The declaration of an action run, with the name of its stage.
    pub(super) fn declared(&self, index: usize, id: &str) -> Option<(String, Action)> {
        let (stage, run) = self.state.executions[index].action(id)?;
        let action = self.state.declaration_of(index).stage(&stage.name)?.action(&run.name)?;
        Some((stage.name.clone(), action.clone()))
    }

    fn stage_name(&self, index: usize) -> String {
        self.state.executions[index].stages.last().map(|run| run.name.clone()).unwrap_or_default()
    }

    fn action_event(&mut self, index: usize, id: &str, state: &str) {
        let Some((stage, declared)) = self.declared(index, id) else { return };
        let Some((_, run)) = self.state.executions[index].action(id) else { return };
        let what = What::Action {
            stage,
            action: run.name.clone(),
            id: run.id.clone(),
            action_type: declared.action_type_id,
            started: run.started,
            summary: run.failure.as_ref().map(|failure| failure.message.clone()).or_else(|| run.summary.clone()),
            external_id: run.external_id.clone(),
        };
        self.event(index, what, state);
    }
}

fn shown(configuration: &BTreeMap<String, ConfigValue>, key: &str) -> Option<String> {
    configuration.get(key).map(|value| value.shown().to_owned())
}

fn cut(name: &str, length: usize) -> &str {
    name.char_indices().nth(length).map_or(name, |(end, _)| &name[..end])
}

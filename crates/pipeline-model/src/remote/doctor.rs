//! Why did nothing start? Everything that can keep a change from starting a pipeline, looked at one by one.
//!
//! [`diagnose`] is pure and works on [`Facts`]; [`Remote::doctor`] gathers them. What only other services know (whether a
//! rule of EventBridge exists) is said as a question with the command that answers it, never as a finding.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use serde::Serialize;

use super::{Error, Remote};
use crate::client::{Execution, ExecutionStatus, GetPipeline, ListExecutions, PipelineState, StoredPipeline};
use crate::model::{Action, Category, ExecutionMode, Pipeline};
use crate::triggers::{Event, Explanation, explain};
use crate::webhook::{ListedWebhook, filter};

/// Executions that are looked at.
const RECENT: usize = 50;

/// Tells the status of connections to Git hosts. There is no adapter in this crate: whoever has a client of
/// CodeConnections implements this in a few lines over `GetConnection`.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The status of a connection: `PENDING`, `AVAILABLE` or `ERROR`.
    ///
    /// # Errors
    /// Failures of the call, `ResourceNotFoundException` among them.
    async fn connection_status(&self, arn: &str) -> Result<String, CallError>;
}

const _: fn(&dyn Connections) = |_| ();

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Weight {
    /// This keeps changes from starting the pipeline, or from getting through it.
    Cause,
    /// This may: it has to be looked at elsewhere.
    Ask,
    /// This is as it should be.
    Fine,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How sure it is.
    pub weight: Weight,
    /// What was found.
    pub what: String,
    /// What to do.
    pub next: Option<String>,
}

/// Everything that was found; causes come first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The findings.
    pub findings: Vec<Finding>,
    /// Whether a given event starts the pipeline, and why.
    pub explanation: Option<Explanation>,
}

impl Diagnosis {
    /// The findings that certainly keep changes back.
    pub fn causes(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.weight == Weight::Cause)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let mark = match finding.weight {
                Weight::Cause => "cause",
                Weight::Ask => "check",
                Weight::Fine => "fine",
            };
            writeln!(f, "{mark}: {}", finding.what)?;
            if let Some(next) = &finding.next {
                writeln!(f, "       {next}")?;
            }
        }
        self.explanation.as_ref().map_or(Ok(()), |explanation| explanation.fmt(f))
    }
}

/// What is known about a pipeline.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// The declaration.
    pub pipeline: Pipeline,
    /// The pipeline's ARN.
    pub arn: Option<String>,
    /// Since when the service does not poll any more.
    pub polling_disabled: Option<SystemTime>,
    /// The webhooks of the account and region; `None` if they could not be listed.
    pub webhooks: Option<Vec<ListedWebhook>>,
    /// The status of connections by ARN, or why it is not known.
    pub connections: BTreeMap<String, Result<String, String>>,
    /// The state.
    pub state: Option<PipelineState>,
    /// Recent executions, the newest first.
    pub executions: Vec<Execution>,
    /// The event that should have started the pipeline.
    pub event: Option<Event>,
}

impl Facts {
    /// What is known of a declaration alone.
    #[must_use]
    pub const fn new(pipeline: Pipeline) -> Self {
        Self {
            pipeline,
            arn: None,
            polling_disabled: None,
            webhooks: None,
            connections: BTreeMap::new(),
            state: None,
            executions: Vec::new(),
            event: None,
        }
    }
}

/// What keeps changes from starting a pipeline, as far as the facts tell.
#[must_use]
pub fn diagnose(facts: &Facts) -> Diagnosis {
    let mut doctor = Doctor { facts, findings: Vec::new() };
    let sources: Vec<&Action> = facts
        .pipeline
        .actions()
        .map(|(_, action)| action)
        .filter(|action| action.action_type_id.category == Category::Source)
        .collect();
    if sources.is_empty() {
        doctor.cause("the pipeline has no source action", "add one: nothing else can start it but a start by hand");
    }
    for action in sources {
        doctor.source(action);
    }
    doctor.state();
    doctor.executions();
    let mut findings = doctor.findings;
    findings.sort_by_key(|finding| finding.weight);
    let connection = |(_, action): (_, &Action)| action.action_type_id.provider.as_str() == "CodeStarSourceConnection";
    let event = facts.event.as_ref().filter(|_| facts.pipeline.actions().any(connection));
    Diagnosis { findings, explanation: event.map(|event| explain(event, &facts.pipeline)) }
}

struct Doctor<'f> {
    facts: &'f Facts,
    findings: Vec<Finding>,
}

impl Doctor<'_> {
    fn add(&mut self, weight: Weight, what: impl Into<String>, next: Option<String>) {
        self.findings.push(Finding { weight, what: what.into(), next });
    }

    fn cause(&mut self, what: impl Into<String>, next: impl Into<String>) {
        self.add(Weight::Cause, what, Some(next.into()));
    }

    fn source(&mut self, action: &Action) {
        let name = &action.name;
        let polls = |absent: bool| {
            action.config("PollForSourceChanges").map_or(absent, |value| value.eq_ignore_ascii_case("true"))
        };
        match action.action_type_id.provider.as_str() {
            "CodeStarSourceConnection" => self.connection(action),
            "GitHub" if polls(true) => self.polling(name),
            "GitHub" => self.webhook(action),
            "S3" | "CodeCommit" if polls(true) => self.polling(name),
            provider @ ("S3" | "CodeCommit" | "ECR") => {
                let arn = self.facts.arn.as_deref().unwrap_or("PIPELINE_ARN");
                let command = format!("aws events list-rule-names-by-target --target-arn {arn}");
                let what = format!(
                    "source action `{name}` ({provider}) does not poll: a rule of EventBridge must start the pipeline"
                );
                self.add(Weight::Ask, what, Some(command));
            }
            provider => {
                let what = format!("how changes of source action `{name}` ({provider}) are noticed is not known here");
                self.add(Weight::Ask, what, None);
            }
        }
    }

    fn polling(&mut self, name: &str) {
        if self.facts.polling_disabled.is_some() {
            self.cause(
                format!("source action `{name}` is polled, but CodePipeline has stopped polling this idle pipeline"),
                "change the source to events, or turn polling off and on again with two updates",
            );
        } else {
            self.add(Weight::Fine, format!("source action `{name}` is polled about once a minute"), None);
        }
    }

    fn connection(&mut self, action: &Action) {
        let name = &action.name;
        let git = self.facts.pipeline.triggers.iter().filter_map(|trigger| trigger.git_configuration.as_ref());
        let triggered = git.clone().any(|git| git.source_action_name == *name);
        let detects = action.config("DetectChanges").is_none_or(|value| !value.eq_ignore_ascii_case("false"));
        if !triggered && !detects {
            self.cause(
                format!("source action `{name}` has `DetectChanges` off and no trigger"),
                "set `DetectChanges` to `true`, or add a trigger for the action",
            );
        }
        let arn = action.config("ConnectionArn").unwrap_or_default();
        match self.facts.connections.get(arn) {
            Some(Ok(status)) if status == "AVAILABLE" => {
                self.add(Weight::Fine, format!("the connection of source action `{name}` is available"), None);
            }
            Some(Ok(status)) => self.cause(
                format!("the connection of source action `{name}` has the status {status}"),
                "open it in the console under Settings, Connections, and finish the handshake with the Git host",
            ),
            Some(Err(why)) => {
                self.add(
                    Weight::Ask,
                    format!("the connection of source action `{name}` could not be looked at: {why}"),
                    None,
                );
            }
            None => {
                let next = format!("aws codeconnections get-connection --connection-arn {arn}");
                self.add(Weight::Ask, format!("is the connection of source action `{name}` available?"), Some(next));
            }
        }
    }

    fn webhook(&mut self, action: &Action) {
        let facts = self.facts;
        let name = &action.name;
        let Some(webhooks) = &facts.webhooks else {
            let what = format!("source action `{name}` does not poll, and the webhooks could not be listed");
            self.add(Weight::Ask, what, Some("aws codepipeline list-webhooks".to_owned()));
            return;
        };
        let mine: Vec<&ListedWebhook> = webhooks
            .iter()
            .filter(|listed| {
                listed.webhook.target_pipeline == facts.pipeline.name && listed.webhook.target_action == *name
            })
            .collect();
        if mine.is_empty() {
            self.cause(
                format!("source action `{name}` does not poll and no webhook has it as its target"),
                "create a webhook with `PutWebhook` and register it, or use a connection",
            );
        }
        for listed in mine {
            let hook = &listed.webhook.name;
            if let Some((code, message)) = &listed.error {
                self.cause(
                    format!("webhook `{hook}` has failed: {code}: {message}"),
                    "check the scopes of the token (repo and admin:repo_hook), then register the webhook again",
                );
            } else if listed.last_triggered.is_none() {
                let next = format!("aws codepipeline register-webhook-with-third-party --webhook-name {hook}");
                self.add(Weight::Ask, format!("webhook `{hook}` was never called with success: is it registered, and does the secret at GitHub fit?"), Some(next));
            } else {
                self.add(Weight::Fine, format!("webhook `{hook}` has been called with success"), None);
            }
            self.filters(listed, action);
        }
    }

    /// Whether the event that was missed passes the webhook's filters.
    fn filters(&mut self, listed: &ListedWebhook, action: &Action) {
        let reference = match &self.facts.event {
            Some(Event::Push { branch, .. }) => format!("refs/heads/{branch}"),
            Some(Event::Tag { tag }) => format!("refs/tags/{tag}"),
            _ => return,
        };
        let body = serde_json::json!({ "ref": reference });
        // Other parts of the body are not known here, so that only filters on `$.ref` can be judged.
        let known: Vec<_> =
            listed.webhook.filters.iter().filter(|filter| filter.json_path == "$.ref").cloned().collect();
        let verdict = filter(&known, Some(action), &body);
        if !verdict.holds {
            let why: Vec<&str> = verdict.because.iter().filter(|one| !one.holds).map(|one| one.what.as_str()).collect();
            let what = format!("webhook `{}` lets {reference} not through: {}", listed.webhook.name, why.join("; "));
            self.cause(what, "change the filter, or the branch of the source action");
        }
    }

    fn state(&mut self) {
        let Some(state) = &self.facts.state else { return };
        for stage in state.stages.iter().filter(|stage| !stage.inbound_enabled) {
            let reason = stage.disabled_reason.as_deref().unwrap_or("no reason given");
            self.findings.push(Finding {
                weight: Weight::Cause,
                what: format!("executions start, but cannot enter stage `{}`: {reason}", stage.name),
                next: Some(format!("enable the transition into stage `{}`", stage.name)),
            });
        }
        // An execution whose source cannot be read is never made; only the action shows it.
        for action in state.stages.first().map(|stage| stage.actions.as_slice()).unwrap_or_default() {
            if action.status.as_deref() == Some("Failed") {
                let error = action.error.as_ref().and_then(|error| error.message.as_deref());
                let why = error.or(action.summary.as_deref()).unwrap_or("it does not say why");
                self.findings.push(Finding {
                    weight: Weight::Cause,
                    what: format!("source action `{}` has failed: {why}", action.name),
                    next: Some("repair the source, then start the pipeline again".to_owned()),
                });
            }
        }
    }

    fn executions(&mut self) {
        let executions = &self.facts.executions;
        if let Some(newest) = executions.first()
            && newest.status == ExecutionStatus::Failed
            && newest.summary.as_deref().is_some_and(|summary| summary.starts_with("Values for required variables"))
        {
            self.cause(
                format!("the last execution ended at once: {}", newest.summary.as_deref().unwrap_or_default()),
                "give the variables default values: what a change starts brings none",
            );
        }
        let open = executions.iter().filter(|execution| !execution.status.is_final()).count();
        let mode = self.facts.pipeline.effective_mode();
        if open >= RECENT && matches!(mode, ExecutionMode::Queued | ExecutionMode::Parallel) {
            self.cause(
                format!("{open} executions are under way, which is the limit; starts by events beyond it are dropped"),
                "stop some, or use the mode SUPERSEDED",
            );
        }
    }
}

impl Remote {
    /// Gathers what is known of a pipeline and says what keeps changes from starting it.
    ///
    /// What cannot be looked at for lack of rights is said in the findings; only the declaration itself must be there.
    ///
    /// # Errors
    /// When the declaration cannot be had.
    pub async fn doctor(
        &self,
        pipeline: &str,
        event: Option<&Event>,
        connections: Option<&dyn Connections>,
    ) -> Result<Diagnosis, Error> {
        let stored: StoredPipeline = self.service.get(&GetPipeline::new(pipeline)).await?;
        let mut facts = Facts::new(stored.pipeline);
        facts.arn = stored.arn;
        facts.polling_disabled = stored.polling_disabled;
        facts.event = event.cloned();
        facts.webhooks = self.service.list_webhooks().await.ok();
        facts.state = self.service.state(pipeline).await.ok();
        let list = ListExecutions::new(pipeline, RECENT);
        facts.executions = self.service.executions(&list).await.unwrap_or_default();
        if let Some(connections) = connections {
            let arns = facts.pipeline.actions().filter_map(|(_, action)| action.config("ConnectionArn"));
            let arns: Vec<String> = arns.map(str::to_owned).collect();
            for arn in arns {
                let status = match connections.connection_status(&arn).await {
                    Ok(status) => Ok(status),
                    Err(error) if error.fault() == Fault::NotFound => Ok("deleted".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                facts.connections.insert(arn, status);
            }
        }
        Ok(diagnose(&facts))
    }
}

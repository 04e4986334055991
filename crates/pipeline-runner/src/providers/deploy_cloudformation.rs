//! `Deploy/AWS/CloudFormation`: creates, updates, replaces or deletes a stack, at once or through a change set, and follows it
//! to an honest end.
//!
//! A stack is what CloudFormation makes of a template, and nothing on this machine can: without [`Backends::stacks`] the
//! action is refused by name. What the modes do to a stack that has failed is said on the page "AWS CloudFormation deploy
//! action reference".

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;
use pipeline_model::stacks::{Change, Deployed, Prepared, StackDeployer, StackError, StackInput, Stacks, is_missing};
use serde::Deserialize;
use serde_json::Value as Json;

use super::call_failed;
use crate::artifact::{inside, s3_place};
use crate::backends::Backends;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

/// The most bytes of `ParameterOverrides` (the action's reference).
const MOST_OVERRIDES: usize = 1024;

/// The states in which `REPLACE_ON_FAILURE` deletes a stack before it makes it anew (the action's reference).
const FAILED: [&str; 5] =
    ["CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED"];

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(CloudFormation { backends: backends.clone() })
}

#[derive(Debug)]
struct CloudFormation {
    backends: Backends,
}

/// The file that `TemplateConfiguration` names.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct Configuration {
    parameters: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    stack_policy: Option<Json>,
}

#[async_trait]
impl ActionProvider for CloudFormation {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![ActionTypeId::new("Deploy", "AWS", "CloudFormation", "1")]
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deploy(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl CloudFormation {
    async fn deploy(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        job.check_required()?;
        let (stack, mode) = (job.required("StackName")?, job.required("ActionMode")?);
        let Some(stacks) = &self.backends.stacks else {
            return Err(ActionOutcome::misconfigured(format!(
                "{} of the stack `{}` needs CloudFormation, which cannot run on this machine: script the action's \
                 outcome for a local run",
                mode.escape_debug(),
                stack.escape_debug()
            )));
        };
        let change_sets = || {
            let name = job.required("ChangeSetName")?;
            let sets = self.backends.change_sets.as_ref();
            let sets = sets.ok_or_else(|| {
                ActionOutcome::misconfigured("change sets need CloudFormation, whose client the backends lack: add it")
            })?;
            Ok::<_, ActionOutcome>((&**sets, name))
        };
        let deployer = StackDeployer::new(Arc::clone(stacks), Arc::clone(&cx.clock), Arc::clone(&cx.ids))
            .with_polling(self.backends.polling.clone());
        let work = async {
            let deployed = match mode {
                "CREATE_UPDATE" => deployer.deploy(&input(stack, job, cx).await?, &watch(cx)).await.map_err(refused),
                "REPLACE_ON_FAILURE" => {
                    let input = input(stack, job, cx).await?;
                    clear(&**stacks, &deployer, stack, cx).await?;
                    deployer.deploy(&input, &watch(cx)).await.map_err(refused)
                }
                "CHANGE_SET_REPLACE" => {
                    let (sets, name) = change_sets()?;
                    let input = input(stack, job, cx).await?;
                    return Ok(prepared(name, &deployer.prepare(sets, &input, name).await.map_err(refused)?, cx));
                }
                "CHANGE_SET_EXECUTE" => {
                    let (sets, name) = change_sets()?;
                    deployer.execute(sets, stack, name, &watch(cx)).await.map_err(refused)
                }
                "DELETE_ONLY" => deployer.delete(stack, &watch(cx)).await.map_err(refused),
                other => Err(ActionOutcome::misconfigured(format!(
                    "`ActionMode` `{}` is not done here: write CREATE_UPDATE, REPLACE_ON_FAILURE, CHANGE_SET_REPLACE, \
                     CHANGE_SET_EXECUTE or DELETE_ONLY",
                    other.escape_debug()
                ))),
            };
            told(stack, deployed?, job, cx).await
        };
        tokio::select! {
            ended = work => ended,
            () = cx.cancel.cancelled() => {
                Err(ActionOutcome::failed(format!("stack `{stack}`: given up; CloudFormation goes on with it")))
            }
        }
    }
}

fn watch(cx: &JobContext) -> impl Fn(&pipeline_model::stacks::StackEvent) + Send + Sync {
    let log = cx.log_sink();
    move |event| log(&event.to_string())
}

/// Deletes a stack that has failed, so that it can be made anew.
async fn clear(
    stacks: &dyn Stacks,
    deployer: &StackDeployer,
    stack: &str,
    cx: &JobContext,
) -> Result<(), ActionOutcome> {
    let status = match stacks.describe(stack).await {
        Ok(found) => found.status,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(call_failed(stack, &error)),
    };
    if FAILED.contains(&status.as_str()) {
        cx.log(&format!("stack `{stack}` is in {status}: it is deleted and made anew"));
        deployer.delete(stack, &watch(cx)).await.map_err(refused)?;
    }
    Ok(())
}

async fn input(stack: &str, job: &ActionJob, cx: &JobContext) -> Result<StackInput, ActionOutcome> {
    let template = file(job.required("TemplatePath")?, "TemplatePath", job, cx).await?;
    let mut input = StackInput::new(stack, template);
    if let Some(place) = job.config("TemplateConfiguration") {
        let text = file(place, "TemplateConfiguration", job, cx).await?;
        let configuration: Configuration = serde_json::from_str(&text).map_err(|error| {
            ActionOutcome::misconfigured(format!("`TemplateConfiguration` `{}`: {error}", place.escape_debug()))
        })?;
        if configuration.stack_policy.is_some() {
            return Err(ActionOutcome::misconfigured(
                "a `StackPolicy` of `TemplateConfiguration` is not set here: set it on the stack, and leave it out",
            ));
        }
        for (name, value) in configuration.parameters {
            input = input.with_parameter(name, value);
        }
        input.tags.extend(configuration.tags);
    }
    for (name, value) in overrides(job, cx).await? {
        input = input.with_parameter(name, value);
    }
    for capability in job.config("Capabilities").unwrap_or_default().split(',').map(str::trim) {
        if !capability.is_empty() {
            input = input.with_capability(capability);
        }
    }
    Ok(match job.config("RoleArn") {
        Some(role) => input.with_role(role),
        None => input,
    })
}

/// `ParameterOverrides`: they win over the file's parameters.
async fn overrides(job: &ActionJob, cx: &JobContext) -> Result<Vec<(String, String)>, ActionOutcome> {
    let Some(text) = job.config("ParameterOverrides") else { return Ok(Vec::new()) };
    if text.len() > MOST_OVERRIDES {
        return Err(ActionOutcome::misconfigured(format!(
            "`ParameterOverrides` has {} bytes, at most {MOST_OVERRIDES} are taken: move some to `TemplateConfiguration`",
            text.len()
        )));
    }
    let odd = |why: String| ActionOutcome::misconfigured(format!("`ParameterOverrides`: {why}"));
    let values: BTreeMap<String, Json> = serde_json::from_str(text).map_err(|error| odd(error.to_string()))?;
    let mut out = Vec::new();
    for (name, value) in values {
        let value = match &value {
            Json::String(text) => text.clone(),
            Json::Object(function) => match function.iter().next() {
                Some((function, Json::Array(arguments))) => {
                    let arguments: Option<Vec<&str>> = arguments.iter().map(Json::as_str).collect();
                    computed(function, &arguments.unwrap_or_default(), job, cx).await?
                }
                _ => return Err(odd(format!("`{name}` is neither a text nor a function"))),
            },
            Json::Number(_) | Json::Bool(_) => value.to_string(),
            _ => return Err(odd(format!("`{name}` is neither a text nor a function"))),
        };
        out.push((name, value));
    }
    Ok(out)
}

/// `Fn::GetArtifactAtt` and `Fn::GetParam`, which CodePipeline itself evaluates.
async fn computed(
    function: &str,
    arguments: &[&str],
    job: &ActionJob,
    cx: &JobContext,
) -> Result<String, ActionOutcome> {
    match (function, arguments) {
        ("Fn::GetArtifactAtt", [artifact, attribute @ ("BucketName" | "ObjectKey" | "URL")]) => {
            let (bucket, key) = s3_place(&cx.locate(job.input_named(artifact)?.1))?;
            Ok(match *attribute {
                "BucketName" => bucket,
                "ObjectKey" => key,
                _ => format!("https://{bucket}.s3.amazonaws.com/{key}"),
            })
        }
        ("Fn::GetParam", [artifact, name, key]) => {
            let text = file(&format!("{artifact}::{name}"), "ParameterOverrides", job, cx).await?;
            let values: Json = serde_json::from_str(&text)
                .map_err(|error| ActionOutcome::misconfigured(format!("`{name}` of `{artifact}`: {error}")))?;
            match &values[*key] {
                Json::String(text) => Ok(text.clone()),
                Json::Null => Err(ActionOutcome::misconfigured(format!("`{name}` of `{artifact}` has no key `{key}`"))),
                other => Ok(other.to_string()),
            }
        }
        _ => Err(ActionOutcome::misconfigured(format!(
            "`{}` is no function of `ParameterOverrides`: write {{\"Fn::GetParam\": [artifact, file, key]}} or \
             {{\"Fn::GetArtifactAtt\": [artifact, \"URL\"]}}",
            function.escape_debug()
        ))),
    }
}

/// The text of `Artifact::file`.
async fn file(place: &str, key: &str, job: &ActionJob, cx: &JobContext) -> Result<String, ActionOutcome> {
    let shown = place.escape_debug();
    let (artifact, path) = place.split_once("::").ok_or_else(|| {
        ActionOutcome::misconfigured(format!("`{key}` `{shown}` is not of the form `Artifact::path/in/artifact`"))
    })?;
    let (artifact, stored) = job.input_named(artifact)?;
    let path = inside(std::path::Path::new(path)).ok_or_else(|| {
        ActionOutcome::misconfigured(format!("`{key}` `{shown}` leaves the artifact: name a file within it"))
    })?;
    let path = cx.unpack(artifact, stored).await?.join(path);
    tokio::fs::read_to_string(&path).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ActionOutcome::failed(format!(
            "File [{}] does not exist in artifact [{artifact}]",
            place.split_once("::").map_or(place, |(_, path)| path).escape_debug()
        )),
        _ => Error::file(&path, error).into(),
    })
}

/// Whoever approves the change set reads its changes in the action's log.
fn prepared(name: &str, prepared: &Prepared, cx: &JobContext) -> ActionOutcome {
    prepared.changes.iter().for_each(|change| cx.log(&change.to_string()));
    let done = match prepared.changes.len() {
        0 => format!("change set `{name}` has no changes"),
        1 => format!("change set `{name}` has 1 change"),
        count => format!("change set `{name}` has {count} changes"),
    };
    ActionOutcome::succeeded().with_summary(done).with_external_id(&prepared.id)
}

async fn told(
    stack: &str,
    deployed: Deployed,
    job: &ActionJob,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    let done = match deployed.change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Deleted => "deleted",
        _ => "as it should be already",
    };
    let mut outcome = ActionOutcome::succeeded().with_summary(format!("stack `{stack}` {done}"));
    let Some(found) = deployed.stack else { return Ok(outcome) };
    if let (Some(_), Some((_, key))) = (job.config("OutputFileName"), job.outputs.first()) {
        let directory = cx.workspace().join("out");
        let path = directory.join(job.file_in_artifact("OutputFileName", "")?);
        let above = path.parent().unwrap_or(&directory);
        tokio::fs::create_dir_all(above).await.map_err(|error| Error::file(above, error))?;
        let text =
            serde_json::to_vec_pretty(&found.outputs).map_err(|error| ActionOutcome::failed(error.to_string()))?;
        tokio::fs::write(&path, text).await.map_err(|error| Error::file(&path, error))?;
        cx.pack(key, &directory).await?;
    }
    outcome = outcome.with_external_id(&found.id);
    Ok(found.outputs.iter().fold(outcome, |outcome, (name, value)| outcome.with_variable(name, value)))
}

fn refused(error: StackError) -> ActionOutcome {
    match error {
        StackError::Call(error) => call_failed("CloudFormation", &error),
        other => ActionOutcome::failed(other.to_string()),
    }
}

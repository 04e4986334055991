//! `Invoke/AWS/Lambda` and the rule `LambdaInvoke`: calls a function with the event of a CodePipeline job and takes its answer as the job's result.
//!
//! On CodePipeline a function reports through `PutJobSuccessResult` and `PutJobFailureResult`. Here there is nobody to report
//! to, so the fields of these calls are read from the answer: `outputVariables`, `executionDetails`, `continuationToken`, or
//! `failureDetails`. A function that fails has failed the action; any other answer is a success, as the function says by
//! ending without an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::call_failed;
use crate::artifact::s3_place;
use crate::backends::Backends;
use crate::client::InvokeFunction;
use crate::core::FailureKind;
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

/// How long CodePipeline waits before it calls a function again that asked for it.
const AGAIN: Duration = Duration::from_secs(30);
/// The most bytes of all output variables of an action (quotas page).
const MOST_VARIABLES: usize = 122_880;

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(InvokeLambda { backends: backends.clone() })
}

#[derive(Debug)]
struct InvokeLambda {
    backends: Backends,
}

/// What the two calls have, as far as it matters here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    output_variables: BTreeMap<String, String>,
    execution_details: Details,
    continuation_token: Option<String>,
    failure_details: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    summary: Option<String>,
    external_execution_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Failure {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    external_execution_id: Option<String>,
}

#[async_trait]
impl ActionProvider for InvokeLambda {
    fn action_types(&self) -> Vec<ActionTypeId> {
        [("Invoke", "Lambda"), ("Rule", "LambdaInvoke")]
            .map(|(category, provider)| ActionTypeId::new(category, "AWS", provider, "1"))
            .into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.invoke(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl InvokeLambda {
    async fn invoke(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        let name = job.required("FunctionName")?;
        let event = event(job, cx, self.backends.account.as_str()).await?;
        let request = InvokeFunction::new(name, event);
        let invoked = tokio::select! {
            invoked = self.backends.functions.invoke(&request) => invoked,
            () = cx.cancel.cancelled() => return Err(ActionOutcome::failed(format!("{name}: given up"))),
        };
        let invoked = invoked.map_err(|error| match error.fault() {
            // The service's own words.
            aws_call::Fault::NotFound => {
                ActionOutcome::misconfigured(format!("The AWS Lambda function {name} does not exist."))
            }
            _ => call_failed(name, &error),
        })?;
        invoked.log.iter().for_each(|line| cx.log(line));
        if let Some(error) = invoked.error {
            return Err(ActionOutcome::failed(error));
        }
        let outcome = outcome(&invoked.payload)?;
        if matches!(outcome, ActionOutcome::Succeeded { .. }) {
            for (artifact, key) in &job.outputs {
                let directory = cx.workspace().join("out").join(artifact);
                // A function that fetches and stores artifacts itself has stored them itself.
                if s3_place(&cx.locate(key)).is_err() {
                    cx.pack(key, &directory).await?;
                }
            }
        }
        Ok(outcome)
    }
}

/// The event, in the shape that functions know. An artifact on this machine has its directory beside its location.
async fn event(job: &ActionJob, cx: &JobContext, account: &str) -> Result<Json, ActionOutcome> {
    let mut inputs = Vec::new();
    for (artifact, key) in &job.inputs {
        let directory = cx.unpack(artifact, key).await?;
        inputs.push(described(artifact, &cx.locate(key), key, &directory));
    }
    let mut outputs = Vec::new();
    for (artifact, key) in &job.outputs {
        let directory = cx.workspace().join("out").join(artifact);
        tokio::fs::create_dir_all(&directory).await.map_err(|error| Error::file(&directory, error))?;
        outputs.push(described(artifact, &cx.locate(key), key, &directory));
    }
    let shown = ["FunctionName", "UserParameters"].into_iter().filter_map(|key| Some((key, job.config(key)?)));
    let mut data = json!({
        "actionConfiguration": { "configuration": shown.collect::<BTreeMap<_, _>>() },
        "inputArtifacts": inputs,
        "outputArtifacts": outputs,
    });
    if let Some(token) = &job.continuation {
        data["continuationToken"] = json!(token);
    }
    Ok(json!({ "CodePipeline.job": { "id": job.id, "accountId": account, "data": data } }))
}

fn described(artifact: &str, located: &str, key: &str, directory: &std::path::Path) -> Json {
    match s3_place(located) {
        Ok((bucket, key)) => json!({
            "name": artifact,
            "location": { "type": "S3", "s3Location": { "bucketName": bucket, "objectKey": key } },
        }),
        Err(_) => json!({
            "name": artifact,
            "location": { "type": "S3", "s3Location": { "bucketName": "", "objectKey": key } },
            "directory": directory,
        }),
    }
}

fn outcome(payload: &Json) -> Result<ActionOutcome, ActionOutcome> {
    let known = ["outputVariables", "executionDetails", "continuationToken", "failureDetails"];
    if !known.iter().any(|key| payload.get(key).is_some()) {
        return Ok(ActionOutcome::succeeded());
    }
    let answer: Answer = serde_json::from_value(payload.clone())
        .map_err(|error| ActionOutcome::failed(format!("the function's answer is no result of a job: {error}")))?;
    if let Some(failure) = answer.failure_details {
        let kind = match failure.kind.as_str() {
            "ConfigurationError" => FailureKind::ConfigurationError,
            "PermissionError" => FailureKind::PermissionError,
            "RevisionUnavailable" => FailureKind::RevisionUnavailable,
            "SystemUnavailable" => FailureKind::SystemUnavailable,
            _ => FailureKind::JobFailed,
        };
        let (message, external_id) = (failure.message, failure.external_execution_id);
        return Ok(ActionOutcome::Failed { kind, message, external_id });
    }
    if let Some(token) = answer.continuation_token {
        if !answer.output_variables.is_empty() {
            let refused = "A job can not contain both a continuation token and output variables.";
            return Err(ActionOutcome::failed(refused));
        }
        return Ok(ActionOutcome::Continue { token, after: AGAIN });
    }
    let bytes: usize = answer.output_variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MOST_VARIABLES {
        return Err(ActionOutcome::failed(format!(
            "OutputVariablesSizeExceededException: the output variables have {bytes} bytes, at most {MOST_VARIABLES} are taken"
        )));
    }
    Ok(ActionOutcome::Succeeded {
        variables: answer.output_variables,
        summary: answer.execution_details.summary,
        external_id: answer.execution_details.external_execution_id,
        revision: None,
    })
}

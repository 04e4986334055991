//! Where to read what an action did: the command, and the page if the service names one.

use std::fmt;

use serde::Serialize;

use crate::client::ActionExecution;

/// A way to the details of a run of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogHint {
    /// The stage.
    pub stage: String,
    /// The action.
    pub action: String,
    /// A command of the AWS CLI, if one is known for the provider.
    pub command: Option<String>,
    /// A page of the console.
    pub url: Option<String>,
}

impl fmt::Display for LogHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:", self.stage, self.action)?;
        if let Some(command) = &self.command {
            write!(f, " {command}")?;
        }
        if let Some(url) = &self.url {
            write!(f, " {url}")?;
        }
        Ok(())
    }
}

/// How to see what a run of an action did; `None` when neither a command nor a page is known.
///
/// ```
/// use pipeline_model::ActionTypeId;
/// use pipeline_model::client::{ActionExecution, ActionStatus};
/// use pipeline_model::remote::log_hint;
///
/// let mut run = ActionExecution::new("1", "2", "Build", "Build", ActionStatus::Failed);
/// run.action_type = Some(ActionTypeId::new("Build", "AWS", "CodeBuild", "1"));
/// run.external_id = Some("shop:8a1c".into());
/// let hint = log_hint("shop", &run).unwrap();
/// assert_eq!(hint.command.unwrap(), "aws logs tail /aws/codebuild/shop --log-stream-names 8a1c");
/// ```
#[must_use]
pub fn log_hint(pipeline: &str, run: &ActionExecution) -> Option<LogHint> {
    let provider = run.action_type.as_ref().map(|kind| kind.provider.as_str()).unwrap_or_default();
    let id = run.external_id.as_deref();
    let setting = |key: &str| run.configuration.get(key).map(String::as_str);
    let with = |command: &str, value: Option<&str>| value.map(|value| format!("{command} {}", quoted(value)));
    let command = match provider {
        "CodeBuild" => id.and_then(|id| build(id, setting("BatchEnabled") == Some("true"))),
        "CodeDeploy" | "CodeDeployToECS" => with("aws deploy get-deployment --deployment-id", id),
        "CloudFormation" => with("aws cloudformation describe-stack-events --stack-name", setting("StackName")),
        "CloudFormationStackSet" | "CloudFormationStackInstances" => {
            with("aws cloudformation list-stack-set-operations --stack-set-name", setting("StackSetName"))
        }
        "ECS" => setting("ServiceName").map(|service| {
            let cluster = setting("ClusterName").unwrap_or("default");
            format!("aws ecs describe-services --cluster {} --services {}", quoted(cluster), quoted(service))
        }),
        "Lambda" => {
            setting("FunctionName").map(|name| format!("aws logs tail {}", quoted(&format!("/aws/lambda/{name}"))))
        }
        "StepFunctions" => with("aws stepfunctions describe-execution --execution-arn", id),
        "ElasticBeanstalk" => {
            with("aws elasticbeanstalk describe-events --environment-name", setting("EnvironmentName"))
        }
        "CodePipeline" => setting("PipelineName")
            .map(|name| format!("aws codepipeline list-pipeline-executions --pipeline-name {}", quoted(name))),
        "Commands" | "ECRBuildAndPublish" | "InspectorScan" | "EKS" | "EC2" => {
            let group = quoted(&format!("/aws/codepipeline/{pipeline}"));
            let stream = run.log_stream_arn.as_deref().and_then(|arn| arn.rsplit_once("log-stream:"));
            Some(match stream {
                Some((_, stream)) => format!("aws logs tail {group} --log-stream-names {}", quoted(stream)),
                None => format!("aws logs tail {group}"),
            })
        }
        _ => None,
    };
    let url = run.external_url.clone();
    (command.is_some() || url.is_some()).then(|| LogHint {
        stage: run.stage.clone(),
        action: run.action.clone(),
        command,
        url,
    })
}

/// The log of a build `project:stream`; of a batch, the builds in it.
fn build(id: &str, batch: bool) -> Option<String> {
    let (project, stream) = id.split_once(':')?;
    if batch {
        return Some(format!("aws codebuild batch-get-build-batches --ids {}", quoted(id)));
    }
    let group = quoted(&format!("/aws/codebuild/{project}"));
    Some(format!("aws logs tail {group} --log-stream-names {}", quoted(stream)))
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

//! On which resources an action uses its permissions, by the resource types of the service authorization reference.

use aws_call::Region;

use super::Home;
use crate::model::Action;

/// The text, unless part of it is only known in a run or a deployment.
pub(super) fn known(text: &str) -> &str {
    if text.contains("#{") || text.contains("${") { "*" } else { text }
}

/// The resources as patterns; `*` where the operation has no resource-level permissions or the configuration names none,
/// and no resource at all where the configuration does not ask for the operation.
pub(super) fn of(permission: &str, action: &Action, pipeline: &str, home: &Home) -> Vec<String> {
    let region = action.region.as_deref().and_then(|region| Region::parse(region).ok());
    let region = region.as_ref().unwrap_or(&home.region);
    let setting = |key: &str| action.config(key).map_or("*", known);
    let (service, operation) = permission.split_once(':').unwrap_or((permission, ""));
    let arn = |resource: String| vec![home.arn(service, region, &resource)];
    let global = |resource: String| vec![format!("arn:{}:{service}:::{resource}", region.partition().as_str())];
    match (service, operation) {
        ("appconfig", _) => arn(format!("application/{}*", setting("Application"))),
        ("cloudformation", "ValidateTemplate") | ("ecr", "GetAuthorizationToken") | ("lambda", "ListFunctions") => {
            any()
        }
        ("cloudformation", _) => match action.config("StackSetName") {
            Some(name) => arn(format!("stackset/{}:*", known(name))),
            None => arn(format!("stack/{}/*", setting("StackName"))),
        },
        ("codebuild", _) => arn(format!("project/{}", setting("ProjectName"))),
        ("codecommit", _) => arn(setting("RepositoryName").to_owned()),
        ("codedeploy", "CreateDeployment" | "GetDeployment") => {
            arn(format!("deploymentgroup:{}/{}", setting("ApplicationName"), setting("DeploymentGroupName")))
        }
        ("codedeploy", "GetDeploymentConfig") => arn("deploymentconfig:*".to_owned()),
        ("codedeploy", _) => arn(format!("application:{}", setting("ApplicationName"))),
        ("codepipeline", _) => arn(setting("PipelineName").to_owned()),
        ("codestar-connections" | "codeconnections", _) => vec![setting("ConnectionArn").to_owned()],
        ("ecr", _) => {
            let name =
                action.config("ECRRepositoryName").or_else(|| action.config("RepositoryName")).map_or("*", known);
            arn(format!("repository/{name}"))
        }
        ("ecs", "DescribeServices" | "UpdateService") => {
            arn(format!("service/{}/{}", setting("ClusterName"), setting("ServiceName")))
        }
        ("ecs", "DescribeTasks") => arn(format!("task/{}/*", setting("ClusterName"))),
        ("ecs", "TagResource") => arn("task-definition/*:*".to_owned()),
        ("eks", _) => arn(format!("cluster/{}", setting("ClusterName"))),
        ("iam", "PassRole") => vec![setting("RoleArn").to_owned()],
        ("lambda", _) => arn(format!("function:{}", setting("FunctionName"))),
        ("logs", _) => {
            let group = format!("log-group:/aws/codepipeline/{}", known(pipeline));
            vec![home.arn(service, region, &group), home.arn(service, region, &format!("{group}:*"))]
        }
        ("s3", _) => {
            let bucket = action.config("S3Bucket").or_else(|| action.config("BucketName")).map_or("*", known);
            if operation.starts_with("GetBucket") || operation == "ListBucket" {
                return global(bucket.to_owned());
            }
            global(format!("{bucket}/{}", action.config("S3ObjectKey").map_or("*", known)))
        }
        ("sns", _) => action.config("NotificationArn").map(|topic| known(topic).to_owned()).into_iter().collect(),
        ("states", "DescribeExecution") => {
            let machine = setting("StateMachineArn");
            vec![format!("{}:*", machine.replacen(":stateMachine:", ":execution:", 1))]
        }
        ("states", _) => vec![setting("StateMachineArn").to_owned()],
        _ => any(),
    }
}

fn any() -> Vec<String> {
    vec!["*".to_owned()]
}

/// The permission by the name that counts: connections of the newer service have another prefix.
pub(super) fn permission(permission: &str, action: &Action) -> String {
    match permission.strip_prefix("codestar-connections:") {
        Some(operation) if action.config("ConnectionArn").is_some_and(|arn| arn.contains(":codeconnections:")) => {
            format!("codeconnections:{operation}")
        }
        _ => permission.to_owned(),
    }
}

/// To which service the action hands a role.
pub(super) fn passed_to(permission: &str, action: &Action) -> Option<&'static str> {
    if permission != "iam:PassRole" {
        return None;
    }
    Some(match action.action_type_id.provider.as_str() {
        "ECS" | "CodeDeployToECS" => "ecs-tasks.amazonaws.com",
        _ => "cloudformation.amazonaws.com",
    })
}

//! What starts the pipeline when its sources change: event rules, and webhooks for the old GitHub source.
//!
//! Only where the declaration says that nothing polls: a source that polls would start the pipeline a second time.

use serde_json::{Value as Json, json};

use super::{Template, roles};
use crate::iam;
use crate::model::{Action, Pipeline};

pub(super) fn write(out: &mut Template, pipeline: &Pipeline, id: &str) {
    let mut role = None;
    for (_, action) in pipeline.actions() {
        let provider = (action.action_type_id.owner.as_str(), action.action_type_id.provider.as_str());
        if action.action_type_id.category.as_str() != "Source" {
            continue;
        }
        if provider == ("ThirdParty", "GitHub") && !polls(action) {
            webhook(out, id, action);
        }
        let Some(pattern) = pattern(action) else { continue };
        let role = role.get_or_insert_with(|| {
            let role = out.id(&["EventsRole"]);
            let arn = format!("arn:${{AWS::Partition}}:codepipeline:${{AWS::Region}}:${{AWS::AccountId}}:${{{id}}}");
            let own = roles::arn("codepipeline", &pipeline.name);
            let start = iam::need("codepipeline:StartPipelineExecution", own, "events");
            roles::write(out, &role, "events.amazonaws.com", &[start]);
            (role, arn)
        });
        let (role, arn) = role.clone();
        let name = out.id(&[&action.name, "Changes"]);
        out.resource(
            &name,
            "AWS::Events::Rule",
            &json!({
                "Description": format!("starts the pipeline when the source of action {} changes", action.name),
                "EventPattern": pattern,
                "Targets": [{ "Id": "Pipeline", "Arn": { "Fn::Sub": arn }, "RoleArn": { "Fn::GetAtt": [role, "Arn"] } }],
            }),
        );
    }
}

/// CodePipeline polls unless it is told not to.
fn polls(action: &Action) -> bool {
    action.config("PollForSourceChanges").is_none_or(|value| !value.eq_ignore_ascii_case("false"))
}

/// The events that mean a new revision (pages "Amazon ECR source actions and EventBridge", "CodeCommit source actions and
/// EventBridge" and "Amazon S3 source actions with EventBridge" of the user guide).
fn pattern(action: &Action) -> Option<Json> {
    let setting = |key: &str| action.config(key).filter(|value| !value.contains("#{"));
    match action.action_type_id.provider.as_str() {
        "CodeCommit" if !polls(action) => {
            let arn = format!(
                "arn:${{AWS::Partition}}:codecommit:${{AWS::Region}}:${{AWS::AccountId}}:{}",
                setting("RepositoryName")?
            );
            Some(json!({
                "source": ["aws.codecommit"],
                "detail-type": ["CodeCommit Repository State Change"],
                "resources": [{ "Fn::Sub": arn }],
                "detail": {
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceType": ["branch"],
                    "referenceName": [setting("BranchName")?],
                },
            }))
        }
        // It never polls.
        "ECR" => Some(json!({
            "source": ["aws.ecr"],
            "detail-type": ["ECR Image Action"],
            "detail": {
                "action-type": ["PUSH"],
                "result": ["SUCCESS"],
                "repository-name": [setting("RepositoryName")?],
                "image-tag": [setting("ImageTag").unwrap_or("latest")],
            },
        })),
        "S3" if !polls(action) => Some(json!({
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": { "bucket": { "name": [setting("S3Bucket")?] }, "object": { "key": [setting("S3ObjectKey")?] } },
        })),
        _ => None,
    }
}

fn webhook(out: &mut Template, pipeline: &str, action: &Action) {
    let secret = out.secret(&[&action.name, "WebhookSecret"], "What GitHub signs its calls with: any long random text");
    let id = out.id(&[&action.name, "Webhook"]);
    out.resource(
        &id,
        "AWS::CodePipeline::Webhook",
        &json!({
            "Authentication": "GITHUB_HMAC",
            "AuthenticationConfiguration": { "SecretToken": { "Ref": secret } },
            "Filters": [{ "JsonPath": "$.ref", "MatchEquals": "refs/heads/{Branch}" }],
            "RegisterWithThirdParty": true,
            "TargetAction": action.name,
            "TargetPipeline": { "Ref": pipeline },
            "TargetPipelineVersion": { "Fn::GetAtt": [pipeline, "Version"] },
        }),
    );
}

//! Roles with the permissions that are used, and no others.
//!
//! The needs come from [`crate::iam`], which speaks of one account and region. Names that no account and no bucket
//! has stand for those of the stack, and become its pseudo parameters and attributes.

use aws_call::{AccountId, Region};
use serde_json::{Value as Json, json};

use super::Template;
use super::store::BUCKET;
use crate::iam::{self, Home, Need, Policy};
use crate::model::{ArtifactStore, Pipeline};

/// Stands for the account of the stack, in its place in an ARN.
const ACCOUNT: &str = "000000000000";
/// Stands for the region of the stack, in its place in an ARN.
const REGION: &str = "of-the-stack-0";
/// Stands for the bucket of the template.
const STORE: &str = "artifacts-of-the-stack";
/// The pipeline's role in the template.
pub(super) const ROLE: &str = "PipelineRole";

/// Where the stack will be.
pub(super) fn home() -> Option<Home> {
    Some(Home::new(Region::parse(REGION).ok()?, AccountId::parse(ACCOUNT).ok()?))
}

/// The ARN of a resource of the stack's account and region.
pub(super) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// The declaration with the names that stand for those of the stack.
pub(super) fn in_stack(pipeline: &Pipeline, has_bucket: bool) -> Pipeline {
    let mut out = pipeline.clone();
    for action in out.stages.iter_mut().flat_map(|stage| &mut stage.actions) {
        if action.role_arn.as_ref() == Some(&pipeline.role_arn) {
            action.role_arn = None;
        }
    }
    ROLE.clone_into(&mut out.role_arn);
    if has_bucket {
        out.artifact_store.get_or_insert_with(|| ArtifactStore::s3(STORE)).location = STORE.to_owned();
    }
    out
}

/// Writes the pipeline's role.
pub(super) fn pipeline(out: &mut Template, pipeline: &Pipeline, has_bucket: bool) {
    let own = in_stack(pipeline, has_bucket);
    let needs = home().map(|home| iam::pipeline_needs(&own, &home)).unwrap_or_default();
    let id = out.id(&[ROLE]);
    write(out, &id, "codepipeline.amazonaws.com", needs.get(ROLE).map_or(&[], Vec::as_slice));
}

/// Writes a role that a service may assume, on behalf of this account only.
pub(super) fn write(out: &mut Template, id: &str, service: &str, needs: &[Need]) {
    let mut properties = json!({
        "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
        }] },
    });
    if !needs.is_empty() {
        let policy = serde_json::to_value(Policy::granting(needs)).unwrap_or_default();
        properties["Policies"] = json!([{ "PolicyName": "Needs", "PolicyDocument": of_stack(policy) }]);
    }
    out.resource(id, "AWS::IAM::Role", &properties);
}

/// What reading and writing the artifacts of the stack takes.
pub(super) fn store_needs(pipeline: &Pipeline, has_bucket: bool, because: &str) -> Vec<Need> {
    let own = in_stack(pipeline, has_bucket);
    let Some(home) = home() else { return Vec::new() };
    let stores = own.artifact_store.iter().chain(own.artifact_stores.iter().flat_map(|stores| stores.values()));
    stores.flat_map(|store| iam::store_needs(store, &home, because)).collect()
}

/// The texts of a policy with what stands for the stack's own names written as functions.
fn of_stack(json: Json) -> Json {
    match json {
        Json::String(text) => of_text(text),
        Json::Array(items) => items.into_iter().map(of_stack).collect(),
        Json::Object(object) => object.into_iter().map(|(key, value)| (key, of_stack(value))).collect(),
        other => other,
    }
}

fn of_text(text: String) -> Json {
    let bucket = format!("arn:aws:s3:::{STORE}");
    if text == bucket {
        return json!({ "Fn::GetAtt": [BUCKET, "Arn"] });
    }
    if let Some(below) = text.strip_prefix(&format!("{bucket}/")) {
        return json!({ "Fn::Sub": format!("${{{BUCKET}.Arn}}/{}", escaped(below)) });
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", "aws", service, region, account, resource] = parts.as_slice() else { return text.into() };
    // ARNs that configurations name stay as they are.
    if *service != "s3" && *region != REGION && *account != ACCOUNT {
        return text.into();
    }
    let region = if *region == REGION { "${AWS::Region}" } else { region };
    let account = if *account == ACCOUNT { "${AWS::AccountId}" } else { account };
    let resource = escaped(resource);
    json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}") })
}

/// A text that `Fn::Sub` leaves as it is.
fn escaped(text: &str) -> String {
    text.replace("${", "${!")
}

//! The bucket that artifacts lie in.

use serde_json::json;

use super::Template;
use crate::model::Pipeline;

/// The bucket's name in the template.
pub(super) const BUCKET: &str = "ArtifactBucket";

/// Writes the bucket, unless the declaration has one for each region.
pub(super) fn write(out: &mut Template, pipeline: &Pipeline) -> bool {
    if pipeline.artifact_stores.is_some() {
        return false;
    }
    let id = out.id(&[BUCKET]);
    let key = pipeline.artifact_store.as_ref().and_then(|store| store.encryption_key.as_ref());
    let encryption = match key {
        Some(key) => json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.id }),
        None => json!({ "SSEAlgorithm": "AES256" }),
    };
    out.kept(
        &id,
        "AWS::S3::Bucket",
        &json!({
            "BucketEncryption": { "ServerSideEncryptionConfiguration": [{ "ServerSideEncryptionByDefault": encryption }] },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
            },
            "VersioningConfiguration": { "Status": "Enabled" },
        }),
    );
    let policy = out.id(&["ArtifactBucketPolicy"]);
    out.resource(
        &policy,
        "AWS::S3::BucketPolicy",
        &json!({
            "Bucket": { "Ref": id },
            "PolicyDocument": { "Version": "2012-10-17", "Statement": [{
                "Sid": "OnlyEncryptedConnections",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [{ "Fn::GetAtt": [id, "Arn"] }, { "Fn::Sub": format!("${{{id}.Arn}}/*") }],
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            }] },
        }),
    );
    true
}

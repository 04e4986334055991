//! Where things lie: `AWS::S3::Bucket` and `AWS::ECR::Repository`.

use super::Definition;
use super::at::{At, Text};
use crate::iam::Policy;

/// A bucket.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bucket {
    /// Its name.
    pub name: Option<Text>,
    /// Whether it keeps every version of an object.
    pub is_versioned: bool,
    /// The algorithm that encrypts objects unless they say otherwise, if the template says it.
    pub encryption: Option<Text>,
    /// Whether all four blocks of public access are on; absent when the template says nothing about them.
    pub blocks_public_access: Option<bool>,
    /// Whether it tells EventBridge what happens to its objects.
    pub notifies_event_bridge: bool,
}

/// A repository of images.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Repository {
    /// Its name.
    pub name: Option<Text>,
    /// `MUTABLE` or `IMMUTABLE` and their kin.
    pub tag_mutability: Option<Text>,
    /// Whether each image is scanned when it is pushed.
    pub scan_on_push: Option<bool>,
    /// Who else may do what, if it can be read as a policy.
    pub policy: Option<Policy>,
    /// The lifecycle policy, a text of JSON.
    pub lifecycle_policy: Option<Text>,
}

pub(super) fn bucket(at: &At<'_>) -> Bucket {
    const BLOCKS: [&str; 4] = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
    let block = at.get("PublicAccessBlockConfiguration");
    let mut rules = at.get("BucketEncryption").items("ServerSideEncryptionConfiguration");
    let status = at.get("VersioningConfiguration").text("Status");
    let configuration = at.get("NotificationConfiguration").get("EventBridgeConfiguration");
    Bucket {
        name: at.text("BucketName"),
        is_versioned: status.is_some_and(|status| status.text == "Enabled"),
        encryption: rules.find_map(|rule| rule.get("ServerSideEncryptionByDefault").text("SSEAlgorithm")),
        blocks_public_access: block.is_there().then(|| BLOCKS.iter().all(|key| block.boolean(key) == Some(true))),
        // An empty object turns it on.
        notifies_event_bridge: configuration.is_there() && configuration.boolean("EventBridgeEnabled") != Some(false),
    }
}

pub(super) fn repository(at: &At<'_>) -> Repository {
    Repository {
        name: at.text("RepositoryName"),
        tag_mutability: at.text("ImageTagMutability"),
        scan_on_push: at.get("ImageScanningConfiguration").boolean("ScanOnPush"),
        policy: at.json("RepositoryPolicyText").and_then(|json| serde_json::from_value(json).ok()),
        lifecycle_policy: at.get("LifecyclePolicy").text("LifecyclePolicyText"),
    }
}

impl Definition {
    /// The bucket that it is.
    #[must_use]
    pub const fn bucket(&self) -> Option<&Bucket> {
        match self {
            Self::Bucket(bucket) => Some(bucket),
            _ => None,
        }
    }

    /// The repository that it is.
    #[must_use]
    pub const fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Repository(repository) => Some(repository),
            _ => None,
        }
    }
}

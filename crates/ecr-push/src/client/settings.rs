//! The roles around the images: how a repository and a registry are set up, and what ECR says of an image after a push. The
//! adapter over the SDK and the in-memory registry play all of them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_call::{AccountId, CallError, Region};
use serde::{Deserialize, Serialize};

use super::TagMutability;
use crate::{
    digest::Digest,
    reference::{RepositoryName, Tag},
    repository::ImageDetail,
};

/// Defines a role: its trait, and that whatever is shared plays it too.
macro_rules! role {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$method_doc:meta])* fn $method:ident(&self $(, $argument:ident: $type:ty)*) -> $output:ty;)+
    }) => {
        $(#[$doc])*
        #[async_trait]
        pub trait $name: Send + Sync {
            $($(#[$method_doc])* async fn $method(&self $(, $argument: $type)*) -> Result<$output, CallError>;)+
        }

        #[async_trait]
        impl<T: $name + ?Sized> $name for std::sync::Arc<T> {
            $(async fn $method(&self $(, $argument: $type)*) -> Result<$output, CallError> {
                (**self).$method($($argument),*).await
            })+
        }

        const _: fn(&dyn $name) = |_| ();
    };
}

role! {
    /// The settings of repositories.
    RepositorySettings {
        /// How a repository is set up; `None` if there is none.
        fn settings(&self, repository: &RepositoryName) -> Option<Settings>;
        /// Creates a repository with these settings and tags; `RepositoryAlreadyExistsException` if it exists.
        fn create_with(&self, repository: &RepositoryName, settings: &Settings) -> Settings;
        /// Sets which tags can be moved.
        fn put_tag_rule(&self, repository: &RepositoryName, rule: &TagRule) -> ();
        /// Sets whether images are scanned when they are pushed.
        fn put_scan_on_push(&self, repository: &RepositoryName, scan: bool) -> ();
        /// The tags of the resource with this ARN.
        fn resource_tags(&self, arn: &str) -> BTreeMap<String, String>;
        /// Adds tags, and gives those that are there their new values.
        fn put_resource_tags(&self, arn: &str, tags: &BTreeMap<String, String>) -> ();
    }
}

role! {
    /// The documents of repositories: who may use them, and what becomes of old images.
    RepositoryDocuments {
        /// The policy; `None` if there is none.
        fn policy(&self, repository: &RepositoryName) -> Option<String>;
        /// Replaces the policy.
        fn put_policy(&self, repository: &RepositoryName, text: &str) -> ();
        /// Removes the policy; `RepositoryPolicyNotFoundException` if there is none.
        fn delete_policy(&self, repository: &RepositoryName) -> ();
        /// The lifecycle policy; `None` if there is none.
        fn lifecycle(&self, repository: &RepositoryName) -> Option<String>;
        /// Replaces the lifecycle policy.
        fn put_lifecycle(&self, repository: &RepositoryName, text: &str) -> ();
        /// Removes the lifecycle policy; `LifecyclePolicyNotFoundException` if there is none.
        fn delete_lifecycle(&self, repository: &RepositoryName) -> ();
    }
}

role! {
    /// The settings of the registry as a whole.
    RegistrySettings {
        /// The rules by which images of other registries are fetched.
        fn pull_through_rules(&self) -> Vec<PullThroughRule>;
        /// Adds a rule; `PullThroughCacheRuleAlreadyExistsException` if its prefix has one.
        fn create_pull_through_rule(&self, rule: &PullThroughRule) -> ();
        /// Removes the rule of a prefix; `PullThroughCacheRuleNotFoundException` if there is none.
        fn delete_pull_through_rule(&self, prefix: &str) -> ();
        /// Where images are replicated.
        fn replication(&self) -> Replication;
        /// Replaces where images are replicated.
        fn put_replication(&self, replication: &Replication) -> ();
    }
}

role! {
    /// What ECR says of images after they were pushed.
    Inspections {
        /// The state of the scan of an image and what it found; `ScanNotFoundException` as long as none has begun.
        fn scan(&self, repository: &RepositoryName, image: Digest) -> Scan;
        /// Begins a basic scan. ECR does one for each image in 24 hours.
        fn start_scan(&self, repository: &RepositoryName, image: Digest) -> ();
        /// How far an image is replicated, for each destination.
        fn replicas(&self, repository: &RepositoryName, image: Digest) -> Vec<Replica>;
        /// All images of a repository.
        fn images(&self, repository: &RepositoryName) -> Vec<ImageDetail>;
    }
}

/// How a repository is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Settings {
    /// Its ARN; empty before it is created.
    pub arn: String,
    /// Which tags can be moved.
    pub tag_rule: TagRule,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
    /// How its layers are encrypted. Cannot be changed.
    pub encryption: Encryption,
    /// Its tags; left out where they were not asked for.
    pub tags: BTreeMap<String, String>,
}

/// Which tags of a repository can be moved to another image.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TagRule {
    /// All of them or none.
    pub mutability: TagMutability,
    /// Patterns with `*` of the tags for which it is the other way round, five at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

impl TagRule {
    /// The most exceptions.
    pub const EXCEPTIONS: usize = 5;

    /// A rule without exceptions.
    #[must_use]
    pub const fn new(mutability: TagMutability) -> Self {
        Self { mutability, except: Vec::new() }
    }

    /// For tags of this pattern it is the other way round.
    #[must_use]
    pub fn except(mut self, pattern: impl Into<String>) -> Self {
        self.except.push(pattern.into());
        self
    }

    /// Whether this tag can be moved.
    #[must_use]
    pub fn moves(&self, tag: &Tag) -> bool {
        let excepted = self.except.iter().any(|pattern| crate::repository::matches(pattern, tag.as_str()));
        (self.mutability == TagMutability::Mutable) != excepted
    }
}

/// How layers are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Encryption {
    /// With keys of the service (`AES256`).
    #[default]
    Service,
    /// With a key of KMS: its id or ARN, or ECR's own key in the account.
    Kms(Option<String>),
    /// With two layers of KMS (`KMS_DSSE`).
    KmsTwice(Option<String>),
}

/// By which rule images of another registry are fetched when they are first pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PullThroughRule {
    /// What the names of the repositories here begin with; `ROOT` for all that no other rule has.
    pub ecr_repository_prefix: String,
    /// The host of the other registry.
    pub upstream_registry_url: String,
    /// The secret with its login, whose name begins with `ecr-pullthroughcache/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_arn: Option<String>,
    /// What the names there begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_repository_prefix: Option<String>,
}

impl PullThroughRule {
    /// Fetches `prefix/NAME` as `NAME` from the registry at this host.
    #[must_use]
    pub fn new(prefix: impl Into<String>, host: impl Into<String>) -> Self {
        Self {
            ecr_repository_prefix: prefix.into(),
            upstream_registry_url: host.into(),
            credential_arn: None,
            upstream_repository_prefix: None,
        }
    }

    /// Logs in with this secret.
    #[must_use]
    pub fn with_credential(mut self, arn: impl Into<String>) -> Self {
        self.credential_arn = Some(arn.into());
        self
    }
}

/// Where the images of a registry are replicated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Replication {
    /// The rules; without any, nothing is replicated. Ten at most.
    pub rules: Vec<ReplicationRule>,
}

impl Replication {
    /// Replicates by these rules.
    #[must_use]
    pub const fn new(rules: Vec<ReplicationRule>) -> Self {
        Self { rules }
    }
}

/// Which images are replicated where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReplicationRule {
    /// Where: 25 at most over all rules.
    pub destinations: Vec<Destination>,
    /// Which repositories; all if nothing is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repository_filters: Vec<RepositoryFilter>,
}

impl ReplicationRule {
    /// All repositories, to these destinations.
    #[must_use]
    pub const fn new(destinations: Vec<Destination>) -> Self {
        Self { destinations, repository_filters: Vec::new() }
    }

    /// Only repositories whose names begin with this.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.repository_filters.push(RepositoryFilter { filter: prefix.into(), filter_type: PREFIX.to_owned() });
        self
    }

    /// Whether images of this repository are replicated.
    #[must_use]
    pub fn includes(&self, repository: &RepositoryName) -> bool {
        let begins = |filter: &RepositoryFilter| repository.as_str().starts_with(&filter.filter);
        self.repository_filters.is_empty() || self.repository_filters.iter().any(begins)
    }
}

const PREFIX: &str = "PREFIX_MATCH";

/// Which repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RepositoryFilter {
    /// What their names begin with.
    pub filter: String,
    /// `PREFIX_MATCH`.
    pub filter_type: String,
}

/// A registry of an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Destination {
    /// The region.
    pub region: Region,
    /// The account.
    pub registry_id: AccountId,
}

impl Destination {
    /// The registry of this account in this region.
    #[must_use]
    pub const fn new(region: Region, registry_id: AccountId) -> Self {
        Self { region, registry_id }
    }
}

/// A copy of an image in another registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replica {
    /// Where.
    pub destination: Destination,
    /// `IN_PROGRESS`, `COMPLETE`, `FAILED`, or what ECR says one day.
    pub status: String,
    /// Why it failed.
    pub failure: Option<String>,
}

impl Replica {
    /// A copy in this state.
    #[must_use]
    pub fn new(destination: Destination, status: impl Into<String>) -> Self {
        Self { destination, status: status.into(), failure: None }
    }
}

/// The scan of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Scan {
    /// In ECR's words, such as `COMPLETE` or `ACTIVE`.
    pub status: String,
    /// What ECR says about it.
    pub description: Option<String>,
    /// How many findings there are of each severity, as ECR counts them.
    pub counts: BTreeMap<String, u64>,
    /// The findings, of both kinds of scan.
    pub findings: Vec<Vulnerability>,
}

impl Scan {
    /// A scan in this state that has found nothing.
    #[must_use]
    pub fn new(status: impl Into<String>) -> Self {
        Self { status: status.into(), ..Self::default() }
    }

    /// Adds a finding.
    #[must_use]
    pub fn with_finding(mut self, name: impl Into<String>, severity: impl Into<String>) -> Self {
        let severity = severity.into();
        *self.counts.entry(severity.clone()).or_default() += 1;
        self.findings.push(Vulnerability { name: name.into(), severity, package: None });
        self
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Vulnerability {
    /// Such as `CVE-2024-0001`.
    pub name: String,
    /// In ECR's words.
    pub severity: String,
    /// The package that has it.
    pub package: Option<String>,
}

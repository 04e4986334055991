//! What a verification asks of an account: a trait for each service that keeps something a task definition names.
//!
//! The traits ask whether a thing is there and what a task would trip over, never for a value: a secret is its keys.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use serde_json::{Map, Value as Json};

/// The registries that hold the images.
///
/// Implemented above this crate, for example over `ecr-push`: a registry is not the business of ECS.
#[async_trait]
pub trait Images: Send + Sync {
    /// The platforms that an image, named as in a task definition, is there for; none if its manifest does not say. `None`
    /// if there is no such image. For a registry that cannot be asked the error is [`CallError::unsupported`].
    async fn platforms(&self, image: &str) -> Result<Option<Vec<Platform>>, CallError>;
}

/// The roles of the account.
#[async_trait]
pub trait Roles: Send + Sync {
    /// A role by its ARN or, as old files have it, by its name.
    async fn role(&self, id: &str) -> Result<Option<Role>, CallError>;
}

/// The log groups of CloudWatch Logs.
#[async_trait]
pub trait LogGroups: Send + Sync {
    /// Whether a log group of exactly this name exists.
    async fn has_log_group(&self, id: &LogGroupId) -> Result<bool, CallError>;
}

/// The secrets of Secrets Manager.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// What kind of text a secret holds; `None` if there is no such secret or no such version of it.
    async fn secret(&self, id: &SecretId) -> Result<Option<SecretShape>, CallError>;
}

/// The parameters of Systems Manager's Parameter Store.
#[async_trait]
pub trait Parameters: Send + Sync {
    /// Which of at most [`PARAMETERS_PER_CALL`] parameters, by name or ARN, do not exist. `GetParameters` answers with
    /// success and lists them as `InvalidParameters`.
    async fn missing_parameters(&self, ids: &[String]) -> Result<Vec<String>, CallError>;
}

/// The target groups of the load balancers.
#[async_trait]
pub trait TargetGroups: Send + Sync {
    /// A target group by its ARN.
    async fn target_group(&self, arn: &str) -> Result<Option<TargetGroup>, CallError>;
}

const _: fn(&dyn Images, &dyn Roles, &dyn LogGroups) = |_, _, _| ();
const _: fn(&dyn Secrets, &dyn Parameters, &dyn TargetGroups) = |_, _, _| ();

/// How many parameters one call of `GetParameters` takes.
pub const PARAMETERS_PER_CALL: usize = 10;

/// An operating system and a processor, in the words of an image manifest: `linux/amd64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Platform {
    /// `linux` or `windows`.
    pub os: String,
    /// `amd64`, `arm64`, …
    pub architecture: String,
}

impl Platform {
    /// A platform.
    #[must_use]
    pub fn new(os: impl Into<String>, architecture: impl Into<String>) -> Self {
        Self { os: os.into(), architecture: architecture.into() }
    }
}

/// `linux/amd64`.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// A role and who may take it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The services that may assume it: `ecs-tasks.amazonaws.com`; `*` for all.
    pub trusted_services: Vec<String>,
}

impl Role {
    /// A role that these services may assume.
    #[must_use]
    pub fn new<S: Into<String>>(arn: impl Into<String>, trusted_services: impl IntoIterator<Item = S>) -> Self {
        Self { arn: arn.into(), trusted_services: trusted_services.into_iter().map(Into::into).collect() }
    }

    /// A role with the trust policy that `GetRole` gives, after URL decoding.
    ///
    /// Statements, principals and actions may each be one or a list. Conditions are not looked at: a statement counts as if
    /// they held.
    ///
    /// # Errors
    /// The error of the JSON reader if the policy is no JSON.
    pub fn from_trust_policy(arn: impl Into<String>, policy: &str) -> Result<Self, serde_json::Error> {
        let policy: Json = serde_json::from_str(policy)?;
        let mut trusted_services = Vec::new();
        for statement in one_or_more(&policy["Statement"]) {
            let assumes = one_or_more(&statement["Action"])
                .filter_map(Json::as_str)
                .any(|action| matches!(action, "sts:AssumeRole" | "sts:*" | "*"));
            if statement["Effect"] != "Allow" || !assumes {
                continue;
            }
            let principal = &statement["Principal"];
            if principal == "*" {
                trusted_services.push("*".to_owned());
            }
            trusted_services.extend(one_or_more(&principal["Service"]).filter_map(Json::as_str).map(str::to_owned));
        }
        Ok(Self { arn: arn.into(), trusted_services })
    }

    /// Whether the tasks of ECS may assume it.
    #[must_use]
    pub fn trusts_tasks(&self) -> bool {
        self.trusted_services.iter().any(|service| service == "*" || service.starts_with("ecs-tasks.amazonaws.com"))
    }
}

fn one_or_more(json: &Json) -> impl Iterator<Item = &Json> {
    match json {
        Json::Array(items) => items.as_slice(),
        Json::Null => &[],
        one => std::slice::from_ref(one),
    }
    .iter()
}

/// A log group of a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct LogGroupId {
    /// The region that `awslogs-region` names.
    pub region: String,
    /// The name.
    pub name: String,
}

impl LogGroupId {
    /// A log group.
    #[must_use]
    pub fn new(region: impl Into<String>, name: impl Into<String>) -> Self {
        Self { region: region.into(), name: name.into() }
    }
}

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct SecretId {
    /// The secret's ARN, with or without its last six characters.
    pub arn: String,
    /// The stage; `AWSCURRENT` if neither this nor a version is given.
    pub stage: Option<String>,
    /// The version's id.
    pub version: Option<String>,
}

impl SecretId {
    /// The current version of a secret.
    #[must_use]
    pub fn current(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), stage: None, version: None }
    }
}

/// What a secret holds, without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretShape {
    /// Text or bytes in which keys cannot be looked up.
    Opaque,
    /// A JSON object with these keys.
    Keys(BTreeSet<String>),
}

impl SecretShape {
    /// The shape of a secret's text, which is not kept.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match serde_json::from_str::<Map<String, Json>>(text) {
            Ok(object) => Self::Keys(object.into_iter().map(|(key, _)| key).collect()),
            Err(_) => Self::Opaque,
        }
    }
}

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetGroup {
    /// `ip`, `instance`, `lambda` or `alb`.
    pub target_type: String,
    /// The ARNs of the load balancers that send requests to it.
    pub load_balancers: Vec<String>,
}

impl TargetGroup {
    /// A target group.
    #[must_use]
    pub fn new<S: Into<String>>(target_type: impl Into<String>, load_balancers: impl IntoIterator<Item = S>) -> Self {
        Self { target_type: target_type.into(), load_balancers: load_balancers.into_iter().map(Into::into).collect() }
    }
}

macro_rules! through_arc {
    ($role:ident, $method:ident, $argument:ty, $answer:ty) => {
        #[async_trait]
        impl<T: $role + ?Sized> $role for Arc<T> {
            async fn $method(&self, id: $argument) -> Result<$answer, CallError> {
                (**self).$method(id).await
            }
        }
    };
}

through_arc!(Images, platforms, &str, Option<Vec<Platform>>);
through_arc!(Roles, role, &str, Option<Role>);
through_arc!(LogGroups, has_log_group, &LogGroupId, bool);
through_arc!(Secrets, secret, &SecretId, Option<SecretShape>);
through_arc!(Parameters, missing_parameters, &[String], Vec<String>);
through_arc!(TargetGroups, target_group, &str, Option<TargetGroup>);

//! An account in memory (feature `memory`): what is not in it is not found, and what is denied is an error.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_call::CallError;

use super::account::{
    Images, LogGroupId, LogGroups, PARAMETERS_PER_CALL, Parameters, Platform, Role, Roles, SecretId, SecretShape,
    Secrets, TargetGroup, TargetGroups,
};

/// How many random characters Secrets Manager puts behind a secret's name in its ARN, with the hyphen.
const SUFFIX: usize = 7;

/// An account with what it was given.
#[derive(Clone, Debug, Default)]
pub struct MemoryAccount {
    images: BTreeMap<String, Vec<Platform>>,
    roles: Vec<Role>,
    log_groups: BTreeSet<LogGroupId>,
    /// By ARN and stage.
    secrets: BTreeMap<(String, String), SecretShape>,
    parameters: BTreeSet<String>,
    target_groups: BTreeMap<String, TargetGroup>,
    denied: BTreeSet<&'static str>,
}

impl MemoryAccount {
    /// An empty account.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an image under the name that task definitions use.
    #[must_use]
    pub fn with_image(mut self, image: impl Into<String>, platforms: impl IntoIterator<Item = Platform>) -> Self {
        self.images.insert(image.into(), platforms.into_iter().collect());
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// Adds a log group.
    #[must_use]
    pub fn with_log_group(mut self, id: LogGroupId) -> Self {
        self.log_groups.insert(id);
        self
    }

    /// Adds the current version of a secret by its full ARN. Of its text only the shape is kept.
    #[must_use]
    pub fn with_secret(self, arn: impl Into<String>, text: &str) -> Self {
        self.with_secret_stage(arn, "AWSCURRENT", text)
    }

    /// Adds the version of a secret that has a stage.
    #[must_use]
    pub fn with_secret_stage(mut self, arn: impl Into<String>, stage: impl Into<String>, text: &str) -> Self {
        self.secrets.insert((arn.into(), stage.into()), SecretShape::of(text));
        self
    }

    /// Adds a parameter by its name: `/shop/token`.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>) -> Self {
        self.parameters.insert(name.into());
        self
    }

    /// Adds a target group by its ARN.
    #[must_use]
    pub fn with_target_group(mut self, arn: impl Into<String>, group: TargetGroup) -> Self {
        self.target_groups.insert(arn.into(), group);
        self
    }

    /// Lets an operation, as its API names it (`GetRole`), fail for lack of a permission.
    #[must_use]
    pub fn without_permission(mut self, operation: &'static str) -> Self {
        self.denied.insert(operation);
        self
    }

    fn allow(&self, operation: &'static str) -> Result<(), CallError> {
        if !self.denied.contains(operation) {
            return Ok(());
        }
        let message = format!(
            "User: arn:aws:iam::123456789012:user/longshore is not authorized to perform: {operation} because no identity-based policy allows the action"
        );
        Err(CallError::service(operation, "AccessDeniedException", message))
    }
}

#[async_trait]
impl Images for MemoryAccount {
    async fn platforms(&self, image: &str) -> Result<Option<Vec<Platform>>, CallError> {
        self.allow("BatchGetImage")?;
        Ok(self.images.get(image).cloned())
    }
}

#[async_trait]
impl Roles for MemoryAccount {
    async fn role(&self, id: &str) -> Result<Option<Role>, CallError> {
        self.allow("GetRole")?;
        let is = |role: &&Role| role.arn == id || role.arn.rsplit_once('/').is_some_and(|(_, name)| name == id);
        Ok(self.roles.iter().find(is).cloned())
    }
}

#[async_trait]
impl LogGroups for MemoryAccount {
    async fn has_log_group(&self, id: &LogGroupId) -> Result<bool, CallError> {
        self.allow("DescribeLogGroups")?;
        Ok(self.log_groups.contains(id))
    }
}

#[async_trait]
impl Secrets for MemoryAccount {
    async fn secret(&self, id: &SecretId) -> Result<Option<SecretShape>, CallError> {
        self.allow("GetSecretValue")?;
        if id.version.is_some() {
            // Ids of versions are random; none was given.
            return Ok(None);
        }
        let stage = id.stage.as_deref().unwrap_or("AWSCURRENT");
        // The service finds a secret without the random end of its ARN too.
        let is =
            |arn: &str| arn == id.arn || arn.len() == id.arn.len() + SUFFIX && arn.starts_with(&format!("{}-", id.arn));
        let found = self.secrets.iter().find(|((arn, of), _)| is(arn) && of == stage);
        Ok(found.map(|(_, shape)| shape.clone()))
    }
}

#[async_trait]
impl Parameters for MemoryAccount {
    async fn missing_parameters(&self, ids: &[String]) -> Result<Vec<String>, CallError> {
        const OPERATION: &str = "GetParameters";
        self.allow(OPERATION)?;
        if ids.is_empty() || ids.len() > PARAMETERS_PER_CALL {
            let message = "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10, greater than or equal to 1.";
            return Err(CallError::service(OPERATION, "ValidationException", message));
        }
        // In an ARN the leading slash of a name is the one behind `parameter`.
        let name = |id: &str| id.split_once(":parameter").map_or(id.to_owned(), |(_, name)| name.to_owned());
        let there = |id: &str| {
            let name = name(id);
            self.parameters.contains(&name) || name.strip_prefix('/').is_some_and(|name| self.parameters.contains(name))
        };
        Ok(ids.iter().filter(|id| !there(id)).cloned().collect())
    }
}

#[async_trait]
impl TargetGroups for MemoryAccount {
    async fn target_group(&self, arn: &str) -> Result<Option<TargetGroup>, CallError> {
        self.allow("DescribeTargetGroups")?;
        Ok(self.target_groups.get(arn).cloned())
    }
}

//! How CodeBuild comes to the source: tokens that an account has handed over, and whether a token may do enough.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{CallError, Secret};

/// Hands credentials of source providers to CodeBuild.
#[async_trait]
pub trait SourceCredentials: Debug + Send + Sync {
    /// Hands credentials over, and gives their ARN. An account and region has one per provider and kind.
    ///
    /// # Errors
    /// The call failed, or there are credentials already that may not be replaced.
    async fn import_source_credentials(&self, request: &ImportSourceCredentials) -> Result<String, CallError>;

    /// What has been handed over. Tokens cannot be read back.
    ///
    /// # Errors
    /// The call failed.
    async fn list_source_credentials(&self) -> Result<Vec<SourceCredentialsInfo>, CallError>;

    /// Takes credentials back.
    ///
    /// # Errors
    /// The call failed, or there are none of this ARN.
    async fn delete_source_credentials(&self, arn: &str) -> Result<(), CallError>;
}

const _: fn(&dyn SourceCredentials) = |_| ();

#[async_trait]
impl<T: SourceCredentials + ?Sized> SourceCredentials for Arc<T> {
    async fn import_source_credentials(&self, request: &ImportSourceCredentials) -> Result<String, CallError> {
        (**self).import_source_credentials(request).await
    }

    async fn list_source_credentials(&self) -> Result<Vec<SourceCredentialsInfo>, CallError> {
        (**self).list_source_credentials().await
    }

    async fn delete_source_credentials(&self, arn: &str) -> Result<(), CallError> {
        (**self).delete_source_credentials(arn).await
    }
}

/// Credentials to hand over. The token is in no `Debug`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSourceCredentials {
    /// `GITHUB`, `GITHUB_ENTERPRISE`, `BITBUCKET`, `GITLAB` or `GITLAB_SELF_MANAGED`.
    pub server_type: String,
    /// `PERSONAL_ACCESS_TOKEN`, `BASIC_AUTH` (Bitbucket), `OAUTH`, `CODECONNECTIONS` or `SECRETS_MANAGER`.
    pub auth_type: String,
    /// Of Bitbucket.
    pub username: Option<String>,
    /// The token; for the last two kinds the ARN of the connection or secret.
    pub token: Secret,
    /// Whether credentials that are there already are replaced; the service does so.
    pub should_overwrite: Option<bool>,
}

impl ImportSourceCredentials {
    /// A token of GitHub.
    #[must_use]
    pub fn github(token: Secret) -> Self {
        Self {
            server_type: "GITHUB".to_owned(),
            auth_type: "PERSONAL_ACCESS_TOKEN".to_owned(),
            username: None,
            token,
            should_overwrite: None,
        }
    }

    /// Credentials of any provider.
    #[must_use]
    pub fn new(server_type: impl Into<String>, auth_type: impl Into<String>, token: Secret) -> Self {
        Self {
            server_type: server_type.into(),
            auth_type: auth_type.into(),
            username: None,
            token,
            should_overwrite: None,
        }
    }

    /// Sets the name of the user.
    #[must_use]
    pub fn with_username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Refuses to replace credentials that are there already.
    #[must_use]
    pub const fn without_overwriting(mut self) -> Self {
        self.should_overwrite = Some(false);
        self
    }
}

/// Credentials that have been handed over.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCredentialsInfo {
    /// Their ARN.
    pub arn: String,
    /// The provider.
    pub server_type: String,
    /// Their kind.
    pub auth_type: String,
}

impl SourceCredentialsInfo {
    /// Credentials from their parts.
    #[must_use]
    pub fn new(arn: impl Into<String>, server_type: impl Into<String>, auth_type: impl Into<String>) -> Self {
        Self { arn: arn.into(), server_type: server_type.into(), auth_type: auth_type.into() }
    }
}

/// A scope that a token of GitHub lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MissingScope {
    /// Its name, such as `repo`.
    pub scope: &'static str,
    /// What it grants.
    pub grants: &'static str,
}

/// The scopes that CodeBuild needs, in the words of the page "Access your source provider" of its user guide.
const SCOPES: [MissingScope; 3] = [
    MissingScope { scope: "repo", grants: "full control of private repositories" },
    MissingScope { scope: "repo:status", grants: "access to commit statuses" },
    MissingScope { scope: "admin:repo_hook", grants: "full control of repository hooks" },
];

/// Which of the scopes that CodeBuild and CodePipeline need a token of GitHub lacks.
///
/// `granted` is what GitHub answers every call of the token with, in the header `x-oauth-scopes`. `repo` holds the others,
/// hooks included: then nothing is missing. Fine-grained tokens have no scopes and no such header; of them this says
/// nothing.
///
/// ```
/// use buildspec::client::missing_github_scopes;
///
/// assert!(missing_github_scopes("gist, repo").is_empty());
/// let missing = missing_github_scopes("public_repo, repo:status");
/// assert_eq!(missing.iter().map(|missing| missing.scope).collect::<Vec<_>>(), ["repo", "admin:repo_hook"]);
/// ```
#[must_use]
pub fn missing_github_scopes(granted: &str) -> Vec<MissingScope> {
    let granted: Vec<&str> = granted.split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
    if granted.contains(&"repo") {
        return Vec::new();
    }
    SCOPES.into_iter().filter(|needed| !granted.contains(&needed.scope)).collect()
}

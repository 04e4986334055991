//! `env` and `proxy`.

use serde::Serialize;

use super::Text;

/// Where variables come from.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Env {
    /// `bash`, `/bin/sh`, `powershell.exe` or `cmd.exe`.
    pub shell: Option<Text>,
    /// Values that are used literally: nothing in them is expanded.
    pub variables: Vec<Variable>,
    /// Names of parameters of the Systems Manager Parameter Store.
    pub parameter_store: Vec<Variable>,
    /// References to secrets; see [`SecretReference`](super::SecretReference).
    pub secrets_manager: Vec<Variable>,
    /// Names of variables that are handed on when the build is over.
    pub exported_variables: Vec<Text>,
    /// Whether git asks CodeBuild for credentials.
    pub git_credential_helper: Option<Text>,
}

/// A name and what is written for it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// The name.
    pub name: Text,
    /// The value, or the reference to it.
    pub value: Text,
}

impl Variable {
    /// A variable from its two parts.
    #[must_use]
    pub const fn new(name: Text, value: Text) -> Self {
        Self { name, value }
    }
}

/// What an explicit proxy server lets through.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proxy {
    /// Whether artifacts may be uploaded through it.
    pub upload_artifacts: Option<Text>,
    /// Whether logs may be sent through it.
    pub logs: Option<Text>,
}

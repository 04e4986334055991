//! Where the values of `parameter-store` and `secrets-manager` come from.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use aws_call::Secret;

use crate::build::PhaseContext;
use crate::model::SecretReference;

/// Gives values for the references of `env.parameter-store` and `env.secrets-manager`.
pub trait SecretSource: Debug + Send + Sync {
    /// The value of a parameter of the Systems Manager Parameter Store.
    ///
    /// # Errors
    /// When there is none, or it cannot be had.
    fn parameter(&self, name: &str) -> Result<Secret, SecretError>;

    /// The value of a secret of Secrets Manager, or of the key of it that the reference names.
    ///
    /// # Errors
    /// When there is none, or it cannot be had.
    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError>;
}

const _: fn(&dyn SecretSource) = |_| ();

/// Why a value cannot be had. Ends the build in `DOWNLOAD_SOURCE`, as in CodeBuild.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no such parameter or secret.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// It exists, or may exist, and cannot be read; the text says why.
    #[error("{0}")]
    Refused(String),
}

impl SecretError {
    /// In the words of CodeBuild about a parameter.
    pub(super) fn of_parameter(&self) -> PhaseContext {
        let message = match self {
            Self::NotFound(name) => format!("parameter does not exist: {name}"),
            Self::Refused(why) => why.clone(),
        };
        PhaseContext::new("Decrypted Variables Error", message)
    }

    /// In the words of CodeBuild about a secret.
    pub(super) fn of_secret(&self) -> PhaseContext {
        let message = match self {
            Self::NotFound(_) => {
                "ResourceNotFoundException: Secrets Manager can't find the specified secret.".to_owned()
            }
            Self::Refused(why) => why.clone(),
        };
        PhaseContext::new("Secrets Manager Error", message)
    }
}

/// No values at all: for buildspecs without references, whose use then fails by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn parameter(&self, name: &str) -> Result<Secret, SecretError> {
        Err(SecretError::NotFound(name.to_owned()))
    }

    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        Err(SecretError::NotFound(reference.secret_id.clone()))
    }
}

/// Values from a map. `Debug` shows the names only.
#[derive(Clone, Default)]
pub struct MapSecrets {
    parameters: BTreeMap<String, Secret>,
    /// By id and key; without a key the whole secret.
    secrets: BTreeMap<(String, Option<String>), Secret>,
}

impl MapSecrets {
    /// A source without values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Adds a secret that is one text.
    #[must_use]
    pub fn with_secret(mut self, id: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.secrets.insert((id.into(), None), value.into());
        self
    }

    /// Adds the value of one key of a secret.
    #[must_use]
    pub fn with_secret_key(mut self, id: impl Into<String>, key: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.secrets.insert((id.into(), Some(key.into())), value.into());
        self
    }
}

impl SecretSource for MapSecrets {
    fn parameter(&self, name: &str) -> Result<Secret, SecretError> {
        self.parameters.get(name).cloned().ok_or_else(|| SecretError::NotFound(name.to_owned()))
    }

    fn secret(&self, reference: &SecretReference) -> Result<Secret, SecretError> {
        let key = (reference.secret_id.clone(), reference.json_key.clone());
        self.secrets.get(&key).cloned().ok_or_else(|| SecretError::NotFound(reference.secret_id.clone()))
    }
}

impl Debug for MapSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.secrets.keys().map(|(id, key)| match key {
            Some(key) => format!("{id}:{key}"),
            None => id.clone(),
        });
        f.write_str("MapSecrets")?;
        f.debug_set().entries(self.parameters.keys().cloned().chain(secrets)).finish()
    }
}

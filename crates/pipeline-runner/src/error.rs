//! What can go wrong around a pipeline, as opposed to inside one of its actions.

use std::path::PathBuf;

use crate::core::{FailureKind, Refusal};

/// Why the runner could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The declaration uses a part of CodePipeline that does not run here.
    #[error("pipeline `{pipeline}` uses {what}, which this runner does not run: take it out for a local run")]
    Unsupported {
        /// Pipeline.
        pipeline: String,
        /// Which parts, with their places in the declaration.
        what: String,
    },
    /// The service would refuse the input.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file or directory could not be used.
    #[error("{path}: {message}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        message: String,
        /// Why.
        source: Option<std::io::Error>,
    },
    /// An artifact is not in the store.
    #[error("artifact `{key}` is not in the store (NoSuchKey): the action that declares it as output wrote nothing")]
    NoSuchArtifact {
        /// Its key.
        key: String,
    },
    /// An archive was refused.
    #[error("artifact `{key}` is no archive that can be unpacked safely: {message}")]
    BadArchive {
        /// Its key.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// The service that keeps artifacts cannot be used.
    #[error("{place}: {error}")]
    Call {
        /// What the call was about.
        place: String,
        /// What it said.
        error: aws_call::CallError,
    },
    /// A settings file cannot be understood.
    #[error("{path}: {message}", path = path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The services in memory refused what the settings ask for.
    #[error("{what}: {why}")]
    Setup {
        /// What was being set up.
        what: String,
        /// Why it was refused.
        why: String,
    },
    /// The journal of a host cannot be used.
    #[error("the journal cannot be used: {0}")]
    Journal(String),
    /// A background task broke down: a bug of ours.
    #[error("a background task broke down: {0}")]
    Task(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let message = source.to_string();
        Self::File { path: path.into(), message, source: Some(source) }
    }

    /// Class under which an action fails with this error.
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            Self::NoSuchArtifact { .. } | Self::Unsupported { .. } | Self::Settings { .. } => {
                FailureKind::ConfigurationError
            }
            Self::Call { error, .. } => match error.fault() {
                aws_call::Fault::NotFound => FailureKind::ConfigurationError,
                aws_call::Fault::AccessDenied | aws_call::Fault::Credentials => FailureKind::PermissionError,
                _ => FailureKind::JobFailed,
            },
            Self::Task(_) => FailureKind::SystemUnavailable,
            _ => FailureKind::JobFailed,
        }
    }
}

/// Result of the runner's calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

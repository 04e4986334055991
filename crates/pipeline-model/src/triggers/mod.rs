//! Triggers: which event starts a pipeline, told without asking the service.

mod explain;
mod glob;

use std::fmt;

pub use explain::{Explanation, explain};
pub use glob::{Glob, GlobError};

/// What happened in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A push to a branch.
    Push {
        /// The branch.
        branch: String,
        /// The files that its commits change.
        files: Vec<String>,
        /// Whether the push made the branch.
        created: bool,
    },
    /// A push of a tag.
    Tag {
        /// The tag.
        tag: String,
    },
    /// Something about a pull request.
    PullRequest {
        /// `OPEN`, `UPDATED` or `CLOSED`; a merged one is closed.
        event: String,
        /// The branch it asks to be merged into.
        target: String,
        /// The files that it changes.
        files: Vec<String>,
    },
}

impl Event {
    /// A push to a branch that was there before.
    pub fn push(branch: impl Into<String>) -> Self {
        Self::Push { branch: branch.into(), files: Vec::new(), created: false }
    }

    /// A push of a tag.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self::Tag { tag: tag.into() }
    }

    /// Something about a pull request into that branch.
    pub fn pull_request(event: impl Into<String>, target: impl Into<String>) -> Self {
        Self::PullRequest { event: event.into(), target: target.into(), files: Vec::new() }
    }

    /// The same event with the files it changes; a tag has none.
    #[must_use]
    pub fn with_files<S: Into<String>>(mut self, list: impl IntoIterator<Item = S>) -> Self {
        if let Self::Push { files, .. } | Self::PullRequest { files, .. } = &mut self {
            files.extend(list.into_iter().map(Into::into));
        }
        self
    }

    /// The same push as the one that made the branch.
    #[must_use]
    pub const fn as_new_branch(mut self) -> Self {
        if let Self::Push { created, .. } = &mut self {
            *created = true;
        }
        self
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { branch, .. } => write!(f, "a push to `{branch}`"),
            Self::Tag { tag } => write!(f, "a push of tag `{tag}`"),
            Self::PullRequest { event, target, .. } => write!(f, "pull request event `{event}` into `{target}`"),
        }
    }
}

//! What can go wrong on a host. A deployment that ran and failed is no error but a [`Deployment`](super::Deployment).

use std::io;
use std::path::PathBuf;

/// An installation could not be started, or the host's state could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused something below the root.
    #[error("cannot {action} `/{path}`{}", advice(source))]
    File {
        /// What was tried.
        action: &'static str,
        /// Where, counted from the root.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The bundle cannot be read or is hostile.
    #[error("the bundle `{}` cannot be used: {problem}", path.display())]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
        /// What the system said, if it said anything.
        source: Option<io::Error>,
    },
    /// The AppSpec is missing or cannot be deployed.
    #[error("{problem}")]
    AppSpec {
        /// The agent's sentence, or ours.
        problem: String,
    },
    /// Another deployment of this group is under way.
    #[error("another deployment of the group `{group}` is under way on this host: wait until it is over")]
    Busy {
        /// The deployment group.
        group: String,
    },
    /// A path leads through a link that somebody else could change.
    #[error(
        "`/{path}` leads through a symbolic link that belongs to neither root nor this user: deploy to the real path"
    )]
    UntrustedLink {
        /// The link.
        path: String,
    },
    /// The record of an interrupted deployment cannot be understood.
    #[error(
        "the journal `/{path}` cannot be read ({problem}): a newer version may have written it; finish the deployment with that version"
    )]
    Journal {
        /// The journal.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The request asks for something that cannot be done.
    #[error("{problem}")]
    Request {
        /// What, and what to do instead.
        problem: String,
    },
    /// There is no revision to go back to.
    #[error("the group `{group}` has no earlier good revision on this host: deploy the bundle you want back")]
    NothingToRollBackTo {
        /// The deployment group.
        group: String,
    },
}

impl Error {
    pub(super) fn file(action: &'static str, path: &str, source: impl Into<io::Error>) -> Self {
        Self::File { action, path: path.to_owned(), source: source.into() }
    }

    /// The kind of the system's answer, if the system answered.
    pub(super) fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File { source, .. } => Some(source.kind()),
            Self::Bundle { source: Some(source), .. } => Some(source.kind()),
            _ => None,
        }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull => ": the file system is full, make room and deploy again",
        io::ErrorKind::PermissionDenied => ": this user may not, deploy as root",
        io::ErrorKind::ReadOnlyFilesystem => ": the file system is read-only, remount it or deploy elsewhere",
        io::ErrorKind::AlreadyExists => ": it has appeared since the plan was made, deploy again",
        _ => "",
    }
}

//! The steps of an installation.

use std::fmt;

use crate::model::acl::Ace;

/// One step of an installation. Paths on the host are absolute, sources count from the bundle's root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instruction {
    /// Makes a directory that is not there.
    Mkdir {
        /// The directory.
        directory: String,
        /// The directory of the bundle that it comes from, if it is one.
        source: Option<String>,
    },
    /// Copies a file or symbolic link of the bundle.
    Copy {
        /// Its path in the bundle.
        source: String,
        /// Its path on the host.
        destination: String,
    },
    /// Changes owner, group or both.
    Chown {
        /// The file or directory.
        path: String,
        /// The owner's name.
        owner: Option<String>,
        /// The group's name.
        group: Option<String>,
    },
    /// Changes the mode.
    Chmod {
        /// The file or directory.
        path: String,
        /// Octal digits, at least three.
        mode: String,
    },
    /// Sets ACL entries.
    SetAcl {
        /// The file or directory.
        path: String,
        /// The entries.
        entries: Vec<Ace>,
    },
    /// Sets the SELinux context.
    SetContext {
        /// The file or directory.
        path: String,
        /// The SELinux user.
        user: Option<String>,
        /// The type.
        kind: String,
        /// The range.
        range: Option<String>,
    },
}

impl Instruction {
    /// The path on the host that the instruction changes.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Mkdir { directory, .. } => directory,
            Self::Copy { destination, .. } => destination,
            Self::Chown { path, .. }
            | Self::Chmod { path, .. }
            | Self::SetAcl { path, .. }
            | Self::SetContext { path, .. } => path,
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mkdir { directory, .. } => write!(f, "mkdir {directory}"),
            Self::Copy { source, destination } => write!(f, "copy {source} {destination}"),
            Self::Chown { path, owner, group } => {
                write!(f, "chown {}", owner.as_deref().unwrap_or(""))?;
                match group {
                    Some(group) => write!(f, ":{group} {path}"),
                    None => write!(f, " {path}"),
                }
            }
            Self::Chmod { path, mode } => write!(f, "chmod {mode} {path}"),
            Self::SetAcl { path, entries } => {
                let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
                write!(f, "setfacl {} {path}", entries.join(","))
            }
            Self::SetContext { path, user, kind, range } => {
                let text = |part: &Option<String>| part.clone().unwrap_or_default();
                write!(f, "semanage {}:{kind}:{} {path}", text(user), text(range))
            }
        }
    }
}

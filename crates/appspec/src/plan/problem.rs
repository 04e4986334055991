//! What speaks against an installation.

use spec_report::Span;

/// Something that speaks against an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem.
    pub kind: ProblemKind,
    /// The place in the AppSpec.
    pub span: Span,
    /// A second place that it collides with.
    pub other: Option<Span>,
    /// One sentence.
    pub message: String,
    /// The agent's own sentence, if it has one.
    pub agent: Option<String>,
}

impl Problem {
    /// Whether the installation would fail for this.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.kind != ProblemKind::PermissionMatchesNothing
    }
}

/// Kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A source is not in the bundle.
    MissingSource,
    /// A source leads out of the bundle.
    SourceLeavesBundle,
    /// A destination is not absolute.
    RelativeDestination,
    /// A destination leads out of the root.
    DestinationLeavesRoot,
    /// A destination is longer than any path can be.
    PathTooLong,
    /// Two sources want the same path, or a file and a directory do.
    Collision,
    /// A file is in the way, and the AppSpec does not say that it may be replaced or kept.
    Exists,
    /// Two permissions apply to the same object.
    PermissionOverlap,
    /// A permission for a file has a pattern, an exception or a default ACL entry.
    PermissionOnFile,
    /// An owner, a group or a name in an ACL entry is not known on the host.
    UnknownAccount,
    /// A permission applies to nothing. The only kind that does not stop the installation.
    PermissionMatchesNothing,
}

//! Bounds for documents that come from strangers.

/// What a reader is willing to take in before it stops and says so.
///
/// The defaults are far above any real build, deployment or pipeline file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Size of a file in bytes (4 MiB).
    pub bytes: usize,
    /// Nesting of mappings and lists, counted through aliases (100). Values above
    /// [`Limits::MAX_DEPTH`] count as that.
    pub depth: usize,
    /// Nodes written in the file (500 000).
    pub nodes: usize,
    /// Nodes after all aliases are followed (1 000 000).
    pub expanded_nodes: usize,
}

impl Limits {
    /// The deepest nesting that any setting allows: walks over a document are recursive, and this
    /// keeps them within the stack of a thread.
    pub const MAX_DEPTH: usize = 512;

    /// Takes files up to this many bytes.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Takes nesting up to this depth.
    #[must_use]
    pub const fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Takes up to this many nodes.
    #[must_use]
    pub const fn with_nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// Lets aliases expand to up to this many nodes.
    #[must_use]
    pub const fn with_expanded_nodes(mut self, nodes: usize) -> Self {
        self.expanded_nodes = nodes;
        self
    }

    /// The depth that readers really apply.
    pub(crate) fn effective_depth(&self) -> usize {
        self.depth.min(Self::MAX_DEPTH)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, depth: 100, nodes: 500_000, expanded_nodes: 1_000_000 }
    }
}

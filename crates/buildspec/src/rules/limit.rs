//! Files beyond the bounds within which they are read.

use spec_report::declare_rule;

declare_rule! {
    /// A buildspec is read within bounds of size, depth and aliases, so that no file can take the reader down. A file beyond
    /// them has not been checked.
    pub(crate) static LIMIT = {
        id: "buildspec/limit",
        severity: Error,
        summary: "the file is larger, deeper or more entangled than is read",
    }
}

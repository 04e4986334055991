//! The same key twice in one mapping.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a key that is written twice in one mapping. Agent v1 takes the last one and drops the
    /// first one silently; agent v2 refuses the file.
    pub(crate) static DUPLICATE_KEY = {
        id: "appspec/duplicate-key",
        severity: Warning,
        summary: "a key is written twice in one mapping",
        service: "duplicate field",
    }
}

//! The file is larger, deeper or more entangled than any real AppSpec.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a file that is too large, nested too deeply or expands too far to be read safely.
    pub(crate) static LIMIT = {
        id: "appspec/limit",
        severity: Error,
        summary: "the file is larger, deeper or more entangled than is read",
    }
}

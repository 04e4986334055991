//! Keys that CodeBuild does not know.

use spec_report::declare_rule;

declare_rule! {
    /// CodeBuild ignores keys that it does not know: what stands under them never happens.
    pub(crate) static UNKNOWN_KEY = {
        id: "buildspec/unknown-key",
        severity: Warning,
        summary: "a key is unknown",
    }
}

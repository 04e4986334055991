//! A key that nothing reads.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a key that neither the agent nor CodeDeploy reads.
    pub(crate) static UNKNOWN_KEY = {
        id: "appspec/unknown-key",
        severity: Warning,
        summary: "a key that nothing reads",
    }
}

//! A key that an ECS or Lambda AppSpec must have.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a required key that an ECS or Lambda AppSpec lacks.
    pub(crate) static MISSING_KEY = {
        id: "appspec/missing-key",
        severity: Error,
        summary: "a required key is missing",
    }
}

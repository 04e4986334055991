//! Keys that must be there.

use spec_report::declare_rule;

declare_rule! {
    /// `version` is required in every buildspec, `files` in every report group.
    pub(crate) static MISSING_KEY = {
        id: "buildspec/missing-key",
        severity: Error,
        summary: "a required key is missing",
    }
}

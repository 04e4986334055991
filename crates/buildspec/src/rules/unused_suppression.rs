//! Suppression comments that silence nothing.

use spec_report::declare_rule;

declare_rule! {
    /// What the comment was written for has gone, or the comment is on the wrong line.
    pub(crate) static UNUSED_SUPPRESSION = {
        id: "buildspec/unused-suppression",
        severity: Warning,
        summary: "a suppression comment silences nothing",
    }
}

//! Suppression comments that name no rule.

use spec_report::declare_rule;

declare_rule! {
    /// A comment `# buildspec: allow(rule)` whose rule does not exist silences nothing.
    pub(crate) static UNKNOWN_SUPPRESSION = {
        id: "buildspec/unknown-suppression",
        severity: Warning,
        summary: "a suppression comment names no rule",
    }
}

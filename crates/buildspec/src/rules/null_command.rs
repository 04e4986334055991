//! List items without a command.

use spec_report::declare_rule;

declare_rule! {
    /// A dash with nothing behind it, or with a comment only. CodeBuild runs an empty command.
    pub(crate) static NULL_COMMAND = {
        id: "buildspec/null-command",
        severity: Warning,
        summary: "a command is empty",
    }
}

//! Commands that YAML takes for mappings.

use spec_report::declare_rule;

declare_rule! {
    /// An unquoted `: ` in a command, as in `echo note: done`, makes a key of what stands before it. CodeBuild refuses the file.
    pub(crate) static COMMAND_IS_A_MAPPING = {
        id: "buildspec/command-is-a-mapping",
        severity: Error,
        summary: "a command is a mapping",
        service: "to be of string type: found subkeys instead",
    }
}

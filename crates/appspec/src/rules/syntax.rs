//! The text is not YAML or JSON.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports text that is neither YAML nor JSON.
    pub(crate) static SYNTAX = {
        id: "appspec/syntax",
        severity: Error,
        summary: "the file is not valid YAML or JSON",
        service: "The AppSpec file must be valid JSON or YAML",
    }
}

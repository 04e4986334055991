//! Values of the wrong kind.

use spec_report::declare_rule;

declare_rule! {
    /// A list or a mapping where CodeBuild expects text, or the reverse. Numbers and booleans are text to CodeBuild and are no
    /// error anywhere.
    pub(crate) static WRONG_TYPE = {
        id: "buildspec/wrong-type",
        severity: Error,
        summary: "a value is of the wrong kind",
        service: "YAML_FILE_ERROR",
    }
}

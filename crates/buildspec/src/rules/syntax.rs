//! Text that is no YAML.

use spec_report::declare_rule;

declare_rule! {
    /// CodeBuild reads the whole file before it does anything: a build with a broken file ends in `DOWNLOAD_SOURCE` and runs no
    /// command.
    pub(crate) static SYNTAX = {
        id: "buildspec/syntax",
        severity: Error,
        summary: "the text is not YAML",
        service: "YAML_FILE_ERROR",
    }
}

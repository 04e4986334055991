//! Keys that are written twice.

use spec_report::declare_rule;

declare_rule! {
    /// Readers of YAML disagree about which of the two counts, and some refuse the file. Whatever CodeBuild does, one of the two
    /// values is lost.
    pub(crate) static DUPLICATE_KEY = {
        id: "buildspec/duplicate-key",
        severity: Error,
        summary: "a key is written twice",
    }
}

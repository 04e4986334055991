//! A value of another kind than the one that is needed.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a value of the wrong kind, such as a mapping where a list belongs. The agent answers
    /// such files with an error of the Ruby language that names no line and no key.
    pub(crate) static WRONG_TYPE = {
        id: "appspec/wrong-type",
        severity: Error,
        summary: "a value is of the wrong kind",
        service: "undefined method",
    }
}

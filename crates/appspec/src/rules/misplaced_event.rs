//! A lifecycle event that slipped out of `hooks`.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a lifecycle event at the top of the file, where the agent ignores it: usually one that
    /// is not indented below `hooks:`.
    pub(crate) static MISPLACED_EVENT = {
        id: "appspec/misplaced-event",
        severity: Warning,
        summary: "a lifecycle event outside of `hooks`",
    }
}

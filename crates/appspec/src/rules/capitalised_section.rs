//! `Files:` instead of `files:`.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports a section of an EC2/on-premises AppSpec whose name is right but for its capitals. The
    /// agent ignores it and the deployment succeeds without it.
    pub(crate) static CAPITALISED_SECTION = {
        id: "appspec/capitalised-section",
        severity: Warning,
        summary: "a section that the agent ignores because of its capitals",
    }
}

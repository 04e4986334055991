//! The mistakes of suppression comments themselves.

use spec_report::declare_rule;

declare_rule! {
    /// ## What it does
    /// Reports an `allow` comment that names no rule of this crate or is not written as it must be.
    pub(crate) static UNKNOWN_SUPPRESSION = {
        id: "appspec/unknown-suppression",
        severity: Warning,
        summary: "an `allow` comment that cannot be understood",
    }

    /// ## What it does
    /// Reports an `allow` comment that silences nothing.
    pub(crate) static UNUSED_SUPPRESSION = {
        id: "appspec/unused-suppression",
        severity: Warning,
        summary: "an `allow` comment that silences nothing",
    }
}

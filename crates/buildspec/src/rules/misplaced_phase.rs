//! Phases inside of phases.

use spec_report::declare_rule;

declare_rule! {
    /// A phase that is indented too far belongs to the phase above it, where CodeBuild ignores it: its commands never run,
    /// and the build succeeds without them.
    pub(crate) static MISPLACED_PHASE = {
        id: "buildspec/misplaced-phase",
        severity: Error,
        summary: "a phase is written inside of another phase",
    }
}

//! A trigger filter lets nothing through.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use super::trigger_size::patterns;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a filter that excludes all that it includes: every included pattern is excluded in the same words,
    /// or `**` is excluded.
    ///
    /// ## Why
    /// An exclusion wins over an inclusion, so such a filter never starts the pipeline.
    pub(crate) static TRIGGER_NEVER = {
        id: "pipeline-model/trigger-never",
        severity: Warning,
        summary: "a trigger filter lets nothing through",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, patterns) in patterns(subject.pipeline()) {
        let excluded = |pattern: &String| patterns.excludes.contains(pattern);
        let all = patterns.excludes.iter().any(|pattern| pattern == "**");
        if all || (!patterns.includes.is_empty() && patterns.includes.iter().all(excluded)) {
            let span = subject.key(&join(&path, "excludes"));
            let message = "the filter excludes everything that it includes, so it never starts the pipeline";
            subject.report(out, &TRIGGER_NEVER, span, message);
        }
    }
}

//! Fallback keys beyond the limit.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// CodeBuild takes at most five fallback keys.
    pub(crate) static TOO_MANY_FALLBACK_KEYS = {
        id: "buildspec/too-many-fallback-keys",
        severity: Error,
        summary: "a cache has more than five fallback keys",
    }
}

const MOST: usize = 5;

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(cache) = &subject.spec.cache else { return };
    if let Some(key) = cache.fallback_keys.get(MOST) {
        let message = format!("{} fallback keys are too many: at most {MOST} are allowed", cache.fallback_keys.len());
        findings.report(&TOO_MANY_FALLBACK_KEYS, &subject.source, key.span, message);
    }
}

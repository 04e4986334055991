//! Fallback keys that are never used.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// Fallback keys are tried when the key is not found. Without a key CodeBuild ignores them.
    pub(crate) static FALLBACK_KEYS_WITHOUT_KEY = {
        id: "buildspec/fallback-keys-without-key",
        severity: Warning,
        summary: "fallback keys have no effect without a key",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(cache) = subject.spec.cache.as_ref().filter(|cache| cache.key.is_none() && subject.complete) else {
        return;
    };
    if let Some(first) = cache.fallback_keys.first() {
        findings
            .report(&FALLBACK_KEYS_WITHOUT_KEY, &subject.source, first.span, "fallback keys are ignored without `key`")
            .set_help("set `cache.key`, such as `npm-$(codebuild-hash-files package-lock.json)`");
    }
}

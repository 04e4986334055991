//! Caches of nothing.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// `paths` tells what is cached. Without it CodeBuild caches at best what it knows of some tools, and a local cache
    /// holds nothing.
    pub(crate) static CACHE_WITHOUT_PATHS = {
        id: "buildspec/cache-without-paths",
        severity: Warning,
        summary: "a cache names no paths",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(cache) = subject.spec.cache.as_ref().filter(|_| subject.complete) else { return };
    if let Some(key) = subject.key(&["cache"]).filter(|_| cache.paths.is_empty()) {
        findings
            .report(&CACHE_WITHOUT_PATHS, &subject.source, key.span, "the cache names no paths")
            .set_help("list what to keep: `paths: [\"node_modules/**/*\"]`");
    }
}

//! A trigger has a provider that does not exist.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Compares `providerType` with the only provider of triggers, `CodeStarSourceConnection`.
    ///
    /// ## Why
    /// The service refuses the declaration. Other sources are started by polling, by webhooks or by rules of
    /// EventBridge.
    pub(crate) static TRIGGER_PROVIDER = {
        id: "pipeline-model/trigger-provider",
        severity: Error,
        summary: "a trigger has a provider that does not exist",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let path = join("/triggers", index);
        let provider = &trigger.provider_type;
        if provider.is_empty() || provider == "CodeStarSourceConnection" || is_placeholder(provider) {
            continue;
        }
        let span = subject.value(&join(&path, "providerType"));
        let message = format!("`{provider}` is no provider of triggers: write `CodeStarSourceConnection`");
        subject.report(out, &TRIGGER_PROVIDER, span, message);
    }
}

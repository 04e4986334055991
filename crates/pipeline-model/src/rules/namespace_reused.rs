//! Two actions have the same namespace.

use std::collections::HashMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports a namespace that an earlier action of the pipeline has.
    ///
    /// ## Why
    /// `#{namespace.key}` must name one action's variables.
    pub(crate) static NAMESPACE_REUSED = {
        id: "pipeline-model/namespace-reused",
        severity: Error,
        summary: "two actions have the same namespace",
        service: "InvalidActionDeclarationException: Namespaces must be unique across the pipeline definition. The following occur more than once in the pipeline. StageName=[…], ActionName=[…], Namespace=[…]",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for found in subject.actions() {
        let Some(namespace) = found.action.namespace.as_deref() else { continue };
        if let Some(earlier) = first.get(namespace) {
            let message = format!(
                "Namespaces must be unique across the pipeline definition. The following occur more than once in the \
                 pipeline. StageName=[{}], ActionName=[{}], Namespace=[{namespace}]",
                found.stage.name, found.action.name
            );
            let report = subject.report(out, &NAMESPACE_REUSED, subject.value(&found.path("namespace")), message);
            subject.also(report, subject.value(&join(earlier, "namespace")), "first used here");
        } else {
            first.insert(namespace, found.path);
        }
    }
}

//! A namespace has a name with a meaning of its own.

use spec_report::{Findings, Severity, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// ## What it does
    /// Reports an action whose namespace is `codepipeline`, or `variables`.
    ///
    /// ## Why
    /// `#{codepipeline.…}` and `#{variables.…}` mean the execution and its variables. The service was seen to accept
    /// `variables` while the pipeline declares none; once it does, the reference is ambiguous.
    pub(crate) static RESERVED_NAMESPACE = {
        id: "pipeline-model/reserved-namespace",
        severity: Warning,
        summary: "a namespace has a name with a meaning of its own",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let declares = !subject.pipeline().variables.is_empty();
    for found in subject.actions() {
        let Some(namespace) = found.action.namespace.as_deref() else { continue };
        let severity = match namespace {
            "variables" if declares => Severity::Error,
            "codepipeline" | "variables" => Severity::Warning,
            _ => continue,
        };
        let message = format!("the namespace `{namespace}` of action `{}` is reserved", found.action.name);
        subject
            .report(out, &RESERVED_NAMESPACE, subject.value(&found.path("namespace")), message)
            .set_severity(severity);
    }
}

//! A reference names a namespace that does not exist there.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use super::used::{Namespaces, all};
use crate::graph::Flow;

declare_rule! {
    /// ## What it does
    /// Reports `#{namespace.key}` whose namespace no preceding action has, and references that are not a namespace
    /// and a key.
    ///
    /// ## Why
    /// The service refuses the declaration. The namespace of an action that runs later, or beside this one, does not
    /// count.
    pub(crate) static UNKNOWN_NAMESPACE = {
        id: "pipeline-model/unknown-namespace",
        severity: Error,
        summary: "a reference names a namespace that does not exist there",
        service: "InvalidActionDeclarationException: Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). The following pipeline execution variables are referencing a namespace that does not exist.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let flow = Flow::new(subject.pipeline());
    let namespaces = Namespaces::new(subject);
    let uncertain = namespaces.names().any(is_placeholder);
    for reference in all(subject) {
        let namespaced = reference.parts();
        if is_placeholder(reference.text) || (uncertain && namespaced.is_some()) {
            continue;
        }
        let giver = namespaced.and_then(|(namespace, _)| namespaces.giver(namespace));
        let exists = match namespaced {
            Some(("codepipeline", key)) => key == "PipelineExecutionId" || giver.is_some(),
            Some(("variables", _)) if !subject.pipeline().variables.is_empty() => true,
            Some(_) => giver.is_some_and(|giver| match reference.at {
                Some(at) => flow.precedes(giver.at, at),
                // A gate of a stage: anything up to that stage may have run.
                None => giver.at.stage <= reference.stage,
            }),
            None => false,
        };
        if exists {
            continue;
        }
        let message = format!(
            "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period \
             (.). The following pipeline execution variables are referencing a namespace that does not exist. \
             StageName=[{}], ActionName=[{}], ActionConfigurationKey=[{}], VariableReferenceText=[{}]",
            reference.stage_name, reference.action_name, reference.key, reference.text
        );
        let report = subject.report(out, &UNKNOWN_NAMESPACE, reference.span, message);
        if let Some(giver) = giver {
            subject.also(report, subject.name(giver.path), "this action has the namespace, but does not come before");
        } else if let Some((namespace, _)) = namespaced {
            if let Some(near) = namespaces.near(namespace) {
                report.set_help(format!("did you mean `{near}`?"));
            } else if namespace == "variables" {
                report.set_help("the pipeline declares no variables");
            }
        }
    }
}

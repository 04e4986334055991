//! A name has characters or a length that the service does not take.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

/// A pattern of the API model, and the characters it takes beside letters and digits.
type Pattern = (&'static str, &'static str);

const NAME: Pattern = ("[A-Za-z0-9.@\\-_]+", ".@-_");
const NAMESPACE: Pattern = ("[A-Za-z0-9@\\-_]+", "@-_");
const ARTIFACT: Pattern = ("[a-zA-Z0-9_\\-]+", "_-");

declare_rule! {
    /// ## What it does
    /// Checks the names of pipeline, stages, actions, artifacts, namespaces and variables.
    ///
    /// ## Why
    /// Names become parts of ARNs, object keys and references, so the service takes few characters in them.
    pub(crate) static NAME_PATTERN = {
        id: "pipeline-model/name-pattern",
        severity: Error,
        summary: "a name has characters or a length that the service does not take",
        service: "ValidationException: Value at '…' failed to satisfy constraint: Member must satisfy regular expression pattern: …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let pipeline = subject.pipeline();
    let mut names = vec![("/name".to_owned(), pipeline.name.as_str(), "pipeline.name".to_owned(), NAME, 100)];
    for (index, variable) in pipeline.variables.iter().enumerate() {
        let path = join(&join("/variables", index), "name");
        names.push((path, &variable.name, format!("pipeline.variables.{}.member.name", index + 1), NAMESPACE, 128));
    }
    for (index, (path, stage)) in subject.stages().enumerate() {
        let member = format!("pipeline.stages.{}.member", index + 1);
        names.push((join(&path, "name"), &stage.name, format!("{member}.name"), NAME, 100));
    }
    for found in subject.actions() {
        let action = found.action;
        let member = format!("pipeline.stages.{}.member.actions.{}.member", found.at.stage + 1, found.at.action + 1);
        names.push((found.path("name"), &action.name, format!("{member}.name"), NAME, 100));
        if let Some(namespace) = &action.namespace {
            names.push((found.path("namespace"), namespace, format!("{member}.namespace"), NAMESPACE, 100));
        }
        for (index, artifact) in action.input_artifacts.iter().enumerate() {
            let path = join(&join(&found.path("inputArtifacts"), index), "name");
            names.push((
                path,
                &artifact.name,
                format!("{member}.inputArtifacts.{}.member.name", index + 1),
                ARTIFACT,
                100,
            ));
        }
        for (index, artifact) in action.output_artifacts.iter().enumerate() {
            let path = join(&join(&found.path("outputArtifacts"), index), "name");
            names.push((
                path,
                &artifact.name,
                format!("{member}.outputArtifacts.{}.member.name", index + 1),
                ARTIFACT,
                100,
            ));
        }
    }
    for (path, name, member, (pattern, extra), limit) in names {
        // A name that is missing has its own rule, one that is known only later none at all.
        if name.is_empty() || subject.is_symbolic(&path) || subject.declaration.places.get(&path).is_none() {
            continue;
        }
        let constraint = if name.chars().count() > limit {
            format!("Member must have length less than or equal to {limit}")
        } else if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || extra.contains(letter)) {
            format!("Member must satisfy regular expression pattern: {pattern}")
        } else {
            continue;
        };
        let message = format!("Value at '{member}' failed to satisfy constraint: {constraint}");
        let report = subject.report(out, &NAME_PATTERN, subject.value(&path), message);
        if name.contains("${") {
            report.set_help("is the value meant for `Fn::Sub`?");
        }
    }
}

//! How many builds a matrix makes.

use spec_report::{Findings, Node, declare_rule};

use super::subject::Subject;

declare_rule! {
    /// A matrix makes one build of every combination, and each of them is paid for.
    pub(crate) static MATRIX_SIZE = {
        id: "buildspec/matrix-size",
        severity: Info,
        summary: "a matrix makes many builds",
    }
}

const MANY: usize = 20;

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(dynamic) = subject.node(&["batch", "build-matrix", "dynamic"]) else { return };
    let env = dynamic.get("env");
    let variables = env.and_then(|env| env.get("variables")).and_then(Node::as_map).unwrap_or_default();
    let lists =
        [env.and_then(|env| env.get("compute-type")), env.and_then(|env| env.get("image")), dynamic.get("buildspec")];
    let lists = lists.into_iter().flatten().chain(variables.iter().map(|entry| &entry.value));
    let count = lists.filter_map(Node::as_seq).fold(1_usize, |product, list| product.saturating_mul(list.len().max(1)));
    if let Some(key) = subject.key(&["batch", "build-matrix"]).filter(|_| count > MANY) {
        findings.report(&MATRIX_SIZE, &subject.source, key.span, format!("this matrix makes {count} builds"));
    }
}

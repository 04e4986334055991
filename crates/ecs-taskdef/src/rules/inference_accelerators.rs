//! `ecs-taskdef/inference-accelerators`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tasks with `inferenceAccelerators`.
    pub static INFERENCE_ACCELERATORS = {
        id: "ecs-taskdef/inference-accelerators",
        severity: Error,
        summary: "inference accelerators are no longer offered",
        service: "Unsupported field 'inferenceAccelerators'",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    let Some(list) = subject.node().and_then(|node| view.entry(node, "inferenceAccelerators")) else { return };
    if list.as_seq().is_some_and(|items| !items.is_empty()) {
        out.report(&INFERENCE_ACCELERATORS, subject.source(), list.span, "the task asks for inference accelerators")
            .set_help("AWS has retired Elastic Inference; `resourceRequirements` asks for GPUs and Neuron devices");
    }
}

//! `ecs-taskdef/fargate-network-mode`.

use spec_report::{Edit, Findings, Fix, Safety, declare_rule, emit};

use super::Subject;
use super::fargate_cpu_memory::fargate_place;
use crate::NetworkMode;

declare_rule! {
    /// Finds tasks for Fargate with another network mode than `awsvpc`, or with none.
    pub static FARGATE_NETWORK_MODE = {
        id: "ecs-taskdef/fargate-network-mode",
        severity: Error,
        summary: "a task for Fargate needs the network mode `awsvpc`",
        service: "Fargate only supports network mode ‘awsvpc’.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() {
        return;
    }
    match &subject.network_mode {
        Some(mode) if mode.value == NetworkMode::Awsvpc => {}
        Some(mode) if crate::placeholder::has_any(mode.value.as_str()) => {}
        Some(mode) => {
            let message = format!("Fargate has no network mode `{}`", mode.value);
            let quoted = subject.source().slice(mode.span).starts_with('"');
            let replacement = if quoted { emit::json_string("awsvpc") } else { "awsvpc".to_owned() };
            out.report(&FARGATE_NETWORK_MODE, subject.source(), mode.span, message).set_fix(Fix {
                title: "write `awsvpc`".to_owned(),
                edits: vec![Edit { span: mode.span, replacement }],
                safety: Safety::Unsafe,
            });
        }
        None if subject.document().is_complete() => {
            let message = "a task for Fargate must say `networkMode`, as the default is not `awsvpc`";
            out.report(&FARGATE_NETWORK_MODE, subject.source(), fargate_place(subject), message)
                .set_help("add `\"networkMode\": \"awsvpc\"`");
        }
        None => {}
    }
}

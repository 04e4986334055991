//! `ecs-taskdef/variable-without-value`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds entries of `environment` with a name and no value.
    pub static VARIABLE_WITHOUT_VALUE = {
        id: "ecs-taskdef/variable-without-value",
        severity: Warning,
        summary: "an environment variable has no value",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for container in subject.containers.iter().filter(|container| !container.cut_off) {
        for variable in container.environment.iter().filter(|variable| variable.value.is_none()) {
            let Some(name) = &variable.name else { continue };
            let message = format!("the variable `{}` of {} has no value", name.value, container.title());
            out.report(&VARIABLE_WITHOUT_VALUE, subject.source(), name.span, message)
                .set_help("write `\"value\": \"\"` if it shall be empty");
        }
    }
}

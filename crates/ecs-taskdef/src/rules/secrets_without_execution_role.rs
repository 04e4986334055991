//! `ecs-taskdef/secrets-without-execution-role`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds secrets in a task without an execution role, which is what reads them.
    pub static SECRETS_WITHOUT_EXECUTION_ROLE = {
        id: "ecs-taskdef/secrets-without-execution-role",
        severity: Error,
        summary: "a task with secrets has no execution role",
        service: "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if subject.execution_role_arn.is_some() || !subject.is_whole() {
        return;
    }
    for container in &subject.containers {
        if let Some(secret) = container.secrets.first() {
            let place = secret.name.as_ref().map_or(secret.span, |name| name.span);
            let message = format!("{} has secrets, but the task has no `executionRoleArn`", container.title());
            let found = out.report(&SECRETS_WITHOUT_EXECUTION_ROLE, subject.source(), place, message);
            if let Some(role) = &subject.task_role_arn {
                found.add_label(subject.source(), role.span, "this role is the one of the containers' own code");
            }
            found.set_help("ECS reads secrets with the execution role, before the containers start");
        }
    }
}

//! `ecs-taskdef/fargate-execution-role`.

use spec_report::{Findings, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tasks for Fargate without `executionRoleArn` that write to CloudWatch Logs or pull from a private repository of
    /// Amazon ECR.
    pub static FARGATE_EXECUTION_ROLE = {
        id: "ecs-taskdef/fargate-execution-role",
        severity: Error,
        summary: "a task for Fargate needs an execution role for this",
        service: "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    if !subject.is_fargate() || subject.execution_role_arn.is_some() || !subject.document().is_complete() {
        return;
    }
    const HELP: &str = "the execution role is what ECS itself acts with; `taskRoleArn` is for the containers' own code";
    for container in &subject.containers {
        if let Some(image) = container.image.as_ref().filter(|image| is_private_ecr(&image.value)) {
            let message =
                format!("{} has an image of Amazon ECR, but the task has no `executionRoleArn`", container.title());
            out.report(&FARGATE_EXECUTION_ROLE, subject.source(), image.span, message).set_help(HELP);
        }
        let driver = container.log_configuration.as_ref().and_then(|logs| logs.log_driver.as_ref());
        if let Some(driver) = driver.filter(|driver| driver.value == "awslogs") {
            let message = format!("{} logs to CloudWatch, but the task has no `executionRoleArn`", container.title());
            out.report(&FARGATE_EXECUTION_ROLE, subject.source(), driver.span, message).set_help(HELP);
        }
    }
}

/// `123456789012.dkr.ecr.eu-central-1.amazonaws.com/web`, in any partition.
fn is_private_ecr(image: &str) -> bool {
    let registry = image.split('/').next().unwrap_or_default();
    registry.contains(".dkr.ecr.") && registry.contains(".amazonaws.com")
}

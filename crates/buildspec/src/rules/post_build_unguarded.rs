//! Deliveries after a failed build.

use spec_report::{Findings, declare_rule};

use super::shell::SimpleCommand;
use super::subject::Subject;
use crate::model::{OnFailure, PhaseName};

declare_rule! {
    /// `post_build` runs although `build` has failed. A push or a deployment there delivers whatever is left over from before.
    pub(crate) static POST_BUILD_UNGUARDED = {
        id: "buildspec/post-build-unguarded",
        severity: Warning,
        summary: "`post_build` delivers even if the build failed",
    }
}

/// Calls that change something outside of the build.
const DELIVERIES: [&[&str]; 13] = [
    &["docker", "push"],
    &["aws", "cloudformation", "deploy"],
    &["aws", "codedeploy", "create-deployment"],
    &["aws", "ecs", "update-service"],
    &["aws", "lambda", "update-function-code"],
    &["aws", "s3", "cp"],
    &["aws", "s3", "sync"],
    &["cdk", "deploy"],
    &["helm", "upgrade"],
    &["kubectl", "apply"],
    &["kubectl", "set"],
    &["sam", "deploy"],
    &["terraform", "apply"],
];

pub(crate) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let phases = subject.spec.phases.as_ref();
    let build = phases.and_then(|phases| phases.build.as_ref());
    let aborts = build.is_some_and(|build| matches!(build.failure_policy(), Ok(Some(OnFailure::Abort))));
    // Without commands in `build` nothing can have failed by then.
    if aborts || build.is_none_or(|build| build.commands.is_empty() && build.finally.is_empty()) {
        return;
    }
    let post_build = || subject.scripts.iter().filter(|script| script.phase == PhaseName::PostBuild);
    if post_build().any(|script| script.text.value.contains("CODEBUILD_BUILD_SUCCEEDING")) {
        return;
    }
    let delivery = post_build().find_map(|script| {
        let delivers = |command: &&SimpleCommand| DELIVERIES.iter().any(|wanted| command.calls(wanted));
        Some((script, script.commands.iter().find(delivers)?))
    });
    if let Some((script, command)) = delivery {
        findings
            .report(
                &POST_BUILD_UNGUARDED,
                &subject.source,
                subject.place(&script.text, command.at()),
                "this runs even if the phase `build` has failed",
            )
            .set_help("set `on-failure: ABORT` in `build`, or begin with `test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1`");
    }
}

//! Names of CodeBuild variables.

use std::collections::BTreeMap;

use spec_report::{Findings, declare_rule, did_you_mean};

use super::shell::expansions;
use super::subject::Subject;

declare_rule! {
    /// An unknown variable is empty: a tag or a path is made of nothing.
    pub(crate) static CODEBUILD_VARIABLE_UNKNOWN = {
        id: "buildspec/codebuild-variable-unknown",
        severity: Warning,
        summary: "the name of a CodeBuild variable looks misspelled",
    }
}

const NAMES: [&str; 38] = [
    "CODEBUILD_AGENT_ENDPOINT",
    "CODEBUILD_BATCH_BUILD_IDENTIFIER",
    "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_BUILD_IMAGE",
    "CODEBUILD_BUILD_NUMBER",
    "CODEBUILD_BUILD_SUCCEEDING",
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_CI",
    "CODEBUILD_CURRENT_SHARD_FILES",
    "CODEBUILD_GOPATH",
    "CODEBUILD_INITIATOR",
    "CODEBUILD_KMS_KEY_ID",
    "CODEBUILD_LAST_EXIT",
    "CODEBUILD_LOCAL_BUILD",
    "CODEBUILD_LOG_PATH",
    "CODEBUILD_PROJECT_ARN",
    "CODEBUILD_PUBLIC_BUILD_URL",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "CODEBUILD_RUNNER_OWNER",
    "CODEBUILD_RUNNER_REPO",
    "CODEBUILD_RUNNER_REPO_DOMAIN",
    "CODEBUILD_RUNNER_WITH_BUILDSPEC",
    "CODEBUILD_SOURCE_REPO_URL",
    "CODEBUILD_SOURCE_VERSION",
    "CODEBUILD_SRC_DIR",
    "CODEBUILD_START_TIME",
    "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_EVENT",
    "CODEBUILD_WEBHOOK_HEAD_REF",
    "CODEBUILD_WEBHOOK_JOB_ID",
    "CODEBUILD_WEBHOOK_LABEL",
    "CODEBUILD_WEBHOOK_MERGE_COMMIT",
    "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_RUN_ID",
    "CODEBUILD_WEBHOOK_TRIGGER",
    "CODEBUILD_WEBHOOK_WORKFLOW_NAME",
];
/// Names that may go on with the identifier of a source.
const OPEN: [&str; 3] = ["CODEBUILD_SOURCE_REPO_URL_", "CODEBUILD_SOURCE_VERSION_", "CODEBUILD_SRC_DIR_"];

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let mut suggested: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for script in &subject.scripts {
        let text = script.text.value.as_str();
        for (name, at) in expansions(text) {
            let known = NAMES.contains(&name) || OPEN.iter().any(|open| name.starts_with(open));
            if !name.starts_with("CODEBUILD_") || known {
                continue;
            }
            let near = *suggested.entry(name).or_insert_with(|| {
                let assignment = format!("{name}=");
                let set = || subject.scripts.iter().any(|script| script.text.value.contains(&assignment));
                did_you_mean(name, NAMES).filter(|_| !set())
            });
            if let Some(near) = near {
                let place = subject.place(&script.text, at..at + name.len());
                findings
                    .report(
                        &CODEBUILD_VARIABLE_UNKNOWN,
                        &subject.source,
                        place,
                        format!("CodeBuild has no variable `{name}`"),
                    )
                    .set_help(format!("did you mean `{near}`?"));
            }
        }
    }
}

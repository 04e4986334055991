//! Pull requests into every branch start the pipeline.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Finds filters on pull requests whose target branches are all branches.
    ///
    /// ## Why
    /// Whoever can open a pull request, into any branch, runs his code with the roles of the pipeline. A filter on
    /// the target branches says which ones are meant.
    pub(crate) static PULL_REQUEST_INTO_EVERY_BRANCH = {
        id: "pipeline-model/pull-request-into-every-branch",
        severity: Warning,
        summary: "pull requests into every branch start the pipeline",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let Some(git) = &trigger.git_configuration else { continue };
        let list = join(&join(&join("/triggers", index), "gitConfiguration"), "pullRequest");
        for (at, filter) in git.pull_request.iter().enumerate() {
            let Some(branches) = &filter.branches else { continue };
            let Some(all) = branches.includes.iter().position(|pattern| ["*", "**"].contains(&pattern.as_str())) else {
                continue;
            };
            let includes = join(&join(&join(&list, at), "branches"), "includes");
            let span = subject.value(&join(&includes, all));
            let message =
                format!("pull requests into every branch start the pipeline through `{}`", git.source_action_name);
            subject
                .report(out, &PULL_REQUEST_INTO_EVERY_BRANCH, span, message)
                .set_help("name the target branches: `branches: {includes: [main]}`");
        }
    }
}

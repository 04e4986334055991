//! The source uses the superseded GitHub action.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::{Category, Owner};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Points at source actions of the partner provider `GitHub`, version 1.
    ///
    /// ## Why
    /// It keeps a personal token in the pipeline. A connection (`CodeStarSourceConnection`) needs none, and can
    /// filter by branch, tag, path and pull request.
    pub(crate) static GITHUB_V1_DEPRECATED = {
        id: "pipeline-model/github-v1-deprecated",
        severity: Info,
        summary: "the source uses the superseded GitHub action",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        if id.category == Category::Source && id.owner == Owner::ThirdParty && id.provider == "GitHub" {
            let path = join(&found.path("actionTypeId"), "provider");
            subject
                .report(
                    out,
                    &GITHUB_V1_DEPRECATED,
                    subject.value(&path),
                    "the GitHub source with an OAuth token is superseded",
                )
                .set_help("use the provider `CodeStarSourceConnection` with a connection to GitHub");
        }
    }
}

//! Nobody is asked before production.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::graph::Flow;
use crate::model::Category;

declare_rule! {
    /// ## What it does
    /// Points at stages called after production that deploy, when neither a manual approval nor a gate stands
    /// before the deployment.
    ///
    /// ## Why
    /// Every change that passes the stages before goes to production by itself. That may be wanted.
    pub(crate) static PRODUCTION_WITHOUT_APPROVAL = {
        id: "pipeline-model/production-without-approval",
        severity: Info,
        summary: "nobody is asked before production",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let flow = Flow::new(subject.pipeline());
    let approvals: Vec<_> = subject
        .actions()
        .filter(|found| found.action.action_type_id.category == Category::Approval)
        .map(|found| found.at)
        .collect();
    for (index, (path, stage)) in subject.stages().enumerate() {
        let words = stage.name.to_ascii_lowercase();
        let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
        let named = words.any(|word| matches!(word, "prod" | "production" | "live"));
        if !named || stage.before_entry.is_some() {
            continue;
        }
        let mut deploys = subject
            .actions()
            .filter(|found| found.at.stage == index && found.action.action_type_id.category == Category::Deploy);
        let unasked = deploys.any(|found| !approvals.iter().any(|approval| flow.precedes(*approval, found.at)));
        if unasked {
            let message = format!("stage `{}` deploys without anybody being asked", stage.name);
            subject
                .report(out, &PRODUCTION_WITHOUT_APPROVAL, subject.name(&path), message)
                .set_help("put a manual approval or an entry condition before it, if that is not meant");
        }
    }
}

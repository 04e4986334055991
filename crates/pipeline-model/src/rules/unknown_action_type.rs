//! There is no such action type.

use spec_report::{Findings, declare_rule, did_you_mean};

use super::subject::{Subject, is_placeholder};
use crate::model::{Category, Owner};

declare_rule! {
    /// ## What it does
    /// Reports an AWS-owned action type that does not exist, and categories and owners that are none.
    ///
    /// ## Why
    /// The service refuses the declaration. Types of partners and of the account itself are not judged.
    pub(crate) static UNKNOWN_ACTION_TYPE = {
        id: "pipeline-model/unknown-action-type",
        severity: Error,
        summary: "there is no such action type",
        service: "InvalidActionDeclarationException: ActionType (Category: '…', Provider: '…', Owner: '…', Version: '…') in action '…' is not available in region …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for found in subject.actions() {
        let id = &found.action.action_type_id;
        let words = [id.category.as_str(), id.owner.as_str(), &id.provider, &id.version];
        if found.kind().is_some() || words.iter().any(|word| word.is_empty() || is_placeholder(word)) {
            continue;
        }
        let nameless = matches!(id.category, Category::Unknown(_)) || matches!(id.owner, Owner::Unknown(_));
        // Published under this category as well; its settings are not documented there.
        let exempt = id.category == Category::Build && id.provider == "Commands";
        if (id.owner != Owner::Aws && !nameless) || exempt {
            continue;
        }
        let message = format!(
            "ActionType (Category: '{}', Provider: '{}', Owner: '{}', Version: '{}') in action '{}' is not available",
            id.category, id.provider, id.owner, id.version, found.action.name
        );
        let span = subject.key(&found.path("actionTypeId"));
        let report = subject.report(out, &UNKNOWN_ACTION_TYPE, span, message);
        let known = || subject.catalogue.iter().map(|kind| kind.id());
        let same = known().find(|kind| kind.provider == id.provider && kind.category == id.category.as_str());
        if let Some(near) = same.or_else(|| known().find(|kind| kind.provider == id.provider)) {
            report.set_help(format!("did you mean {near}?"));
        } else {
            let providers = known().filter(|kind| kind.category == id.category.as_str()).map(|kind| kind.provider);
            if let Some(near) = did_you_mean(&id.provider, providers) {
                report.set_help(format!("did you mean the provider `{near}`?"));
            }
        }
    }
}

//! Builds of one name.

use spec_report::{Findings, declare_rule};

use super::batch::tasks;
use super::subject::Subject;
use std::collections::BTreeMap;

declare_rule! {
    /// The identifier names one build in the batch.
    pub(crate) static BATCH_IDENTIFIER_DUPLICATE = {
        id: "buildspec/batch-identifier-duplicate",
        severity: Error,
        summary: "two builds of a batch have the same identifier",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let mut seen = BTreeMap::new();
    for identifier in tasks(subject).iter().filter_map(|task| task.identifier) {
        let Some(name) = identifier.as_str() else { continue };
        if let Some(first) = seen.get(name) {
            let message = format!("two builds are called `{}`", name.escape_debug());
            findings.report(&BATCH_IDENTIFIER_DUPLICATE, &subject.source, identifier.span, message).add_label(
                &subject.source,
                *first,
                "this is the first one",
            );
        } else {
            seen.insert(name.to_owned(), identifier.span);
        }
    }
}

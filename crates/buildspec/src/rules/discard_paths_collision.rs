//! Artifacts that overwrite each other.

use std::collections::BTreeMap;

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::{Text, yes_no};

declare_rule! {
    /// Without their directories both files have the same name, and only one of them is in the artifact.
    pub(crate) static DISCARD_PATHS_COLLISION = {
        id: "buildspec/discard-paths-collision",
        severity: Warning,
        summary: "two artifact files get the same name",
    }
}

pub(super) fn check(subject: &Subject, findings: &mut Findings<'_>) {
    let Some(artifacts) = &subject.spec.artifacts else { return };
    let secondary = artifacts.secondary_artifacts.iter().map(|secondary| &secondary.artifacts);
    for set in std::iter::once(&artifacts.primary).chain(secondary) {
        if set.discard_paths.as_ref().and_then(|text| yes_no(&text.value)) != Some(true) {
            continue;
        }
        let literal = |path: &&Text| !path.value.contains(['*', '?', '[', '{', '$']);
        let mut seen: BTreeMap<&str, &Text> = BTreeMap::new();
        for path in set.files.iter().filter(literal) {
            let name = path.value.rsplit('/').next().unwrap_or_default();
            let first = *seen.entry(name).or_insert(path);
            if first.value != path.value {
                findings
                    .report(
                        &DISCARD_PATHS_COLLISION,
                        &subject.source,
                        path.span,
                        format!("two files become `{}`", name.escape_debug()),
                    )
                    .add_label(&subject.source, first.span, "the other one");
            }
        }
    }
}

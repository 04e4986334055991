//! A pattern of a trigger is not a glob.

use spec_report::{Findings, declare_rule};

use super::subject::{Subject, is_placeholder};
use super::trigger_size::patterns;
use crate::places::join;
use crate::triggers::Glob;

declare_rule! {
    /// ## What it does
    /// Reads each pattern of the trigger filters as the service does, as a glob of Java: groups do not nest,
    /// classes and groups have an end.
    ///
    /// ## Why
    /// A pattern that cannot be read matches nothing, so the pipeline does not start. What the service answers to
    /// one is not known to us, which is why this is only a hint.
    pub(crate) static TRIGGER_PATTERN = {
        id: "pipeline-model/trigger-pattern",
        severity: Info,
        summary: "a pattern of a trigger is not a glob",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (path, patterns) in patterns(subject.pipeline()) {
        for (field, list) in [("includes", &patterns.includes), ("excludes", &patterns.excludes)] {
            for (index, pattern) in list.iter().enumerate() {
                let Some(why) = Glob::new(pattern).err().filter(|_| !is_placeholder(pattern)) else { continue };
                let span = subject.value(&join(&join(&path, field), index));
                subject.report(out, &TRIGGER_PATTERN, span, format!("`{pattern}` is not a glob: {why}"));
            }
        }
    }
}

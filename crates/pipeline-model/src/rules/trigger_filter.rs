//! A trigger filter combines parts that do not go together.

use spec_report::{Findings, Span, declare_rule};

use super::subject::Subject;
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Reports push filters other than tags, branches, or branches with file paths; and pull request filters without
    /// branches.
    ///
    /// ## Why
    /// A push is either of a tag or of a branch, and file paths are compared on a branch. The service says: The
    /// trigger configuration for the source action is not valid. Make sure to choose valid filter combinations.
    pub(crate) static TRIGGER_FILTER = {
        id: "pipeline-model/trigger-filter",
        severity: Error,
        summary: "a trigger filter combines parts that do not go together",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let Some(git) = &trigger.git_configuration else { continue };
        let path = join(&join("/triggers", index), "gitConfiguration");
        let mut report = |field: &str, at: usize, help: &str| {
            let span = subject.key(&join(&join(&path, field), at));
            let span = Span::new(span.start, span.end.min(span.start + 1));
            let message = "The trigger configuration for the source action is not valid. Make sure to choose valid \
                           filter combinations.";
            subject.report(out, &TRIGGER_FILTER, span, message).set_help(help.to_owned());
        };
        for (at, filter) in git.push.iter().enumerate() {
            match (&filter.tags, &filter.branches, &filter.file_paths) {
                (Some(_), Some(_), _) => report("push", at, "a push is of a tag or of a branch: use two filters"),
                (Some(_), None, Some(_)) => report("push", at, "file paths go with branches, not with tags"),
                (None, None, Some(_)) => report("push", at, "file paths need branches beside them"),
                _ => {}
            }
        }
        for (at, filter) in git.pull_request.iter().enumerate() {
            if filter.branches.is_none() && (filter.file_paths.is_some() || !filter.events.is_empty()) {
                report("pullRequest", at, "a pull request filter needs the target branches");
            }
        }
    }
}

//! A trigger has more filters or patterns than the service takes.

use spec_report::{Findings, declare_rule};

use super::subject::Subject;
use crate::model::{Patterns, Pipeline};
use crate::places::join;

declare_rule! {
    /// ## What it does
    /// Counts the filters of a trigger (at most three for pushes and three for pull requests) and the patterns of a
    /// filter (at most eight included and eight excluded).
    ///
    /// ## Why
    /// The service refuses the declaration.
    pub(crate) static TRIGGER_SIZE = {
        id: "pipeline-model/trigger-size",
        severity: Error,
        summary: "a trigger has more filters or patterns than the service takes",
        service: "ValidationException: Value at '…' failed to satisfy constraint: Member must have length less than or equal to …",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    for (index, trigger) in subject.pipeline().triggers.iter().enumerate() {
        let Some(git) = &trigger.git_configuration else { continue };
        let path = join(&join("/triggers", index), "gitConfiguration");
        let member = format!("pipeline.triggers.{}.member.gitConfiguration", index + 1);
        let mut lists = vec![
            (join(&path, "push"), format!("{member}.push"), git.push.len(), 3),
            (join(&path, "pullRequest"), format!("{member}.pullRequest"), git.pull_request.len(), 3),
        ];
        let mut patterns = |list: &str, at: usize, field: &str, patterns: &Option<Patterns>| {
            let Some(patterns) = patterns else { return };
            for (name, count) in [("includes", patterns.includes.len()), ("excludes", patterns.excludes.len())] {
                let path = join(&join(&join(&join(&path, list), at), field), name);
                lists.push((path, format!("{member}.{list}.{}.member.{field}.{name}", at + 1), count, 8));
            }
        };
        for (at, filter) in git.push.iter().enumerate() {
            patterns("push", at, "tags", &filter.tags);
            patterns("push", at, "branches", &filter.branches);
            patterns("push", at, "filePaths", &filter.file_paths);
        }
        for (at, filter) in git.pull_request.iter().enumerate() {
            patterns("pullRequest", at, "branches", &filter.branches);
            patterns("pullRequest", at, "filePaths", &filter.file_paths);
        }
        for (path, member, count, limit) in lists {
            if count > limit {
                let message = format!(
                    "Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to \
                     {limit}"
                );
                subject.report(out, &TRIGGER_SIZE, subject.key(&path), message);
            }
        }
    }
}

/// Every part of a trigger filter that holds patterns, with its path.
pub(super) fn patterns(pipeline: &Pipeline) -> Vec<(String, &Patterns)> {
    let mut out = Vec::new();
    for (index, trigger) in pipeline.triggers.iter().enumerate() {
        let Some(git) = &trigger.git_configuration else { continue };
        let path = join(&join("/triggers", index), "gitConfiguration");
        let push = git.push.iter().enumerate().flat_map(|(at, filter)| {
            let parts = [("tags", &filter.tags), ("branches", &filter.branches), ("filePaths", &filter.file_paths)];
            parts.map(|(field, patterns)| ("push", at, field, patterns))
        });
        let pull = git.pull_request.iter().enumerate().flat_map(|(at, filter)| {
            let parts = [("branches", &filter.branches), ("filePaths", &filter.file_paths)];
            parts.map(|(field, patterns)| ("pullRequest", at, field, patterns))
        });
        for (list, at, field, patterns) in push.chain(pull) {
            out.extend(patterns.as_ref().map(|patterns| (join(&join(&join(&path, list), at), field), patterns)));
        }
    }
    out
}

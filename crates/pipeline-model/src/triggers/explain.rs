//! Why an event starts a pipeline, or why it does not, as a tree of answers.

use std::fmt;

use serde::Serialize;

use super::glob::Noted;
use super::{Event, Glob};
use crate::model::{Action, Patterns, Pipeline, PullRequestFilter, PushFilter};

/// The service looks at no more changed files of an event than that.
const FILES: usize = 100;

/// An answer with the answers it comes from. `Display` shows the tree, one answer per line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether it holds; at the root, whether the pipeline starts.
    pub holds: bool,
    /// What was asked, and what was found.
    pub what: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Self>,
}

impl Explanation {
    pub(crate) fn leaf(holds: bool, what: impl Into<String>) -> Self {
        Self { holds, what: what.into(), because: Vec::new() }
    }

    pub(crate) fn any(what: impl Into<String>, because: Vec<Self>) -> Self {
        Self { holds: because.iter().any(|answer| answer.holds), what: what.into(), because }
    }

    pub(crate) fn all(what: impl Into<String>, because: Vec<Self>) -> Self {
        Self { holds: because.iter().all(|answer| answer.holds), what: what.into(), because }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut todo = vec![(0, self)];
        while let Some((depth, answer)) = todo.pop() {
            let mark = if answer.holds { "yes" } else { "no" };
            writeln!(f, "{:depth$}{mark}: {}", "", answer.what)?;
            todo.extend(answer.because.iter().rev().map(|answer| (depth + 2, answer)));
        }
        Ok(())
    }
}

/// Answers whether an event in the repository of the pipeline's connection sources starts the pipeline, and why.
///
/// Several filters are alternatives, the parts of one filter must all hold, one included pattern is enough, and one
/// excluded pattern decides against. A source action that has a trigger does not start by itself any more.
///
/// ```
/// use pipeline_model::triggers::{Event, explain};
/// use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};
///
/// let source = Action::new("Code", ActionTypeId::new("Source", "AWS", "CodeStarSourceConnection", "1"));
/// let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
/// pipeline.stages.push(Stage::new("Source").with_action(source.with_config("BranchName", "main")));
/// assert!(explain(&Event::push("main"), &pipeline).holds);
/// assert!(!explain(&Event::push("feature"), &pipeline).holds);
/// ```
#[must_use]
pub fn explain(event: &Event, pipeline: &Pipeline) -> Explanation {
    let sources = pipeline.actions().map(|(_, action)| action);
    let sources = sources.filter(|action| action.action_type_id.provider == "CodeStarSourceConnection");
    let files = Files::of(event);
    let mut because: Vec<Explanation> = sources.map(|action| source(event, &files, pipeline, action)).collect();
    if because.is_empty() {
        because.push(Explanation::leaf(false, "no source action uses a connection"));
    }
    Explanation::any(format!("{event} starts the pipeline `{}`", pipeline.name), because)
}

/// The changed files that the service looks at.
struct Files<'e> {
    looked: Vec<(&'e str, Noted<'e>)>,
    all: usize,
}

impl<'e> Files<'e> {
    fn of(event: &'e Event) -> Self {
        let (Event::Push { files, .. } | Event::PullRequest { files, .. }) = event else {
            return Self { looked: Vec::new(), all: 0 };
        };
        let looked = files.iter().take(FILES).map(|file| (file.as_str(), Noted::new(file)));
        Self { looked: looked.collect(), all: files.len() }
    }
}

fn source(event: &Event, files: &Files<'_>, pipeline: &Pipeline, action: &Action) -> Explanation {
    let name = &action.name;
    let git = pipeline.triggers.iter().filter_map(|trigger| trigger.git_configuration.as_ref());
    let own: Vec<_> = git.filter(|git| git.source_action_name == *name).collect();
    let mut because = Vec::new();
    for git in &own {
        for (at, filter) in git.push.iter().enumerate() {
            because.push(Explanation::all(format!("push filter {}", at + 1), push(event, files, filter)));
        }
        for (at, filter) in git.pull_request.iter().enumerate() {
            because
                .push(Explanation::all(format!("pull request filter {}", at + 1), pull_request(event, files, filter)));
        }
    }
    if because.is_empty() {
        return Explanation::all(format!("source action `{name}` has no filters"), detection(event, action));
    }
    Explanation::any(format!("one of the filters of source action `{name}` lets it through"), because)
}

/// What a source action does by itself.
fn detection(event: &Event, action: &Action) -> Vec<Explanation> {
    let detects = action.config("DetectChanges").is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    let own = action.config("BranchName").unwrap_or_default();
    let branch = match event {
        Event::Push { branch, .. } => Explanation::leaf(branch == own, format!("the pushed branch is `{own}`")),
        _ => Explanation::leaf(false, format!("it is a push to the branch `{own}`")),
    };
    vec![Explanation::leaf(detects, "the action detects changes"), branch]
}

fn push(event: &Event, files: &Files<'_>, filter: &PushFilter) -> Vec<Explanation> {
    let mut parts = Vec::new();
    match event {
        Event::Tag { tag } => {
            parts.extend(filter.tags.as_ref().map(|patterns| name("tag", tag, patterns)));
            if filter.branches.is_some() || filter.file_paths.is_some() {
                parts.push(Explanation::leaf(false, "it is a push to a branch"));
            }
        }
        Event::Push { branch, created, .. } => {
            if filter.tags.is_some() {
                parts.push(Explanation::leaf(false, "it is a push of a tag"));
            }
            parts.extend(filter.branches.as_ref().map(|patterns| name("branch", branch, patterns)));
            if let Some(patterns) = &filter.file_paths {
                if *created {
                    parts.push(Explanation::leaf(false, "the branch was there before, as a filter on files asks"));
                }
                parts.push(paths(files, patterns));
            }
        }
        Event::PullRequest { .. } => parts.push(Explanation::leaf(false, "it is a push")),
    }
    parts
}

fn pull_request(event: &Event, files: &Files<'_>, filter: &PullRequestFilter) -> Vec<Explanation> {
    let Event::PullRequest { event, target, .. } = event else {
        return vec![Explanation::leaf(false, "it is a pull request")];
    };
    let mut parts = Vec::new();
    if !filter.events.is_empty() {
        let listed = filter.events.contains(event);
        parts.push(Explanation::leaf(listed, format!("`{event}` is one of {}", filter.events.join(", "))));
    }
    parts.extend(filter.branches.as_ref().map(|patterns| name("target branch", target, patterns)));
    parts.extend(filter.file_paths.as_ref().map(|patterns| paths(files, patterns)));
    parts
}

fn name(what: &str, text: &str, patterns: &Patterns) -> Explanation {
    match Sieve::new(patterns) {
        Ok(sieve) => {
            let (holds, why) = sieve.judge(text);
            Explanation::leaf(holds, format!("{what} `{text}` {why}"))
        }
        Err(why) => Explanation::leaf(false, why),
    }
}

fn paths(files: &Files<'_>, patterns: &Patterns) -> Explanation {
    let sieve = match Sieve::new(patterns) {
        Ok(sieve) => sieve,
        Err(why) => return Explanation::leaf(false, why),
    };
    let Files { looked, all } = files;
    if let Some((file, _)) = looked.iter().find(|(_, noted)| sieve.passes(*noted)) {
        return Explanation::leaf(true, format!("changed file `{file}` {}", sieve.judge(file).1));
    }
    let first = looked.first().map_or_else(String::new, |(file, _)| format!(": `{file}` {}", sieve.judge(file).1));
    let rest = if *all > FILES { format!(", and the service looks at the first {FILES} only") } else { String::new() };
    Explanation::leaf(false, format!("one of {all} changed files passes{first}{rest}"))
}

/// Patterns that are ready to match.
struct Sieve<'p> {
    includes: Vec<(&'p str, Glob)>,
    excludes: Vec<(&'p str, Glob)>,
}

impl<'p> Sieve<'p> {
    fn new(patterns: &'p Patterns) -> Result<Self, String> {
        let read = |list: &'p [String]| -> Result<Vec<(&'p str, Glob)>, String> {
            let read = |pattern: &'p String| match Glob::new(pattern) {
                Ok(glob) => Ok((pattern.as_str(), glob)),
                Err(why) => Err(format!("the pattern `{pattern}` can be read: {why}")),
            };
            list.iter().map(read).collect()
        };
        Ok(Self { includes: read(&patterns.includes)?, excludes: read(&patterns.excludes)? })
    }

    fn passes(&self, text: Noted<'_>) -> bool {
        (self.includes.is_empty() || self.includes.iter().any(|(_, glob)| glob.matches_noted(text)))
            && !self.excludes.iter().any(|(_, glob)| glob.matches_noted(text))
    }

    fn judge(&self, text: &str) -> (bool, String) {
        let found =
            |list: &[(&'p str, Glob)]| list.iter().find(|(_, glob)| glob.matches(text)).map(|(pattern, _)| *pattern);
        if let Some(pattern) = found(&self.excludes) {
            return (false, format!("is excluded by `{pattern}`"));
        }
        if self.includes.is_empty() {
            return (true, "is not excluded".to_owned());
        }
        match found(&self.includes) {
            Some(pattern) => (true, format!("is included by `{pattern}`")),
            None => (false, "is included by no pattern".to_owned()),
        }
    }
}

//! What of a buildspec runs here. The rest is refused by name or told, never skipped in silence.

use super::executor::{Executor, Shell};
use super::{Error, Request};
use crate::model::{Buildspec, OnFailure};

/// Report groups that a project may have (user guide, "Buildspec specification").
const MOST_REPORT_GROUPS: usize = 5;

/// The shell to use, or what does not run here.
pub(super) fn check(spec: &Buildspec, executor: &dyn Executor) -> Result<Shell, Error> {
    let unsupported = |what: String, advice| Err(Error::Unsupported { what, advice });
    let Some(phases) = &spec.phases else {
        return match spec.batch {
            Some(_) => unsupported("a buildspec that is a batch only".to_owned(), "run it as a batch"),
            None => unsupported("a buildspec without `phases`".to_owned(), "add `phases`"),
        };
    };
    for user in spec.run_as.iter().chain(phases.iter().filter_map(|(_, phase)| phase.run_as.as_ref())) {
        executor.check_user(&user.value)?;
    }
    for (name, phase) in phases.iter() {
        if let Ok(Some(OnFailure::Retry { pattern, .. })) = phase.failure_policy()
            && regex_lite::Regex::new(&pattern).is_err()
        {
            let advice = "write a regular expression, or `RETRY-<count>` alone";
            return unsupported(
                format!("`on-failure` of `{name}` with the pattern `{}`", pattern.escape_debug()),
                advice,
            );
        }
    }
    match &spec.env.shell {
        None => Ok(Shell::Sh),
        Some(word) => match Shell::from_word(&word.value) {
            Some(shell) => Ok(shell),
            None => unsupported(format!("the shell `{}`", word.value.escape_debug()), "use `bash` or `/bin/sh`"),
        },
    }
}

/// What CodeBuild would do and a local run does not.
pub(super) fn notes(request: &Request<'_>) -> Vec<String> {
    let spec = request.buildspec;
    let mut notes = Vec::new();
    let mut note = |there: bool, text: &str| {
        if there {
            notes.push(text.to_owned());
        }
    };
    let phases = || spec.phases.iter().flat_map(|phases| phases.iter());
    let retries = |text: &crate::model::Text| matches!(OnFailure::parse(&text.value), Ok(OnFailure::Retry { .. }));
    note(
        phases().any(|(_, phase)| !phase.runtime_versions.is_empty()),
        "runtime-versions: the runtimes of this machine are used as they are",
    );
    note(
        phases().any(|(_, phase)| phase.on_failure.as_ref().is_some_and(retries)),
        "on-failure: CodeBuild retries the build, a local run retries the phase",
    );
    note(
        spec.cache.is_some() && request.cache_dir.is_none(),
        "cache: nothing is restored and nothing is saved, for no directory for caches is given",
    );
    note(
        spec.proxy.upload_artifacts.is_some() || spec.proxy.logs.is_some(),
        "proxy: nothing is uploaded from here; commands use the proxy of their variables",
    );
    note(spec.reports.len() > MOST_REPORT_GROUPS, "reports: CodeBuild takes 5 report groups a project");
    note(spec.env.git_credential_helper.is_some(), "git-credential-helper: git is used as it is set up here");
    notes
}

//! What of a buildspec runs here. The rest is refused by name or told, never skipped in silence.

use super::Error;
use super::executor::Shell;
use crate::model::{Buildspec, OnFailure};

/// The shell to use, or what does not run here.
pub(super) fn check(spec: &Buildspec) -> Result<Shell, Error> {
    let unsupported = |what: String, advice| Err(Error::Unsupported { what, advice });
    let Some(phases) = &spec.phases else {
        return match spec.batch {
            Some(_) => unsupported("a batch build".to_owned(), "run the buildspecs that it names one by one"),
            None => unsupported("a buildspec without `phases`".to_owned(), "add `phases`"),
        };
    };
    let users = spec.run_as.iter().chain(phases.iter().filter_map(|(_, phase)| phase.run_as.as_ref()));
    if let Some(user) = users.into_iter().find(|user| user.value != "root") {
        let advice = "commands run as the user who starts the build: take it out, or start the build as that user";
        return unsupported(format!("`run-as: {}`", user.value.escape_debug()), advice);
    }
    for (name, phase) in phases.iter() {
        if let Ok(Some(OnFailure::Retry { pattern, .. })) = phase.failure_policy()
            && pattern != ".*"
        {
            let advice = "use `RETRY-<count>` without a pattern";
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
pub(super) fn notes(spec: &Buildspec) -> Vec<String> {
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
    note(spec.cache.is_some(), "cache: nothing is restored and nothing is saved");
    note(!spec.reports.is_empty(), "reports: test reports are not collected");
    note(spec.env.git_credential_helper.is_some(), "git-credential-helper: git is used as it is set up here");
    notes
}

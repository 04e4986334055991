//! Every row of CodeBuild's transitions as a build that really runs: each failing phase, each policy, each place.

use buildspec::BuildStatus;
use buildspec::run::EventKind;

use crate::lab::{Lab, Ran};

const PHASES: [&str; 4] = ["install", "pre_build", "build", "post_build"];

/// Where the failure is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Commands,
    Finally,
    Both,
    /// In `commands`, and there is no `finally`.
    Alone,
}

const PLACES: [Place; 4] = [Place::Commands, Place::Finally, Place::Both, Place::Alone];

fn spec(failing: &str, policy: &str, place: Place) -> String {
    let mut text = "version: 0.2\nphases:\n".to_owned();
    for phase in PHASES {
        text += &format!("  {phase}:\n");
        let fails = phase == failing;
        if fails && !policy.is_empty() {
            text += &format!("    on-failure: {policy}\n");
        }
        let exit = |here| if fails && here { "exit 3" } else { "true" };
        let (first, last) = (exit(place != Place::Finally), exit(matches!(place, Place::Finally | Place::Both)));
        text += &format!("    commands: [echo {phase}, {first}, echo rest]\n");
        if place != Place::Alone {
            text += &format!("    finally: [echo finally, {last}, echo after]\n");
        }
    }
    text
}

fn rest(ran: &Ran, failing: &str) -> String {
    let words: Vec<_> = ran.result.phases.iter().map(|phase| phase.phase_type.to_string()).collect();
    let at = words.iter().position(|word| *word == failing.to_uppercase()).unwrap();
    words[at + 1..].join(" ")
}

/// The phases that run after a failure (reference, "Phases"; build specification reference, `on-failure`).
const ROWS: [(&str, &str, &str, &str); 28] = [
    ("install", "", "install", "FINALIZING COMPLETED"),
    ("install", "ABORT", "install", "FINALIZING COMPLETED"),
    ("install", "CONTINUE", "install pre_build build post_build", ALL_AFTER_INSTALL),
    ("install", "RETRY-0", "install", "FINALIZING COMPLETED"),
    ("install", "RETRY-1", "install install", "FINALIZING COMPLETED"),
    ("install", "Retry-2-status 3$", "install install install", "FINALIZING COMPLETED"),
    ("install", "RETRY-2-status 4$", "install", "FINALIZING COMPLETED"),
    ("pre_build", "", "install pre_build", "FINALIZING COMPLETED"),
    ("pre_build", "ABORT", "install pre_build", "FINALIZING COMPLETED"),
    ("pre_build", "CONTINUE", "install pre_build build post_build", ALL_AFTER_PRE_BUILD),
    ("pre_build", "RETRY-0", "install pre_build", "FINALIZING COMPLETED"),
    ("pre_build", "RETRY-1", "install pre_build pre_build", "FINALIZING COMPLETED"),
    ("pre_build", "RETRY-exit .* 3", "install pre_build pre_build pre_build pre_build", "FINALIZING COMPLETED"),
    ("pre_build", "RETRY-timeout", "install pre_build", "FINALIZING COMPLETED"),
    ("build", "", "install pre_build build post_build", ALL_AFTER_BUILD),
    ("build", "ABORT", "install pre_build build", "FINALIZING COMPLETED"),
    ("build", "CONTINUE", "install pre_build build post_build", ALL_AFTER_BUILD),
    ("build", "RETRY", "install pre_build build build build build", "FINALIZING COMPLETED"),
    ("build", "RETRY-1", "install pre_build build build", "FINALIZING COMPLETED"),
    ("build", "RETRY-1-^Error", "install pre_build build build", "FINALIZING COMPLETED"),
    ("build", "RETRY-1-^error", "install pre_build build", "FINALIZING COMPLETED"),
    ("post_build", "", "install pre_build build post_build", "UPLOAD_ARTIFACTS FINALIZING COMPLETED"),
    ("post_build", "ABORT", "install pre_build build post_build", "FINALIZING COMPLETED"),
    ("post_build", "CONTINUE", "install pre_build build post_build", "UPLOAD_ARTIFACTS FINALIZING COMPLETED"),
    ("post_build", "RETRY-0", "install pre_build build post_build", "FINALIZING COMPLETED"),
    ("post_build", "RETRY-1", "install pre_build build post_build post_build", "FINALIZING COMPLETED"),
    ("post_build", "RETRY-1-3", "install pre_build build post_build post_build", "FINALIZING COMPLETED"),
    ("post_build", "RETRY-1-4", "install pre_build build post_build", "FINALIZING COMPLETED"),
];

const ALL_AFTER_INSTALL: &str = "PRE_BUILD BUILD POST_BUILD UPLOAD_ARTIFACTS FINALIZING COMPLETED";
const ALL_AFTER_PRE_BUILD: &str = "BUILD POST_BUILD UPLOAD_ARTIFACTS FINALIZING COMPLETED";
const ALL_AFTER_BUILD: &str = "POST_BUILD UPLOAD_ARTIFACTS FINALIZING COMPLETED";

#[test]
fn rows() {
    for (failing, policy, ran, after) in ROWS {
        for place in PLACES {
            let done = Lab::new().run(&spec(failing, policy, place));
            let case = format!("{failing} `{policy}` {place:?}");
            assert_eq!(done.result.status, BuildStatus::Failed, "{case}");
            assert!(!done.result.is_success(), "{case}");
            let output = done.output();
            let named: Vec<_> = output.iter().copied().filter(|line| PHASES.contains(line)).collect();
            assert_eq!(named.join(" "), ran, "{case}");
            assert_eq!(rest(&done, failing), after, "{case}");
            // How often the failing phase ran, and all of them together.
            let (tries, all) = (named.iter().filter(|name| **name == failing).count(), named.len());
            let count = |word: &str| output.iter().filter(|line| **line == word).count();
            let commands_fail = place != Place::Finally;
            assert_eq!(count("rest"), all - if commands_fail { tries } else { 0 }, "{case}");
            let finally_fails = matches!(place, Place::Finally | Place::Both);
            let has_finally = place != Place::Alone;
            assert_eq!(count("finally"), if has_finally { all } else { 0 }, "{case}: `finally` always runs");
            let after = if finally_fails { all - tries } else { all };
            assert_eq!(count("after"), if has_finally { after } else { 0 }, "{case}");
            let at = done.result.phases.iter().position(|phase| phase.phase_type.as_str() == failing.to_uppercase());
            let phase = &done.result.phases[at.unwrap()];
            assert_eq!(phase.phase_status, Some(BuildStatus::Failed), "{case}");
            assert_eq!(phase.contexts.len(), 1, "{case}");
            assert_eq!(phase.contexts[0].status_code, "COMMAND_EXECUTION_ERROR");
            assert_eq!(phase.contexts[0].message, "Error while executing command: exit 3. Reason: exit status 3");
            let line = format!("{}: `exit 3` failed with exit status 3", failing.to_uppercase());
            assert_eq!(done.result.first_failure, Some(line), "{case}");
        }
    }
}

/// Two phases fail: the first one is the cause, both are told.
#[test]
fn two_failures() {
    let ran = Lab::new().run(
        "version: 0.2\nphases:\n  build:\n    commands: [exit 4]\n  post_build:\n    commands: [exit 5]\nartifacts:\n  files: none\n",
    );
    assert_eq!(ran.result.first_failure.as_deref(), Some("BUILD: `exit 4` failed with exit status 4"));
    let failed: Vec<_> = ran.phases().into_iter().filter(|phase| phase.ends_with(" FAILED")).collect();
    assert_eq!(failed, ["BUILD FAILED", "POST_BUILD FAILED", "UPLOAD_ARTIFACTS FAILED"]);
}

/// Phases that were not asked for run no command, and what they would have made is not missed.
#[test]
fn chosen_phases() {
    use buildspec::model::PhaseName;
    let lab = Lab::new();
    let text = spec("none", "", Place::Alone) + "artifacts:\n  files: app\n";
    let spec = crate::lab::spec(&text);
    let request = lab.request(&spec).with_phases(vec![PhaseName::PreBuild, PhaseName::Install]);
    let ran = lab.run_with(&request).unwrap();
    assert_eq!(ran.output(), ["install", "rest", "pre_build", "rest"]);
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}", ran.result.first_failure);
    assert!(ran.notes().contains(&"Skipping phase BUILD: it was not asked for"));
}

#[test]
fn as_codebuild_logs_it() {
    let ran = Lab::new().run("version: 0.2\nphases:\n  install:\n  build:\n    commands: [echo a, nonesuch-program]\n");
    let log: Vec<String> = ran.events.iter().filter(|event| event.is_logged()).map(ToString::to_string).collect();
    let log = log.join("\n");
    let mut rest = log.as_str();
    // In this order, each behind `[Container]` and the time.
    for line in [
        "Moving to directory ",
        "Phases found in YAML: 2",
        " INSTALL: 0 commands",
        " BUILD: 2 commands",
        "Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
        "Entering phase INSTALL",
        "Phase complete: INSTALL State: SUCCEEDED",
        "Entering phase BUILD",
        "Running command echo a",
        "Running command nonesuch-program",
        "Command did not exit successfully nonesuch-program exit status 127",
        "Phase complete: BUILD State: FAILED",
        "Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: nonesuch-program. Reason: exit status 127",
        "Entering phase POST_BUILD",
        "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED",
    ] {
        let wanted = format!("[Container] 2023/11/14 22:13:20.000000 {line}");
        let at = rest.find(&wanted).unwrap_or_else(|| panic!("{wanted} in\n{rest}"));
        rest = &rest[at + wanted.len()..];
    }
    assert!(!log.contains("exited successfully"), "CodeBuild says nothing about a command that succeeds");
    assert!(
        ran.events
            .iter()
            .any(|event| matches!(&event.kind, EventKind::CommandFinished { exit, .. } if exit.is_success()))
    );
}

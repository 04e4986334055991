//! Giving up: by a flag, by time. No process is left, and the result is still right.

use std::time::Duration;

use buildspec::BuildStatus;
use buildspec::run::{Cancel, Event, EventKind};

use crate::lab::{Lab, Ran, build_of, is_running, spec};

/// A child of a child, both of which write down who they are; then the word that tells that all of them run.
const FAMILY: &str = "sh -c 'sleep 300 & echo $! > grandchild; wait' & echo $! > child\nwhile ! test -s grandchild; do sleep 0.01; done\necho ready\nwait";

/// The same, deaf to polite requests.
const DEAF: &str = "trap '' TERM\nsh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 300; done' & echo $! > child\nwhile ! test -s grandchild; do sleep 0.01; done\necho ready\nwhile :; do wait; done";

fn ready(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Output { line, .. } if line == "ready")
}

fn gone(lab: &Lab) {
    for name in ["child", "grandchild"] {
        let pid = lab.read(name);
        assert!(!pid.trim().is_empty(), "{name} has run");
        assert!(!is_running(&pid), "{name} {pid} is left");
    }
    lab.nothing_is_left();
}

fn give_up(lab: &Lab, text: &str, how: impl Fn(&Cancel)) -> Ran {
    let (spec, cancel) = (spec(text), Cancel::new());
    let request = lab.request(&spec).with_timeout(Duration::from_secs(600));
    let mut events = Vec::new();
    let result = lab
        .runner()
        .run(&request, &cancel, &mut |event| {
            if ready(&event) {
                how(&cancel);
            }
            events.push(event);
        })
        .unwrap();
    Ran { result, events }
}

#[test]
fn cancel_ends_the_family() {
    for commands in [FAMILY, DEAF] {
        let lab = Lab::new();
        let text = build_of(&[commands, "echo unreached"]);
        let ran = give_up(
            &lab,
            &(text + "    finally: [echo unreached]\n  post_build:\n    commands: [echo unreached]\n"),
            Cancel::cancel,
        );
        assert_eq!(ran.result.status, BuildStatus::Stopped);
        assert_eq!(ran.phases()[6..], ["BUILD STOPPED", "FINALIZING SUCCEEDED", "COMPLETED"]);
        assert_eq!(ran.output(), ["ready"]);
        gone(&lab);
    }
}

#[test]
fn time_is_up() {
    let lab = Lab::new();
    let clock = lab.clock.clone();
    let ran = give_up(&lab, &build_of(&[FAMILY]), |_| clock.advance(Duration::from_secs(601)));
    assert_eq!(ran.result.status, BuildStatus::TimedOut);
    assert_eq!(ran.phases()[6..], ["BUILD TIMED_OUT", "FINALIZING SUCCEEDED", "COMPLETED"]);
    assert_eq!(ran.result.first_failure.as_deref(), Some("BUILD: Build has timed out."));
    assert_eq!(ran.result.phases[6].contexts[0].status_code, "BUILD_TIMED_OUT");
    gone(&lab);
}

#[test]
fn cancelled_before_it_begins() {
    let lab = Lab::new();
    let (spec, cancel) = (spec(&build_of(&["echo unreached"])), Cancel::new());
    cancel.cancel();
    let result = lab.runner().run(&lab.request(&spec), &cancel, &mut |_| {}).unwrap();
    assert_eq!(result.status, BuildStatus::Stopped);
    assert_eq!(result.phases[3].phase_status, Some(BuildStatus::Stopped));
}

/// Output without end does not keep a build from being given up.
#[test]
fn a_flood() {
    let lab = Lab::new();
    let ran = give_up(&lab, &build_of(&["echo ready; yes"]), Cancel::cancel);
    assert_eq!(ran.result.status, BuildStatus::Stopped);
}

/// What a command leaves running works on, for later commands to use, and ends with the build.
#[test]
fn background() {
    let lab = Lab::new();
    let ran = lab.run(&build_of(&[
        "sh -c 'echo $$ > child; while :; do sleep 0.01; echo tick >> ticks; done' &",
        "while ! test -s ticks; do sleep 0.01; done; echo served",
        "sleep 300 & echo $! > grandchild",
    ]));
    assert_eq!(ran.result.status, BuildStatus::Succeeded);
    assert_eq!(ran.output(), ["served"]);
    gone(&lab);
}

/// A flood from the background does not keep the build from going on.
#[test]
fn background_flood() {
    let lab = Lab::new();
    let ran = lab.run(&build_of(&["echo $$ > grandchild; yes & echo $! > child", "echo next"]));
    assert_eq!(ran.result.status, BuildStatus::Succeeded);
    assert!(ran.output().contains(&"next"));
    gone(&lab);
}

/// A daemon that leaves the group, with the environment it was given, ends with the build; so does its child.
#[cfg(target_os = "linux")]
#[test]
fn daemons() {
    let lab = Lab::new();
    let ran = lab.run(&build_of(&[
        "setsid sh -c 'echo $$ > child; setsid sh -c \"echo \\$\\$ > grandchild; sleep 300\" & wait' >/dev/null 2>&1 &",
        "while ! test -s grandchild; do sleep 0.01; done",
    ]));
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{}", ran.everything());
    gone(&lab);
}

/// The same for a build that is given up, by a daemon that is deaf.
#[cfg(target_os = "linux")]
#[test]
fn deaf_daemons() {
    let lab = Lab::new();
    let commands = "setsid sh -c 'trap \"\" TERM; echo $$ > child; while :; do sleep 1; done' >/dev/null 2>&1 &\nwhile ! test -s child; do sleep 0.01; done\ncp child grandchild\necho ready\nsleep 300";
    let ran = give_up(&lab, &build_of(&[commands]), Cancel::cancel);
    assert_eq!(ran.result.status, BuildStatus::Stopped);
    gone(&lab);
}

/// The directory of the session, the source itself: whatever a command deletes, there is a result that says so.
#[test]
fn deleted_directories() {
    for (command, phase) in [("rm -rf \"${0%/*}\"", "BUILD"), ("rm -rf \"$CODEBUILD_SRC_DIR\"", "BUILD")] {
        let lab = Lab::new();
        let ran = lab.run(&(build_of(&[command, "echo unreached"]) + "artifacts:\n  files: x\n"));
        assert!(!ran.result.is_success(), "{command}");
        let failed =
            ran.phases().iter().any(|line| *line == format!("{phase} FAILED") || *line == format!("{phase} FAULT"));
        assert!(failed, "{command}: {:?}", ran.phases());
        assert!(!ran.output().contains(&"unreached"), "{command}");
        assert!(ran.result.first_failure.is_some());
    }
}

//! Scripts: what they are told, how they end, and what their end is called.

use std::time::Duration;

use appspec::host::{EventKind, ScriptCode};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::Site;

fn hook(location: &str, more: &str) -> String {
    format!("hooks:\n  AfterInstall:\n    - location: {location}\n{more}")
}

#[test]
fn the_environment_is_clean_and_the_agents() {
    let mut site = Site::new();
    site.options = site
        .options
        .clone()
        .with_group("shop", "Fleet", "g-1")
        .with_deployment_id("d-1")
        .with_environment(vec![("COLOUR".to_owned(), "blue green".to_owned())])
        .with_bundle_variables(vec![("BUNDLE_COMMIT".to_owned(), "abc".to_owned())]);
    let bundle = site.bundle("b", &hook("env.sh", ""), &[("env.sh", "#!/bin/sh\nexec env\n")]);
    assert!(site.deploy(&bundle).is_success());
    let mut variables = site.output();
    // A shell adds these.
    variables.retain(|variable| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| variable.starts_with(own)));
    variables.sort();
    assert_eq!(
        variables,
        [
            "APPLICATION_NAME=shop",
            "BUNDLE_COMMIT=abc",
            "COLOUR=blue green",
            "DEPLOYMENT_GROUP_ID=g-1",
            "DEPLOYMENT_GROUP_NAME=Fleet",
            "DEPLOYMENT_ID=d-1",
            "LIFECYCLE_EVENT=AfterInstall",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ]
    );
}

#[test]
fn ends_and_their_names() {
    for (script, more, code, message) in [
        (
            "#!/bin/sh\nexit 3\n",
            "",
            ScriptCode::ScriptFailed,
            "Script at specified location: s.sh failed with exit code 3",
        ),
        (
            "#!/bin/sh\nkill -9 $$\n",
            "",
            ScriptCode::ScriptFailed,
            "Script at specified location: s.sh failed with exit code  (ended by signal 9)",
        ),
        (
            "#!/no/such/interpreter\n",
            "",
            ScriptCode::UnknownError,
            "Script at specified location: s.sh failed with error No such file or directory (os error 2)",
        ),
        (
            "#!/bin/sh\n",
            "      runas: nobody-of-that-name\n",
            ScriptCode::UnknownError,
            "Script at specified location: s.sh run as user nobody-of-that-name failed with error can't find user for nobody-of-that-name",
        ),
    ] {
        let site = Site::new();
        let failure = site.deploy(&site.bundle("b", &hook("s.sh", more), &[("s.sh", script)])).failure.unwrap();
        assert_eq!((failure.code, failure.message.as_str()), (Some(code), message));
    }
}

#[test]
fn scripts_are_files_of_the_bundle() {
    for location in ["missing.sh", "../../../../../bin/true", "directory", "out"] {
        let site = Site::new();
        let bundle = site.bundle("b", &hook(location, ""), &[("directory/x", "x")]);
        let failure = site.deploy(&bundle).failure.unwrap();
        assert_eq!(failure.code, Some(ScriptCode::ScriptMissing), "{location}");
        assert!(failure.message.starts_with("Script does not exist at specified location: /"), "{}", failure.message);
    }
}

#[test]
fn without_mode_and_without_interpreter() {
    let site = Site::new();
    let bundle = site.bundle("b", &hook("plain.sh", ""), &[("plain.sh", "echo by sh\n")]);
    assert!(site.deploy(&bundle).is_success());
    assert_eq!(site.output(), ["by sh"]);
    let notes = site.events.lock().unwrap();
    assert!(
        notes.iter().any(|event| matches!(event, EventKind::Note { message } if message.contains("is not executable")))
    );
}

#[test]
fn whoever_ignores_the_end_is_ended_with_all_its_children() {
    let site = Site::new();
    let script = "#!/bin/sh\ntrap '' TERM\nsh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done'\n";
    let bundle = site.bundle("b", &hook("s.sh", "      timeout: 60\n"), &[("s.sh", script)]);
    let clock = site.clock.clone();
    let mut child = None;
    let ended = site.deploy_watching(&bundle, &mut |event| {
        if let EventKind::Output { line, .. } = event {
            child = Pid::from_raw(line.trim().parse().unwrap());
            clock.advance(Duration::from_secs(61));
        }
    });
    let failure = ended.failure.unwrap();
    assert_eq!(failure.code, Some(ScriptCode::ScriptTimedOut));
    assert_eq!(failure.message, "Script at specified location: s.sh failed to complete in 60 seconds");
    // A zombie that nobody collects yet still has its number; it does not run.
    let child = child.unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", child.as_raw_pid())).unwrap_or_default();
    assert!(test_kill_process(child).is_err() || state.contains(") Z "), "{state}");
}

#[test]
fn output_that_stays_open_has_a_code_of_its_own() {
    let site = Site::new();
    let script = "#!/bin/sh\nsleep 1000 &\necho $$ $!\n";
    let bundle = site.bundle("b", &hook("s.sh", "      timeout: 60\n"), &[("s.sh", script)]);
    let clock = site.clock.clone();
    let mut child = None;
    let ended = site.deploy_watching(&bundle, &mut |event| {
        if let EventKind::Output { line, .. } = event {
            let (script, left) = line.trim().split_once(' ').unwrap();
            child = Pid::from_raw(left.parse().unwrap());
            // Once the script is over, only what it left has the output.
            let is_over = || {
                let stat = std::fs::read_to_string(format!("/proc/{script}/stat")).unwrap_or_default();
                stat.is_empty() || stat.contains(") Z ")
            };
            while !is_over() {
                std::thread::yield_now();
            }
            clock.advance(Duration::from_secs(61));
        }
    });
    let failure = ended.failure.unwrap();
    // The agent leaves it running; the test that started it ends it.
    kill_process(child.unwrap(), Signal::KILL).unwrap();
    assert_eq!(failure.code.map(ScriptCode::number), Some(6), "{failure:?}");
    assert_eq!(failure.message, "Script at specified location: s.sh failed to close STDOUT");
}

#[test]
fn output_is_bounded_where_it_is_kept() {
    let site = Site::new();
    let script = "#!/bin/sh\ni=0\nwhile test $i -lt 3000; do echo line-$i; i=$((i + 1)); done\nexit 1\n";
    let failure = site.deploy(&site.bundle("b", &hook("s.sh", ""), &[("s.sh", script)])).failure.unwrap();
    assert!(failure.log.len() <= 2048 && failure.log.ends_with("[stdout]line-2999\n"), "{}", failure.log.len());
    assert_eq!(site.output().len(), 3000);
}

#[test]
fn runas_runs_as_that_user() {
    if !super::is_root() {
        println!("not looked at: only root can become another user");
        return;
    }
    let site = Site::new();
    let host = site.host.clone().with_accounts(std::sync::Arc::new(appspec::host::SystemAccounts));
    // Others must be able to reach the script.
    std::fs::set_permissions(site.place(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let bundle =
        site.bundle("b", &hook("s.sh", "      runas: nobody\n"), &[("s.sh", "#!/bin/sh\nid -un\necho $USER\n")]);
    let mut lines = Vec::new();
    let ended = host
        .install(&appspec::host::Bundle::detect(bundle).unwrap(), &site.options, &site.cancel, &mut |event| {
            if let EventKind::Output { line, .. } = event.kind {
                lines.push(line);
            }
        })
        .unwrap();
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(lines, ["nobody", "nobody"]);
}

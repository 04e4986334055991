//! Builds from beginning to end: phases, `finally`, `on-failure`, results.

use std::sync::Arc;

use buildspec::BuildStatus;
use buildspec::run::{Cancel, DryRun, Error, EventKind, Runner};

use crate::lab::{Lab, build_of, spec};

#[test]
fn success() {
    let lab = Lab::new();
    let ran = lab.run(
        "version: 0.2\nenv:\n  exported-variables: [TAG, MISSING]\nphases:\n  install:\n    commands: [echo i]\n  build:\n    commands:\n      - TAG=\"a b\n        c\"\n      - echo $TAG > app\n    finally: [echo f]\nartifacts:\n  files: app\n",
    );
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}", ran.result);
    assert!(ran.result.is_success());
    assert_eq!(ran.output(), ["i", "f"]);
    assert_eq!(
        ran.phases(),
        [
            "SUBMITTED SUCCEEDED",
            "QUEUED SUCCEEDED",
            "PROVISIONING SUCCEEDED",
            "DOWNLOAD_SOURCE SUCCEEDED",
            "INSTALL SUCCEEDED",
            "PRE_BUILD SUCCEEDED",
            "BUILD SUCCEEDED",
            "POST_BUILD SUCCEEDED",
            "UPLOAD_ARTIFACTS SUCCEEDED",
            "FINALIZING SUCCEEDED",
            "COMPLETED",
        ]
    );
    assert_eq!(ran.result.exported_variables.len(), 1, "what is not set is not exported");
    assert_eq!(ran.result.exported_variables[0].value, "a b c");
    assert_eq!(ran.result.artifacts[0].files, [std::path::PathBuf::from("app")]);
    assert!(ran.notes().contains(&"No commands found for phase name: post_build"));
    let json = serde_json::to_value(&ran.result).unwrap();
    assert_eq!(json["buildStatus"], "SUCCEEDED");
    assert_eq!(json["phases"][6]["phaseType"], "BUILD");
    assert_eq!(json["phases"][6]["durationInSeconds"], 0);
    assert_eq!(json["currentPhase"], "COMPLETED");
    assert_eq!(json["buildComplete"], true);
    assert_eq!(json["startTime"], 1_700_000_000.0);
    assert_eq!(json["exportedEnvironmentVariables"][0]["name"], "TAG");
}

#[test]
fn the_rest_of_a_list_is_skipped() {
    let ran = Lab::new().run(&build_of(&["echo a", "false", "echo b"]));
    assert_eq!(ran.output(), ["a"]);
}

/// What a later phase learns: `CODEBUILD_BUILD_SUCCEEDING` stays 0, after `CONTINUE` too.
#[test]
fn succeeding() {
    let ran = Lab::new().run(
        "version: 0.2\nphases:\n  install:\n    commands: [echo $CODEBUILD_BUILD_SUCCEEDING]\n  build:\n    on-failure: CONTINUE\n    commands: ['false']\n  post_build:\n    commands: [echo $CODEBUILD_BUILD_SUCCEEDING]\n",
    );
    assert_eq!(ran.output(), ["1", "0"]);
    assert_eq!(ran.result.status, BuildStatus::Failed);
}

#[test]
fn retry() {
    let lab = Lab::new();
    let text = "version: 0.2\nphases:\n  build:\n    on-failure: RETRY-2\n    commands:\n      - echo x >> tries\n      - test $(wc -l < tries) -ge 3\n  post_build:\n    commands: [echo $CODEBUILD_BUILD_SUCCEEDING]\n";
    let ran = lab.run(text);
    assert_eq!(lab.read("tries").lines().count(), 3);
    assert_eq!(ran.result.status, BuildStatus::Succeeded);
    assert_eq!(ran.result.first_failure, None);
    assert_eq!(ran.output(), ["1"]);
    let lab = Lab::new();
    let ran = lab.run(&text.replace("RETRY-2", "RETRY-1"));
    assert_eq!(lab.read("tries").lines().count(), 2);
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert_eq!(ran.output(), [""; 0], "a retry that is used up ends the build");
}

#[test]
fn a_process_that_kills_itself() {
    let ran = Lab::new().run(&build_of(&["kill -9 $$"]));
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert_eq!(ran.result.first_failure.as_deref(), Some("BUILD: `kill -9 $$` failed with signal 9"));
}

#[test]
fn a_build_that_deletes_its_directory() {
    let lab = Lab::new();
    lab.write("a/b", "");
    let ran = lab.run(&build_of(&["mkdir here && cd here", "rm -rf \"$CODEBUILD_SRC_DIR/here\"", "echo unreached"]));
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert!(!ran.output().contains(&"unreached"), "a command must not run in another directory");
}

/// More output than fits any buffer, and a line without an end.
#[test]
fn much_output() {
    let command = "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo end >&2";
    let ran = Lab::new().run(&build_of(&[command]));
    assert_eq!(ran.result.status, BuildStatus::Succeeded);
    let bytes: usize = ran.output().iter().filter(|line| line.starts_with('x')).map(|line| line.len()).sum();
    assert_eq!(bytes, 20_000_000);
    assert!(ran.output().contains(&"end"));
    assert!(ran.output().iter().all(|line| line.len() <= 64 << 10));
}

#[test]
fn dry_run() {
    let mut lab = Lab::new();
    lab.executor = Arc::new(DryRun);
    let ran = lab.run("version: 0.2\nenv:\n  parameter-store: {P: missing}\nphases:\n  build:\n    commands: [rm -rf /, echo b]\nartifacts:\n  files: none\n");
    assert!(ran.result.dry_run && !ran.result.is_success(), "a dry run proves nothing");
    let planned: Vec<_> = ran
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CommandStarted { command, .. } => Some(command.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(planned, ["rm -rf /", "echo b"]);
    assert!(ran.result.artifacts.is_empty());
}

/// What does not run here is refused by name, before anything runs.
#[test]
fn refused() {
    let lab = Lab::new();
    for (text, name) in [
        ("version: 0.2\nbatch: {build-list: []}\n", "a batch"),
        ("version: 0.2\nrun-as: nobody-at-all\nphases: {build: {commands: [a]}}\n", "run-as: nobody-at-all"),
        ("version: 0.2\nphases: {build: {run-as: nobody-at-all, commands: [a]}}\n", "run-as: nobody-at-all"),
        ("version: 0.2\nenv: {shell: powershell.exe}\nphases: {build: {commands: [a]}}\n", "powershell.exe"),
        ("version: 0.2\nphases: {build: {on-failure: 'RETRY-(oops', commands: [a]}}\n", "(oops"),
    ] {
        let spec = spec(text);
        let error = lab.run_with(&lab.request(&spec)).err().unwrap();
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let spec = spec("version: 0.2\nphases: {build: {commands: [a]}}\n");
    let mut request = lab.request(&spec);
    request.source_dir = lab.path("nowhere");
    assert!(matches!(lab.run_with(&request).err(), Some(Error::SourceDirectory { .. })));
    for (name, value) in [("CODEBUILD_X", "x"), ("", "x"), ("A=B", "x"), ("A", "x\0y")] {
        let request = lab.request(&spec).with_overrides(vec![(name.to_owned(), value.to_owned())]);
        assert!(matches!(lab.run_with(&request).err(), Some(Error::Variable { .. })), "{name:?}");
    }
}

#[test]
fn the_build_is_named() {
    let lab = Lab::new();
    let spec = spec(&build_of(&["echo $CODEBUILD_BUILD_ID $CODEBUILD_BUILD_NUMBER $CODEBUILD_INITIATOR"]));
    let request = lab.request(&spec).with_build("shop:1", 7).with_initiator("codepipeline/shop");
    let ran = lab.run_with(&request).unwrap();
    assert_eq!(ran.output(), ["shop:1 7 codepipeline/shop"]);
    assert_eq!(ran.result.id, "shop:1");
    assert_eq!(ran.result.arn, "arn:aws:codebuild:us-east-1:000000000000:build/shop:1");
}

#[test]
fn two_at_once() {
    let lab = Lab::new();
    let spec = spec(&build_of(&["sleep 0.2", "pwd"]));
    let shared: Runner = lab.runner();
    std::thread::scope(|scope| {
        let builds: Vec<_> = (0..2)
            .map(|_| {
                let (runner, request) = (shared.clone(), lab.request(&spec));
                scope.spawn(move || runner.run(&request, &Cancel::new(), &mut |_| {}).unwrap().status)
            })
            .collect();
        for build in builds {
            assert_eq!(build.join().unwrap(), BuildStatus::Succeeded);
        }
    });
    lab.nothing_is_left();
}

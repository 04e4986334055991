//! Batches: which builds they mean, what runs in parallel, and what a failure does.

use std::num::NonZeroUsize;

use buildspec::BuildStatus;
use buildspec::run::batch::{BatchEvent, BatchRequest, BatchResult, plan};
use buildspec::run::{Cancel, Error, EventKind};

use crate::lab::{Lab, spec};

struct Ran {
    result: BatchResult,
    events: Vec<BatchEvent>,
}

impl Ran {
    fn statuses(&self) -> String {
        let shown = self.result.groups.iter().map(|group| format!("{}={}", group.identifier, group.status()));
        shown.collect::<Vec<_>>().join(" ")
    }

    fn output(&self, identifier: &str) -> Vec<&str> {
        let lines = self.events.iter().filter(|event| event.identifier == identifier);
        lines
            .filter_map(|event| match &event.event.kind {
                EventKind::Output { line, .. } => Some(line.as_str()),
                _ => None,
            })
            .collect()
    }
}

fn run(lab: &Lab, text: &str, limit: usize) -> Ran {
    run_until(lab, text, limit, |_, _| {})
}

fn run_until(lab: &Lab, text: &str, limit: usize, mut watch: impl FnMut(&BatchEvent, &Cancel)) -> Ran {
    let parsed = buildspec::read(spec_report::Source::new("buildspec.yml", text));
    let spec = parsed.value.unwrap();
    let batch = BatchRequest::new(lab.request(&spec), lab.path("work"), NonZeroUsize::new(limit).unwrap());
    let (mut events, cancel) = (Vec::new(), Cancel::new());
    let result = lab
        .runner()
        .run_batch(&batch, &cancel, &mut |event| {
            watch(&event, &cancel);
            events.push(event);
        })
        .unwrap();
    lab.nothing_is_left();
    assert_eq!(std::fs::read_dir(lab.path("work")).unwrap().count(), 0, "copies of the source are left");
    Ran { result, events }
}

fn names(text: &str) -> Vec<String> {
    let parsed = buildspec::read(spec_report::Source::new("buildspec.yml", text));
    plan(&parsed.value.unwrap()).unwrap().tasks.into_iter().map(|task| task.identifier).collect()
}

#[test]
fn matrix() {
    let text = "version: 0.2\nbatch:\n  build-matrix:\n    static:\n      ignore-failure: true\n      env: {type: LINUX_CONTAINER, privileged-mode: true}\n    dynamic:\n      buildspec: [a.yml, b.yml]\n      env:\n        image: [one, two]\n        variables: {V: [1.10, x], W: w}\n";
    let plan = plan(&spec(text)).unwrap();
    assert_eq!(plan.tasks.len(), 8);
    let shown: Vec<String> = plan
        .tasks
        .iter()
        .map(|task| {
            let values: Vec<_> = task.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!(
                "{} {} {} {}",
                task.identifier,
                task.buildspec.as_deref().unwrap(),
                task.image.as_deref().unwrap(),
                values.join(",")
            )
        })
        .collect();
    assert_eq!(shown[0], "build_1 a.yml one V=1.10,W=w");
    assert_eq!(shown[1], "build_2 a.yml one V=x,W=w");
    assert_eq!(shown[2], "build_3 a.yml two V=1.10,W=w");
    assert_eq!(shown[7], "build_8 b.yml two V=x,W=w");
    assert!(plan.tasks.iter().all(|task| task.ignore_failure && task.environment.len() == 2));
}

#[test]
fn names_of_builds() {
    assert_eq!(names("version: 0.2\nbatch: {build-fanout: {parallelism: 3}}\n"), ["fanout_1", "fanout_2", "fanout_3"]);
    assert_eq!(names("version: 0.2\nbatch: {build-list: [{identifier: b}, {identifier: a}]}\n"), ["b", "a"]);
    // A build may depend on one that comes later.
    assert_eq!(
        names("version: 0.2\nbatch: {build-graph: [{identifier: b, depend-on: a}, {identifier: a}]}\n"),
        ["b", "a"]
    );
}

#[test]
fn no_batch() {
    for (batch, why) in [
        ("{}", "exactly one"),
        ("{build-list: [{identifier: a}], build-graph: [{identifier: a}]}", "exactly one"),
        ("{build-list: []}", "no builds"),
        ("{build-list: [{buildspec: a.yml}]}", "no `identifier`"),
        ("{build-list: [{identifier: a-b}]}", "`a-b`"),
        ("{build-list: [{identifier: ../x}]}", "`../x`"),
        ("{build-list: [{identifier: a}, {identifier: a}]}", "two builds are called `a`"),
        ("{build-graph: [{identifier: a, depend-on: [b]}]}", "depends on `b`"),
        ("{build-graph: [{identifier: a, depend-on: [a]}]}", "waits for itself"),
        (
            "{build-graph: [{identifier: c}, {identifier: a, depend-on: [b]}, {identifier: b, depend-on: [a, c]}]}",
            "waits for itself",
        ),
        ("{build-fanout: {parallelism: 0}}", "parallelism"),
        ("{build-fanout: {parallelism: many}}", "parallelism"),
        ("{build-matrix: {static: {}}}", "no `dynamic`"),
        ("{build-list: 3}", "no builds"),
    ] {
        let parsed =
            buildspec::read(spec_report::Source::new("buildspec.yml", format!("version: 0.2\nbatch: {batch}\n")));
        let error = plan(&parsed.value.unwrap()).unwrap_err();
        assert!(matches!(error, Error::Batch { .. }));
        assert!(error.to_string().contains(why), "{batch}: {error}");
    }
    let many = "a, ".repeat(40);
    let text = format!(
        "version: 0.2\nbatch: {{build-matrix: {{dynamic: {{env: {{variables: {{A: [{many}], B: [{many}]}}}}}}}}}}\n"
    );
    assert!(plan(&spec(&text)).unwrap_err().to_string().contains("more than 1000"));
}

const PHASES: &str = "phases:\n  build:\n    commands: ['echo $CODEBUILD_BATCH_BUILD_IDENTIFIER $V; echo mine > made', 'ls', 'test \"$V\" != bad']\nartifacts:\n  files: made\n";

#[test]
fn a_list_side_by_side() {
    let lab = Lab::new();
    lab.write("given", "");
    lab.write("other.yml", "version: 0.2\nphases: {build: {commands: [echo other $V]}}\n");
    let text = format!(
        "version: 0.2\nenv: {{variables: {{V: spec}}}}\nbatch:\n  build-list:\n    - identifier: a\n    - identifier: b\n      env: {{variables: {{V: task}}}}\n    - identifier: c\n      buildspec: other.yml\n      env: {{variables: {{V: task}}}}\n{PHASES}"
    );
    let ran = run(&lab, &text, 3);
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}", ran.result);
    assert_eq!(ran.output("a"), ["a spec", "given", "made", "other.yml"]);
    assert_eq!(ran.output("b"), ["b task", "given", "made", "other.yml"]);
    assert_eq!(ran.output("c"), ["other task"]);
    assert!(!lab.source().join("made").exists(), "each build has a copy of its own");
    assert!(lab.path("artifacts/a/primary/made").exists() && lab.path("artifacts/b/primary/made").exists());
    let json = serde_json::to_value(&ran.result).unwrap();
    assert_eq!(json["buildBatchStatus"], "SUCCEEDED");
    assert_eq!(json["buildGroups"][1]["identifier"], "b");
    assert_eq!(json["buildGroups"][1]["currentBuildSummary"]["buildStatus"], "SUCCEEDED");
    assert_eq!(json["phases"][3]["phaseType"], "SUCCEEDED");
    let build = ran.result.builds().next().unwrap();
    assert_eq!(serde_json::to_value(build).unwrap()["buildBatchArn"], json["arn"]);
}

#[test]
fn a_graph_with_failures() {
    let graph = |ignore: &str| {
        format!(
            "version: 0.2\nbatch:\n  build-graph:\n    - identifier: last\n      depend-on: [middle]\n    - identifier: first\n    - identifier: middle\n      depend-on: [first]\n      ignore-failure: {ignore}\n      env: {{variables: {{V: bad}}}}\n    - identifier: beside\n      depend-on: [first]\n{PHASES}"
        )
    };
    let ran = run(&Lab::new(), &graph("false"), 2);
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert_eq!(ran.statuses(), "last=STOPPED first=SUCCEEDED middle=FAILED beside=SUCCEEDED");
    assert!(ran.result.groups[0].build.is_none(), "whoever depends on a failure never begins");
    let ran = run(&Lab::new(), &graph("true"), 2);
    assert_eq!(ran.result.status, BuildStatus::Succeeded);
    assert_eq!(ran.statuses(), "last=SUCCEEDED first=SUCCEEDED middle=FAILED beside=SUCCEEDED");
    // In the order of the graph.
    let begun: Vec<_> = ran
        .events
        .iter()
        .filter(|event| matches!(&event.event.kind, EventKind::PhaseStarted { phase } if phase.as_str() == "SUBMITTED"))
        .map(|event| event.identifier.as_str())
        .collect();
    assert_eq!((begun[0], begun[3]), ("first", "last"));
}

#[test]
fn fast_fail() {
    let text = |fast: &str| {
        format!(
            "version: 0.2\nbatch:\n  fast-fail: {fast}\n  build-list:\n    - identifier: bad\n      env: {{variables: {{V: bad}}}}\n    - identifier: next\n    - identifier: after\n{PHASES}"
        )
    };
    assert_eq!(run(&Lab::new(), &text("false"), 1).statuses(), "bad=FAILED next=SUCCEEDED after=SUCCEEDED");
    let ran = run(&Lab::new(), &text("true"), 1);
    assert_eq!(ran.statuses(), "bad=FAILED next=STOPPED after=STOPPED");
    assert_eq!(ran.result.status, BuildStatus::Failed, "nobody has stopped it from outside");
    // A build that runs is stopped.
    let ran = run(
        &Lab::new(),
        "version: 0.2\nbatch:\n  fast-fail: true\n  build-list:\n    - {identifier: long, env: {variables: {V: long}}}\n    - identifier: bad\nphases:\n  build:\n    commands: ['if test \"$V\" = long; then touch /tmp/none-$$; rm /tmp/none-$$; while :; do sleep 1; done; else exit 1; fi']\n",
        2,
    );
    assert_eq!(ran.statuses(), "long=STOPPED bad=FAILED");
}

#[test]
fn cancelled() {
    let text = "version: 0.2\nbatch:\n  build-list: [{identifier: a}, {identifier: b}, {identifier: c}]\nphases:\n  build:\n    commands: ['echo ready; while :; do sleep 1; done']\n";
    let mut ready = 0;
    let ran = run_until(&Lab::new(), text, 2, |event, cancel| {
        if matches!(&event.event.kind, EventKind::Output { line, .. } if line == "ready") {
            ready += 1;
            if ready == 2 {
                cancel.cancel();
            }
        }
    });
    assert_eq!(ran.result.status, BuildStatus::Stopped);
    assert_eq!(ran.statuses(), "a=STOPPED b=STOPPED c=STOPPED");
    assert!(ran.result.groups[2].build.is_none());
}

/// Every part of a fan-out gets its part of the files, and together they are all.
#[test]
fn fanout() {
    let lab = Lab::new();
    for name in ["t/a", "t/b", "t/c", "t/d", "t/e"] {
        lab.write(name, "");
    }
    let ran = run(
        &lab,
        "version: 0.2\nbatch: {build-fanout: {parallelism: 2}}\nphases:\n  build:\n    commands:\n      - codebuild-tests-run --test-command 'echo ran' --files-search \"codebuild-glob-search 't/*'\"\n",
        2,
    );
    assert_eq!(ran.output("fanout_1"), ["ran t/a t/b t/c"]);
    assert_eq!(ran.output("fanout_2"), ["ran t/d t/e"]);
}

/// What cannot run is refused before anything begins.
#[test]
fn refused() {
    let lab = Lab::new();
    lab.write("broken.yml", "version: 0.2\nphases: {build: {commands: [{a: b}]}}\n");
    for (task, why) in [
        ("{identifier: a, buildspec: none.yml}", "`none.yml` of `a` cannot be read"),
        ("{identifier: a, buildspec: ../x.yml}", "leaves the source directory"),
        ("{identifier: a, buildspec: broken.yml}", "has errors"),
        ("{identifier: a}", "no `phases`"),
    ] {
        let spec = spec(&format!("version: 0.2\nbatch: {{build-list: [{task}]}}\n"));
        let batch = BatchRequest::new(lab.request(&spec), lab.path("work"), NonZeroUsize::MIN);
        let error = lab.runner().run_batch(&batch, &Cancel::new(), &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!lab.path("work").exists());
    }
}

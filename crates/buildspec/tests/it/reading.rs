//! What is read, and what CodeBuild's leniencies look like in the model.

use buildspec::model::{Buildspec, PhaseName};
use proptest::prelude::*;
use spec_report::{Limits, Parsed, Source};

fn read(text: &str) -> Parsed<Buildspec> {
    buildspec::read(Source::new("buildspec.yml", text))
}

fn clean(text: &str) -> Buildspec {
    let parsed = read(text);
    assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
    parsed.value.unwrap()
}

fn commands(spec: &Buildspec) -> Vec<&str> {
    spec.commands().map(|(_, command)| command.value.as_str()).collect()
}

const FULL: &str = r"version: 0.2
run-as: root
env:
  shell: bash
  variables: {A: 1, B: yes, C: 3.10, D: 0777, E: 2001-01-01, F: ~}
  parameter-store: {P: /shop/p}
  secrets-manager: {S: 'shop:key'}
  exported-variables: [A]
  git-credential-helper: yes
proxy: {upload-artifacts: no, logs: yes}
batch: {fast-fail: true}
phases:
  install:
    run-as: root
    on-failure: ABORT
    runtime-versions: {python: 3.10, nodejs: 22}
    commands: [one]
    finally: [two]
  pre_build: {commands: three}
  build: {commands: [four]}
  post_build: {finally: [five]}
reports:
  unit: {files: [a.xml], file-format: junitxml, base-directory: out, discard-paths: no}
artifacts:
  files: [a, b]
  name: n-$(date +%s)
  base-directory: 'out*'
  discard-paths: yes
  exclude-paths: c
  enable-symlinks: yes
  s3-prefix: p
  secondary-artifacts:
    docs: {files: d}
cache: {paths: [x], key: k, fallback-keys: [f], action: save}
";

#[test]
fn everything() {
    let spec = clean(FULL);
    assert!(read(FULL).report.is_empty(), "{:?}", read(FULL).report);
    assert_eq!(spec.version.as_ref().unwrap().value, "0.2");
    let values: Vec<_> = spec.env.variables.iter().map(|variable| variable.value.value.as_str()).collect();
    assert_eq!(values, ["1", "yes", "3.10", "0777", "2001-01-01", ""], "text as written, null as nothing");
    assert_eq!(commands(&spec), ["one", "two", "three", "four", "five"]);
    let phases = spec.phases.as_ref().unwrap();
    let install = phases.get(PhaseName::Install).unwrap();
    assert_eq!(install.runtime_versions[0].value.value, "3.10");
    let artifacts = spec.artifacts.as_ref().unwrap();
    assert_eq!(artifacts.primary.files.len(), 2);
    assert_eq!(artifacts.secondary_artifacts[0].identifier.value, "docs");
    assert_eq!(spec.reports[0].name.value, "unit");
    assert_eq!(spec.cache.as_ref().unwrap().fallback_keys[0].value, "f");
    assert!(spec.batch.is_some());
    let json = serde_json::to_value(&spec).unwrap();
    assert_eq!(json["phases"]["install"]["runtime-versions"][0]["value"], "3.10");
    assert_eq!(json["artifacts"]["base-directory"], "out*");
}

/// What strict schemas refuse and CodeBuild takes.
#[test]
fn leniencies() {
    for (text, expected) in [
        ("version: 0.2\nphases:\n  build:\n    commands: make all\n", &["make all"][..]),
        ("version: 0.2\nphases:\n  build:\n    commands:\n", &[]),
        ("version: 0.2\nphases:\n  build:\n    commands: ~\n", &[]),
        ("version: 0.2\nphases:\n  build:\n", &[]),
        ("version: 0.2\nphases:\n  build:\n    finally:\n      - a\n", &["a"]),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - 12\n      - true\n      - 3.10\n",
            &["12", "true", "3.10"],
        ),
        ("version: '0.2'\nphases: {build: {commands: [a]}}\n", &["a"]),
        ("version: 0.2\nx: &c [a, b]\nphases:\n  build:\n    commands: *c\n", &["a", "b"]),
        ("{\"version\": 0.2, \"phases\": {\"build\": {\"commands\": [\"a\"]}}}", &["a"]),
        ("version: 0.2\nenv:\nphases:\nartifacts:\ncache:\nreports:\n", &[]),
    ] {
        assert_eq!(commands(&clean(text)), expected, "{text}");
    }
    let scalar = clean("version: 0.2\nphases:\n  build:\n    commands: a\nartifacts:\n  files: app.zip\n");
    assert_eq!(scalar.artifacts.unwrap().primary.files[0].value, "app.zip");
}

#[test]
fn version_0_1() {
    let text = "version: 0.1\nenvironment_variables:\n  plaintext:\n    A: b\nphases:\n  build:\n    commands:\n      - a\nartifacts:\n  type: zip\n  files:\n    - x\n";
    let spec = clean(text);
    assert!(read(text).report.is_empty());
    assert!(spec.is_version_0_1());
    assert_eq!(spec.env.variables[0].value.value, "b");
}

/// What could be understood survives a mistake elsewhere.
#[test]
fn partial() {
    let parsed =
        read("version: 0.2\nphases:\n  build:\n    commands:\n      - a\n      - b: c\n      - [d]\n      - e\n");
    assert_eq!(parsed.report.len(), 2);
    assert_eq!(commands(&parsed.value.unwrap()), ["a", "e"]);
    for text in ["", "# nothing\n", "[]", "x", "---\n", "version: 0.2\nphases: []\n", "{", "\0", "- a\n- b"] {
        let parsed = read(text);
        let report = buildspec::check(&parsed, &spec_report::Levels::default());
        assert!(report.has_errors(), "{text:?}");
    }
}

#[test]
fn too_large() {
    let mut limits = Limits::default();
    limits.bytes = 10;
    let parsed = buildspec::read_with(Source::new("buildspec.yml", "version: 0.2\nphases: {}\n"), &limits);
    assert!(parsed.report.iter().any(|found| found.rule.id == "buildspec/limit"), "{:?}", parsed.report);
}

#[test]
fn bytes() {
    let parsed =
        buildspec::read_bytes("buildspec.yml", b"\xef\xbb\xbfversion: 0.2\nphases:\n  build:\n    commands: [a]\n");
    assert_eq!(commands(&parsed.value.unwrap()), ["a"]);
    let parsed = buildspec::read_bytes("buildspec.yml", b"version: 0.2\nphases: \xff\n");
    assert!(!parsed.report.is_empty());
}

/// Pieces that, put together anyhow, are often nearly a buildspec.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "version: 0.2\n",
        "phases:\n",
        "  build:\n",
        "    commands:\n",
        "      - echo a: b\n",
        "      -\n",
        "env:\n",
        "  variables:\n",
        "    A: $B\n",
        "artifacts:\n",
        "  files: '**/*'\n",
        "  - ",
        "    - |\n      x\n",
        "&a ",
        "*a ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ": ",
        "\n",
        "\t",
        "#",
        "é",
        "\u{feff}",
        "!!map ",
        "<<: ",
        "? ",
        "on-failure: RETRÝ\n",
        "$(aws ecr get-login",
        "`",
        "if true; then\n",
        "f() {\n",
        "=(",
        ">-\n",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn never_panics(text in prop_oneof![nearly(), any::<String>()]) {
        let parsed = read(&text);
        let report = buildspec::check(&parsed, &spec_report::Levels::default());
        for found in &report {
            let span = found.primary.span;
            prop_assert!(span.start <= span.end && span.end <= found.primary.source.len(), "{:?}", found);
        }
    }

    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = buildspec::check(&buildspec::read_bytes("buildspec.yml", &bytes), &spec_report::Levels::default());
    }
}

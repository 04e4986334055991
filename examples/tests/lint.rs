//! What `lint --format json` writes: machines read it, so it is what it says to the letter.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use examples::findings::json_lines;
use pipeline_runner::preflight::Checker;
use serde_json::{Value, json};

fn lines(name: &str, text: &str, checker: &Checker) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    let checked = checker.file(&path).unwrap().unwrap();
    let mut lines: Vec<Value> = json_lines(&checked).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        assert_eq!(line["file"], path.to_str().unwrap());
        line["file"] = json!(name);
    }
    lines
}

#[test]
fn one_object_a_finding() {
    let text = "version: 0.2\nphases:\n  build:\n    comands: [make]\n    commands: [make]\n";
    assert_eq!(
        lines("buildspec.yml", text, &Checker::default()),
        [json!({
            "file": "buildspec.yml",
            "kind": "buildspec",
            "rule": "buildspec/unknown-key",
            "severity": "warning",
            "line": 4,
            "column": 5,
            "message": "unknown key `comands` in `build`",
            "fix": false,
        })]
    );
}

#[test]
fn nothing_for_a_clean_file() {
    let text = "version: 0.2\nphases:\n  build:\n    commands: [make]\n";
    assert_eq!(lines("buildspec.yml", text, &Checker::default()), Vec::<Value>::new());
}

#[test]
fn more_is_found_where_the_image_is_known() {
    let text = "version: 0.2\nphases:\n  install:\n    runtime-versions: {nodejs: 18}\n    commands: [npm ci]\n";
    let checker = Checker::default();
    let rules = |checker: &Checker| {
        lines("buildspec.yml", text, checker).iter().map(|line| line["rule"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(rules(&checker), Vec::<Value>::new());
    assert!(!checker.is_image_known());
    let checker = checker.with_image("public.ecr.aws/codebuild/standard:8.0");
    assert!(checker.is_image_known());
    assert_eq!(rules(&checker), ["buildspec/runtime-version-unlisted"]);
}

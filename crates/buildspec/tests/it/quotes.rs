//! A quote that the rule calls open is open for the shell, too.

use std::process::{Command, Stdio};

use proptest::prelude::*;
use spec_report::{Levels, Source};

/// The whole file in JSON, whose strings hold every text.
fn is_refused(command: &str) -> bool {
    let file = serde_json::json!({ "version": "0.2", "phases": { "build": { "commands": [command] } } });
    let parsed = buildspec::read(Source::new("buildspec.json", file.to_string()));
    let report = buildspec::check(&parsed, &Levels::default());
    report.iter().any(|found| found.rule.name() == "unterminated-quote")
}

fn shell_accepts(shell: &str, command: &str) -> bool {
    let mut process = Command::new(shell);
    process.args(["-n", "-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    process.status().unwrap().success()
}

proptest! {
    #[test]
    fn never_a_wrong_claim(command in "[ab'\"\\\\ #;|&(){}<>$\n]{1,14}") {
        if is_refused(&command) {
            prop_assert!(!shell_accepts("sh", &command), "{command:?}");
        }
    }
}

#[test]
fn found() {
    assert!(!is_refused("<\\\n<\"\"\n'"), "a here-document in two pieces");
    assert!(!is_refused(r"\>&#'"), "a comment behind a command in the background");
    for command in ["echo it's", "echo \"a", "echo 'a' 'b", "a; b \"c\nd"] {
        assert!(is_refused(command), "{command}");
        assert!(!shell_accepts("sh", command), "{command}");
    }
}

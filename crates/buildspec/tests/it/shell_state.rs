//! What one command leaves to the next, under dash and bash.

use buildspec::BuildStatus;
use proptest::prelude::*;

use crate::lab::{Lab, build_in};

/// Commands, and the last line that they print.
const CARRIED: [(&str, &[&str], &str); 9] = [
    ("the directory", &["mkdir -p 'a b' && cd 'a b'", "basename \"$PWD\""], "a b"),
    ("an exported variable", &["export A=1", "echo $A"], "1"),
    ("a plain variable", &["A=1", "echo $A"], "1"),
    ("a plain variable, for children", &["A=1", "sh -c 'echo $A'"], "1"),
    ("several lines", &["A='x\n  y'", "printf '%s' \"$A\" | tail -n 1"], "  y"),
    ("quotes and dollars", &["A='\"$x`y`\\'", "echo \"$A\""], "\"$x`y`\\"),
    ("unset", &["A=1", "unset A", "echo \"${A-gone}\""], "gone"),
    ("unset of the image's variable", &["unset HOME", "echo \"${HOME-gone}\""], "gone"),
    ("the last exit status", &["true", "echo $CODEBUILD_LAST_EXIT"], "0"),
];

const LOST: [(&str, &[&str], &str); 6] = [
    ("a function", &["f() { echo kept; }", "f 2>/dev/null || echo lost"], "lost"),
    ("set -e", &["set -e", "false; echo lost"], "lost"),
    ("a trap", &["trap 'echo kept' EXIT", "echo lost"], "lost"),
    ("set -u", &["set -u", "echo \"${NOT_SET}\"lost"], "lost"),
    ("read-only", &["readonly R=1", "R=2; echo $R"], "2"),
    ("the end of the shell", &["A=1; exit 0", "echo \"${A-lost}\""], "lost"),
];

#[test]
fn table() {
    for shell in ["sh", "bash"] {
        for (what, commands, expected) in CARRIED.iter().chain(&LOST) {
            let ran = Lab::new().run(&build_in("0.2", shell, commands));
            assert_eq!(ran.result.status, BuildStatus::Succeeded, "{shell}: {what}: {:?}", ran.everything());
            assert_eq!(ran.output().last(), Some(expected), "{shell}: {what}");
        }
    }
}

#[test]
fn arrays_are_lost() {
    let ran = Lab::new().run(&build_in("0.2", "bash", &["arr=(a b c)", "echo \"[${arr[1]}]\""]));
    assert_eq!(ran.output(), ["[]"]);
}

/// In version 0.1 nothing goes on.
#[test]
fn version_0_1() {
    let ran =
        Lab::new().run(&build_in("0.1", "sh", &["mkdir d && cd d && A=1", "basename \"$PWD\"; echo \"${A-lost}\""]));
    assert_eq!(ran.output(), ["source", "lost"]);
}

/// State goes on from phase to phase, and survives a command that fails.
#[test]
fn over_phases() {
    let ran = Lab::new().run(
        "version: 0.2\nphases:\n  install:\n    commands: ['mkdir d && cd d', 'A=1']\n  build:\n    commands: ['A=2; false']\n  post_build:\n    commands: ['basename \"$PWD\"; echo $A']\n",
    );
    // A command that fails by its last line has still handed on what it set.
    assert_eq!(ran.output(), ["d", "2"]);
}

/// The words of the shell about a command name the line that CodeBuild's users know.
#[test]
fn line_four() {
    for (shell, expected) in
        [("sh", "script.sh: 4: nonesuch: not found"), ("bash", "script.sh: line 4: nonesuch: command not found")]
    {
        let ran = Lab::new().run(&build_in("0.2", shell, &["nonesuch"]));
        let line = ran.output().concat();
        // Where `sh` is bash it speaks like bash.
        assert!(line.ends_with(expected) || line.contains("line 4: nonesuch"), "{line}");
        assert!(ran.result.first_failure.as_deref().is_some_and(|line| line.ends_with("exit status 127")));
    }
}

#[test]
fn only_the_last_line_decides() {
    let ran = Lab::new().run(&build_in("0.2", "sh", &["false\necho ok", "echo next"]));
    assert_eq!(ran.output(), ["ok", "next"]);
    let ran = Lab::new().run(&build_in("0.2", "sh", &["if true; then", "fi"]));
    assert_eq!(ran.result.status, BuildStatus::Failed);
}

/// Options that would break the protocol itself.
#[test]
fn hostile_options() {
    for option in ["set -C", "set -f", "set -x", "set -v", "alias pwd=false", "pwd() { false; }", "IFS=/"] {
        let ran = Lab::new().run(&build_in(
            "0.2",
            "sh",
            &[&format!("{option}\nA=1; mkdir d; cd d"), "echo $A; basename \"$PWD\""],
        ));
        let output = ran.output();
        assert!(output.ends_with(&["1", "d"]), "{option}: {output:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 20))]

    /// Any text survives being a variable, in both shells.
    #[test]
    fn values_survive(value in "[ -~\u{e9}\n\t]{0,24}") {
        for shell in ["sh", "bash"] {
            let lab = Lab::new();
            let spec = crate::lab::spec(&build_in("0.2", shell, &["B=\"$V\"", "printf '%s|%s' \"$V\" \"$B\" > out"]));
            let request = lab.request(&spec).with_overrides(vec![("V".to_owned(), value.clone())]);
            let ran = lab.run_with(&request).unwrap();
            prop_assert_eq!(&ran.result.status, &BuildStatus::Succeeded);
            prop_assert_eq!(lab.read("out"), format!("{value}|{value}"));
        }
    }
}

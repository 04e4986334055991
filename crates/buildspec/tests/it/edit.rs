//! Changes to the text of a buildspec, and new buildspecs.

use buildspec::Compose;
use buildspec::edit::{Change, EditError, edit};
use buildspec::model::{Buildspec, PhaseName};
use proptest::prelude::*;
use spec_report::{Levels, Source};

fn changed(text: &str, change: &Change) -> String {
    edit(&Source::new("buildspec.yml", text), change).unwrap().text().to_owned()
}

fn set(name: &str, value: &str) -> Change {
    Change::SetVariable { name: name.to_owned(), value: value.to_owned() }
}

fn unset(name: &str) -> Change {
    Change::UnsetVariable { name: name.to_owned() }
}

fn add(phase: PhaseName, command: &str) -> Change {
    Change::AddCommand { phase, command: command.to_owned() }
}

fn runtime(runtime: &str, version: &str) -> Change {
    Change::SetRuntime { runtime: runtime.to_owned(), version: version.to_owned() }
}

fn files(files: &[&str]) -> Change {
    Change::SetArtifactFiles { files: files.iter().map(|&file| file.to_owned()).collect() }
}

const FILE: &str = "\
version: 0.2 # of 2026
env:
  variables:
    A: 1   # one
    # about B
    B: 'two'
phases:
  install:
    runtime-versions:
      python: 3.10
  build:
    commands:
      - make   # all of it
      - |
        make test

  # the end
  post_build:
    commands: echo done
artifacts:
  files: out.zip
  x-unknown: {kept: yes}
";

#[test]
fn only_what_is_asked_for_changes() {
    let replaced = |from: &str, to: &str| FILE.replacen(from, to, 1);
    let table = [
        (set("A", "2"), replaced("A: 1 ", "A: \"2\" ")),
        (set("B", "it's"), replaced("'two'", "it's")),
        (set("C", "x"), replaced("'two'\n", "'two'\n    C: x\n")),
        (set("C", "a: b"), replaced("'two'\n", "'two'\n    C: \"a: b\"\n")),
        (unset("A"), replaced("    A: 1   # one\n", "")),
        (unset("B"), replaced("    B: 'two'\n", "")),
        (runtime("python", "3.12"), replaced("3.10", "\"3.12\"")),
        (runtime("nodejs", "22"), replaced("3.10\n", "3.10\n      nodejs: \"22\"\n")),
        (add(PhaseName::Build, "make install"), replaced("make test\n", "make test\n      - make install\n")),
        (add(PhaseName::Build, "a\nb"), replaced("make test\n", "make test\n      - |-\n        a\n        b\n")),
        // A block would take the empty line behind it for its own.
        (add(PhaseName::Build, "a\n\n"), replaced("make test\n", "make test\n      - \"a\\n\\n\"\n")),
        (add(PhaseName::PostBuild, "sync"), replaced("echo done", "[echo done, sync]")),
        (add(PhaseName::Install, "pip install x"), replaced("3.10\n", "3.10\n    commands:\n      - pip install x\n")),
        (
            add(PhaseName::PreBuild, "login"),
            replaced("echo done\n", "echo done\n  pre_build:\n    commands:\n      - login\n"),
        ),
        (files(&["a", "b/**/*"]), replaced("out.zip", "[a, b/**/*]")),
    ];
    for (change, expected) in table {
        assert_eq!(changed(FILE, &change), expected, "{change:?}");
    }
}

#[test]
fn what_is_not_there_is_made() {
    let empty = "version: 0.2\n";
    assert_eq!(changed(empty, &set("A", "1")), "version: 0.2\nenv:\n  variables:\n    A: \"1\"\n");
    assert_eq!(changed("version: 0.2", &files(&["a"])), "version: 0.2\nartifacts:\n  files:\n    - a");
    assert_eq!(
        changed("version: 0.2\nenv:\nphases:\n", &set("A", "x")),
        "version: 0.2\nenv: {variables: {A: x}}\nphases:\n"
    );
    assert_eq!(changed("version: 0.2\nenv: {}\n", &set("A", "x")), "version: 0.2\nenv: {variables: {A: x}}\n");
    assert_eq!(changed("{\"version\": 0.2}", &set("A", "x")), r#"{"version": 0.2, "env": {"variables": {"A": "x"}}}"#);
    let crlf = "version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n    - make\r\n";
    assert_eq!(changed(crlf, &add(PhaseName::Build, "x")), format!("{crlf}    - x\r\n"));
}

#[test]
fn what_is_empty_goes() {
    let text = "version: 0.2\nenv:\n  variables:\n    A: 1\nphases: {build: {commands: [make]}}\n";
    assert_eq!(changed(text, &unset("A")), "version: 0.2\nphases: {build: {commands: [make]}}\n");
    let flow = "{version: 0.2, env: {variables: {A: 1, B: 2}}, phases: {build: {commands: [make]}}}";
    assert_eq!(changed(flow, &unset("B")), flow.replace(", B: 2", ""));
    assert_eq!(changed(flow, &unset("A")), flow.replace("A: 1, ", ""));
    assert_eq!(changed(flow, &add(PhaseName::Build, "x y")), flow.replace("[make]", "[make, x y]"));
}

#[test]
fn what_cannot_be_changed_alone() {
    let shared = "version: 0.2\nx: &x\n  A: 1\nenv:\n  variables: *x\nphases: {build: {commands: [make]}}\n";
    let refused = |text: &str, change: &Change| edit(&Source::new("b.yml", text), change).unwrap_err();
    assert!(matches!(refused(shared, &set("A", "2")), EditError::Entangled { .. }));
    let anchored = "version: 0.2\nenv:\n  variables: &x\n    A: 1\ny: *x\nphases: {build: {commands: [make]}}\n";
    assert!(matches!(refused(anchored, &set("A", "2")), EditError::Entangled { .. }));
    assert_eq!(refused(FILE, &unset("Z")).to_string(), "there is no `env.variables.Z` to remove");
    assert!(matches!(refused("- a\n", &set("A", "2")), EditError::Unreadable { .. }));
    assert!(matches!(refused("version: 0.2\nenv: no\n", &set("A", "2")), EditError::Entangled { .. }));
    assert!(matches!(refused("a: [\n", &set("A", "2")), EditError::Unreadable { .. }));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 .:#'\"\\\\{}\\[\\],&*!|>%@`-]{1,12}", "[ -~\n]{1,20}", Just("yes".to_owned())]
}

fn change() -> impl Strategy<Value = Change> {
    let phase = proptest::sample::select(PhaseName::ALL.to_vec());
    prop_oneof![
        ("[A-C]", text()).prop_map(|(name, value)| Change::SetVariable { name, value }),
        "[A-C]".prop_map(|name| Change::UnsetVariable { name }),
        (phase, text()).prop_map(|(phase, command)| Change::AddCommand { phase, command }),
        ("[a-c]", text()).prop_map(|(runtime, version)| Change::SetRuntime { runtime, version }),
        proptest::collection::vec(text(), 1..3).prop_map(|files| Change::SetArtifactFiles { files }),
    ]
}

fn read(text: &str) -> Buildspec {
    let parsed = buildspec::read(Source::new("buildspec.yml", text));
    assert!(!parsed.report.has_errors(), "{text}\n{:?}", parsed.report);
    parsed.value.unwrap()
}

proptest! {
    /// Any changes one after the other: each is made, or it is refused and says why. What was there stays.
    #[test]
    fn changes_do_what_they_say(changes in proptest::collection::vec(change(), 1..6)) {
        let mut source = Source::new("buildspec.yml", FILE);
        for change in &changes {
            match edit(&source, change) {
                Ok(after) => {
                    let spec = read(after.text());
                    let said = match change {
                        Change::SetVariable { name, value } => spec
                            .env
                            .variables
                            .iter()
                            .any(|variable| variable.name.value == *name && variable.value.value == *value),
                        Change::UnsetVariable { name } => {
                            spec.env.variables.iter().all(|variable| variable.name.value != *name)
                        }
                        Change::AddCommand { phase, command } => spec
                            .phases
                            .as_ref()
                            .and_then(|phases| phases.get(*phase)?.commands.last())
                            .is_some_and(|last| last.value == *command),
                        Change::SetRuntime { runtime, version } => spec
                            .phases
                            .as_ref()
                            .and_then(|phases| phases.get(PhaseName::Install))
                            .is_some_and(|phase| phase.runtime_versions.iter().any(|set| {
                                set.name.value == *runtime && set.value.value == *version
                            })),
                        Change::SetArtifactFiles { files } => spec.artifacts.as_ref().is_some_and(|artifacts| {
                            artifacts.primary.files.iter().map(|file| &file.value).eq(files)
                        }),
                        _ => true,
                    };
                    prop_assert!(said, "{change:?}\n{}", after.text());
                    let kept = ["# the end", "x-unknown: {kept: yes}"].iter().all(|kept| after.text().contains(kept));
                    prop_assert!(kept, "{}", after.text());
                    source = after;
                }
                Err(EditError::Missing { .. }) => {
                    let unset = matches!(change, Change::UnsetVariable { .. });
                    prop_assert!(unset, "{change:?}");
                }
                Err(error) => prop_assert!(false, "{error} {change:?}\n{}", source.text()),
            }
        }
    }

    /// What is composed is read as it was meant.
    #[test]
    fn composed_files_are_read_again(
        variables in proptest::collection::btree_map("[A-Z]{1,4}", text(), 0..3),
        commands in proptest::collection::vec(text(), 1..4),
        finally in proptest::collection::vec(text(), 0..2),
        files in proptest::collection::vec(text(), 0..3),
    ) {
        let mut compose = Compose::new().with_artifact_files(files.clone());
        for (name, value) in &variables {
            compose = compose.with_variable(name, value);
        }
        for command in &commands {
            compose = compose.with_command(PhaseName::Build, command);
        }
        for command in &finally {
            compose = compose.with_finally(PhaseName::Build, command);
        }
        let text = compose.to_yaml();
        let spec = read(&text);
        let read_variables: Vec<(String, String)> =
            spec.env.variables.into_iter().map(|variable| (variable.name.value, variable.value.value)).collect();
        prop_assert_eq!(read_variables, variables.into_iter().collect::<Vec<_>>());
        let build = spec.phases.unwrap().build.unwrap();
        let values = |texts: Vec<buildspec::model::Text>| texts.into_iter().map(|text| text.value).collect::<Vec<_>>();
        prop_assert_eq!((values(build.commands), values(build.finally)), (commands, finally));
        prop_assert_eq!(spec.artifacts.map(|artifacts| values(artifacts.primary.files)).unwrap_or_default(), files);
    }
}

#[test]
fn a_composed_file_checks_clean() {
    let text = Compose::new()
        .with_shell("bash")
        .with_variable("STAGE", "no")
        .with_parameter("DSN", "/CodeBuild/shop/dsn")
        .with_secret("KEY", "shop:key")
        .with_exported("TAG")
        .with_runtime("python", "3.12")
        .with_command(PhaseName::Install, "pip install -r requirements.txt")
        .with_command(PhaseName::Build, "TAG=$(git rev-parse --short HEAD)")
        .with_command(PhaseName::Build, "set -e\nmake\nmake test")
        .with_on_failure(PhaseName::Build, "ABORT")
        .with_finally(PhaseName::Build, "echo over")
        .with_report("unit", "JUNITXML", ["reports/*.xml"])
        .with_artifact_files(["dist/**/*"])
        .with_base_directory("out")
        .with_cache_paths(["/root/.cache/pip/**/*"])
        .to_yaml();
    let parsed = buildspec::read(Source::new("buildspec.yml", text.clone()));
    let report = buildspec::check(&parsed, &Levels::default());
    assert!(report.is_empty(), "{text}\n{report:?}");
}

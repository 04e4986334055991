//! The protocol between commands against one shell that runs all of them: what lasts is what a shell keeps of directory and
//! variables, and nothing else.
//!
//! The oracle is one process of the same shell. It runs each command as it stands, in the same order, and undoes by hand what
//! a command of CodeBuild cannot hand on: functions, options, traps, arrays, marks on variables, and everything that a
//! command did before it ended the shell. Those undoings are the specification; that the rest lasts is what is tested.

use std::process::{Command, Stdio};

use buildspec::BuildStatus;
use proptest::prelude::*;

use crate::lab::Lab;

const VARIABLES: [&str; 3] = ["A", "B", "LONG_name1"];

#[derive(Clone, Debug)]
enum Step {
    Export(usize, String),
    Assign(usize, String),
    Append(usize, usize),
    Unset(usize),
    Enter(String),
    Up,
    Function(String),
    ErrExit,
    NoClobber,
    Trap,
    Array(String),
    Readonly(usize),
    /// Sets a variable, moves, and ends the shell with success: nothing of it lasts.
    ExitWell(usize, String),
    /// Ends by itself with this status; what it set before lasts, and the build fails.
    Fail(u8),
    /// Ends the shell with this status; nothing lasts, and the build fails.
    Exit(u8),
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl Step {
    /// The command as the buildspec has it.
    fn command(&self) -> String {
        match self {
            Self::Export(name, value) => format!("export {}={}", VARIABLES[*name], quoted(value)),
            Self::Assign(name, value) => format!("{}={}", VARIABLES[*name], quoted(value)),
            Self::Append(to, from) => format!("{0}=\"${{{0}}}|${{{1}}}\"", VARIABLES[*to], VARIABLES[*from]),
            Self::Unset(name) => format!("unset {}", VARIABLES[*name]),
            Self::Enter(name) => format!("mkdir -p ./{0} && cd ./{0}", quoted(name)),
            // Never out of the source directory: both sides begin there.
            Self::Up => "if test \"$(pwd -P)\" != \"$TOP\"; then cd ..; fi".to_owned(),
            Self::Function(body) => format!("kept() {{ echo {}; }}\nkept >/dev/null", quoted(body)),
            Self::ErrExit => "set -e".to_owned(),
            Self::NoClobber => "set -C -f".to_owned(),
            Self::Trap => "trap 'A=trapped' EXIT".to_owned(),
            Self::Array(value) => format!("list=(x {} y)", quoted(value)),
            Self::Readonly(name) => format!("readonly {}", VARIABLES[*name]),
            Self::ExitWell(name, value) => format!("{}={}\ncd /\nexit 0", VARIABLES[*name], quoted(value)),
            Self::Fail(status) => format!("A=failed\n(exit {status})"),
            Self::Exit(status) => format!("A=lost\ncd /\nexit {status}"),
        }
    }

    /// What the one shell runs instead: the command, with what cannot last undone.
    fn oracle(&self) -> String {
        match self {
            Self::Function(_) => self.command() + "\nunset -f kept",
            Self::ErrExit => "set -e\nset +e".to_owned(),
            Self::NoClobber => "set -C -f\nset +C +f".to_owned(),
            // Its trap runs when its shell ends, after everything was handed on.
            Self::Trap | Self::Readonly(_) | Self::ExitWell(..) | Self::Array(_) => ":".to_owned(),
            Self::Fail(status) => format!("{}\nstatus={status}", self.command()),
            Self::Exit(status) => format!("status={status}"),
            _ => self.command(),
        }
    }

    fn ends_the_build(&self) -> bool {
        matches!(self, Self::Fail(status) | Self::Exit(status) if *status != 0)
    }
}

/// Tells the directory and every variable, unset ones apart from empty ones.
fn probe() -> String {
    let mut text = "printf '%s\\0' \"$(pwd -P)\"\n".to_owned();
    for name in VARIABLES {
        // Also what a child sees: every variable that lasts is exported.
        text += &format!(
            "printf '%s\\0' \"${{{name}-unset}}\" \"${{{name}+set}}\" \"$(sh -c 'printf %s. \"${{{name}-unset}}\"')\"\n"
        );
    }
    text + "kept 2>/dev/null || echo lost\ncase $- in *[eCf]*) echo options ;; esac\necho \"[${list-}]\""
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z'\"$`\\\\!*?\\[\\]{}();&|<>#~=\n\t -]{0,16}",
        "[\u{e9}\u{4e2d}\u{1f600}a \n]{0,6}",
        Just("line\n\n".to_owned()),
        Just("export A=evil\ndeclare -x B=\"evil\"".to_owned()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let variable = 0..VARIABLES.len();
    prop_oneof![
        4 => (variable.clone(), value()).prop_map(|(name, value)| Step::Export(name, value)),
        4 => (variable.clone(), value()).prop_map(|(name, value)| Step::Assign(name, value)),
        2 => (variable.clone(), 0..VARIABLES.len()).prop_map(|(to, from)| Step::Append(to, from)),
        2 => variable.clone().prop_map(Step::Unset),
        3 => "[a-c'\" $*\u{e9}-]{0,4}x".prop_map(Step::Enter),
        1 => Just(Step::Up),
        1 => value().prop_map(Step::Function),
        1 => Just(Step::ErrExit),
        1 => Just(Step::NoClobber),
        1 => Just(Step::Trap),
        1 => "[a-z ]{0,4}".prop_map(Step::Array),
        1 => variable.clone().prop_map(Step::Readonly),
        1 => (variable, value()).prop_map(|(name, value)| Step::ExitWell(name, value)),
        1 => (0_u8..4).prop_map(Step::Fail),
        1 => (1_u8..4).prop_map(Step::Exit),
    ]
}

/// The buildspec as JSON, whose strings hold every text.
fn buildspec_of(shell: &str, steps: &[Step], out: &str) -> String {
    let commands: Vec<String> = steps.iter().map(Step::command).collect();
    let probe = format!("{{\n{}\n}} >\"{out}\" 2>&1", probe());
    serde_json::json!({
        "version": "0.2",
        "env": { "shell": shell },
        "phases": { "build": { "commands": commands, "finally": [probe] } },
    })
    .to_string()
}

fn oracle_of(steps: &[Step]) -> String {
    let mut script = "set -a\nstatus=0\n".to_owned();
    for step in steps {
        script += &step.oracle();
        script.push('\n');
        if step.ends_the_build() {
            break;
        }
    }
    // `status` is the oracle's own.
    script + "{\n" + &probe() + "\n} >\"$OUT\" 2>&1\nexit $status\n"
}

fn check(shell: &str, steps: &[Step]) -> Result<(), TestCaseError> {
    let arrays = shell == "bash";
    let steps: Vec<Step> = steps.iter().filter(|step| arrays || !matches!(step, Step::Array(_))).cloned().collect();
    let lab = Lab::new();
    let top = lab.source();
    let spec = spec_of(&buildspec_of(shell, &steps, &lab.path("ours").to_string_lossy()));
    let request = lab.request(&spec).with_overrides(vec![("TOP".to_owned(), top.to_string_lossy().into_owned())]);
    let ran = lab.run_with(&request).unwrap();
    let ours = std::fs::read(lab.path("ours")).unwrap();

    let other = Lab::new();
    let mut process = Command::new(shell);
    process.arg("-c").arg(oracle_of(&steps)).current_dir(other.source()).stdin(Stdio::null());
    process.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("OUT", other.path("theirs"));
    process.env("TOP", other.source());
    let output = process.output().unwrap();
    let theirs = std::fs::read(other.path("theirs"))
        .unwrap_or_else(|_| panic!("the oracle ended early: {}", String::from_utf8_lossy(&output.stderr)));

    let plain =
        |bytes: &[u8], top: &std::path::Path| String::from_utf8_lossy(bytes).replace(&*top.to_string_lossy(), "TOP");
    prop_assert_eq!(plain(&ours, &top), plain(&theirs, &other.source()), "{} {:?}", shell, steps);
    let status = output.status.code().unwrap();
    let expected = if status == 0 { BuildStatus::Succeeded } else { BuildStatus::Failed };
    prop_assert_eq!(&ran.result.status, &expected, "{} {:?} {:?}", shell, steps, ran.result.first_failure);
    if status != 0 {
        let line = ran.result.first_failure.unwrap_or_default();
        prop_assert!(line.ends_with(&format!("exit status {status}")), "{}", line);
    }
    Ok(())
}

fn spec_of(text: &str) -> buildspec::Buildspec {
    let parsed = buildspec::read(spec_report::Source::new("buildspec.json", text));
    assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
    parsed.value.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 6))]

    #[test]
    fn one_shell_under_sh(steps in prop::collection::vec(step(), 0..7)) {
        check("sh", &steps)?;
    }

    #[test]
    fn one_shell_under_bash(steps in prop::collection::vec(step(), 0..7)) {
        check("bash", &steps)?;
    }
}

//! `cargo xtask measure buildspec`: builds that mean no good end well.
//!
//! The example `run_buildspec` runs builds that flood, hang, fork, hide, delete their own directory or are killed. Each must
//! end with the right exit code and result, within 50 MiB, and leave no process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// The most memory that a run may need, in KiB.
const MOST_MEMORY: u64 = 50 << 10;

/// How much of the last line of a log an error shows.
const MOST_OF_A_LINE: usize = 500;

/// What every process of a case has among its arguments, so that those that are left are found.
const MARK: &str = "7654321";

/// A build that means no good.
struct Case {
    name: &'static str,
    commands: &'static [&'static str],
    /// Further arguments of the program.
    arguments: &'static [&'static str],
    /// Whether the program is the first one in a namespace of processes, as in a container that has no `init`.
    alone: bool,
    /// Whether it gets a Ctrl-C once it has said `ready`.
    interrupted: bool,
    code: i32,
    status: &'static str,
}

impl Case {
    const fn new(name: &'static str, commands: &'static [&'static str], code: i32, status: &'static str) -> Self {
        Self { name, commands, arguments: &[], alone: false, interrupted: false, code, status }
    }

    const fn with(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }

    const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    const fn interrupted(mut self) -> Self {
        self.interrupted = true;
        self
    }
}

const DAEMON: &[&str] = &["setsid sh -c 'setsid sleep 7654321 & sleep 7654321' >/dev/null 2>&1 &"];

/// With these `unshare` starts a program as the first one of a namespace of processes; no user needs more rights for it.
const ALONE: &[&str] = &["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];

const CASES: &[Case] = &[
    Case::new("1 GiB in one line", &["head -c 1073741824 /dev/zero | tr '\\0' x"], 0, "SUCCEEDED"),
    Case::new(
        "1 GiB in lines",
        &["yes \"$(head -c 4000 /dev/zero | tr '\\0' x)\" | head -c 1073741824"],
        0,
        "SUCCEEDED",
    ),
    Case::new(
        "32 MiB of beginnings of a secret",
        &["yes \"$(head -c 4000 /dev/zero | tr '\\0' t)\" | head -c 33554432"],
        0,
        "SUCCEEDED",
    )
    .with(&["--env", "AWS_SESSION_TOKEN=tttttttttttttttttttttttttttttttv"]),
    Case::new("never ends", &["while :; do sleep 7654321; done"], 1, "TIMED_OUT").with(&["--timeout", "0.02"]),
    Case::new("never ends, Ctrl-C", &["echo ready; trap '' INT TERM; while :; do sleep 7654321; done"], 130, "STOPPED")
        .interrupted(),
    Case::new(
        "300 children",
        &["i=0; while [ $i -lt 300 ]; do sleep 7654321 & i=$((i+1)); done", "echo next"],
        0,
        "SUCCEEDED",
    ),
    Case::new("a daemon", DAEMON, 0, "SUCCEEDED"),
    // The session that the program belongs to cannot be seen from there.
    Case::new("a daemon, in a namespace", DAEMON, 0, "SUCCEEDED").alone(),
    Case::new(
        "a daemon that hides",
        &[
            "env -i setsid sh -c 'trap \"\" TERM; /usr/bin/env -i setsid /bin/sleep 7654321 & sleep 7654321' >/dev/null 2>&1 & sleep 0.3",
        ],
        0,
        "SUCCEEDED",
    ),
    Case::new("deletes its directory", &["rm -rf \"$CODEBUILD_SRC_DIR\"", "echo unreached"], 1, "FAILED"),
    Case::new("deletes the runner's files", &["rm -rf \"${0%/*}\"", "echo unreached"], 1, "FAULT"),
    Case::new("is killed", &["kill -9 $$"], 1, "FAILED"),
    Case::new("kills its group", &["kill -9 0"], 1, "FAILED"),
];

/// All cases; the first one that ends otherwise ends the measurement.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let program = workspace.build_example("run_buildspec", false)?;
    let directory = std::env::temp_dir().join(format!("longshore-measure-{}", std::process::id()));
    let mut worst = 0;
    for case in CASES {
        let outcome = measure(&program, &directory, case);
        // What stands in a temporary directory harms nobody.
        let _ = fs::remove_dir_all(&directory);
        let (memory, took) = outcome.with_context(|| format!("the build `{}`", case.name))?;
        worst = worst.max(memory);
        println!(
            "     {:<34} {:<9} {:>6.1} MiB {:>7.1} s",
            case.name,
            case.status,
            memory as f64 / 1024.0,
            took.as_secs_f64()
        );
    }
    ensure!(worst <= MOST_MEMORY, "{worst} KiB are needed, at most {MOST_MEMORY} are allowed");
    Ok(())
}

/// Runs a case: the most memory that the program had in use, in KiB, and how long it took.
fn measure(program: &Path, directory: &Path, case: &Case) -> anyhow::Result<(u64, Duration)> {
    fs::create_dir_all(directory)?;
    let commands: Vec<Value> = case.commands.iter().map(|command| Value::from(*command)).collect();
    let spec = serde_json::json!({ "version": "0.2", "phases": { "build": { "commands": commands } } });
    // JSON is YAML.
    fs::write(directory.join("buildspec.yml"), spec.to_string())?;
    let started = Instant::now();
    let mut command = if case.alone {
        let mut unshare = Command::new("unshare");
        unshare.args(ALONE).arg(program);
        unshare
    } else {
        Command::new(program)
    };
    command.arg("--json").args(case.arguments).arg(directory);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let id = child.id();
    let mut log = BufReader::new(child.stderr.take().context("there is no log")?);
    let interrupted = case.interrupted;
    // Its result is the last line, which tells why a program that printed no result has ended.
    let reader = std::thread::spawn(move || -> anyhow::Result<String> {
        let (mut line, mut last) = (Vec::new(), Vec::new());
        while {
            last.clone_from(&line);
            line.clear();
            log.read_until(b'\n', &mut line)?
        } > 0
        {
            if interrupted && line == b"ready\n" {
                let killed = Command::new("kill").args(["-INT", &id.to_string()]).status()?;
                ensure!(killed.success(), "the program cannot be interrupted");
            }
        }
        Ok(String::from_utf8_lossy(&last).trim_end().chars().take(MOST_OF_A_LINE).collect())
    });
    let mut memory = 0;
    let status = loop {
        let program = if case.alone { child_of(id) } else { Some(id) };
        memory = memory.max(program.map(high_water).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let last_of_log = reader.join().map_err(|_| anyhow::anyhow!("the reader of the log has ended early"))??;
    let took = started.elapsed();
    let output = std::io::read_to_string(child.stdout.take().context("there is no output")?)?;
    let last =
        output.lines().last().with_context(|| format!("it ended with {status} and no result, after: {last_of_log}"))?;
    let result: Value = serde_json::from_str(last).context("the last line is no JSON")?;
    let found = result["builds"][0]["buildStatus"].as_str().unwrap_or_default().to_owned();
    ensure!(found == case.status, "it ended as {found}, expected {}: {last}", case.status);
    ensure!(status.code() == Some(case.code), "it ended with {status}, expected {}", case.code);
    let left = left_behind()?;
    ensure!(left.is_empty(), "processes are left: {}", left.join(", "));
    ensure!(memory > 0, "the memory cannot be seen");
    Ok((memory, took))
}

/// The most memory that a process has had in use so far, in KiB.
fn high_water(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn child_of(id: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn left_behind() -> anyhow::Result<Vec<String>> {
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.starts_with("sleep ") && line.contains(MARK)
            || line.contains("sleep 7654321") && !line.contains("xtask")
        {
            left.push(line);
        }
    }
    Ok(left)
}

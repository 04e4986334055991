//! `cargo xtask peers ecs`: what other people's programs say of deployments that succeed, roll back, fail and hang, beside
//! what ours says. Ours must be right everywhere.
//!
//! Each pair of scenario and program gets an in-memory ECS of its own. The peers are those of the workspace's `.venv`, or
//! of PATH; nothing is installed here.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use crate::{
    served::{self, Served},
    workspace::Workspace,
};

/// The release that `.ci/run` installs.
const ECS_DEPLOY: &str = "1.17.0";
/// How long a deployment may take.
const TIMEOUT: &str = "15";
/// Who has not ended by then does not say anything in reasonable time.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long the start of a task takes, in milliseconds.
const PHASE: &str = "700";

/// A scenario, and what is right to say of it.
const SCENARIOS: &[(&str, &str)] =
    &[("ok", "succeeded"), ("rollback", "rolled-back"), ("failed", "failed"), ("stuck", "timed-out")];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tool {
    Ours,
    EcsDeploy,
    AwsWait,
}

const TOOLS: &[(Tool, &str)] = &[
    (Tool::Ours, "deploy_service"),
    (Tool::EcsDeploy, "ecs-deploy (PyPI)"),
    (Tool::AwsWait, "aws ecs wait services-stable"),
];

/// What a program came to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    /// Nothing if it had to be ended.
    code: Option<i32>,
    said: String,
    /// Whether the revision that the service runs was deregistered.
    took_away: bool,
}

/// Runs all of them and prints the table.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let programs = served::compiled(workspace, &["memory_ecs", "deploy_service"], &[])?;
    let [memory_ecs, ours] = programs.as_slice() else { anyhow::bail!("cargo gives other programs") };
    let (ecs, aws) = (peer(workspace, "ecs")?, peer(workspace, "aws")?);
    let program = |tool| match tool {
        Tool::Ours => ours,
        Tool::EcsDeploy => &ecs,
        Tool::AwsWait => &aws,
    };
    println!("| scenario | {} |", TOOLS.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(TOOLS.len()));
    let mut wrong = 0;
    for (scenario, right) in SCENARIOS {
        let verdicts: Vec<anyhow::Result<Verdict>> = thread::scope(|scope| {
            let runs = TOOLS.iter().map(|(tool, _)| scope.spawn(|| one(memory_ecs, program(*tool), *tool, scenario)));
            let runs: Vec<_> = runs.collect();
            runs.into_iter()
                .map(|run| run.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread has panicked"))))
                .collect()
        });
        let mut cells = Vec::new();
        for ((tool, name), verdict) in TOOLS.iter().zip(verdicts) {
            let verdict = verdict.with_context(|| format!("{name}, scenario {scenario}"))?;
            let is_right = judge(*tool, &verdict, right);
            wrong += usize::from(*tool == Tool::Ours && !is_right);
            let cell = cell(&verdict, is_right);
            // A peer that cannot even deploy what succeeds has met something else than what is compared.
            anyhow::ensure!(is_right || *right != "succeeded", "{name} does not get a deployment done: {cell}");
            cells.push(cell);
        }
        println!("| {scenario} | {} |", cells.join(" | "));
    }
    anyhow::ensure!(wrong == 0, "ours is wrong in {wrong} of {} scenarios", SCENARIOS.len());
    Ok(())
}

/// A peer: the workspace's own first, as what lies on PATH may be another release.
fn peer(workspace: &Workspace, name: &str) -> anyhow::Result<PathBuf> {
    super::found(workspace, &[".venv/bin"], name).with_context(|| {
        format!(
            "the program `{name}` is neither in `.venv/bin` of the workspace nor on PATH; install it with\n    \
             python3 -m venv .venv && .venv/bin/pip install ecs-deploy=={ECS_DEPLOY} awscli"
        )
    })
}

/// Moves a service of its own to another image with one program.
fn one(memory_ecs: &PathBuf, program: &Path, tool: Tool, scenario: &str) -> anyhow::Result<Verdict> {
    let served = Served::start(memory_ecs, scenario, PHASE)?;
    let service = ["--cluster", "c1", "--service", "svc"];
    let mut command = Command::new(program);
    command.envs(served.environment()).env("NO_PROXY", "127.0.0.1");
    match tool {
        Tool::Ours => {
            command.args(service).args([
                "--image",
                "app=nginx:2",
                "--timeout",
                TIMEOUT,
                "--interval",
                "500ms",
                "--json",
            ]);
        }
        Tool::EcsDeploy => {
            command.args(["deploy", "c1", "svc", "-i", "app", "nginx:2", "--timeout", TIMEOUT]);
        }
        Tool::AwsWait => {
            // It only waits; what it waits for is begun here.
            let described = served.ask("DescribeTaskDefinition", &json!({ "taskDefinition": "web" }))?;
            let mut next = described["taskDefinition"].clone();
            next["containerDefinitions"][0]["image"] = json!("nginx:2");
            served.ask("RegisterTaskDefinition", &next)?;
            served.ask("UpdateService", &json!({ "cluster": "c1", "service": "svc", "taskDefinition": "web:2" }))?;
            command.args(["ecs", "wait", "services-stable", "--cluster", "c1", "--services", "svc"]);
        }
    }
    let (code, output) = patiently(&mut command)?;
    let running = served.ask("DescribeServices", &json!({ "cluster": "c1", "services": ["svc"] }))?;
    let running = running["services"][0]["taskDefinition"].as_str().unwrap_or_default().to_owned();
    let running = served.ask("DescribeTaskDefinition", &json!({ "taskDefinition": running }))?;
    let took_away = running["taskDefinition"]["status"] == "INACTIVE";
    Ok(Verdict { code, said: said(tool, &output), took_away })
}

/// Runs a program to its end, or ends it when patience does.
fn patiently(command: &mut Command) -> anyhow::Result<(Option<i32>, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut out = child.stdout.take().context("no output")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        // What is not text is not what is looked for.
        let _ = out.read_to_string(&mut text);
        text
    });
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait()? {
            break status.code();
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            break None;
        }
        thread::sleep(Duration::from_millis(50));
    };
    Ok((code, reader.join().unwrap_or_default()))
}

/// What a program says at last: the outcome of ours, the last line of others.
fn said(tool: Tool, output: &str) -> String {
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    if tool == Tool::Ours {
        let told: Json = serde_json::from_str(last).unwrap_or_default();
        return told["outcome"].as_str().unwrap_or("nothing").to_owned();
    }
    // ecs-deploy ends with what it has deregistered; what it says of the deployment comes before.
    let telling = output.lines().map(str::trim).rfind(|line| line.to_ascii_lowercase().contains("deployment "));
    telling.unwrap_or(last).replace('|', "/").chars().take(80).collect()
}

/// Success must be said of success and of nothing else, in time, and what runs must stay. Ours must find the very word.
fn judge(tool: Tool, verdict: &Verdict, right: &str) -> bool {
    let succeeded = right == "succeeded";
    let told = verdict.code.is_some_and(|code| (code == 0) == succeeded);
    told && !verdict.took_away && (tool != Tool::Ours || verdict.said == right)
}

fn cell(verdict: &Verdict, is_right: bool) -> String {
    let code =
        verdict.code.map_or_else(|| format!("no answer in {} s", PATIENCE.as_secs()), |code| format!("exit {code}"));
    let said = if verdict.said.is_empty() { String::new() } else { format!(", \"{}\"", verdict.said) };
    let took = if verdict.took_away { ", deregisters what runs" } else { "" };
    let mark = if is_right { "right" } else { "**wrong**" };
    format!("{mark}: {code}{said}{took}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(code: Option<i32>, said: &str, took_away: bool) -> Verdict {
        Verdict { code, said: said.to_owned(), took_away }
    }

    #[test]
    fn only_success_is_success() {
        for (tool, verdict, right, expected) in [
            (Tool::Ours, verdict(Some(0), "succeeded", false), "succeeded", true),
            (Tool::Ours, verdict(Some(1), "rolled-back", false), "rolled-back", true),
            (Tool::Ours, verdict(Some(1), "failed", false), "rolled-back", false),
            (Tool::Ours, verdict(Some(0), "rolled-back", false), "rolled-back", false),
            (Tool::EcsDeploy, verdict(Some(0), "Deployment successful", true), "rolled-back", false),
            (Tool::EcsDeploy, verdict(Some(1), "Deployment failed", true), "failed", false),
            (Tool::EcsDeploy, verdict(Some(1), "Deployment failed", false), "failed", true),
            (Tool::AwsWait, verdict(Some(0), "", false), "succeeded", true),
            (Tool::AwsWait, verdict(None, "", false), "timed-out", false),
        ] {
            assert_eq!(judge(tool, &verdict, right), expected, "{verdict:?} {right}");
        }
    }

    #[test]
    fn what_was_said() {
        assert_eq!(said(Tool::Ours, "x\n{\"outcome\":\"failed\",\"reason\":\"\"}\n"), "failed");
        assert_eq!(said(Tool::Ours, "panic\n"), "nothing");
        let fab = "Deploying new task definition\n\nDeployment successful\n\nDeregister task definition revision\n";
        assert_eq!(said(Tool::EcsDeploy, fab), "Deployment successful");
        assert_eq!(said(Tool::AwsWait, ""), "");
    }
}

//! `cargo xtask crash pipeline`: kills a runner at random moments, again and again within one execution, and lets the next
//! one go on. The execution must end as one that nobody disturbed; what had ended must not run again, and what was in
//! flight must be told so.
//!
//! The deterministic counterpart, which cuts the journal off at each entry, is in `crates/pipeline-runner/tests/it/journal.rs`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::{crash::Random, workspace::Workspace};

/// What `cargo xtask ci` does with and without `--quick`.
pub(crate) const ROUNDS: usize = 500;
pub(crate) const QUICK_ROUNDS: usize = 40;

/// Kills as often as told.
pub(crate) fn check(workspace: &Workspace, kills: usize) -> anyhow::Result<()> {
    let program = workspace.build_example("run_pipeline", false)?;
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { workspace.path("target") };
    let directory = parent.join(format!("longshore-crash-pipeline-{}", std::process::id()));
    let checked = Scene::new(&directory, program).and_then(|scene| scene.kill(kills));
    // What is left of a failure is what there is to look at.
    if checked.is_ok() {
        fs::remove_dir_all(&directory)?;
    }
    checked.with_context(|| format!("see {}", directory.display()))
}

struct Scene {
    directory: PathBuf,
    program: PathBuf,
    /// What an execution comes to that nobody disturbs, and how long that takes.
    undisturbed: Value,
    /// How long it takes until the execution is under way, and from there to its end.
    starts: Duration,
    takes: Duration,
}

/// What one process has said.
struct Said {
    events: Vec<Value>,
    /// The execution, if the process came to its end.
    ended: Option<Value>,
    /// Runs of actions that it began, and whether it was told that they had been in flight.
    runs: Vec<(String, bool)>,
}

impl Scene {
    fn new(directory: &Path, program: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(directory.join("source"))?;
        fs::write(directory.join("source/file"), "text")?;
        fs::write(directory.join("pipeline.json"), declaration().to_string())?;
        fs::write(directory.join("mocks.toml"), MOCKS)?;
        let (starts, takes) = (Duration::ZERO, Duration::ZERO);
        let mut scene = Self { directory: directory.to_owned(), program, undisturbed: Value::Null, starts, takes };
        scene.run(false, None)?;
        let mut child = scene.spawn(false)?;
        let begun = Instant::now();
        while fs::metadata(scene.directory.join("stdout"))?.len() == 0 && child.try_wait()?.is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        scene.starts = begun.elapsed();
        let said = scene.hear(child, true)?;
        scene.takes = begun.elapsed() - scene.starts;
        scene.undisturbed = shape(&said.ended.context("a run that nobody disturbs says nothing")?);
        ensure!(scene.undisturbed["status"] == "Succeeded", "undisturbed: {}", scene.undisturbed);
        Ok(scene)
    }

    fn kill(&self, kills: usize) -> anyhow::Result<()> {
        let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos() as u64;
        let mut random = Random::new(seed);
        let (mut done, mut executions, mut inside, mut again) = (0, 0, 0, 0);
        let started = Instant::now();
        while done < kills {
            let said = self.round(&mut random).with_context(|| format!("kill {done} of seed {seed}"))?;
            done += said.len() - 1;
            executions += 1;
            inside +=
                said[..said.len() - 1].iter().filter(|said| !said.runs.is_empty() && said.ended.is_none()).count();
            again += said.iter().flat_map(|said| &said.runs).filter(|(_, again)| *again).count();
        }
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "     {done} kills over {executions} executions, {inside} of them while actions ran, {again} actions told that they were in flight ({seconds:.1} s)"
        );
        // Kills that all come too early or too late prove nothing.
        ensure!(kills < 30 || (inside > kills / 10 && again > 0), "the kills did not spread over the executions");
        Ok(())
    }

    /// One execution with one kill or several; what each process said.
    fn round(&self, random: &mut Random) -> anyhow::Result<Vec<Said>> {
        // Mostly while actions run, and now and then before.
        let mut when = |part: f64| self.starts.mul_f64(0.8) + self.takes.mul_f64(random.unit() * part);
        let mut said = vec![self.run(false, Some(when(1.1)))?];
        while begun(&said) && said.len() < 4 && said.iter().all(|said| said.ended.is_none()) {
            said.push(self.run(true, Some(when(0.8)))?);
        }
        said.push(match self.run(true, None) {
            // One that was killed before it took the start has nothing to go on with.
            Err(_) if !begun(&said) => self.run(false, None)?,
            resumed => resumed?,
        });
        let ended = said.last().and_then(|said| said.ended.as_ref()).context("the last process has no result")?;
        let shape = shape(ended);
        ensure!(shape == self.undisturbed, "it ended otherwise: {shape}\nthan {}", self.undisturbed);
        check_runs(&said, ended)?;
        Ok(said)
    }

    fn spawn(&self, resume: bool) -> anyhow::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg(self.directory.join("pipeline.json")).arg("--json");
        command.arg("--source").arg(self.directory.join("source"));
        command.arg("--mocks").arg(self.directory.join("mocks.toml"));
        command.arg("--out").arg(self.directory.join("out"));
        command.args(resume.then_some("--resume"));
        let file = |name: &str| fs::File::create(self.directory.join(name));
        command.stdin(Stdio::null()).stdout(file("stdout")?).stderr(file("stderr")?);
        command.spawn().context("cannot run run_pipeline")
    }

    /// Runs the program, for so long if a time is given.
    fn run(&self, resume: bool, kill_after: Option<Duration>) -> anyhow::Result<Said> {
        let mut child = self.spawn(resume)?;
        if let Some(after) = kill_after {
            thread::sleep(after);
            // One that has ended already is as good as one that was killed at its end.
            child.kill()?;
        }
        self.hear(child, kill_after.is_none())
    }

    /// Waits for a process and takes what it has said.
    fn hear(&self, mut child: Child, must_end: bool) -> anyhow::Result<Said> {
        let status = child.wait()?;
        let text = fs::read_to_string(self.directory.join("stderr"))?;
        ensure!(!must_end || status.code().is_some_and(|code| code < 2), "{status}: {text}");
        let printed = fs::read_to_string(self.directory.join("stdout"))?;
        let mut events: Vec<Value> = printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let ended = events.pop_if(|last| last.get("outcome").is_some()).map(|mut last| last["execution"].take());
        let runs = text.lines().filter_map(|line| {
            let (before, run) = line.split_once(": run ")?;
            Some((run.trim().to_owned(), before.ends_with("scripted again")))
        });
        Ok(Said { events, ended, runs: runs.collect() })
    }
}

/// Whether an execution is known to have been started.
fn begun(said: &[Said]) -> bool {
    said.iter().any(|said| !said.events.is_empty())
}

/// No run begins twice without being told; none begins again that was told to have ended.
fn check_runs(said: &[Said], ended: &Value) -> anyhow::Result<()> {
    let mut over: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fresh: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, said) in said.iter().enumerate() {
        for (run, again) in &said.runs {
            if let Some(process) = over.get(run.as_str()) {
                bail!("run {run} had ended in process {process} and began again in process {place}");
            }
            *fresh.entry(run).or_default() += usize::from(!again);
        }
        for event in &said.events {
            if let (Some(run), Some("SUCCEEDED" | "FAILED")) =
                (event["detail"]["action-execution-id"].as_str(), event["detail"]["state"].as_str())
            {
                over.insert(run, place);
            }
        }
    }
    if let Some((run, times)) = fresh.iter().find(|(_, times)| **times > 1) {
        bail!("run {run} began {times} times and was told of none of them");
    }
    let actions = ended["stages"].as_array().into_iter().flatten().flat_map(|stage| stage["actions"].as_array());
    for action in actions.flatten() {
        let run = action["id"].as_str().unwrap_or_default();
        let told = said.iter().flat_map(|said| &said.runs).filter(|(id, again)| id == run && *again).count();
        let interruptions = action["interruptions"].as_u64().unwrap_or_default();
        ensure!(told as u64 <= interruptions, "run {run} was told {told} times, interrupted {interruptions} times");
    }
    Ok(())
}

/// What must be the same however often a runner was killed.
fn shape(execution: &Value) -> Value {
    let stage = |stage: &Value| {
        let action = |action: &Value| json!([action["name"], action["status"], action["summary"]]);
        let actions: Vec<_> = stage["actions"].as_array().into_iter().flatten().map(action).collect();
        json!([stage["name"], stage["status"], actions])
    };
    let stages: Vec<_> = execution["stages"].as_array().into_iter().flatten().map(stage).collect();
    let artifacts: Vec<_> = execution["artifacts"].as_object().into_iter().flat_map(|map| map.keys()).collect();
    json!({
        "status": execution["status"], "variables": execution["variables"], "namespaces": execution["namespaces"],
        "artifacts": artifacts, "stages": stages,
    })
}

/// Parallel actions, two approvals, a stage that fails once and tries itself again.
fn declaration() -> Value {
    let id = |category: &str, owner: &str, provider: &str| json!({"category": category, "owner": owner, "provider": provider, "version": "1"});
    let build = |name: &str, order: u32| {
        json!({"name": name, "namespace": name, "runOrder": order, "actionTypeId": id("Test", "Custom", "Scripted"),
            "inputArtifacts": [{"name": "Source"}], "outputArtifacts": [{"name": format!("{name}Out")}],
            "configuration": {"Revision": "#{Get.Revision}"}})
    };
    let approval = |name: &str| json!({"name": name, "runOrder": 1, "actionTypeId": id("Approval", "AWS", "Manual")});
    json!({
        "name": "crash", "roleArn": "arn:aws:iam::123456789012:role/crash", "pipelineType": "V2",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "variables": [{"name": "Stage", "defaultValue": "test"}],
        "stages": [
            {"name": "Source", "actions": [{"name": "Get", "namespace": "Get", "actionTypeId": id("Source", "Custom", "Scripted"),
                "outputArtifacts": [{"name": "Source"}]}]},
            {"name": "Build", "actions": [build("A", 1), build("B", 1), build("C", 1), approval("Look"), build("D", 2)]},
            {"name": "Release", "actions": [approval("Release")]},
            {"name": "Deploy", "onFailure": {"result": "RETRY"}, "actions": [build("E", 1), build("F", 1), build("G", 2)]},
        ],
    })
}

const MOCKS: &str = r#"
    [[mock]]
    action = "Get"
    variables = { Revision = "r1" }
    artifacts.Source = { file = "text" }
    delay = "25ms"
    [[mock]]
    action = "A"
    delay = "40ms"
    message = "a"
    variables = { Is = "a" }
    [[mock]]
    action = "B"
    delay = "5ms"
    message = "b"
    [[mock]]
    action = "C"
    message = "c"
    [[mock]]
    action = "Look"
    message = "seen"
    delay = "8ms"
    [[mock]]
    action = "D"
    delay = "25ms"
    [[mock]]
    action = "Release"
    message = "released"
    delay = "25ms"
    [[mock]]
    action = "E"
    delay = "25ms"
    message = "e"
    [[mock]]
    action = "F"
    attempt = 1
    outcome = "fail"
    delay = "5ms"
    [[mock]]
    action = "F"
    delay = "5ms"
    message = "the second time"
    [[mock]]
    action = "G"
    delay = "5ms"
"#;

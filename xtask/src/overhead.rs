//! `cargo xtask overhead`: how long the release build of `deploy_service` takes from its start to its end, against an
//! in-memory ECS on loopback whose tasks start in a millisecond: process start, register, update, first polls.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Arguments,
    served::{self, Served},
    workspace::Workspace,
};

/// How often it is run; the quickest run is what the program needs, the rest is what else the machine did.
const RUNS: usize = 30;
/// What it may take at most.
const MOST: Duration = Duration::from_millis(60);

pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<()> {
    let programs = served::compiled(workspace, &["memory_ecs", "deploy_service"], &["--release"])?;
    let [memory_ecs, deploy_service] = programs.as_slice() else { anyhow::bail!("cargo gives other programs") };
    let served = Served::start(memory_ecs, "ok", "1")?;
    let mut times = Vec::new();
    for run in 0..RUNS {
        // Another image each time, so that each run registers a revision and moves the service.
        let image = format!("app=nginx:{}", run + 2);
        let mut command = Command::new(deploy_service);
        command
            .args(["--cluster", "c1", "--service", "svc", "--image", &image, "--timeout", "30s", "--interval", "1ms"])
            .envs(served.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let begun = Instant::now();
        let status = command.status()?;
        times.push(begun.elapsed());
        anyhow::ensure!(status.success(), "deploy_service ended with {status}");
    }
    times.sort();
    let (best, median) = (times[0], times[times.len() / 2]);
    println!("deploy_service: best {best:.1?}, median {median:.1?} of {RUNS} runs; at most {MOST:?} is wanted");
    anyhow::ensure!(best <= MOST, "the best run takes longer than {MOST:?}");
    Ok(())
}

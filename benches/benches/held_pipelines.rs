//! 10,000 pipelines held by one host: the peak of this process's memory.
//!
//!     cargo bench -p benches --bench held_pipelines
//!
//! Each has a declaration of its own with five stages of two actions, has run once, and has an approval that waits. No
//! criterion: what counts is the peak, which the kernel keeps (`VmHWM`).

#![allow(clippy::print_stdout, reason = "a program that tells a number")]

use std::sync::Arc;

use aws_call::{ManualClock, MapEnv, SequenceIds};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::core::Start;
use pipeline_runner::{Answer, Elsewhere, Host, Providers, Silent, World};

const PIPELINES: usize = 10_000;

/// What it may take.
const MOST_MEBIBYTES: u64 = 300;

/// Approvals need nobody to run them, so that the host is all that takes memory.
fn pipeline(name: &str) -> Pipeline {
    let mut pipeline = Pipeline::new(name, "arn:aws:iam::123456789012:role/p");
    for number in 0..5 {
        let gate = |name: String| Action::new(name, ActionTypeId::new("Approval", "AWS", "Manual", "1"));
        let first = gate(format!("First{number}")).with_config("CustomData", "#{codepipeline.PipelineExecutionId}");
        let second = gate(format!("Second{number}")).with_run_order(2);
        pipeline.stages.push(Stage::new(format!("Stage{number}")).with_action(first).with_action(second));
    }
    pipeline
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(run());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    match line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) {
        Some(peak) => {
            println!("{PIPELINES} pipelines: {} MiB of {MOST_MEBIBYTES}", peak / 1024);
            assert!(peak / 1024 <= MOST_MEBIBYTES, "more than it may take");
        }
        None => println!("this system does not tell the peak of the memory"),
    }
}

async fn run() {
    let space = std::env::temp_dir();
    let host = Host::new(World {
        providers: Providers::new(),
        artifacts: Arc::new(DirectoryStore::new(space.join("artifacts"))),
        approver: Arc::new(Elsewhere),
        observer: Arc::new(Silent),
        clock: Arc::new(ManualClock::at_epoch_secs(1_700_000_000)),
        ids: Arc::new(SequenceIds::new(7)),
        env: Arc::new(MapEnv::default()),
        workspace: space.join("work"),
    });
    for number in 0..PIPELINES {
        let name = format!("pipeline-{number}");
        host.put(pipeline(&name)).await.expect("put");
        host.start(&name, Start::manual("bench")).await.expect("started");
        for _ in 0..10 {
            let token = host
                .read(&name, |state| state.executions.last()?.stages.last()?.actions.last().map(|run| run.id.clone()));
            let token = token.await.expect("here").expect("a token");
            host.approve(&name, &token, Answer::approve("yes")).await.expect("approved");
        }
        host.start(&name, Start::manual("bench")).await.expect("started");
    }
    host.shut_down().await;
}

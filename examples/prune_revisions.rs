//! Deregisters old revisions of a task definition, except what anything still uses: services, their rollback targets,
//! running tasks. Without `--apply` it only says what it would do.
//!
//!     cargo run -p examples --example prune_revisions -- --family web --keep 2 --scenario ok
//!     cargo run -p examples --features aws --example prune_revisions -- --family web --keep 10 --apply --json
//!
//! Without `--in` every cluster of the region is looked at. Rules of EventBridge are not: this build has no client for them,
//! so do not prune families that only schedules start. With `--json` one object,
//! `{"applied", "keep": [{"revision", "because"}], "deregister": ["web:1"], "failed": [{"revision", "reason"}]}`.
//!
//! Exit code: 0, 1 if something could not be deregistered, 2 when the uses could not be found out; nothing is changed then.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use ecs_taskdef::Body;
use ecs_taskdef::client::{MemoryCluster, ServiceId, TaskDefinitions};
use ecs_taskdef::deploy::prune::{PruneRequest, Pruner};
use examples::{Cluster, ClusterArguments, with_cluster};
use serde_json::{Value, json};

/// Deregisters old revisions that nothing uses.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    cluster: ClusterArguments,
    /// Family of the task definition
    #[arg(long)]
    family: String,
    /// How many of the newest stay in any case
    #[arg(long, default_value_t = 10)]
    keep: usize,
    /// Cluster to look for uses in; all of the region without any
    #[arg(long = "in", value_name = "CLUSTER")]
    clusters: Vec<String>,
    /// Deregister, instead of only saying what would be
    #[arg(long)]
    apply: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let cluster = arguments.cluster.connect(&[ServiceId::new(&arguments.cluster.cluster, "svc")]).await?;
    if let Cluster::Memory(memory) = &cluster {
        history(memory).await?;
    }
    let pruner = with_cluster!(&cluster, client => {
        Pruner::new(client.clone(), client.clone()).with_service_deployments(client.clone())
    });
    let mut request = PruneRequest::new(&arguments.family, arguments.keep);
    request.clusters.clone_from(&arguments.clusters);
    let plan = pruner.plan(&request).await.context("nothing is changed")?;
    let mut keep: Vec<_> = plan.keep.iter().map(|(revision, uses)| (revision.short_name(), uses.clone())).collect();
    let mut gone: Vec<String> = plan.deregister.iter().map(|revision| revision.short_name()).collect();
    let mut failed = Vec::new();
    if arguments.apply {
        let pruned = pruner.apply(&request, &plan).await?;
        keep.extend(pruned.kept.iter().map(|(revision, uses)| (revision.short_name(), uses.clone())));
        gone = pruned.deregistered.iter().map(|revision| revision.short_name()).collect();
        failed = pruned.failed.iter().map(|(revision, error)| (revision.short_name(), error.to_string())).collect();
    }
    if arguments.json {
        let keep: Vec<Value> = keep
            .iter()
            .map(|(revision, uses)| {
                let because: Vec<String> = uses.iter().map(ToString::to_string).collect();
                json!({ "revision": revision, "because": because })
            })
            .collect();
        let failed: Vec<Value> =
            failed.iter().map(|(revision, reason)| json!({ "revision": revision, "reason": reason })).collect();
        println!("{}", json!({ "applied": arguments.apply, "keep": keep, "deregister": gone, "failed": failed }));
    } else {
        for (revision, uses) in &keep {
            let because: Vec<String> = uses.iter().map(ToString::to_string).collect();
            println!("keep        {revision:16} {}", because.join(", "));
        }
        let word = if arguments.apply { "deregistered" } else { "would go" };
        gone.iter().for_each(|revision| println!("{word:12}{revision}"));
        failed.iter().for_each(|(revision, reason)| println!("failed      {revision:16} {reason}"));
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Some revisions more than the one that the scenario's service runs.
async fn history(memory: &MemoryCluster) -> anyhow::Result<()> {
    let first = memory.describe("web:1").await?;
    for tag in 2..=6 {
        let mut next = Body::from_described(&first)?.as_json().clone();
        next["containerDefinitions"][0]["image"] = json!(format!("nginx:{tag}"));
        memory.register(&Body::from_json(next)?).await?;
    }
    Ok(())
}

//! 200 services followed at once: the peak of this process's memory, in-memory cluster included.
//!
//!     cargo bench -p benches --bench many_services
//!
//! Every service keeps the hundred events that ECS keeps, and is looked at until it runs the new revision. No criterion:
//! what counts is the peak, which the kernel keeps (`VmHWM`).

#![allow(clippy::print_stdout, reason = "a program that tells a number")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_call::{Backoff, ManualClock, Polling, SequenceIds};
use ecs_taskdef::client::{CreateService, MemoryCluster, ServiceDeployments, ServiceId, Services, TaskDefinitions};
use ecs_taskdef::deploy::ManyRequest;
use ecs_taskdef::{Body, DeployRequest, Deployer, TaskDefinition, read_bytes};

const SERVICES: usize = 200;

fn definition(tag: &str) -> TaskDefinition {
    let text = format!(
        r#"{{"family": "web", "containerDefinitions": [{{"name": "app", "image": "web:{tag}", "memory": 64}}]}}"#
    );
    read_bytes("taskdef.json", text.as_bytes()).value.expect("a task definition")
}

/// The peak of the resident memory in KiB, where the kernel tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(run());
}

async fn run() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let cluster = Arc::new(MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7))));
    let first = cluster.register(&Body::of(&definition("1")).expect("a body")).await.expect("registered");
    let mut services = Vec::new();
    for number in 0..SERVICES {
        let id = ServiceId::new("shop", format!("web-{number}"));
        cluster.create_service(&CreateService::new(id.clone(), &first.arn, 10)).await.expect("created");
        services.push(id);
    }
    clock.advance(Duration::from_secs(600));
    // Events until each service has its hundred.
    for tag in 2..9 {
        roll(&cluster, &clock, &services, &tag.to_string()).await;
    }
    let before = peak();
    #[allow(clippy::disallowed_methods, reason = "a bench measures")]
    let start = Instant::now();
    roll(&cluster, &clock, &services, "last").await;
    println!("{SERVICES} services followed at once in {:.2} s", start.elapsed().as_secs_f64());
    match (before, peak()) {
        (Some(before), Some(after)) => println!("peak {} KiB, before {before} KiB", after),
        _ => println!("this kernel does not tell the peak"),
    }
}

async fn roll(cluster: &Arc<MemoryCluster>, clock: &ManualClock, services: &[ServiceId], tag: &str) {
    let deployer = Deployer::new(
        Arc::clone(cluster) as Arc<dyn TaskDefinitions>,
        Arc::clone(cluster) as Arc<dyn Services>,
        Arc::new(clock.clone()),
        Arc::new(SequenceIds::new(1)),
    )
    .with_service_deployments(Arc::clone(cluster) as Arc<dyn ServiceDeployments>);
    let polling = Polling::new(Backoff::constant(Duration::from_secs(5))).with_deadline(Duration::from_secs(3600));
    let request = DeployRequest::new("shop", "", definition(tag)).with_polling(polling);
    let ends = deployer.deploy_many(&ManyRequest::new(request, services.to_vec()), &()).await.expect("ends");
    for (id, end) in ends {
        let end = end.unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(end.is_success(), "{id}: {}", end.outcome);
    }
}

//! What an editor or a pre-commit hook waits for: reading and checking a task definition of 4 kB, comparing two of ten
//! containers, editing one.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ecs_taskdef::{Body, TaskDefinition, check, diff, read};
use serde_json::{Value, json};
use spec_report::{Levels, Source};

fn container(index: usize) -> Value {
    json!({
        "name": format!("app{index}"),
        "image": format!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.4.{index}"),
        "essential": index == 0,
        "cpu": 64,
        "memory": 256,
        "portMappings": [{ "containerPort": 8000 + index, "protocol": "tcp" }],
        "environment": [
            { "name": "LOG_LEVEL", "value": "info" },
            { "name": "DATABASE", "value": "postgres://db.internal.example:5432/shop" },
            { "name": "CACHE", "value": "redis://cache.internal.example:6379/0" },
        ],
        "secrets": [
            { "name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/token" },
            { "name": "PASSWORD", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf:password::" },
        ],
        "healthCheck": { "command": ["CMD-SHELL", "curl -f http://localhost/health || exit 1"], "interval": 30 },
        "mountPoints": [{ "sourceVolume": "data", "containerPath": "/data", "readOnly": true }],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": { "awslogs-group": "/ecs/shop", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": format!("app{index}") },
        },
    })
}

fn definition(containers: usize) -> Value {
    json!({
        "family": "shop",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "4096",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "taskRoleArn": "arn:aws:iam::123456789012:role/shop",
        "containerDefinitions": (0..containers).map(container).collect::<Vec<_>>(),
        "volumes": [{ "name": "data" }],
    })
}

/// 4 kB as people write them, indented by two.
fn file() -> Source {
    let text =
        (1..).map(|n| serde_json::to_string_pretty(&definition(n)).unwrap_or_default()).find(|text| text.len() >= 4096);
    Source::new("taskdef.json", text.unwrap_or_default())
}

fn task(source: &Source) -> Option<TaskDefinition> {
    read(source.clone()).value
}

fn task_definitions(c: &mut Criterion) {
    let source = file();
    let mut group = c.benchmark_group("task definition");
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("read", |b| b.iter(|| read(black_box(&source).clone())));
    group.bench_function("read and check", |b| {
        b.iter(|| check(&read(black_box(&source).clone()), &Levels::default()));
    });
    if let Some(task) = task(&source) {
        group.bench_function("request", |b| b.iter(|| Body::of(black_box(&task))));
        group.bench_function("set an image", |b| b.iter(|| black_box(&task).with_image("app0", "shop:2")));
    }
    group.finish();

    let (from, mut to) = (definition(10), definition(10));
    to["containerDefinitions"][7]["image"] = json!("shop:2");
    to["containerDefinitions"][3]["environment"][1]["value"] = json!("postgres://elsewhere.example");
    let mut group = c.benchmark_group("ten containers");
    group.bench_function("diff", |b| b.iter(|| diff(black_box(&from), black_box(&to))));
    group.finish();
}

criterion_group!(benches, task_definitions);
criterion_main!(benches);

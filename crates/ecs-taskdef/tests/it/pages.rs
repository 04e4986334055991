//! The rule pages, and what they show held against the in-memory service.

use std::path::{Path, PathBuf};

use ecs_taskdef::client::TaskDefinitions;
use ecs_taskdef::rules::rules;
use ecs_taskdef::{Body, read};
use spec_report::{Limits, Rule, Source};

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules/ecs-taskdef")
}

#[test]
fn rule_pages_tell_the_truth() {
    let all: Vec<&'static Rule> = rules().collect();
    // What the others are about does not stand in the task definition alone.
    const SHOWN_ONLY: [&str; 5] =
        ["limit", "load-balancer-container", "target-group-not-found", "target-group-type", "target-group-unused"];
    let shown: Vec<&'static Rule> = rules().filter(|rule| SHOWN_ONLY.contains(&rule.name())).collect();
    let checked =
        spec_report::mdtest::Pages::new(&pages(), &all).shown_only(&shown).check(crate::verify::by_name).unwrap();
    assert_eq!(checked, all.len());
}

/// What `limit` shows cannot be written into a page.
#[test]
fn large_and_deep_files_are_reported() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for text in [deep, format!("\"{}\"", "x".repeat(Limits::default().bytes))] {
        let parsed = read(Source::new("taskdef.json", text));
        assert!(parsed.report.iter().any(|found| found.rule.name() == "limit"), "{:?}", parsed.report);
    }
}

/// The fences of a section of a page: file name and text.
fn fences(page: &str, section: &str) -> Vec<(&'static str, String)> {
    let body =
        page.split(&format!("\n## {section}\n")).nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let texts = body.split("```").skip(1).step_by(2);
    texts
        .map(|fence| {
            let (info, text) = fence.split_once('\n').expect("a fence has lines");
            (if info.starts_with("json") { "page.json" } else { "page.yaml" }, text.to_owned())
        })
        .collect()
}

/// Two witnesses that share no code: what the pages call good is registered, and what they call bad in the service's
/// words is refused, where the in-memory service knows the words.
#[tokio::test]
async fn the_in_memory_service_agrees_with_the_pages() {
    // The in-memory service does not look at these.
    const UNENFORCED: [&str; 31] = [
        "awslogs-options",
        "awsvpc-unsupported-setting",
        "container-memory-over-task",
        "efs-volume",
        "empty-role",
        "environment-file",
        "ephemeral-storage",
        "fargate-capability",
        "fargate-log-driver",
        "fargate-privileged",
        "fargate-unsupported-setting",
        "firelens-router-missing",
        "image-not-found",
        "inference-accelerators",
        "links-network-mode",
        "load-balancer-container",
        "log-group-not-found",
        "mount-point-unknown-volume",
        "platform-not-in-image",
        "port-mapping-name",
        "port-range",
        "proxy-configuration",
        "restart-policy",
        "role-not-found",
        "role-not-trusting-tasks",
        "secret-key-not-found",
        "secret-not-found",
        "target-group-type",
        "target-group-unused",
        "ulimit-soft-over-hard",
        "volumes-from-unknown-container",
    ];
    let (cluster, _) = crate::deploy::cluster();
    let mut refused = 0;
    for rule in rules() {
        let page = std::fs::read_to_string(pages().join(format!("{}.md", rule.name()))).expect("a page");
        for (name, text) in fences(&page, "Good") {
            let body = Body::of(&crate::read::task_definition(name, &text)).expect("a body");
            if let Err(error) = cluster.register(&body).await {
                panic!("{}: what is good is refused: {error}\n{text}", rule.id);
            }
        }
        if rule.service.is_none() || UNENFORCED.contains(&rule.name()) {
            continue;
        }
        for (name, text) in fences(&page, "Bad") {
            let body = Body::of(&crate::read::task_definition(name, &text)).expect("a body");
            assert!(cluster.register(&body).await.is_err(), "{}: what is bad is registered\n{text}", rule.id);
            refused += 1;
        }
    }
    assert!(refused >= 15, "{refused}");
}

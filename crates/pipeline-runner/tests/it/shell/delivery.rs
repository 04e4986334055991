//! The whole path on the shop of the examples: source, build, image, approval, rollout; and each way it can fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_call::{SystemClock, SystemEnv, SystemIds};
use ecr_push::{ImageRef, RepositoryName};
use ecs_taskdef::client::ServiceId;
use pipeline_model::Pipeline;
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::core::{Execution, ExecutionStatus, Start};
use pipeline_runner::memory::{Break, LocalAccount, Site};
use pipeline_runner::{Always, Answer, Cancel, LocalSettings, Providers, Runner, World, preflight};
use spec_report::Levels;

use super::Record;

fn shop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop").canonicalize().unwrap()
}

fn pipeline() -> Pipeline {
    let bytes = std::fs::read(shop().join("pipeline.json")).unwrap();
    preflight::read_pipeline("pipeline.json", &bytes).pipeline().cloned().unwrap()
}

async fn deliver(broken: Option<Break>) -> (Execution, LocalAccount) {
    deliver_pipeline(pipeline(), broken).await
}

async fn deliver_pipeline(pipeline: Pipeline, broken: Option<Break>) -> (Execution, LocalAccount) {
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(shop().join("local.toml")).unwrap();
    let settings = LocalSettings::parse("local.toml".as_ref(), &text).unwrap();
    let site = Site {
        root: shop(),
        source: shop(),
        scratch: dir.path().join("builds"),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let account = LocalAccount::open(&settings, &site, broken).await.unwrap();
    let answer = if broken == Some(Break::Approval) { Answer::reject("no") } else { Answer::approve("yes") };
    let world = World {
        providers: Providers::builtin(&account.backends),
        artifacts: Arc::new(DirectoryStore::new(dir.path().join("artifacts"))),
        approver: Arc::new(Always(answer)),
        observer: Arc::new(Record::default()),
        clock: site.clock,
        ids: site.ids,
        env: Arc::new(SystemEnv),
        workspace: dir.path().join("work"),
    };
    let mut runner = Runner::new(pipeline, world).unwrap();
    let execution = runner.run(Start::manual("test"), &Cancel::new()).await.unwrap();
    (execution, account)
}

/// The image that the service runs, and how many tasks of it.
async fn running(account: &LocalAccount) -> (String, u32) {
    let backends = &account.backends;
    let service = backends.services.describe_service(&ServiceId::new("shop", "web")).await.unwrap();
    let json = backends.task_definitions.describe(&service.task_definition).await.unwrap();
    let image = json["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap().to_owned();
    (image, service.running)
}

fn tags(account: &LocalAccount) -> usize {
    account.registry.tags(&RepositoryName::parse("shop").unwrap()).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_is_delivered() {
    let (execution, account) = deliver(None).await;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{:?}", execution.summary);
    let commit = &execution.revisions[0].revision;
    let (image, tasks) = running(&account).await;
    assert_eq!(image, format!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:{}", &commit[..12]));
    assert_eq!(tasks, 2);
    let stored = account.registry.image(&ImageRef::parse(&image).unwrap()).unwrap();
    assert_eq!(execution.namespaces["Publish"]["ECRImageDigestId"], stored.digest.to_string());
    assert_eq!(tags(&account), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_break_is_told_and_leaves_the_service_as_it_was() {
    for (broken, stage, want, pushed) in [
        (Break::Build, "Build", "exit", 0),
        (Break::Push, "Build", "connection reset by peer", 0),
        (Break::Approval, "Approve", "Rejected: no", 1),
        (Break::Deploy, "Deploy", "rolled back", 1),
    ] {
        let (execution, account) = deliver(Some(broken)).await;
        assert_eq!(execution.status, ExecutionStatus::Failed, "{broken:?}");
        let (run, action) = execution.first_failure().unwrap();
        let message = &action.failure.as_ref().unwrap().message;
        assert!(run.name == stage && message.contains(want), "{broken:?} in {}: {message}", run.name);
        assert_eq!(tags(&account), pushed, "{broken:?}");
        let (image, tasks) = running(&account).await;
        assert!(image.ends_with("/shop:first") && tasks == 2, "{broken:?}: {tasks} tasks of {image}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_path_cannot_leave_the_artifact() {
    for (stage, action, key, value) in [
        (1, 1, "DockerFilePath", "../../Dockerfile"),
        (3, 0, "FileName", "/etc/hostname"),
        (3, 0, "FileName", "a/../../b"),
    ] {
        let mut declared = pipeline();
        let configured = declared.stages[stage].actions[action].clone().with_config(key, value);
        declared.stages[stage].actions[action] = configured;
        let (execution, _) = deliver_pipeline(declared, None).await;
        let message = execution.summary.unwrap();
        assert!(message.contains(&format!("`{key}` `{value}` leaves the artifact")), "{message}");
    }
}

#[test]
fn every_file_of_the_shop_is_without_fault() {
    let checked = preflight::check_directory(&shop(), &Levels::default()).unwrap();
    let kinds: Vec<_> = checked.iter().map(|file| file.kind.to_string()).collect();
    assert_eq!(kinds, ["AppSpec", "buildspec", "pipeline", "task definition"]);
    for file in &checked {
        assert!(!file.report.has_errors(), "{}", spec_report::render::concise(&file.report));
    }
}

//! Deployments: a host, a bucket, a function, and ECS through CodeDeploy.

use std::sync::Arc;
use std::time::Duration;

use appspec::client::memory::MemoryCodeDeploy;
use appspec::client::{
    Application, Applications, ComputePlatform, DeploymentGroup, DeploymentGroups, EcsService, TargetGroupPair,
};
use aws_call::SequenceIds;
use ecs_taskdef::client::TaskDefinitions as _;
use pipeline_runner::client::{Commands, Function};
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, ActionOutcome, Providers};

use super::{Bench, action, are_in_the_catalogue, failed, succeeded, text};

/// The hooks of an in-place deployment behind a load balancer, in their order.
const HOOKS: [&str; 9] = [
    "BeforeBlockTraffic",
    "AfterBlockTraffic",
    "ApplicationStop",
    "BeforeInstall",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
];

/// An AppSpec with a script for each event that writes the event's name and the release down.
fn bundle(release: &str) -> Vec<(String, String)> {
    let mut spec =
        "version: 0.0\nos: linux\nfiles:\n  - source: web\n    destination: /srv/shop\nfile_exists_behavior: OVERWRITE\nhooks:\n"
            .to_owned();
    for event in HOOKS {
        spec.push_str(&format!("  {event}:\n    - location: scripts/note.sh\n      timeout: 60\n"));
    }
    let script = format!("#!/bin/sh\necho \"$LIFECYCLE_EVENT {release}\"\n");
    [("appspec.yml", spec), ("scripts/note.sh", script), ("web/index.html", release.to_owned())]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
}

async fn put(bench: &Bench, key: &str, files: &[(String, String)]) {
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    bench.artifact(key, &files).await;
}

fn deploy() -> pipeline_model::model::Action {
    action("Deploy", "CodeDeploy", &[("ApplicationName", "shop"), ("DeploymentGroupName", "live")]).with_input("Bundle")
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_hook_runs_in_order_with_the_revision_that_it_belongs_to() {
    let mut bench = Bench::new();
    let root = bench.path("host");
    bench.backends.hosts.insert("shop/live".to_owned(), root.clone());
    put(&bench, "first/Bundle", &bundle("one")).await;
    put(&bench, "second/Bundle", &bundle("two")).await;
    succeeded(&bench.run(ActionJob::of("first", &deploy())).await);
    let said = |bench: &Bench| -> Vec<String> {
        let lines = bench.lines();
        lines.iter().filter_map(|line| line.strip_prefix("[stdout]")).map(str::to_owned).collect()
    };
    // Nothing runs of a revision that never was there.
    let of_the_first: Vec<_> = HOOKS[3..].iter().map(|event| format!("{event} one")).collect();
    assert_eq!(said(&bench), of_the_first);
    bench.log.lock().unwrap().clear();

    let outcome = bench.run(ActionJob::of("second", &deploy())).await;
    succeeded(&outcome);
    let stops = HOOKS[..3].iter().map(|event| format!("{event} one"));
    let expected: Vec<_> = stops.chain(HOOKS[3..].iter().map(|event| format!("{event} two"))).collect();
    assert_eq!(said(&bench), expected);
    assert_eq!(text(&root.join("srv/shop/index.html")), "two");
    // The events of the service and the agent stand between them.
    let events: Vec<_> = bench
        .lines()
        .iter()
        .filter_map(|line| line.strip_prefix("LifecycleEvent - "))
        .filter(|line| !line.contains(':'))
        .map(str::to_owned)
        .collect();
    let kind = appspec::lifecycle::DeploymentKind::InPlaceWithLoadBalancer;
    let table: Vec<_> = kind.events().iter().map(|event| event.name).collect();
    assert_eq!(events, table);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_deployment_that_fails_leaves_the_old_application() {
    let mut bench = Bench::new();
    let root = bench.path("host");
    bench.backends.hosts.insert("shop/live".to_owned(), root.clone());
    put(&bench, "first/Bundle", &bundle("one")).await;
    succeeded(&bench.run(ActionJob::of("first", &deploy())).await);
    let mut broken = bundle("two");
    broken[1].1 = "#!/bin/sh\n[ \"$LIFECYCLE_EVENT\" != ValidateService ]\n".to_owned();
    put(&bench, "second/Bundle", &broken).await;
    let (kind, message) = failed(&bench.run(ActionJob::of("second", &deploy())).await);
    assert_eq!(kind, FailureKind::JobFailed);
    assert!(message.starts_with("ValidateService: ") && message.ends_with("the old revision runs again"), "{message}");
    assert_eq!(text(&root.join("srv/shop/index.html")), "one");
    put(&bench, "third/Bundle", &[("README".to_owned(), String::new())]).await;
    let (_, message) = failed(&bench.run(ActionJob::of("third", &deploy())).await);
    assert!(message.contains("did not find an AppSpec file"), "{message}");
}

#[tokio::test]
async fn files_or_an_archive_go_to_a_bucket() {
    let bench = Bench::new();
    bench.artifact("s3/Site", &[("index.html", "hello"), ("js/app.js", "1")]).await;
    bench.write("bucket", &[]);
    let deploy = |configuration: &[(&str, &str)]| {
        let all = [&[("BucketName", "shop-site")], configuration].concat();
        ActionJob::of("s3", &action("Deploy", "S3", &all).with_input("Site"))
    };
    succeeded(&bench.run(deploy(&[("Extract", "true")])).await);
    assert_eq!(text(&bench.path("bucket/js/app.js")), "1");
    succeeded(&bench.run(deploy(&[("Extract", "true"), ("ObjectKey", "v1/")])).await);
    // Two slashes, as observed on the service; a directory cannot tell them from one.
    assert!(bench.lines().contains(&"s3://shop-site/v1//js/app.js".to_owned()));
    assert_eq!(text(&bench.path("bucket/v1/js/app.js")), "1");
    succeeded(&bench.run(deploy(&[("Extract", "false"), ("ObjectKey", "at-{datetime}.zip")])).await);
    let archive = bench.path("bucket/at-2023-11-14_22-13-20.zip");
    let file = std::fs::File::open(&archive).unwrap();
    pipeline_runner::artifact::unpack("x", file, &bench.path("again"), &Default::default()).unwrap();
    assert_eq!(text(&bench.path("again/index.html")), "hello");

    for (configuration, says) in [
        (vec![("Extract", "false")], "When the extract feature is disabled, you must provide an object."),
        (vec![("Extract", "yes")], "Invalid value for configuration property 'yes': 'Extract'."),
    ] {
        let (kind, message) = failed(&bench.run(deploy(&configuration)).await);
        assert!(kind == FailureKind::ConfigurationError && message.starts_with(says), "{message}");
    }
    let nowhere = action("Deploy", "S3", &[("BucketName", "nowhere"), ("Extract", "true")]).with_input("Site");
    assert!(failed(&bench.run(ActionJob::of("s3", &nowhere)).await).1.contains("NoSuchBucket"));
}

#[tokio::test]
async fn a_function_gets_versions_and_an_alias() {
    let mut bench = Bench::new();
    let path = vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())];
    let functions = Commands::new(bench.path("functions"), path)
        .with_function("check", Function::new(["sh", "-c", "echo \"$(cat release)\" >&2"]));
    let functions = Arc::new(functions);
    bench.backends.functions = Arc::clone(&functions) as _;
    let deploy = action("Deploy", "Lambda", &[("FunctionName", "check"), ("FunctionAlias", "live")]).with_input("Code");
    for (job, release) in [("a", "one"), ("b", "two")] {
        bench.artifact(&format!("{job}/Code"), &[("release", release)]).await;
        let variables = succeeded(&bench.run(ActionJob::of(job, &deploy)).await);
        are_in_the_catalogue(&deploy, &variables);
        assert_eq!(variables["FunctionVersion"], if job == "a" { "1" } else { "2" });
    }
    assert_eq!(functions.alias("check", "live"), Some(2));
    let back = [("FunctionName", "check"), ("FunctionAlias", "live"), ("PublishedTargetVersion", "1")];
    succeeded(&bench.run(ActionJob::of("c", &action("Deploy", "Lambda", &back))).await);
    assert_eq!(functions.alias("check", "live"), Some(1));
    bench.log.lock().unwrap().clear();
    for name in ["check:live", "check", "check:2"] {
        succeeded(&bench.run(ActionJob::of("d", &action("Invoke", "Lambda", &[("FunctionName", name)]))).await);
    }
    assert_eq!(bench.lines(), ["one", "two", "two"]);
    for (configuration, says) in [
        (vec![("FunctionName", "nobody")], "ResourceNotFoundException"),
        (vec![("FunctionName", "check"), ("PublishedTargetVersion", "1")], "needs `FunctionAlias`"),
        (
            vec![("FunctionName", "check"), ("FunctionAlias", "live"), ("PublishedTargetVersion", "9")],
            "Function not found: check:9",
        ),
        (
            vec![("FunctionName", "check"), ("DeployStrategy", "Canary10Percent5Minutes")],
            "only CodePipeline shifts traffic",
        ),
    ] {
        let deploy = action("Deploy", "Lambda", &configuration).with_input("Code");
        let (kind, message) = failed(&bench.run(ActionJob::of("a", &deploy)).await);
        assert!(kind == FailureKind::ConfigurationError && message.contains(says), "{message}");
    }
}

const TASK_DEFINITION: &str = r#"{"family": "web", "containerDefinitions": [
    {"name": "app", "image": "<IMAGE1_NAME>", "memory": 64, "portMappings": [{"containerPort": 8080}]}]}"#;

const APP_SPEC: &str = "version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: app
          ContainerPort: 8080
";

const IMAGE: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

async fn traffic(bench: &Bench) -> MemoryCodeDeploy {
    let service = MemoryCodeDeploy::new(bench.clock.clone(), SequenceIds::new(3));
    service.create_application(&Application::new("shop", ComputePlatform::Ecs)).await.unwrap();
    let listener = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/prod/0/0";
    let group = DeploymentGroup::new("shop", "live", "arn:aws:iam::123456789012:role/deploy")
        .with_ecs_service(EcsService::new("shop", "web"), TargetGroupPair::new("blue", "green", listener));
    service.create_deployment_group(&group).await.unwrap();
    service
}

fn to_ecs(more: &[(&str, &str)]) -> ActionJob {
    let all = [
        &[
            ("ApplicationName", "shop"),
            ("DeploymentGroupName", "live"),
            ("TaskDefinitionTemplateArtifact", "Templates"),
            ("AppSpecTemplateArtifact", "Templates"),
        ],
        more,
    ]
    .concat();
    ActionJob::of("ecs", &action("Deploy", "CodeDeployToECS", &all).with_input("Templates").with_input("Image"))
}

#[tokio::test]
async fn code_deploy_gets_a_revision_with_the_image() {
    let mut bench = Bench::new();
    bench.backends.deployments = Some(Arc::new(traffic(&bench).await));
    bench.artifact("ecs/Templates", &[("taskdef.json", TASK_DEFINITION), ("appspec.yaml", APP_SPEC)]).await;
    bench.artifact("ecs/Image", &[("imageDetail.json", &format!(r#"{{"ImageURI":"{IMAGE}"}}"#))]).await;
    let pair = [("Image1ArtifactName", "Image"), ("Image1ContainerName", "IMAGE1_NAME")];
    let outcome = bench.run(to_ecs(&pair)).await;
    succeeded(&outcome);
    let described = bench.cluster.describe("web:1").await.unwrap();
    assert_eq!(described["taskDefinition"]["containerDefinitions"][0]["image"], IMAGE);
    assert!(format!("{outcome:?}").contains("external_id: Some(\"d-"), "{outcome:?}");

    for (more, says) in [
        (vec![("Image1ArtifactName", "Image")], "come together"),
        (vec![("Image1ArtifactName", "Nothing"), ("Image1ContainerName", "IMAGE1_NAME")], "is no input artifact"),
        (vec![("Image1ArtifactName", "Image"), ("Image1ContainerName", "OTHER")], "the placeholder `<OTHER>`"),
        (vec![("AppSpecTemplatePath", "../appspec.yaml")], "leaves the artifact"),
        (vec![("DeploymentGroupName", "nobody"), pair[0], pair[1]], "DeploymentGroupDoesNotExistException"),
    ] {
        let (_, message) = failed(&bench.run(to_ecs(&more)).await);
        assert!(message.contains(says), "{message}");
    }
    assert!(bench.cluster.describe("web:3").await.is_err(), "what cannot go on registers nothing");
}

/// A runner that begins anew follows what the killed one has made: a second deployment would be refused, or come on top.
#[tokio::test]
async fn a_deployment_that_was_made_is_followed_and_not_made_again() {
    let mut bench = Bench::new();
    let service = traffic(&bench).await;
    bench.backends.deployments = Some(Arc::new(service.clone()));
    bench.artifact("ecs/Templates", &[("taskdef.json", TASK_DEFINITION), ("appspec.yaml", APP_SPEC)]).await;
    bench.artifact("ecs/Image", &[("imageDetail.json", &format!(r#"{{"ImageURI":"{IMAGE}"}}"#))]).await;
    let mut job = to_ecs(&[("Image1ArtifactName", "Image"), ("Image1ContainerName", "IMAGE1_NAME")]);
    let provider = Providers::builtin(&bench.backends).get(&job.action_type).unwrap();
    let made = provider.run(job.clone(), &bench.context()).await;
    let ActionOutcome::Continue { token, after } = made else { panic!("{made:?}") };
    assert_eq!(after, Duration::ZERO);
    job.continuation = Some(token.clone());
    let given_up = bench.context();
    given_up.cancel.cancel();
    let (_, message) = failed(&provider.run(job.clone(), &given_up).await);
    assert!(message.contains("given up, asked to stop"), "{message}");
    assert!(bench.cluster.describe("web:2").await.is_err(), "nothing was registered again");
    let (_, message) = failed(&provider.run(job, &bench.context()).await);
    assert!(message.contains("shop/live") && message.to_lowercase().contains("stopped"), "{message}");
}

#[tokio::test]
async fn more_than_the_action_takes_is_refused() {
    let bench = Bench::new();
    let large = "x".repeat(3 << 20);
    bench.artifact("ecs/Templates", &[("taskdef.json", TASK_DEFINITION), ("appspec.yaml", APP_SPEC)]).await;
    bench.artifact("ecs/Image", &[("large", &large)]).await;
    let (_, message) = failed(&bench.run(to_ecs(&[])).await);
    assert!(message.contains("takes at most 3145728"), "{message}");
}

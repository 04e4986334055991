//! `ecs_taskdef::client::Ecs`. Moto keeps task definitions and gives them back; it checks next to nothing of them.
//!
//! Left out: services that become steady. Moto runs no task of a service, and an update begins no deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_call::{Fault, ManualClock, SequenceIds};
use aws_sdk_ecs::Client;
use ecs_taskdef::{
    Body, DeployRequest, Deployer, Error, ReadOptions,
    client::{
        CreateService, Ecs, Inventory as _, ListRevisions, Registered, ServiceDeployments as _, ServiceId,
        Services as _, Tags as _, TaskDefinitions as _,
    },
    deploy::{
        is_long_arn,
        prune::{PruneRequest, Pruner},
    },
    diff,
    read::read_bytes_as,
    read_bytes,
};
use serde_json::{Value as Json, json};

use crate::server::{ACCOUNT, Moto, is_missing, is_refused};

fn arn(revision: u32) -> String {
    format!("arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/web:{revision}")
}

/// For EC2, with units and defaults that are written in other ways than the service would.
fn on_ec2() -> Json {
    json!({
        "family": "web",
        "networkMode": "bridge",
        "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/web"),
        "containerDefinitions": [
            {
                "name": "app",
                "image": "shop:v1",
                "memory": 256,
                "essential": true,
                "portMappings": [{ "containerPort": 80, "hostPort": 0, "protocol": "tcp" }],
                "environment": [{ "name": "LOG", "value": "" }, { "name": "GREETING", "value": "grüß dich" }],
                "healthCheck": { "command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 5, "retries": 3 },
                "mountPoints": [{ "sourceVolume": "data", "containerPath": "/data", "readOnly": false }],
                "dependsOn": [{ "containerName": "log", "condition": "START" }],
                "ulimits": [{ "name": "nofile", "softLimit": 1024, "hardLimit": 4096 }],
            },
            { "name": "log", "image": "log:v1", "memoryReservation": 64, "essential": false },
        ],
        "volumes": [{ "name": "data", "host": { "sourcePath": "/srv/data" } }],
        "placementConstraints": [{ "type": "memberOf", "expression": "attribute:ecs.os-type == linux" }],
        "tags": [{ "key": "team", "value": "shop" }],
    })
}

/// For Fargate, with as little as it takes.
fn on_fargate() -> Json {
    json!({
        "family": "web",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/execution"),
        "runtimePlatform": { "cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX" },
        "ephemeralStorage": { "sizeInGiB": 30 },
        "containerDefinitions": [{ "name": "app", "image": "shop:v1", "portMappings": [{ "containerPort": 80 }] }],
        "volumes": [{ "name": "files", "efsVolumeConfiguration": { "fileSystemId": "fs-00000000" } }],
    })
}

async fn register(ecs: &Ecs, definition: &Json) -> Registered {
    ecs.register(&Body::from_json(definition.clone()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn what_is_described_is_what_was_registered() {
    let moto = Moto::start();
    let ecs = Ecs::new(Client::new(&moto.config()));
    for (revision, definition) in [(1, on_ec2()), (2, on_fargate())] {
        assert_eq!(register(&ecs, &definition).await, Registered::new(arn(revision), "web", revision));
        for name in [arn(revision), format!("web:{revision}"), "web".to_owned()] {
            let described = ecs.describe(&name).await.unwrap();
            assert_eq!(described["taskDefinition"]["taskDefinitionArn"], arn(revision));
            let changes = diff(&definition, &described);
            assert!(changes.is_empty(), "{name}:\n{changes}");
        }
        // Registered again from its description, it is the same again: nothing of what describes a revision is sent.
        let described = ecs.describe(&arn(revision)).await.unwrap();
        let again = Body::from_described(&described).unwrap();
        assert!(diff(&definition, again.as_json()).is_empty());
    }
    // The two are not the same.
    let (first, second) = (ecs.describe("web:1").await.unwrap(), ecs.describe("web:2").await.unwrap());
    assert!(!diff(&first, &second).is_empty());
}

/// The same file in each form that people write, and what is described of each: numbers as strings, units, nulls, empty
/// words for absent, and sets in any order.
#[tokio::test]
async fn a_file_and_its_description_do_not_differ() {
    const BARE: &str = r#"{
        "family": "web", "networkMode": "bridge", "cpu": 512, "memory": "1 GB", "pidMode": "", "ipcMode": null, "taskRoleArn": "",
        "containerDefinitions": [{
            "name": "app", "image": "shop:v1", "memory": "256", "essential": "true", "links": null, "command": ["sh", "-c", "a  b"],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}],
            "portMappings": [{"containerPort": "80"}],
            "dockerLabels": {"empty": "", "rule": "Host(`a`)&&Query(`x=y`)"}
        }],
        "volumes": [{"name": "data"}]
    }"#;
    const YAML: &str = "
family: web
networkMode: bridge
cpu: 0.5 vCPU
memory: 1024
containerDefinitions:
  - name: app
    image: shop:v1
    memory: 256
    command: [sh, -c, a  b]
    environment: &env
      - { name: A, value: '' }
      - { name: B, value: 2 }
    portMappings:
      - containerPort: 80
        protocol: tcp
    dockerLabels:
      rule: Host(`a`)&&Query(`x=y`)
      empty: ''
volumes:
  - name: data
";
    let moto = Moto::start();
    let ecs = Ecs::new(Client::new(&moto.config()));
    let read = |name: &str, text: &str| read_bytes(name, text.as_bytes()).value.unwrap();
    let wrapped = format!(r#"{{"taskDefinition": {BARE}, "tags": []}}"#);
    let forms = [read("bare.json", BARE), read("task.yaml", YAML), read("described.json", &wrapped)];
    for file in &forms {
        let registered = ecs.register(&Body::of(file).unwrap()).await.unwrap();
        let described = ecs.describe(&registered.arn).await.unwrap();
        let described = read("answer.json", &described.to_string());
        for other in &forms {
            let changes = diff::files(other, &described);
            assert!(
                changes.is_empty(),
                "{} and what was registered from {}:\n{changes}",
                other.source().name(),
                file.source().name()
            );
        }
    }
    let containers =
        BARE.split_once("\"containerDefinitions\": ").unwrap().1.split_once("],\n        \"volumes\"").unwrap().0;
    let options = ReadOptions::new().with_family("list");
    let list = read_bytes_as("containers.json", format!("{containers}]").as_bytes(), &options).value.unwrap();
    let registered = ecs.register(&Body::of(&list).unwrap()).await.unwrap();
    let described = ecs.describe(&registered.arn).await.unwrap();
    let changes = diff::files(&list, &read("answer.json", &described.to_string()));
    assert!(changes.is_empty(), "{changes}");
}

/// What moto forgets is a difference, and nobody takes it for a default.
#[tokio::test]
async fn what_moto_drops_is_a_difference() {
    let moto = Moto::start();
    let ecs = Ecs::new(Client::new(&moto.config()));
    let mut definition = on_ec2();
    definition["enableFaultInjection"] = json!(true);
    definition["ofTomorrow"] = json!({ "enabled": true });
    definition["containerDefinitions"][0]["ofTomorrow"] = json!(["new"]);
    register(&ecs, &definition).await;
    let changes = diff(&definition, &ecs.describe("web").await.unwrap());
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            r#"- containerDefinitions[app].ofTomorrow: ["new"]"#,
            "~ enableFaultInjection: true -> false",
            r#"- ofTomorrow: {"enabled":true}"#,
        ]
    );
}

#[tokio::test]
async fn revisions_are_listed_until_they_are_deregistered() {
    let moto = Moto::start();
    let ecs = Ecs::new(Client::new(&moto.config()));
    let list = async |request| {
        let mut arns = ecs.list(&request).await.unwrap();
        // Moto does not sort.
        arns.sort();
        arns
    };
    for _ in 0..3 {
        register(&ecs, &on_fargate()).await;
    }
    let active = || ListRevisions::active("web");
    assert_eq!(list(active()).await, [arn(1), arn(2), arn(3)]);
    ecs.deregister(&arn(2)).await.unwrap();
    assert_eq!(list(active()).await, [arn(1), arn(3)]);
    assert_eq!(list(ListRevisions::active("nothing")).await, [""; 0]);
    // It is inactive and can still be looked at.
    assert_eq!(ecs.describe("web:2").await.unwrap()["taskDefinition"]["status"], "INACTIVE");
    assert_eq!(register(&ecs, &on_fargate()).await.revision, 4);
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    let moto = Moto::start();
    let ecs = Ecs::new(Client::new(&moto.config()));
    for answer in [ecs.describe("web").await.map(drop), ecs.describe("web:7").await.map(drop)] {
        let error = is_refused(answer, "DescribeTaskDefinition", "ClientException");
        assert_eq!(error.fault(), Fault::InvalidRequest);
    }
    is_refused(ecs.deregister("web:7").await, "DeregisterTaskDefinition", "ClientException");
    let web = ServiceId::new("shop", "web");
    let error = is_refused(ecs.describe_service(&web).await, "DescribeServices", "ClusterNotFoundException");
    assert_eq!(error.fault(), Fault::NotFound);
    is_missing(ecs.list_service_deployments(&web).await, "ListServiceDeployments");
}

/// The update is taken, and moto goes on to show the deployment of before, without tasks. That is no success, however
/// long it is looked at.
#[tokio::test]
async fn a_deployment_that_never_begins_is_no_success() {
    let moto = Moto::start();
    let client = Client::new(&moto.config());
    client.create_cluster().cluster_name("shop").send().await.unwrap();
    let ecs = Ecs::new(client);
    let first = register(&ecs, &on_ec2()).await;
    let web = ServiceId::new("shop", "web");
    let created = ecs.create_service(&CreateService::new(web.clone(), first.arn.clone(), 2)).await.unwrap();
    assert_eq!((created.desired, created.running, created.rollouts.len()), (2, 0, 1));
    assert_eq!(created.rollouts[0].task_definition, first.arn);

    let mut next = on_ec2();
    next["containerDefinitions"][0]["image"] = json!("shop:v2");
    let parsed = read_bytes("taskdef.json", next.to_string().as_bytes());
    let (clock, ids) = (ManualClock::at_epoch_secs(0).auto(), SequenceIds::new(1));
    let deployer = Deployer::new(Arc::new(ecs.clone()), Arc::new(ecs.clone()), Arc::new(clock), Arc::new(ids));
    let request = DeployRequest::new("shop", "web", parsed.value.unwrap());
    let error = deployer.deploy(&request, &()).await.unwrap_err();
    let Error::NoDeployment { service, task_definition } = error else { panic!("{error:?}") };
    assert_eq!((service, task_definition), (web, arn(2)));
}

/// Tags, and what an account runs.
#[tokio::test]
async fn services_are_found_and_tagged() {
    let moto = Moto::start();
    let client = Client::new(&moto.config());
    client.create_cluster().cluster_name("shop").send().await.unwrap();
    let ecs = Ecs::new(client);
    let first = register(&ecs, &on_ec2()).await;
    let second = register(&ecs, &on_ec2()).await;
    let web = ServiceId::new("shop", "web");
    let create = CreateService::new(web.clone(), first.arn.clone(), 1)
        .with_setting("tags", json!([{ "key": "team", "value": "shop" }]));
    let created = ecs.create_service(&create).await.unwrap();
    assert!(is_long_arn(&created.arn), "{}", created.arn);
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(ecs.tags(&created.arn).await.unwrap(), tags(&[("team", "shop")]));
    ecs.tag(&created.arn, &tags(&[("stage", "test")])).await.unwrap();
    ecs.untag(&created.arn, &["team".to_owned()]).await.unwrap();
    assert_eq!(ecs.tags(&created.arn).await.unwrap(), tags(&[("stage", "test")]));
    assert_eq!(ecs.tags(&first.arn).await.unwrap(), tags(&[("team", "shop")]), "of the definition");

    let clusters = ecs.clusters().await.unwrap();
    assert_eq!(clusters.len(), 1);
    let services = ecs.services(&clusters[0]).await.unwrap();
    assert_eq!(services.iter().map(|service| service.arn.as_str()).collect::<Vec<_>>(), [created.arn.as_str()]);
    assert!(ecs.running_revisions(&clusters[0], "web").await.unwrap().is_empty(), "moto runs no task of a service");

    // What the service runs stays, the other one goes.
    let pruner = Pruner::new(Arc::new(ecs.clone()), Arc::new(ecs.clone()));
    let request = PruneRequest::new("web", 0);
    let plan = pruner.plan(&request).await.unwrap();
    assert_eq!(plan.deregister, [second]);
    let pruned = pruner.apply(&request, &plan).await.unwrap();
    assert_eq!((pruned.deregistered.len(), pruned.failed.len()), (1, 0));
    assert_eq!(ecs.list(&ListRevisions::active("web")).await.unwrap(), [arn(1)]);
}

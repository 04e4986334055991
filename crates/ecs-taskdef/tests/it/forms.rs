//! The forms in which task definitions are written: plain lists of containers, and CloudFormation's spelling.

use ecs_taskdef::{Body, BodyError, ReadOptions, Spelling, TaskDefinition, check, read, read_as};
use proptest::prelude::*;
use serde_json::json;
use spec_report::{Levels, Severity, Source};

fn of(name: &str, text: &str, options: &ReadOptions) -> TaskDefinition {
    read_as(Source::new(name, text), options).value.expect("a value")
}

const LIST: &str = r#"[
  {
    "name": "app",
    "image": "web:1",
    "cpu": "256",
    "secrets": [{"name": "A", "valueFrom": "/shop/a"}],
    "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
    "future": {"x": null}
  }
]
"#;

#[test]
fn a_list_of_containers_is_read_and_edited() {
    let options = ReadOptions::new().with_family("web");
    let list = of("containers.json", LIST, &options);
    assert!(list.is_container_list() && list.node().is_none());
    let edited = list.with_image("app", "web:2").and_then(|list| list.with_command("app", &["serve"])).expect("edited");
    assert!(edited.source().text().starts_with(&LIST[..LIST.find("web:1").expect("an image")]));
    let body = Body::of(&edited).expect("a body");
    assert_eq!(body.family(), "web");
    let app = &body.as_json()["containerDefinitions"][0];
    assert_eq!((&app["image"], &app["cpu"], &app["command"]), (&json!("web:2"), &json!(256), &json!(["serve"])));
    assert_eq!(app["future"], json!({ "x": null }));
    assert!(list.with_cpu("256").is_err(), "there is no task to give CPU to");
}

#[test]
fn a_list_of_containers_is_not_blamed_for_the_rest_of_the_task() {
    let parsed = read(Source::new("containers.json", LIST));
    let report = check(&parsed, &Levels::default());
    assert!(!report.has_errors(), "{report:?}");
    assert_eq!(Body::of(&parsed.value.expect("a value")).expect_err("no family"), BodyError::NoFamily);
    let wrong = r#"[{"name": "a b", "image": ""}, {"name": "a", "image": "x", "colour": 1}]"#;
    let report = check(&read(Source::new("containers.json", wrong)), &Levels::default());
    let mut rules: Vec<&str> = report.iter().filter(|f| f.severity != Severity::Info).map(|f| f.rule.name()).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["container-name", "image-missing", "unknown-key"]);
}

const PASCAL: &str = "# The shop.
Family: web
'Cpu': '256'
Tags:
  - {Key: team, Value: shop}
ContainerDefinitions:
  - Name: app
    Image: web:1   # pinned
    Memory: '512'
    DockerLabels:
      Name: Cpu
      Image: Family
    LogConfiguration:
      LogDriver: awslogs
      Options:
        Name: x
    Environment: &env
      - {Name: Family, Value: Image}
  - Name: proxy
    Image: envoy:1
    Environment: *env
    Colour: red
Volumes:
  - Name: data
    EFSVolumeConfiguration:
      FilesystemId: fs-1
      AuthorizationConfig: {IAM: ENABLED}
";

#[test]
fn cloud_formation_is_read_when_asked() {
    let options = ReadOptions::new().with_spelling(Spelling::CloudFormation);
    let read_back = of("task.yaml", PASCAL, &options);
    let env = json!([{ "name": "Family", "value": "Image" }]);
    assert_eq!(
        *Body::of(&read_back).expect("a body").as_json(),
        json!({
            "family": "web", "cpu": "256", "tags": [{ "key": "team", "value": "shop" }],
            "containerDefinitions": [
                {
                    "name": "app", "image": "web:1", "memory": 512,
                    "dockerLabels": { "Name": "Cpu", "Image": "Family" },
                    "logConfiguration": { "logDriver": "awslogs", "options": { "Name": "x" } },
                    "environment": env
                },
                { "name": "proxy", "image": "envoy:1", "environment": env, "Colour": "red" }
            ],
            "volumes": [{
                "name": "data",
                "efsVolumeConfiguration": { "fileSystemId": "fs-1", "authorizationConfig": { "iam": "ENABLED" } }
            }]
        })
    );
    assert_eq!(read_back.source().text().to_ascii_lowercase(), PASCAL.to_ascii_lowercase(), "only case differs");
    let edited = read_back.with_image("app", "web:2").expect("edited");
    assert_eq!(edited.source().text(), read_back.source().text().replace("web:1", "web:2"));
    // Who does not ask gets what the file says.
    assert!(Body::of(&of("task.yaml", PASCAL, &ReadOptions::new())).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    /// Whatever the text, respelling changes the case of letters only, and is done after once.
    #[test]
    fn respelling_keeps_every_place(
        text in r#"(\{|\}|\[|\]|"|:|,|-| |\n|Family|ContainerDefinitions|"Name"|NAME|Image|é|null|1|&a|\*a|\? |#|\\u0041){0,60}"#,
        json in any::<bool>(),
    ) {
        let name = if json { "t.json" } else { "t.yaml" };
        let options = ReadOptions::new().with_spelling(Spelling::CloudFormation);
        let parsed = read_as(Source::new(name, text.clone()), &options);
        let new = parsed.document.source().text().to_owned();
        prop_assert_eq!(new.to_ascii_lowercase(), text.to_ascii_lowercase());
        let again = read_as(Source::new(name, new.clone()), &options);
        prop_assert_eq!(again.document.source().text(), new);
    }
}

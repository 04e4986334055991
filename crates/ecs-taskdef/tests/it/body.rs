//! The request: what is left out, what is kept, and with which types.

use ecs_taskdef::client::TaskDefinitions;
use ecs_taskdef::model::READ_ONLY;
use ecs_taskdef::{Body, BodyError};
use serde_json::{Value as Json, json};

use crate::read::task_definition;

fn body(name: &str, text: &str) -> Json {
    Body::of(&task_definition(name, text)).expect("a body").as_json().clone()
}

#[test]
fn exactly_the_nine_read_only_fields_are_left_out() {
    let mut described =
        json!({ "family": "web", "futureTop": { "a": [1, 2.5, "x", null, true] }, "containerDefinitions": [] });
    let sent = described.clone();
    for key in READ_ONLY {
        described[key] = json!("x");
    }
    assert_eq!(READ_ONLY.len(), 9);
    assert_eq!(body("t.json", &described.to_string()), sent);
    let wrapped = json!({ "taskDefinition": described, "tags": [{ "key": "a", "value": "b" }] });
    let mut with_tags = sent.clone();
    with_tags["tags"] = json!([{ "key": "a", "value": "b" }]);
    assert_eq!(body("t.json", &wrapped.to_string()), with_tags);
    assert_eq!(Body::from_described(&wrapped).expect("a body").as_json(), &with_tags);
}

#[test]
fn values_get_the_types_of_the_api() {
    let yaml = "
family: 42
cpu: 256
memory: 1GB
taskRoleArn: ''
pidMode:
containerDefinitions:
  - name: app
    image: web:3.10
    memory: '128'
    essential: true
    environment:
      - {name: VERSION, value: 3.10}
      - {name: FLAG, value: yes}
      - {name: EMPTY, value: ''}
    dockerLabels: {n: 012}
    command: [sh, -c, echo a  b]
";
    assert_eq!(
        body("t.yaml", yaml),
        json!({
            "family": "42",
            "cpu": "256",
            "memory": "1GB",
            "containerDefinitions": [{
                "name": "app", "image": "web:3.10", "memory": 128, "essential": true,
                "environment": [
                    { "name": "VERSION", "value": "3.10" },
                    { "name": "FLAG", "value": "yes" },
                    { "name": "EMPTY", "value": "" },
                ],
                "dockerLabels": { "n": "012" },
                "command": ["sh", "-c", "echo a  b"],
            }],
        })
    );
}

#[test]
fn what_makes_no_request_says_why() {
    assert_eq!(Body::of(&task_definition("t.json", "{}")), Err(BodyError::NoFamily));
    assert_eq!(Body::from_json(json!([])), Err(BodyError::NotAMapping));
    assert_eq!(Body::from_json(json!({ "family": "" })), Err(BodyError::NoFamily));
}

#[tokio::test]
async fn unknown_fields_survive_register_and_describe() {
    let (cluster, ..) = crate::deploy::cluster();
    let text = r#"{"family": "web", "futureTop": {"deep": [1]}, "containerDefinitions":
        [{"name": "app", "image": "web:1", "memory": 64, "futureC": "kept"}]}"#;
    let registered =
        cluster.register(&Body::of(&task_definition("t.json", text)).expect("a body")).await.expect("registered");
    let described = cluster.describe(&registered.arn).await.expect("described");
    assert_eq!(described["taskDefinition"]["futureTop"], json!({ "deep": [1] }));
    assert_eq!(described["taskDefinition"]["containerDefinitions"][0]["futureC"], json!("kept"));
    let again = task_definition("described.json", &described.to_string());
    let again = Body::of(&again).expect("a body");
    assert!(ecs_taskdef::canonical::equal(again.as_json(), &described));
}

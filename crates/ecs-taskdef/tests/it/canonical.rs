//! The canonical form and differences, held against what ECS fills in.

use ecs_taskdef::canonical::{canonicalize, equal, fill};
use ecs_taskdef::diff;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn web() -> Json {
    json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "1 vCPU", "memory": "2GB",
        "containerDefinitions": [
            { "name": "app", "image": "web:1", "portMappings": [{ "containerPort": 80 }],
              "environment": [{ "name": "B", "value": "2" }, { "name": "A", "value": "1" }] },
            { "name": "proxy", "image": "envoy:1", "essential": false, "command": ["b", "a"] },
        ],
    })
}

#[test]
fn what_means_the_same_is_equal() {
    for (name, other) in [
        (
            "defaults",
            json!({
                "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "1024", "memory": "2048",
                "volumes": [], "placementConstraints": [], "enableFaultInjection": false, "pidMode": "", "taskRoleArn": "",
                "taskDefinitionArn": "x", "revision": 3, "status": "ACTIVE", "registeredAt": 1.5, "registeredBy": "y",
                "compatibilities": ["EC2"], "requiresAttributes": [],
                "containerDefinitions": [
                    { "name": "proxy", "image": "envoy:1", "essential": false, "command": ["b", "a"], "cpu": 0, "systemControls": [] },
                    { "name": "app", "image": "web:1", "cpu": 0, "essential": true, "mountPoints": [], "volumesFrom": [], "links": null,
                      "portMappings": [{ "containerPort": 80, "hostPort": 80, "protocol": "tcp" }],
                      "environment": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }, { "name": "C" }] },
                ],
            }),
        ),
        ("wrapped", json!({ "taskDefinition": web(), "tags": [] })),
    ] {
        assert!(equal(&web(), &other), "{name}: {}", diff(&web(), &other));
        assert!(diff(&web(), &other).is_empty());
    }
}

#[test]
fn what_differs_is_named_by_its_path() {
    let mut other = web();
    other["containerDefinitions"][0]["image"] = json!("web:2");
    other["containerDefinitions"][0]["environment"] =
        json!([{ "name": "A", "value": "" }, { "name": "C", "value": "3" }]);
    other["containerDefinitions"][0]["portMappings"][0]["containerPort"] = json!(8080);
    other["containerDefinitions"][1]["command"] = json!(["a", "b"]);
    other["futureField"] = json!({ "x": 1 });
    other["tags"] = json!([{ "key": "team", "value": "shop" }]);
    let text = diff(&web(), &other).to_string();
    let expected = r#"~ containerDefinitions[app].environment[A].value: "1" -> ""
- containerDefinitions[app].environment[B]: {"name":"B","value":"2"}
+ containerDefinitions[app].environment[C]: {"name":"C","value":"3"}
~ containerDefinitions[app].image: "web:1" -> "web:2"
- containerDefinitions[app].portMappings[80/tcp]: {"containerPort":80,"hostPort":80,"protocol":"tcp"}
+ containerDefinitions[app].portMappings[8080/tcp]: {"containerPort":8080,"hostPort":8080,"protocol":"tcp"}
~ containerDefinitions[proxy].command: ["b","a"] -> ["a","b"]
+ futureField: {"x":1}
+ tags: [{"key":"team","value":"shop"}]
"#;
    assert_eq!(text, expected);
    let json = diff(&web(), &other).to_json();
    assert_eq!(json[3], json!({ "path": "containerDefinitions[app].image", "from": "web:1", "to": "web:2" }));
}

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        Just(json!("")),
        Just(json!("x")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(0)),
        Just(json!(80)),
        Just(json!(true)),
        Just(json!(false)),
        Just(json!("1 vCPU")),
        Just(json!("awsvpc")),
        Just(json!("host")),
        Just(json!("bridge")),
        Just(json!(512.0)),
        Just(json!("0.5GB")),
        Just(json!({ "fileSystemId": "fs-1" })),
        Just(json!({ "fileSystemId": "fs-1", "rootDirectory": "/" })),
        Just(json!([{ "name": "nofile", "softLimit": 1 }, { "name": "core" }])),
        Just(json!([null, "x"])),
    ]
}

fn fields(keys: &'static [&'static str]) -> impl Strategy<Value = Json> {
    prop::collection::vec((prop::sample::select(keys), leaf()), 0..5)
        .prop_map(|entries| Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// Task definitions with known keys and any values, right or wrong.
fn any_definition() -> impl Strategy<Value = Json> {
    let port = fields(&["containerPort", "hostPort", "protocol", "containerPortRange", "future"]);
    let pair = fields(&["name", "value"]);
    let health = fields(&["command", "interval", "retries"]);
    let container = (
        fields(&[
            "name",
            "image",
            "cpu",
            "essential",
            "command",
            "links",
            "mountPoints",
            "systemControls",
            "ulimits",
            "secrets",
            "future",
        ]),
        prop::collection::vec(port, 0..3),
        prop::collection::vec(pair, 0..4),
        health,
    )
        .prop_map(|(mut container, ports, environment, health)| {
            container["portMappings"] = json!(ports);
            container["environment"] = json!(environment);
            container["healthCheck"] = health;
            container
        });
    let volume = fields(&["name", "host", "efsVolumeConfiguration", "configuredAtLaunch"]);
    (
        fields(&[
            "family",
            "networkMode",
            "cpu",
            "memory",
            "taskRoleArn",
            "pidMode",
            "tags",
            "revision",
            "future",
            "enableFaultInjection",
            "runtimePlatform",
            "requiresCompatibilities",
            "placementConstraints",
        ]),
        prop::collection::vec(container, 0..3),
        prop::collection::vec(volume, 0..3),
    )
        .prop_map(|(mut definition, containers, volumes)| {
            definition["containerDefinitions"] = json!(containers);
            definition["volumes"] = json!(volumes);
            definition
        })
}

proptest! {
    #[test]
    fn canonical_is_canonical(definition in any_definition()) {
        let once = canonicalize(&definition);
        prop_assert_eq!(canonicalize(&once), once);
    }

    #[test]
    fn filling_first_changes_nothing(definition in any_definition()) {
        let mut filled = definition.clone();
        fill(&mut filled);
        prop_assert_eq!(canonicalize(&filled), canonicalize(&definition));
        let mut twice = filled.clone();
        fill(&mut twice);
        prop_assert_eq!(twice, filled);
    }

    #[test]
    fn a_difference_is_there_exactly_if_the_forms_differ(a in any_definition(), b in any_definition()) {
        prop_assert_eq!(diff(&a, &b).is_empty(), equal(&a, &b));
        prop_assert!(diff(&a, &a).is_empty());
        prop_assert_eq!(diff(&a, &b).len(), diff(&b, &a).len());
    }
}

//! Edits of secrets, environment files, log options, CPU, memory and command, held against the same on plain data.

use ecs_taskdef::{EditError, TaskDefinition};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::edit::{json_of, word};
use crate::read::task_definition;

const JSON: &str = r#"{
  "family": "web",
  "cpu": 256,
  "memory": "512",
  "containerDefinitions": [
    {
      "name": "app",
      "image": "web:1",
      "cpu": 128,
      "command": [
        "serve",
        "--port=80"
      ],
      "secrets": [
        { "valueFrom": "/shop/a", "name": "A" }
      ],
      "environmentFiles": [{"value": "arn:aws:s3:::shop/a.env", "type": "s3"}],
      "logConfiguration": {
        "logDriver": "awslogs",
        "options": {
          "A": "/ecs/web"
        }
      },
      "future": [1]
    },
    {"name": "proxy", "image": "envoy:1", "memory": 64, "logConfiguration": {"logDriver": "awslogs"}}
  ]
}
"#;

const YAML: &str = "# The shop.
family: web
cpu: '256' # a quarter
memory: 512
containerDefinitions:
  - name: app
    image: web:1
    cpu: 128 # half of it
    command:
      - serve # what it does
      - --port=80
    secrets:
      - valueFrom: /shop/a
        name: A
    environmentFiles:
    - value: arn:aws:s3:::shop/a.env
      type: s3
    logConfiguration:
      logDriver: awslogs
      options:
        A: /ecs/web # the group
  - command: []
    name: proxy
    image: envoy:1
    memory: 64
    logConfiguration: {logDriver: awslogs}
";

fn start(yaml: bool) -> TaskDefinition {
    if yaml { task_definition("t.yaml", YAML) } else { task_definition("t.json", JSON) }
}

#[test]
fn json_keeps_its_layout() {
    let start = start(false);
    for (edited, from, to) in [
        (start.with_cpu("1024"), "\"cpu\": 256", "\"cpu\": 1024"),
        (start.with_cpu("1 vCPU"), "\"cpu\": 256", "\"cpu\": \"1 vCPU\""),
        (start.with_memory("2048"), "\"512\"", "\"2048\""),
        (start.without_cpu(), "\"cpu\": 256,\n  ", ""),
        (start.with_container_cpu("app", Some(64)), "128", "64"),
        (start.with_container_cpu("app", None), "\"cpu\": 128,\n      ", ""),
        (start.with_memory_reservation("proxy", Some(32)), "\"awslogs\"}}", "\"awslogs\"}, \"memoryReservation\": 32}"),
        (start.with_secret("app", "A", "/shop/b"), "/shop/a", "/shop/b"),
        (
            start.with_secret("app", "B", "/shop/b"),
            "\"name\": \"A\" }",
            "\"name\": \"A\" },\n        { \"valueFrom\": \"/shop/b\", \"name\": \"B\" }",
        ),
        (
            start.with_env_file("app", "arn:aws:s3:::shop/b.env"),
            "\"type\": \"s3\"}",
            "\"type\": \"s3\"}, {\"value\": \"arn:aws:s3:::shop/b.env\", \"type\": \"s3\"}",
        ),
        (start.with_log_option("app", "A", "/ecs/a=b c"), "\"/ecs/web\"", "\"/ecs/a=b c\""),
        (
            start.with_command("app", &["sh", "-c", "echo a  b"]),
            "\"serve\",\n        \"--port=80\"",
            "\"sh\",\n        \"-c\",\n        \"echo a  b\"",
        ),
    ] {
        assert_eq!(edited.expect(to).source().text(), JSON.replacen(from, to, 1), "{to}");
    }
}

#[test]
fn yaml_keeps_its_layout() {
    let start = start(true);
    for (edited, from, to) in [
        (start.with_cpu("1024"), "'256'", "'1024'"),
        (start.with_memory("2048"), "512", "2048"),
        (start.without_memory(), "memory: 512\n", ""),
        (start.with_container_cpu("app", Some(64)), "128", "64"),
        (start.with_container_memory("proxy", None), "    memory: 64\n", ""),
        (start.with_secret("app", "A", "/shop/b"), "/shop/a", "/shop/b"),
        (start.with_command("app", &["sh", "-c"]), "serve # what it does\n      - --port=80", "sh\n      - -c"),
        (start.without_command("app"), "    command:\n      - serve # what it does\n      - --port=80\n", ""),
        (start.with_command("proxy", &["x"]), "command: []", "command: [x]"),
        (start.without_log_option("app", "A"), "\n        A: /ecs/web", " {}"),
    ] {
        assert_eq!(edited.expect(to).source().text(), YAML.replacen(from, to, 1), "{to}");
    }
}

#[test]
fn what_is_not_there_is_not_removed() {
    for yaml in [false, true] {
        let start = start(yaml);
        for same in [
            start.without_secret("app", "NOPE"),
            start.without_env_file("proxy", "NOPE"),
            start.with_env_file("app", "arn:aws:s3:::shop/a.env"),
            start.without_log_option("proxy", "NOPE"),
            start.with_container_memory("app", None),
        ] {
            assert_eq!(same.expect("the same").source().text(), start.source().text());
        }
    }
    let bare = task_definition("t.json", r#"{"family": "web", "containerDefinitions": [{"name": "app"}]}"#);
    assert_eq!(
        bare.without_cpu().and_then(|edited| edited.without_command("app")).expect("the same").source().text(),
        bare.source().text()
    );
    let refused = bare.with_log_option("app", "A", "1").expect_err("no log driver");
    assert!(matches!(refused, EditError::NoLogConfiguration { .. }), "{refused}");
    assert!(matches!(bare.with_command("web", &[]), Err(EditError::UnknownContainer { .. })));
}

#[test]
fn a_key_that_is_written_twice_goes_as_a_whole() {
    let text = r#"{"family": "web", "cpu": "1", "cpu": null, "memory": "5", "memory": "6", "containerDefinitions": [{"command": ["a"], "name": "app", "command": ["b"]}]}"#;
    let edited = task_definition("t.json", text)
        .without_memory()
        .and_then(|edited| edited.without_cpu())
        .and_then(|edited| edited.without_command("app"))
        .expect("edited");
    assert_eq!(edited.source().text(), r#"{"family": "web", "containerDefinitions": [{"name": "app"}]}"#);
}

#[test]
fn a_shared_command_is_not_changed_for_both() {
    let yaml = "family: web
containerDefinitions:
  - name: app
    image: web:1
    command: &command [serve]
  - name: proxy
    image: web:1
    command: *command
";
    let start = task_definition("t.yaml", yaml);
    assert!(matches!(start.with_command("app", &["x"]), Err(EditError::Entangled { .. })));
    let edited = start.with_command("proxy", &["x", "z"]).expect("edited");
    assert_eq!(edited.source().text(), yaml.replace("*command", "[x, z]"));
}

#[derive(Clone, Debug)]
enum Step {
    Secret(String, Option<String>),
    File(String, bool),
    LogOption(String, Option<String>),
    Number(&'static str, Option<u32>),
    Amount(&'static str, Option<String>),
    Command(Option<Vec<String>>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        ("[ABC]", prop::option::of(word())).prop_map(|(name, from)| Step::Secret(name, from)),
        ("arn:aws:s3:::shop/[ab].env", any::<bool>()).prop_map(|(arn, there)| Step::File(arn, there)),
        ("[ABC]", prop::option::of(word())).prop_map(|(name, value)| Step::LogOption(name, value)),
        (prop::sample::select(vec!["cpu", "memory", "memoryReservation"]), prop::option::of(0u32..9999))
            .prop_map(|(key, number)| Step::Number(key, number)),
        (
            prop::sample::select(vec!["cpu", "memory"]),
            prop::option::of(prop::sample::select(vec!["256", "1 vCPU", ".5 GB", "007", "0", "${X}"]))
        )
            .prop_map(|(key, amount)| Step::Amount(key, amount.map(str::to_owned))),
        prop::option::of(prop::collection::vec(word(), 0..4)).prop_map(Step::Command),
    ]
}

/// The edit, and the same on plain data.
fn take(edited: &TaskDefinition, plain: &mut Json, container: &str, step: &Step) -> Result<TaskDefinition, EditError> {
    let index = usize::from(container == "proxy");
    let app = |plain: &mut Json| plain["containerDefinitions"][index].as_object_mut().expect("a container").clone();
    let mut target = app(plain);
    let result = match step {
        Step::Secret(name, from) => {
            let list = target.entry("secrets");
            match from {
                Some(from) => {
                    let list = list.or_insert_with(|| json!([])).as_array_mut().expect("a list");
                    match list.iter_mut().find(|item| item["name"] == json!(name)) {
                        Some(item) => item["valueFrom"] = json!(from),
                        None => list.push(json!({ "name": name, "valueFrom": from })),
                    }
                    edited.with_secret(container, name, from)
                }
                None => {
                    let _ = list.and_modify(|list| {
                        list.as_array_mut().expect("a list").retain(|item| item["name"] != json!(name));
                    });
                    edited.without_secret(container, name)
                }
            }
        }
        Step::File(arn, true) => {
            let list = target.entry("environmentFiles").or_insert_with(|| json!([])).as_array_mut().expect("a list");
            let item = json!({ "value": arn, "type": "s3" });
            if !list.contains(&item) {
                list.push(item);
            }
            edited.with_env_file(container, arn)
        }
        Step::File(arn, false) => {
            let _ = target.entry("environmentFiles").and_modify(|list| {
                list.as_array_mut().expect("a list").retain(|item| item["value"] != json!(arn));
            });
            edited.without_env_file(container, arn)
        }
        Step::LogOption(name, value) => {
            let logs = target["logConfiguration"].as_object_mut().expect("a log configuration");
            match value {
                Some(value) => {
                    logs.entry("options").or_insert_with(|| json!({}))[name] = json!(value);
                    edited.with_log_option(container, name, value)
                }
                None => {
                    if let Some(Json::Object(options)) = logs.get_mut("options") {
                        options.remove(name);
                    }
                    edited.without_log_option(container, name)
                }
            }
        }
        Step::Number(key, number) => {
            match number {
                Some(number) => _ = target.insert((*key).to_owned(), json!(number)),
                None => _ = target.remove(*key),
            }
            match *key {
                "cpu" => edited.with_container_cpu(container, *number),
                "memory" => edited.with_container_memory(container, *number),
                _ => edited.with_memory_reservation(container, *number),
            }
        }
        Step::Amount(key, amount) => {
            let task = plain.as_object_mut().expect("a task");
            match amount {
                Some(amount) => _ = task.insert((*key).to_owned(), json!(amount)),
                None => _ = task.remove(*key),
            }
            match (*key, amount) {
                ("cpu", Some(amount)) => edited.with_cpu(amount),
                ("cpu", None) => edited.without_cpu(),
                (_, Some(amount)) => edited.with_memory(amount),
                (_, None) => edited.without_memory(),
            }
        }
        Step::Command(command) => match command {
            Some(command) => {
                target.insert("command".to_owned(), json!(command));
                let items: Vec<&str> = command.iter().map(String::as_str).collect();
                edited.with_command(container, &items)
            }
            None => {
                target.remove("command");
                edited.without_command(container)
            }
        },
    };
    plain["containerDefinitions"][index] = Json::Object(target);
    result
}

proptest! {
    /// Any sequence of edits gives what the same edits give on plain data.
    #[test]
    fn settings_agree_with_plain_data(
        steps in prop::collection::vec((prop::sample::select(vec!["app", "proxy"]), step()), 1..10),
        form in 0..3,
    ) {
        let mut edited = match form {
            0 => start(false),
            1 => start(true),
            _ => task_definition("t.yaml", &YAML.replace('\n', "\r\n")),
        };
        let mut plain = json_of(&edited);
        for (container, step) in &steps {
            edited = match take(&edited, &mut plain, container, step) {
                Ok(edited) => edited,
                Err(error) => return Err(TestCaseError::fail(format!("{error}\n{}", edited.source().text()))),
            };
            prop_assert_eq!(json_of(&edited), plain.clone(), "{}", edited.source().text());
        }
    }
}

//! Reading: shapes of files, views, and what is reported.

use ecs_taskdef::{Compatibility, NetworkMode, TaskDefinition, check, fargate, read};
use proptest::prelude::*;
use spec_report::{Levels, Severity, Source};

pub(crate) fn task_definition(name: &str, text: &str) -> TaskDefinition {
    read(Source::new(name, text)).value.expect("a mapping")
}

fn rules_of(name: &str, text: &str) -> Vec<(String, Severity)> {
    let report = check(&read(Source::new(name, text)), &Levels::default());
    report.iter().map(|found| (found.rule.name().to_owned(), found.severity)).collect()
}

const DESCRIBED: &str = r#"{
  "taskDefinition": {
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:7",
    "family": "web", "revision": 7, "status": "ACTIVE", "registeredAt": 1700000000.5,
    "taskRoleArn": "", "pidMode": "", "ipcMode": null, "cpu": 256, "memory": "512",
    "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
    "containerDefinitions": [{
      "name": "app", "image": "web:1", "essential": true, "cpu": 0,
      "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
      "environment": [{"name": "A", "value": "1"}], "futureField": {"x": [1, null]}
    }],
    "volumes": [{"name": "data"}]
  },
  "tags": [{"key": "team", "value": "shop"}]
}"#;

#[test]
fn a_described_task_definition_is_read_through_its_wrapper() {
    let read = task_definition("described.json", DESCRIBED);
    assert!(read.wrapped);
    assert_eq!(read.family.as_ref().map(|family| family.value.as_str()), Some("web"));
    assert_eq!(read.task_role_arn, None, "an empty role is none");
    assert_eq!(read.effective_network_mode(), NetworkMode::Awsvpc);
    assert!(read.requires(&Compatibility::Fargate));
    assert_eq!(read.cpu.as_ref().map(|cpu| cpu.value.as_str()), Some("256"));
    let app = read.container("app").expect("app");
    assert_eq!(app.port_mappings[0].container_port.as_ref().map(|port| port.value), Some(80));
    let image = app.image.as_ref().expect("image");
    assert_eq!(read.source().slice(image.span), "\"web:1\"");
    assert_eq!(read.volumes[0].value, "data");
    let rules = rules_of("described.json", DESCRIBED);
    assert!(rules.iter().all(|(_, severity)| *severity != Severity::Error), "{rules:?}");
    assert_eq!(rules.iter().filter(|(rule, _)| rule == "unknown-key").count(), 1, "{rules:?}");
}

#[test]
fn json_is_recognised_without_its_file_name() {
    for (name, text) in [("-", r#"{"family": "web"}"#), ("x", " \n{\"family\": \"web\"}"), ("t.yaml", "family: web")] {
        let read = task_definition(name, text);
        assert_eq!(read.family.map(|family| family.value).as_deref(), Some("web"), "{name}");
    }
}

#[test]
fn what_is_no_mapping_has_no_value() {
    for (name, text) in [("a.json", "[]"), ("b.json", "3"), ("c.yaml", ""), ("d.yaml", "- x"), ("e.json", "")] {
        let parsed = read(Source::new(name, text));
        assert!(parsed.value.is_none(), "{name}");
        let _ = check(&parsed, &Levels::default());
    }
}

#[test]
fn placeholders_are_not_judged() {
    let text = r#"{
  "family": "${FAMILY}", "networkMode": "<MODE>", "requiresCompatibilities": ["FARGATE"],
  "cpu": "${CPU}", "memory": "{{ must_env `MEMORY` }}",
  "containerDefinitions": [{"name": "app", "image": "<IMAGE1_NAME>", "portMappings": [{"containerPort": "<container-port>"}]}]
}"#;
    assert_eq!(rules_of("taskdef.json", text), []);
    let read = task_definition("taskdef.json", text);
    let unfilled: Vec<String> = read.unfilled_images().map(|(_, placeholder)| placeholder).collect();
    assert_eq!(unfilled, ["<IMAGE1_NAME>"]);
}

#[test]
fn pascal_case_gets_a_hint() {
    let text = r#"{"Family": "web", "ContainerDefinitions": []}"#;
    let report = check(&read(Source::new("taskdef.json", text)), &Levels::default());
    let help: Vec<&str> = report.iter().filter_map(|found| found.help.as_deref()).collect();
    assert!(help.iter().any(|help| help.contains("did you mean `family`")), "{help:?}");
}

/// The eight rows of the table, its borders, and values between the steps.
#[test]
fn fargate_sizes() {
    for (cpu, offered, refused) in [
        (256, vec![512, 1024, 2048], vec![0, 256, 768, 1536, 3072]),
        (512, vec![1024, 2048, 3072, 4096], vec![512, 1536, 5120]),
        (1024, vec![2048, 5120, 8192], vec![1024, 2049, 9216]),
        (2048, vec![4096, 9216, 16_384], vec![3072, 17_408]),
        (4096, vec![8192, 20_480, 30_720], vec![7168, 31_744]),
        (8192, vec![16_384, 20_480, 61_440], vec![17_408, 65_536]),
        (16_384, vec![32_768, 40_960, 122_880], vec![36_864, 131_072]),
        (32_768, vec![61_440, 122_880, 249_856], vec![65_536, 253_952]),
        (300, vec![], vec![512, 1024]),
        (0, vec![], vec![512]),
    ] {
        for memory in offered {
            assert!(fargate::offers(cpu, memory), "{cpu}/{memory}");
        }
        for memory in refused {
            assert!(!fargate::offers(cpu, memory), "{cpu}/{memory}");
        }
    }
    for size in fargate::SIZES {
        for mib in [1, 700, 2048, 33_000] {
            let naive = (mib..300_000).find(|&mib| size.memory.offers(mib));
            assert_eq!(size.memory.at_least(mib), naive, "{size:?} {mib}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    /// Whatever the text, nothing panics, and spans lie within it.
    #[test]
    fn any_text_is_read(text in r#"(\{|\}|\[|\]|"|:|,|-| |\n|family|containerDefinitions|name|image|dependsOn|app|null|1|<X>|&a|\*a|#){0,60}"#) {
        for name in ["t.json", "t.yaml"] {
            let parsed = read(Source::new(name, text.clone()));
            let report = check(&parsed, &Levels::default());
            for found in &report {
                prop_assert!(found.primary.span.end <= text.len());
            }
        }
    }
}

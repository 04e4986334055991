//! Written AppSpecs: keys in any case in, `PascalCase` out, and nothing lost on the way.

use appspec::{Kind, read, read_as, write};
use proptest::prelude::*;
use spec_report::Source;

const FULL: &str = "version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: <TASK_DEFINITION>
        LoadBalancerInfo:
          ContainerName: web
          ContainerPort: 80
        PlatformVersion: LATEST
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets:
              - subnet-1
              - subnet-2
            SecurityGroups:
              - sg-1
            AssignPublicIp: ENABLED
        CapacityProviderStrategy:
          - Base: 1
            CapacityProvider: FARGATE_SPOT
            Weight: 2
Hooks:
  - BeforeInstall: before
  - AfterAllowTraffic: arn:aws:lambda:us-east-1:123456789012:function:after
";

fn written(text: &str) -> String {
    write::yaml(&read(Source::new("appspec.yaml", text)).value.unwrap()).unwrap()
}

#[test]
fn what_is_written_is_what_was_read() {
    assert_eq!(written(FULL), FULL);
    let lambda = write::lambda("shop", "live", "1", "2").with_hook("BeforeAllowTraffic", "check");
    let text = write::yaml(&lambda.into()).unwrap();
    let parsed = read(Source::new("appspec.yaml", &*text));
    assert!(parsed.report.is_empty(), "{text}");
    assert_eq!(written(&text), text);
    assert!(text.contains("CurrentVersion: \"1\""), "versions are text: {text}");
}

#[test]
fn json_is_read_and_the_task_definition_put_in() {
    let text = r#"{"version": 1, "Resources": [{"TargetService": {"type": "AWS::ECS::Service", "properties": {
        "taskdefinition": "<TASK_DEFINITION>", "loadBalancerInfo": {"containerName": "web", "containerPort": "8080"}}}}]}"#;
    let spec = read(Source::new("appspec.json", text)).value.unwrap();
    let ecs =
        spec.as_ecs().unwrap().clone().with_task_definition("arn:aws:ecs:us-east-1:123456789012:task-definition/web:7");
    assert_eq!(
        write::yaml(&ecs.into()).unwrap(),
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n      Properties:\n        TaskDefinition: arn:aws:ecs:us-east-1:123456789012:task-definition/web:7\n        LoadBalancerInfo:\n          ContainerName: web\n          ContainerPort: 8080\n"
    );
}

#[test]
fn what_people_write_by_hand_is_not_written() {
    let server = read(Source::new("appspec.yml", "version: 0.0\nos: linux\n")).value.unwrap();
    assert_eq!(write::yaml(&server), None);
}

proptest! {
    /// Whatever the case of the keys, the same text comes out.
    #[test]
    fn case_of_keys_does_not_matter(flips in prop::collection::vec(any::<bool>(), 400)) {
        let mut flips = flips.into_iter().cycle();
        let mut text = String::new();
        for line in FULL.lines() {
            // Names of hooks and of the resource are the user's own; keys end at the colon.
            let key = line.find(':').filter(|_| !line.contains("- BeforeInstall") && !line.contains("- AfterAllow") && !line.contains("TargetService"));
            for (at, letter) in line.char_indices() {
                let is_key = key.is_some_and(|end| at < end);
                let flipped = if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
                text.push(if is_key && flips.next().unwrap() { flipped } else { letter });
            }
            text.push('\n');
        }
        let parsed = read_as(Source::new("appspec.yaml", &*text), Kind::Ecs);
        prop_assert_eq!(write::yaml(&parsed.value.unwrap()).unwrap(), FULL, "{}", text);
    }

    /// Names that would mean something else in YAML survive.
    #[test]
    fn odd_names_survive(name in "[ -~]{1,12}", definition in "[ -~äß雪]{1,20}") {
        let spec = write::ecs(definition.clone(), name.clone(), 80);
        let text = write::yaml(&spec.into()).unwrap();
        let read = read_as(Source::new("appspec.yaml", &*text), Kind::Ecs).value.unwrap();
        let service = read.as_ecs().unwrap().service().unwrap().clone();
        prop_assert_eq!(service.task_definition.unwrap().value, definition);
        prop_assert_eq!(service.load_balancer_info.unwrap().container_name.unwrap().value, name);
    }
}

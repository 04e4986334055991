//! Reading: kinds, keys in any case, values as the agent sees them, and what cannot be shown on a page.

use appspec::model::ecs::ContainerPort;
use appspec::model::server::{FileExistsBehavior, ObjectType, Os};
use appspec::{AppSpec, Kind, Subject, check, read, read_as, read_bytes};
use spec_report::{Levels, Source};

fn rules_of(name: &str, bytes: &[u8]) -> Vec<&'static str> {
    let report = check(&Subject::new(read_bytes(name, bytes)), &Levels::default());
    report.iter().map(|found| found.rule.name()).collect()
}

const ECS: &str = r#"{
  "version": 0.0,
  "resources": [{"targetService": {
    "type": "AWS::ECS::Service",
    "properties": {
      "taskDefinition": "<TASK_DEFINITION>",
      "loadBalancerInfo": {"containerName": "web", "containerPort": 80},
      "PlatformVersion": "LATEST",
      "NetworkConfiguration": {"AwsvpcConfiguration": {
        "Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "DISABLED"}},
      "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Base": 1, "Weight": 2}]
    }}}],
  "hooks": [{"BeforeInstall": "check"}, {"AfterAllowTraffic": "verify"}]
}"#;

#[test]
fn an_ecs_appspec_in_camel_case() {
    let parsed = read(Source::new("appspec.json", ECS));
    assert!(parsed.report.is_empty(), "{:?}", parsed.report);
    let Some(AppSpec::Ecs(ecs)) = parsed.value else { panic!("no ECS AppSpec") };
    let service = ecs.service().unwrap();
    assert_eq!(service.task_definition.as_ref().unwrap().value, "<TASK_DEFINITION>");
    let info = service.load_balancer_info.as_ref().unwrap();
    assert_eq!(info.container_port.as_ref().unwrap().value, ContainerPort::Number(80));
    assert_eq!(service.capacity_provider_strategy[0].base.as_ref().unwrap().value, 1);
    let hooks: Vec<_> = ecs.hooks.iter().map(|hook| (&*hook.event.value, &*hook.function.value)).collect();
    assert_eq!(hooks, [("BeforeInstall", "check"), ("AfterAllowTraffic", "verify")]);
}

#[test]
fn kinds_are_told_apart() {
    let table = [
        ("version: 0.0\nos: linux\n", Kind::Server),
        ("Resources:\n  - a:\n      Type: AWS::ECS::Service\n", Kind::Ecs),
        ("resources:\n  - a:\n      type: aws::lambda::function\n", Kind::Lambda),
        ("Resources:\n  - a:\n      Properties:\n        TargetVersion: '2'\n", Kind::Lambda),
        ("Resources:\n  - a:\n      Properties:\n        TaskDefinition: x\n", Kind::Ecs),
        ("Resources: []\n", Kind::Ecs),
    ];
    for (text, kind) in table {
        assert_eq!(read(Source::new("appspec.yml", text)).value.map(|spec| spec.kind()), Some(kind), "{text}");
    }
}

#[test]
fn a_server_appspec_holds_what_the_agent_sees() {
    let text = r"
version: 0
os: linux
file_exists_behavior: RETAIN
files:
  - source: /
    destination: /srv/shop
permissions:
  - object: ' /srv/shop '
    mode: 0644
    type: [file]
    acls: ['u:shop:rw']
hooks:
  AfterInstall:
    - location: ' a.sh '
      timeout: 1:30
      runas: :deploy
      sudo: 'false'
  ApplicationStart: false
";
    let parsed = read(Source::new("appspec.yml", text));
    assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
    let spec = parsed.value.unwrap();
    let server = spec.as_server().unwrap();
    assert!(server.version.as_ref().unwrap().value.is_zero);
    assert_eq!(server.os.as_ref().unwrap().value, Os::Linux);
    assert_eq!(server.file_exists_behavior.as_ref().unwrap().value, FileExistsBehavior::Retain);
    let permission = &server.permissions[0];
    assert_eq!(permission.object.as_ref().unwrap().value, "/srv/shop");
    assert_eq!(permission.mode.as_ref().unwrap().value, "420");
    assert!(permission.applies_to(&ObjectType::File) && !permission.applies_to(&ObjectType::Directory));
    let script = &server.scripts("AfterInstall")[0];
    assert_eq!(script.location.as_ref().unwrap().value, "a.sh");
    assert_eq!(script.timeout_seconds(), 5400);
    assert_eq!(script.runas.as_ref().unwrap().value, "deploy");
    // Text is true to Ruby, whatever it says.
    assert!(script.sudo);
    assert!(server.scripts("ApplicationStart").is_empty());
}

#[test]
fn of_two_equal_events_the_last_one_runs() {
    let text =
        "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a\n  AfterInstall:\n    - location: b\n";
    let parsed = read(Source::new("appspec.yml", text));
    let spec = parsed.value.unwrap();
    assert_eq!(spec.as_server().unwrap().scripts("AfterInstall")[0].location.as_ref().unwrap().value, "b");
}

#[test]
fn a_byte_order_mark_is_an_error_for_servers_only() {
    assert_eq!(rules_of("appspec.yml", b"\xef\xbb\xbfversion: 0.0\nos: linux\n"), ["byte-order-mark"]);
    let ecs = [b"\xef\xbb\xbf".as_slice(), ECS.as_bytes()].concat();
    assert_eq!(rules_of("appspec.json", &ecs), [""; 0]);
}

#[test]
fn a_file_of_megabytes_is_not_read() {
    let text = format!("version: 0.0\nos: linux\n# {}\n", "x".repeat(5 << 20));
    assert!(rules_of("appspec.yml", text.as_bytes()).contains(&"limit"));
}

#[test]
fn a_cut_off_file_is_not_blamed_for_what_may_come_later() {
    let report = read(Source::new("appspec.yml", "version: 0.0\nfiles: [a\n"));
    let found = check(&Subject::new(report), &Levels::default());
    let rules: Vec<_> = found.iter().map(|found| found.rule.name()).collect();
    assert!(rules.contains(&"syntax") && !rules.contains(&"unsupported-os"), "{rules:?}");
}

#[test]
fn a_comment_silences_a_rule() {
    let text = "version: 0.0\nos: linux\nowner: shop # appspec: allow(unknown-key) for the team's own tools\n";
    assert_eq!(rules_of("appspec.yml", text.as_bytes()), [""; 0]);
}

#[test]
fn reading_as_another_kind_reports_instead_of_failing() {
    for kind in [Kind::Server, Kind::Ecs, Kind::Lambda] {
        for text in ["", "[]", "x", "Resources: x\n", ECS, "version: 0.0\nos: linux\n"] {
            let _ = check(&Subject::new(read_as(Source::new("appspec.yml", text), kind)), &Levels::default());
        }
    }
}

#[test]
fn aliases_that_make_gigabytes_are_not_followed() {
    let big = "x".repeat(100_000);
    let items = "*a, ".repeat(2_000);
    let text = format!("version: 0.0\nos: linux\nhooks: &a {big}\nfiles: [{items}]\n");
    let parsed = read(Source::new("appspec.yml", text));
    assert!(parsed.value.is_none());
    assert!(parsed.report.iter().any(|found| found.rule.name() == "limit"));
}

#[test]
fn many_keys_take_no_time() {
    // Quadratic time would be minutes here.
    let keys: String = (0..100_000).map(|n| format!("  k{n}: x\n")).collect();
    let parsed = read(Source::new("appspec.yml", format!("version: 0.0\nos: linux\nos2:\n{keys}permissions:\n{keys}")));
    assert!(parsed.value.is_some());
}

//! Verification: every answer of an account, and what is not asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_call::CallError;
use ecs_taskdef::client::LoadBalancer;
use ecs_taskdef::read;
use ecs_taskdef::verify::{
    Images, LogGroupId, LogGroups, MemoryAccount, Parameters, Platform, Role, Roles, SecretId, SecretShape, Secrets,
    TargetGroup, Verifier,
};
use serde_json::json;
use spec_report::{Levels, Report, Source};

/// Things are as their names say: what the rule pages are held against.
struct ByName;

#[async_trait]
impl Images for ByName {
    async fn platforms(&self, image: &str) -> Result<Option<Vec<Platform>>, CallError> {
        if image.starts_with("elsewhere.example/") {
            return Err(CallError::unsupported("BatchGetImage"));
        }
        let both =
            ["amd64", "arm64"].into_iter().filter(|processor| !image.ends_with("-amd64") || *processor == "amd64");
        let platforms =
            ["linux", "windows"].into_iter().flat_map(|os| both.clone().map(move |one| Platform::new(os, one)));
        Ok((!image.contains("missing")).then(|| platforms.collect()))
    }
}

#[async_trait]
impl Roles for ByName {
    async fn role(&self, id: &str) -> Result<Option<Role>, CallError> {
        let service = if id.ends_with("for-ec2") { "ec2.amazonaws.com" } else { "ecs-tasks.amazonaws.com" };
        Ok((!id.contains("missing")).then(|| Role::new(id, [service])))
    }
}

#[async_trait]
impl LogGroups for ByName {
    async fn has_log_group(&self, id: &LogGroupId) -> Result<bool, CallError> {
        Ok(!id.name.contains("missing"))
    }
}

#[async_trait]
impl Secrets for ByName {
    async fn secret(&self, id: &SecretId) -> Result<Option<SecretShape>, CallError> {
        let text = r#"{"password": "x", "username": "x", "key": "x"}"#;
        Ok((!id.arn.contains("missing")).then(|| SecretShape::of(text)))
    }
}

#[async_trait]
impl Parameters for ByName {
    async fn missing_parameters(&self, ids: &[String]) -> Result<Vec<String>, CallError> {
        Ok(ids.iter().filter(|id| id.contains("missing")).cloned().collect())
    }
}

/// What [`ByName`] says of a text, and what is wrong with it by itself.
pub(crate) fn by_name(name: &str, text: &str) -> Report {
    let account = Arc::new(ByName);
    let verifier = Verifier::new()
        .with_images(account.clone())
        .with_roles(account.clone())
        .with_log_groups(account.clone())
        .with_secrets(account.clone())
        .with_parameters(account);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(verifier.verify(&read(Source::new(name, text)), &Levels::default()))
}

const DB: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf";
const GROUP: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/0123456789abcdef";
const BALANCER: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0123456789abcdef";

fn task() -> String {
    format!(
        r#"{{
  "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
  "executionRoleArn": "arn:aws:iam::123456789012:role/service/execution", "taskRoleArn": "web",
  "containerDefinitions": [
    {{
      "name": "app", "image": "web:1", "portMappings": [{{"containerPort": 8080}}],
      "secrets": [
        {{"name": "A", "valueFrom": "{DB}:password::"}},
        {{"name": "B", "valueFrom": "{DB}::AWSPREVIOUS:"}},
        {{"name": "C", "valueFrom": "/shop/c"}},
        {{"name": "D", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/shop/d"}}
      ],
      "logConfiguration": {{
        "logDriver": "awslogs",
        "options": {{"awslogs-region": "eu-central-1", "awslogs-group": "/ecs/web", "awslogs-stream-prefix": "app"}}
      }}
    }},
    {{
      "name": "proxy", "image": "envoy:1", "essential": false,
      "repositoryCredentials": {{"credentialsParameter": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hub"}}
    }},
    {{"name": "later", "image": "<IMAGE1_NAME>", "essential": false, "secrets": [{{"name": "E", "valueFrom": "${{LATER}}"}}]}}
  ]
}}"#
    )
}

fn account() -> MemoryAccount {
    let platforms = || [Platform::new("linux", "amd64"), Platform::new("linux", "arm64")];
    MemoryAccount::new()
        .with_image("web:1", platforms())
        .with_image("envoy:1", platforms())
        .with_role(Role::new("arn:aws:iam::123456789012:role/service/execution", ["ecs-tasks.amazonaws.com"]))
        .with_role(Role::new("arn:aws:iam::123456789012:role/web", ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]))
        .with_log_group(LogGroupId::new("eu-central-1", "/ecs/web"))
        .with_secret(DB, r#"{"password": "not-a-real-one"}"#)
        .with_secret_stage(DB, "AWSPREVIOUS", "not-a-real-one")
        .with_secret(
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hub-GhIjKl",
            r#"{"username": "x", "password": "not-a-real-one"}"#,
        )
        .with_parameter("/shop/c")
        .with_parameter("/shop/d")
        .with_target_group(GROUP, TargetGroup::new("ip", [BALANCER]))
}

async fn verify(account: MemoryAccount, load_balancers: Vec<LoadBalancer>, text: &str) -> Vec<String> {
    let account = Arc::new(account);
    let verifier = Verifier::new()
        .with_images(account.clone())
        .with_roles(account.clone())
        .with_log_groups(account.clone())
        .with_secrets(account.clone())
        .with_parameters(account.clone())
        .with_target_groups(account)
        .with_load_balancers(load_balancers);
    let report = verifier.verify(&read(Source::new("taskdef.json", text)), &Levels::default()).await;
    assert!(!format!("{report:?}").contains("not-a-real-one"), "a value of a secret is shown");
    let line = |found: &spec_report::Diagnostic| {
        let source = &found.primary.source;
        format!("{} {} {}", found.rule.name(), source.slice(found.primary.span), found.message)
    };
    report.iter().filter(|found| found.rule.name() != "mutable-image-tag").map(line).collect()
}

fn to(container: &str, port: u16) -> Vec<LoadBalancer> {
    vec![LoadBalancer { target_group: Some(GROUP.to_owned()), container: container.to_owned(), port }]
}

#[tokio::test]
async fn an_account_that_has_everything() {
    assert_eq!(verify(account(), to("app", 8080), &task()).await, [""; 0]);
}

#[tokio::test]
async fn an_account_that_has_nothing() {
    let found = verify(MemoryAccount::new(), to("app", 8080), &task()).await;
    let rules: Vec<&str> = found.iter().filter_map(|line| line.split(' ').next()).collect();
    let count = |rule: &str| rules.iter().filter(|found| **found == rule).count();
    // Two images, two roles, a log group, three versions of secrets and two parameters.
    for (rule, times) in [
        ("image-not-found", 2),
        ("role-not-found", 2),
        ("log-group-not-found", 1),
        ("secret-not-found", 5),
        ("target-group-not-found", 1),
    ] {
        assert_eq!(count(rule), times, "{rule}: {found:#?}");
    }
    assert_eq!(rules.len(), 11, "{found:#?}");
    assert!(found.iter().any(|line| line == "image-not-found \"web:1\" the image `web:1` is not in its registry"));
    assert!(found.contains(&format!("target-group-not-found 8080 the target group `{GROUP}` does not exist")));
}

#[tokio::test]
async fn what_may_not_be_looked_at_is_not_called_missing() {
    let denied =
        ["BatchGetImage", "GetRole", "DescribeLogGroups", "GetSecretValue", "GetParameters", "DescribeTargetGroups"];
    let account = denied.into_iter().fold(MemoryAccount::new(), MemoryAccount::without_permission);
    let found = verify(account, to("app", 8080), &task()).await;
    assert_eq!(found.len(), 11, "{found:#?}");
    assert!(found.iter().all(|line| line.starts_with("not-verified ")), "{found:#?}");
    assert!(found[0].contains("could not be looked at: "), "{found:#?}");
}

#[tokio::test]
async fn nobody_is_asked_who_was_not_given() {
    let parsed = read(Source::new("taskdef.json", task()));
    let alone = Verifier::new().verify(&parsed, &Levels::default()).await;
    assert_eq!(alone, ecs_taskdef::check(&parsed, &Levels::default()));
}

/// One change to the account or to the task, and the one thing that is said about it.
#[tokio::test]
async fn one_thing_is_wrong() {
    let arm = [Platform::new("linux", "arm64")];
    for (account, load_balancers, text, expected) in [
        (
            account().with_image("web:1", arm.clone()),
            vec![],
            task(),
            "platform-not-in-image \"web:1\" the image `web:1` is for `linux/arm64`, but the task asks for `linux/amd64`",
        ),
        // Without runtimePlatform only Fargate says what runs.
        (
            account().with_image("web:1", arm.clone()),
            vec![],
            task().replace("[\"FARGATE\"]", "[\"EC2\"]").replace("awsvpc", "bridge"),
            "",
        ),
        // A manifest that does not say is not judged.
        (account().with_image("web:1", []), vec![], task(), ""),
        (
            account().with_secret(DB, "plain"),
            vec![],
            task(),
            &format!(
                "secret-key-not-found \"{DB}:password::\" the secret `{DB}` is no JSON object, so it has no key `password`"
            ),
        ),
        (
            account().with_secret(DB, r#"{"passwort": 1}"#),
            vec![],
            task(),
            &format!("secret-key-not-found \"{DB}:password::\" the secret `{DB}` has no JSON key `password`"),
        ),
        (
            account(),
            vec![],
            task().replace("AWSPREVIOUS", "blue"),
            &format!("secret-not-found \"{DB}::blue:\" stage `blue` of the secret `{DB}` does not exist"),
        ),
        (
            account(),
            vec![],
            task().replace("eu-central-1\", \"awslogs-group", "eu-west-1\", \"awslogs-group"),
            "log-group-not-found \"/ecs/web\" the log group `/ecs/web` of eu-west-1 does not exist",
        ),
        (
            account(),
            to("ap", 8080),
            task(),
            "load-balancer-container \"app\" the service's load balancer leads to the container `ap`, which does not exist in the task definition",
        ),
        (
            account(),
            to("app", 80),
            task(),
            "load-balancer-container \"app\" the service's load balancer leads to port 80 of container `app`, which has no such port mapping",
        ),
        (
            account().with_target_group(GROUP, TargetGroup::new("instance", [BALANCER])),
            to("app", 8080),
            task(),
            &format!(
                "target-group-type 8080 the target group `{GROUP}` takes targets of type `instance`, but in this network mode tasks are targets of type `ip`"
            ),
        ),
        (
            account().with_target_group(GROUP, TargetGroup::new("ip", [""; 0])),
            to("app", 8080),
            task(),
            &format!("target-group-unused 8080 the target group `{GROUP}` does not have an associated load balancer"),
        ),
        (
            account().with_target_group(GROUP, TargetGroup::new("ip", [BALANCER])),
            to("app", 8080),
            task().replace("awsvpc", "bridge").replace("[\"FARGATE\"]", "[\"EC2\"]"),
            &format!(
                "target-group-type 8080 the target group `{GROUP}` takes targets of type `ip`, but in this network mode tasks are targets of type `instance`"
            ),
        ),
    ] {
        let found = verify(account, load_balancers, &text).await;
        assert_eq!(found.join("\n"), expected);
    }
}

/// The name of a parameter that a person took for a secret's name.
#[tokio::test]
async fn a_bare_name_is_a_parameter() {
    let text = task().replace("/shop/c", "db");
    let account = Arc::new(account());
    let parsed = read(Source::new("taskdef.json", text));
    let report = Verifier::new().with_parameters(account).verify(&parsed, &Levels::default()).await;
    let found = report.iter().find(|found| found.rule.name() == "secret-not-found").expect("a finding");
    assert_eq!(found.message, "the parameter `db` does not exist");
    assert!(found.help.as_deref().is_some_and(|help| help.contains("needs its ARN")), "{found:?}");
}

/// What a file says may be allowed in it.
#[tokio::test]
async fn comments_allow_what_is_found_remotely() {
    let text = "family: web\ncontainerDefinitions:\n  - name: app\n    image: web:2 # ecs-taskdef: allow(image-not-found)\n    memory: 64\n";
    let parsed = read(Source::new("taskdef.yaml", text));
    let verifier = Verifier::new().with_images(Arc::new(account()));
    assert!(!verifier.verify(&parsed, &Levels::default()).await.has_errors());
}

/// `GetParameters` takes ten at a time, and each thing is asked for once.
#[tokio::test]
async fn parameters_are_asked_for_in_tens() {
    struct Counting(Mutex<Vec<usize>>);

    #[async_trait]
    impl Parameters for Counting {
        async fn missing_parameters(&self, ids: &[String]) -> Result<Vec<String>, CallError> {
            self.0.lock().expect("a list").push(ids.len());
            MemoryAccount::new().missing_parameters(ids).await
        }
    }

    let secrets: Vec<_> =
        (0..46).map(|n| json!({"name": format!("V{n}"), "valueFrom": format!("/p/{}", n / 2)})).collect();
    let text = json!({"family": "web", "executionRoleArn": "arn:aws:iam::123456789012:role/x",
        "containerDefinitions": [{"name": "app", "image": "web:1", "memory": 64, "secrets": secrets}]});
    let counting = Arc::new(Counting(Mutex::default()));
    let parsed = read(Source::new("taskdef.json", text.to_string()));
    let report = Verifier::new().with_parameters(counting.clone()).verify(&parsed, &Levels::default()).await;
    assert_eq!(*counting.0.lock().expect("a list"), [10, 10, 3]);
    assert_eq!(report.iter().filter(|found| found.rule.name() == "secret-not-found").count(), 46);
}

#[test]
fn trust_policies() {
    for (policy, trusted, trusts) in [
        (
            json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
            vec!["ecs-tasks.amazonaws.com"],
            true,
        ),
        // One statement that is no list, with lists in it.
        (
            json!({"Statement": {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]},
                "Action": ["sts:TagSession", "sts:AssumeRole"]}}),
            vec!["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"],
            true,
        ),
        (json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}), vec!["*"], true),
        (
            json!({"Statement": [{"Effect": "Deny", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
            vec![],
            false,
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:TagSession"}]}),
            vec![],
            false,
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]}),
            vec![],
            false,
        ),
        (
            json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}]}),
            vec!["ecs.amazonaws.com"],
            false,
        ),
        (json!({}), vec![], false),
    ] {
        let role = Role::from_trust_policy("arn", &policy.to_string()).expect("a policy");
        assert_eq!(
            (role.trusted_services.iter().map(String::as_str).collect(), role.trusts_tasks()),
            (trusted, trusts),
            "{policy}"
        );
    }
    assert!(Role::from_trust_policy("arn", "not JSON").is_err());
}

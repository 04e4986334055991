//! Numbers of tasks, many services, schedules and tags.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_call::{Backoff, Clock as _, Polling, SequenceIds};
use ecs_taskdef::client::{
    CreateService, Fault, Faulty, ListRevisions, Registered, Scaling, ScheduledTarget, ScheduledTasks, Script,
    ServiceId, Services, Tags, TaskDefinitions,
};
use ecs_taskdef::deploy::{Autoscaler, Event, ManyRequest, ScaleRequest, update_schedules};
use ecs_taskdef::{Error, Outcome};
use serde_json::json;

use crate::deploy::{BREAKER, Log, id, request, running};

#[tokio::test]
async fn scaling_waits_for_the_tasks() {
    let (cluster, clock, deployer) = running(Some(BREAKER), 2).await;
    let polling = Polling::new(Backoff::constant(Duration::from_secs(2))).with_deadline(Duration::from_secs(120));
    let scale = |desired| ScaleRequest::new("shop", "web", desired).with_polling(polling.clone());
    for (desired, outcome) in [(5, Outcome::Succeeded), (5, Outcome::NoChange), (0, Outcome::Succeeded)] {
        let scaled = deployer.scale(&scale(desired), &()).await.expect("an outcome");
        assert_eq!((scaled.outcome, scaled.service.running), (outcome, desired));
    }
    let start = clock.now();
    let hasty = scale(4)
        .with_polling(Polling::new(Backoff::constant(Duration::from_secs(1))).with_deadline(Duration::from_secs(2)));
    let scaled = deployer.scale(&hasty, &()).await.expect("an outcome");
    assert_eq!((scaled.outcome, clock.since(start)), (Outcome::TimedOut, Duration::from_secs(2)));
    let service = cluster.describe_service(&id()).await.expect("the service");
    assert_eq!((service.desired, service.rollouts.len()), (4, 1), "no deployment has begun");
}

#[tokio::test]
async fn a_policy_before_its_target_is_waited_out_and_told_once() {
    let (cluster, clock, _) = running(None, 2).await;
    let race = Fault::Error(
        "ObjectNotFoundException",
        "No scalable target registered for service namespace: ecs, resource ID: service/shop/web, scalable dimension: ecs:service:DesiredCount".to_owned(),
    );
    let script = Script::new().on("PutScalingPolicy", vec![race; 4]);
    let faulty = Arc::new(Faulty::new(Arc::clone(&cluster), script));
    let autoscaler = Autoscaler::new(Arc::clone(&faulty) as _, Arc::new(clock.clone()), Arc::new(SequenceIds::new(1)));
    let log = Log::default();
    let policy = json!({ "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling" });
    autoscaler.apply(&id(), (1, 9), Some(&policy), &log).await.expect("applied");
    assert_eq!(log.lines(), ["retrying ObjectNotFoundException true"]);
    assert_eq!(faulty.calls("PutScalingPolicy"), 5);
    assert_eq!(cluster.scalable_target("service/shop/web").await.expect("a target"), Some((1, 9)));
    let orphan = autoscaler.apply(&ServiceId::new("shop", "api"), (1, 9), None, &()).await.expect_err("no service");
    assert!(matches!(&orphan, Error::Call(error) if error.code() == Some("ValidationException")), "{orphan}");
}

#[tokio::test]
async fn one_revision_to_many_services() {
    let (cluster, _, deployer) = running(Some(BREAKER), 2).await;
    let mut services = Vec::new();
    for number in 0..20 {
        let id = ServiceId::new("shop", format!("web-{number}"));
        cluster.create_service(&CreateService::new(id.clone(), "web:1", 1)).await.expect("created");
        services.push(id);
    }
    services.push(ServiceId::new("shop", "nothing"));
    let most = Mutex::new((0_usize, 0_usize));
    let tell = |event: &Event<'_>| {
        if let Event::About(_, event) = event {
            let mut counts = most.lock().expect("counts");
            if matches!(event, Event::Began(_)) {
                counts.0 += 1;
                counts.1 = counts.1.max(counts.0);
            }
            if matches!(event, Event::Service(event) if event.message.contains("deployment completed")) {
                counts.0 = counts.0.saturating_sub(1);
            }
        }
    };
    let many = ManyRequest::new(request("2"), services.clone()).with_max_parallel(4);
    let ends = deployer.deploy_many(&many, &tell).await.expect("ends");
    let order: Vec<&ServiceId> = ends.iter().map(|(id, _)| id).collect();
    assert_eq!(order, services.iter().collect::<Vec<_>>());
    for (id, end) in &ends[..20] {
        assert_eq!(end.as_ref().expect("an outcome").outcome, Outcome::Succeeded, "{id}");
    }
    let (id, Ok(first)) = &ends[0] else { panic!("{:?}", ends[0]) };
    let summary = serde_json::to_value(first.summary(id)).expect("JSON");
    assert_eq!((&summary["outcome"], &summary["service"]), (&json!("succeeded"), &json!("web-0")));
    assert!(summary["taskDefinition"].as_str().is_some_and(|arn| arn.ends_with(":2")), "{summary}");
    assert_eq!((&summary["registered"], &summary["report"]), (&json!(true), &json!(null)));
    assert!(matches!(&ends[20].1, Err(Error::Call(_))), "one that does not exist stops no other");
    assert_eq!(cluster.list(&ListRevisions::active("web")).await.expect("revisions").len(), 2, "registered once");
    let most = most.into_inner().expect("counts").1;
    assert!((2..=4).contains(&most), "{most} at a time");
}

#[tokio::test]
async fn schedules_start_the_new_revision() {
    let (cluster, ..) = running(None, 1).await;
    let target = |id: &str, revision: &str| {
        ScheduledTarget::new(json!({ "Id": id, "Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
            "RoleArn": "arn:aws:iam::123456789012:role/events", "ofTomorrow": true,
            "EcsParameters": { "TaskDefinitionArn": revision, "TaskCount": 2 } }))
    };
    let arn = |name: &str| format!("arn:aws:ecs:us-east-1:123456789012:task-definition/{name}");
    cluster.put_rule(
        "nightly",
        vec![
            target("old", &arn("web:1")),
            target("other", &arn("report:3")),
            target("newest", &arn("web")),
            ScheduledTarget::new(json!({ "Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:q" })),
        ],
    );
    let body = ecs_taskdef::Body::of(&crate::deploy::web("2")).expect("a body");
    let second = cluster.register(&body).await.expect("registered");
    let seen = update_schedules(&*cluster, "nightly", &second).await.expect("updated");
    assert_eq!(seen.len(), 1);
    assert!(seen[0].changed && seen[0].from == arn("web:1"));
    let targets = cluster.targets("nightly").await.expect("targets");
    assert_eq!(targets[0].json, target("old", &second.arn).json, "everything else stays");
    assert_eq!(
        targets[1..],
        [
            target("other", &arn("report:3")),
            target("newest", &arn("web")),
            ScheduledTarget::new(json!({ "Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:q" }))
        ]
    );
    let again = update_schedules(&*cluster, "nightly", &second).await.expect("updated");
    assert!(!again[0].changed);
    let unknown = update_schedules(&*cluster, "weekly", &second).await.expect_err("no rule");
    assert_eq!(unknown.code(), Some("ResourceNotFoundException"));
    let gone = Registered::new(arn("web:9"), "web", 9);
    assert!(update_schedules(&*cluster, "nightly", &gone).await.is_err(), "a revision that does not exist");
}

#[tokio::test]
async fn tags_are_kept_to_the_rules() {
    let (cluster, ..) = running(None, 1).await;
    let arn = cluster.describe_service(&id()).await.expect("the service").arn;
    let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    cluster.tag(&arn, &tags(&[("team", "shop"), ("stage", "test")])).await.expect("tagged");
    cluster.untag(&arn, &["stage".to_owned()]).await.expect("untagged");
    assert_eq!(cluster.tags(&arn).await.expect("tags"), tags(&[("team", "shop")]));
    for (arn, key, words) in [
        (arn.as_str(), "aws:cloudformation:stack-name", "Invalid tag key"),
        ("arn:aws:ecs:us-east-1:123456789012:service/web", "team", "Long arn format"),
    ] {
        let error = cluster.tag(arn, &tags(&[(key, "x")])).await.expect_err(words);
        assert!(error.message().is_some_and(|message| message.contains(words)), "{error}");
    }
    let many: BTreeMap<String, String> = (0..50).map(|n| (format!("k{n}"), String::new())).collect();
    assert!(cluster.tag(&arn, &many).await.is_err(), "fifty-one");
}

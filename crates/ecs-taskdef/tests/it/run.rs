//! Tasks by themselves: their end, their exit code, their lines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_call::{Backoff, Clock as _, ManualClock, Polling, SequenceIds};
use ecs_taskdef::Body;
use ecs_taskdef::client::{
    ContainerStart, Fate, Fates, Fault, Faulty, MemoryCluster, RunTask, Script, TaskDefinitions, Tasks,
};
use ecs_taskdef::deploy::run::{RunError, RunEvent, RunRequest, TaskRunner};
use serde_json::{Value as Json, json};

struct ByName;

impl Fates for ByName {
    fn fate(&self, start: &ContainerStart<'_>) -> Fate {
        match start.image {
            "migrate:ok" => Fate::Exits { code: 0, reason: String::new() },
            "migrate:bad" => Fate::Exits { code: 3, reason: String::new() },
            "migrate:missing" => Fate::CannotPull { reason: "not found".to_owned() },
            _ => Fate::Runs,
        }
    }

    fn output(&self, start: &ContainerStart<'_>) -> Vec<String> {
        match start.container {
            "app" => (1..=250).map(|n| format!("step {n}")).collect(),
            _ => vec!["proxy is up".to_owned()],
        }
    }
}

fn definition(image: &str) -> Json {
    let logs = |name: &str| {
        json!({ "logDriver": "awslogs", "options": {
        "awslogs-group": "/shop/migrate", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name } })
    };
    json!({ "family": "migrate", "executionRoleArn": "arn:aws:iam::123456789012:role/execution", "containerDefinitions": [
        { "name": "proxy", "image": "proxy:1", "memory": 64, "essential": false, "logConfiguration": logs("p") },
        { "name": "app", "image": image, "memory": 64, "logConfiguration": logs("a") },
    ] })
}

async fn runner(image: &str) -> (Arc<MemoryCluster>, ManualClock, TaskRunner) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let cluster = MemoryCluster::new("shop", Arc::new(clock.clone()), Arc::new(SequenceIds::new(7)));
    let cluster = Arc::new(cluster.with_fates(Arc::new(ByName)));
    cluster.register(&Body::from_json(definition(image)).expect("a body")).await.expect("registered");
    let runner = over(&cluster, &cluster, &clock);
    (cluster, clock, runner)
}

fn over<T: Tasks + 'static>(cluster: &Arc<MemoryCluster>, tasks: &Arc<T>, clock: &ManualClock) -> TaskRunner {
    let ids = Arc::new(SequenceIds::new(2));
    TaskRunner::new(Arc::clone(cluster) as _, Arc::clone(tasks) as _, Arc::new(clock.clone()), ids)
        .with_logs(Arc::clone(cluster) as _)
}

fn request() -> RunRequest {
    let polling = Polling::new(Backoff::constant(Duration::from_secs(2))).with_deadline(Duration::from_secs(120));
    RunRequest::new(RunTask::new("shop", "migrate")).with_polling(polling)
}

fn nothing(_: &RunEvent<'_>) {}

#[tokio::test]
async fn the_exit_code_is_that_of_the_container_that_counts() {
    for (image, code) in [("migrate:ok", Some(0)), ("migrate:bad", Some(3)), ("migrate:missing", None)] {
        let (_, _, runner) = runner(image).await;
        let run = runner.run(&request(), &nothing).await.expect("an end");
        assert_eq!((run.exit_code(), run.container.as_str()), (code, "app"), "{image}");
        assert_eq!(run.is_success(), code == Some(0));
        assert!(!run.timed_out);
    }
    let (_, _, runner) = runner("migrate:ok").await;
    let run = runner.run(&request().with_container("proxy"), &nothing).await.expect("an end");
    assert_eq!(run.exit_code(), Some(143), "the proxy was stopped when the app had ended");
    let error = runner.run(&request().with_container("db"), &nothing).await.expect_err("none");
    assert_eq!(error.to_string(), "the task definition has no container `db`; it has proxy, app");
}

#[tokio::test]
async fn all_lines_are_told_once_and_in_order() {
    let (_, _, runner) = runner("migrate:ok").await;
    let lines = Mutex::new(Vec::new());
    let tell = |event: &RunEvent<'_>| {
        if let RunEvent::Line { container, line, .. } = event {
            lines.lock().expect("lines").push(format!("{container}: {}", line.message));
        }
    };
    runner.run(&request(), &tell).await.expect("an end");
    let lines = lines.into_inner().expect("lines");
    let app: Vec<&String> = lines.iter().filter(|line| line.starts_with("app")).collect();
    let expected: Vec<String> = (1..=250).map(|n| format!("app: step {n}")).collect();
    assert_eq!(app, expected.iter().collect::<Vec<_>>());
    assert_eq!(lines.iter().filter(|line| *line == "proxy: proxy is up").count(), 1);
}

#[tokio::test]
async fn several_tasks_are_as_good_as_their_worst() {
    let (cluster, _, runner) = runner("migrate:bad").await;
    let mut request = request();
    request.task = request.task.with_count(3);
    let run = runner.run(&request, &nothing).await.expect("an end");
    assert_eq!((run.tasks.len(), run.exit_code()), (3, Some(3)));
    for count in [0, 11] {
        let refused = cluster.run_task(&RunTask::new("shop", "migrate").with_count(count)).await;
        assert_eq!(refused.expect_err("a bad count").code(), Some("InvalidParameterException"));
    }
}

#[tokio::test]
async fn a_task_that_goes_on_is_timed_out_and_can_be_stopped() {
    let (cluster, clock, runner) = runner("serve:1").await;
    let run = runner.run(&request(), &nothing).await.expect("an end");
    assert!(run.timed_out && run.exit_code().is_none() && !run.is_success());
    let arns = vec![run.tasks[0].arn().to_owned()];
    assert!(runner.stop("shop", &arns, "interrupted").await.is_empty());
    clock.sleep(Duration::from_secs(30)).await;
    let stopped = cluster.describe_tasks("shop", &arns).await.expect("tasks").swap_remove(0);
    assert!(stopped.is_stopped());
    assert_eq!(stopped.ended.stopped_reason.as_deref(), Some("interrupted"));
}

/// A lost answer starts nothing twice: the token of the request makes it the same task.
#[tokio::test]
async fn a_lost_answer_starts_nothing_twice() {
    let (cluster, clock, _) = runner("migrate:ok").await;
    let script = Script::new()
        .on("RunTask", [Fault::LostAnswer, Fault::Throttle, Fault::LostAnswer])
        .on("DescribeTasks", [Fault::Throttle, Fault::LostAnswer, Fault::None, Fault::Stale, Fault::Stale]);
    let faulty = Arc::new(Faulty::new(Arc::clone(&cluster), script));
    let runner = over(&cluster, &faulty, &clock);
    let started = Mutex::new(0);
    let tell = |event: &RunEvent<'_>| {
        if matches!(event, RunEvent::Started(_)) {
            *started.lock().expect("a count") += 1;
        }
    };
    let run = runner.run(&request(), &tell).await.expect("an end");
    assert_eq!((run.exit_code(), started.into_inner().expect("a count")), (Some(0), 1));
    assert_eq!(faulty.calls("RunTask"), 4);
}

#[tokio::test]
async fn overrides_must_name_a_container() {
    let (_, _, runner) = runner("migrate:ok").await;
    let mut request = request();
    request.task = request.task.with_command("db", &["true".to_owned()]);
    let error = runner.run(&request, &nothing).await.expect_err("no such container");
    let RunError::Call(error) = error else { panic!("{error}") };
    assert!(error.message().is_some_and(|message| message.contains("named db")), "{error}");
}

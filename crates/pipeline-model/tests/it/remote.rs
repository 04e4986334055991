//! The verbs against the service in memory: plans that hold, outcomes that are honest, causes that are found.

use std::sync::Arc;
use std::time::Duration;

use aws_call::{Backoff, ManualClock, Polling, Secret, SequenceIds};
use pipeline_model::client::memory::MemoryCodePipeline;
use pipeline_model::client::{
    ActionError, ApprovalStatus, Executions, GetPipeline, Pipelines, StartExecution, StopExecution, Transitions,
    Webhooks,
};
use pipeline_model::client::{ActionExecution, ActionStatus, DisableTransition};
use pipeline_model::model::{ExecutionMode, PipelineType, RetryMode};
use pipeline_model::remote::{
    Applied, Error, OnApproval, Outcome, Remote, Version, Wait, WatchOptions, Weight, diff, log_hint, plan,
};
use pipeline_model::triggers;
use pipeline_model::webhook::{Authentication, Filter, Webhook};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};

use crate::client::shop;

struct Site {
    clock: ManualClock,
    service: Arc<MemoryCodePipeline>,
    remote: Remote,
}

/// A service whose actions take ten seconds each.
fn site() -> Site {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let service = MemoryCodePipeline::new(clock.clone(), SequenceIds::new(7));
    let service = Arc::new(service.with_action_time(Duration::from_secs(10)).with_delay(Duration::from_secs(4)));
    let remote = Remote::new(Arc::clone(&service) as _, Arc::new(clock.clone()), Arc::new(SequenceIds::new(9)));
    Site { clock, service, remote }
}

/// Without an approval.
fn straight() -> Pipeline {
    let mut pipeline = shop();
    pipeline.stages[1].actions.remove(0);
    pipeline
}

fn options() -> WatchOptions {
    let every = Backoff::constant(Duration::from_secs(1));
    WatchOptions::default().with_polling(Polling::new(every).with_deadline(Duration::from_secs(600)))
}

fn paths(old: &Pipeline, new: &Pipeline) -> Vec<String> {
    diff(old, new).iter().map(ToString::to_string).collect()
}

#[test]
fn differences_are_those_of_meaning() {
    let old = straight();
    // What the service fills in, counts and hides.
    let mut same = old.clone();
    same.version = Some(17);
    same.stages[1].actions[0].run_order = Some(2);
    same.stages[0].actions[0].run_order = Some(1);
    same.execution_mode = Some(ExecutionMode::Superseded);
    same.stages[0].actions[0].configuration.insert("OAuthToken".into(), "****".into());
    same.stages[0].actions[0].hide_secrets();
    same.triggers = pipeline_model::model::Kept::written(Vec::new());
    assert_eq!(paths(&old, &same), [""; 0]);
    let mut typed = old.clone();
    typed.pipeline_type = Some(PipelineType::V2);
    assert_eq!(paths(&typed, &old), [""; 0], "an update that leaves the type out keeps it");
    assert_eq!(paths(&old, &typed), ["+ pipelineType: \"V2\""]);

    let mut new = old.clone();
    new.stages[1].actions[0].configuration.insert("ProjectName".into(), "other".into());
    let between = Action::new("Ask", ActionTypeId::new("Approval", "AWS", "Manual", "1"));
    new.stages.insert(1, Stage::new("Gate").with_action(between));
    let found = paths(&old, &new);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("~ stages.Build.actions.Build.configuration.ProjectName: \"shop-build\" -> \"other\"")
            || found[1]
                .starts_with("~ stages.Build.actions.Build.configuration.ProjectName: \"shop-build\" -> \"other\"")
    );
    assert!(found.iter().any(|change| change.starts_with("+ stages.Gate: ")), "{found:?}");
    let mut swapped = new.clone();
    swapped.stages.swap(1, 2);
    assert!(paths(&new, &swapped).iter().any(|change| change.starts_with("> stages.Build: place 3 -> 2")));
    // Another token is no difference that anyone could see, and is never shown.
    let mut secret = old.clone();
    secret.stages[0].actions[0] = secret.stages[0].actions[0].clone().with_config("OAuthToken", "second-token");
    assert_eq!(paths(&old, &secret), [""; 0]);
    let plan = plan(&secret, Some(&old));
    assert_eq!(plan.secrets, ["stages.Source.actions.Source.configuration.OAuthToken"]);
    assert!(!format!("{plan} {plan:?}").contains("token\""), "{plan:?}");
}

#[tokio::test]
async fn a_plan_is_applied_once_and_only_to_what_it_was_made_for() {
    let Site { service, remote, .. } = site();
    let declared = straight();
    let create = remote.plan(&declared).await.unwrap();
    assert_eq!(create.base, None);
    let raced = create.clone();
    assert!(matches!(remote.apply(create).await.unwrap(), Applied::Created(_)));
    let error = remote.apply(raced).await.unwrap_err();
    assert!(matches!(error, Error::Moved { planned: Version::None, found: Version::Of(1), .. }), "{error}");
    assert_eq!(remote.apply(remote.plan(&declared).await.unwrap()).await.unwrap(), Applied::Nothing);

    let mut next = declared.clone();
    next.stages[1].actions[0].configuration.insert("ProjectName".into(), "other".into());
    let update = remote.plan(&next).await.unwrap();
    assert_eq!((update.base, update.changes.len()), (Some(1), 1));
    let late = update.clone();
    let Applied::Updated(updated) = remote.apply(update).await.unwrap() else { panic!("it was updated") };
    assert_eq!(updated.version, Some(2));
    let error = remote.apply(late).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "pipeline `shop` has version 2 and not version 1, as when the plan was made: plan again"
    );
    service.delete("shop").await.unwrap();
    let mut gone = remote.plan(&next).await.unwrap();
    gone.base = Some(2);
    assert!(matches!(remote.apply_anyway(gone).await.unwrap_err(), Error::Moved { found: Version::None, .. }));
}

#[tokio::test]
async fn secrets_that_only_the_service_knows_are_not_lost() {
    let Site { service, remote, .. } = site();
    service.create(&straight()).await.unwrap();
    let live = service.get(&GetPipeline::new("shop")).await.unwrap().pipeline;
    // What came from the service goes back as it is.
    let mut next = live.clone();
    next.stages[1].actions[0].configuration.insert("ProjectName".into(), "other".into());
    let plan = remote.plan(&next).await.unwrap();
    assert!(plan.lost.is_empty());
    assert!(matches!(remote.apply(plan).await.unwrap(), Applied::Updated(_)));
    // Renaming the action, or another of its settings, loses the token.
    for change in ["name", "branch"] {
        let mut next = live.clone();
        let action = &mut next.stages[0].actions[0];
        if change == "name" {
            action.name = "GitHub".to_owned();
        } else {
            action.configuration.insert("Branch".into(), "release".into());
        }
        let name = action.name.clone();
        let plan = remote.plan(&next).await.unwrap();
        let error = remote.apply(plan.clone()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the update of pipeline `shop` would lose `OAuthToken` of action `{name}` in stage `Source`: supply the value"
            )
        );
        let plan = plan.with_secret("Source", &name, "OAuthToken", &Secret::new("second-token"));
        assert!(plan.lost.is_empty());
        assert!(!format!("{plan:?} {plan}").contains("second-token"));
    }
    // In a new pipeline nobody knows it.
    let mut other = live;
    other.name = "other".to_owned();
    assert!(matches!(remote.apply(remote.plan(&other).await.unwrap()).await, Err(Error::SecretsLost { .. })));
}

async fn watched(site: &Site, id: &str, options: &WatchOptions) -> (pipeline_model::remote::Watched, Vec<String>) {
    let mut told = Vec::new();
    let watched = site.remote.watch("shop", id, options, &mut |event| told.push(event.to_string())).await.unwrap();
    (watched, told)
}

#[tokio::test]
async fn success_is_told_step_by_step() {
    let site = site();
    site.service.create(&straight()).await.unwrap();
    let id = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    let (watched, told) = watched(&site, &id, &options()).await;
    assert_eq!(watched.outcome, Outcome::Succeeded);
    assert_eq!(watched.reason(), None);
    assert_eq!(
        told,
        ["Source/Source started", "Source/Source succeeded", "Build/Build started", "Build/Build succeeded"]
    );
}

#[tokio::test]
async fn failures_say_where_to_look() {
    let site = site();
    site.service.create(&straight()).await.unwrap();
    site.service.fail_action("Build", Some(ActionError::new("JobFailed", "Build terminated with state: FAILED")));
    let id = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    let (failed, told) = watched(&site, &id, &options()).await;
    assert_eq!(failed.outcome, Outcome::Failed);
    assert!(!failed.outcome.is_success());
    assert_eq!(failed.reason().as_deref(), Some("Build/Build: Build terminated with state: FAILED"));
    assert_eq!(told.last().unwrap(), "Build/Build failed: Build terminated with state: FAILED");
    let command = failed.hints[0].command.clone().unwrap();
    assert!(command.starts_with("aws logs tail /aws/codebuild/shop-build --log-stream-names "), "{command}");
    // Retried with success: the first failure does not count any more.
    site.service.fail_action("Build", None);
    let (again, stage) = site.remote.retry("shop", None, RetryMode::FailedActions).await.unwrap();
    assert_eq!((again.as_str(), stage.as_str()), (id.as_str(), "Build"));
    let (done, _) = watched(&site, &id, &options()).await;
    assert_eq!((done.outcome, done.failed.len()), (Outcome::Succeeded, 0));
    let error = site.remote.retry("shop", None, RetryMode::FailedActions).await.unwrap_err();
    assert!(matches!(error, Error::NothingToRetry { .. }), "{error}");
}

#[tokio::test]
async fn approvals_are_waited_for_or_left() {
    let site = site();
    site.service.create(&shop()).await.unwrap();
    let id = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    let (left, told) = watched(&site, &id, &options().with_on_approval(OnApproval::Leave)).await;
    assert_eq!(left.outcome, Outcome::WaitingForApproval);
    assert_eq!(told.last().unwrap(), "waits for an answer to approval Build/Approve");
    let (late, _) = watched(&site, &id, &options()).await;
    assert_eq!(late.outcome, Outcome::TimedOut);
    assert_eq!(late.waits, [Wait::Approval { stage: "Build".into(), action: "Approve".into() }]);
    let nowhere = site.remote.answer("shop", (Some("Deploy"), None), ApprovalStatus::Approved, "").await.unwrap_err();
    assert_eq!(nowhere.to_string(), "no approval waits in pipeline `shop` in stage `Deploy`");
    let (answered, _) = site.remote.answer("shop", (None, None), ApprovalStatus::Rejected, "not now").await.unwrap();
    assert_eq!(answered.execution_id.as_deref(), Some(id.as_str()));
    assert!(!format!("{answered:?}").contains(&answered.token), "a token is a right to answer");
    let (rejected, _) = watched(&site, &id, &options()).await;
    assert_eq!(rejected.outcome, Outcome::Failed);
    assert_eq!(rejected.reason().as_deref(), Some("Build/Approve: The approval was rejected."));
}

#[tokio::test]
async fn in_parallel_every_execution_has_its_own_approval() {
    let site = site();
    let mut pipeline = shop();
    pipeline.pipeline_type = Some(PipelineType::V2);
    pipeline.execution_mode = Some(ExecutionMode::Parallel);
    site.service.create(&pipeline).await.unwrap();
    for _ in 0..2 {
        let id = site.remote.start(&StartExecution::new("shop")).await.unwrap();
        let left = watched(&site, &id, &options().with_on_approval(OnApproval::Leave)).await.0;
        assert_eq!(left.outcome, Outcome::WaitingForApproval);
    }
    assert_eq!(site.remote.approvals("shop").await.unwrap().len(), 2);
    let error = site.remote.answer("shop", (None, None), ApprovalStatus::Approved, "").await.unwrap_err();
    assert!(matches!(error, Error::SeveralApprovals { .. }), "{error}");
}

#[tokio::test]
async fn superseded_and_stopped_are_no_successes() {
    let site = site();
    site.service.create(&straight()).await.unwrap();
    let close = DisableTransition::into_stage("shop", "Build", "freeze");
    site.service.disable(&close).await.unwrap();
    let first = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    let short = options()
        .with_polling(Polling::new(Backoff::constant(Duration::from_secs(1))).with_deadline(Duration::from_secs(30)));
    let (held, told) = watched(&site, &first, &short).await;
    assert_eq!(held.outcome, Outcome::TimedOut);
    assert_eq!(held.reason().as_deref(), Some("waits before stage Build, whose transition is disabled: freeze"));
    assert_eq!(told.iter().filter(|told| told.starts_with("waits")).count(), 1, "{told:?}");
    let second = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    let (_, _) = watched(&site, &second, &short).await;
    let (over, _) = watched(&site, &first, &options()).await;
    assert_eq!(over.outcome, Outcome::Superseded);
    site.remote.enable("shop", "Build").await.unwrap();
    site.service.stop(&StopExecution::and_wait("shop", &second).with_reason("lunch")).await.unwrap();
    let (stopped, _) = watched(&site, &second, &options()).await;
    // The build was the last action, so that the execution had succeeded by the time it ended.
    assert_eq!(stopped.outcome, Outcome::Succeeded);
    let third = site.remote.start(&StartExecution::new("shop")).await.unwrap();
    assert_eq!(site.remote.stop("shop", Some(&third), true, Some("lunch")).await.unwrap(), third);
    let (stopped, _) = watched(&site, &third, &options()).await;
    assert_eq!((stopped.outcome, stopped.reason().as_deref()), (Outcome::Stopped, None));
}

#[tokio::test]
async fn a_stage_goes_back_to_the_last_success_before() {
    let site = site();
    site.service.create(&straight()).await.unwrap();
    let nothing = site.remote.roll_back("shop", "Build", None).await.unwrap_err();
    assert!(matches!(nothing, Error::NothingToRollBackTo { .. }), "{nothing}");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = site.remote.start(&StartExecution::new("shop")).await.unwrap();
        assert!(watched(&site, &id, &options()).await.0.outcome.is_success());
        ids.push(id);
    }
    let (id, target) = site.remote.roll_back("shop", "Build", None).await.unwrap();
    assert_eq!(target, ids[0], "the second is what runs now");
    let (back, told) = watched(&site, &id, &options()).await;
    assert_eq!(back.outcome, Outcome::Succeeded);
    assert_eq!(back.execution.rollback_of.as_deref(), Some(ids[0].as_str()));
    assert_eq!(told, ["Build/Build started", "Build/Build succeeded"]);
}

#[tokio::test]
async fn what_cannot_be_seen_is_not_watched_for_ever() {
    let site = site();
    site.service.create(&straight()).await.unwrap();
    let error = site.remote.watch("shop", "00000000-0000-4000-8000-000000000000", &options(), &mut |_| {}).await;
    assert!(matches!(error.unwrap_err(), Error::Lost { .. }));
    use aws_call::Clock as _;
    let waited = site.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() - 1_700_000_000;
    assert!((60..70).contains(&waited), "{waited}");
}

#[test]
fn hints_by_provider() {
    let hint = |provider: &str, id: Option<&str>, settings: &[(&str, &str)]| {
        let mut run = ActionExecution::new("1", "2", "Deploy", "Deploy", ActionStatus::Failed);
        run.action_type = Some(ActionTypeId::new("Deploy", "AWS", provider, "1"));
        run.external_id = id.map(str::to_owned);
        run.configuration = settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        log_hint("my shop", &run).and_then(|hint| hint.command)
    };
    let ecs = [("ClusterName", "c"), ("ServiceName", "web")];
    for (provider, id, settings, want) in [
        ("CodeBuild", Some("p:1"), &[][..], Some("aws logs tail /aws/codebuild/p --log-stream-names 1")),
        (
            "CodeBuild",
            Some("p:1"),
            &[("BatchEnabled", "true")],
            Some("aws codebuild batch-get-build-batches --ids p:1"),
        ),
        ("CodeBuild", None, &[], None),
        ("CodeDeploy", Some("d-1"), &[], Some("aws deploy get-deployment --deployment-id d-1")),
        ("ECS", None, &ecs, Some("aws ecs describe-services --cluster c --services web")),
        (
            "CloudFormation",
            None,
            &[("StackName", "s")],
            Some("aws cloudformation describe-stack-events --stack-name s"),
        ),
        ("Lambda", None, &[("FunctionName", "f")], Some("aws logs tail /aws/lambda/f")),
        ("Commands", None, &[], Some("aws logs tail '/aws/codepipeline/my shop'")),
        (
            "CloudFormation",
            None,
            &[("StackName", "a'; rm")],
            Some("aws cloudformation describe-stack-events --stack-name 'a'\\''; rm'"),
        ),
        ("S3", Some("x"), &[], None),
    ] {
        assert_eq!(hint(provider, id, settings).as_deref(), want, "{provider}");
    }
}

fn connected(detects: &str) -> Pipeline {
    let mut pipeline = straight();
    pipeline.stages[0].actions[0] =
        Action::new("Source", ActionTypeId::new("Source", "AWS", "CodeStarSourceConnection", "1"))
            .with_output("Code")
            .with_config("BranchName", "main")
            .with_config("ConnectionArn", "arn:aws:codeconnections:us-east-1:123456789012:connection/1")
            .with_config("FullRepositoryId", "harbour/shop")
            .with_config("DetectChanges", detects);
    pipeline
}

struct Pending;

#[async_trait::async_trait]
impl pipeline_model::remote::Connections for Pending {
    async fn connection_status(&self, _: &str) -> Result<String, aws_call::CallError> {
        Ok("PENDING".to_owned())
    }
}

#[tokio::test]
async fn the_doctor_finds_what_keeps_changes_back() {
    let causes = |diagnosis: &pipeline_model::remote::Diagnosis| -> Vec<String> {
        diagnosis.causes().map(|finding| finding.what.clone()).collect()
    };
    let site = site();
    site.service.create(&connected("false")).await.unwrap();
    site.service.disable(&DisableTransition::into_stage("shop", "Build", "freeze")).await.unwrap();
    let event = triggers::Event::push("main");
    let diagnosis = site.remote.doctor("shop", Some(&event), Some(&Pending)).await.unwrap();
    assert_eq!(
        causes(&diagnosis),
        [
            "source action `Source` has `DetectChanges` off and no trigger",
            "the connection of source action `Source` has the status PENDING",
            "executions start, but cannot enter stage `Build`: freeze",
        ]
    );
    assert!(!diagnosis.explanation.as_ref().unwrap().holds);
    site.service.delete("shop").await.unwrap();

    // The old GitHub source: by webhook, which may be missing, or have another branch.
    let mut pipeline = straight();
    pipeline.stages[0].actions[0].configuration.insert("PollForSourceChanges".into(), "false".into());
    site.service.create(&pipeline).await.unwrap();
    let diagnosis = site.remote.doctor("shop", None, None).await.unwrap();
    assert_eq!(causes(&diagnosis), ["source action `Source` does not poll and no webhook has it as its target"]);
    let secret = Authentication::GitHubHmac(Secret::new("not-a-real-secret"));
    let webhook = Webhook::new("hook", "shop", "Source", secret).with_filter(Filter::branch_of_target());
    site.service.put_webhook(&webhook).await.unwrap();
    let diagnosis = site.remote.doctor("shop", Some(&triggers::Event::push("feature")), None).await.unwrap();
    assert_eq!(
        causes(&diagnosis),
        ["webhook `hook` lets refs/heads/feature not through: `$.ref` is `refs/heads/feature`, and must be \
             `refs/heads/main`"]
    );
    assert!(diagnosis.findings.iter().any(|finding| finding.weight == Weight::Ask));
    assert!(causes(&site.remote.doctor("shop", Some(&event), None).await.unwrap()).is_empty());
    let _ = site.service.state("shop").await;
}

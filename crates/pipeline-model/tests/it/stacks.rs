//! Stacks: what CloudFormation refuses, what happens to a stack, and what of it is a success.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_call::{Backoff, CallError, Fault, ManualClock, Polling, SequenceIds};
use pipeline_model::stacks::memory::MemoryStacks;
use pipeline_model::stacks::{
    Change, Follow, Stack, StackDeployer, StackError, StackEvent, StackInput, Stacks, Verdict, conformance, is_missing,
};

const BUCKET: &str = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\n";
const TWO: &str = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\n  Topic: {Type: 'AWS::SNS::Topic'}\n";

fn service() -> (Arc<MemoryStacks>, StackDeployer) {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    let service = Arc::new(MemoryStacks::new(Arc::clone(&clock), SequenceIds::new(7)));
    let deployer = StackDeployer::new(Arc::clone(&service) as _, clock, Arc::new(SequenceIds::new(8)));
    (service, deployer)
}

#[tokio::test]
async fn the_memory_service_conforms() {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    let service = Arc::new(MemoryStacks::new(Arc::clone(&clock), SequenceIds::new(7)));
    let (input, next) = (StackInput::new("shop", BUCKET), StackInput::new("shop", TWO));
    let ids = Arc::new(SequenceIds::new(8));
    assert_eq!(conformance::stacks(service, clock, ids, &input, &next).await, Ok(()));
}

#[tokio::test]
async fn events_are_seen_as_they_come() {
    let (_, deployer) = service();
    let seen = Mutex::new(Vec::new());
    let watch = |event: &StackEvent| seen.lock().unwrap().push(event.to_string());
    deployer.create(&StackInput::new("shop", BUCKET), &watch).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "shop (AWS::CloudFormation::Stack) CREATE_IN_PROGRESS: User Initiated",
            "Bucket (AWS::S3::Bucket) CREATE_IN_PROGRESS",
            "Bucket (AWS::S3::Bucket) CREATE_COMPLETE",
            "shop (AWS::CloudFormation::Stack) CREATE_COMPLETE",
        ]
    );
    seen.lock().unwrap().clear();
    deployer.update(&StackInput::new("shop", TWO), &watch).await.unwrap();
    let first = seen.lock().unwrap()[0].clone();
    // Nothing of the last time.
    assert_eq!(first, "shop (AWS::CloudFormation::Stack) UPDATE_IN_PROGRESS: User Initiated");
}

#[tokio::test]
async fn a_rollback_is_a_failure_with_its_cause() {
    let (stacks, deployer) = service();
    stacks.fail("Topic", "Invalid parameter: Topic Name");
    let error = deployer.create(&StackInput::new("shop", TWO), &|_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stack `shop` ended in ROLLBACK_COMPLETE: Topic (AWS::SNS::Topic) CREATE_FAILED: Invalid parameter: Topic Name; \
         its creation failed and nothing of it is left but the name: delete it, then create it anew"
    );
    // It stays, and takes no update.
    let error = deployer.deploy(&StackInput::new("shop", BUCKET), &|_| {}).await.unwrap_err();
    assert!(matches!(&error, StackError::Stuck { status, .. } if status == "ROLLBACK_COMPLETE"), "{error}");
    assert!(error.to_string().ends_with("delete it, then create it anew"), "{error}");
    let direct = stacks.update(&StackInput::new("shop", BUCKET)).await.unwrap_err();
    assert!(direct.message().unwrap().ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{direct}");
    assert_eq!(deployer.delete("shop", &|_| {}).await.unwrap().change, Change::Deleted);

    stacks.mend("Topic");
    assert_eq!(deployer.deploy(&StackInput::new("shop", BUCKET), &|_| {}).await.unwrap().change, Change::Created);
    stacks.fail("Topic", "Invalid parameter: Topic Name");
    let error = deployer.deploy(&StackInput::new("shop", TWO), &|_| {}).await.unwrap_err();
    let StackError::Failed { status, cause, .. } = error else { panic!("{error}") };
    assert_eq!((status.as_str(), cause.unwrap().logical_id.as_str()), ("UPDATE_ROLLBACK_COMPLETE", "Topic"));
    // What it was before is what it is: the same update again is one.
    stacks.mend("Topic");
    assert_eq!(deployer.deploy(&StackInput::new("shop", TWO), &|_| {}).await.unwrap().change, Change::Updated);
    stacks.fail("Bucket", "The bucket you tried to delete is not empty");
    let error = deployer.delete("shop", &|_| {}).await.unwrap_err();
    assert!(matches!(&error, StackError::Failed { status, .. } if status == "DELETE_FAILED"), "{error}");
}

#[tokio::test]
async fn templates_are_refused_in_the_services_words() {
    let (stacks, _) = service();
    let parameters = "Parameters: {Stage: {Type: String}, Kind: {Type: String, Default: a, AllowedValues: [a, b]}}\n";
    let role = "Resources: {Role: {Type: 'AWS::IAM::Role', Properties: {AssumeRolePolicyDocument: {}}}}";
    let named = "Resources: {Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: x, AssumeRolePolicyDocument: {}}}}";
    let input = |text: &str| StackInput::new("shop", text);
    let table = [
        (
            input("Resources: {}"),
            "ValidationError",
            "Template format error: At least one Resources member must be defined.",
        ),
        (input("{\"Resources\": "), "ValidationError", "Template format error: JSON not well-formed."),
        (input("a: b: c"), "ValidationError", "Template format error: YAML not well-formed."),
        (
            input("Resources: {A: {Properties: {}}}"),
            "ValidationError",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        (input(&format!("{parameters}{BUCKET}")), "ValidationError", "Parameters: [Stage] must have values"),
        (
            input(BUCKET).with_parameter("Stage", "x"),
            "ValidationError",
            "Parameters: [Stage] do not exist in the template",
        ),
        (
            input(&format!("{parameters}{BUCKET}")).with_parameter("Stage", "x").with_parameter("Kind", "c"),
            "ValidationError",
            "Parameter 'Kind' must be one of AllowedValues: [a, b]",
        ),
        (
            input("Resources: {A: {Type: X, DependsOn: B}, B: {Type: X, DependsOn: A}}"),
            "ValidationError",
            "Circular dependency between resources: [A, B]",
        ),
        (input(role), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        (
            input(named).with_capability("CAPABILITY_IAM"),
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (
            input(&format!("{BUCKET}# {}\n", "x".repeat(51_200))),
            "ValidationError",
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200",
        ),
        (
            StackInput::new("1shop", BUCKET),
            "ValidationError",
            "1 validation error detected: Value '1shop' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        ),
    ];
    for (input, code, message) in table {
        let error = stacks.create(&input).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)), "{}", input.template);
        assert!(stacks.describe(&input.name).await.is_err_and(|error| is_missing(&error)));
    }
    stacks.create(&input(role).with_capability("CAPABILITY_NAMED_IAM")).await.unwrap();
}

#[tokio::test]
async fn a_stack_under_way_is_busy() {
    let clock = ManualClock::at_epoch_secs(1_700_000_000);
    let stacks = Arc::new(MemoryStacks::new(clock.clone(), SequenceIds::new(7)));
    let deployer = StackDeployer::new(Arc::clone(&stacks) as _, Arc::new(clock.clone()), Arc::new(SequenceIds::new(8)));
    stacks.create(&StackInput::new("shop", BUCKET)).await.unwrap();
    let error = deployer.deploy(&StackInput::new("shop", TWO), &|_| {}).await.unwrap_err();
    assert!(matches!(error, StackError::Busy { .. }), "{error}");
    clock.advance(Duration::from_secs(10));
    assert_eq!(stacks.describe("shop").await.unwrap().status, "CREATE_COMPLETE");
    let error = stacks.create(&StackInput::new("shop", TWO)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AlreadyExistsException"), Some("Stack [shop] already exists")));
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_one() {
    let (stacks, _) = service();
    let input = StackInput::new("shop", BUCKET).with_client_request_token("once");
    let id = stacks.create(&input).await.unwrap();
    assert_eq!(stacks.create(&input).await.unwrap(), id);
    assert!(stacks.create(&input.with_client_request_token("twice")).await.is_err());
}

#[tokio::test]
async fn a_wait_has_an_end() {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    let stacks = MemoryStacks::new(Arc::clone(&clock), SequenceIds::new(7)).with_pace(Duration::from_secs(3600));
    let polling = Polling::new(Backoff::constant(Duration::from_secs(30))).with_deadline(Duration::from_secs(600));
    let deployer = StackDeployer::new(Arc::new(stacks), clock, Arc::new(SequenceIds::new(8))).with_polling(polling);
    let error = deployer.create(&StackInput::new("shop", BUCKET), &|_| {}).await.unwrap_err();
    assert!(matches!(error, StackError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("CloudFormation goes on with it"), "{error}");
}

#[tokio::test]
async fn outputs_and_previous_values() {
    let (stacks, deployer) = service();
    let text = |more: &str| {
        format!(
            "Parameters: {{Stage: {{Type: String}}}}\n{BUCKET}{more}Outputs:\n  Stage: {{Value: !Sub 'is ${{Stage}}'}}\n"
        )
    };
    let first = StackInput::new("shop", text("")).with_parameter("Stage", "not-a-real-token");
    assert!(!format!("{first:?}").contains("not-a-real-token"));
    let stack = deployer.deploy(&first, &|_| {}).await.unwrap().stack.unwrap();
    assert_eq!(stack.outputs["Stage"], "is not-a-real-token");
    let same = StackInput::new("shop", text("")).with_previous("Stage");
    assert_eq!(deployer.deploy(&same, &|_| {}).await.unwrap().change, Change::Nothing);
    let next = StackInput::new("shop", text("  Topic: {Type: 'AWS::SNS::Topic', DeletionPolicy: Retain}\n"))
        .with_previous("Stage");
    assert_eq!(deployer.deploy(&next, &|_| {}).await.unwrap().change, Change::Updated);
    let id = stacks.describe("shop").await.unwrap().id;
    deployer.delete("shop", &|_| {}).await.unwrap();
    // By its id it can still be looked at.
    assert_eq!(stacks.describe(&id).await.unwrap().status, "DELETE_COMPLETE");
    let events = stacks.events(&id, None).await.unwrap();
    assert!(events.iter().any(|event| event.logical_id == "Topic" && event.status == "DELETE_SKIPPED"));
}

/// A service that forgets what it was asked a moment ago, is throttled, and repeats old news.
#[derive(Default)]
struct Slow {
    asked: Mutex<usize>,
}

fn event(id: &str, logical: &str, status: &str) -> StackEvent {
    let kind = if logical == "shop" { "AWS::CloudFormation::Stack" } else { "AWS::S3::Bucket" };
    let physical = if logical == "shop" { "arn:shop" } else { "x" };
    StackEvent::new(id, SystemTime::UNIX_EPOCH, logical, kind, status).with_physical_id(physical)
}

#[async_trait]
impl Stacks for Slow {
    async fn create(&self, _: &StackInput) -> Result<String, CallError> {
        Ok("arn:shop".to_owned())
    }

    async fn update(&self, _: &StackInput) -> Result<String, CallError> {
        Err(CallError::unsupported("UpdateStack"))
    }

    async fn delete(&self, _: &str) -> Result<(), CallError> {
        Err(CallError::unsupported("DeleteStack"))
    }

    async fn describe(&self, _: &str) -> Result<Stack, CallError> {
        Ok(Stack::new("arn:shop", "shop", "CREATE_COMPLETE"))
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>, CallError> {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        match *asked {
            1 => Err(CallError::service(
                "DescribeStackEvents",
                "ValidationError",
                format!("Stack [{stack}] does not exist"),
            )),
            2 => Err(CallError::service("DescribeStackEvents", "Throttling", "Rate exceeded")),
            3 => Ok(vec![event("1", "shop", "CREATE_IN_PROGRESS")]),
            4 => {
                assert_eq!(after, Some("1"));
                Ok(Vec::new())
            }
            5 => Err(CallError::new("DescribeStackEvents", Fault::Connection)),
            _ => Ok(vec![event("2", "shop", "CREATE_COMPLETE")]),
        }
    }
}

#[tokio::test]
async fn a_service_that_stutters_is_followed_to_the_end() {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    let deployer = StackDeployer::new(Arc::new(Slow::default()), clock, Arc::new(SequenceIds::new(8)));
    let created = deployer.create(&StackInput::new("shop", BUCKET), &|_| {}).await.unwrap();
    assert_eq!(created.change, Change::Created);
}

#[test]
fn only_the_stacks_own_events_end_an_operation() {
    let mut follow = Follow::new("arn:shop", None);
    // A nested stack of the same type, and resources.
    let nested =
        StackEvent::new("1", SystemTime::UNIX_EPOCH, "Nested", "AWS::CloudFormation::Stack", "CREATE_COMPLETE")
            .with_physical_id("arn:nested");
    assert_eq!(follow.step(&[nested, event("2", "Bucket", "CREATE_COMPLETE")]), Verdict::Waiting);
    let cancelled = event("3", "Other", "CREATE_FAILED").with_reason("Resource creation cancelled");
    let failed = event("4", "Bucket", "CREATE_FAILED").with_reason("it is there already");
    assert_eq!(follow.step(&[cancelled, failed.clone()]), Verdict::Waiting);
    for status in
        ["ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"]
    {
        assert_eq!(follow.step(&[event("5", "shop", status)]), Verdict::Waiting, "{status}");
    }
    for status in [
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "CREATE_FAILED",
        "UPDATE_FAILED",
        "DELETE_FAILED",
        "IMPORT_ROLLBACK_COMPLETE",
    ] {
        let verdict = follow.clone().step(&[event("6", "shop", status)]);
        assert_eq!(verdict, Verdict::Failed { status: status.to_owned(), cause: Some(failed.clone()) });
    }
    for status in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"] {
        assert_eq!(follow.clone().step(&[event("6", "shop", status)]), Verdict::Succeeded, "{status}");
    }
    assert_eq!(follow.last(), Some("5"));
}

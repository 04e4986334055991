//! Change sets: what they show, what takes their place, and what becomes of them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_call::{CallError, ManualClock, SequenceIds};
use pipeline_model::stacks::memory::MemoryStacks;
use pipeline_model::stacks::{
    Change, ChangeSet, ChangeSetInput, ChangeSets, StackDeployer, StackError, StackInput, Stacks, conformance,
};

const BUCKET: &str = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\n";
const TWO: &str = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: shop}}\n  Topic: {Type: 'AWS::SNS::Topic'}\n";

fn service() -> (Arc<MemoryStacks>, StackDeployer) {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    let service = Arc::new(MemoryStacks::new(Arc::clone(&clock), SequenceIds::new(7)));
    let deployer = StackDeployer::new(Arc::clone(&service) as _, clock, Arc::new(SequenceIds::new(8)));
    (service, deployer)
}

fn shop(template: &str) -> StackInput {
    StackInput::new("shop", template)
}

#[tokio::test]
async fn the_memory_service_conforms() {
    let (service, deployer) = service();
    assert_eq!(conformance::change_sets(&service, &deployer, &shop(BUCKET), &shop(TWO)).await, Ok(()));
}

#[tokio::test]
async fn a_change_set_says_what_it_would_do_and_is_what_is_done() {
    let (service, deployer) = service();
    deployer.create(&shop(BUCKET), &|_| {}).await.unwrap();
    let prepared = deployer.prepare(&*service, &shop(TWO), "next").await.unwrap();
    let shown: Vec<String> = prepared.changes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["Modify Bucket (AWS::S3::Bucket)", "Add Topic (AWS::SNS::Topic)"]);
    assert_eq!(service.describe("shop").await.unwrap().status, "CREATE_COMPLETE", "nothing was done yet");

    let seen = Mutex::new(Vec::new());
    let executed = deployer
        .execute(&*service, "shop", "next", &|event| seen.lock().unwrap().push(event.to_string()))
        .await
        .unwrap();
    assert_eq!((executed.change, executed.stack.unwrap().status.as_str()), (Change::Updated, "UPDATE_COMPLETE"));
    assert_eq!(seen.lock().unwrap()[0], "shop (AWS::CloudFormation::Stack) UPDATE_IN_PROGRESS: User Initiated");
    // An executed one is gone, and cannot be executed twice.
    let again = deployer.execute(&*service, "shop", "next", &|_| {}).await.unwrap_err();
    assert!(again.to_string().contains("ChangeSet [next] does not exist"), "{again}");
    let removed = deployer.prepare(&*service, &shop(BUCKET), "back").await.unwrap();
    assert_eq!(removed.changes.last().unwrap().to_string(), "Remove Topic (AWS::SNS::Topic)");
}

#[tokio::test]
async fn a_later_one_takes_the_place_of_an_earlier_one() {
    let (service, deployer) = service();
    let first = deployer.prepare(&*service, &shop(TWO), "next").await.unwrap();
    // The stack was only ever reviewed, so that the next change set creates it too.
    let second = deployer.prepare(&*service, &shop(BUCKET), "next").await.unwrap();
    assert_eq!((first.changes.len(), second.changes.len()), (2, 1));
    assert!(service.describe_change_set("shop", &first.id).await.is_err());
    let executed = deployer.execute(&*service, "shop", "next", &|_| {}).await.unwrap();
    assert_eq!((executed.change, executed.stack.unwrap().status.as_str()), (Change::Created, "CREATE_COMPLETE"));
}

#[tokio::test]
async fn what_cannot_be_prepared_or_executed_is_told() {
    let (service, deployer) = service();
    // One that is still being computed.
    service.create_change_set(&ChangeSetInput::new(shop(BUCKET), "early").creating()).await.unwrap();
    let error = service.execute_change_set("shop", "early", "once").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidChangeSetStatus"), "{error}");
    let update = service.create_change_set(&ChangeSetInput::new(shop(BUCKET), "update")).await.unwrap_err();
    assert!(update.to_string().contains("REVIEW_IN_PROGRESS"), "{update}");
    deployer.execute(&*service, "shop", "early", &|_| {}).await.unwrap();
    let twice = service.create_change_set(&ChangeSetInput::new(shop(BUCKET), "twice").creating()).await.unwrap_err();
    assert!(twice.to_string().contains("already exists and cannot be created again"), "{twice}");

    // A stack that somebody is at.
    service.update(&shop(TWO)).await.unwrap();
    let busy = deployer.prepare(&*service, &shop(BUCKET), "next").await.unwrap_err();
    assert!(matches!(busy, StackError::Busy { .. }), "{busy}");
}

/// A service whose change sets somebody deletes as soon as they are there.
struct Deleted(Arc<MemoryStacks>);

#[async_trait]
impl ChangeSets for Deleted {
    async fn create_change_set(&self, input: &ChangeSetInput) -> Result<String, CallError> {
        self.0.create_change_set(input).await
    }

    async fn describe_change_set(&self, _: &str, name: &str) -> Result<ChangeSet, CallError> {
        Ok(ChangeSet::new(name, "stack", "DELETE_COMPLETE"))
    }

    async fn execute_change_set(&self, _: &str, _: &str, _: &str) -> Result<(), CallError> {
        panic!("it is gone")
    }

    async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), CallError> {
        self.0.delete_change_set(stack, name).await
    }
}

#[tokio::test]
async fn one_that_is_gone_is_not_prepared() {
    let (service, deployer) = service();
    let error = deployer.prepare(&Deleted(service), &shop(BUCKET), "next").await.unwrap_err();
    assert_eq!(error.to_string(), "change set `next` of stack `shop` failed: it is in DELETE_COMPLETE");
}

//! `pipeline_model::stacks::sdk::CloudFormation`, and the deployer over it. Moto makes a stack before it answers.

use std::sync::Arc;

use aws_call::{ManualClock, SequenceIds};
use aws_sdk_cloudformation::Client;
use pipeline_model::stacks::{
    Change, ChangeSetInput, ChangeSets, StackDeployer, StackInput, Stacks, is_missing, sdk::CloudFormation,
};

use crate::server::{Moto, is_refused};

const BUCKET: &str = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\nOutputs:\n  Bucket: {Value: !Ref Bucket}\n";

fn deployer(moto: &Moto) -> (Arc<CloudFormation>, StackDeployer) {
    let stacks = Arc::new(CloudFormation::new(Client::new(&moto.config())));
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
    (Arc::clone(&stacks), StackDeployer::new(stacks, clock, Arc::new(SequenceIds::new(1))))
}

#[tokio::test]
async fn a_stack_comes_and_goes() {
    let moto = Moto::start();
    let (stacks, deployer) = deployer(&moto);
    assert!(is_missing(&stacks.describe("shop").await.unwrap_err()));
    let created = deployer.deploy(&StackInput::new("shop", BUCKET).with_tag("team", "shop"), &|_| {}).await.unwrap();
    assert_eq!(created.change, Change::Created);
    let stack = created.stack.unwrap();
    assert_eq!((stack.name.as_str(), stack.status.as_str()), ("shop", "CREATE_COMPLETE"));
    assert!(stack.id.starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/shop/"), "{}", stack.id);
    assert!(stack.outputs.contains_key("Bucket"));
    is_refused(stacks.create(&StackInput::new("shop", BUCKET)).await, "CreateStack", "AlreadyExistsException");

    let next = BUCKET.replace("Outputs:", "  Topic: {Type: 'AWS::SNS::Topic'}\nOutputs:");
    let updated = deployer.deploy(&StackInput::new("shop", next), &|_| {}).await.unwrap();
    assert_eq!((updated.change, updated.stack.unwrap().status.as_str()), (Change::Updated, "UPDATE_COMPLETE"));

    assert_eq!(deployer.delete("shop", &|_| {}).await.unwrap().change, Change::Deleted);
    assert!(is_missing(&stacks.describe("shop").await.unwrap_err()));
    assert_eq!(deployer.delete("shop", &|_| {}).await.unwrap().change, Change::Nothing);
}

#[tokio::test]
async fn change_sets_create_and_update_a_stack() {
    let moto = Moto::start();
    let (stacks, deployer) = deployer(&moto);
    let prepared = deployer.prepare(&*stacks, &StackInput::new("shop", BUCKET), "release").await.unwrap();
    let shown: Vec<String> = prepared.changes.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["Add Bucket (AWS::S3::Bucket)"]);
    assert_eq!(stacks.describe("shop").await.unwrap().status, "REVIEW_IN_PROGRESS");
    let executed = deployer.execute(&*stacks, "shop", "release", &|_| {}).await.unwrap();
    assert_eq!((executed.change, executed.stack.unwrap().status.as_str()), (Change::Created, "CREATE_COMPLETE"));
    stacks.delete_change_set("shop", "release").await.unwrap();
    assert!(is_missing(&stacks.describe_change_set("shop", "release").await.unwrap_err()));
    let next = BUCKET.replace("Outputs:", "  Topic: {Type: 'AWS::SNS::Topic'}\nOutputs:");
    // Not by `prepare`: moto breaks down when it is to delete a change set that it does not have.
    let id = stacks.create_change_set(&ChangeSetInput::new(StackInput::new("shop", next), "next")).await.unwrap();
    let prepared = stacks.describe_change_set("shop", &id).await.unwrap();
    let shown: Vec<String> = prepared.changes.iter().map(ToString::to_string).collect();
    // It also calls every resource that stays modified.
    assert!(shown.contains(&"Add Topic (AWS::SNS::Topic)".to_owned()), "{shown:?}");
    let executed = deployer.execute(&*stacks, "shop", "next", &|_| {}).await.unwrap();
    assert_eq!((executed.change, executed.stack.unwrap().status.as_str()), (Change::Updated, "UPDATE_COMPLETE"));
}

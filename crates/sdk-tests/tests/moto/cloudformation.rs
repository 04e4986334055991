//! `pipeline_model::stacks::sdk::CloudFormation`, and the deployer over it. Moto makes a stack before it answers.

use std::sync::Arc;

use aws_call::{ManualClock, SequenceIds};
use aws_sdk_cloudformation::Client;
use pipeline_model::stacks::{Change, StackDeployer, StackInput, Stacks, is_missing, sdk::CloudFormation};

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

//! `pipeline_model::stacks::sdk::CloudFormation`, which speaks the Query protocol: forms there, XML back.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_call::Fault;
use aws_sdk_cloudformation::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use pipeline_model::stacks::{
    ChangeSetInput, ChangeSets as _, Stack, StackEvent, StackInput, Stacks as _, is_missing, nothing_to_update,
    sdk::CloudFormation,
};

use crate::wire;

const ID: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb";

type Form = BTreeMap<String, String>;

fn cloudformation(answers: impl IntoIterator<Item = HttpResponse>) -> (CloudFormation, Arc<Mutex<Vec<Form>>>) {
    let answers: Mutex<VecDeque<HttpResponse>> = Mutex::new(answers.into_iter().collect());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let http = wire::http(move |request| {
        assert_eq!(request.headers().get("content-type"), Some("application/x-www-form-urlencoded"));
        seen.lock().unwrap().push(form(request.body().bytes().unwrap()));
        Ok(answers.lock().unwrap().pop_front().expect("no more requests than answers"))
    });
    let config = Config::builder().with_test_defaults_v2().http_client(http).build();
    (CloudFormation::new(Client::from_conf(config)), asked)
}

/// The fields of a form.
fn form(body: &[u8]) -> Form {
    let text = std::str::from_utf8(body).unwrap();
    let fields = text.split('&').filter_map(|field| field.split_once('='));
    fields.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> Form {
    let version = ("Version".to_owned(), "2010-05-15".to_owned());
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).chain([version]).collect()
}

/// The answer of an operation.
fn ok(operation: &str, result: &str) -> HttpResponse {
    let body = format!(
        "<{operation}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{operation}Response>",
        wire::REQUEST_ID
    );
    wire::response(200, body)
}

fn refused(code: &str, message: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        wire::REQUEST_ID
    );
    wire::response(400, body)
}

fn input() -> StackInput {
    StackInput::new("shop", "Resources: {}")
        .with_parameter("Token", "not-a-real-token")
        .with_previous("Stage")
        .with_capability("CAPABILITY_IAM")
        .with_tag("team", "shop")
        .with_role("arn:aws:iam::123456789012:role/stacks")
        .with_client_request_token("once")
}

/// What a stack that should be is on the wire.
fn written(operation: &str) -> Form {
    fields(&[
        ("Action", operation),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("ClientRequestToken", "once"),
        ("Parameters.member.1.ParameterKey", "Stage"),
        ("Parameters.member.1.UsePreviousValue", "true"),
        ("Parameters.member.2.ParameterKey", "Token"),
        ("Parameters.member.2.ParameterValue", "not-a-real-token"),
        ("RoleARN", "arn:aws:iam::123456789012:role/stacks"),
        ("StackName", "shop"),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "shop"),
        ("TemplateBody", "Resources: {}"),
    ])
}

#[tokio::test(start_paused = true)]
async fn create_is_sent_again_as_it_was() {
    let (stacks, asked) = cloudformation([wire::unavailable(), ok("CreateStack", &format!("<StackId>{ID}</StackId>"))]);
    assert_eq!(stacks.create(&input()).await.unwrap(), ID);
    assert_eq!(*asked.lock().unwrap(), [written("CreateStack"), written("CreateStack")]);
}

#[tokio::test]
async fn create_refused() {
    let exists = "Stack [shop] already exists";
    let (stacks, _) = cloudformation([
        refused("AlreadyExistsException", exists),
        refused("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        ok("CreateStack", ""),
    ]);
    let error = stacks.create(&input()).await.unwrap_err();
    assert_eq!(wire::refused(&error, "CreateStack", "AlreadyExistsException", exists), Fault::AlreadyExists);
    assert!(!format!("{error:?} {error}").contains("not-a-real-token"));
    let error = stacks.create(&input()).await.unwrap_err();
    assert_eq!(error.code(), Some("InsufficientCapabilitiesException"));
    // An answer without an id is no success.
    assert_eq!(stacks.create(&input()).await.unwrap_err().fault(), Fault::Other);
}

#[tokio::test]
async fn update() {
    let nothing = "No updates are to be performed.";
    let (stacks, asked) =
        cloudformation([ok("UpdateStack", &format!("<StackId>{ID}</StackId>")), refused("ValidationError", nothing)]);
    assert_eq!(stacks.update(&input()).await.unwrap(), ID);
    let error = stacks.update(&input()).await.unwrap_err();
    wire::refused(&error, "UpdateStack", "ValidationError", nothing);
    assert!(nothing_to_update(&error) && !is_missing(&error));
    assert_eq!(asked.lock().unwrap()[0], written("UpdateStack"));
    // Without tags nothing is said of them.
    let (stacks, asked) = cloudformation([ok("UpdateStack", &format!("<StackId>{ID}</StackId>"))]);
    stacks.update(&StackInput::new("shop", "{}")).await.unwrap();
    let sent = asked.lock().unwrap()[0].clone();
    assert!(sent.keys().all(|key| !key.starts_with("Tags")), "{sent:?}");
}

#[tokio::test]
async fn delete() {
    let (stacks, asked) =
        cloudformation([ok("DeleteStack", ""), refused("ValidationError", "Stack [shop] cannot be deleted")]);
    stacks.delete(ID).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [fields(&[("Action", "DeleteStack"), ("StackName", ID)])]);
    assert_eq!(stacks.delete(ID).await.unwrap_err().operation(), "DeleteStack");
}

#[tokio::test]
async fn describe() {
    let answer = format!(
        "<Stacks><member><StackId>{ID}</StackId><StackName>shop</StackName><CreationTime>2026-11-21T10:00:00Z</CreationTime>\
         <StackStatus>STATUS_OF_TOMORROW</StackStatus><StackStatusReason>why not</StackStatusReason><Outputs><member>\
         <OutputKey>Bucket</OutputKey><OutputValue>artifacts</OutputValue></member></Outputs></member></Stacks>"
    );
    let missing = "Stack with id shop does not exist";
    let (stacks, asked) = cloudformation([
        ok("DescribeStacks", &answer),
        refused("ValidationError", missing),
        ok("DescribeStacks", "<Stacks/>"),
    ]);
    let mut expected = Stack::new(ID, "shop", "STATUS_OF_TOMORROW");
    expected.reason = Some("why not".to_owned());
    expected.outputs.insert("Bucket".to_owned(), "artifacts".to_owned());
    assert_eq!(stacks.describe("shop").await.unwrap(), expected);
    let error = stacks.describe("shop").await.unwrap_err();
    wire::refused(&error, "DescribeStacks", "ValidationError", missing);
    assert!(is_missing(&error));
    assert_eq!(stacks.describe("shop").await.unwrap_err().fault(), Fault::Other);
    assert_eq!(asked.lock().unwrap()[0], fields(&[("Action", "DescribeStacks"), ("StackName", "shop")]));
}

#[tokio::test]
async fn events_come_in_the_order_of_time_from_where_they_were_left() {
    let member = |id: &str, second: u32, reason: &str| {
        format!(
            "<member><StackId>{ID}</StackId><EventId>{id}</EventId><StackName>shop</StackName><LogicalResourceId>Bucket</LogicalResourceId>\
             <PhysicalResourceId>b</PhysicalResourceId><ResourceType>AWS::S3::Bucket</ResourceType><Timestamp>1970-01-01T00:00:{second:02}Z</Timestamp>\
             <ResourceStatus>CREATE_COMPLETE</ResourceStatus>{reason}</member>"
        )
    };
    let page = |members: &[String], token: &str| {
        ok("DescribeStackEvents", &format!("<StackEvents>{}</StackEvents>{token}", members.concat()))
    };
    let event = |id: &str, second: f64| {
        StackEvent::new(id, wire::at(second), "Bucket", "AWS::S3::Bucket", "CREATE_COMPLETE").with_physical_id("b")
    };
    let reason = "<ResourceStatusReason>so it is</ResourceStatusReason>";
    let first = || page(&[member("e4", 4, reason), member("e3", 3, "")], "<NextToken>more</NextToken>");
    let (stacks, asked) = cloudformation([first(), page(&[member("e2", 2, ""), member("e1", 1, "")], "")]);
    let all = stacks.events("shop", None).await.unwrap();
    assert_eq!(all, [event("e1", 1.0), event("e2", 2.0), event("e3", 3.0), event("e4", 4.0).with_reason("so it is")]);
    assert_eq!(asked.lock().unwrap()[1].get("NextToken").map(String::as_str), Some("more"));
    // What was seen is not asked for again.
    let (stacks, asked) = cloudformation([first()]);
    assert_eq!(stacks.events("shop", Some("e3")).await.unwrap(), all[3..]);
    assert_eq!(asked.lock().unwrap().len(), 1);
    let (stacks, _) = cloudformation([refused("ValidationError", "Stack [shop] does not exist")]);
    assert!(is_missing(&stacks.events("shop", None).await.unwrap_err()));
}

const CHANGE_SET: &str =
    "arn:aws:cloudformation:us-east-1:123456789012:changeSet/release/aaaaaaaa-2222-4222-8333-bbbbbbbbbbbb";

#[tokio::test(start_paused = true)]
async fn a_change_set_is_asked_for_again_as_it_was() {
    let answer = || ok("CreateChangeSet", &format!("<Id>{CHANGE_SET}</Id><StackId>{ID}</StackId>"));
    let (stacks, asked) = cloudformation([wire::unavailable(), answer(), answer(), ok("CreateChangeSet", "")]);
    let update = ChangeSetInput::new(input(), "release");
    assert_eq!(stacks.create_change_set(&update).await.unwrap(), CHANGE_SET);
    stacks.create_change_set(&update.clone().creating()).await.unwrap();
    // Without its id it cannot be looked at.
    assert_eq!(stacks.create_change_set(&update).await.unwrap_err().fault(), Fault::Other);
    let asked = asked.lock().unwrap();
    let mut expected = written("CreateChangeSet");
    expected.remove("ClientRequestToken");
    expected.extend(fields(&[("ChangeSetName", "release"), ("ChangeSetType", "UPDATE"), ("ClientToken", "once")]));
    assert_eq!((&asked[0], &asked[1]), (&expected, &expected));
    assert_eq!(asked[2].get("ChangeSetType").map(String::as_str), Some("CREATE"));
}

#[tokio::test]
async fn the_changes_of_all_pages_are_shown() {
    let change = |action: &str, id: &str, more: &str| {
        format!(
            "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action><LogicalResourceId>{id}</LogicalResourceId>\
             <ResourceType>AWS::S3::Bucket</ResourceType>{more}</ResourceChange></member>"
        )
    };
    let page = |changes: &str, token: &str| {
        ok(
            "DescribeChangeSet",
            &format!(
                "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{ID}</StackId><Status>CREATE_COMPLETE</Status>\
                 <Changes>{changes}</Changes>{token}"
            ),
        )
    };
    let first = change("Add", "New", "") + &change("Modify", "Moved", "<Replacement>True</Replacement>");
    let second = change("Modify", "Perhaps", "<Replacement>Conditional</Replacement>")
        + &change("Modify", "Stays", "<Replacement>False</Replacement>");
    let (stacks, asked) =
        cloudformation([page(&first, "<NextToken>more</NextToken>"), page(&second, ""), ok("DescribeChangeSet", "")]);
    let set = stacks.describe_change_set("shop", "release").await.unwrap();
    assert_eq!((set.id.as_str(), set.stack_id.as_str(), set.status.as_str()), (CHANGE_SET, ID, "CREATE_COMPLETE"));
    let shown: Vec<String> = set.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "Add New (AWS::S3::Bucket)",
            "Modify Moved (AWS::S3::Bucket), replaced",
            "Modify Perhaps (AWS::S3::Bucket), perhaps replaced",
            "Modify Stays (AWS::S3::Bucket)",
        ]
    );
    assert_eq!(asked.lock().unwrap()[1].get("NextToken").map(String::as_str), Some("more"));
    assert_eq!(stacks.describe_change_set("shop", "release").await.unwrap_err().fault(), Fault::Other);
}

#[tokio::test]
async fn nothing_to_change_is_told_from_a_failure() {
    let answer = |reason: &str| {
        ok(
            "DescribeChangeSet",
            &format!(
                "<ChangeSetId>{CHANGE_SET}</ChangeSetId><StackId>{ID}</StackId><Status>FAILED</Status>\
                 <StatusReason>{reason}</StatusReason>"
            ),
        )
    };
    let empty =
        "The submitted information didn't contain changes. Submit different information to create a change set.";
    let (stacks, _) =
        cloudformation([answer(empty), answer("No updates are to be performed."), answer("Transform failed")]);
    for expected in [true, true, false] {
        assert_eq!(stacks.describe_change_set("shop", "release").await.unwrap().is_empty(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_set_is_executed_once_and_deleted() {
    let (stacks, asked) = cloudformation([
        wire::unavailable(),
        ok("ExecuteChangeSet", ""),
        ok("DeleteChangeSet", ""),
        refused("ChangeSetNotFound", "ChangeSet [release] does not exist"),
    ]);
    stacks.execute_change_set(ID, CHANGE_SET, "once").await.unwrap();
    stacks.delete_change_set(ID, "release").await.unwrap();
    let missing = stacks.execute_change_set(ID, "release", "twice").await.unwrap_err();
    wire::refused(&missing, "ExecuteChangeSet", "ChangeSetNotFound", "ChangeSet [release] does not exist");
    let executed = fields(&[
        ("Action", "ExecuteChangeSet"),
        ("ChangeSetName", CHANGE_SET),
        ("ClientRequestToken", "once"),
        ("StackName", ID),
    ]);
    let deleted = fields(&[("Action", "DeleteChangeSet"), ("ChangeSetName", "release"), ("StackName", ID)]);
    assert_eq!(asked.lock().unwrap()[..3], [executed.clone(), executed, deleted]);
}

//! The test-suite for what others add: an implementation of [`Stacks`] or [`ChangeSets`].
//!
//! Not a stable part of the API: a new version may ask for more.

use std::sync::Arc;

use aws_call::{Clock, IdSource};

use super::{Change, ChangeSets, StackDeployer, StackInput, Stacks, is_missing, nothing_to_update};
use crate::conformance::Failures;

/// Tests a service with a stack that must not exist in it yet: it is created, updated to `next`, and deleted.
///
/// `input` and `next` must be good, of one name, and differ in a resource.
///
/// # Errors
/// Everything that does not hold.
pub async fn stacks(
    client: Arc<dyn Stacks>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    input: &StackInput,
    next: &StackInput,
) -> Result<(), Failures> {
    let mut failures = Failures::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            failures.push(what.to_owned());
        }
    };
    let name = input.name.as_str();
    let deployer = StackDeployer::new(Arc::clone(&client), clock, ids);
    expect(
        client.describe(name).await.is_err_and(|error| is_missing(&error)),
        "a stack that does not exist is missing",
    );
    expect(
        client.update(input).await.is_err_and(|error| is_missing(&error)),
        "a stack that does not exist cannot be updated",
    );
    expect(client.delete(name).await.is_ok(), "a stack that does not exist can be deleted");
    let created = deployer.deploy(input, &|_| {}).await;
    expect(
        created.as_ref().is_ok_and(|created| {
            created.change == Change::Created
                && created.stack.as_ref().is_some_and(|stack| stack.status == "CREATE_COMPLETE")
        }),
        "a stack is created",
    );
    let code = client.create(input).await.err().and_then(|error| error.code().map(str::to_owned));
    expect(code.as_deref() == Some("AlreadyExistsException"), "a name cannot be used twice");
    expect(client.update(input).await.is_err_and(|error| nothing_to_update(&error)), "an update to the same is none");
    let updated = deployer.deploy(next, &|_| {}).await;
    expect(
        updated.as_ref().is_ok_and(|updated| {
            updated.change == Change::Updated
                && updated.stack.as_ref().is_some_and(|stack| stack.status == "UPDATE_COMPLETE")
        }),
        "a stack is updated",
    );
    let events = client.events(name, None).await.unwrap_or_default();
    expect(events.is_sorted_by_key(|event| event.at), "events come in the order of time");
    let after = events.first().map(|event| event.id.as_str());
    let later = client.events(name, after).await.unwrap_or_default();
    expect(!events.is_empty() && later == events[1..], "events behind one are those behind it");
    let deleted = deployer.delete(name, &|_| {}).await;
    expect(deleted.is_ok_and(|deleted| deleted.change == Change::Deleted), "a stack is deleted");
    expect(client.describe(name).await.is_err_and(|error| is_missing(&error)), "a deleted stack is missing");
    let again = deployer.delete(name, &|_| {}).await;
    expect(again.is_ok_and(|again| again.change == Change::Nothing), "a deleted stack is deleted already");
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Tests change sets with a stack that must not exist yet: it is created through one, updated to `next` through another, and
/// deleted. `deployer` stands on the same service.
///
/// `input` and `next` must be good, of one name, and differ in a resource.
///
/// # Errors
/// Everything that does not hold.
pub async fn change_sets(
    client: &dyn ChangeSets,
    deployer: &StackDeployer,
    input: &StackInput,
    next: &StackInput,
) -> Result<(), Failures> {
    let mut failures = Failures::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            failures.push(what.to_owned());
        }
    };
    let name = input.name.as_str();
    for (stack, change) in [(input, Change::Created), (next, Change::Updated)] {
        let prepared = deployer.prepare(client, stack, "conformance").await;
        expect(prepared.is_ok_and(|prepared| !prepared.changes.is_empty()), "a change set shows its changes");
        let again = deployer.prepare(client, stack, "conformance").await;
        expect(again.is_ok_and(|again| !again.changes.is_empty()), "a change set takes another one's place");
        let executed = deployer.execute(client, name, "conformance", &|_| {}).await;
        expect(executed.is_ok_and(|executed| executed.change == change), "a change set is executed");
    }
    let same = deployer.prepare(client, next, "same").await;
    expect(same.is_ok_and(|same| same.changes.is_empty()), "nothing to do is no failure");
    let executed = deployer.execute(client, name, "same", &|_| {}).await;
    expect(executed.is_ok_and(|executed| executed.change == Change::Nothing), "nothing to do is done already");
    expect(client.delete_change_set(name, "same").await.is_ok(), "a change set can be deleted");
    expect(client.delete_change_set(name, "same").await.is_ok(), "one that does not exist can be deleted too");
    let found = client.describe_change_set(name, "same").await.err();
    expect(found.is_some_and(|error| error.code() == Some("ChangeSetNotFound")), "a deleted change set is not found");
    expect(deployer.delete(name, &|_| {}).await.is_ok(), "the stack is deleted");
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

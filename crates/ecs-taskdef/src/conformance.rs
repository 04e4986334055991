//! What every backend of [`TaskDefinitions`] and [`Services`] must do: run it against yours.
//!
//! Part of the feature `conformance`: it may change in any release. The functions panic with what is wrong, as tests do.

use aws_call::{Clock, Fault, IdSource};
use serde_json::json;

use crate::client::{
    CreateService, ListRevisions, Registered, RolloutState, ServiceId, ServiceSnapshot, Services, TaskDefinitions,
    UpdateService, short_name,
};
use crate::{Body, canonical};

fn body(family: &str, image: &str) -> Body {
    let json = json!({
        "family": family,
        "containerDefinitions": [{ "name": "app", "image": image, "memory": 64 }],
        "tags": [{ "key": "made-by", "value": "conformance" }],
    });
    match Body::from_json(json) {
        Ok(body) => body,
        Err(error) => panic!("the suite's own task definition is wrong: {error}"),
    }
}

/// Registers, describes, lists and deregisters revisions of a family of its own.
///
/// # Panics
/// If the backend does not do what it must.
pub async fn task_definitions(backend: &dyn TaskDefinitions, ids: &dyn IdSource) {
    let family = format!("conformance-{}", ids.hex(12));
    let unknown = backend.describe(&family).await;
    assert!(unknown.is_err(), "describing a family that does not exist must fail, but gives {unknown:?}");

    let first = registered(backend, &body(&family, "app:1")).await;
    let second = registered(backend, &body(&family, "app:2")).await;
    assert_eq!(first.family, family, "the answer names the family");
    assert!(second.revision > first.revision, "revisions count upwards: {} then {}", first.revision, second.revision);
    assert_eq!(Registered::parse(&second.arn), Some(second.clone()), "the ARN names family and revision");

    for id in [family.clone(), second.short_name(), second.arn.clone()] {
        let described = match backend.describe(&id).await {
            Ok(described) => described,
            Err(error) => panic!("`{id}` is registered, but: {error}"),
        };
        assert_eq!(
            described["taskDefinition"]["taskDefinitionArn"],
            json!(second.arn),
            "`{id}` is the newest revision"
        );
        assert_eq!(described["taskDefinition"]["status"], json!("ACTIVE"));
        assert!(
            canonical::equal(&described, body(&family, "app:2").as_json()),
            "what is described means what was registered, tags included: {described}"
        );
    }

    let refused =
        Body::from_json(json!({ "family": family, "containerDefinitions": [{ "name": "app", "memory": 64 }] }));
    if let Ok(refused) = refused {
        let refused = backend.register(&refused).await;
        assert!(refused.is_err(), "a container without an image must be refused, but gives {refused:?}");
    }

    lists(backend, &family, &[&second, &first], &[]).await;
    if let Err(error) = backend.deregister(&first.arn).await {
        assert_eq!(error.fault(), Fault::Unsupported, "deregistering: {error}");
        return;
    }
    lists(backend, &family, &[&second], &[&first]).await;
    match backend.describe(&first.arn).await {
        Ok(described) => assert_eq!(described["taskDefinition"]["status"], json!("INACTIVE")),
        Err(error) => panic!("a deregistered revision can still be described: {error}"),
    }
    // Leaves nothing active behind.
    if let Err(error) = backend.deregister(&second.arn).await {
        panic!("deregistering the newest revision: {error}");
    }
}

async fn registered(backend: &dyn TaskDefinitions, body: &Body) -> Registered {
    match backend.register(body).await {
        Ok(registered) => registered,
        Err(error) => panic!("a sound task definition is refused: {error}"),
    }
}

async fn lists(backend: &dyn TaskDefinitions, family: &str, active: &[&Registered], inactive: &[&Registered]) {
    for (request, wanted) in [(ListRevisions::active(family), active), (ListRevisions::inactive(family), inactive)] {
        match backend.list(&request).await {
            Ok(arns) => {
                let wanted: Vec<&str> = wanted.iter().map(|revision| revision.arn.as_str()).collect();
                assert_eq!(arns, wanted, "{} revisions, newest first", request.status);
            }
            Err(error) => assert_eq!(error.fault(), Fault::Unsupported, "listing: {error}"),
        }
    }
}

/// Creates a service of two tasks in `cluster`, moves it to another revision and waits for both rollouts on `clock`.
///
/// # Panics
/// If the backend does not do what it must.
pub async fn services<B: TaskDefinitions + Services>(
    backend: &B,
    cluster: &str,
    clock: &dyn Clock,
    ids: &dyn IdSource,
) {
    let name = format!("conformance-{}", ids.hex(12));
    let id = ServiceId::new(cluster, &name);
    match backend.describe_service(&id).await {
        Err(error) => assert_eq!(error.fault(), Fault::NotFound, "a service that does not exist: {error}"),
        Ok(snapshot) => panic!("a service that does not exist is described: {snapshot:?}"),
    }
    let first = registered(backend, &body(&name, "app:1")).await;
    let second = registered(backend, &body(&name, "app:2")).await;
    let created = match backend.create_service(&CreateService::new(id.clone(), &first.arn, 2)).await {
        Ok(created) => created,
        Err(error) => panic!("the service cannot be created: {error}"),
    };
    let old = primary(&created, &first);
    until_completed(backend, &id, &old, clock).await;

    let same = backend.update_service(&UpdateService::new(id.clone()).with_task_definition(&first.arn)).await;
    let same = same.unwrap_or_else(|error| panic!("an update that changes nothing: {error}"));
    assert_eq!(primary(&same, &first), old, "an update that changes nothing begins no deployment");

    let updated = backend.update_service(&UpdateService::new(id.clone()).with_task_definition(&second.arn)).await;
    let updated = updated.unwrap_or_else(|error| panic!("the update: {error}"));
    let new = primary(&updated, &second);
    assert_ne!(new, old, "another task definition begins another deployment");
    let done = until_completed(backend, &id, &new, clock).await;
    assert_eq!(short_name(&done.task_definition), second.short_name());
    assert_eq!((done.desired, done.running), (2, 2));

    let empty = UpdateService::new(id).with_desired(0);
    if let Err(error) = backend.update_service(&empty).await {
        panic!("scaling to nothing: {error}");
    }
}

/// The id of the PRIMARY deployment, which must be one of this revision.
fn primary(snapshot: &ServiceSnapshot, revision: &Registered) -> String {
    let Some(primary) = snapshot.primary() else { panic!("the answer shows no PRIMARY deployment: {snapshot:?}") };
    assert_eq!(short_name(&primary.task_definition), revision.short_name(), "the PRIMARY deployment's revision");
    assert!(primary.id.starts_with("ecs-svc/"), "`{}` is no deployment id", primary.id);
    primary.id.clone()
}

async fn until_completed(
    backend: &dyn Services,
    id: &ServiceId,
    deployment: &str,
    clock: &dyn Clock,
) -> ServiceSnapshot {
    for _ in 0..200 {
        let snapshot = match backend.describe_service(id).await {
            Ok(snapshot) => snapshot,
            Err(error) => panic!("the service cannot be described: {error}"),
        };
        let primary = snapshot.primary().filter(|primary| primary.id == deployment);
        let Some(primary) = primary else { panic!("{deployment} is no longer PRIMARY: {snapshot:?}") };
        if primary.state == Some(RolloutState::Completed) {
            return snapshot;
        }
        clock.sleep(std::time::Duration::from_secs(5)).await;
    }
    panic!("{deployment} was not completed in 1000 seconds")
}

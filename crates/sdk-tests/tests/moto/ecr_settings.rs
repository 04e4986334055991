//! Repositories as they should be, against moto. Left out, because moto has no such calls: pull-through cache rules and how
//! far an image is replicated.

use std::sync::Arc;

use aws_sdk_ecr::Client;
use ecr_push::{
    RepositoryName,
    client::{
        Destination, Ecr, RegistrySettings as _, Replication, ReplicationRule, RepositoryDocuments as _,
        RepositorySettings as _, TagMutability, TagRule,
    },
    repository::{Account, CountType, LifecyclePolicy, LifecycleRule, Policy, TagStatus, Wanted, ensure},
};

use crate::server::Moto;

fn shop() -> RepositoryName {
    "shop/web".parse().unwrap()
}

#[tokio::test]
async fn a_repository_is_made_and_then_changed() {
    let moto = Moto::start();
    let ecr = Arc::new(Ecr::new(Client::new(&moto.config())));
    let account = Account::new(Arc::clone(&ecr));
    let rule = LifecycleRule::expire(1, TagStatus::Untagged, CountType::SinceImagePushed, 14).in_days();
    let wanted = Wanted::new(shop())
        .with_tag_rule(TagRule::new(TagMutability::Immutable))
        .with_scan_on_push(true)
        .with_tag("team", "shop")
        .with_policy(Policy::allowing_push(["arn:aws:iam::123456789012:root"]))
        .with_lifecycle(LifecyclePolicy::new(vec![rule]));
    assert_eq!(ensure(&account, &wanted).await.unwrap().steps.len(), 3);
    let settings = ecr.settings(&shop()).await.unwrap().unwrap();
    assert_eq!(settings.tag_rule, TagRule::new(TagMutability::Immutable));
    assert!(settings.scan_on_push);
    assert_eq!(ecr.resource_tags(&settings.arn).await.unwrap()["team"], "shop");
    assert_eq!(ensure(&account, &wanted).await.unwrap().steps, []);

    // Scans cannot be turned off here: moto passes over what the SDK sends for that, an object without members.
    let other = wanted.with_tag_rule(TagRule::new(TagMutability::Mutable)).with_tag("a", "b");
    assert_eq!(ensure(&account, &other).await.unwrap().steps.len(), 2);
    assert_eq!(ensure(&account, &other).await.unwrap().steps, []);
    ecr.delete_policy(&shop()).await.unwrap();
    ecr.delete_lifecycle(&shop()).await.unwrap();
    assert_eq!((ecr.policy(&shop()).await.unwrap(), ecr.lifecycle(&shop()).await.unwrap()), (None, None));
}

#[tokio::test]
async fn replication() {
    let moto = Moto::start();
    let ecr = Ecr::new(Client::new(&moto.config()));
    assert_eq!(ecr.replication().await.unwrap(), Replication::default());
    let there = Destination::new("eu-west-1".parse().unwrap(), "123456789012".parse().unwrap());
    let wanted = Replication::new(vec![ReplicationRule::new(vec![there]).with_prefix("shop")]);
    ecr.put_replication(&wanted).await.unwrap();
    assert_eq!(ecr.replication().await.unwrap(), wanted);
}

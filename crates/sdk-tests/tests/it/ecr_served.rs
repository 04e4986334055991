//! `ecr_push::client::Ecr` over HTTP against `ecr_push`'s own registry in memory: what the adapter sends is what a service
//! with ECR's rules takes, and what it answers is understood.

use std::{sync::Arc, time::Duration};

use aws_call::{AccountId, Clock, ManualClock, SequenceIds};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use ecr_push::{
    Error, Image, ImageBuilder, ImageRef, Layer, Platform, PushOptions, PushRequest, Pusher, Silent, Verify,
    client::{
        Destination, Ecr, Encryption, HttpFault, Inspections as _, MemoryRegistry, Operation, PullThroughRule,
        RegistryServer, Replication, ReplicationRule, RequestLine, Scan, ServeOptions, TagMutability, TagRule,
    },
    conformance::{self, Subject},
    inspect::{ScanGate, ScanOutcome, wait_for_scan},
    login::Logins,
    push::TagOutcome,
    repository::{
        Account, CountType, LifecyclePolicy, LifecycleRule, Policy, TagStatus, Wanted, ensure, ensure_pull_through,
        ensure_replication,
    },
};

const MIB: usize = 1 << 20;

fn registry(mutability: TagMutability) -> MemoryRegistry {
    let account = AccountId::parse("123456789012").unwrap();
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    let region = aws_call::Region::parse("eu-central-1").unwrap();
    MemoryRegistry::new(account, &region, clock, Arc::new(SequenceIds::new(1)))
        .with_repository(&"shop/web".parse().unwrap(), mutability)
        .with_part_size(5 * MIB as u64)
}

fn ecr(server: &RegistryServer) -> Ecr {
    #[allow(deprecated, reason = "the last version that asks no proxy: what is said here stays on this machine")]
    let behaviour = BehaviorVersion::v2025_01_17();
    let config = SdkConfig::builder()
        .behavior_version(behaviour)
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .endpoint_url(server.url())
        // The push does it, and counts.
        .retry_config(RetryConfig::disabled())
        .build();
    Ecr::new(aws_sdk_ecr::Client::new(&config))
}

fn target(tag: &str) -> ImageRef {
    format!("123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web:{tag}").parse().unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto())
}

fn pusher(ecr: Ecr) -> Pusher {
    Pusher::new(Arc::new(ecr), clock(), Arc::new(SequenceIds::new(2)))
}

fn image(seed: u64) -> Image {
    let ids = SequenceIds::new(seed);
    let noise = |len: usize| -> Vec<u8> {
        (0..len / 8).flat_map(|_| aws_call::IdSource::next_u64(&ids).to_le_bytes()).collect()
    };
    let layer = |len| Layer::new().file("data", noise(len), 0o644);
    ImageBuilder::new(Platform::linux("amd64"))
        .layer(layer(11 * MIB))
        .layer(layer(1000))
        .cmd(["/data"])
        .build()
        .unwrap()
}

#[tokio::test]
async fn it_does_what_every_store_must() {
    let registry = registry(TagMutability::Mutable);
    let server = registry.serve(ServeOptions::default()).await.unwrap();
    let ids = Arc::new(SequenceIds::new(7));
    let subject = Subject { store: Arc::new(ecr(&server)), target: target("x"), clock: clock(), ids };
    conformance::all(&subject).await.unwrap();
}

#[tokio::test]
async fn a_push_in_bad_weather_arrives_whole() {
    // Cut before the second part arrives, throttled at the third, and one answer lost.
    let faults = [
        ("UploadLayerPart", 2, HttpFault::ResetAt(0)),
        ("UploadLayerPart", 4, HttpFault::TooManyRequests(None)),
        ("CompleteLayerUpload", 1, HttpFault::CutAfter),
        ("PutImage", 1, HttpFault::Status(500)),
    ];
    let calls = std::sync::Mutex::new(std::collections::BTreeMap::<String, u32>::new());
    let options = ServeOptions::default().with_faults(move |line: &RequestLine| {
        let operation = line.path.strip_prefix("/#")?;
        let mut calls = calls.lock().unwrap();
        let count = calls.entry(operation.to_owned()).or_default();
        *count += 1;
        faults.iter().find(|(on, nth, _)| *on == operation && nth == count).map(|(_, _, fault)| *fault)
    });
    let registry = registry(TagMutability::Immutable);
    let server = registry.serve(options).await.unwrap();
    let (pusher, image) = (pusher(ecr(&server)), image(1));
    let push = PushOptions::default().with_parallel_layers(1).with_verify(Verify::WhileSending);
    let report = pusher.push(&image, &PushRequest::to(&target("1")), &push, &Silent).await.unwrap();
    assert_eq!((report.retries, report.uploaded.layers), (4, 3));
    assert!(registry.contains(&target("1")));
    // What was refused before it was taken came once more, and nothing else.
    assert_eq!(registry.traffic().part_bytes, report.uploaded.bytes);
    let again = pusher.push(&image, &PushRequest::to(&target("1")), &push, &Silent).await.unwrap();
    assert_eq!((again.requests, again.tags[0].outcome), (1, TagOutcome::AlreadyThere));
    let error = pusher.push(&self::image(2), &PushRequest::to(&target("1")), &push, &Silent).await.unwrap_err();
    assert!(matches!(error, Error::TagImmutable(_)), "{error}");
}

#[tokio::test]
async fn the_token_opens_the_other_door() {
    let registry = registry(TagMutability::Mutable);
    let server = registry.serve(ServeOptions::default().with_basic_login()).await.unwrap();
    let login = ecr(&server).login().await.unwrap().unwrap();
    assert_eq!(login.user, "AWS");
    assert!(!format!("{login:?}").contains(login.password.expose()));
    let end = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + 12 * 3600);
    assert_eq!(login.expires_at, Some(end));
    assert_eq!(registry.traffic().of(Operation::GetAuthorizationToken), 1);
}

#[tokio::test]
async fn repositories_are_made_and_changed_over_http() {
    let registry = registry(TagMutability::Mutable);
    let server = registry.serve(ServeOptions::default()).await.unwrap();
    let ecr = Arc::new(ecr(&server));
    let account = Account::new(Arc::clone(&ecr));
    let rule = LifecycleRule::expire(1, TagStatus::Untagged, CountType::SinceImagePushed, 14).in_days();
    let wanted = Wanted::new("team/app".parse().unwrap())
        .with_tag_rule(TagRule::new(TagMutability::Immutable).except("latest*"))
        .with_scan_on_push(true)
        .with_encryption(Encryption::Kms(None))
        .with_tag("team", "shop")
        .with_policy(Policy::allowing_push(["123456789012"]))
        .with_lifecycle(LifecyclePolicy::new(vec![rule]));
    assert_eq!(ensure(&account, &wanted).await.unwrap().steps.len(), 3);
    assert_eq!(ensure(&account, &wanted).await.unwrap().steps, []);
    let other = wanted.clone().with_tag_rule(TagRule::default()).with_scan_on_push(false).with_tag("a", "b");
    assert_eq!(ensure(&account, &other).await.unwrap().steps.len(), 3);
    assert_eq!(ensure(&account, &other).await.unwrap().steps, []);

    let own = registry.destination().unwrap();
    let there = Destination::new("us-east-1".parse().unwrap(), own.registry_id.clone());
    let replication = Replication::new(vec![ReplicationRule::new(vec![there]).with_prefix("shop")]);
    assert!(ensure_replication(&*ecr, &own, &replication).await.unwrap());
    assert!(!ensure_replication(&*ecr, &own, &replication).await.unwrap());
    let quay = PullThroughRule::new("quay", "quay.io");
    assert!(ensure_pull_through(&*ecr, &quay).await.unwrap());
    assert!(!ensure_pull_through(&*ecr, &quay).await.unwrap());
}

#[tokio::test]
async fn a_scan_and_copies_are_waited_for_over_http() {
    let registry = registry(TagMutability::Mutable);
    let server = registry.serve(ServeOptions::default()).await.unwrap();
    let ecr = ecr(&server);
    let image = image(9);
    let request = PushRequest::to(&target("1.0"));
    pusher(ecr.clone()).push(&image, &request, &PushOptions::default(), &Silent).await.unwrap();
    let name = target("1.0").repository().clone();
    let found = Scan::new("ACTIVE").with_finding("CVE-2024-0001", "CRITICAL");
    registry.script_scan(&name, image.digest(), vec![(Duration::ZERO, found)]);
    let (clock, ids) = (clock(), SequenceIds::new(3));
    let gate = ScanGate::default().starting();
    let outcome = wait_for_scan(&ecr, &*clock, &ids, &name, image.digest(), &gate).await.unwrap();
    assert!(matches!(&outcome, ScanOutcome::Failed { exceeded, .. } if exceeded[0].found == 1), "{outcome:?}");
    assert_eq!(ecr.replicas(&name, image.digest()).await.unwrap(), []);
    assert_eq!(ecr.images(&name).await.unwrap()[0].tags, ["1.0".parse().unwrap()]);
}

//! Waits after a push: what each state of a scan comes to, when a result counts, and copies in other regions.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_call::{Backoff, ManualClock, Polling, SequenceIds};
use ecr_push::{
    Digest, Image, RepositoryName,
    client::{
        Break, Destination, Faulty, Inspections as _, MemoryRegistry, Operation, RegistrySettings as _, Replication,
        ReplicationRule, RepositorySettings as _, Scan, TagMutability, When,
    },
    inspect::{
        ReplicationOutcome, ScanGate, ScanOutcome, Severity, destinations, scannable, wait_for_replication,
        wait_for_scan,
    },
};

use crate::context::{image, push, target};

fn shop() -> RepositoryName {
    target("x").repository().clone()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A registry on a clock that goes on by itself, with one image in it.
async fn bench() -> (MemoryRegistry, ManualClock, Digest) {
    let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
    let host = target("x").registry().ecr().unwrap();
    let registry =
        MemoryRegistry::new(host.account, &host.region, Arc::new(clock.clone()), Arc::new(SequenceIds::new(1)))
            .with_repository(&shop(), TagMutability::Mutable);
    registry.put_scan_on_push(&shop(), true).await.unwrap();
    let image = image(1, &[10]);
    push(registry.clone(), &image, "1.0").await.unwrap();
    (registry, clock, image.digest())
}

async fn waited(script: Vec<(Duration, Scan)>, gate: &ScanGate) -> ScanOutcome {
    let (registry, clock, digest) = bench().await;
    registry.script_scan(&shop(), digest, script);
    wait_for_scan(&registry, &clock, &SequenceIds::new(2), &shop(), digest, gate).await.unwrap()
}

fn with_high(status: &str) -> Scan {
    Scan::new(status).with_finding("CVE-2024-0001", "HIGH")
}

#[tokio::test]
async fn each_state_comes_to_something() {
    let gate = ScanGate::default();
    for status in ["COMPLETE", "ACTIVE"] {
        let scan = Scan::new(status).with_finding("CVE-2024-0002", "LOW");
        let outcome = waited(vec![(seconds(7), scan.clone())], &gate).await;
        assert_eq!(outcome, ScanOutcome::Passed { scan });
        let ScanOutcome::Failed { exceeded, .. } = waited(vec![(seconds(7), with_high(status))], &gate).await else {
            panic!("{status}")
        };
        assert_eq!((exceeded[0].severity, exceeded[0].found, exceeded[0].most), (Severity::High, 1, 0));
    }
    for status in [
        "FAILED",
        "UNSUPPORTED_IMAGE",
        "SCAN_ELIGIBILITY_EXPIRED",
        "FINDINGS_UNAVAILABLE",
        "LIMIT_EXCEEDED",
        "IMAGE_ARCHIVED",
        "IMAGE_SIZE_EXCEEDED",
    ] {
        let outcome = waited(vec![(seconds(3), Scan::new(status))], &gate).await;
        assert_eq!(outcome, ScanOutcome::Unscannable { status: status.to_owned(), description: None });
    }
    for status in ["IN_PROGRESS", "PENDING", "TOMORROW"] {
        let outcome = waited(vec![(seconds(0), Scan::new(status))], &gate).await;
        assert_eq!(outcome, ScanOutcome::TimedOut { scan: Some(Scan::new(status)) });
    }
}

#[tokio::test]
async fn what_passes_is_waited_out_and_a_refusal_is_told() {
    let scan = Scan::new("COMPLETE").with_finding("CVE-2024-0002", "LOW");
    for how in [Break::Throttle(None), Break::Unavailable, Break::CutBefore, Break::CutAfter] {
        let (registry, clock, digest) = bench().await;
        registry.script_scan(&shop(), digest, vec![(seconds(0), scan.clone())]);
        let faulty = Faulty::new(registry).on(Operation::DescribeImageScanFindings, When::Nth(2), how).on(
            Operation::DescribeImageReplicationStatus,
            When::Nth(1),
            how,
        );
        let ids = SequenceIds::new(2);
        let outcome = wait_for_scan(&faulty, &clock, &ids, &shop(), digest, &ScanGate::default()).await.unwrap();
        assert_eq!(outcome, ScanOutcome::Passed { scan: scan.clone() }, "{how:?}");
        assert_eq!(faulty.calls(Operation::DescribeImageScanFindings), 3, "{how:?}");
        let none = BTreeSet::new();
        let copied = wait_for_replication(&faulty, &clock, &ids, &shop(), digest, &none, &Polling::default()).await;
        assert_eq!(copied.unwrap(), ReplicationOutcome::Complete(Vec::new()), "{how:?}");
        assert_eq!(faulty.calls(Operation::DescribeImageReplicationStatus), 2, "{how:?}");
    }
    let (registry, clock, digest) = bench().await;
    let denied = Faulty::new(registry).on(Operation::DescribeImageScanFindings, When::Always, Break::Deny);
    let gate = ScanGate::default();
    let error = wait_for_scan(&denied, &clock, &SequenceIds::new(2), &shop(), digest, &gate).await.unwrap_err();
    assert!(error.call().unwrap().to_string().contains("ecr:DescribeImageScanFindings"), "{error:?}");
    assert_eq!(denied.calls(Operation::DescribeImageScanFindings), 1);
}

#[tokio::test]
async fn findings_that_come_late_are_seen() {
    // Enhanced scanning says `ACTIVE` before its findings are there.
    let late =
        vec![(seconds(0), Scan::new("PENDING")), (seconds(5), Scan::new("ACTIVE")), (seconds(12), with_high("ACTIVE"))];
    let outcome = waited(late, &ScanGate::default()).await;
    assert!(matches!(outcome, ScanOutcome::Failed { .. }), "{outcome:?}");
    // They come one after the other.
    let growing = vec![
        (seconds(0), Scan::new("ACTIVE").with_finding("CVE-2024-0002", "LOW")),
        (seconds(4), with_high("ACTIVE").with_finding("CVE-2024-0002", "LOW")),
    ];
    let outcome = waited(growing, &ScanGate::default()).await;
    assert!(matches!(outcome, ScanOutcome::Failed { .. }), "{outcome:?}");
}

#[tokio::test]
async fn an_image_without_a_scan() {
    let (registry, clock, _) = bench().await;
    registry.put_scan_on_push(&shop(), false).await.unwrap();
    let second = image(2, &[10]);
    push(registry.clone(), &second, "2.0").await.unwrap();
    let ids = SequenceIds::new(2);
    let gate = ScanGate::default();
    let outcome = wait_for_scan(&registry, &clock, &ids, &shop(), second.digest(), &gate).await.unwrap();
    assert_eq!(outcome, ScanOutcome::TimedOut { scan: None });
    let gate = gate.starting();
    let outcome = wait_for_scan(&registry, &clock, &ids, &shop(), second.digest(), &gate).await.unwrap();
    assert_eq!(outcome, ScanOutcome::Passed { scan: Scan::new("COMPLETE") });
    // Once a day.
    let error = registry.start_scan(&shop(), second.digest()).await.unwrap_err();
    assert_eq!(error.code(), Some("LimitExceededException"));
    let nowhere = Digest::of(b"nowhere");
    let error = wait_for_scan(&registry, &clock, &ids, &shop(), nowhere, &gate).await.unwrap_err();
    assert_eq!(error.call().unwrap().code(), Some("ImageNotFoundException"));
}

#[test]
fn the_platforms_of_an_index_are_scanned() {
    let children = ["amd64", "arm64"].map(crate::source::platform_image);
    let digests = children.each_ref().map(Image::digest);
    let index = Image::index(children.to_vec()).unwrap();
    let mut expected = digests.to_vec();
    expected.sort_unstable();
    assert_eq!(scannable(&index).unwrap(), expected);
    let single = image(1, &[10]);
    assert_eq!(scannable(&single).unwrap(), [single.digest()]);
}

#[tokio::test]
async fn copies_arrive_or_do_not() {
    let (registry, clock, _) = bench().await;
    let own = registry.destination().unwrap();
    let there = |region: &str| Destination::new(region.parse().unwrap(), own.registry_id.clone());
    let (us, ap) = (there("us-east-1"), there("ap-northeast-1"));
    let rules = vec![
        ReplicationRule::new(vec![us.clone(), ap.clone()]).with_prefix("shop"),
        ReplicationRule::new(vec![there("sa-east-1")]).with_prefix("other"),
    ];
    clock.advance(seconds(60));
    registry.put_replication(&Replication::new(rules)).await.unwrap();
    let second = image(2, &[10]);
    push(registry.clone(), &second, "2.0").await.unwrap();
    let expected = destinations(&registry.replication().await.unwrap(), &shop());
    assert_eq!(expected.iter().collect::<Vec<_>>(), [&ap, &us]);
    let polling = Polling::new(Backoff::constant(seconds(5))).with_deadline(seconds(120));
    let wait = |image: Digest, polling: Polling| {
        let (registry, clock, expected) = (registry.clone(), clock.clone(), expected.clone());
        async move {
            let ids = SequenceIds::new(2);
            wait_for_replication(&registry, &clock, &ids, &shop(), image, &expected, &polling).await.unwrap()
        }
    };
    let early = wait(second.digest(), polling.clone().with_deadline(seconds(10))).await;
    assert!(matches!(&early, ReplicationOutcome::TimedOut(replicas) if replicas.len() == 2), "{early:?}");
    let done = wait(second.digest(), polling.clone()).await;
    assert!(matches!(&done, ReplicationOutcome::Complete(replicas) if replicas.len() == 2), "{done:?}");
    // What was pushed before the rule stays here.
    let never = wait(image(1, &[10]).digest(), polling).await;
    assert_eq!(never, ReplicationOutcome::TimedOut(Vec::new()));
}

//! What a push does when the registry or the network fails: it goes on where it can, sends nothing twice, and never leaves a
//! tag on half an image.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use aws_call::{CallError, Clock};
use ecr_push::{
    Digest, Error, PushOptions, PushRequest, Pusher, Silent,
    client::{
        BatchCheckLayers, Break, CompleteUpload, Faulty, GetImage, ImageStore, InitiateUpload, LayerState,
        MemoryRegistry, Operation, PartAnswer, PutImage, StoredImage, TagMutability, Upload, UploadPart, When,
    },
};
use proptest::prelude::*;

use crate::context::{Events, MIB, clock, image, push, pusher, registry, target};

const OPERATIONS: [Operation; 6] = [
    Operation::BatchGetImage,
    Operation::BatchCheckLayerAvailability,
    Operation::InitiateLayerUpload,
    Operation::UploadLayerPart,
    Operation::CompleteLayerUpload,
    Operation::PutImage,
];

#[tokio::test]
async fn every_call_survives_every_passing_fault() {
    for operation in OPERATIONS {
        for how in [Break::Throttle(None), Break::Unavailable, Break::CutBefore, Break::CutAfter] {
            for mutability in [TagMutability::Mutable, TagMutability::Immutable] {
                let registry = registry(mutability);
                let faulty = Faulty::new(registry.clone()).on(operation, When::Nth(1), how);
                let image = image(1, &[1000]);
                let report = push(faulty, &image, "1.0").await.unwrap();
                assert_eq!(report.retries, 1, "{operation:?} {how:?}");
                assert_eq!(report.uploaded.layers, 2, "{operation:?} {how:?}");
                assert_eq!(registry.image(&target("1.0")).unwrap().digest, image.digest());
            }
        }
    }
}

#[tokio::test]
async fn a_cut_in_the_middle_sends_nothing_twice() {
    let size = 22 * MIB;
    // The answer is lost: the part counts, and the push goes on behind it.
    let registry = registry(TagMutability::Mutable).with_part_size(5 * MIB);
    let faulty = Faulty::new(registry.clone()).on(Operation::UploadLayerPart, When::Nth(2), Break::CutAfter).on(
        Operation::UploadLayerPart,
        When::Nth(5),
        Break::CutBefore,
    );
    let image = image(2, &[size]);
    let report = push(faulty, &image, "1.0").await.unwrap();
    assert_eq!(report.retries, 2);
    let config = image.config_blob().unwrap().size();
    // Only the part whose answer was lost is sent again; it is how the position is learnt.
    assert_eq!(registry.traffic().part_bytes, size + config + 5 * MIB);
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 2);
    assert!(registry.contains(&report.uri));
}

#[tokio::test]
async fn a_push_after_a_failed_one_sends_what_is_missing() {
    let registry = registry(TagMutability::Mutable);
    let image = image(3, &[3 * MIB, 2 * MIB, MIB]);
    let faulty = Faulty::new(registry.clone()).on(Operation::CompleteLayerUpload, When::From(3), Break::Deny);
    let options = PushOptions::default().with_parallel_layers(1);
    let request = PushRequest::to(&target("1.0"));
    let error = pusher(faulty).push(&image, &request, &options, &Silent).await.unwrap_err();
    let Error::Call(failed) = &error else { panic!("{error}") };
    assert_eq!((failed.attempts(), failed.call().code()), (1, Some("AccessDeniedException")));
    assert!(error.to_string().contains("no tag was written; push again"), "{error}");
    assert!(!registry.contains(&target("1.0")));
    let report = push(registry.clone(), &image, "1.0").await.unwrap();
    assert_eq!((report.reused.bytes, report.reused.layers), (5 * MIB, 2));
}

#[tokio::test]
async fn a_fault_that_stays_ends_the_push_without_a_tag() {
    for operation in OPERATIONS {
        for how in [Break::Throttle(None), Break::Unavailable, Break::CutBefore, Break::Deny] {
            let registry = registry(TagMutability::Mutable);
            let faulty = Arc::new(Faulty::new(registry.clone()).on(operation, When::Always, how));
            let error = push(faulty.clone(), &image(4, &[1000]), "1.0").await.unwrap_err();
            let call = error.call().unwrap();
            assert_eq!(call.operation(), operation.as_str(), "{error}");
            let attempts = if how == Break::Deny { 1 } else { 5 };
            // Layers go in parallel, so of their calls there may be those of the other layer.
            assert!((attempts..=2 * attempts).contains(&faulty.calls(operation)), "{operation:?} {how:?}");
            assert!(!registry.contains(&target("1.0")), "{operation:?} {how:?}");
        }
    }
}

#[tokio::test]
async fn the_services_own_waiting_time_is_kept() {
    let clock = clock();
    let wait = Duration::from_secs(45);
    let registry = registry(TagMutability::Mutable);
    let faulty = Faulty::new(registry).on(Operation::PutImage, When::Nth(1), Break::Throttle(Some(wait)));
    let pusher = Pusher::new(Arc::new(faulty), clock.clone(), Arc::new(aws_call::SequenceIds::new(1)));
    let start = clock.now();
    let events = Events::default();
    let request = PushRequest::to(&target("1.0"));
    pusher.push(&image(5, &[10]), &request, &PushOptions::default(), &events).await.unwrap();
    assert!(clock.since(start) >= wait);
    assert!(events.take().contains(&"retry PutImage after 1".to_owned()));
}

#[tokio::test]
async fn a_registry_that_names_another_digest_is_not_believed() {
    for operation in [Operation::CompleteLayerUpload, Operation::PutImage] {
        let registry = registry(TagMutability::Mutable);
        let faulty = Faulty::new(registry.clone()).on(operation, When::Nth(1), Break::WrongDigest);
        let error = push(faulty, &image(6, &[10]), "1.0").await.unwrap_err();
        assert!(matches!(error, Error::DigestMismatch(_)), "{error}");
        assert!(error.to_string().contains("do not trust this registry"), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_layer_is_found_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let good = image(7, &[3000]);
    ecr_push::image::layout::write(&good, directory.path(), None).unwrap();
    let layer = &good.layers()[0];
    let path = directory.path().join("blobs/sha256").join(layer.digest().hex());
    let mut bytes = layer.read().unwrap().to_vec();
    bytes[1000] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    let select = ecr_push::image::layout::Select::Only;
    let damaged = ecr_push::image::layout::read(directory.path(), &select).unwrap();
    let registry = registry(TagMutability::Mutable);
    let error = push(registry.clone(), &damaged, "1.0").await.unwrap_err();
    let Error::DigestMismatch(mismatch) = &error else { panic!("{error}") };
    assert_eq!((mismatch.expected(), mismatch.actual()), (layer.digest(), Digest::of(&bytes).to_string().as_str()));
    assert!(error.to_string().contains("damaged here"), "{error}");
    assert!(!registry.contains(&target("1.0")));
}

#[tokio::test]
async fn layers_that_vanish_before_the_manifest_are_sent_again() {
    let registry = registry(TagMutability::Mutable);
    let image = image(8, &[100, 200]);
    push(registry.clone(), &image, "1.0").await.unwrap();
    let (layer, there) = (image.layers()[0].digest(), registry.clone());
    // ECR may clean up a layer between the answer that it is there and the manifest; here it does so once.
    let once = AtomicBool::new(true);
    let after_check = Box::new(move || {
        if once.swap(false, Ordering::Relaxed) {
            there.expire_layer(target("1.0").repository(), layer);
        }
    });
    let store = Hooked { after_check, ..Hooked::new(&registry) };
    let report = push(store, &image, "1.1").await.unwrap();
    assert_eq!((report.uploaded.layers, report.uploaded.bytes), (1, 100));
    assert!(registry.contains(&target("1.1")));
}

#[tokio::test]
async fn a_service_that_never_goes_on_is_given_up() {
    for stands in [None, Some(u64::MAX), Some(5_000_000)] {
        let registry = registry(TagMutability::Mutable);
        let answer = PartAnswer::Resume { last_valid_byte: stands, message: "not consecutive".to_owned() };
        let store = Hooked { part: Box::new(move |_| Some(Ok(answer.clone()))), ..Hooked::new(&registry) };
        let error = push(store, &image(9, &[100]), "1.0").await.unwrap_err();
        assert!(error.to_string().contains("uploading layer"), "{error}");
        assert!(registry.traffic().of(Operation::InitiateLayerUpload) <= 6);
        assert!(!registry.contains(&target("1.0")));
    }
}

#[test]
fn dropped_at_any_point_it_leaves_no_tag_or_a_whole_image() {
    let image = image(10, &[100, 6_000_000, 300]);
    let (request, options) = (PushRequest::to(&target("1.0")), PushOptions::default());
    let mut steps = 0;
    loop {
        let registry = registry(TagMutability::Mutable);
        let pusher = pusher(Hooked { yields: true, ..Hooked::new(&registry) });
        let mut finished = false;
        {
            let mut push = pin!(pusher.push(&image, &request, &options, &Silent));
            let mut cx = Context::from_waker(Waker::noop());
            for _ in 0..steps {
                if push.as_mut().poll(&mut cx).is_ready() {
                    finished = true;
                    break;
                }
            }
        }
        assert_eq!(registry.contains(&target("1.0")), finished, "dropped after {steps} polls");
        if finished {
            break;
        }
        steps += 1;
    }
    assert!(steps > 5, "the push was dropped at {steps} points only");
}

/// A registry that a test can get between.
struct Hooked {
    registry: MemoryRegistry,
    /// Every call waits once, so that a push can be dropped at each of them.
    yields: bool,
    /// Runs when it has been told which layers are there.
    after_check: Box<dyn Fn() + Send + Sync>,
    /// Answers a part, of which it gets the number, in place of the registry.
    part: Box<dyn Fn(u32) -> Option<Result<PartAnswer, CallError>> + Send + Sync>,
    parts: AtomicU32,
}

impl Hooked {
    fn new(registry: &MemoryRegistry) -> Self {
        Self {
            registry: registry.clone(),
            yields: false,
            after_check: Box::new(|| ()),
            part: Box::new(|_| None),
            parts: AtomicU32::new(0),
        }
    }

    async fn pause(&self) {
        let mut yielded = !self.yields;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

#[async_trait]
impl ImageStore for Hooked {
    async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError> {
        self.pause().await;
        let states = self.registry.batch_check_layers(request).await;
        (self.after_check)();
        states
    }

    async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError> {
        self.pause().await;
        self.registry.initiate_upload(request).await
    }

    async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError> {
        self.pause().await;
        match (self.part)(self.parts.fetch_add(1, Ordering::Relaxed) + 1) {
            Some(answer) => answer,
            None => self.registry.upload_part(request).await,
        }
    }

    async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError> {
        self.pause().await;
        self.registry.complete_upload(request).await
    }

    async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError> {
        self.pause().await;
        self.registry.put_image(request).await
    }

    async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError> {
        self.pause().await;
        self.registry.get_image(request).await
    }
}

#[tokio::test]
async fn the_push_goes_on_where_the_service_says_it_stands() {
    let registry = registry(TagMutability::Mutable).with_part_size(5 * MIB);
    // The service says it stands further back than it told before; what it says last counts.
    let back = |nth| {
        let message = "not consecutive".to_owned();
        (nth == 3).then(|| Ok(PartAnswer::Resume { last_valid_byte: Some(5 * MIB - 1), message }))
    };
    let store = Hooked { part: Box::new(back), ..Hooked::new(&registry) };
    let image = image(13, &[11 * MIB]);
    let options = PushOptions::default().with_parallel_layers(1);
    let events = Events::default();
    pusher(store).push(&image, &PushRequest::to(&target("1.0")), &options, &events).await.unwrap();
    let progress: Vec<String> = events.take().into_iter().filter(|event| event.starts_with("progress")).collect();
    let expected = [5, 10, 5, 10, 11].map(|mib| format!("progress {}/{}", mib * MIB, 11 * MIB));
    assert_eq!(progress[..5], expected);
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 2);
}

#[tokio::test]
async fn a_lost_upload_begins_anew_and_three_lost_ones_are_enough() {
    let lost = |wanted: fn(u32) -> bool| {
        move |nth| {
            let error =
                || CallError::service("UploadLayerPart", "UploadNotFoundException", "The upload could not be found");
            wanted(nth).then(|| Err(error()))
        }
    };
    let image = image(12, &[11 * MIB]);
    let (request, options) = (PushRequest::to(&target("1.0")), PushOptions::default().with_parallel_layers(1));
    let registry = registry(TagMutability::Mutable).with_part_size(5 * MIB);
    let store = Hooked { part: Box::new(lost(|nth| nth == 3)), ..Hooked::new(&registry) };
    let events = Events::default();
    let report = pusher(store).push(&image, &request, &options, &events).await.unwrap();
    assert_eq!((report.uploaded.layers, report.retries), (2, 0));
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 3);
    let progress: Vec<String> = events.take().into_iter().filter(|event| event.starts_with("progress")).collect();
    let expected = [5, 10, 5, 10, 11].map(|mib| format!("progress {}/{}", mib * MIB, 11 * MIB));
    assert_eq!(progress[..5], expected, "it goes back to the beginning");
    let registry = crate::context::registry(TagMutability::Mutable);
    let store = Hooked { part: Box::new(lost(|_| true)), ..Hooked::new(&registry) };
    let error = pusher(store).push(&image, &request, &options, &Silent).await.unwrap_err();
    assert_eq!(error.call().and_then(CallError::code), Some("UploadNotFoundException"));
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 3);
    assert!(!registry.contains(&target("1.0")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    /// Whatever breaks: after a success the image is there, after a failure no tag is, and a push without faults completes.
    #[test]
    fn any_script(script in proptest::collection::vec((0..6_usize, 1..8_u32, 0..6_usize), 0..8)) {
        let hows = [
            Break::Throttle(None), Break::Unavailable, Break::CutBefore, Break::CutAfter, Break::Deny, Break::WrongDigest,
        ];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let registry = registry(TagMutability::Immutable).with_part_size(5 * MIB);
            let mut faulty = Faulty::new(registry.clone());
            let mut unsure = false;
            for (operation, nth, how) in &script {
                let answer_lost = matches!(hows[*how], Break::CutAfter | Break::WrongDigest);
                unsure |= OPERATIONS[*operation] == Operation::PutImage && answer_lost;
                faulty = faulty.on(OPERATIONS[*operation], When::Nth(*nth), hows[*how]);
            }
            let image = image(11, &[100, 5 * MIB + 1, 300]);
            let result = push(faulty, &image, "1.0").await;
            match result {
                Ok(report) => {
                    assert!(registry.contains(&report.uri));
                    let moved = report.uploaded.bytes + report.reused.bytes;
                    assert_eq!(moved, image.blobs().iter().map(|blob| blob.size()).sum::<u64>());
                }
                // Only if the answer was lost or wrong may the manifest be stored all the same.
                Err(error) => assert!(unsure || !registry.contains(&target("1.0")), "{error}"),
            }
            push(registry.clone(), &image, "1.0").await.unwrap();
            assert!(registry.contains(&target("1.0")));
        });
    }
}

//! Pushes through the OCI door into the in-memory registry on loopback: what is sent, who is told the password, and what
//! happens when the wire breaks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_call::{Backoff, ManualClock, SequenceIds};
use ecr_push::{
    Blob, Error, Image, ImageRef, MediaType, PushOptions, PushReport, PushRequest, Pusher, Silent, Verify,
    client::{HttpFault, ImageId, MemoryRegistry, Operation, RegistryServer, RequestLine, ServeOptions, TagMutability},
    login::{Anonymous, Login, Logins},
    oci::{OciOptions, OciRegistry},
    push::{LayerOutcome, TagOutcome},
};
use proptest::prelude::*;

use crate::context::{Events, MIB, clock, image, image_of, noise, registry};

pub(crate) struct Bench {
    pub(crate) registry: MemoryRegistry,
    pub(crate) server: RegistryServer,
    pub(crate) door: OciRegistry,
}

impl Bench {
    pub(crate) async fn new(mutability: TagMutability, options: ServeOptions) -> Self {
        let registry = registry(mutability);
        Self::with(registry.clone(), Arc::new(registry), options).await
    }

    async fn with(registry: MemoryRegistry, logins: Arc<dyn Logins>, options: ServeOptions) -> Self {
        let server = registry.serve(options).await.unwrap();
        let door = door(&server, logins);
        Self { registry, server, door }
    }

    pub(crate) fn target(&self, tag: &str) -> ImageRef {
        self.server.repository(&"shop".parse().unwrap()).with_tag(tag.parse().unwrap())
    }

    fn pusher(&self) -> Pusher {
        Pusher::through(Arc::new(self.door.clone()), clock(), Arc::new(SequenceIds::new(2)))
    }

    pub(crate) async fn push(&self, image: &Image, tag: &str) -> Result<PushReport, Error> {
        self.push_with(image, &PushRequest::to(&self.target(tag)), &PushOptions::default()).await
    }

    async fn push_with(
        &self,
        image: &Image,
        request: &PushRequest,
        options: &PushOptions,
    ) -> Result<PushReport, Error> {
        self.pusher().push(image, request, options, &Silent).await
    }

    /// What the registry has under a tag.
    fn tagged(&self, tag: &str) -> Option<ecr_push::Digest> {
        self.registry.tags(&"shop".parse().unwrap()).get(&tag.parse().unwrap()).copied()
    }
}

/// On a clock that stands still: nothing is given up for being slow.
pub(crate) fn door(server: &RegistryServer, logins: Arc<dyn Logins>) -> OciRegistry {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    OciRegistry::new(server.host(), logins, clock, &OciOptions::default()).unwrap()
}

#[tokio::test]
async fn a_new_image_is_sent_in_two_requests_a_blob_and_a_known_one_in_none() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = lines.clone();
    let options = ServeOptions::default().with_faults(move |line: &RequestLine| {
        seen.lock().unwrap().push(line.method.clone());
        None
    });
    let bench = Bench::new(TagMutability::Immutable, options).await;
    let image = image(1, &[3 * MIB, 700_000, 12]);
    let report = bench.push(&image, "1.0").await.unwrap();
    let mut methods = std::mem::take(&mut *lines.lock().unwrap());
    assert_eq!(report.requests as usize, methods.len());
    methods.sort();
    // The tag, four blobs; four uploads; four bodies and the manifest.
    assert_eq!(methods, [vec!["HEAD"; 5], vec!["POST"; 4], vec!["PUT"; 5]].concat());
    let manifest = image.manifest().bytes().len() as u64;
    assert_eq!((report.uploaded.layers, report.bytes_sent), (4, report.uploaded.bytes + manifest));
    for layer in image.blobs() {
        assert_eq!(bench.registry.layer(report.uri.repository(), layer.digest()).unwrap(), layer.read().unwrap());
    }
    let again = bench.push(&image, "1.0").await.unwrap();
    assert_eq!((again.requests, again.bytes_sent, again.tags[0].outcome), (1, 0, TagOutcome::AlreadyThere));
    let other = bench.push(&image, "1.1").await.unwrap();
    assert_eq!((other.requests, other.bytes_sent), (6, manifest));
    assert_eq!(other.layers[0].outcome, LayerOutcome::Existed);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["layers"][0]["outcome"], "uploaded");
    assert_eq!((json["bytes_sent"].as_u64(), json["requests"].as_u64()), (Some(report.bytes_sent), Some(14)));
    // What lies there can be read back.
    let id = ImageId::Tag("1.0".parse().unwrap());
    let pulled = bench.door.manifest(report.uri.repository(), &id).await.unwrap().unwrap();
    assert_eq!((pulled.digest, &pulled.manifest), (image.digest(), image.manifest().bytes()));
    let largest = image.layers()[0].descriptor();
    for offset in [0, MIB] {
        let mut stream = bench.door.blob(report.uri.repository(), largest, offset).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(more) = stream.next().await {
            bytes.extend_from_slice(&more.unwrap());
        }
        assert_eq!(bytes, image.layers()[0].read_at(offset, largest.size - offset).unwrap());
    }
    let tags = bench.door.tags(report.uri.repository()).await.unwrap();
    assert_eq!(tags.iter().map(ecr_push::Tag::as_str).collect::<Vec<_>>(), ["1.0", "1.1"]);
}

#[tokio::test]
async fn indexes_follow_their_children_and_immutable_tags_stay() {
    let bench = Bench::new(TagMutability::Immutable, ServeOptions::default()).await;
    let child = |n: u64| image(n, &[100 + n]);
    let index = Image::index(vec![Image::index(vec![child(1), child(2)]).unwrap(), child(1)]).unwrap();
    let request = PushRequest::to(&bench.target("1.0")).with_tag("latest".parse().unwrap());
    bench.push_with(&index, &request, &PushOptions::default()).await.unwrap();
    assert_eq!((bench.tagged("1.0"), bench.tagged("latest")), (Some(index.digest()), Some(index.digest())));
    let error = bench.push(&child(3), "1.0").await.unwrap_err();
    let Error::TagImmutable(conflict) = &error else { panic!("{error}") };
    assert_eq!((conflict.existing(), conflict.pushed()), (index.digest(), child(3).digest()));
    let missing = ImageRef::parse(&format!("{}/other:1", bench.server.host())).unwrap();
    let result = bench.push_with(&child(1), &PushRequest::to(&missing), &PushOptions::default()).await;
    assert!(matches!(result.unwrap_err(), Error::RepositoryMissing(_)));
}

#[tokio::test]
async fn layers_of_another_repository_are_mounted() {
    let registry = registry(TagMutability::Mutable).with_repository(&"base".parse().unwrap(), TagMutability::Mutable);
    let bench = Bench::with(registry.clone(), Arc::new(registry), ServeOptions::default()).await;
    let shared = Blob::from_bytes(MediaType::OciLayer, noise(1, MIB));
    let config = |n: u64| Blob::from_bytes(MediaType::OciConfig, format!(r#"{{"n":{n}}}"#));
    let base = image_of(config(1), vec![shared.clone()]);
    let target: ImageRef = format!("{}/base:1", bench.server.host()).parse().unwrap();
    bench.push_with(&base, &PushRequest::to(&target), &PushOptions::default()).await.unwrap();

    let app = image_of(config(2), vec![shared.clone(), Blob::from_bytes(MediaType::OciLayer, noise(2, 50))]);
    let request = PushRequest::to(&bench.target("1")).with_mount_from("none".parse().unwrap());
    let request = request.with_mount_from("base".parse().unwrap());
    let plan = bench.pusher().plan(&app, &request, &PushOptions::default(), &Silent).await.unwrap();
    assert!(plan.to_string().contains("mount") && plan.to_string().contains("from base"), "{plan}");
    assert!(plan.upload_bytes() < 100);
    let report = bench.push_with(&app, &request, &PushOptions::default()).await.unwrap();
    let outcomes: BTreeMap<_, _> = report.layers.iter().map(|layer| (layer.bytes, layer.outcome)).collect();
    assert_eq!((outcomes[&MIB], outcomes[&50]), (LayerOutcome::Mounted, LayerOutcome::Uploaded));
    assert!(report.bytes_sent < 2000);
    assert_eq!(bench.tagged("1"), Some(app.digest()));
}

#[tokio::test]
async fn a_layer_that_only_the_registry_has_is_reused_or_missed() {
    let bench = Bench::new(TagMutability::Mutable, ServeOptions::default()).await;
    let first = image(1, &[1000]);
    bench.push(&first, "1").await.unwrap();
    let config = Blob::from_bytes(MediaType::OciConfig, r#"{"n":2}"#);
    let known = Blob::elsewhere(first.layers()[0].descriptor().clone());
    let second = image_of(config, vec![known]);
    let report = bench.push(&second, "2").await.unwrap();
    let outcomes: Vec<_> = report.layers.iter().map(|layer| layer.outcome).collect();
    assert_eq!(outcomes, [LayerOutcome::Reused, LayerOutcome::Uploaded]);
    assert_eq!(bench.tagged("2"), Some(second.digest()));
    bench.registry.expire_layer(&"shop".parse().unwrap(), first.layers()[0].digest());
    let error = bench.push(&second, "3").await.unwrap_err();
    assert!(matches!(error, Error::BlobElsewhere(_)), "{error}");
    assert_eq!(bench.tagged("3"), None);
}

#[tokio::test]
async fn tokens_are_told_when_asked_for_and_renewed_when_they_end() {
    for options in [ServeOptions::default().with_basic_login(), ServeOptions::default().with_bearer_login()] {
        let bench = Bench::new(TagMutability::Mutable, options.clone()).await;
        bench.push(&image(1, &[100]), "1").await.unwrap();
        bench.registry.expire_tokens();
        // ECR says 403 and no JSON; the layer is sent once all the same.
        let report = bench.push(&image(2, &[200]), "2").await.unwrap();
        assert_eq!((report.retries, report.uploaded.layers), (0, 2), "{options:?}");
        assert_eq!(bench.registry.traffic().part_bytes, 100 + 200 + 2 * config_size());
        let logins = bench.registry.traffic().of(Operation::GetAuthorizationToken);
        assert!((2..=4).contains(&logins), "{logins} logins for {options:?}");

        let wrong = Arc::new(Login::new("AWS", "not-for-logs"));
        for logins in [Arc::new(Anonymous) as Arc<dyn Logins>, wrong] {
            let bench = Bench::with(registry(TagMutability::Mutable), logins, options.clone()).await;
            let error = bench.push(&image(1, &[100]), "1").await.unwrap_err();
            assert_eq!(error.call().and_then(aws_call::CallError::http_status), Some(401), "{error}");
            assert!(!format!("{error:?}").contains("not-for-logs"));
        }
    }
}

fn config_size() -> u64 {
    image(1, &[1]).config_blob().unwrap().size()
}

#[tokio::test]
async fn a_token_that_ends_while_layers_are_sent_is_renewed() {
    // With several on their way, the refusals of all but the first are about a token that is renewed already.
    for layers in [vec![5 * MIB], vec![MIB; 6]] {
        let registry = registry(TagMutability::Mutable);
        let (ending, before) = (registry.clone(), Mutex::new(true));
        let options = ServeOptions::default().with_basic_login().with_faults(move |line: &RequestLine| {
            if line.method == "PUT" && line.path.contains("/uploads/") && std::mem::take(&mut *before.lock().unwrap()) {
                ending.expire_tokens();
            }
            None
        });
        let bench = Bench::with(registry.clone(), Arc::new(registry), options).await;
        let image = image(1, &layers);
        bench.push(&image, "1").await.unwrap();
        assert_eq!(bench.tagged("1"), Some(image.digest()));
    }
}

/// A layer of the right size whose bytes are others, as a disk or a build gone wrong leaves it.
fn damaged(dir: &std::path::Path) -> Image {
    let good = image(7, &[2 * MIB, 100]);
    ecr_push::image::layout::write(&good, dir, Some("x")).unwrap();
    let path = dir.join("blobs/sha256").join(good.layers()[0].digest().hex());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    ecr_push::image::layout::read(dir, &ecr_push::image::layout::Select::Only).unwrap()
}

#[tokio::test]
async fn a_damaged_layer_is_found_whoever_compares() {
    let dir = tempfile::tempdir().unwrap();
    let image = damaged(dir.path());
    let good = crate::context::image(8, &[2 * MIB, 100]);
    for (verify, sends_all) in [(Verify::Server, true), (Verify::Before, false), (Verify::WhileSending, false)] {
        let bench = Bench::new(TagMutability::Mutable, ServeOptions::default()).await;
        let options = PushOptions::default().with_verify(verify).with_parallel_layers(1);
        let request = PushRequest::to(&bench.target("1"));
        let error = bench.push_with(&image, &request, &options).await.unwrap_err();
        let Error::DigestMismatch(mismatch) = &error else { panic!("{verify:?}: {error}") };
        assert_eq!(mismatch.expected(), image.layers()[0].digest());
        assert!(error.to_string().contains("damaged here"), "{error}");
        assert!(bench.registry.tags(&"shop".parse().unwrap()).is_empty());
        assert_eq!(bench.registry.layer(&"shop".parse().unwrap(), mismatch.expected()), None);
        // The last block is held back until the digest is known to be right.
        assert_eq!(bench.registry.traffic().part_bytes == 2 * MIB, sends_all, "{verify:?}");
        // Who compares first sends nothing; how much of the rest arrived before the connection was cut is chance.
        assert!(verify != Verify::Before || bench.registry.traffic().part_bytes == 0);
        bench.push_with(&good, &request, &options).await.unwrap();
        assert_eq!(bench.tagged("1"), Some(good.digest()));
    }
}

#[tokio::test]
async fn every_request_survives_every_passing_fault() {
    let steps: [(&str, &str, &str); 6] = [
        ("HEAD", "/manifests/", "1"),
        ("HEAD", "/blobs/", "2"),
        ("POST", "/uploads/", "3"),
        ("PUT", "/uploads/", "4"),
        ("PUT", "/manifests/", "5"),
        ("GET", "/never/", "6"),
    ];
    let faults = [
        HttpFault::TooManyRequests(Some(2)),
        HttpFault::Status(503),
        HttpFault::Status(500),
        HttpFault::ResetAt(0),
        HttpFault::ResetAt(700_000),
        HttpFault::CutAfter,
    ];
    for (method, part, tag) in steps {
        for fault in faults {
            let left = Mutex::new(u32::from(method != "GET"));
            let options = ServeOptions::default().with_faults(move |line: &RequestLine| {
                let mut left = left.lock().unwrap();
                let hit = *left > 0 && line.method == method && line.path.contains(part);
                *left -= u32::from(hit);
                hit.then_some(fault)
            });
            let bench = Bench::new(TagMutability::Immutable, options).await;
            let image = image(1, &[2 * MIB]);
            let report = bench.push(&image, tag).await.unwrap_or_else(|e| panic!("{method} {part} {fault:?}: {e:?}"));
            assert_eq!(bench.tagged(tag), Some(image.digest()), "{method} {part} {fault:?}");
            // The HTTP library itself repeats a request without effect whose connection was closed.
            assert!(report.retries <= 1, "{method} {part} {fault:?}: {}", report.retries);
            // A blob whose answer was lost is not sent again.
            let whole = 2 * MIB + config_size();
            if fault == HttpFault::CutAfter {
                assert_eq!(bench.registry.traffic().part_bytes, whole, "{method} {part} {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_interrupted_push_says_what_is_there() {
    let (stalled, begun) = tokio::sync::oneshot::channel();
    let stalled = Mutex::new(Some(stalled));
    let options = ServeOptions::default().with_faults(move |line: &RequestLine| {
        if line.method == "PUT" && line.path.contains("/manifests/") {
            stalled.lock().unwrap().take().map(|told| told.send(()));
            return Some(HttpFault::Stall);
        }
        None
    });
    let bench = Bench::new(TagMutability::Mutable, options).await;
    let image = image(1, &[1000, 2000]);
    let request = PushRequest::to(&bench.target("1"));
    let cancel = async { begun.await.unwrap() };
    let options = PushOptions::default();
    let result = bench.pusher().push_until(&image, &request, &options, &Silent, cancel).await;
    let error = result.unwrap_err();
    let Error::Interrupted(remains) = &error else { panic!("{error}") };
    assert_eq!((remains.layers(), remains.manifests(), remains.tags().len()), (3, 0, 0));
    assert!(error.to_string().contains("no tag was written, 3 layer(s)"), "{error}");
    assert_eq!(bench.tagged("1"), None);
}

#[tokio::test]
async fn progress_goes_up_to_the_whole() {
    let bench = Bench::new(TagMutability::Mutable, ServeOptions::default()).await;
    let image = image(1, &[MIB + 1]);
    let events = Events::default();
    let (request, options) = (PushRequest::to(&bench.target("1")), PushOptions::default());
    bench.pusher().push(&image, &request, &options, &events).await.unwrap();
    let whole = MIB + 1;
    let events: Vec<String> = events.take().into_iter().filter(|event| event.ends_with(&format!("/{whole}"))).collect();
    let steps = [MIB / 2, MIB, whole];
    assert_eq!(events, steps.map(|position| format!("progress {position}/{whole}")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 10))]

    /// Whatever breaks on the wire: after a success the image is there, and a tag never names one that is not whole.
    #[test]
    fn any_weather(seed in any::<u64>(), rate in 0_u64..60) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let weather = SequenceIds::new(seed);
            let options = ServeOptions::default().with_basic_login().with_faults(move |_: &RequestLine| {
                let drawn = aws_call::IdSource::next_u64(&weather);
                (drawn % 100 < rate).then_some(match (drawn >> 32) % 5 {
                    0 => HttpFault::TooManyRequests(None),
                    1 => HttpFault::Status(503),
                    2 => HttpFault::ResetAt((drawn >> 40) % 400_000),
                    3 => HttpFault::CutAfter,
                    _ => HttpFault::Status(500),
                })
            });
            let bench = Bench::new(TagMutability::Immutable, options).await;
            let image = image(11, &[100, MIB / 2 + 1, 300]);
            let options = PushOptions::default().with_attempts(4).with_backoff(Backoff::default());
            let request = PushRequest::to(&bench.target("1"));
            let result = bench.push_with(&image, &request, &options).await;
            if result.is_ok() {
                assert_eq!(bench.tagged("1"), Some(image.digest()));
            }
            if bench.tagged("1").is_some() {
                for blob in image.blobs() {
                    assert_eq!(bench.registry.layer(&"shop".parse().unwrap(), blob.digest()), Some(blob.read().unwrap()));
                }
            }
        });
    }
}

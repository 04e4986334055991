//! Pushes that are broken off: connections are cut, one request in five fails, and the pusher is killed at any moment. A
//! tag never names an image that is not whole, and the next push sends what is missing and nothing else.
//!
//! A program of its own, because what is killed must be a process: it starts itself again as the pusher. Every other round
//! has a registry that believes everything, so that it is the pusher who keeps the promise.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

use std::{
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_call::{AccountId, Backoff, Clock as _, IdSource, Region, SequenceIds, SystemClock, SystemIds};
use ecr_push::{
    Blob, Digest, Image, ImageRef, MediaType, PushOptions, PushRequest, Pusher, Registry, RepositoryName, Silent,
    client::{HttpFault, MemoryRegistry, RequestLine, ServeOptions, TagMutability},
    image::layout::{self, Select},
    login::Login,
    manifest::{Descriptor, RawManifest},
    oci::{OciOptions, OciRegistry},
};

const TAG: &str = "1.0";
/// Of a hundred requests, so many break.
const BROKEN: u64 = 20;
/// Rounds at a time: most of each is waiting.
const TOGETHER: usize = 4;
/// Pushes that are disturbed before the one that is not.
const DISTURBED: u32 = 3;
/// The longest that a push is left alone before it is killed.
const LONGEST: u64 = 400;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match arguments.first().map(String::as_str) {
        Some("push") => runtime.block_on(push(Path::new(&arguments[1]), &arguments[2], &arguments[3])),
        rounds => {
            let rounds = rounds.map_or(100, |rounds| rounds.parse().unwrap());
            runtime.block_on(all(rounds));
            ExitCode::SUCCESS
        }
    }
}

/// The pusher: what is killed.
async fn push(dir: &Path, host: &str, password: &str) -> ExitCode {
    let image = layout::read(dir, &Select::Only).unwrap();
    let clock = Arc::new(SystemClock);
    let login = Arc::new(Login::new("AWS", password.to_owned()));
    let registry = Registry::parse(host).unwrap();
    let door = OciRegistry::new(&registry, login, clock.clone(), &OciOptions::default()).unwrap();
    let target = ImageRef::new(registry, shop()).with_tag(TAG.parse().unwrap());
    let backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));
    let options = PushOptions::default().with_attempts(8).with_backoff(backoff);
    let pusher = Pusher::through(Arc::new(door), clock, Arc::new(SystemIds));
    match pusher.push(&image, &PushRequest::to(&target), &options, &Silent).await {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn all(rounds: u64) {
    let tally = Arc::new(Tally::default());
    let me = std::env::current_exe().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for round in 0..rounds {
        if running.len() == TOGETHER {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(one(round, me.clone(), tally.clone()));
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
    let count = |number: &AtomicU32| number.load(Ordering::Relaxed);
    println!(
        "{rounds} rounds: {} pushes killed, {} failed, {} succeeded in bad weather; {} of {} requests broken; no tag on half an image; every last push sent what was missing and nothing else",
        count(&tally.killed),
        count(&tally.failed),
        count(&tally.succeeded),
        count(&tally.broken),
        count(&tally.requests),
    );
    // A run in which nothing was disturbed has shown nothing.
    assert!(rounds < 10 || (count(&tally.killed) > 0 && count(&tally.broken) > 0));
}

#[derive(Default)]
struct Tally {
    killed: AtomicU32,
    failed: AtomicU32,
    succeeded: AtomicU32,
    broken: AtomicU32,
    requests: AtomicU32,
}

fn shop() -> RepositoryName {
    "shop".parse().unwrap()
}

async fn one(round: u64, me: PathBuf, tally: Arc<Tally>) {
    let dir = tempfile::tempdir().unwrap();
    let image = image(round);
    layout::write(&image, dir.path(), None).unwrap();
    let (account, region) = (AccountId::parse("123456789012").unwrap(), Region::parse("eu-central-1").unwrap());
    let registry = MemoryRegistry::new(account, &region, Arc::new(SystemClock), Arc::new(SequenceIds::new(round)));
    let registry = registry.with_repository(&shop(), TagMutability::Immutable);
    let registry = if round.is_multiple_of(2) { registry } else { registry.credulous() };
    let password = ecr_push::login::Logins::login(&registry).await.unwrap().unwrap().password;

    let (calm, weather) = (Arc::new(AtomicBool::new(false)), SequenceIds::new(round + 1_000_000));
    let (still, watched, whole, count) = (calm.clone(), registry.clone(), image.clone(), tally.clone());
    let options = ServeOptions::default().with_basic_login().with_faults(move |_: &RequestLine| {
        assert_whole(&watched, &whole);
        if still.load(Ordering::Relaxed) {
            return None;
        }
        count.requests.fetch_add(1, Ordering::Relaxed);
        let fault = fault(weather.next_u64());
        count.broken.fetch_add(u32::from(fault.is_some()), Ordering::Relaxed);
        fault
    });
    let server = registry.serve(options).await.unwrap();
    let start = || {
        let mut command = tokio::process::Command::new(&me);
        command.arg("push").arg(dir.path()).arg(server.host().as_str()).arg(password.expose());
        command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
    };
    let moments = SequenceIds::new(round + 2_000_000);
    for _ in 0..DISTURBED {
        let mut pusher = start();
        let moment = Duration::from_millis(moments.next_u64() % LONGEST);
        let counted = tokio::select! {
            ended = pusher.wait() => if ended.unwrap().success() { &tally.succeeded } else { &tally.failed },
            () = SystemClock.sleep(moment) => {
                pusher.kill().await.unwrap();
                &tally.killed
            }
        };
        counted.fetch_add(1, Ordering::Relaxed);
        assert_whole(&registry, &image);
    }
    // What the killed pusher had on the wire has come to its end when a request of ours is answered.
    calm.store(true, Ordering::Relaxed);
    SystemClock.sleep(Duration::from_millis(20)).await;
    let missing: u64 = image.blobs().iter().filter(|blob| !has(&registry, blob.digest())).map(|blob| blob.size()).sum();
    let before = registry.traffic().part_bytes;
    let ended = start().wait_with_output().await.unwrap();
    assert!(ended.status.success(), "round {round}: {}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(tagged(&registry), Some(image.digest()), "round {round}");
    assert_whole(&registry, &image);
    assert_eq!(registry.traffic().part_bytes - before, missing, "round {round}: what was missing, and nothing else");
}

fn tagged(registry: &MemoryRegistry) -> Option<Digest> {
    registry.tags(&shop()).into_values().next()
}

fn has(registry: &MemoryRegistry, digest: Digest) -> bool {
    registry.layer(&shop(), digest).is_some()
}

fn assert_whole(registry: &MemoryRegistry, image: &Image) {
    if let Some(digest) = tagged(registry) {
        assert_eq!(digest, image.digest());
        for manifest in image.manifests() {
            let name = ImageRef::new(registry.host().clone(), shop()).with_digest(manifest.digest());
            assert!(registry.contains(&name), "a tag names an image without its manifest {}", manifest.digest());
        }
        for blob in image.blobs() {
            assert!(has(registry, blob.digest()), "a tag names an image without its layer {}", blob.digest());
        }
    }
}

fn fault(drawn: u64) -> Option<HttpFault> {
    (drawn % 100 < BROKEN).then_some(match (drawn >> 32) % 5 {
        0 => HttpFault::TooManyRequests(None),
        1 => HttpFault::Status(503),
        2 => HttpFault::Status(500),
        3 => HttpFault::ResetAt((drawn >> 40) % (1 << 20)),
        _ => HttpFault::CutAfter,
    })
}

/// Two platforms with a layer in common; other bytes in each round.
fn image(round: u64) -> Image {
    let ids = SequenceIds::new(round + 3_000_000);
    let noise = |len: u64| -> Vec<u8> { (0..len / 8).flat_map(|_| ids.next_u64().to_le_bytes()).collect() };
    let shared = Blob::from_bytes(MediaType::OciLayer, noise(600 << 10));
    let child = |architecture: &str, size: u64| {
        let config =
            format!(r#"{{"architecture":"{architecture}","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}}}}"#);
        let config = Blob::from_bytes(MediaType::OciConfig, config);
        let layers = vec![shared.clone(), Blob::from_bytes(MediaType::OciLayer, noise(size))];
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OciManifest,
            "config": config.descriptor(),
            "layers": layers.iter().map(Blob::descriptor).collect::<Vec<&Descriptor>>(),
        });
        Image::new(RawManifest::parse(manifest.to_string(), None).unwrap(), config, layers).unwrap()
    };
    Image::index(vec![child("amd64", 1500 << 10), child("arm64", 200 << 10)]).unwrap()
}

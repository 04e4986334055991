//! The OCI door and the in-memory registry against programs of other people: Debian's `docker-registry`, and `skopeo`, which
//! talks to both registries. `cargo xtask ci` runs it; `.ci/run` installs the programs.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod podman;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use aws_call::{AccountId, IdSource as _, ManualClock, Region, SequenceIds, SystemClock, SystemIds};
use ecr_push::{
    Blob, Digest, Error, Image, ImageRef, MediaType, PushOptions, PushReport, PushRequest, Pusher, Registry, Silent,
    Verify,
    client::{ImageId, MemoryRegistry, ServeOptions, TagMutability},
    image::layout::{self, Select},
    login::Anonymous,
    manifest::{Descriptor, RawManifest},
    oci::{OciOptions, OciRegistry},
    push::LayerOutcome,
};

/// Where it says that it listens.
const READY: &str = "listening on ";
const PATIENCE: Duration = Duration::from_secs(60);

/// A `docker-registry` for one test, which ends with it.
struct DockerRegistry {
    child: Child,
    host: String,
    dir: tempfile::TempDir,
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl DockerRegistry {
    #[track_caller]
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.yml");
        let storage = dir.path().join("storage");
        let text = format!(
            "version: 0.1\nlog: {{level: info, formatter: json, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n",
            storage.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("`docker-registry` cannot be started: {error}; install Debian's package of that name")
            });
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        // Reads on behind the address, for a full pipe would stop the registry.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| tell.send(line).unwrap_or_default()));
        let mut registry = Self { child, host: String::new(), dir };
        let mut said = Vec::new();
        while let Ok(line) = told.recv_timeout(PATIENCE) {
            if let Some((_, address)) = line.split_once(READY) {
                address
                    .chars()
                    .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
                    .collect::<String>()
                    .clone_into(&mut registry.host);
                return registry;
            }
            said.push(line);
        }
        panic!("`docker-registry` does not say where it listens; it said:\n{}", said.join("\n"));
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

fn door(host: &str) -> OciRegistry {
    let registry = Registry::parse(host).unwrap();
    OciRegistry::new(&registry, Arc::new(Anonymous), Arc::new(SystemClock), &OciOptions::default()).unwrap()
}

async fn push(image: &Image, request: &PushRequest, options: &PushOptions) -> Result<PushReport, Error> {
    let pusher = Pusher::through(Arc::new(door(request.registry.as_str())), Arc::new(SystemClock), Arc::new(SystemIds));
    pusher.push(image, request, options, &Silent).await
}

fn target(host: &str, name: &str) -> ImageRef {
    format!("{host}/{name}").parse().unwrap()
}

fn memory() -> MemoryRegistry {
    let (account, region) = (AccountId::parse("123456789012").unwrap(), Region::parse("eu-central-1").unwrap());
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    MemoryRegistry::new(account, &region, clock, Arc::new(SequenceIds::new(1)))
        .with_repository(&"shop".parse().unwrap(), TagMutability::Mutable)
}

/// Runs skopeo without TLS and policies; returns what it prints.
async fn skopeo(arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    // Elsewhere, because the registry may run on this very thread.
    let run = tokio::task::spawn_blocking(move || {
        let output = Command::new("skopeo").arg("--insecure-policy").args(&arguments).stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| {
            panic!("`skopeo` cannot be started: {error}; install Debian's package of that name")
        });
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "skopeo {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    });
    run.await.unwrap()
}

/// Two platforms, one layer in common. The layers are compressed indeed: skopeo looks, and compresses what is not.
fn index(seed: u64) -> Image {
    let ids = SequenceIds::new(seed);
    let noise = |len: u64| -> Vec<u8> {
        let noise: Vec<u8> = (0..len / 8).flat_map(|_| ids.next_u64().to_le_bytes()).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(&noise).unwrap();
        gzip.finish().unwrap()
    };
    let shared = Blob::from_bytes(MediaType::OciLayerGzip, noise(3 << 20));
    let child = |architecture: &str, size: u64| {
        let layers = vec![shared.clone(), Blob::from_bytes(MediaType::OciLayerGzip, noise(size))];
        let diff_ids: Vec<Digest> = layers.iter().map(Blob::digest).collect();
        let config = serde_json::json!({
            "architecture": architecture, "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = Blob::from_bytes(MediaType::OciConfig, config.to_string());
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MediaType::OciManifest, "config": config.descriptor(),
            "layers": layers.iter().map(Blob::descriptor).collect::<Vec<&Descriptor>>(),
        });
        Image::new(RawManifest::parse(manifest.to_string(), None).unwrap(), config, layers).unwrap()
    };
    Image::index(vec![child("amd64", 6 << 20), child("arm64", 100 << 10)]).unwrap()
}

#[tokio::test]
async fn what_we_push_skopeo_finds_and_copies() {
    let registry = DockerRegistry::start();
    let image = index(1);
    for (tag, verify) in [("a", Verify::Server), ("b", Verify::Before), ("c", Verify::WhileSending)] {
        let request = PushRequest::to(&target(&registry.host, &format!("{tag}/shop:1")));
        let report = push(&image, &request, &PushOptions::default().with_verify(verify)).await.unwrap();
        assert_eq!((report.uploaded.layers, report.retries), (5, 0));
        let again = push(&image, &request, &PushOptions::default()).await.unwrap();
        assert_eq!((again.requests, again.bytes_sent), (1, 0));
        let raw = skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{}", report.uri)]).await;
        assert_eq!(Digest::of(raw.as_bytes()), image.digest());
    }
    let (from, to) = (format!("docker://{}/a/shop:1", registry.host), format!("oci:{}:x", registry.path("layout")));
    skopeo(&["copy", "--all", "-q", "--src-tls-verify=false", &from, &to]).await;
    let copied = layout::read(Path::new(&registry.path("layout")), &Select::Name("x".to_owned())).unwrap();
    assert_eq!(copied.digest(), image.digest());
    for blob in copied.blobs() {
        assert_eq!(blob.verify().unwrap(), blob.digest());
    }
}

#[tokio::test]
async fn what_skopeo_pushes_we_find_and_read() {
    let registry = DockerRegistry::start();
    let image = index(2);
    layout::write(&image, Path::new(&registry.path("layout")), Some("x")).unwrap();
    let (from, to) = (format!("oci:{}:x", registry.path("layout")), format!("docker://{}/shop:1", registry.host));
    skopeo(&["copy", "--all", "-q", "--dest-tls-verify=false", &from, &to]).await;
    let again =
        push(&image, &PushRequest::to(&target(&registry.host, "shop:1")), &PushOptions::default()).await.unwrap();
    assert_eq!((again.requests, again.digest), (1, image.digest()));
    let (door, shop) = (door(&registry.host), "shop".parse().unwrap());
    let found = door.manifest(&shop, &ImageId::Tag("1".parse().unwrap())).await.unwrap().unwrap();
    assert_eq!((found.digest, found.media_type), (image.digest(), MediaType::OciIndex));
    assert_eq!(door.tags(&shop).await.unwrap(), ["1".parse().unwrap()]);
    assert_eq!(door.manifest(&"none/here".parse().unwrap(), &ImageId::Digest(image.digest())).await.unwrap(), None);
    for blob in image.blobs() {
        let mut stream = door.blob(&shop, blob.descriptor(), 0).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(more) = stream.next().await {
            bytes.extend_from_slice(&more.unwrap());
        }
        assert_eq!(Digest::of(&bytes), blob.digest());
    }
}

/// A signature, or what else refers to an image.
fn referrer(image: &Image, note: &str) -> Image {
    let config = Blob::from_bytes(MediaType::from("application/vnd.example.note.v1+json"), &b"{}"[..]);
    let layer = Blob::from_bytes(MediaType::from("text/plain"), note.to_owned());
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": MediaType::OciManifest, "config": config.descriptor(),
        "layers": [layer.descriptor()], "subject": image.manifest().descriptor(),
    });
    Image::new(RawManifest::parse(manifest.to_string(), None).unwrap(), config, vec![layer]).unwrap()
}

/// The same pushes into a registry of other people and into ours in memory end the same way.
#[tokio::test]
async fn both_registries_answer_alike() {
    let docker = DockerRegistry::start();
    let ours = memory().with_repository(&"base".parse().unwrap(), TagMutability::Mutable);
    let ours = ours.with_repository(&"bad".parse().unwrap(), TagMutability::Mutable);
    let server = ours.serve(ServeOptions::default()).await.unwrap();
    let image = index(3);
    let broken = {
        let dir = tempfile::tempdir().unwrap().keep();
        layout::write(&image, &dir, None).unwrap();
        let path = dir.join("blobs/sha256").join(image.blobs()[0].digest().hex());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[7] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let image = layout::read(&dir, &Select::Only).unwrap();
        (dir, image)
    };
    let mut outcomes = Vec::new();
    for host in [docker.host.as_str(), server.host().as_str()] {
        let options = PushOptions::default().with_parallel_layers(1);
        let damaged = push(&broken.1, &PushRequest::to(&target(host, "bad:1")), &options).await.unwrap_err();
        assert!(matches!(damaged, Error::DigestMismatch(_)), "{host}: {damaged}");
        let base = push(&image, &PushRequest::to(&target(host, "base:1")), &options).await.unwrap();
        let request = PushRequest::to(&target(host, "shop:1")).with_mount_from("base".parse().unwrap());
        let mounted = push(&image, &request, &options).await.unwrap();
        assert!(mounted.layers.iter().all(|layer| layer.outcome == LayerOutcome::Mounted), "{host}: {mounted:?}");
        let other = push(&image.children()[1], &PushRequest::to(&target(host, "shop:1")), &options).await.unwrap();
        let moved = door(host).manifest(&"shop".parse().unwrap(), &ImageId::Tag("1".parse().unwrap())).await.unwrap();
        assert_eq!(moved.unwrap().digest, image.children()[1].digest());
        // A registry with a list of referrers and one without: what refers to an image is found on both.
        for note in ["a", "b", "b"] {
            let about = referrer(&image, note);
            let name = target(host, &format!("shop@{}", about.digest()));
            push(&about, &PushRequest::to(&name), &options).await.unwrap();
        }
        let mut found = door(host).referrers(&"shop".parse().unwrap(), image.digest()).await.unwrap();
        found.sort_by_key(|entry| entry.digest);
        let mut expected = ["a", "b"].map(|note| referrer(&image, note).digest());
        expected.sort();
        assert_eq!(found.iter().map(|entry| entry.digest).collect::<Vec<_>>(), expected, "{host}");
        outcomes.push([base, mounted, other].map(|report| (report.requests, report.bytes_sent, report.layers)));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    std::fs::remove_dir_all(broken.0).unwrap();
}

/// skopeo sends its layers in its own way, which ECR's odd answers must not confuse.
#[tokio::test(flavor = "multi_thread")]
async fn skopeo_talks_to_the_registry_in_memory() {
    let registry = memory();
    let server = registry.serve(ServeOptions::default().with_basic_login()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let image = index(4);
    layout::write(&image, &dir.path().join("in"), Some("x")).unwrap();
    let login = ecr_push::login::Logins::login(&registry).await.unwrap().unwrap();
    let credentials = format!("{}:{}", login.user, login.password.expose());
    let there = format!("docker://{}/shop:1", server.host());
    let from = format!("oci:{}:x", dir.path().join("in").display());
    skopeo(&["copy", "--all", "-q", "--dest-tls-verify=false", "--dest-creds", &credentials, &from, &there]).await;
    assert_eq!(registry.tags(&"shop".parse().unwrap()).into_values().collect::<Vec<_>>(), [image.digest()]);
    let to = format!("oci:{}:y", dir.path().join("out").display());
    skopeo(&["copy", "--all", "-q", "--src-tls-verify=false", "--src-creds", &credentials, &there, &to]).await;
    let back = layout::read(&dir.path().join("out"), &Select::Name("y".to_owned())).unwrap();
    assert_eq!(back.digest(), image.digest());
}

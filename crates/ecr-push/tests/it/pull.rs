//! Images out of a registry, into another one and into a layout; and archives of `docker save` into one, with what it has
//! reused.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use aws_call::SequenceIds;
use ecr_push::{
    Digest, Error, Image, Progress, PushOptions, PushRequest, Silent,
    client::{HttpFault, RequestLine, ServeOptions, TagMutability},
    image::layout::{self, Select},
    pull,
    push::{Event, LayerOutcome, PushReport},
    source::{self, ArchiveOptions, DockerArchive, Selection, Source, push_archive},
};

use crate::{
    context::{MIB, clock, image},
    door::Bench,
    source::{platform_image, saved_with},
};

async fn bench() -> Bench {
    Bench::new(TagMutability::Mutable, ServeOptions::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_travels_with_its_bytes() {
    let (from, to) = (bench().await, bench().await);
    let index = Image::index(vec![platform_image("amd64"), platform_image("arm64")]).unwrap();
    let nested = Image::index(vec![index.clone(), image(4, &[2 * MIB, 10])]).unwrap();
    from.push(&nested, "1.0").await.unwrap();
    let name = from.target("1.0");
    assert_eq!(pull::resolve(&from.door, &name).await.unwrap(), nested.digest());
    let pulled = pull::image(&from.door, &name, None).await.unwrap();
    assert_eq!(pulled.manifest(), nested.manifest());
    // Nothing was read yet but what is small; the layers come while they are sent.
    let report = to.push(&pulled, "copied").await.unwrap();
    assert_eq!((report.digest, report.uploaded.layers), (nested.digest(), 7));
    for blob in nested.blobs() {
        assert_eq!(to.registry.layer(report.uri.repository(), blob.digest()).unwrap(), blob.read().unwrap());
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    // Writing blocks the thread on what the other threads fetch.
    tokio::task::spawn_blocking(move || layout::write(&pulled, &path, Some("1.0"))).await.unwrap().unwrap();
    let read = layout::read(directory.path(), &Select::Only).unwrap();
    assert_eq!(read.digest(), nested.digest());
    assert!(read.blobs().iter().all(|blob| blob.verify().unwrap() == blob.digest()));
    let arm64 = "linux/arm64".parse().unwrap();
    let one = pull::image(&from.door, &name, Some(&arm64)).await.unwrap();
    assert_eq!(one.digest(), index.children()[1].digest());
    let none = pull::image(&from.door, &name, Some(&"linux/s390x".parse().unwrap())).await.unwrap_err();
    assert!(none.to_string().contains("0 images for the platform linux/s390x"), "{none}");
    let tags = pull::tags(&from.door, name.repository()).await.unwrap();
    assert_eq!(tags, ["1.0".parse().unwrap()]);
    let absent = pull::image(&from.door, &from.target("2.0"), None).await.unwrap_err();
    assert!(absent.to_string().contains("no such image"), "{absent}");
}

#[tokio::test]
async fn a_copy_asks_again_where_its_source_was_busy() {
    // The configuration comes, the first answer to the layer does not.
    let asked = AtomicU32::new(0);
    let busy = move |line: &RequestLine| {
        let blob = line.method == "GET" && line.path.contains("/blobs/");
        (blob && asked.fetch_add(1, Ordering::Relaxed) == 1).then_some(HttpFault::Status(503))
    };
    let faulty = ServeOptions::default().with_faults(busy);
    let (from, to) = (Bench::new(TagMutability::Mutable, faulty).await, bench().await);
    let image = image(5, &[MIB]);
    from.push(&image, "1.0").await.unwrap();
    let pulled = pull::image(&from.door, &from.target("1.0"), None).await.unwrap();
    assert_eq!(to.push(&pulled, "1.0").await.unwrap().digest, image.digest());
}

async fn push_saved(bench: &Bench, archive: &DockerArchive, reuse: bool) -> Result<PushReport, Error> {
    let scratch = tempfile::tempdir().unwrap();
    let mut how = ArchiveOptions::new(scratch.path(), 2);
    how.reuse = reuse;
    let (request, options) = (PushRequest::to(&bench.target("1.0")), PushOptions::default());
    let ids = Arc::new(SequenceIds::new(1));
    let pushed = push_archive(&bench.door, clock(), ids, archive, &request, &options, &how, &Silent).await;
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "the files have no names");
    pushed
}

fn archive(contents: &[&[u8]]) -> DockerArchive {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saved.tar");
    fs::write(&path, saved_with(contents)).unwrap();
    let Source::Archive(archive) = source::open(&path, &Selection::default()).unwrap() else { panic!() };
    archive
}

fn outcomes(report: &PushReport) -> Vec<LayerOutcome> {
    report.layers.iter().map(|layer| layer.outcome).collect()
}

#[tokio::test]
async fn what_the_tag_has_is_not_compressed_again() {
    use LayerOutcome::{Existed, Reused, Uploaded};
    let bench = bench().await;
    let (base, app) = (vec![b'b'; 3 << 20], vec![b'a'; 70_000]);
    let first = archive(&[&base, &app]);
    let cold = push_saved(&bench, &first, true).await.unwrap();
    assert_eq!(outcomes(&cold), [Uploaded, Uploaded, Uploaded]);
    assert!(cold.bytes_sent < 200_000, "three mebibytes of one letter: {}", cold.bytes_sent);
    let warm = push_saved(&bench, &first, true).await.unwrap();
    assert_eq!((warm.digest, warm.bytes_sent), (cold.digest, 0));
    // Its manifest, its configuration, its tag.
    assert_eq!(warm.requests, 3);
    let second = archive(&[&base, b"another app"]);
    let next = push_saved(&bench, &second, true).await.unwrap();
    assert_eq!(outcomes(&next), [Reused, Uploaded, Uploaded]);
    assert_eq!(next.layers[0].digest, cold.layers[0].digest);
    // Without reuse the layer is compressed again, to the same bytes.
    let again = push_saved(&bench, &second, false).await.unwrap();
    assert_eq!((again.digest, outcomes(&again)), (next.digest, vec![Existed, Existed, Existed]));
}

/// Counts the files in a directory that this process has open, nameless ones too.
struct OpenFiles {
    below: std::path::PathBuf,
    most_while_sending: AtomicUsize,
    when_all_are_sent: AtomicUsize,
}

impl Progress for OpenFiles {
    fn event(&self, event: &Event<'_>) {
        let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let open = files.filter(|file| file.starts_with(&self.below)).count();
        match event {
            Event::LayerStarted { .. } => _ = self.most_while_sending.fetch_max(open, Ordering::Relaxed),
            Event::Planned(_) => self.when_all_are_sent.store(open, Ordering::Relaxed),
            _ => {}
        }
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only Linux lists the open files of a process in /proc")]
async fn a_layer_that_is_sent_takes_no_more_of_the_disk() {
    let bench = bench().await;
    let scratch = tempfile::tempdir().unwrap();
    let contents: Vec<Vec<u8>> = (0..8).map(|seed| vec![seed; 70_000]).collect();
    let saved = archive(&contents.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let open = OpenFiles {
        below: scratch.path().canonicalize().unwrap(),
        most_while_sending: AtomicUsize::new(0),
        when_all_are_sent: AtomicUsize::new(usize::MAX),
    };
    let (request, ids) = (PushRequest::to(&bench.target("1.0")), Arc::new(SequenceIds::new(1)));
    let mut options = PushOptions::default();
    options.parallel_layers = 1;
    let how = ArchiveOptions::new(scratch.path(), 1);
    push_archive(&bench.door, clock(), ids, &saved, &request, &options, &how, &open).await.unwrap();
    // The one that is sent, one that waits, and one that is compressed.
    let most = open.most_while_sending.into_inner();
    assert!((1..=3).contains(&most), "{most}");
    assert_eq!(open.when_all_are_sent.into_inner(), 0);
}

#[tokio::test]
async fn a_layer_that_is_lost_before_the_tag_is_sent_from_the_archive_again() {
    use LayerOutcome::Uploaded;
    // Each layer is asked for before it is sent, and again before the manifest: there the first one is gone, once.
    let (asked, lost) = (Mutex::new(BTreeSet::new()), Arc::new(AtomicBool::new(false)));
    let is_lost = Arc::clone(&lost);
    let faults = move |line: &RequestLine| {
        let again = line.method == "HEAD"
            && line.path.contains("/blobs/")
            && !asked.lock().unwrap().insert(line.path.clone())
            && !is_lost.swap(true, Ordering::Relaxed);
        again.then_some(HttpFault::Status(404))
    };
    let bench = Bench::new(TagMutability::Mutable, ServeOptions::default().with_faults(faults)).await;
    let saved = archive(&[&[b'b'; 70_000], b"app"]);
    let report = push_saved(&bench, &saved, true).await.unwrap();
    assert!(lost.load(Ordering::Relaxed));
    assert_eq!(outcomes(&report), [Uploaded, Uploaded, Uploaded]);
    let pulled = pull::image(&bench.door, &bench.target("1.0"), None).await.unwrap();
    assert_eq!(pulled.digest(), report.digest);
}

#[tokio::test]
async fn the_image_for_the_same_platform_is_reused_out_of_an_index() {
    let bench = bench().await;
    let saved = archive(&[b"one", b"two"]);
    let scratch = tempfile::tempdir().unwrap();
    let (amd64, _) = Source::Archive(saved.clone()).into_image(scratch.path(), 1).unwrap();
    let index = Image::index(vec![platform_image("arm64"), amd64.clone()]).unwrap();
    bench.push(&index, "1.0").await.unwrap();
    let report = push_saved(&bench, &saved, true).await.unwrap();
    assert_eq!(report.digest, amd64.digest());
    assert_eq!(outcomes(&report)[..2], [LayerOutcome::Reused, LayerOutcome::Reused]);
    assert_eq!(pull::resolve(&bench.door, &bench.target("1.0")).await.unwrap(), amd64.digest());
}

#[tokio::test]
async fn a_damaged_archive_leaves_no_tag() {
    let bench = bench().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("saved.tar");
    let mut bytes = saved_with(&[b"one"]);
    // The content of the only file of the only layer.
    bytes[1024 + 1] ^= 1;
    fs::write(&path, bytes).unwrap();
    let Source::Archive(damaged) = source::open(&path, &Selection::default()).unwrap() else { panic!() };
    let error = push_saved(&bench, &damaged, true).await.unwrap_err();
    assert!(matches!(error, Error::DigestMismatch(_)), "{error}");
    assert!(pull::tags(&bench.door, bench.target("1.0").repository()).await.unwrap().is_empty());
    assert_ne!(Digest::of(b"one"), damaged.layers()[0].diff_id);
}

/// Whoever names one index within the other keeps a reader busy for as long as there are names.
#[tokio::test]
async fn indexes_without_end_are_not_followed() {
    let bench = bench().await;
    let mut inner = platform_image("amd64");
    for _ in 0..9 {
        inner = Image::index(vec![inner]).unwrap();
    }
    bench.push(&inner, "deep").await.unwrap();
    let error = pull::image(&bench.door, &bench.target("deep"), None).await.unwrap_err();
    assert!(error.to_string().contains("nested more than 8 deep"), "{error}");
}

//! What a push sends, in which order, and what it reports.

use std::sync::Arc;

use ecr_push::{
    Blob, Error, Image, ImageRef, MediaType, PushOptions, PushRequest, Silent,
    client::{ImageStore, Operation, TagMutability},
    outputs::ImageDetail,
    push::{LayerOutcome, TagOutcome},
};

use crate::context::{Events, HOST, MIB, image, image_of, push, pusher, registry, target};

#[tokio::test]
async fn a_new_image_is_sent_and_a_known_one_is_not() {
    let registry = registry(TagMutability::Mutable);
    let image = image(1, &[3 * MIB, 12 * MIB, MIB]);
    let report = push(registry.clone(), &image, "1.0").await.unwrap();
    assert!(registry.contains(&report.uri) && registry.contains(&report.uri_by_digest));
    assert_eq!(report.uri, target("1.0"));
    assert_eq!(report.uri_by_digest.to_string(), format!("{HOST}/shop@{}", image.digest()));
    assert_eq!((report.uploaded.layers, report.reused.layers, report.retries), (4, 0, 0));
    assert_eq!(registry.traffic().part_bytes, report.uploaded.bytes);
    assert_eq!(report.requests, registry.traffic().requests());
    for layer in image.blobs() {
        assert_eq!(registry.layer(report.uri.repository(), layer.digest()).unwrap(), layer.read().unwrap());
    }

    // The same again: one question and nothing else.
    let again = push(registry.clone(), &image, "1.0").await.unwrap();
    assert_eq!((again.requests, again.uploaded.layers, again.reused.bytes), (1, 0, report.uploaded.bytes));
    assert_eq!(again.tags[0].outcome, TagOutcome::AlreadyThere);

    // Another tag: no layer is sent.
    let other = push(registry.clone(), &image, "1.1").await.unwrap();
    assert_eq!((other.requests, other.uploaded.layers), (3, 0));
    assert_eq!(other.tags[0].outcome, TagOutcome::Written);
    assert_eq!(registry.traffic().part_bytes, report.uploaded.bytes);

    let detail = ImageDetail::of(&report);
    assert_eq!(detail.registry_id.unwrap().as_str(), "123456789012");
    assert_eq!(detail.image_size_in_bytes, Some(report.uploaded.bytes));
}

#[tokio::test]
async fn the_largest_layer_begins_and_parts_follow_one_another() {
    let registry = registry(TagMutability::Mutable).with_part_size(5 * MIB);
    let image = image(2, &[MIB, 12 * MIB, 6 * MIB]);
    let events = Events::default();
    let options = PushOptions::default().with_parallel_layers(1);
    let request = PushRequest::to(&target("1.0"));
    let plan = pusher(registry.clone()).plan(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 0);
    pusher(registry.clone()).push(&image, &request, &options, &events).await.unwrap();
    let config = image.config_blob().unwrap().size();
    let (m12, m6) = (12 * MIB, 6 * MIB);
    assert_eq!(
        events.take(),
        [
            "planned 4 uploads".to_owned(),
            format!("started {m12}"),
            format!("progress {}/{m12}", 5 * MIB),
            format!("progress {}/{m12}", 10 * MIB),
            format!("progress {m12}/{m12}"),
            "done Uploaded".to_owned(),
            format!("started {m6}"),
            format!("progress {}/{m6}", 5 * MIB),
            format!("progress {m6}/{m6}"),
            "done Uploaded".to_owned(),
            format!("started {MIB}"),
            format!("progress {MIB}/{MIB}"),
            "done Uploaded".to_owned(),
            format!("started {config}"),
            format!("progress {config}/{config}"),
            "done Uploaded".to_owned(),
            "stored Some(\"1.0\")".to_owned(),
        ]
    );
    let text = plan.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[1].contains("upload") && lines[1].contains("12582912"), "{text}");
    assert!(lines[5].contains("as 1.0"), "{text}");
    assert_eq!(serde_json::to_value(&plan).unwrap()["blobs"][0]["action"], "upload");
}

#[tokio::test]
async fn an_index_follows_its_children_and_only_it_gets_tags() {
    let registry = registry(TagMutability::Immutable);
    let shared = Blob::from_bytes(MediaType::OciLayer, &b"shared"[..]);
    let child = |architecture: &str| {
        let config =
            format!(r#"{{"architecture":"{architecture}","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}}}}"#);
        image_of(Blob::from_bytes(MediaType::OciConfig, config), vec![shared.clone()])
    };
    let inner = Image::index(vec![child("amd64"), child("arm64")]).unwrap();
    let index = Image::index(vec![inner, child("amd64")]).unwrap();
    let request = PushRequest::to(&target("1.0")).with_tag("latest".parse().unwrap());
    let events = Events::default();
    let options = PushOptions::default();
    let report = pusher(registry.clone()).push(&index, &request, &options, &events).await.unwrap();
    assert_eq!(report.layers.len(), 3, "each blob once");
    let stored: Vec<String> = events.take().into_iter().filter(|event| event.starts_with("stored")).collect();
    assert_eq!(
        stored,
        ["stored None", "stored None", "stored None", "stored Some(\"1.0\")", "stored Some(\"latest\")"]
    );
    let tags = registry.tags(&"shop".parse().unwrap());
    assert_eq!(tags.into_values().collect::<Vec<_>>(), [index.digest(), index.digest()]);
    let pulled = registry.image(&report.uri).unwrap();
    assert_eq!(pulled.manifest, index.manifest().bytes());
}

#[tokio::test]
async fn an_immutable_tag_is_kept() {
    let registry = registry(TagMutability::Immutable);
    let (first, second) = (image(3, &[10]), image(4, &[10]));
    push(registry.clone(), &first, "1.0").await.unwrap();
    let again = push(registry.clone(), &first, "1.0").await.unwrap();
    assert_eq!((again.tags[0].outcome, again.uploaded.layers), (TagOutcome::AlreadyThere, 0));
    let error = push(registry.clone(), &second, "1.0").await.unwrap_err();
    let Error::TagImmutable(conflict) = &error else { panic!("{error}") };
    assert_eq!((conflict.existing(), conflict.pushed()), (first.digest(), second.digest()));
    assert_eq!(*conflict.image(), target("1.0"));
    assert!(error.to_string().contains("push under a new tag"), "{error}");
    assert_eq!(registry.image(&target("1.0")).unwrap().digest, first.digest());
}

#[tokio::test]
async fn a_mutable_tag_moves() {
    let registry = registry(TagMutability::Mutable);
    let (first, second) = (image(3, &[10]), image(4, &[10]));
    for image in [&first, &second, &first] {
        push(registry.clone(), image, "latest").await.unwrap();
        assert_eq!(registry.image(&target("latest")).unwrap().digest, image.digest());
    }
}

#[tokio::test]
async fn without_a_tag_the_image_is_stored_by_digest() {
    let registry = registry(TagMutability::Mutable);
    let image = image(5, &[10]);
    let request = PushRequest::to(&format!("{HOST}/shop@{}", image.digest()).parse().unwrap());
    let options = PushOptions::default();
    let report = pusher(registry.clone()).push(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!(report.uri, report.uri_by_digest);
    assert!(registry.contains(&report.uri));
    let again = pusher(registry.clone()).push(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!((again.requests, again.uploaded.layers), (1, 0));

    let other: ImageRef = format!("{HOST}/shop:x@{}", crate::context::image(6, &[1]).digest()).parse().unwrap();
    let result = pusher(registry.clone()).push(&image, &PushRequest::to(&other), &options, &Silent).await;
    assert!(matches!(result.unwrap_err(), Error::DigestMismatch(_)));
    assert!(!registry.contains(&target("x")));
}

#[tokio::test]
async fn what_cannot_be_pushed_is_said_before_anything_is_sent() {
    let registry = registry(TagMutability::Mutable);
    let missing: ImageRef = format!("{HOST}/other:1").parse().unwrap();
    let request = PushRequest::to(&missing);
    let options = PushOptions::default();
    let result = pusher(registry.clone()).push(&image(7, &[10]), &request, &options, &Silent).await;
    let error = result.unwrap_err();
    let Error::RepositoryMissing(missing) = &error else { panic!("{error}") };
    assert_eq!(missing.repository().as_str(), "other");
    assert!(error.to_string().contains("create it first"), "{error}");

    let error = push(registry.clone(), &image(8, &[10, 0]), "1").await.unwrap_err();
    assert!(matches!(error, Error::Size(_)) && error.to_string().contains("empty"), "{error}");
    assert_eq!(registry.traffic().of(Operation::InitiateLayerUpload), 0);
}

#[tokio::test]
async fn many_layers_are_asked_for_by_the_hundred() {
    let registry = registry(TagMutability::Mutable);
    let image = image(9, &(1..=250).collect::<Vec<u64>>());
    let report = push(registry.clone(), &image, "1").await.unwrap();
    assert_eq!(report.uploaded.layers, 251);
    assert_eq!(registry.traffic().of(Operation::BatchCheckLayerAvailability), 3);
}

#[tokio::test]
async fn layers_that_someone_else_sends_meanwhile_are_a_success() {
    let registry = registry(TagMutability::Mutable);
    let image = image(10, &[100]);
    // Two pushes at once, each of which sees nothing there.
    let (a, b) = (push(registry.clone(), &image, "a"), push(registry.clone(), &image, "b"));
    let (a, b) = futures_util::future::join(a, b).await;
    let outcomes: Vec<LayerOutcome> =
        [a.unwrap(), b.unwrap()].iter().flat_map(|r| r.layers.iter().map(|l| l.outcome)).collect();
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.contains(&LayerOutcome::Uploaded));
    assert!(registry.contains(&target("a")) && registry.contains(&target("b")));
}

#[test]
fn a_push_can_be_spawned() {
    fn assert_send<T: Send>(_: T) {}
    let pusher = pusher(Arc::new(registry(TagMutability::Mutable)) as Arc<dyn ImageStore>);
    let (image, request, options) = (image(1, &[1]), PushRequest::to(&target("1")), PushOptions::default());
    assert_send(pusher.push(&image, &request, &options, &Silent));
}

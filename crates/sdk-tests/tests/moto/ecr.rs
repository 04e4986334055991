//! `ecr_push::client::Ecr`, and whole pushes over it, layer by layer through ECR's own API.
//!
//! Left out, because moto takes what ECR refuses: digests that do not fit the bytes, parts of any size, and manifests
//! whose layers or children are missing.

use std::sync::{Arc, Mutex};

use aws_call::{Fault, ManualClock, SequenceIds};
use aws_sdk_ecr::{
    Client,
    config::{Builder, ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef},
    error::BoxError,
};
use bytes::Bytes;
use ecr_push::{
    Digest, Error, Image, ImageBuilder, ImageRef, Layer, Platform, PushOptions, PushRequest, Pusher, RepositoryName,
    Silent,
    client::{
        Availability, BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, Ecr, GetImage, ImageId,
        ImageStore as _, InitiateUpload, LayerState, PartAnswer, PutImage, Repositories as _, TagMutability,
        UploadPart,
    },
    push::TagOutcome,
};

use crate::server::{ACCOUNT, Moto, is_refused};

const SHOP: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:v1";

/// The operations that went over the wire, as the requests name them.
#[derive(Clone, Debug, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl Sent {
    /// How often an operation was called since the last [`Sent::forget`].
    fn count(&self, operation: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|sent| *sent == operation).count()
    }

    fn forget(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Intercept for Sent {
    fn name(&self) -> &'static str {
        "Sent"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        self.0.lock().unwrap().extend(target.rsplit('.').next().map(str::to_owned));
        Ok(())
    }
}

fn ecr(moto: &Moto) -> (Ecr, Sent) {
    let sent = Sent::default();
    let config = Builder::from(&moto.config()).interceptor(sent.clone()).build();
    (Ecr::new(Client::from_conf(config)), sent)
}

fn pusher(ecr: &Ecr) -> Pusher {
    let clock = ManualClock::at_epoch_secs(0).auto();
    Pusher::new(Arc::new(ecr.clone()), Arc::new(clock), Arc::new(SequenceIds::new(1)))
}

fn shop() -> RepositoryName {
    "shop/web".parse().unwrap()
}

fn target() -> ImageRef {
    SHOP.parse().unwrap()
}

/// An image of two layers, one of them with a file of so many bytes that no compression makes fewer.
fn image(entrypoint: &str, bytes: usize) -> Image {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let noise: Vec<u8> = std::iter::repeat_with(&mut noise).take(bytes).collect();
    let shop = Layer::new().file("/bin/shop", "#!/bin/true\n", 0o755);
    let data = Layer::new().file("/data", noise, 0o644);
    ImageBuilder::new(Platform::linux("amd64")).layer(shop).layer(data).entrypoint([entrypoint]).build().unwrap()
}

async fn create(ecr: &Ecr, mutability: TagMutability) {
    let created = ecr.create(&CreateRepository::new(shop(), mutability)).await.unwrap();
    assert_eq!(created.name, shop());
    assert_eq!(format!("{}:v1", created.uri), SHOP);
    assert_eq!(created.mutability, mutability);
}

#[tokio::test]
async fn repositories() {
    let moto = Moto::start();
    let (ecr, _) = ecr(&moto);
    assert_eq!(ecr.describe(&DescribeRepository::new(shop())).await.unwrap(), None);
    create(&ecr, TagMutability::Immutable).await;
    let found = ecr.describe(&DescribeRepository::new(shop())).await.unwrap().unwrap();
    assert_eq!((found.name, found.mutability), (shop(), TagMutability::Immutable));

    let again = ecr.create(&CreateRepository::new(shop(), TagMutability::Mutable)).await;
    let error = is_refused(again, "CreateRepository", "RepositoryAlreadyExistsException");
    assert_eq!(error.fault(), Fault::AlreadyExists);
    let other = ecr.with_registry_id(ACCOUNT.parse().unwrap());
    assert!(other.describe(&DescribeRepository::new(shop())).await.unwrap().is_some());
}

#[tokio::test]
async fn the_second_push_sends_nothing() {
    let moto = Moto::start();
    let (ecr, sent) = ecr(&moto);
    create(&ecr, TagMutability::Immutable).await;
    // A layer that is a little more than one part, of the smallest that ECR takes.
    let (pusher, image) = (pusher(&ecr), image("/bin/shop", 5 * 1024 * 1024));
    let request = PushRequest::to(&target());
    let options = PushOptions::default().with_part_size(5 * 1024 * 1024);

    let first = pusher.push(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!((first.digest, first.tags[0].outcome), (image.digest(), TagOutcome::Written));
    // Two layers and the configuration.
    assert_eq!((first.uploaded.layers, first.reused.layers, first.retries), (3, 0, 0));
    assert_eq!((sent.count("InitiateLayerUpload"), sent.count("CompleteLayerUpload")), (3, 3));
    assert_eq!((sent.count("UploadLayerPart"), sent.count("PutImage")), (4, 1));

    let digests: Vec<Digest> = image.blobs().iter().map(|blob| blob.digest()).collect();
    let states = ecr.batch_check_layers(&BatchCheckLayers::new(shop(), digests.clone())).await.unwrap();
    let available = digests.into_iter().map(|digest| LayerState::new(digest, Availability::Available));
    assert_eq!(states, available.collect::<Vec<_>>());
    for id in [ImageId::Tag("v1".parse().unwrap()), ImageId::Digest(image.digest())] {
        let found = ecr.get_image(&GetImage::new(shop(), id)).await.unwrap().unwrap();
        assert_eq!((found.digest, &found.media_type), (image.digest(), image.manifest().media_type()));
        // The same bytes, so that the digest is theirs.
        assert_eq!((&found.manifest, Digest::of(&found.manifest)), (image.manifest().bytes(), image.digest()));
    }

    sent.forget();
    let second = pusher.push(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!((second.digest, second.tags[0].outcome), (image.digest(), TagOutcome::AlreadyThere));
    assert_eq!(second.uploaded.bytes, 0);
    assert_eq!(*sent.0.lock().unwrap(), ["BatchGetImage"]);

    // Another tag of the same image is a manifest, and no layers.
    sent.forget();
    let request = PushRequest::to(&target().with_tag("v2".parse().unwrap()));
    let third = pusher.push(&image, &request, &options, &Silent).await.unwrap();
    assert_eq!((third.digest, third.uploaded.bytes, third.tags[0].outcome), (image.digest(), 0, TagOutcome::Written));
    assert_eq!((sent.count("UploadLayerPart"), sent.count("PutImage")), (0, 1));
}

#[tokio::test]
async fn a_part_that_was_sent_before() {
    let moto = Moto::start();
    let (ecr, _) = ecr(&moto);
    create(&ecr, TagMutability::Mutable).await;
    let upload = ecr.initiate_upload(&InitiateUpload::new(shop())).await.unwrap();
    assert_eq!(upload.part_size, 10_485_760);
    let part = |first_byte, bytes| UploadPart::new(shop(), upload.id.clone(), first_byte, Bytes::from_static(bytes));
    let answer = ecr.upload_part(&part(0, b"hello")).await.unwrap();
    assert_eq!(answer, PartAnswer::Received { last_byte: 4 });
    // As after an answer that was lost, and after a part that was.
    for first_byte in [0, 9] {
        let answer = ecr.upload_part(&part(first_byte, b"hello")).await.unwrap();
        let PartAnswer::Resume { last_valid_byte, message } = answer else { panic!("{answer:?}") };
        assert_eq!(last_valid_byte, Some(4), "{message}");
        assert!(!message.is_empty());
    }
    let answer = ecr.upload_part(&part(5, b" shop")).await.unwrap();
    assert_eq!(answer, PartAnswer::Received { last_byte: 9 });
    let digest = Digest::of(b"hello shop");
    let request = CompleteUpload::new(shop(), upload.id.clone(), digest);
    assert_eq!(ecr.complete_upload(&request).await.unwrap(), digest);
    let states = ecr.batch_check_layers(&BatchCheckLayers::new(shop(), vec![digest])).await.unwrap();
    assert_eq!(states, [LayerState::new(digest, Availability::Available)]);
}

#[tokio::test]
async fn what_is_not_there() {
    let moto = Moto::start();
    let (ecr, _) = ecr(&moto);
    let image = image("/bin/shop", 1);
    let push = pusher(&ecr);
    let request = PushRequest::to(&target());
    let error = push.push(&image, &request, &PushOptions::default(), &Silent).await.unwrap_err();
    let Error::RepositoryMissing(missing) = error else { panic!("{error:?}") };
    assert_eq!(missing.call().code(), Some("RepositoryNotFoundException"));

    create(&ecr, TagMutability::Mutable).await;
    for id in [ImageId::Tag("v1".parse().unwrap()), ImageId::Digest(image.digest())] {
        assert_eq!(ecr.get_image(&GetImage::new(shop(), id)).await.unwrap(), None);
    }
    let states = ecr.batch_check_layers(&BatchCheckLayers::new(shop(), vec![image.digest()])).await.unwrap();
    assert!(states.iter().all(|state| state.availability == Availability::Unavailable), "{states:?}");
    let part = UploadPart::new(shop(), "no-such-upload".to_owned(), 0, Bytes::from_static(b"hello"));
    let error = is_refused(ecr.upload_part(&part).await, "UploadLayerPart", "UploadNotFoundException");
    assert_eq!(error.fault(), Fault::NotFound);
}

/// Moto refuses another image under an immutable tag with the code by which ECR says that the tag names this very image.
/// The adapter hands it on, and a push looks before it believes it.
#[tokio::test]
async fn a_tag_that_cannot_be_moved() {
    let moto = Moto::start();
    let (ecr, _) = ecr(&moto);
    create(&ecr, TagMutability::Immutable).await;
    let (image, other) = (image("/bin/shop", 1), image("/bin/other", 1));
    let put = |image: &Image| {
        let manifest = image.manifest();
        let tag = Some("v1".parse().unwrap());
        PutImage::new(shop(), manifest.bytes().clone(), manifest.media_type().clone(), manifest.digest(), tag)
    };
    assert_eq!(ecr.put_image(&put(&image)).await.unwrap(), image.digest());
    let error = is_refused(ecr.put_image(&put(&other)).await, "PutImage", "ImageAlreadyExistsException");
    assert_eq!(error.fault(), Fault::AlreadyExists);
    let found = ecr.get_image(&GetImage::new(shop(), ImageId::Tag("v1".parse().unwrap()))).await.unwrap().unwrap();
    assert_eq!(found.digest, image.digest());
    let request = PushRequest::to(&target().with_tag("v1".parse().unwrap()));
    let error = pusher(&ecr).push(&other, &request, &PushOptions::default(), &Silent).await.unwrap_err();
    assert!(matches!(error, Error::TagImmutable(_)), "{error}");
}

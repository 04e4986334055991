//! Tests for image stores (feature `conformance`): what every implementation of [`ImageStore`] must do, whether it talks to
//! AWS or to a map. Not a stable part of the public API.
//!
//! Each function needs an existing repository with mutable tags that no one else writes to meanwhile.

use std::{fmt, sync::Arc};

use aws_call::{CallError, Clock, IdSource};

use crate::{
    Digest, Error, Image, ImageBuilder, ImageRef, Layer, Platform, PushOptions, PushRequest, Pusher, Silent, Tag,
    client::{
        Availability, BatchCheckLayers, CompleteUpload, GetImage, ImageId, ImageStore, InitiateUpload, PartAnswer,
        PutImage, UploadPart,
    },
};

/// A store does not do what it must.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Nonconformance {
    /// A push failed.
    #[error(transparent)]
    Push(#[from] Error),
    /// A call failed that must succeed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A call had another result than it must have.
    #[error("{what}: expected {expected}, found {found}")]
    Result {
        /// What was looked at.
        what: &'static str,
        /// What every store must answer.
        expected: String,
        /// What this one answered.
        found: String,
    },
}

type Outcome = Result<(), Nonconformance>;

/// A store under test and what a push into it needs.
#[derive(Clone)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn ImageStore>,
    /// Registry and repository.
    pub target: ImageRef,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness. It also makes contents new on each run, so that a real repository can be used again.
    pub ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("target", &self.target).finish_non_exhaustive()
    }
}

/// All tests, one after the other.
///
/// # Errors
/// The first [`Nonconformance`].
pub async fn all(subject: &Subject) -> Outcome {
    push_and_read_back(subject).await?;
    parts_follow_one_another(subject).await?;
    digests_are_computed(subject).await?;
    references_must_exist(subject).await?;
    missing_images_are_none(subject).await
}

/// A pushed image is there under its tag and digest, byte for byte, and pushing it again sends nothing.
///
/// # Errors
/// A [`Nonconformance`] if not.
pub async fn push_and_read_back(subject: &Subject) -> Outcome {
    let image = subject.image()?;
    let tag = subject.tag()?;
    let pusher = Pusher::new(subject.store.clone(), subject.clock.clone(), subject.ids.clone());
    let request = PushRequest::to(&subject.target.clone().with_tag(tag.clone()));
    let first = pusher.push(&image, &request, &PushOptions::default(), &Silent).await?;
    same("the digest of a pushed image", &image.digest(), &first.digest)?;
    for id in [ImageId::Tag(tag), ImageId::Digest(image.digest())] {
        let found = subject.store.get_image(&GetImage::new(request.repository.clone(), id)).await?;
        let manifest = found.map(|image| image.manifest);
        same("the manifest of a pushed image", &Some(image.manifest().bytes().clone()), &manifest)?;
    }
    let second = pusher.push(&image, &request, &PushOptions::default(), &Silent).await?;
    same("the bytes sent by a second push", &0, &second.uploaded.bytes)
}

/// A part that does not follow what came before is refused, with the position at which to go on.
///
/// # Errors
/// A [`Nonconformance`] if not.
pub async fn parts_follow_one_another(subject: &Subject) -> Outcome {
    let repository = subject.target.repository().clone();
    let upload = subject.store.initiate_upload(&InitiateUpload::new(repository.clone())).await?;
    let bytes = subject.bytes();
    let part = |first_byte| UploadPart::new(repository.clone(), upload.id.clone(), first_byte, bytes.clone().into());
    let last_byte = bytes.len() as u64 - 1;
    let answer = subject.store.upload_part(&part(0)).await?;
    same("the answer to the first part", &PartAnswer::Received { last_byte }, &answer)?;
    for first_byte in [0, last_byte + 2] {
        let answer = subject.store.upload_part(&part(first_byte)).await?;
        let stands = match answer {
            PartAnswer::Resume { last_valid_byte, .. } => Ok(last_valid_byte),
            PartAnswer::Received { .. } => Err("received"),
        };
        same("where a refused part says to go on", &Ok(Some(last_byte)), &stands)?;
    }
    Ok(())
}

/// The digest named at the end of an upload is compared with the bytes.
///
/// # Errors
/// A [`Nonconformance`] if not.
pub async fn digests_are_computed(subject: &Subject) -> Outcome {
    let repository = subject.target.repository().clone();
    let bytes = subject.bytes();
    for (named, expected) in [(Digest::of(b"other bytes"), Err("InvalidLayerException")), (Digest::of(&bytes), Ok(()))]
    {
        let upload = subject.store.initiate_upload(&InitiateUpload::new(repository.clone())).await?;
        let part = UploadPart::new(repository.clone(), upload.id.clone(), 0, bytes.clone().into());
        subject.store.upload_part(&part).await?;
        let request = CompleteUpload::new(repository.clone(), upload.id, named);
        let result = subject.store.complete_upload(&request).await;
        same("the end of an upload", &expected, &code(&result.map(|_| ())))?;
        let request = BatchCheckLayers::new(repository.clone(), vec![named]);
        let states = subject.store.batch_check_layers(&request).await?;
        let there = states.iter().any(|state| state.availability == Availability::Available);
        same("whether the layer is there", &expected.is_ok(), &there)?;
    }
    Ok(())
}

/// A manifest is refused as long as a layer or child that it names is not there.
///
/// # Errors
/// A [`Nonconformance`] if not.
pub async fn references_must_exist(subject: &Subject) -> Outcome {
    let image = subject.image()?;
    let index = Image::index(vec![image.clone()])?;
    for (image, expected) in [(&image, "LayersNotFoundException"), (&index, "ReferencedImagesNotFoundException")] {
        let manifest = image.manifest();
        let request = PutImage::new(
            subject.target.repository().clone(),
            manifest.bytes().clone(),
            manifest.media_type().clone(),
            manifest.digest(),
            None,
        );
        let result = subject.store.put_image(&request).await;
        same("a manifest without what it names", &Err(expected), &code(&result.map(|_| ())))?;
    }
    Ok(())
}

/// Asking for an image that is not there is no error.
///
/// # Errors
/// A [`Nonconformance`] if it is.
pub async fn missing_images_are_none(subject: &Subject) -> Outcome {
    let digest = Digest::of(&subject.bytes());
    for id in [ImageId::Tag(subject.tag()?), ImageId::Digest(digest)] {
        let found = subject.store.get_image(&GetImage::new(subject.target.repository().clone(), id)).await?;
        same("a missing image", &None, &found)?;
    }
    Ok(())
}

impl Subject {
    fn bytes(&self) -> Vec<u8> {
        self.ids.hex(1000).into_bytes()
    }

    fn tag(&self) -> Result<Tag, Error> {
        Ok(Tag::parse(&format!("conformance-{}", self.ids.hex(12)))?)
    }

    fn image(&self) -> Result<Image, Error> {
        let layer = Layer::new().file("data", self.bytes(), 0o644);
        ImageBuilder::new(Platform::linux("amd64")).layer(layer).cmd(["/data"]).build()
    }
}

fn code(result: &Result<(), CallError>) -> Result<(), &str> {
    result.as_ref().copied().map_err(|error| error.code().unwrap_or("no code"))
}

fn same<T: PartialEq + fmt::Debug>(what: &'static str, expected: &T, found: &T) -> Outcome {
    if expected == found {
        return Ok(());
    }
    Err(Nonconformance::Result { what, expected: format!("{expected:?}"), found: format!("{found:?}") })
}

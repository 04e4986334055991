//! Images out of a registry (feature `https`): to push them into another one without a disk between, or to write them into an
//! OCI layout.
//!
//! [`image`] reads manifests and configurations; layers come when they are read. What it gives is an [`Image`] like any other,
//! so [`Pusher::push`](crate::Pusher::push) copies it and [`layout::write`](crate::image::layout::write) saves it, with its
//! bytes and digests as they are.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{
    client::{ImageId, StoredImage},
    digest::Digest,
    error::{CallFailed, DigestMismatch, DocumentError, Error},
    image::{Blob, Image},
    manifest::{Descriptor, Manifest, Platform, RawManifest},
    oci::OciRegistry,
    reference::{ImageRef, RepositoryName, Tag},
};

/// Deeper nesting is not made by any tool.
const DEPTH: usize = 8;
/// Manifests of one image; a hostile registry could name them without end.
const MANIFESTS: usize = 10_000;
/// The most bytes of a configuration.
const CONFIG_LIMIT: u64 = 8 << 20;
const NOTHING: &str = "nothing was written";

/// The digest of the image that `image` names: its own digest if it has one, else what its tag, or `latest`, names now.
///
/// # Errors
/// [`Error::Call`] if the registry refuses, [`Error::Document`] if it has no such image.
pub async fn resolve(registry: &OciRegistry, image: &ImageRef) -> Result<Digest, Error> {
    Ok(stored(registry, image.repository(), &id_of(image)).await?.digest)
}

/// All tags of a repository, in the registry's order.
///
/// # Errors
/// [`Error::Call`] if the registry refuses: ECR Public has no such list.
pub async fn tags(registry: &OciRegistry, repository: &RepositoryName) -> Result<Vec<Tag>, Error> {
    let listed = registry.tags(repository).await;
    listed.map_err(|call| CallFailed::new(format!("listing the tags of {repository}"), 1, NOTHING, call).into())
}

/// The image that `image` names, whole or, of an index, for one platform.
///
/// Must be called on tokio; layers are fetched on the same runtime, when they are read.
///
/// # Errors
/// [`Error::Call`] if the registry refuses, [`Error::Document`] if it has no such image, or none or several for the platform,
/// [`Error::DigestMismatch`] if it answers other bytes than were asked for.
pub async fn image(registry: &OciRegistry, image: &ImageRef, platform: Option<&Platform>) -> Result<Image, Error> {
    let walk = Walk { registry, repository: image.repository(), left: AtomicUsize::new(MANIFESTS) };
    let root = parsed(stored(registry, image.repository(), &id_of(image)).await?)?;
    let Some(platform) = platform else { return walk.whole(root, DEPTH).await };
    let mut found = Vec::new();
    walk.search(root, platform, DEPTH, &mut found).await?;
    found.dedup_by_key(|manifest| manifest.digest());
    match <[RawManifest; 1]>::try_from(found) {
        Ok([manifest]) => walk.whole(manifest, DEPTH).await,
        Err(found) => {
            let why = format!("it has {} images for the platform {platform}", found.len());
            Err(DocumentError::new(image.to_string(), why).into())
        }
    }
}

/// What refers to `image` or one of its children: signatures and attestations. They are pushed after it, by digest.
///
/// # Errors
/// As [`image`](fn@image).
pub async fn referrers(
    registry: &OciRegistry,
    repository: &RepositoryName,
    image: &Image,
) -> Result<Vec<Image>, Error> {
    let walk = Walk { registry, repository, left: AtomicUsize::new(MANIFESTS) };
    let mut open: Vec<Digest> = image.manifests().into_iter().map(RawManifest::digest).collect();
    let mut seen: BTreeSet<Digest> = open.iter().copied().collect();
    let mut found = Vec::new();
    while let Some(subject) = open.pop() {
        let listed = registry.referrers(repository, subject).await;
        let listed =
            listed.map_err(|call| CallFailed::new(format!("asking what refers to {subject}"), 1, NOTHING, call))?;
        for descriptor in listed {
            if seen.insert(descriptor.digest) {
                let manifest = walk.manifest(&descriptor).await?;
                found.push(walk.whole(manifest, DEPTH).await?);
                open.push(descriptor.digest);
            }
        }
    }
    Ok(found)
}

fn id_of(image: &ImageRef) -> ImageId {
    match (image.digest(), image.tag()) {
        (Some(digest), _) => ImageId::Digest(digest),
        (None, tag) => tag.cloned().or_else(|| Tag::parse("latest").ok()).map_or_else(
            // `latest` is a tag by the form that `Tag::parse` checks.
            || ImageId::Digest(Digest::of(b"")),
            ImageId::Tag,
        ),
    }
}

async fn stored(registry: &OciRegistry, repository: &RepositoryName, id: &ImageId) -> Result<StoredImage, Error> {
    let name = match id {
        ImageId::Tag(tag) => format!("{}/{repository}:{tag}", registry.registry()),
        ImageId::Digest(digest) => format!("{}/{repository}@{digest}", registry.registry()),
    };
    let found = registry.manifest(repository, id).await;
    let found = found.map_err(|call| CallFailed::new(format!("asking for {name}"), 1, NOTHING, call))?;
    found.ok_or_else(|| DocumentError::new(name, "the registry has no such image").into())
}

fn parsed(image: StoredImage) -> Result<RawManifest, Error> {
    Ok(RawManifest::parse(image.manifest, Some(&image.media_type))?)
}

struct Walk<'a> {
    registry: &'a OciRegistry,
    repository: &'a RepositoryName,
    left: AtomicUsize,
}

type Walking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

impl Walk<'_> {
    async fn manifest(&self, descriptor: &Descriptor) -> Result<RawManifest, Error> {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 1 {
            return Err(Self::endless(descriptor.digest));
        }
        let image = stored(self.registry, self.repository, &ImageId::Digest(descriptor.digest)).await?;
        Ok(RawManifest::parse(image.manifest, Some(&descriptor.media_type))?)
    }

    fn endless(digest: Digest) -> Error {
        let why = format!("indexes are nested more than {DEPTH} deep, or name more than {MANIFESTS} manifests");
        DocumentError::new(format!("manifest {digest}"), why).into()
    }

    fn whole(&self, manifest: RawManifest, depth: usize) -> Walking<'_, Image> {
        Box::pin(async move {
            let depth = depth.checked_sub(1).ok_or_else(|| Self::endless(manifest.digest()))?;
            match manifest.manifest() {
                Manifest::Index(index) => {
                    let mut children = Vec::with_capacity(index.manifests.len());
                    for descriptor in &index.manifests {
                        children.push(self.whole(self.manifest(descriptor).await?, depth).await?);
                    }
                    Image::from_index(manifest, children)
                }
                Manifest::Image(parsed) => {
                    let config = self.config(&parsed.config).await?;
                    let local = parsed.layers.iter().filter(|layer| !layer.media_type.is_foreign());
                    let remote = |layer: &Descriptor| {
                        Blob::remote(layer.clone(), self.registry.clone(), self.repository.clone())
                    };
                    let layers = local.map(remote).collect();
                    Image::new(manifest, config, layers)
                }
            }
        })
    }

    fn search<'a>(
        &'a self,
        manifest: RawManifest,
        platform: &'a Platform,
        depth: usize,
        found: &'a mut Vec<RawManifest>,
    ) -> Walking<'a, ()> {
        Box::pin(async move {
            let depth = depth.checked_sub(1).ok_or_else(|| Self::endless(manifest.digest()))?;
            let Manifest::Index(index) = manifest.manifest() else {
                // Only an image that stands alone comes here without a platform of its own.
                if self.whole(manifest.clone(), 1).await?.platform()?.is_some_and(|own| own.fits(platform)) {
                    found.push(manifest);
                }
                return Ok(());
            };
            for descriptor in &index.manifests {
                match &descriptor.platform {
                    Some(own) if own.fits(platform) => found.push(self.manifest(descriptor).await?),
                    None if descriptor.media_type.is_index() => {
                        self.search(self.manifest(descriptor).await?, platform, depth, found).await?;
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Blob, Error> {
        config(self.registry, self.repository, descriptor).await
    }
}

/// The configuration of an image, read whole.
pub(crate) async fn config(
    registry: &OciRegistry,
    repository: &RepositoryName,
    descriptor: &Descriptor,
) -> Result<Blob, Error> {
    let digest = descriptor.digest;
    if descriptor.size > CONFIG_LIMIT {
        let why = format!("it has {} bytes, more than {CONFIG_LIMIT}", descriptor.size);
        return Err(DocumentError::new(format!("configuration {digest}"), why).into());
    }
    let failed = |call| CallFailed::new(format!("reading configuration {digest}"), 1, NOTHING, call);
    let mut stream = registry.blob(repository, descriptor, 0).await.map_err(failed)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(failed)?);
    }
    let found = Digest::of(&bytes);
    if found != digest {
        let advice = "do not trust this registry";
        let what = format!("the configuration in {}", registry.registry());
        return Err(DigestMismatch::new(what, "reading it", digest, found, advice).into());
    }
    Ok(Blob::hashed(descriptor.media_type.clone(), digest, bytes.into()))
}

//! Pushes an image: asks what is there, sends what is missing, and writes the tag last, so that a tag never names an image
//! that is not whole.

mod progress;
mod report;
mod session;
mod upload;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_call::{Backoff, Clock, Fault, IdSource};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use self::session::{Failed, LAYERS, NOTHING, Session};
pub use self::{
    progress::{Event, LayerOutcome, Progress, Silent},
    report::{LayerReport, PushReport, TagOutcome, TagReport, Total},
};
use crate::{
    client::{Availability, BatchCheckLayers, CHECK_LIMIT, GetImage, ImageId, ImageStore, PutImage},
    digest::Digest,
    error::{DigestMismatch, Error, TagImmutable},
    image::{Blob, Image},
    manifest::RawManifest,
    plan::PushPlan,
    reference::{ImageRef, Registry, RepositoryName, Tag},
};

/// Where to push, and under which tags.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushRequest {
    /// The registry, for the names in the report.
    pub registry: Registry,
    /// The repository.
    pub repository: RepositoryName,
    /// The tags. Without any, the image is stored by its digest.
    pub tags: Vec<Tag>,
    /// The digest that the image must have, if it is known.
    pub digest: Option<Digest>,
}

impl PushRequest {
    /// Pushes to `target`: its tag is written, its digest is compared.
    #[must_use]
    pub fn to(target: &ImageRef) -> Self {
        Self {
            registry: target.registry().clone(),
            repository: target.repository().clone(),
            tags: target.tag().cloned().into_iter().collect(),
            digest: target.digest(),
        }
    }

    /// Adds a tag; the layers are sent once.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }
}

/// How to push.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PushOptions {
    /// How many layers are sent at a time. Each holds one part in memory.
    pub parallel_layers: usize,
    /// How often a call is made before it counts as failed, the first time included.
    pub attempts: u32,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// How large parts are; without it, as large as the service proposes. ECR takes 5 to 20 MiB.
    pub part_size: Option<u64>,
}

impl Default for PushOptions {
    /// Four layers at a time, five attempts.
    fn default() -> Self {
        Self { parallel_layers: 4, attempts: 5, backoff: Backoff::default(), part_size: None }
    }
}

impl PushOptions {
    /// Sets how many layers are sent at a time; zero counts as one.
    #[must_use]
    pub const fn with_parallel_layers(mut self, layers: usize) -> Self {
        self.parallel_layers = layers;
        self
    }

    /// Sets how often a call is made, the first time included; zero counts as one.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how long to wait between attempts.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how large parts are.
    #[must_use]
    pub const fn with_part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }
}

/// Pushes images to one registry.
#[derive(Clone)]
pub struct Pusher {
    store: Arc<dyn ImageStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").field("clock", &self.clock).field("ids", &self.ids).finish_non_exhaustive()
    }
}

/// What storing a manifest led to.
enum Stored {
    Written,
    AlreadyThere,
    /// The service misses what the manifest names, although it was there a moment ago.
    Incomplete(Failed),
}

impl Pusher {
    /// Pushes into `store`, waiting between attempts on `clock`, jittered by `ids`.
    #[must_use]
    pub fn new(store: Arc<dyn ImageStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { store, clock, ids }
    }

    /// What [`push`](Self::push) would do now. Writes nothing.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub async fn plan(
        &self,
        image: &Image,
        request: &PushRequest,
        options: &PushOptions,
        progress: &dyn Progress,
    ) -> Result<PushPlan, Error> {
        let session = self.session(request, options, progress);
        let (missing, _) = session.tags(image.digest()).await?;
        session.plan(image, &missing).await
    }

    /// Pushes `image`.
    ///
    /// Layers that the repository has are not sent. A tag that names the image already is a success without a write,
    /// whether it is immutable or not. If the tags all do, nothing else is asked or sent.
    ///
    /// Cancel-safe: dropping the future before the image is stored leaves no tag, only layers that the next push reuses and
    /// uploads that expire by themselves.
    ///
    /// # Errors
    /// [`Error::RepositoryMissing`], [`Error::TagImmutable`] if a tag names another image and must keep it,
    /// [`Error::DigestMismatch`] if source, request and registry do not agree on a digest, [`Error::Size`] for a blob that
    /// ECR cannot take, [`Error::Io`] if a layer cannot be read, and [`Error::Call`] for everything the service refuses.
    pub async fn push(
        &self,
        image: &Image,
        request: &PushRequest,
        options: &PushOptions,
        progress: &dyn Progress,
    ) -> Result<PushReport, Error> {
        let digest = image.digest();
        if let Some(expected) = request.digest.filter(|expected| *expected != digest) {
            let advice = "push the image that the request names, or take the digest out of the request";
            return Err(DigestMismatch::new("the image to push", "reading it", expected, digest, advice).into());
        }
        let session = self.session(request, options, progress);
        let (missing, stored) = session.tags(digest).await?;
        let mut outcomes: BTreeMap<Digest, LayerOutcome> = BTreeMap::new();
        let mut written = BTreeSet::new();
        if !stored {
            session.transfer(image, &missing, &mut outcomes, &mut written).await?;
        }
        Ok(session.report(image, &outcomes, &written))
    }

    fn session<'a>(
        &'a self,
        request: &'a PushRequest,
        options: &'a PushOptions,
        progress: &'a dyn Progress,
    ) -> Session<'a> {
        Session {
            store: &*self.store,
            clock: &*self.clock,
            ids: &*self.ids,
            progress,
            options,
            request,
            requests: AtomicU32::new(0),
            retries: AtomicU32::new(0),
        }
    }
}

impl Session<'_> {
    /// The tags that do not name the image yet, and whether nothing is left to do.
    async fn tags(&self, digest: Digest) -> Result<(Vec<Tag>, bool), Error> {
        let mut missing = Vec::new();
        for tag in &self.request.tags {
            if self.find(ImageId::Tag(tag.clone())).await? == Some(digest) {
                self.progress.event(&Event::TagPresent(tag));
            } else {
                missing.push(tag.clone());
            }
        }
        let stored = if self.request.tags.is_empty() {
            self.find(ImageId::Digest(digest)).await? == Some(digest)
        } else {
            missing.is_empty()
        };
        Ok((missing, stored))
    }

    async fn find(&self, id: ImageId) -> Result<Option<Digest>, Error> {
        let request = GetImage::new(self.request.repository.clone(), id);
        let found = self.call(|| self.store.get_image(&request)).await;
        let found = found.map_err(|failed| self.error("asking for the image under the tag", NOTHING, failed))?;
        Ok(found.map(|image| image.digest))
    }

    async fn plan(&self, image: &Image, tags: &[Tag]) -> Result<PushPlan, Error> {
        let digests: Vec<Digest> = image.blobs().into_iter().map(Blob::digest).collect();
        let mut available = BTreeSet::new();
        for chunk in digests.chunks(CHECK_LIMIT) {
            let request = BatchCheckLayers::new(self.request.repository.clone(), chunk.to_vec());
            let states = self.call(|| self.store.batch_check_layers(&request)).await;
            let states = states.map_err(|failed| self.error("asking which layers are there", NOTHING, failed))?;
            let there = states.into_iter().filter(|state| state.availability == Availability::Available);
            available.extend(there.map(|state| state.digest));
        }
        Ok(PushPlan::new(self.request.repository.clone(), image, tags, &available)?)
    }

    /// Layers, then children, then the image under its tags. Twice at most: the service may forget a layer that no image
    /// names between the question and the manifest.
    async fn transfer(
        &self,
        image: &Image,
        tags: &[Tag],
        outcomes: &mut BTreeMap<Digest, LayerOutcome>,
        written: &mut BTreeSet<Tag>,
    ) -> Result<(), Error> {
        let mut again = true;
        loop {
            let left: Vec<Tag> = tags.iter().filter(|tag| !written.contains(*tag)).cloned().collect();
            let plan = self.plan(image, &left).await?;
            self.progress.event(&Event::Planned(&plan));
            self.send(image, &plan, outcomes).await?;
            match self.store_all(image, &plan, written).await? {
                None => return Ok(()),
                Some(_) if again => again = false,
                Some(failed) => return Err(self.error("storing the image", LAYERS, failed)),
            }
        }
    }

    async fn send(
        &self,
        image: &Image,
        plan: &PushPlan,
        outcomes: &mut BTreeMap<Digest, LayerOutcome>,
    ) -> Result<(), Error> {
        let blobs: BTreeMap<Digest, &Blob> = image.blobs().into_iter().map(|blob| (blob.digest(), blob)).collect();
        let uploads: Vec<_> = plan
            .uploads()
            .filter_map(|planned| blobs.get(&planned.digest))
            .map(|blob| upload::upload(self, blob))
            .collect();
        // The first failure drops the others: there will be no image, so their bytes are not worth sending.
        let mut sent = stream::iter(uploads).buffer_unordered(self.options.parallel_layers.max(1));
        while let Some((digest, outcome)) = sent.try_next().await? {
            outcomes.insert(digest, outcome);
        }
        Ok(())
    }

    /// Stores the manifests as planned: children by digest, the image itself under each of its tags. Returns the failure if
    /// something they name is gone.
    async fn store_all(
        &self,
        image: &Image,
        plan: &PushPlan,
        written: &mut BTreeSet<Tag>,
    ) -> Result<Option<Failed>, Error> {
        // The plan lists the manifests of the image, in its order.
        for (manifest, planned) in image.manifests().into_iter().zip(&plan.manifests) {
            let by_digest = planned.tags.is_empty().then_some(None);
            for tag in planned.tags.iter().map(Some).chain(by_digest) {
                match self.store(manifest, tag).await? {
                    Stored::Incomplete(failed) => return Ok(Some(failed)),
                    Stored::Written => written.extend(tag.cloned()),
                    Stored::AlreadyThere => {}
                }
            }
        }
        Ok(None)
    }

    async fn store(&self, manifest: &RawManifest, tag: Option<&Tag>) -> Result<Stored, Error> {
        let digest = manifest.digest();
        let request = PutImage::new(
            self.request.repository.clone(),
            manifest.bytes().clone(),
            manifest.media_type().clone(),
            digest,
            tag.cloned(),
        );
        let stored = match self.call(|| self.store.put_image(&request)).await {
            Ok(computed) if computed == digest => Stored::Written,
            Ok(computed) => {
                let advice = "do not trust this registry; the tag may have been written";
                return Err(DigestMismatch::new("the stored manifest", "the registry", digest, computed, advice).into());
            }
            Err(failed) => match failed.call.code() {
                // An earlier attempt of this or another push has stored it.
                Some("ImageAlreadyExistsException") if tag.is_none() && failed.attempts > 1 => Stored::Written,
                Some("ImageAlreadyExistsException") if tag.is_none() => Stored::AlreadyThere,
                // ECR says the first when the tag names this very image. Who says so about another one is not believed.
                Some("ImageAlreadyExistsException" | "ImageTagAlreadyExistsException") => {
                    return self.immutable(digest, tag, failed).await;
                }
                Some("LayersNotFoundException" | "ReferencedImagesNotFoundException") => Stored::Incomplete(failed),
                _ => return Err(self.not_stored(digest, tag, failed)),
            },
        };
        self.progress.event(&Event::ManifestStored { digest, tag });
        Ok(stored)
    }

    /// The tag exists and cannot be moved; if it names our image, that is what was wanted.
    async fn immutable(&self, digest: Digest, tag: Option<&Tag>, failed: Failed) -> Result<Stored, Error> {
        let Some(tag) = tag else { return Err(self.not_stored(digest, tag, failed)) };
        match self.find(ImageId::Tag(tag.clone())).await? {
            // If the answer to an earlier attempt was lost, it was that attempt which wrote the tag.
            Some(existing) if existing == digest && failed.attempts > 1 => Ok(Stored::Written),
            Some(existing) if existing == digest => Ok(Stored::AlreadyThere),
            Some(existing) => Err(TagImmutable::new(self.target().with_tag(tag.clone()), existing, digest).into()),
            None => Err(self.not_stored(digest, Some(tag), failed)),
        }
    }

    fn not_stored(&self, digest: Digest, tag: Option<&Tag>, failed: Failed) -> Error {
        let what = match tag {
            Some(tag) => format!("storing image {digest} under the tag `{tag}`"),
            None => format!("storing image {digest}"),
        };
        let left = match failed.call.fault() {
            Fault::Connection | Fault::Timeout if tag.is_some() => {
                "whether the tag was written is not known, for the answer never came; push again to make sure"
            }
            _ if self.request.tags.len() > 1 => "tags that were written before stay; push again to write the others",
            _ => LAYERS,
        };
        self.error(what, left, failed)
    }

    fn target(&self) -> ImageRef {
        ImageRef::new(self.request.registry.clone(), self.request.repository.clone())
    }

    fn report(&self, image: &Image, outcomes: &BTreeMap<Digest, LayerOutcome>, written: &BTreeSet<Tag>) -> PushReport {
        let outcome = |digest| outcomes.get(&digest).copied().unwrap_or(LayerOutcome::Existed);
        let layer =
            |blob: &Blob| LayerReport { digest: blob.digest(), size: blob.size(), outcome: outcome(blob.digest()) };
        let layers: Vec<LayerReport> = image.blobs().into_iter().map(layer).collect();
        let tag = |tag: &Tag| {
            let outcome = if written.contains(tag) { TagOutcome::Written } else { TagOutcome::AlreadyThere };
            TagReport { tag: tag.clone(), outcome }
        };
        let uri_by_digest = self.target().with_digest(image.digest());
        let first = self.request.tags.first().cloned();
        PushReport {
            digest: image.digest(),
            uri: first.map_or_else(|| uri_by_digest.clone(), |tag| self.target().with_tag(tag)),
            uri_by_digest,
            tags: self.request.tags.iter().map(tag).collect(),
            uploaded: Total::of(&layers, LayerOutcome::Uploaded),
            reused: Total::of(&layers, LayerOutcome::Existed),
            layers,
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }
}

//! The steps of a push, in the order in which nothing can point to what is not there: layers, children by digest, the image
//! under its tags.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{
    LayerOutcome,
    progress::Event,
    schedule::{Schedule, lanes},
    session::{LAYERS, NOTHING, Session},
};
use crate::{
    client::{ImageId, PutImage},
    digest::Digest,
    door::{Failed, Refusal, UploadBlob, UploadFailed},
    error::{BlobElsewhere, DigestMismatch, Error, TagImmutable},
    image::{Blob, Image},
    manifest::RawManifest,
    plan::{BlobAction, Found, PlannedBlob, PushPlan},
    reference::Tag,
};

/// What storing a manifest led to.
enum Stored {
    Written,
    AlreadyThere,
    /// The service misses what the manifest names, although it was there a moment ago.
    Incomplete(Failed),
}

impl Session<'_> {
    /// The tags that do not name the image yet, and whether nothing is left to do.
    pub(super) async fn tags(&self, digest: Digest) -> Result<(Vec<Tag>, bool), Error> {
        let mut missing = Vec::new();
        for tag in &self.request.tags {
            if self.find(ImageId::Tag(tag.clone())).await? == Some(digest) {
                self.event(&Event::TagPresent(tag));
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
        let found = self.door.find(&self.calls, &self.request.repository, &id).await;
        found.map_err(|failed| self.error("asking for the image under the tag", NOTHING, failed))
    }

    pub(super) async fn plan(&self, image: &Image, tags: &[Tag]) -> Result<PushPlan, Error> {
        let asking = |failed| self.error("asking which layers are there", NOTHING, failed);
        let digests: Vec<Digest> = image.blobs().into_iter().map(Blob::digest).collect();
        let available = self.door.available(&self.calls, &self.request.repository, &digests).await.map_err(asking)?;
        let mut found = Found { available, mountable: BTreeMap::new() };
        let mut missing: Vec<Digest> = digests.into_iter().filter(|d| !found.available.contains(d)).collect();
        for from in self.request.mount_from.iter().filter(|_| self.door.mounts()) {
            if missing.is_empty() {
                break;
            }
            // A repository that cannot be asked mounts nothing; the layers are sent instead.
            let there = self.door.available(&self.calls, from, &missing).await.unwrap_or_default();
            missing.retain(|digest| !there.contains(digest));
            found.mountable.extend(there.into_iter().map(|digest| (digest, from.clone())));
        }
        Ok(PushPlan::new(self.request.repository.clone(), image, tags, &found)?)
    }

    /// Layers, then children, then the image under its tags. Twice at most: the service may forget a layer that no image
    /// names between the question and the manifest.
    pub(super) async fn transfer(&self, image: &Image, tags: &[Tag]) -> Result<(), Error> {
        let mut again = true;
        loop {
            let left: Vec<Tag> = tags.iter().filter(|tag| !self.ledger().written.contains(*tag)).cloned().collect();
            let plan = self.plan(image, &left).await?;
            self.event(&Event::Planned(&plan));
            self.send(image, &plan).await?;
            match self.store_all(image, &plan).await? {
                None => return Ok(()),
                Some(_) if again => again = false,
                Some(failed) => return Err(self.error("storing the image", LAYERS, failed)),
            }
        }
    }

    async fn send(&self, image: &Image, plan: &PushPlan) -> Result<(), Error> {
        let blobs: BTreeMap<Digest, &Blob> = image.blobs().into_iter().map(|blob| (blob.digest(), blob)).collect();
        for planned in plan.blobs.iter().filter(|planned| planned.action == BlobAction::Reuse) {
            self.ledger().layers.entry(planned.digest).or_insert(LayerOutcome::Reused);
        }
        let uploads = plan.uploads().filter_map(|planned| blobs.get(&planned.digest).map(|blob| (planned, *blob)));
        let uploads = uploads.map(|(planned, blob)| (self.door.held(planned.size), self.upload(planned, blob)));
        let sizes: Vec<u64> = plan.uploads().map(PlannedBlob::upload_bytes).collect();
        let lanes = lanes(&sizes, self.options.parallel_layers);
        let mut schedule = Schedule::new(uploads, lanes, self.options.bytes_in_flight);
        let mut running = FuturesUnordered::new();
        loop {
            while let Some((held, upload)) = schedule.next() {
                running.push(async move { upload.await.map(|()| held) });
            }
            // The first failure drops the others: there will be no image, so their bytes are not worth sending.
            match running.next().await {
                None => return Ok(()),
                Some(done) => schedule.done(done?),
            }
        }
    }

    async fn upload(&self, planned: &PlannedBlob, blob: &Blob) -> Result<(), Error> {
        let (digest, size) = (planned.digest, planned.size);
        if blob.is_elsewhere() {
            // The registry had it when the image was made to name it, and has it no more.
            return Err(BlobElsewhere::new(digest).into());
        }
        self.event(&Event::LayerStarted { digest, size });
        let mut request = UploadBlob::new(self.request.repository.clone(), blob.clone());
        request.verify = self.options.verify;
        request.part_size = self.options.part_size;
        if let BlobAction::Mount { from } = &planned.action {
            request.mount_from = Some(from.clone());
        }
        let outcome = self.door.upload(&self.calls, &request).await.map_err(|failed| match failed {
            UploadFailed::Source(error) => error,
            UploadFailed::Call(failed) => self.error(format!("uploading layer {digest}"), LAYERS, failed),
        })?;
        self.ledger().layers.insert(digest, outcome);
        self.event(&Event::LayerDone { digest, outcome });
        Ok(())
    }

    /// Stores the manifests as planned: children by digest, the image itself under each of its tags. Returns the failure if
    /// something they name is gone.
    async fn store_all(&self, image: &Image, plan: &PushPlan) -> Result<Option<Failed>, Error> {
        let manifests: BTreeMap<Digest, &RawManifest> =
            image.manifests().into_iter().map(|manifest| (manifest.digest(), manifest)).collect();
        for planned in &plan.manifests {
            let Some(manifest) = manifests.get(&planned.digest) else { continue };
            let by_digest = planned.tags.is_empty().then_some(None);
            for tag in planned.tags.iter().map(Some).chain(by_digest) {
                let stored = self.store(manifest, tag).await?;
                if let Stored::Incomplete(failed) = stored {
                    return Ok(Some(failed));
                }
                let mut ledger = self.ledger();
                ledger.manifests.insert(planned.digest);
                if matches!(stored, Stored::Written) {
                    ledger.written.extend(tag.cloned());
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
        let stored = match self.door.put_image(&self.calls, &request).await {
            Ok(computed) if computed == digest => Stored::Written,
            Ok(computed) => {
                let advice = "do not trust this registry; the tag may have been written";
                return Err(DigestMismatch::new("the stored manifest", "the registry", digest, computed, advice).into());
            }
            Err(failed) => match failed.refusal() {
                // An earlier attempt of this or another push has stored it.
                Some(Refusal::ImageExists) if tag.is_none() && failed.attempts > 1 => Stored::Written,
                Some(Refusal::ImageExists) if tag.is_none() => Stored::AlreadyThere,
                // ECR says the first when the tag names this very image. Who says so about another one is not believed.
                Some(Refusal::ImageExists | Refusal::TagTaken) => return self.taken(digest, tag, failed).await,
                Some(Refusal::Incomplete) => Stored::Incomplete(failed),
                _ => return Err(self.not_stored(digest, tag, failed)),
            },
        };
        self.event(&Event::ManifestStored { digest, tag });
        Ok(stored)
    }

    /// The tag exists and cannot be moved; if it names our image, that is what was wanted.
    async fn taken(&self, digest: Digest, tag: Option<&Tag>, failed: Failed) -> Result<Stored, Error> {
        let Some(tag) = tag else { return Err(self.not_stored(digest, tag, failed)) };
        match self.find(ImageId::Tag(tag.clone())).await? {
            // If the answer to an earlier attempt was lost, it was that attempt which wrote the tag.
            Some(existing) if existing == digest && failed.attempts > 1 => Ok(Stored::Written),
            Some(existing) if existing == digest => Ok(Stored::AlreadyThere),
            Some(existing) => Err(TagImmutable::new(self.target().with_tag(tag.clone()), existing, digest).into()),
            None => Err(self.not_stored(digest, Some(tag), failed)),
        }
    }
}

//! Pushes an archive of `docker save`: layers are compressed one after another on threads of their own, and each is sent while
//! the next is compressed. What the image under the tag has already is neither compressed nor sent.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, thread};

use aws_call::{Clock, IdSource};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{Receiver, channel};

use super::{ArchiveLayer, DockerArchive, reuse};
use crate::{
    client::ImageId,
    digest::Digest,
    door::{Calls, Door as _, Failed, Refusal, UploadBlob, UploadFailed},
    error::{CallFailed, Error, IoError, RepositoryMissing},
    image::Blob,
    manifest::{Manifest, RawManifest},
    oci::OciRegistry,
    pull,
    push::{Event, LayerOutcome, Progress, PushOptions, PushReport, PushRequest, Pusher, Total},
};

const LEFT: &str = "no tag was written; push again, and only what is missing is sent";

/// How an archive is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveOptions {
    /// Where compressed layers wait, in nameless files, until the registry has them: there must be room for those that are
    /// sent at a time and two more.
    pub scratch: PathBuf,
    /// How many threads compress.
    pub threads: usize,
    /// Whether layers of the image that is under the tag now, or under the first of [`reuse_from`](Self::reuse_from) that is
    /// there, are taken in place of those of the archive with the same content. Whoever can write to the repository decides
    /// what they hold.
    pub reuse: bool,
    /// Images of the same repository to look at beside the tag itself.
    pub reuse_from: Vec<ImageId>,
}

impl ArchiveOptions {
    /// Compresses in `scratch` on `threads` threads, and reuses what is there.
    #[must_use]
    pub fn new(scratch: impl Into<PathBuf>, threads: usize) -> Self {
        Self { scratch: scratch.into(), threads, reuse: true, reuse_from: Vec::new() }
    }

    /// Compresses and sends every layer, whatever is under the tag.
    #[must_use]
    pub fn without_reuse(mut self) -> Self {
        self.reuse = false;
        self
    }

    /// Looks at this image too.
    #[must_use]
    pub fn with_reuse_from(mut self, id: ImageId) -> Self {
        self.reuse_from.push(id);
        self
    }
}

/// Pushes an archive into `registry`.
///
/// Cancel-safe: dropping the future leaves no tag; a thread that compresses ends with its layer.
///
/// # Errors
/// As [`Pusher::push`], and [`Error::DigestMismatch`] and [`Error::Io`] of [`ArchiveLayer::compress`].
#[allow(clippy::too_many_arguments, reason = "those of `Pusher::push`, and what makes a pusher")]
pub async fn push_archive(
    registry: &OciRegistry,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    archive: &DockerArchive,
    request: &PushRequest,
    options: &PushOptions,
    archive_options: &ArchiveOptions,
    progress: &dyn Progress,
) -> Result<PushReport, Error> {
    let pusher = Pusher::through(Arc::new(registry.clone()), Arc::clone(&clock), Arc::clone(&ids));
    let calls = Calls::new(&*clock, &*ids, progress, options);
    let sending = Sending { registry, calls, request, options, progress };
    let mut outcomes = BTreeMap::new();
    let mut reuse = archive_options.reuse;
    let mut again = true;
    loop {
        let known = if reuse { sending.known(archive, &archive_options.reuse_from).await? } else { Vec::new() };
        let image = archive.image_of(sending.layers(archive, known, archive_options, &mut outcomes).await?)?;
        match pusher.push(&image, request, options, progress).await {
            // A layer was there a moment ago and is gone: ECR cleans up what no image names any more. Once more, from the
            // archive.
            Err(Error::BlobElsewhere(_)) if again => (again, reuse) = (false, false),
            pushed => return Ok(sending.merged(pushed?, &outcomes)),
        }
    }
}

struct Sending<'a> {
    registry: &'a OciRegistry,
    calls: Calls<'a>,
    request: &'a PushRequest,
    options: &'a PushOptions,
    progress: &'a dyn Progress,
}

impl Sending<'_> {
    /// For each layer, the blob of the repository that has its content.
    async fn known(&self, archive: &DockerArchive, others: &[ImageId]) -> Result<Vec<Option<Blob>>, Error> {
        let mut known = reuse::KnownLayers::new();
        let tags = self.request.tags.iter().cloned().map(ImageId::Tag);
        for id in tags.chain(others.iter().cloned()) {
            if known.is_empty()
                && let Some((manifest, config)) = self.image(archive, &id).await?
            {
                // An image that makes no sense has nothing to give.
                known = reuse::known_layers(&manifest, &config.read()?).unwrap_or_default();
            }
        }
        Ok(reuse::reused(archive, &known))
    }

    /// Manifest and configuration of the image under a name; of an index, of the image for the archive's platform.
    async fn image(&self, archive: &DockerArchive, id: &ImageId) -> Result<Option<(RawManifest, Blob)>, Error> {
        let repository = &self.request.repository;
        let mut id = id.clone();
        for _ in 0..2 {
            let found = self.calls.call(|| self.registry.manifest(repository, &id)).await;
            let Some(found) = found.map_err(|failed| self.error("asking for the image under the tag", failed))? else {
                return Ok(None);
            };
            let Ok(manifest) = RawManifest::parse(found.manifest, Some(&found.media_type)) else { return Ok(None) };
            match manifest.manifest() {
                Manifest::Image(parsed) => {
                    let descriptor = parsed.config.clone();
                    self.calls.count_request();
                    let config = pull::config(self.registry, repository, &descriptor).await?;
                    return Ok(Some((manifest, config)));
                }
                Manifest::Index(index) => {
                    let fits = index.manifests.iter().find(|entry| {
                        entry.platform.as_ref().is_some_and(|platform| platform.fits(archive.platform()))
                    });
                    let Some(fits) = fits else { return Ok(None) };
                    id = ImageId::Digest(fits.digest);
                }
            }
        }
        Ok(None)
    }

    /// Every layer, all of which the repository has then; `outcomes` tells how it came to those that were compressed. What a
    /// layer takes in `scratch` is given back as soon as the repository has it.
    async fn layers(
        &self,
        archive: &DockerArchive,
        known: Vec<Option<Blob>>,
        archive_options: &ArchiveOptions,
        outcomes: &mut BTreeMap<Digest, LayerOutcome>,
    ) -> Result<Vec<Blob>, Error> {
        let mut blobs = known;
        blobs.resize(archive.layers().len(), None);
        let mut work: Vec<(usize, ArchiveLayer)> =
            archive.layers().iter().cloned().enumerate().filter(|(at, _)| blobs[*at].is_none()).collect();
        // The largest first, as for every push.
        work.sort_by_key(|(at, layer)| (std::cmp::Reverse(layer.size()), *at));
        let mut compressed = compress(work, archive_options)?;
        let mut sending = FuturesUnordered::new();
        let limit = self.options.parallel_layers.max(1);
        let mut more = true;
        while more || !sending.is_empty() {
            tokio::select! {
                next = compressed.recv(), if more && sending.len() < limit => match next {
                    None => more = false,
                    Some(done) => {
                        let (at, blob) = done?;
                        blobs[at] = Some(Blob::elsewhere(blob.descriptor().clone()));
                        sending.push(self.upload(blob));
                    }
                },
                Some(done) = sending.next() => {
                    let (digest, outcome) = done?;
                    // Of two layers with the same content, the first was sent.
                    outcomes.entry(digest).or_insert(outcome);
                }
            }
        }
        let layers: Option<Vec<Blob>> = blobs.into_iter().collect();
        let ended = || std::io::Error::other("the thread that compresses layers ended early");
        Ok(layers.ok_or_else(|| IoError::new("compress into", archive_options.scratch.clone(), ended()))?)
    }

    /// Sends a layer unless it is there.
    async fn upload(&self, blob: Blob) -> Result<(Digest, LayerOutcome), Error> {
        let (digest, size) = (blob.digest(), blob.size());
        let repository = &self.request.repository;
        let there = self.registry.available(&self.calls, repository, &[digest]).await;
        if there.map_err(|failed| self.error("asking which layers are there", failed))?.contains(&digest) {
            return Ok((digest, LayerOutcome::Existed));
        }
        self.progress.event(&Event::LayerStarted { digest, size });
        let mut request = UploadBlob::new(repository.clone(), blob);
        request.verify = self.options.verify;
        let outcome = self.registry.upload(&self.calls, &request).await.map_err(|failed| match failed {
            UploadFailed::Source(error) => error,
            UploadFailed::Call(failed) => self.error(&format!("uploading layer {digest}"), failed),
        })?;
        self.progress.event(&Event::LayerDone { digest, outcome });
        Ok((digest, outcome))
    }

    fn error(&self, what: &str, failed: Failed) -> Error {
        if failed.refusal() == Some(Refusal::RepositoryMissing) {
            let PushRequest { registry, repository, .. } = self.request;
            return RepositoryMissing::new(repository.clone(), registry.clone(), failed.call).into();
        }
        CallFailed::new(what, failed.attempts, LEFT, failed.call).into()
    }

    /// The report of the last step, with what was done before it.
    fn merged(&self, mut report: PushReport, outcomes: &BTreeMap<Digest, LayerOutcome>) -> PushReport {
        for layer in &mut report.layers {
            layer.outcome = outcomes.get(&layer.digest).copied().unwrap_or(layer.outcome);
        }
        (report.uploaded, report.reused) = (Total::default(), Total::default());
        for layer in &report.layers {
            let total = if layer.outcome == LayerOutcome::Uploaded { &mut report.uploaded } else { &mut report.reused };
            *total = Total { layers: total.layers + 1, bytes: total.bytes + layer.bytes };
        }
        report.requests += self.calls.requests();
        report.retries += self.calls.retries();
        report.bytes_sent += self.calls.bytes_sent();
        report
    }
}

type Compressed = Result<(usize, Blob), Error>;

/// Compresses layers in order on a thread. One waits to be sent while the next is compressed.
fn compress(work: Vec<(usize, ArchiveLayer)>, options: &ArchiveOptions) -> Result<Receiver<Compressed>, Error> {
    let (sender, receiver) = channel(1);
    if work.is_empty() {
        return Ok(receiver);
    }
    let options = options.clone();
    // Not one of tokio's threads: those are waited for when a program leaves.
    let spawned = thread::Builder::new().name("compress".to_owned()).spawn(move || {
        for (at, layer) in work {
            let done = layer.compress(&options.scratch, options.threads).map(|blob| (at, blob));
            let failed = done.is_err();
            if sender.blocking_send(done).is_err() || failed {
                return;
            }
        }
    });
    spawned.map_err(|error| IoError::new("start a thread to compress in", "scratch", error))?;
    Ok(receiver)
}

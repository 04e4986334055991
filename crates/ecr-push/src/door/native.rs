//! The door of ECR's own API: parts strictly one after another, each repeated on its own, and an upload that broke off goes
//! on where the service says it stands.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use aws_call::CallError;

use super::{Calls, Door, Failed, Refusal, UploadBlob, UploadFailed};
use crate::{
    client::{
        Availability, BatchCheckLayers, CHECK_LIMIT, CompleteUpload, GetImage, ImageId, ImageStore, InitiateUpload,
        PartAnswer, PutImage, Upload, UploadPart,
    },
    digest::{Digest, Hasher},
    error::{DigestMismatch, Error},
    image::Blob,
    push::{LayerOutcome, Verify},
    reference::RepositoryName,
};

/// ECR takes parts from 5 MiB (but for the last) to 20 MiB, and at most 4,200 of them.
const MIN_PART: u64 = 5 << 20;
const MAX_PART: u64 = 20 << 20;
const MAX_PARTS: u64 = 4_200;
/// The part size that a service is expected to propose, before it has been asked.
const USUAL_PART: u64 = 10 << 20;
/// A part in memory, in base64, and in the JSON around it.
const COPIES: u64 = 4;
/// How often an upload of one layer is begun. A service that loses three uploads will lose the fourth.
const UPLOADS: u32 = 3;
/// How often in a row the service may refuse parts without getting further.
const REFUSALS: u32 = 2;

/// Pushes through an [`ImageStore`]: layers in parts.
#[derive(Clone)]
pub struct Native {
    store: Arc<dyn ImageStore>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").finish_non_exhaustive()
    }
}

impl Native {
    /// The door of this store.
    #[must_use]
    pub fn new(store: Arc<dyn ImageStore>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Door for Native {
    async fn find(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<Digest>, Failed> {
        let request = GetImage::new(repository.clone(), id.clone());
        let found = calls.call(|| self.store.get_image(&request)).await?;
        Ok(found.map(|image| image.digest))
    }

    async fn available(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<BTreeSet<Digest>, Failed> {
        let mut available = BTreeSet::new();
        for chunk in digests.chunks(CHECK_LIMIT) {
            let request = BatchCheckLayers::new(repository.clone(), chunk.to_vec());
            let states = calls.call(|| self.store.batch_check_layers(&request)).await?;
            let there = states.into_iter().filter(|state| state.availability == Availability::Available);
            available.extend(there.map(|state| state.digest));
        }
        Ok(available)
    }

    /// Cancel-safe: what was sent stays unseen in the service until it expires.
    async fn upload(&self, calls: &Calls<'_>, request: &UploadBlob) -> Result<LayerOutcome, UploadFailed> {
        if request.verify == Verify::Before {
            let found = request.blob.verify()?;
            same(request.blob.digest(), found)?;
        }
        let sending = Sending { store: &*self.store, calls, request };
        let mut begun = 0;
        loop {
            match sending.once().await? {
                Ended::Done(outcome) => return Ok(outcome),
                Ended::Lost(failed) => {
                    begun += 1;
                    if begun == UPLOADS {
                        return Err(Failed::new(failed.call, begun).into());
                    }
                }
            }
        }
    }

    async fn put_image(&self, calls: &Calls<'_>, request: &PutImage) -> Result<Digest, Failed> {
        calls.count_bytes(request.manifest.len() as u64);
        calls.call(|| self.store.put_image(request)).await
    }

    /// ECR's API has no such call; the OCI door has.
    fn mounts(&self) -> bool {
        false
    }

    fn held(&self, size: u64) -> u64 {
        size.min(USUAL_PART) * COPIES
    }
}

/// How large the parts of a layer are, given what the service proposes.
fn part_size(proposed: u64, layer: u64) -> u64 {
    proposed.max(layer.div_ceil(MAX_PARTS)).clamp(MIN_PART, MAX_PART)
}

/// How an upload ended.
enum Ended {
    Done(LayerOutcome),
    /// The service does not know the upload any more, or does not go on with it.
    Lost(Failed),
}

/// A layer on its way.
struct Sending<'a> {
    store: &'a dyn ImageStore,
    calls: &'a Calls<'a>,
    request: &'a UploadBlob,
}

impl Sending<'_> {
    async fn once(&self) -> Result<Ended, UploadFailed> {
        let request = InitiateUpload::new(self.request.repository.clone());
        let upload = self.calls.call(|| self.store.initiate_upload(&request)).await?;
        match self.parts(&upload).await? {
            Some(lost) => Ok(Ended::Lost(lost)),
            None => self.complete(upload.id).await,
        }
    }

    /// Sends all parts. Returns the failure if the upload was lost on the way.
    async fn parts(&self, upload: &Upload) -> Result<Option<Failed>, UploadFailed> {
        let blob = &self.request.blob;
        let (digest, size) = (blob.digest(), blob.size());
        let part_size = part_size(self.request.part_size.unwrap_or(upload.part_size), size);
        let mut hashed = (self.request.verify == Verify::WhileSending).then(|| (Hasher::new(), 0_u64));
        let mut position = 0;
        let mut refusals = 0;
        while position < size {
            let len = part_size.min(size - position);
            let bytes = blob.read_at(position, len)?;
            let end = position + len;
            if let Some((hasher, upto)) = &mut hashed {
                // What is sent again, in whole or from the middle of a part on, was hashed before.
                let seen = usize::try_from(upto.saturating_sub(position).min(len)).unwrap_or(0);
                hasher.update(&bytes[seen..]);
                *upto = end.max(*upto);
                if end == size {
                    same(digest, hasher.clone().finish())?;
                }
            }
            let request = UploadPart::new(self.request.repository.clone(), upload.id.clone(), position, bytes);
            self.calls.count_bytes(len);
            let answer = match self.calls.call(|| self.store.upload_part(&request)).await {
                Ok(answer) => answer,
                Err(failed) if failed.refusal() == Some(Refusal::UploadLost) => return Ok(Some(failed)),
                Err(failed) => return Err(failed.into()),
            };
            let (stands, words) = match answer {
                PartAnswer::Received { last_byte } => (last_byte.saturating_add(1), None),
                PartAnswer::Resume { last_valid_byte, message } => {
                    (last_valid_byte.map_or(0, |byte| byte.saturating_add(1)), Some(message))
                }
            };
            // A part that arrived although its answer was lost is not sent again: the service stands behind it.
            if stands > position && stands <= end {
                refusals = 0;
            } else {
                refusals += 1;
            }
            if refusals > REFUSALS || stands > end {
                let words = words.unwrap_or_else(|| format!("the service stands at byte {stands} of {end} sent"));
                let call = CallError::service("UploadLayerPart", "InvalidLayerPartException", words);
                return Ok(Some(Failed::new(call, 1)));
            }
            position = stands;
            self.calls.layer_progress(digest, position, size);
        }
        Ok(None)
    }

    async fn complete(&self, upload_id: String) -> Result<Ended, UploadFailed> {
        let blob = &self.request.blob;
        let digest = blob.digest();
        let request = CompleteUpload::new(self.request.repository.clone(), upload_id, digest);
        let failed = match self.calls.call(|| self.store.complete_upload(&request)).await {
            Ok(computed) if computed == digest => return Ok(Ended::Done(LayerOutcome::Uploaded)),
            Ok(computed) => {
                let advice = "do not trust this registry; no tag was written";
                return Err(DigestMismatch::new("the uploaded layer", "the registry", digest, computed, advice).into());
            }
            Err(failed) => failed,
        };
        // After a lost answer, this is how the service says that the first attempt had succeeded.
        let repeated = failed.attempts > 1;
        match failed.refusal() {
            Some(Refusal::LayerExists) => {
                let outcome = if repeated { LayerOutcome::Uploaded } else { LayerOutcome::Existed };
                Ok(Ended::Done(outcome))
            }
            Some(Refusal::UploadLost) => {
                if repeated && self.is_available(digest).await? {
                    return Ok(Ended::Done(LayerOutcome::Uploaded));
                }
                Ok(Ended::Lost(failed))
            }
            Some(Refusal::WrongDigest) => Err(which_side(blob)?.into()),
            _ => Err(failed.into()),
        }
    }

    async fn is_available(&self, digest: Digest) -> Result<bool, Failed> {
        let request = BatchCheckLayers::new(self.request.repository.clone(), vec![digest]);
        let states = self.calls.call(|| self.store.batch_check_layers(&request)).await?;
        Ok(states.iter().any(|state| state.digest == digest && state.availability == Availability::Available))
    }
}

/// Whether what was read here is what the manifest names.
pub(crate) fn same(expected: Digest, found: Digest) -> Result<(), DigestMismatch> {
    if found == expected {
        return Ok(());
    }
    let advice = "the layer is damaged here: make the image again; no tag was written";
    Err(DigestMismatch::new("the layer to upload", "reading it", expected, found, advice))
}

/// The service got other bytes than the digest says: reads the source again to tell who is wrong.
pub(crate) fn which_side(blob: &Blob) -> Result<DigestMismatch, Error> {
    let expected = blob.digest();
    let found = blob.verify()?;
    Ok(same(expected, found).err().unwrap_or_else(|| {
        let advice = "the layer is right here, so it changed on the way or while it was read: push again";
        DigestMismatch::new("the uploaded layer", "the registry", expected, "another one", advice)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_sizes_stay_within_what_ecr_takes() {
        const MIB: u64 = 1 << 20;
        for (proposed, layer, expected) in [
            (10 * MIB, 1, 10 * MIB),
            (0, 1, 5 * MIB),
            (100 * MIB, 1, 20 * MIB),
            (10 * MIB, 42_000 * MIB, 10 * MIB),
            (10 * MIB, 42_000 * MIB + 1, 10 * MIB + 1),
            (10 * MIB, 52_000 * MIB, (52_000 * MIB).div_ceil(4_200)),
        ] {
            assert_eq!(part_size(proposed, layer), expected, "{proposed} {layer}");
            assert!(layer.div_ceil(expected) <= MAX_PARTS);
        }
    }
}

//! Sends one layer through ECR's own API: parts strictly one after another, each repeated on its own, and an upload that
//! broke off goes on where the service says it stands.

use aws_call::CallError;

use super::{
    progress::{Event, LayerOutcome},
    session::{Failed, LAYERS, Session},
};
use crate::{
    client::{Availability, BatchCheckLayers, CompleteUpload, InitiateUpload, PartAnswer, Upload, UploadPart},
    digest::Digest,
    error::{DigestMismatch, Error},
    image::Blob,
};

/// ECR takes parts from 5 MiB (but for the last) to 20 MiB, and at most 4,200 of them.
const MIN_PART: u64 = 5 << 20;
const MAX_PART: u64 = 20 << 20;
const MAX_PARTS: u64 = 4_200;
/// How often an upload of one layer is begun. A service that loses three uploads will lose the fourth.
const UPLOADS: u32 = 3;
/// How often in a row the service may refuse parts without getting further.
const REFUSALS: u32 = 2;

/// How large the parts of a layer are, given what the service proposes.
pub(super) fn part_size(proposed: u64, layer: u64) -> u64 {
    proposed.max(layer.div_ceil(MAX_PARTS)).clamp(MIN_PART, MAX_PART)
}

/// How an upload ended.
enum Ended {
    Done(LayerOutcome),
    /// The service does not know the upload any more, or does not go on with it.
    Lost(Failed),
}

/// Sends `blob`. Cancel-safe: what was sent stays unseen in the service until it expires.
pub(super) async fn upload(session: &Session<'_>, blob: &Blob) -> Result<(Digest, LayerOutcome), Error> {
    let (digest, size) = (blob.digest(), blob.size());
    session.progress.event(&Event::LayerStarted { digest, size });
    let mut begun = 0;
    loop {
        match once(session, blob).await? {
            Ended::Done(outcome) => {
                session.progress.event(&Event::LayerDone { digest, outcome });
                return Ok((digest, outcome));
            }
            Ended::Lost(failed) => {
                begun += 1;
                if begun == UPLOADS {
                    return Err(session.error(what(digest), LAYERS, Failed { attempts: begun, ..failed }));
                }
            }
        }
    }
}

fn what(digest: Digest) -> String {
    format!("uploading layer {digest}")
}

async fn once(session: &Session<'_>, blob: &Blob) -> Result<Ended, Error> {
    let repository = &session.request.repository;
    let request = InitiateUpload::new(repository.clone());
    let upload = session
        .call(|| session.store.initiate_upload(&request))
        .await
        .map_err(|failed| session.error(what(blob.digest()), LAYERS, failed))?;
    if let Some(lost) = parts(session, blob, &upload).await? {
        return Ok(Ended::Lost(lost));
    }
    complete(session, blob, upload.id).await
}

/// Sends all parts. Returns the failure if the upload was lost on the way.
async fn parts(session: &Session<'_>, blob: &Blob, upload: &Upload) -> Result<Option<Failed>, Error> {
    let (digest, size) = (blob.digest(), blob.size());
    let part_size = part_size(session.options.part_size.unwrap_or(upload.part_size), size);
    let mut position = 0;
    let mut refusals = 0;
    while position < size {
        let len = part_size.min(size - position);
        let bytes = blob.read_at(position, len)?;
        let request = UploadPart::new(session.request.repository.clone(), upload.id.clone(), position, bytes);
        let answer = match session.call(|| session.store.upload_part(&request)).await {
            Ok(answer) => answer,
            Err(failed) if failed.is("UploadNotFoundException") => return Ok(Some(failed)),
            Err(failed) => return Err(session.error(what(digest), LAYERS, failed)),
        };
        let end = position + len;
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
            return Ok(Some(Failed { call, attempts: 1 }));
        }
        position = stands;
        session.progress.event(&Event::LayerProgress { digest, received: position, size });
    }
    Ok(None)
}

async fn complete(session: &Session<'_>, blob: &Blob, upload_id: String) -> Result<Ended, Error> {
    let digest = blob.digest();
    let request = CompleteUpload::new(session.request.repository.clone(), upload_id, digest);
    let failed = match session.call(|| session.store.complete_upload(&request)).await {
        Ok(computed) if computed == digest => return Ok(Ended::Done(LayerOutcome::Uploaded)),
        Ok(computed) => {
            let advice = "do not trust this registry; no tag was written";
            return Err(DigestMismatch::new("the uploaded layer", "the registry", digest, computed, advice).into());
        }
        Err(failed) => failed,
    };
    // After a lost answer, this is how the service says that the first attempt had succeeded.
    let repeated = failed.attempts > 1;
    if failed.is("LayerAlreadyExistsException") {
        let outcome = if repeated { LayerOutcome::Uploaded } else { LayerOutcome::Existed };
        return Ok(Ended::Done(outcome));
    }
    if failed.is("UploadNotFoundException") {
        if repeated && available(session, digest).await? {
            return Ok(Ended::Done(LayerOutcome::Uploaded));
        }
        return Ok(Ended::Lost(failed));
    }
    if failed.is("InvalidLayerException") {
        return Err(which_side(blob)?.into());
    }
    Err(session.error(what(digest), LAYERS, failed))
}

async fn available(session: &Session<'_>, digest: Digest) -> Result<bool, Error> {
    let request = BatchCheckLayers::new(session.request.repository.clone(), vec![digest]);
    let states = session
        .call(|| session.store.batch_check_layers(&request))
        .await
        .map_err(|failed| session.error(what(digest), LAYERS, failed))?;
    Ok(states.iter().any(|state| state.digest == digest && state.availability == Availability::Available))
}

/// The service got other bytes than the digest says: reads the source again to tell who is wrong.
fn which_side(blob: &Blob) -> Result<DigestMismatch, Error> {
    let expected = blob.digest();
    let found = blob.verify()?;
    Ok(if found == expected {
        let advice = "the layer is right here, so it changed on the way or while it was read: push again";
        DigestMismatch::new("the uploaded layer", "the registry", expected, "another one", advice)
    } else {
        let advice = "the layer is damaged here: make the image again; no tag was written";
        DigestMismatch::new("the layer to upload", "reading it", expected, found, advice)
    })
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

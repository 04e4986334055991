//! One push under way: what it has asked, sent and written so far, and its errors in the words of a push.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aws_call::Fault;

use super::{
    LayerOutcome, LayerReport, PushOptions, PushReport, PushRequest, TagOutcome, TagReport, Total, progress::Event,
};
use crate::{
    digest::Digest,
    door::{Calls, Door, Failed, Refusal},
    error::{CallFailed, Error, Interrupted, RepositoryMissing},
    image::{Blob, Image},
    reference::{ImageRef, Tag},
};

/// What stays behind when a call fails before anything was written.
pub(super) const NOTHING: &str = "nothing was written";
/// What stays behind when a layer fails.
pub(super) const LAYERS: &str = "no tag was written; push again, and only what is missing is sent";

pub(super) struct Session<'a> {
    pub(super) door: &'a dyn Door,
    pub(super) calls: Calls<'a>,
    pub(super) options: &'a PushOptions,
    pub(super) request: &'a PushRequest,
    pub(super) ledger: Mutex<Ledger>,
}

/// What is done. Kept apart from the push itself, so that it can be told when the push is broken off.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) layers: BTreeMap<Digest, LayerOutcome>,
    pub(super) manifests: BTreeSet<Digest>,
    pub(super) written: BTreeSet<Tag>,
}

impl Session<'_> {
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // No code that can panic runs under the lock.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn event(&self, event: &Event<'_>) {
        self.calls.event(event);
    }

    /// The failure in the words of a push: what was being done, and what stays behind.
    pub(super) fn error(&self, what: impl Into<String>, left: &'static str, failed: Failed) -> Error {
        if failed.refusal() == Some(Refusal::RepositoryMissing) {
            let PushRequest { registry, repository, .. } = self.request;
            return RepositoryMissing::new(repository.clone(), registry.clone(), failed.call).into();
        }
        CallFailed::new(what, failed.attempts, left, failed.call).into()
    }

    pub(super) fn not_stored(&self, digest: Digest, tag: Option<&Tag>, failed: Failed) -> Error {
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

    pub(super) fn target(&self) -> ImageRef {
        ImageRef::new(self.request.registry.clone(), self.request.repository.clone())
    }

    pub(super) fn interrupted(&self) -> Interrupted {
        let ledger = self.ledger();
        let tags = ledger.written.iter().map(|tag| self.target().with_tag(tag.clone())).collect();
        Interrupted::new(self.target(), ledger.layers.len(), ledger.manifests.len(), tags)
    }

    pub(super) fn report(&self, image: &Image) -> PushReport {
        let ledger = self.ledger();
        let outcome = |digest| ledger.layers.get(&digest).copied().unwrap_or(LayerOutcome::Existed);
        let layer =
            |blob: &Blob| LayerReport { digest: blob.digest(), outcome: outcome(blob.digest()), bytes: blob.size() };
        let layers: Vec<LayerReport> = image.blobs().into_iter().map(layer).collect();
        let tag = |tag: &Tag| {
            let outcome = if ledger.written.contains(tag) { TagOutcome::Written } else { TagOutcome::AlreadyThere };
            TagReport { tag: tag.clone(), outcome }
        };
        let uri_by_digest = self.target().with_digest(image.digest());
        let first = self.request.tags.first().cloned();
        let uploaded = Total::of(layers.iter().filter(|layer| layer.outcome == LayerOutcome::Uploaded));
        PushReport {
            digest: image.digest(),
            uri: first.map_or_else(|| uri_by_digest.clone(), |tag| self.target().with_tag(tag)),
            uri_by_digest,
            tags: self.request.tags.iter().map(tag).collect(),
            uploaded,
            reused: Total::of(layers.iter().filter(|layer| layer.outcome != LayerOutcome::Uploaded)),
            layers,
            requests: self.calls.requests(),
            retries: self.calls.retries(),
            bytes_sent: self.calls.bytes_sent(),
        }
    }
}

//! What a push tells while it runs: events, and nothing of terminals.

use std::time::Duration;

use crate::{digest::Digest, plan::PushPlan, reference::Tag};

/// Something has happened during a push.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A tag names the image already; nothing will be written for it.
    TagPresent(&'a Tag),
    /// It is decided what will be sent. Comes again if layers vanished from the registry meanwhile.
    Planned(&'a PushPlan),
    /// A layer begins to be sent.
    LayerStarted {
        /// Which one.
        digest: Digest,
        /// How many bytes it has.
        size: u64,
    },
    /// The registry has the layer up to here; behind the OCI door, the network has. Goes back if an upload had to begin
    /// anew.
    LayerProgress {
        /// Which one.
        digest: Digest,
        /// How many bytes the registry has.
        received: u64,
        /// How many bytes it has in all.
        size: u64,
    },
    /// The registry has the layer and has checked its digest.
    LayerDone {
        /// Which one.
        digest: Digest,
        /// How that came.
        outcome: LayerOutcome,
    },
    /// A call failed and will be made again.
    Retry {
        /// The service's operation.
        operation: &'static str,
        /// How often it was made so far.
        attempt: u32,
        /// After which time it will be made again.
        delay: Duration,
        /// The error, in words.
        cause: String,
    },
    /// A manifest is stored.
    ManifestStored {
        /// Which one.
        digest: Digest,
        /// The tag that names it now.
        tag: Option<&'a Tag>,
    },
}

/// How a layer came into the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LayerOutcome {
    /// It was sent.
    Uploaded,
    /// It was there.
    Existed,
    /// Another repository of the registry had it.
    Mounted,
    /// The image under the tag had a layer with the same content, which was taken in its place.
    Reused,
}

/// Takes the events of a push. Called from within the push, so it should return soon.
pub trait Progress: Send + Sync {
    /// Takes an event.
    fn event(&self, event: &Event<'_>);
}

const _: fn(&dyn Progress) = |_| ();

impl<F: Fn(&Event<'_>) + Send + Sync> Progress for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Takes no notice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event<'_>) {}
}

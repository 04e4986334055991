//! How the calls of a push are repeated and counted, the same behind every door.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use aws_call::{Backoff, CallError, Clock, IdSource};

use super::Refusal;
use crate::{
    digest::Digest,
    push::{Event, Progress, PushOptions},
};

/// The calls of one push: its clock, its patience, and what it has spent.
pub struct Calls<'a> {
    clock: &'a dyn Clock,
    ids: &'a dyn IdSource,
    progress: &'a dyn Progress,
    attempts: u32,
    backoff: &'a Backoff,
    requests: AtomicU32,
    retries: AtomicU32,
    bytes_sent: AtomicU64,
}

impl std::fmt::Debug for Calls<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls")
            .field("requests", &self.requests())
            .field("retries", &self.retries())
            .field("bytes_sent", &self.bytes_sent())
            .finish_non_exhaustive()
    }
}

/// A call that failed for good.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed {
    /// The error of the last attempt.
    pub call: CallError,
    /// How often the call was made.
    pub attempts: u32,
}

impl Failed {
    /// This call, made so often.
    #[must_use]
    pub const fn new(call: CallError, attempts: u32) -> Self {
        Self { call, attempts }
    }

    /// What the service means, whichever protocol it speaks.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        Refusal::of(&self.call)
    }
}

impl<'a> Calls<'a> {
    /// Nothing spent yet.
    #[must_use]
    pub const fn new(
        clock: &'a dyn Clock,
        ids: &'a dyn IdSource,
        progress: &'a dyn Progress,
        options: &'a PushOptions,
    ) -> Self {
        Self {
            clock,
            ids,
            progress,
            attempts: options.attempts,
            backoff: &options.backoff,
            requests: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            bytes_sent: AtomicU64::new(0),
        }
    }

    /// Calls until the call succeeds, fails with what no repetition mends, or the attempts are used up. Each attempt
    /// counts as one request.
    ///
    /// # Errors
    /// The error of the last attempt, and how many there were.
    pub async fn call<T, F, Fut>(&self, mut call: F) -> Result<T, Failed>
    where
        T: Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, CallError>> + Send,
    {
        let mut attempts = 0;
        loop {
            self.count_request();
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempts += 1;
            if attempts >= self.attempts || !error.is_retryable() {
                return Err(Failed { call: error, attempts });
            }
            let delay = self.backoff.delay_after(attempts - 1, error.retry_after(), self.ids);
            self.retries.fetch_add(1, Ordering::Relaxed);
            let (operation, cause) = (error.operation(), error.to_string());
            // An error is not kept across the wait: it may hold a whole response.
            drop(error);
            self.event(&Event::Retry { operation, attempt: attempts, delay, cause });
            self.clock.sleep(delay).await;
        }
    }

    /// Counts a request that an attempt makes beside its first one.
    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of blobs and manifests that were handed to the network.
    pub fn count_bytes(&self, bytes: u64) {
        self.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells how far a layer has come.
    pub fn layer_progress(&self, digest: Digest, received: u64, size: u64) {
        self.event(&Event::LayerProgress { digest, received, size });
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        self.progress.event(event);
    }

    /// How many requests were made.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many of them were repetitions.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// How many bytes of blobs and manifests were sent, repetitions included.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.bytes_sent.load(Ordering::Relaxed)
    }
}

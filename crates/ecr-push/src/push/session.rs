//! One push: its registry, its counters, and how its calls are repeated.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_call::{CallError, Clock, IdSource};

use super::{
    PushOptions, PushRequest,
    progress::{Event, Progress},
};
use crate::{
    client::ImageStore,
    error::{CallFailed, Error, RepositoryMissing},
};

/// What stays behind when a call fails before anything was written.
pub(super) const NOTHING: &str = "nothing was written";
/// What stays behind when a layer fails.
pub(super) const LAYERS: &str = "no tag was written; push again, and only what is missing is sent";

pub(super) struct Session<'a> {
    pub(super) store: &'a dyn ImageStore,
    pub(super) clock: &'a dyn Clock,
    pub(super) ids: &'a dyn IdSource,
    pub(super) progress: &'a dyn Progress,
    pub(super) options: &'a PushOptions,
    pub(super) request: &'a PushRequest,
    pub(super) requests: AtomicU32,
    pub(super) retries: AtomicU32,
}

/// A call that failed for good.
pub(super) struct Failed {
    pub(super) call: CallError,
    pub(super) attempts: u32,
}

impl Failed {
    pub(super) fn is(&self, code: &str) -> bool {
        self.call.code() == Some(code)
    }
}

impl Session<'_> {
    /// Calls until the call succeeds, fails with what no repetition mends, or the attempts are used up.
    pub(super) async fn call<T, F, Fut>(&self, mut call: F) -> Result<T, Failed>
    where
        T: Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, CallError>> + Send,
    {
        let mut attempts = 0;
        loop {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempts += 1;
            if attempts >= self.options.attempts || !error.is_retryable() {
                return Err(Failed { call: error, attempts });
            }
            let delay = self.options.backoff.delay_after(attempts - 1, error.retry_after(), self.ids);
            self.retries.fetch_add(1, Ordering::Relaxed);
            let (operation, cause) = (error.operation(), error.to_string());
            // An error is not kept across the wait: it may hold a whole response.
            drop(error);
            self.progress.event(&Event::Retry { operation, attempt: attempts, delay, cause });
            self.clock.sleep(delay).await;
        }
    }

    /// The failure in the words of a push: what was being done, and what stays behind.
    pub(super) fn error(&self, what: impl Into<String>, left: &'static str, failed: Failed) -> Error {
        if failed.is("RepositoryNotFoundException") {
            let PushRequest { registry, repository, .. } = self.request;
            return RepositoryMissing::new(repository.clone(), registry.clone(), failed.call).into();
        }
        CallFailed::new(what, failed.attempts, left, failed.call).into()
    }
}

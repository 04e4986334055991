//! Pushes an image: asks what is there, sends what is missing, and writes the tag last, so that a tag never names an image
//! that is not whole.

mod options;
mod progress;
mod report;
mod schedule;
mod session;
mod transfer;

use std::{
    fmt,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
};

use aws_call::{Clock, IdSource};
use futures_util::future::{Either, select};

use self::session::{Ledger, Session};
pub use self::{
    options::{PushOptions, PushRequest, Verify},
    progress::{Event, LayerOutcome, Progress, Silent},
    report::{LayerReport, PushReport, TagOutcome, TagReport, Total},
};
use crate::{
    client::ImageStore,
    door::{Calls, Door, Native},
    error::{DigestMismatch, Error},
    image::Image,
    plan::PushPlan,
};

/// Pushes images to one registry.
#[derive(Clone)]
pub struct Pusher {
    door: Arc<dyn Door>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").field("clock", &self.clock).field("ids", &self.ids).finish_non_exhaustive()
    }
}

impl Pusher {
    /// Pushes into `store` through ECR's own API, waiting between attempts on `clock`, jittered by `ids`.
    #[must_use]
    pub fn new(store: Arc<dyn ImageStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self::through(Arc::new(Native::new(store)), clock, ids)
    }

    /// Pushes through `door`.
    #[must_use]
    pub fn through(door: Arc<dyn Door>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { door, clock, ids }
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
        self.push_until(image, request, options, progress, pending()).await
    }

    /// As [`push`](Self::push), until `cancel` is ready: for Ctrl-C and deadlines.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if `cancel` came first; it says what is there. Else as [`push`](Self::push).
    pub async fn push_until(
        &self,
        image: &Image,
        request: &PushRequest,
        options: &PushOptions,
        progress: &dyn Progress,
        cancel: impl Future<Output = ()> + Send,
    ) -> Result<PushReport, Error> {
        let session = self.session(request, options, progress);
        let outcome = match select(pin!(run(&session, image)), pin!(cancel)).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(((), _)) => Err(session.interrupted().into()),
        };
        outcome.map(|()| session.report(image))
    }

    fn session<'a>(
        &'a self,
        request: &'a PushRequest,
        options: &'a PushOptions,
        progress: &'a dyn Progress,
    ) -> Session<'a> {
        Session {
            door: &*self.door,
            calls: Calls::new(&*self.clock, &*self.ids, progress, options),
            options,
            request,
            ledger: Mutex::new(Ledger::default()),
        }
    }
}

async fn run(session: &Session<'_>, image: &Image) -> Result<(), Error> {
    let digest = image.digest();
    if let Some(expected) = session.request.digest.filter(|expected| *expected != digest) {
        let advice = "push the image that the request names, or take the digest out of the request";
        return Err(DigestMismatch::new("the image to push", "reading it", expected, digest, advice).into());
    }
    let (missing, stored) = session.tags(digest).await?;
    if stored { Ok(()) } else { session.transfer(image, &missing).await }
}

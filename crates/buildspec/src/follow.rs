//! Follows a build or a batch on CodeBuild to its end, a build with its log.

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use aws_call::{Backoff, CallError, Clock, Fault, IdSource, Pacer, Polling, TimedOut};

use crate::build::{BuildPhase, BuildStatus};
use crate::client::{Build, BuildBatch, BuildBatches, BuildGroup, BuildLogs, Builds, LogLine};

/// Empty pages of the log after which nothing more is expected of a build that is over.
const EMPTY_PAGES_AT_END: u32 = 2;
/// Calls in a row that may fail in passing.
const MOST_FAILURES: u32 = 8;

/// What [`follow`] saw.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum FollowEvent {
    /// A phase began.
    PhaseStarted(BuildPhase),
    /// A phase ended.
    PhaseFinished(BuildPhase),
    /// Something was written to the log.
    Line(LogLine),
}

/// How a build ended.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The build as it was at the end.
    pub build: Build,
    /// Whether its log was read to the end; `false` if there was none, or it could not be read.
    pub log_complete: bool,
}

impl Followed {
    /// Whether the build succeeded. Every other end is none, states that this version does not know included.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.build.is_success()
    }
}

/// Why a build could not be followed to its end. The build itself goes on.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// There is no such build, or it has been deleted.
    #[error("the build `{id}` does not exist")]
    NotFound {
        /// Its id.
        id: String,
    },
    /// The service could not be asked.
    #[error("the build `{id}` could not be followed")]
    Call {
        /// Its id.
        id: String,
        /// What the call said.
        source: CallError,
    },
    /// The deadline passed first.
    #[error("the build `{id}` is still running")]
    TimedOut {
        /// Its id.
        id: String,
        /// How long it was followed.
        source: TimedOut,
    },
}

/// Follows a build until it is over and its log has been read.
///
/// Logs arrive late: after the end the log is read until two pages in a row are empty. Calls that fail in passing are
/// repeated at the same pace. A log that cannot be read does not keep the build's outcome from being told.
///
/// Cancel-safe: dropping the future stops nothing; the build goes on.
///
/// # Errors
/// See [`FollowError`]. A build that failed is no error.
pub async fn follow(
    builds: &dyn Builds,
    logs: Option<&dyn BuildLogs>,
    id: &str,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    polling: &Polling,
    events: &mut (dyn FnMut(FollowEvent) + Send),
) -> Result<Followed, FollowError> {
    let pace = Pace { clock, ids, polling };
    rounds(builds, logs, id, pace, pin!(pending()), events).await
}

/// As [`follow`], but when `stop` is ready, which is what a program makes of Ctrl-C, the build is asked to stop. It is
/// followed on to its end, which is then most likely [`BuildStatus::Stopped`].
///
/// A build that is over by then is left as it is. Where the service cannot be asked to stop it, it is asked again in every
/// round.
///
/// # Errors
/// See [`FollowError`]. A build that was stopped is no error.
#[allow(clippy::too_many_arguments, reason = "those of `follow`, and what stops it")]
pub async fn follow_until(
    builds: &dyn Builds,
    logs: Option<&dyn BuildLogs>,
    id: &str,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    polling: &Polling,
    stop: impl Future<Output = ()> + Send,
    events: &mut (dyn FnMut(FollowEvent) + Send),
) -> Result<Followed, FollowError> {
    let pace = Pace { clock, ids, polling };
    rounds(builds, logs, id, pace, pin!(stop), events).await
}

/// How often CodeBuild is asked how a build goes: after two seconds, then less and less often up to every ten, for at
/// most as long as a build may be queued and run (8 and 36 hours).
#[must_use]
pub fn follow_polling() -> Polling {
    let every = Backoff::new(Duration::from_secs(2), Duration::from_secs(10)).with_factor(1.5);
    Polling::new(every).with_deadline(Duration::from_secs(44 * 60 * 60))
}

#[derive(Clone, Copy)]
struct Pace<'a> {
    clock: &'a dyn Clock,
    ids: &'a dyn IdSource,
    polling: &'a Polling,
}

async fn rounds(
    builds: &dyn Builds,
    logs: Option<&dyn BuildLogs>,
    id: &str,
    pace: Pace<'_>,
    mut stop: Pin<&mut (dyn Future<Output = ()> + Send)>,
    events: &mut (dyn FnMut(FollowEvent) + Send),
) -> Result<Followed, FollowError> {
    let mut pacer = Pacer::new(pace.clock, pace.ids, pace.polling);
    let mut seen = Seen::default();
    let mut failures = 0;
    let mut stopping = Stopping::No;
    let ids = [id.to_owned()];
    loop {
        if stopping == Stopping::Wanted {
            match builds.stop_build(id).await {
                Ok(_) => stopping = Stopping::Asked,
                Err(error) if error.is_retryable() => {}
                Err(source) => return Err(FollowError::Call { id: id.to_owned(), source }),
            }
        }
        match builds.batch_get_builds(&ids).await {
            Ok(answer) => {
                failures = 0;
                let Some(build) = answer.builds.into_iter().next() else {
                    return Err(FollowError::NotFound { id: id.to_owned() });
                };
                if seen.phases(&build, events) {
                    pacer.reset();
                }
                let log = match logs {
                    Some(logs) => seen.lines(logs, &build, events).await,
                    None => Log::Gone,
                };
                if build.build_complete && log != Log::Open {
                    return Ok(Followed { build, log_complete: log == Log::Read });
                }
            }
            Err(source) => {
                failures += 1;
                if !source.is_retryable() || failures > MOST_FAILURES {
                    return Err(FollowError::Call { id: id.to_owned(), source });
                }
            }
        }
        if pause(&mut pacer, (stopping == Stopping::No).then_some(stop.as_mut()), id).await? {
            stopping = Stopping::Wanted;
            pacer.reset();
        }
    }
}

/// Waits for the next round; `true` if `stop` was ready first.
async fn pause(
    pacer: &mut Pacer<'_>,
    mut stop: Option<Pin<&mut (dyn Future<Output = ()> + Send)>>,
    id: &str,
) -> Result<bool, FollowError> {
    let mut pause = pin!(pacer.pause());
    let paused = poll_fn(|context| {
        if let Some(stop) = &mut stop
            && stop.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Ok(true));
        }
        pause.as_mut().poll(context).map_ok(|()| false)
    });
    paused.await.map_err(|source| FollowError::TimedOut { id: id.to_owned(), source })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopping {
    /// Nobody wants it.
    No,
    /// Somebody does, and the service does not know.
    Wanted,
    /// The service knows.
    Asked,
}

/// Follows a batch until it is over; tells of every change of one of its builds. `stop` is as in [`follow_until`].
///
/// The logs of its builds are those of the builds: [`follow`] them by their ids.
///
/// # Errors
/// See [`FollowError`]. A batch that failed is no error.
pub async fn follow_batch(
    batches: &dyn BuildBatches,
    id: &str,
    clock: &dyn Clock,
    ids: &dyn IdSource,
    polling: &Polling,
    stop: impl Future<Output = ()> + Send,
    changed: &mut (dyn FnMut(&BuildGroup) + Send),
) -> Result<BuildBatch, FollowError> {
    let mut stop: Pin<&mut (dyn Future<Output = ()> + Send)> = pin!(stop);
    let mut pacer = Pacer::new(clock, ids, polling);
    let mut groups: Vec<BuildGroup> = Vec::new();
    let mut failures = 0;
    let mut stopping = Stopping::No;
    let asked = [id.to_owned()];
    loop {
        if stopping == Stopping::Wanted {
            match batches.stop_build_batch(id).await {
                Ok(_) => stopping = Stopping::Asked,
                Err(error) if error.is_retryable() => {}
                Err(source) => return Err(FollowError::Call { id: id.to_owned(), source }),
            }
        }
        match batches.batch_get_build_batches(&asked).await {
            Ok(found) => {
                failures = 0;
                let Some(batch) = found.into_iter().next() else {
                    return Err(FollowError::NotFound { id: id.to_owned() });
                };
                for group in batch.build_groups.iter().filter(|group| !groups.contains(group)) {
                    changed(group);
                    pacer.reset();
                }
                if batch.complete {
                    return Ok(batch);
                }
                groups = batch.build_groups;
            }
            Err(source) => {
                failures += 1;
                if !source.is_retryable() || failures > MOST_FAILURES {
                    return Err(FollowError::Call { id: id.to_owned(), source });
                }
            }
        }
        if pause(&mut pacer, (stopping == Stopping::No).then_some(stop.as_mut()), id).await? {
            stopping = Stopping::Wanted;
            pacer.reset();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    /// More may come.
    Open,
    /// Read to the end.
    Read,
    /// There is none to read.
    Gone,
}

#[derive(Default)]
struct Seen {
    begun: BTreeSet<String>,
    ended: BTreeSet<String>,
    token: Option<String>,
    empty_pages: u32,
    log_failures: u32,
}

impl Seen {
    /// Tells what is new about the phases; whether anything is.
    fn phases(&mut self, build: &Build, events: &mut (dyn FnMut(FollowEvent) + Send)) -> bool {
        let mut moved = false;
        for phase in &build.phases {
            let name = phase.phase_type.as_str();
            if self.begun.insert(name.to_owned()) {
                moved = true;
                events(FollowEvent::PhaseStarted(phase.clone()));
            }
            let over = !matches!(phase.phase_status, None | Some(BuildStatus::InProgress));
            if over && self.ended.insert(name.to_owned()) {
                moved = true;
                events(FollowEvent::PhaseFinished(phase.clone()));
            }
        }
        moved
    }

    /// Reads what has been written since; one empty page ends a round.
    async fn lines(
        &mut self,
        logs: &dyn BuildLogs,
        build: &Build,
        events: &mut (dyn FnMut(FollowEvent) + Send),
    ) -> Log {
        let Some(location) = &build.logs else {
            return if build.build_complete { Log::Gone } else { Log::Open };
        };
        loop {
            match logs.log_page(location, self.token.as_deref()).await {
                Ok(page) => {
                    self.log_failures = 0;
                    let empty = page.events.is_empty();
                    for line in page.events {
                        events(FollowEvent::Line(line));
                    }
                    // A page that does not lead on is the last one for now, whatever is on it.
                    let stuck = page.next_token.is_none() || page.next_token == self.token;
                    if page.next_token.is_some() {
                        self.token = page.next_token;
                    }
                    self.empty_pages = if empty { self.empty_pages + 1 } else { 0 };
                    if !empty && !stuck {
                        continue;
                    }
                    let done = build.build_complete && self.empty_pages >= EMPTY_PAGES_AT_END;
                    return if done { Log::Read } else { Log::Open };
                }
                Err(error) => {
                    self.log_failures += 1;
                    // The stream comes into being some time after the build.
                    let passing = error.is_retryable() || error.fault() == Fault::NotFound;
                    let give_up = !passing || self.log_failures > MOST_FAILURES;
                    return if build.build_complete && give_up { Log::Gone } else { Log::Open };
                }
            }
        }
    }
}

//! Waiting that ends: polling with a deadline, and bounded retries. Time comes from a [`Clock`], jitter from an
//! [`IdSource`].
//!
//! The SDK's own waiters are not used: they read the system's clock, and the one for ECS services calls a rollback a
//! success.

use std::{
    fmt,
    future::Future,
    time::{Duration, SystemTime},
};

use crate::{
    backoff::{Backoff, Jitter},
    clock::Clock,
    fault::CallError,
    hint::Retry,
    random::IdSource,
};

/// How often to look, and until when.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Polling {
    /// The delay between two probes.
    pub every: Backoff,
    /// How long to wait in all; `None` for as long as it takes.
    pub deadline: Option<Duration>,
}

impl Polling {
    /// Polls at the given pace, without a deadline.
    #[must_use]
    pub const fn new(every: Backoff) -> Self {
        Self { every, deadline: None }
    }

    /// Gives up when `deadline` has passed since the wait began.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

impl Default for Polling {
    /// From two seconds to fifteen, half jittered, for up to thirty minutes.
    fn default() -> Self {
        let every =
            Backoff::new(Duration::from_secs(2), Duration::from_secs(15)).with_factor(1.5).with_jitter(Jitter::Equal);
        Self::new(every).with_deadline(Duration::from_secs(30 * 60))
    }
}

/// The deadline passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gave up after {elapsed:.0?} and {probes} probes: the deadline of {deadline:.0?} has passed")]
#[non_exhaustive]
pub struct TimedOut {
    /// How long the wait lasted.
    pub elapsed: Duration,
    /// The deadline it had.
    pub deadline: Duration,
    /// How often it looked.
    pub probes: u32,
}

/// The pace of a loop that probes: for waits whose body is too long for [`until`].
///
/// ```
/// # use std::time::Duration;
/// # use aws_call::{Backoff, Clock, IdSource, Pacer, Polling, TimedOut};
/// # async fn status() -> &'static str { "IN_PROGRESS" }
/// async fn follow(clock: &dyn Clock, ids: &dyn IdSource) -> Result<(), TimedOut> {
///     let polling = Polling::new(Backoff::constant(Duration::from_secs(5))).with_deadline(Duration::from_secs(600));
///     let mut pacer = Pacer::new(clock, ids, &polling);
///     while status().await != "COMPLETED" {
///         pacer.pause().await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Pacer<'a> {
    clock: &'a dyn Clock,
    ids: &'a dyn IdSource,
    polling: &'a Polling,
    started: SystemTime,
    pauses: u32,
    /// Delays since the last reset: the exponent of the backoff.
    step: u32,
}

impl<'a> Pacer<'a> {
    /// Starts the deadline now.
    #[must_use]
    pub fn new(clock: &'a dyn Clock, ids: &'a dyn IdSource, polling: &'a Polling) -> Self {
        Self { clock, ids, polling, started: clock.now(), pauses: 0, step: 0 }
    }

    /// Sleeps until the next probe is due. The last sleep is cut to end at the deadline, so that one last probe sees
    /// what happened until then.
    ///
    /// Cancel-safe: dropping the future ends the sleep and nothing else.
    ///
    /// # Errors
    /// [`TimedOut`] if the deadline has passed.
    pub async fn pause(&mut self) -> Result<(), TimedOut> {
        self.pause_after(None).await
    }

    /// As [`pause`](Self::pause), but not before the service's own `retry_after`.
    ///
    /// # Errors
    /// [`TimedOut`] if the deadline has passed.
    pub async fn pause_after(&mut self, retry_after: Option<Duration>) -> Result<(), TimedOut> {
        let mut delay = self.polling.every.delay_after(self.step, retry_after, self.ids);
        self.pauses += 1;
        self.step = self.step.saturating_add(1);
        if let Some(deadline) = self.polling.deadline {
            let elapsed = self.elapsed();
            let left = deadline.saturating_sub(elapsed);
            if left.is_zero() {
                return Err(TimedOut { elapsed, deadline, probes: self.pauses });
            }
            delay = delay.min(left);
        }
        self.clock.sleep(delay).await;
        Ok(())
    }

    /// Begins again with the shortest delay: for when something has just moved.
    pub const fn reset(&mut self) {
        self.step = 0;
    }

    /// How long this wait has lasted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.since(self.started)
    }
}

/// What a probe saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<T> {
    /// The wait is over.
    Ready(T),
    /// Not yet.
    Pending,
}

/// Why a wait ended without its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError<E> {
    /// A probe failed. Probes that may fail in passing must say [`Step::Pending`] instead.
    Probe(E),
    /// The deadline passed first.
    TimedOut(TimedOut),
}

impl<E: fmt::Display> fmt::Display for WaitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe(error) => error.fmt(f),
            Self::TimedOut(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for WaitError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // Display forwards, so the chain goes on behind the inner error: nothing is said twice.
        match self {
            Self::Probe(error) => error.source(),
            Self::TimedOut(error) => error.source(),
        }
    }
}

/// Probes until the probe is [`Step::Ready`], fails, or the deadline passes. The first probe happens at once.
///
/// Cancel-safe if the probe is: between probes nothing is held.
///
/// # Errors
/// [`WaitError::Probe`] with the first failure of the probe, [`WaitError::TimedOut`] at the deadline.
pub async fn until<T, E, F, Fut>(
    clock: &dyn Clock,
    ids: &dyn IdSource,
    polling: &Polling,
    mut probe: F,
) -> Result<T, WaitError<E>>
where
    T: Send,
    E: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Step<T>, E>> + Send,
{
    let mut pacer = Pacer::new(clock, ids, polling);
    loop {
        match probe().await {
            Ok(Step::Ready(value)) => return Ok(value),
            Ok(Step::Pending) => pacer.pause().await.map_err(WaitError::TimedOut)?,
            Err(error) => return Err(WaitError::Probe(error)),
        }
    }
}

/// How often to call again, and at which pace.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Retries {
    /// Calls in all, the first one included; zero counts as one.
    pub attempts: u32,
    /// The delay between two calls.
    pub backoff: Backoff,
}

impl Retries {
    /// At most `attempts` calls, the first one included.
    #[must_use]
    pub const fn new(attempts: u32, backoff: Backoff) -> Self {
        Self { attempts, backoff }
    }

    /// For calls that follow right after the creation of what they name: about two minutes, the time roles, load
    /// balancers and scaling targets need to become visible to other services.
    #[must_use]
    pub const fn propagation() -> Self {
        let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(15)).with_jitter(Jitter::Equal);
        Self::new(12, backoff)
    }
}

impl Default for Retries {
    /// Five calls with the default backoff.
    fn default() -> Self {
        Self::new(5, Backoff::default())
    }
}

/// Calls until the call succeeds, fails for good, or the attempts are used up; the last error is returned.
///
/// An error is worth another attempt if it [is retryable](CallError::is_retryable) or its [hint](CallError::hint) says
/// so. The SDK retries throttles and server errors of a single call by itself; this is for doors without the SDK and for
/// errors that only pass when another service has caught up.
///
/// A call that timed out may have had its effect: `call` must be safe to repeat.
///
/// # Errors
/// The last error of `call`.
pub async fn retry<T, F, Fut>(
    clock: &dyn Clock,
    ids: &dyn IdSource,
    retries: &Retries,
    mut call: F,
) -> Result<T, CallError>
where
    T: Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, CallError>> + Send,
{
    let mut attempt = 0;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if attempt + 1 >= retries.attempts || error.retry() == Retry::No {
            return Err(error);
        }
        let delay = retries.backoff.delay_after(attempt, error.retry_after(), ids);
        clock.sleep(delay).await;
        attempt += 1;
    }
}

//! How long to wait before the next attempt: exponential, jittered, and never beyond a cap.

use std::time::Duration;

use crate::random::IdSource;

/// The longest [`CallError::retry_after`](crate::CallError::retry_after) that is obeyed: a service that names a longer
/// one is not worth waiting for within one run.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// How a delay is spread, so that callers that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// Exactly the computed delay.
    None,
    /// Between half the computed delay and all of it: for polling, where a delay near zero would be a wasted request.
    Equal,
    /// Between nothing and the computed delay: for retries, where it empties a queue of callers fastest.
    Full,
}

/// An exponential backoff.
///
/// ```
/// use std::time::Duration;
/// use aws_call::{Backoff, Jitter, SequenceIds};
///
/// let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(20)).with_jitter(Jitter::None);
/// let ids = SequenceIds::new(1);
/// let delays: Vec<u64> = (0..6).map(|attempt| backoff.delay(attempt, &ids).as_secs()).collect();
/// assert_eq!(delays, [1, 2, 4, 8, 16, 20]);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// The first delay, before jitter.
    pub initial: Duration,
    /// No delay is longer than this.
    pub cap: Duration,
    /// By how much each delay is longer than the one before; values below one count as one.
    pub factor: f64,
    /// How delays are spread.
    pub jitter: Jitter,
}

impl Backoff {
    /// A backoff that doubles, with [`Jitter::Full`].
    #[must_use]
    pub const fn new(initial: Duration, cap: Duration) -> Self {
        Self { initial, cap, factor: 2.0, jitter: Jitter::Full }
    }

    /// Always the same delay.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self { initial: delay, cap: delay, factor: 1.0, jitter: Jitter::None }
    }

    /// Sets the growth from one delay to the next.
    #[must_use]
    pub const fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Sets how delays are spread.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The longest delay after attempt number `attempt`, counted from zero.
    #[must_use]
    pub fn ceiling(&self, attempt: u32) -> Duration {
        // Zero times infinity would not be a number.
        if self.initial.is_zero() {
            return Duration::ZERO;
        }
        // `max` also turns a factor that is not a number into one.
        let growth = self.factor.max(1.0).powi(i32::try_from(attempt).unwrap_or(i32::MAX));
        Duration::try_from_secs_f64(self.initial.as_secs_f64() * growth).map_or(self.cap, |delay| delay.min(self.cap))
    }

    /// The delay after attempt number `attempt`, counted from zero; never longer than [`cap`](Self::cap).
    #[must_use]
    pub fn delay(&self, attempt: u32, ids: &dyn IdSource) -> Duration {
        let ceiling = self.ceiling(attempt);
        match self.jitter {
            Jitter::None => ceiling,
            Jitter::Equal => (ceiling / 2 + (ceiling / 2).mul_f64(ids.fraction())).min(ceiling),
            Jitter::Full => ceiling.mul_f64(ids.fraction()).min(ceiling),
        }
    }

    /// As [`delay`](Self::delay), but not before the service's own `retry_after`, which may exceed the cap (up to five
    /// minutes): coming back earlier than asked only prolongs a throttle.
    #[must_use]
    pub fn delay_after(&self, attempt: u32, retry_after: Option<Duration>, ids: &dyn IdSource) -> Duration {
        let delay = self.delay(attempt, ids);
        retry_after.map_or(delay, |asked| delay.max(asked.min(LONGEST_RETRY_AFTER)))
    }
}

impl Default for Backoff {
    /// From half a second to twenty, doubling, with full jitter.
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(20))
    }
}

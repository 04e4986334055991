//! Time as a dependency: whoever waits takes a [`Clock`], so a test of a ten-minute rollout takes milliseconds.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

/// The time, and a way to let it pass.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;

    /// Returns when `duration` has passed on this clock. Cancel-safe: dropping the future leaves nothing behind.
    async fn sleep(&self, duration: Duration);

    /// How long ago `earlier` was; zero if it lies in the future, as after a correction of the system's clock.
    fn since(&self, earlier: SystemTime) -> Duration {
        self.now().duration_since(earlier).unwrap_or_default()
    }
}

const _: fn(&dyn Clock) = |_| ();

#[async_trait]
impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    async fn sleep(&self, duration: Duration) {
        (**self).sleep(duration).await;
    }

    fn since(&self, earlier: SystemTime) -> Duration {
        (**self).since(earlier)
    }
}

/// How often a sleeper of an [automatic](ManualClock::auto) clock gives way to the same earlier sleeper. Without a bound,
/// one that nobody polls any more (a `select!` that moved on) would hold up all others for ever.
const YIELDS: u32 = 32;

/// A clock that moves only when told to.
///
/// Clones share the time. A plain clock stands still until [`advance`](Self::advance) moves it, which wakes the sleepers
/// whose time has come. An [automatic](Self::auto) one jumps whenever someone sleeps. It needs no async runtime.
///
/// ```
/// use std::time::Duration;
/// use aws_call::{Clock, ManualClock};
///
/// let clock = ManualClock::at_epoch_secs(1_700_000_000);
/// let start = clock.now();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.since(start), Duration::from_secs(90));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

struct State {
    now: SystemTime,
    auto: bool,
    next_id: u64,
    /// Ordered by deadline, then by age: the first entry is the next to wake.
    sleepers: BTreeMap<Place, Waker>,
}

impl ManualClock {
    /// A clock that shows `start` and stands still.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        let state = State { now: start, auto: false, next_id: 0, sleepers: BTreeMap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// A clock that shows so many seconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn at_epoch_secs(seconds: u64) -> Self {
        Self::new(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// Makes this clock and its clones automatic: sleeping moves the time to the end of the sleep at once.
    ///
    /// Of several sleepers the one due first goes first, so a poll every second still happens before a timeout of a
    /// minute. That order holds as long as the sleepers do nothing but poll one another in between; a task that is busy
    /// with real input and output meanwhile may be overtaken.
    #[must_use]
    pub fn auto(self) -> Self {
        self.lock().auto = true;
        self
    }

    /// Moves the time forward and wakes the sleepers whose time has come.
    pub fn advance(&self, duration: Duration) {
        let target = self.now() + duration;
        self.advance_to(target);
    }

    /// How many sleeps are under way: lets a test wait until the code under test has gone to sleep.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.lock().sleepers.len()
    }

    /// When the next sleeper is due, if anyone sleeps.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SystemTime> {
        self.lock().sleepers.keys().next().map(|(deadline, _)| *deadline)
    }

    fn advance_to(&self, target: SystemTime) {
        let due: Vec<Waker> = {
            let mut state = self.lock();
            let now = state.now.max(target);
            state.now = now;
            let later = state.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.sleepers, later).into_values().collect()
        };
        // Outside the lock: a waker may poll at once and come back here.
        due.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ManualClock")
            .field("now", &state.now)
            .field("auto", &state.auto)
            .field("sleepers", &state.sleepers.len())
            .finish()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.lock().now
    }

    async fn sleep(&self, duration: Duration) {
        let deadline = {
            let state = self.lock();
            // A sleep beyond the end of time never ends, which is what its caller asked for.
            state.now.checked_add(duration)
        };
        match deadline {
            Some(deadline) => Sleep::new(self, deadline).await,
            None => std::future::pending().await,
        }
    }
}

/// A sleeper's place in the queue: its deadline and its age.
type Place = (SystemTime, u64);

struct Sleep<'a> {
    clock: &'a ManualClock,
    deadline: SystemTime,
    id: Option<u64>,
    /// The sleeper to which this one has given way, and how often.
    gave_way_to: Option<Place>,
    yields: u32,
}

impl<'a> Sleep<'a> {
    const fn new(clock: &'a ManualClock, deadline: SystemTime) -> Self {
        Self { clock, deadline, id: None, gave_way_to: None, yields: 0 }
    }
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut state = this.clock.lock();
        if state.now >= this.deadline {
            return Poll::Ready(());
        }
        let begins = this.id.is_none();
        let id = *this.id.get_or_insert(state.next_id);
        if begins {
            state.next_id += 1;
        }
        let place = (this.deadline, id);
        let replaced = state.sleepers.insert(place, cx.waker().clone());
        let auto = state.auto;
        let first = state.sleepers.keys().next().copied();
        drop(state);
        // Outside the lock: the last waker of a task drops the task, and with it the sleeps it holds.
        drop(replaced);
        if !auto {
            return Poll::Pending;
        }
        if this.gave_way_to != first {
            this.gave_way_to = first;
            this.yields = 0;
        }
        // The first poll always gives way, so that sleeps begun in the same breath are seen before the jump.
        if !begins && (first == Some(place) || this.yields >= YIELDS) {
            this.clock.advance_to(this.deadline);
            return Poll::Ready(());
        }
        this.yields += 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let waker = self.clock.lock().sleepers.remove(&(self.deadline, id));
            drop(waker);
        }
    }
}

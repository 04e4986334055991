//! `ManualClock`: who is woken when, in which order, and that nobody waits for ever.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, SystemTime},
};

use aws_call::{Clock, ManualClock};

use crate::block_on::{Count, block_on, poll};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn stands_still_until_advanced() {
    let clock = ManualClock::at_epoch_secs(100);
    let (woken, mut sleep) = (Arc::new(Count::default()), pin!(clock.sleep(10 * SECOND)));

    assert!(poll(sleep.as_mut(), &woken).is_pending());
    assert_eq!((clock.sleepers(), woken.get()), (1, 0));

    clock.advance(9 * SECOND);
    assert_eq!(woken.get(), 0, "woken before its time");
    assert!(poll(sleep.as_mut(), &woken).is_pending());

    clock.clone().advance(SECOND);
    assert_eq!(woken.get(), 1, "clones share the time");
    assert!(poll(sleep.as_mut(), &woken).is_ready());
    assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + 110 * SECOND);
    assert_eq!(clock.sleepers(), 0);
}

#[test]
fn wakes_only_those_who_are_due() {
    let clock = ManualClock::at_epoch_secs(0);
    let counts = [(); 3].map(|()| Arc::new(Count::default()));
    let mut sleeps = [3, 1, 2].map(|seconds| Box::pin(clock.sleep(seconds * SECOND)));
    for (sleep, count) in sleeps.iter_mut().zip(&counts) {
        assert!(poll(sleep.as_mut(), count).is_pending());
    }
    assert_eq!(clock.next_deadline(), Some(SystemTime::UNIX_EPOCH + SECOND));
    clock.advance(2 * SECOND);
    assert_eq!(counts.each_ref().map(|count| count.get()), [0, 1, 1]);
    assert_eq!(clock.next_deadline(), Some(SystemTime::UNIX_EPOCH + 3 * SECOND));
}

#[test]
fn a_dropped_sleep_leaves_nothing() {
    let clock = ManualClock::at_epoch_secs(0);
    let woken = Arc::new(Count::default());
    let mut sleep = Box::pin(clock.sleep(SECOND));
    assert!(poll(sleep.as_mut(), &woken).is_pending());
    drop(sleep);
    assert_eq!(clock.sleepers(), 0);
    clock.advance(2 * SECOND);
    assert_eq!(woken.get(), 0);
}

#[test]
fn zero_and_endless_sleeps() {
    let clock = ManualClock::at_epoch_secs(0);
    let woken = Arc::new(Count::default());
    assert!(poll(pin!(clock.sleep(Duration::ZERO)), &woken).is_ready());
    assert!(poll(pin!(clock.sleep(Duration::MAX)), &woken).is_pending());
    // The automatic clock must not run past the end of time either.
    assert!(poll(pin!(clock.clone().auto().sleep(Duration::MAX)), &woken).is_pending());
}

#[test]
fn never_goes_back() {
    let clock = ManualClock::at_epoch_secs(100);
    let later = SystemTime::UNIX_EPOCH + 200 * SECOND;
    assert_eq!(clock.since(later), Duration::ZERO);
    assert_eq!(clock.since(SystemTime::UNIX_EPOCH), 100 * SECOND);
}

#[test]
fn automatic_clock_jumps() {
    let clock = ManualClock::at_epoch_secs(0).auto();
    block_on(async {
        clock.sleep(3600 * SECOND).await;
        clock.sleep(SECOND).await;
    });
    assert_eq!(clock.since(SystemTime::UNIX_EPOCH), 3601 * SECOND);
}

/// The first of two futures to end, polling `a` first.
async fn first<A: Future, B: Future>(a: A, b: B) -> Result<A::Output, B::Output> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    std::future::poll_fn(move |cx| match a.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => b.as_mut().poll(cx).map(Err),
    })
    .await
}

/// A timeout around polling must not fire before the polls that come earlier, whichever is polled first.
#[test]
fn automatic_clock_keeps_the_order() {
    for timeout_first in [true, false] {
        let clock = ManualClock::at_epoch_secs(0).auto();
        let polls = async {
            for _ in 0..50 {
                clock.sleep(SECOND).await;
            }
        };
        let timeout = clock.sleep(60 * SECOND);
        let polled = block_on(async {
            if timeout_first { first(timeout, polls).await.is_err() } else { first(polls, timeout).await.is_ok() }
        });
        assert!(polled, "the timeout overtook the polls (timeout first: {timeout_first})");
        assert_eq!(clock.since(SystemTime::UNIX_EPOCH), 50 * SECOND);
    }
}

/// A sleep that is kept but no longer polled must not hold up the others.
#[test]
fn automatic_clock_does_not_wait_for_the_forgotten() {
    let clock = ManualClock::at_epoch_secs(0).auto();
    let mut forgotten = Box::pin(clock.sleep(SECOND));
    assert!(poll(forgotten.as_mut(), &Arc::default()).is_pending());
    block_on(clock.sleep(10 * SECOND));
    assert_eq!(clock.since(SystemTime::UNIX_EPOCH), 10 * SECOND);
}

/// A task's last waker may live in the clock: dropping the task then drops its sleeps while the clock is at work.
#[test]
fn a_task_that_lives_in_its_waker() {
    use std::{
        pin::Pin,
        sync::Mutex,
        task::{Context, Wake, Waker},
    };
    type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
    struct Holder(Mutex<Option<Task>>);
    impl Wake for Holder {
        fn wake(self: Arc<Self>) {}
    }

    let clock = ManualClock::at_epoch_secs(0);
    let sleeper = clock.clone();
    let holder = Arc::new(Holder(Mutex::new(Some(Box::pin(async move { sleeper.sleep(SECOND).await })))));
    let mut task = holder.0.lock().unwrap().take().unwrap();
    let waker = Waker::from(Arc::clone(&holder));
    assert!(task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    *holder.0.lock().unwrap() = Some(task);
    drop((waker, holder));
    clock.advance(2 * SECOND);
    assert_eq!(clock.sleepers(), 0);
}

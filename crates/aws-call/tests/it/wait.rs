//! Waiting and retrying on a manual clock: how often, how long, and when to stop.

use std::{
    cell::Cell,
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use aws_call::{
    Backoff, CallError, Clock, Fault, ManualClock, Pacer, Polling, Retries, SequenceIds, Step, WaitError, retry, until,
};

use crate::block_on::block_on;

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::at_epoch_secs(0).auto()
}

fn elapsed(clock: &ManualClock) -> Duration {
    clock.since(SystemTime::UNIX_EPOCH)
}

fn every(seconds: u64) -> Polling {
    Polling::new(Backoff::constant(Duration::from_secs(seconds)))
}

/// Probes that are ready at the `nth` call.
fn ready_at(nth: u32, calls: &AtomicU32) -> impl FnMut() -> std::future::Ready<Result<Step<u32>, CallError>> + Send {
    move || {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(Ok(if call >= nth { Step::Ready(call) } else { Step::Pending }))
    }
}

#[test]
fn until_looks_at_once() {
    let (clock, calls) = (clock(), AtomicU32::new(0));
    let answer = block_on(until(&clock, &SequenceIds::new(1), &every(5), ready_at(1, &calls)));
    assert!(matches!(answer, Ok(1)));
    assert_eq!(elapsed(&clock), Duration::ZERO);
}

#[test]
fn until_waits_between_probes() {
    let (clock, calls) = (clock(), AtomicU32::new(0));
    let answer = block_on(until(&clock, &SequenceIds::new(1), &every(5), ready_at(4, &calls)));
    assert!(matches!(answer, Ok(4)));
    assert_eq!(elapsed(&clock), 15 * SECOND);
}

/// The last sleep ends at the deadline, and one more probe sees what happened until then.
#[test]
fn until_probes_at_the_deadline() {
    let polling = every(10).with_deadline(25 * SECOND);
    for (ready, expected) in [(4, Ok(4)), (5, Err((4, 25 * SECOND)))] {
        let (clock, calls) = (clock(), AtomicU32::new(0));
        let answer = block_on(until(&clock, &SequenceIds::new(1), &polling, ready_at(ready, &calls)));
        let answer = answer.map_err(|error| match error {
            WaitError::TimedOut(timed_out) => (timed_out.probes, timed_out.elapsed),
            error => panic!("{error}"),
        });
        assert_eq!(answer, expected);
    }
}

#[test]
fn until_hands_a_failed_probe_on() {
    let probe = || std::future::ready(Err::<Step<()>, _>(CallError::unsupported("DescribeServices")));
    let error = block_on(until(&clock(), &SequenceIds::new(1), &every(1), probe)).unwrap_err();
    assert_eq!(error.to_string(), "DescribeServices failed: this client does not offer the operation");
    assert!(matches!(error, WaitError::Probe(error) if error.fault() == Fault::Unsupported));
}

#[test]
fn pacer_grows_and_resets() {
    let (clock, ids) = (clock(), SequenceIds::new(1));
    let growing = Backoff::new(SECOND, 4 * SECOND).with_jitter(aws_call::Jitter::None);
    let polling = Polling::new(growing);
    let mut pacer = Pacer::new(&clock, &ids, &polling);
    let mut pause = |reset: bool| {
        if reset {
            pacer.reset();
        }
        let before = elapsed(&clock);
        block_on(pacer.pause()).unwrap();
        (elapsed(&clock) - before).as_secs()
    };
    assert_eq!([pause(false), pause(false), pause(false), pause(false)], [1, 2, 4, 4]);
    assert_eq!([pause(true), pause(false)], [1, 2]);
}

#[test]
fn pacer_obeys_retry_after_but_not_beyond_the_deadline() {
    let (clock, ids) = (clock(), SequenceIds::new(1));
    let polling = every(1).with_deadline(60 * SECOND);
    let mut pacer = Pacer::new(&clock, &ids, &polling);
    block_on(pacer.pause_after(Some(20 * SECOND))).unwrap();
    assert_eq!(pacer.elapsed(), 20 * SECOND);
    block_on(pacer.pause_after(Some(100 * SECOND))).unwrap();
    assert_eq!(pacer.elapsed(), 60 * SECOND);
    let error = block_on(pacer.pause()).unwrap_err();
    assert_eq!(error.to_string(), "gave up after 60s and 3 probes: the deadline of 60s has passed");
}

/// Fails with `error` until the `nth` call.
fn calls_with(error: fn() -> CallError, succeed_at: u32, policy: &Retries) -> (Result<u32, CallError>, u32, Duration) {
    let (clock, calls) = (clock(), AtomicU32::new(0));
    let call = || {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(if call >= succeed_at { Ok(call) } else { Err(error()) })
    };
    let answer = block_on(retry(&clock, &SequenceIds::new(1), policy, call));
    (answer, calls.into_inner(), elapsed(&clock))
}

#[test]
fn retry_stops_at_what_does_not_pass() {
    let policy = Retries::new(4, Backoff::constant(SECOND));
    for (error, calls) in [
        ((|| CallError::new("X", Fault::Throttled)) as fn() -> CallError, 4),
        (|| CallError::new("X", Fault::Unavailable), 4),
        (|| CallError::service("X", "ClusterNotFoundException", "Cluster not found."), 4),
        (|| CallError::service("X", "AccessDeniedException", "no"), 1),
        (|| CallError::service("X", "LimitExceededException", "no"), 1),
        (|| CallError::unsupported("X"), 1),
    ] {
        let (answer, called, waited) = calls_with(error, u32::MAX, &policy);
        assert!(answer.is_err());
        assert_eq!(called, calls, "{}", error());
        assert_eq!(waited, SECOND * (calls - 1), "{}", error());
    }
}

#[test]
fn retry_ends_with_success() {
    let policy = Retries::new(4, Backoff::constant(SECOND));
    let (answer, called, waited) = calls_with(|| CallError::new("X", Fault::Timeout), 3, &policy);
    assert_eq!((answer.unwrap(), called, waited), (3, 3, 2 * SECOND));
}

#[test]
fn retry_obeys_retry_after() {
    let policy = Retries::new(2, Backoff::constant(SECOND));
    let throttled = || CallError::new("X", Fault::Throttled).with_retry_after(30 * SECOND);
    assert_eq!(calls_with(throttled, u32::MAX, &policy).2, 30 * SECOND);
}

#[test]
fn zero_attempts_are_one() {
    let policy = Retries::new(0, Backoff::constant(SECOND));
    assert_eq!(calls_with(|| CallError::new("X", Fault::Timeout), u32::MAX, &policy).1, 1);
}

/// Long enough for IAM and load balancers, short enough for a person.
#[test]
fn propagation_lasts_about_two_minutes() {
    let racing = || CallError::service("X", "InvalidParameterException", "Unable to assume role and validate …");
    let waited = calls_with(racing, u32::MAX, &Retries::propagation()).2;
    assert!((75 * SECOND..180 * SECOND).contains(&waited), "{waited:?}");
}

#[test]
fn futures_are_send() {
    fn assert_send(_: impl Future + Send) {}
    let (clock, ids, polling) = (clock(), SequenceIds::new(1), Polling::default());
    assert_send(until(&clock, &ids, &polling, || async { Ok::<_, CallError>(Step::Ready(())) }));
    assert_send(retry(&clock, &ids, &Retries::default(), || async { Ok(()) }));
    assert_send(clock.sleep(SECOND));
    let mut pacer = Pacer::new(&clock, &ids, &polling);
    assert_send(pacer.pause());
    // A probe may keep state between calls, as long as it can change threads with the wait.
    let seen = Cell::new(0);
    assert_send(until(&clock, &ids, &polling, move || {
        seen.set(seen.get() + 1);
        std::future::ready(Ok::<_, CallError>(Step::Ready(())))
    }));
}

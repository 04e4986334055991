//! Backoff: within its bounds for any setting, and never before the service's own time.

use std::time::Duration;

use aws_call::{Backoff, Jitter, SequenceIds};
use proptest::prelude::*;

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![Just(Jitter::None), Just(Jitter::Equal), Just(Jitter::Full)]
}

proptest! {
    #[test]
    fn stays_within_bounds(
        initial in 0_u64..100_000,
        cap in 0_u64..100_000,
        factor in prop_oneof![-1.0..10.0_f64, Just(f64::NAN), Just(f64::INFINITY)],
        jitter in jitter(),
        attempt in any::<u32>(),
        seed in any::<u64>(),
    ) {
        let (initial, cap) = (Duration::from_millis(initial), Duration::from_millis(cap));
        let backoff = Backoff::new(initial, cap).with_factor(factor).with_jitter(jitter);
        let (ids, ceiling) = (SequenceIds::new(seed), backoff.ceiling(attempt));
        prop_assert!(ceiling <= cap);
        prop_assert!(ceiling >= initial.min(cap), "a backoff does not shrink");
        for _ in 0..20 {
            let delay = backoff.delay(attempt, &ids);
            prop_assert!(delay <= ceiling);
            match jitter {
                Jitter::None => prop_assert_eq!(delay, ceiling),
                Jitter::Equal => prop_assert!(delay >= ceiling / 2),
                _ => {}
            }
        }
    }

    #[test]
    fn grows(attempt in 0_u32..1000, factor in 1.0..4.0_f64) {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(60)).with_factor(factor);
        prop_assert!(backoff.ceiling(attempt) <= backoff.ceiling(attempt + 1));
    }

    #[test]
    fn comes_no_earlier_than_asked(attempt in any::<u32>(), asked in 0_u64..300, seed in any::<u64>()) {
        let asked = Duration::from_secs(asked);
        let delay = Backoff::default().delay_after(attempt, Some(asked), &SequenceIds::new(seed));
        prop_assert!(delay >= asked);
    }
}

#[test]
fn an_absurd_retry_after_is_not_obeyed() {
    let delay = Backoff::default().delay_after(0, Some(Duration::MAX), &SequenceIds::new(0));
    assert_eq!(delay, Duration::from_secs(300));
}

#[test]
fn full_jitter_spreads() {
    let (backoff, ids) = (Backoff::constant(Duration::from_secs(10)).with_jitter(Jitter::Full), SequenceIds::new(3));
    let below = (0..1000).filter(|_| backoff.delay(0, &ids) < Duration::from_secs(5)).count();
    assert!((400..600).contains(&below), "{below} of 1000 delays are in the lower half");
}

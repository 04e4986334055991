//! Randomness as a dependency: ids and jitter come from an [`IdSource`], so that a test can repeat a run exactly.

use std::{
    fmt::{Debug, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Where ids and jitter come from.
pub trait IdSource: Debug + Send + Sync {
    /// The next 64 bits.
    fn next_u64(&self) -> u64;

    /// An id in the shape of a version 4 UUID, as CodePipeline's execution ids have.
    fn uuid(&self) -> String {
        let high = (self.next_u64() & !0xf000) | 0x4000;
        let low = (self.next_u64() & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// `len` lower-case hexadecimal digits.
    fn hex(&self, len: usize) -> String {
        let mut text = String::with_capacity(len + 16);
        while text.len() < len {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{:016x}", self.next_u64());
        }
        text.truncate(len);
        text
    }

    /// A number in `[0, 1)`, for jitter.
    fn fraction(&self) -> f64 {
        // 53 bits are what an `f64` holds exactly, so the quotient never rounds up to one.
        #[allow(clippy::cast_precision_loss, reason = "both numbers have at most 53 significant bits")]
        let fraction = (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }
}

const _: fn(&dyn IdSource) = |_| ();

impl<T: IdSource + ?Sized> IdSource for Arc<T> {
    fn next_u64(&self) -> u64 {
        (**self).next_u64()
    }
}

/// The same ids in the same order for the same seed. Not for anything that must not be guessed.
///
/// ```
/// use aws_call::{IdSource, SequenceIds};
///
/// assert_eq!(SequenceIds::new(7).uuid(), SequenceIds::new(7).uuid());
/// assert_ne!(SequenceIds::new(7).uuid(), SequenceIds::new(8).uuid());
/// ```
#[derive(Debug)]
pub struct SequenceIds {
    state: AtomicU64,
}

/// The step of the SplitMix64 sequence (Steele, Lea, Flood 2014): odd, so every state is visited once.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SequenceIds {
    /// A sequence that depends on `seed` alone.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }
}

impl IdSource for SequenceIds {
    fn next_u64(&self) -> u64 {
        let mut bits = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same bits.
    #[derive(Debug)]
    struct Fixed(u64);

    impl IdSource for Fixed {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn uuid_has_version_and_variant() {
        for (bits, expected) in
            [(0, "00000000-0000-4000-8000-000000000000"), (u64::MAX, "ffffffff-ffff-4fff-bfff-ffffffffffff")]
        {
            assert_eq!(Fixed(bits).uuid(), expected);
        }
    }

    #[test]
    fn hex_has_the_asked_length() {
        for len in [0, 1, 15, 16, 17, 40, 64] {
            let text = SequenceIds::new(1).hex(len);
            assert_eq!(text.len(), len);
            assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{text}");
        }
    }

    #[test]
    fn fraction_stays_below_one() {
        assert_eq!(Fixed(0).fraction(), 0.0);
        assert!(Fixed(u64::MAX).fraction() < 1.0);
    }

    /// The first outputs of the published generator for seed 1234567.
    #[test]
    fn sequence_is_splitmix64() {
        let ids = SequenceIds::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| ids.next_u64()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}

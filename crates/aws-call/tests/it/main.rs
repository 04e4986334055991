//! The crate from outside, as its users see it.

mod backoff;
mod block_on;
mod clock;
mod error;
mod id;
mod serve;
#[cfg(feature = "system")]
mod system;
mod wait;

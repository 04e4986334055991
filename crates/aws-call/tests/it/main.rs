//! The crate from outside, as its users see it.

mod backoff;
mod block_on;
mod clock;
mod error;
mod id;
mod serve;
mod system;
mod wait;

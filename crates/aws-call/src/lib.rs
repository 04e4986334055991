#![doc = include_str!("../README.md")]

pub mod backoff;
mod cancel;
pub mod clock;
pub mod codes;
pub mod env;
pub mod fault;
pub mod faulty;
pub mod hint;
pub mod id;
pub mod random;
#[cfg(feature = "sdk")]
mod sdk;
pub mod secret;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "system")]
pub mod system;
pub mod wait;

pub use backoff::{Backoff, Jitter};
pub use cancel::Cancel;
pub use clock::{Clock, ManualClock};
pub use env::{Env, MapEnv};
pub use fault::{CallError, Fault};
pub use hint::{Hint, Retry};
pub use id::{AccountId, Arn, ParseIdError, Partition, Region};
pub use random::{IdSource, SequenceIds};
pub use secret::Secret;
#[cfg(feature = "system")]
pub use system::{SystemClock, SystemEnv, SystemIds};
pub use wait::{Pacer, Polling, Retries, Step, TimedOut, WaitError, retry, until};

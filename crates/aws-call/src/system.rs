//! The real clock, random numbers and environment of this machine (feature `system`).
//!
//! This is the only module of the project that reads them: everything else takes [`Clock`], [`IdSource`] and [`Env`].

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{clock::Clock, env::Env, random::IdSource};

/// The system's clock, and tokio's timer to sleep: [`sleep`](Clock::sleep) must be called within a tokio runtime with
/// time enabled.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that the others take")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock that the others take")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Random numbers of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    /// # Panics
    /// If the operating system has no random numbers to give: no id could be trusted then.
    fn next_u64(&self) -> u64 {
        match getrandom::u64() {
            Ok(bits) => bits,
            Err(error) => panic!("the operating system gives no random numbers: {error}"),
        }
    }
}

/// The variables of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[allow(clippy::disallowed_methods, reason = "this is the environment that the others take")]
    fn var(&self, name: &str) -> Option<String> {
        // The standard library panics on names that no variable can have.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }
}

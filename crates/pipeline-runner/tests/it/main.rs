//! The runner's tests: the pure core against naive statements of the rules, the shell on in-memory services.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise should stop there")]

mod code_deploy;
mod core;
mod delivery;
mod host;
mod journal;
mod mocks;
mod properties;
mod providers;
mod serve;
mod shell;
mod worker;

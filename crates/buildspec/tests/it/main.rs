//! Integration tests of `buildspec`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod any_bytes;
mod context;
mod deliveries;
mod edit;
mod exercise;
mod pages;
mod phases;
mod reading;
mod rules;

#[cfg(all(feature = "memory", feature = "conformance"))]
mod client;
#[cfg(feature = "memory")]
mod remote;

#[cfg(feature = "local")]
mod artifacts;
#[cfg(feature = "local")]
mod batch;
#[cfg(feature = "local")]
mod cache;
#[cfg(feature = "local")]
mod differential;
#[cfg(feature = "local")]
mod env;
#[cfg(feature = "local")]
mod kill;
#[cfg(feature = "local")]
mod lab;
#[cfg(feature = "local")]
mod policies;
#[cfg(feature = "local")]
mod quotes;
#[cfg(feature = "local")]
mod reports;
#[cfg(feature = "local")]
mod run;
#[cfg(feature = "local")]
mod run_as;
#[cfg(feature = "local")]
mod shell_state;

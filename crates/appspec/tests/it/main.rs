//! Integration tests of `appspec`, one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod compat;
mod conformance;
#[cfg(target_os = "linux")]
mod host;
mod outcomes;
mod pages;
mod planning;
mod properties;
mod reading;

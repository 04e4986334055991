//! Integration tests of `appspec`, one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod compat;
mod configs;
mod conformance;
mod faults;
#[cfg(target_os = "linux")]
mod host;
mod outcomes;
mod pages;
mod planning;
mod properties;
mod reading;
mod scene;
mod service;
mod simulations;
mod writing;

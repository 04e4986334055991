//! One binary for all integration tests, on the in-memory registry.

#![allow(clippy::unwrap_used, reason = "clippy lets it pass in test functions, not in what they share")]

mod builder;
mod conformance;
mod context;
mod distribution;
mod dockerfile;
mod door;
mod faults;
mod golden;
mod hostile;
mod inspect;
mod layout;
mod properties;
mod pull;
mod push;
mod registry;
mod repositories;
mod source;

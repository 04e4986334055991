//! Integration tests of `buildspec`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod any_bytes;
mod artifacts;
mod batch;
mod cache;
mod client;
mod context;
mod deliveries;
mod differential;
mod edit;
mod env;
mod exercise;
mod kill;
mod lab;
mod pages;
mod phases;
mod policies;
mod quotes;
mod reading;
mod remote;
mod reports;
mod rules;
mod run;
mod run_as;
mod shell_state;

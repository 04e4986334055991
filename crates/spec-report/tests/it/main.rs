//! Integration tests, one binary.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod document;
mod fixes;
mod levels;
#[cfg(feature = "conformance")]
mod pages;
mod render;
mod report;
mod rules;

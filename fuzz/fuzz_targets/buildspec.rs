//! Any bytes as a buildspec: read, check, show, mend and change.
#![no_main]

#[path = "../../crates/buildspec/tests/it/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::buildspec(bytes));

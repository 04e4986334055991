//! Any bytes as a pipeline or template: read, check, draw, write and read again.
#![no_main]

#[path = "../../crates/pipeline-model/tests/it/exercise.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::template(bytes));

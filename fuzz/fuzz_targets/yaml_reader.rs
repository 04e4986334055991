//! Any bytes as YAML: decode, read, walk, type, take, write and read again.
#![no_main]

#[allow(dead_code, reason = "each target uses one of the two")]
#[path = "../../crates/spec-report/tests/it/document/exercise.rs"]
mod exercise;
mod rules;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| exercise::yaml(bytes, &rules::STRUCTURE));

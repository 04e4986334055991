//! The SDK adapters of all crates, tested on the wire: requests as JSON, answers and errors as AWS sends them.
//!
//! A package of its own, because dev-dependencies cannot be optional: without it, `cargo test -p buildspec` would compile
//! the SDK and its mocks. The tests are in `tests/it`, one module per service; `wire` has what they share.
//!
//! Answers and errors are the wire's JSON, as streams. An error made with the mocks' `then_error` has no code, no message
//! and status 418, and a body that lies in memory is there earlier than one from a network: neither would test what
//! callers see.
//!
//! What `tests/moto` asks, another program answers: moto, over HTTP on loopback. It runs only when it is named:
//! `cargo test -p sdk-tests --features moto --test moto`.

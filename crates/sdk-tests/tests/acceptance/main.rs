//! Whole deliveries, from a git repository to what they are for, with the programs that people use: `docker` is podman, `aws`
//! is the AWS CLI on moto, and the registry asks for a login. `cargo xtask acceptance sdk-tests` brings the laboratory.
//!
//! They stand here and not with the runner because one of them deploys through the SDK.
#![allow(clippy::disallowed_methods, reason = "the laboratory tells its places in variables")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the log of a delivery that fails is what one wants to see")]

mod hosts;
mod images;
#[path = "../../../buildspec/tests/acceptance/registry.rs"]
mod registry;
mod services;
mod site;

/// A variable of the laboratory.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "`{name}` is not set: these tests run in the lab of `cargo xtask acceptance sdk-tests`, not by themselves"
        )
    })
}

//! The SDK adapters against a program of other people: moto, over HTTP on loopback. One module per service; and what this
//! workspace serves itself, asked by the AWS CLI.
//!
//! The mocks of `tests/it` answer what this workspace believes of AWS. Moto answers what others believe, so that both
//! sides of a call are no longer of one mind. It is a mock too, and wrong in places: what it says there is held against
//! the rule that no adapter makes a success of it, or left out with the reason.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod cli;
mod cloudformation;
mod codebuild;
mod codedeploy;
mod codepipeline;
mod codepipeline_cli;
mod ecr;
mod ecr_settings;
mod ecs;
mod ecs_cli;
#[path = "../served/mod.rs"]
mod served;
mod server;

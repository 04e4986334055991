//! SDK adapters on the wire. One binary, because each links the SDK; one module per service.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod call_error;
mod codebuild;
mod codebuild_projects;
mod codedeploy;
mod codepipeline;
mod ecr;
mod ecs;
mod wire;

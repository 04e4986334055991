//! SDK adapters on the wire. One binary, because each links the SDK; one module per service.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod call_error;
mod cloudformation;
mod codebuild;
mod codebuild_projects;
mod codedeploy;
mod codedeploy_groups;
mod codedeploy_targets;
mod codepipeline;
mod codepipeline_history;
mod codepipeline_served;
mod codepipeline_webhooks;
mod ecr;
mod ecr_served;
mod ecr_settings;
mod ecs;
mod ecs_roles;
mod ecs_served;
mod runner;
mod secrets;
#[path = "../served/mod.rs"]
mod served;
mod wire;

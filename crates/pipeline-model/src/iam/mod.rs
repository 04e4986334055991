//! Which permissions the roles of a pipeline need, the policies that give exactly those, and what a policy lacks.
//!
//! What an action needs is its type's [`permissions`](crate::actions::ActionType::permissions); on which resources is
//! derived from its configuration, as the service authorization reference lists them. What the configuration leaves open
//! (a value with `#{…}`, an operation without resource-level permissions) is `*`.
//!
//! ```
//! use aws_call::{AccountId, Region};
//! use pipeline_model::iam::{self, Home, Policy};
//! use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let build = Action::new("Build", ActionTypeId::new("Build", "AWS", "CodeBuild", "1")).with_config("ProjectName", "shop");
//! let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
//! pipeline.stages.push(Stage::new("Build").with_action(build));
//!
//! let home = Home::new(Region::parse("eu-central-1")?, AccountId::parse("123456789012")?);
//! let needs = iam::pipeline_needs(&pipeline, &home);
//! let own = &needs[&pipeline.role_arn];
//! assert!(Policy::granting(own).lacks(own).is_empty());
//! assert!(own.iter().any(|need| need.to_string().starts_with("`codebuild:StartBuild` on `arn:aws:codebuild:eu-central-1:")));
//! # Ok(())
//! # }
//! ```

mod build;
mod need;
mod policy;
mod resource;

pub use build::build_needs;
pub use need::{Home, Need, pipeline_needs};
pub(crate) use need::{need, store_needs};
pub use policy::{Effect, Lack, OneOrMany, Policy, Statement};

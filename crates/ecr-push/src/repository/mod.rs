//! Repositories as they should be: created when they are missing, changed where they differ, with the policy that says who
//! may use them and the one that says what becomes of old images.
//!
//! [`Plan::of`] compares what is wanted with what is there and does nothing; [`ensure`] does what the plan says.

mod actions;
mod diff;
mod lifecycle;
mod plan;
mod policy;
mod preview;
mod registry;

pub(crate) use self::preview::matches;
pub use self::{
    diff::Difference,
    lifecycle::{
        ActionType, CountType, LifecycleAction, LifecyclePolicy, LifecycleRule, RULES_LIMIT, Selection, StorageClass,
        TEXT_LIMIT, TagStatus,
    },
    plan::{Account, Found, Plan, Step, Wanted, ensure, found, push_or_create},
    policy::{Finding, Place, Policy, Severity, Statement},
    preview::{Fate, ImageDetail, preview},
    registry::{ensure_pull_through, ensure_replication, pull_through_problems, replication_problems},
};

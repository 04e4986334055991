//! What the runner remembers, in the shapes of the API's answers: pure functions from [`State`](crate::core::State) to JSON.
//!
//! Member names and kinds are those of the service's model `codepipeline-2015-07-09`; which members are left out while they
//! are empty follows captured answers.

mod action_executions;
mod executions;
mod pages;
mod pipeline_state;
mod rule_executions;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

pub(super) use action_executions::{action_execution, newest_first};
pub(super) use executions::{execution, execution_summary, pipeline_summary};
pub(super) use pages::Page;
pub(super) use pipeline_state::pipeline_state;
pub(super) use rule_executions::{rule_execution, rules_newest_first};

use crate::core::{Execution, ExecutionType, Failure, Trigger};

/// A time as awsJson 1.1 writes it: seconds since 1970 with their fraction.
pub(super) fn stamp(at: Timestamp) -> Json {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit for some hundred thousand years")]
    let milliseconds = at.as_millisecond() as f64;
    json!(milliseconds / 1000.0)
}

/// An object of those members that have a value.
pub(super) fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(present.collect::<Map<_, _>>())
}

/// The same object with more members.
fn with<const N: usize>(mut base: Json, members: [(&str, Option<Json>); N]) -> Json {
    if let (Json::Object(base), Json::Object(more)) = (&mut base, object(members)) {
        base.extend(more);
    }
    base
}

fn text(value: Option<&String>) -> Option<Json> {
    // Members of the API have at least one character where they are there at all.
    value.filter(|value| !value.is_empty()).map(|value| json!(value))
}

fn trigger(trigger: &Trigger) -> Json {
    json!({ "triggerType": trigger.kind, "triggerDetail": trigger.detail })
}

fn execution_type(kind: ExecutionType) -> Json {
    json!(match kind {
        ExecutionType::Standard => "STANDARD",
        ExecutionType::Rollback => "ROLLBACK",
    })
}

fn rollback(execution: &Execution) -> Option<Json> {
    execution.rollback_target.as_ref().map(|target| json!({ "rollbackTargetPipelineExecutionId": target }))
}

fn error_details(failure: Option<&Failure>) -> Option<Json> {
    failure.map(|failure| json!({ "code": failure.kind, "message": failure.message }))
}

//! What ends an operation on a stack before its good end.

use aws_call::{CallError, TimedOut};

use super::StackEvent;

/// An operation on a stack did not do what it was to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The operation failed; where CloudFormation went back, the stack is what it was.
    #[error("stack `{stack}` ended in {status}: {}; {}", because(cause.as_deref()), advice(status))]
    Failed {
        /// The stack.
        stack: String,
        /// Its status now.
        status: String,
        /// The first failure.
        cause: Option<Box<StackEvent>>,
    },
    /// The stack is in a state that it does not leave by an update.
    #[error("stack `{stack}` is in {status} and cannot be updated: {}", advice(status))]
    Stuck {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// A change set could not be computed.
    #[error("change set `{name}` of stack `{stack}` failed: {}", reason.as_deref().unwrap_or("it does not say why"))]
    ChangeSet {
        /// The stack.
        stack: String,
        /// The change set.
        name: String,
        /// What the service says.
        reason: Option<String>,
    },
    /// Somebody else is at it.
    #[error("stack `{stack}` is in {status}: another operation is under way; wait for its end and try again")]
    Busy {
        /// The stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// It did not end in time. CloudFormation goes on.
    #[error("stack `{stack}` was still under way: {timed_out}; CloudFormation goes on with it")]
    TimedOut {
        /// The stack.
        stack: String,
        /// How long it was waited for.
        timed_out: TimedOut,
    },
}

fn because(cause: Option<&StackEvent>) -> String {
    cause.map_or_else(|| "no event says why".to_owned(), ToString::to_string)
}

/// What to do about a status ("Stack status codes" and "Troubleshooting CloudFormation" in the user guide).
fn advice(status: &str) -> &'static str {
    match status {
        "ROLLBACK_COMPLETE" => {
            "its creation failed and nothing of it is left but the name: delete it, then create it anew"
        }
        "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            "delete it, keeping the resources that cannot be deleted, then create it anew"
        }
        "UPDATE_ROLLBACK_COMPLETE" => "it is what it was before; correct the cause and update again",
        "UPDATE_ROLLBACK_FAILED" => {
            "correct the cause and continue the rollback (`aws cloudformation continue-update-rollback`)"
        }
        "UPDATE_FAILED" => "correct the cause and update again, or roll it back (`aws cloudformation rollback-stack`)",
        "DELETE_FAILED" => "correct the cause and delete it again, or keep the resource (`--retain-resources`)",
        "REVIEW_IN_PROGRESS" => "a change set created it and was never executed: execute that or delete the stack",
        _ => "look at its events",
    }
}

//! What the events of a stack say about one operation: a pure state machine.
//!
//! Only events behind the last one before the operation count: after `update-stack`, a look at the stack itself may still
//! show `UPDATE_COMPLETE` of the last time. It ends with an event of the stack itself.

use super::StackEvent;

/// Follows one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    stack: String,
    last: Option<String>,
    cause: Option<StackEvent>,
}

/// What the events so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on.
    Waiting,
    /// It has done what it was to do.
    Succeeded,
    /// It has not, and is over.
    Failed {
        /// The stack's status now.
        status: String,
        /// The first failure, which all others follow from.
        cause: Option<StackEvent>,
    },
}

impl Follow {
    /// Follows what happens to the stack of this id behind this event.
    #[must_use]
    pub fn new(stack: impl Into<String>, after: Option<String>) -> Self {
        Self { stack: stack.into(), last: after, cause: None }
    }

    /// The id of the stack.
    #[must_use]
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// The last event that was seen: those behind it are the next ones to look at.
    #[must_use]
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Takes more events into account, the oldest first.
    pub fn step(&mut self, events: &[StackEvent]) -> Verdict {
        for event in events {
            self.last = Some(event.id.clone());
            let failed = event.status.ends_with("_FAILED");
            // Resources that were under way when another one failed are cancelled: that is no cause.
            let cancelled = event
                .reason
                .as_ref()
                .is_some_and(|reason| reason.starts_with("Resource ") && reason.contains("cancelled"));
            if failed && !cancelled && self.cause.is_none() {
                self.cause = Some(event.clone());
            }
            if event.physical_id.as_ref() != Some(&self.stack) || event.kind != "AWS::CloudFormation::Stack" {
                continue;
            }
            match event.status.as_str() {
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "DELETE_COMPLETE" | "IMPORT_COMPLETE" => {
                    return Verdict::Succeeded;
                }
                status if status.ends_with("_COMPLETE") || status.ends_with("_FAILED") => {
                    return Verdict::Failed { status: status.to_owned(), cause: self.cause.clone() };
                }
                _ => {}
            }
        }
        Verdict::Waiting
    }
}

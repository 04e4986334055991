//! Stacks of CloudFormation: a template is created, updated and deleted, and its events are followed to an honest end.
//!
//! [`Stacks`] is what a program asks of the service; [`StackDeployer`] is what people do with it: `create-stack`,
//! `update-stack` and `delete-stack`, each followed until it is over. A rollback is a failure, with the event that began
//! it. Whoever wants to look before something is done asks [`ChangeSets`] for a change set.
//! [`memory`] (feature `memory`) is a service without a network, [`sdk`] (feature `sdk`) the real one.
//!
//! ```
//! # #[cfg(feature = "memory")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use aws_call::{ManualClock, SequenceIds};
//! use pipeline_model::stacks::{Change, StackDeployer, StackInput, memory::MemoryStacks};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000).auto());
//! let service = Arc::new(MemoryStacks::new(clock.clone(), SequenceIds::new(1)));
//! let deployer = StackDeployer::new(service, clock, Arc::new(SequenceIds::new(2)));
//!
//! let input = StackInput::new("shop", "Resources: {Artifacts: {Type: 'AWS::S3::Bucket'}}");
//! let deployed = deployer.deploy(&input, &|event| println!("{event}")).await?;
//! assert_eq!(deployed.change, Change::Created);
//! // Once more: nothing is left to do.
//! assert_eq!(deployer.deploy(&input, &|_| {}).await?.change, Change::Nothing);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })
//! # }
//! # #[cfg(not(feature = "memory"))]
//! # fn main() {}
//! ```

mod change_set;
#[cfg(feature = "conformance")]
pub mod conformance;
mod deploy;
mod error;
mod follow;
#[cfg(feature = "memory")]
pub mod memory;
mod prepare;
#[cfg(feature = "sdk")]
pub mod sdk;
mod types;

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;

pub use change_set::{ChangeSet, ChangeSetInput, ChangeSets, ResourceChange};
pub use deploy::{Change, Deployed, StackDeployer};
pub use error::StackError;
pub use follow::{Follow, Verdict};
pub use prepare::Prepared;
pub use types::{Parameter, Stack, StackEvent, StackInput};

/// What a program asks of CloudFormation.
#[async_trait]
pub trait Stacks: Send + Sync {
    /// Begins to create a stack and gives its id.
    ///
    /// # Errors
    /// `AlreadyExistsException`, `InsufficientCapabilitiesException`, the `ValidationError` of a wrong template, and
    /// failures of the call.
    async fn create(&self, input: &StackInput) -> Result<String, CallError>;

    /// Begins to update a stack and gives its id.
    ///
    /// # Errors
    /// The `ValidationError`s of a stack that does not exist, that cannot be updated in its state, or that has nothing to
    /// update ([`nothing_to_update`]), of a wrong template, and failures of the call.
    async fn update(&self, input: &StackInput) -> Result<String, CallError>;

    /// Begins to delete a stack, by name or id; one that does not exist is no error.
    ///
    /// # Errors
    /// Failures of the call.
    async fn delete(&self, stack: &str) -> Result<(), CallError>;

    /// A stack by name or id; a deleted one by its id only.
    ///
    /// # Errors
    /// The `ValidationError` of a stack that does not exist ([`is_missing`]), and failures of the call.
    async fn describe(&self, stack: &str) -> Result<Stack, CallError>;

    /// The events of a stack behind the one with the id `after`, or all of them, the oldest first.
    ///
    /// # Errors
    /// The `ValidationError` of a stack that does not exist, and failures of the call.
    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>, CallError>;
}

const _: fn(&dyn Stacks) = |_| ();

#[async_trait]
impl<T: Stacks + ?Sized> Stacks for Arc<T> {
    async fn create(&self, input: &StackInput) -> Result<String, CallError> {
        (**self).create(input).await
    }

    async fn update(&self, input: &StackInput) -> Result<String, CallError> {
        (**self).update(input).await
    }

    async fn delete(&self, stack: &str) -> Result<(), CallError> {
        (**self).delete(stack).await
    }

    async fn describe(&self, stack: &str) -> Result<Stack, CallError> {
        (**self).describe(stack).await
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>, CallError> {
        (**self).events(stack, after).await
    }
}

/// Whether an error says that the stack does not exist. CloudFormation has no code of its own for that.
#[must_use]
pub fn is_missing(error: &CallError) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|message| message.contains("does not exist"))
}

/// Whether an error says that template and parameters are what the stack has already.
#[must_use]
pub fn nothing_to_update(error: &CallError) -> bool {
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("No updates are to be performed"))
}

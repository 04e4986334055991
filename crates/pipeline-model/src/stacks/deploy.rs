//! The three commands, each followed until it is over.

use std::sync::Arc;

use aws_call::{Clock, IdSource, Pacer, Polling};

use super::{Follow, Stack, StackError, StackEvent, StackInput, Stacks, Verdict, is_missing, nothing_to_update};

/// Creates, updates and deletes stacks, and follows their events.
///
/// Dropping a future that is under way ends the watching and nothing else: CloudFormation goes on.
#[derive(Clone)]
pub struct StackDeployer {
    pub(super) stacks: Arc<dyn Stacks>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) polling: Polling,
}

impl std::fmt::Debug for StackDeployer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StackDeployer").field("polling", &self.polling).finish_non_exhaustive()
    }
}

/// What became of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deployed {
    /// What was done.
    pub change: Change,
    /// The stack now; `None` when it is gone.
    pub stack: Option<Stack>,
}

/// What was done to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was created.
    Created,
    /// It was updated.
    Updated,
    /// It was deleted.
    Deleted,
    /// It was what it should be already.
    Nothing,
}

impl StackDeployer {
    /// A deployer that polls at the default pace, for up to thirty minutes.
    #[must_use]
    pub fn new(stacks: Arc<dyn Stacks>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { stacks, clock, ids, polling: Polling::default() }
    }

    /// The same deployer at another pace or with another deadline.
    #[must_use]
    pub fn with_polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Creates a stack that does not exist. `watch` sees each event as it comes.
    ///
    /// # Errors
    /// [`StackError::Failed`] with the first failure when it is rolled back, [`StackError::TimedOut`], and failures of
    /// calls; `AlreadyExistsException` among them.
    pub async fn create(
        &self,
        input: &StackInput,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        let id = self.stacks.create(&self.once(input)).await?;
        self.follow(&input.name, Follow::new(id.clone(), None), watch).await?;
        Ok(Deployed { change: Change::Created, stack: Some(self.stacks.describe(&id).await?) })
    }

    /// Updates a stack that exists.
    ///
    /// # Errors
    /// [`StackError::Stuck`] and [`StackError::Busy`] for a stack that takes no update now, [`StackError::Failed`] when
    /// the update is rolled back, [`StackError::TimedOut`], and failures of calls.
    pub async fn update(
        &self,
        input: &StackInput,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        let before = self.stacks.describe(&input.name).await?;
        self.update_from(&before, input, watch).await
    }

    /// Creates a stack, or updates it if it exists.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`update`](Self::update).
    pub async fn deploy(
        &self,
        input: &StackInput,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        match self.stacks.describe(&input.name).await {
            Ok(before) => self.update_from(&before, input, watch).await,
            Err(error) if is_missing(&error) => self.create(input, watch).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a stack. One that does not exist is deleted already.
    ///
    /// # Errors
    /// [`StackError::Failed`] when something in it cannot be deleted, [`StackError::TimedOut`], and failures of calls.
    pub async fn delete(
        &self,
        name: &str,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        let before = match self.stacks.describe(name).await {
            Ok(before) => before,
            Err(error) if is_missing(&error) => return Ok(Deployed { change: Change::Nothing, stack: None }),
            Err(error) => return Err(error.into()),
        };
        let follow = self.behind(&before).await?;
        // By its id: a stack of that name that somebody creates meanwhile is another one.
        self.stacks.delete(&before.id).await?;
        self.follow(name, follow, watch).await?;
        Ok(Deployed { change: Change::Deleted, stack: None })
    }

    async fn update_from(
        &self,
        before: &Stack,
        input: &StackInput,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<Deployed, StackError> {
        let (stack, status) = (before.name.clone(), before.status.clone());
        if before.is_busy() {
            return Err(StackError::Busy { stack, status });
        }
        let takes_updates = [
            "CREATE_COMPLETE",
            "IMPORT_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_FAILED",
            "UPDATE_ROLLBACK_COMPLETE",
            "IMPORT_ROLLBACK_COMPLETE",
        ];
        if !takes_updates.contains(&status.as_str()) {
            return Err(StackError::Stuck { stack, status });
        }
        let follow = self.behind(before).await?;
        match self.stacks.update(&self.once(input)).await {
            Ok(_) => {}
            Err(error) if nothing_to_update(&error) => {
                return Ok(Deployed { change: Change::Nothing, stack: Some(before.clone()) });
            }
            Err(error) => return Err(error.into()),
        }
        self.follow(&before.name, follow, watch).await?;
        Ok(Deployed { change: Change::Updated, stack: Some(self.stacks.describe(&before.id).await?) })
    }

    /// The request with a token: when an answer is lost, the SDK sends it again.
    pub(super) fn once(&self, input: &StackInput) -> StackInput {
        let mut input = input.clone();
        input.client_request_token.get_or_insert_with(|| self.ids.uuid());
        input
    }

    /// Follows what happens from now on.
    pub(super) async fn behind(&self, stack: &Stack) -> Result<Follow, StackError> {
        let events = self.stacks.events(&stack.id, None).await?;
        Ok(Follow::new(stack.id.clone(), events.last().map(|event| event.id.clone())))
    }

    pub(super) async fn follow(
        &self,
        stack: &str,
        mut follow: Follow,
        watch: &(dyn Fn(&StackEvent) + Send + Sync),
    ) -> Result<(), StackError> {
        let mut pacer = Pacer::new(&*self.clock, &*self.ids, &self.polling);
        loop {
            let mut wait = None;
            match self.stacks.events(follow.stack(), follow.last()).await {
                Ok(events) => {
                    events.iter().for_each(watch);
                    if !events.is_empty() {
                        pacer.reset();
                    }
                    match follow.step(&events) {
                        Verdict::Waiting => {}
                        Verdict::Succeeded => return Ok(()),
                        Verdict::Failed { status, cause } => {
                            return Err(StackError::Failed {
                                stack: stack.to_owned(),
                                status,
                                cause: cause.map(Box::new),
                            });
                        }
                    }
                }
                // What was begun goes on, whether it is seen or not; a stack that was just begun may not be seen yet.
                Err(error) if error.is_retryable() || (is_missing(&error) && follow.last().is_none()) => {
                    wait = error.retry_after()
                }
                Err(error) => return Err(error.into()),
            }
            let paused = pacer.pause_after(wait).await;
            paused.map_err(|timed_out| StackError::TimedOut { stack: stack.to_owned(), timed_out })?;
        }
    }
}

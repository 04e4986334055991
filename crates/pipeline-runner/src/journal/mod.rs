//! What a host writes down, so that the next one goes on where it ended.
//!
//! Every input is durable before anything is done about it. After a crash the inputs give the same state again (ids and
//! times are in them), and what was in flight is started again and told so.

#[cfg(feature = "memory")]
mod memory;
mod record;
#[cfg(feature = "local")]
mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::Pipeline;

#[cfg(feature = "memory")]
pub use self::memory::MemoryJournal;
#[cfg(feature = "local")]
pub use self::sqlite::SqliteJournal;
use crate::core::{Stamped, State};
use crate::{Error, Result};

/// Keeps entries in their order.
#[async_trait]
pub trait Journal: fmt::Debug + Send + Sync {
    /// Everything that was written, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read, or is none.
    async fn load(&self) -> Result<Vec<Entry>>;

    /// Adds entries: all of them or, with an error, none. They are durable when this returns.
    ///
    /// # Errors
    /// The journal cannot be written.
    async fn append(&self, entries: Vec<Entry>) -> Result<()>;

    /// Puts `entries` in the place of everything that was written.
    ///
    /// # Errors
    /// The journal cannot be written; it is then as before.
    async fn replace(&self, entries: Vec<Entry>) -> Result<()>;
}

const _: fn(&dyn Journal) = |_| ();

/// Something that happened to a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name of the pipeline.
    pub pipeline: String,
    /// What happened.
    pub what: Happened,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Happened {
    /// It was created.
    Created(Arc<Pipeline>),
    /// It took an input.
    Took(Box<Stamped>),
    /// It is in this state: what was before does not matter.
    Stands(Box<State>),
    /// It was deleted.
    Removed,
}

impl Entry {
    /// The entry as a line of JSON. Secret values are in it as they are: whoever keeps it must keep it to itself.
    pub fn to_text(&self) -> String {
        record::to_text(self)
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// [`Error::Journal`] when the text is no entry.
    pub fn from_text(text: &str) -> Result<Self> {
        record::from_text(text).map_err(|error| Error::Journal(format!("an entry cannot be read: {error}")))
    }
}

/// The states that entries lead to.
///
/// # Errors
/// [`Error::Journal`] when an entry does not follow from those before it.
pub fn replay(entries: Vec<Entry>) -> Result<BTreeMap<String, State>> {
    let mut states: BTreeMap<String, State> = BTreeMap::new();
    for Entry { pipeline, what } in entries {
        match what {
            Happened::Created(declaration) => drop(states.insert(pipeline, State::new(Pipeline::clone(&declaration)))),
            Happened::Stands(state) => drop(states.insert(pipeline, *state)),
            Happened::Removed => drop(states.remove(&pipeline)),
            Happened::Took(stamped) => {
                let state = states.get_mut(&pipeline);
                let state =
                    state.ok_or_else(|| Error::Journal(format!("an input for `{pipeline}` comes before it")))?;
                state.step(&stamped).map_err(|refusal| {
                    Error::Journal(format!("an input that `{pipeline}` took is refused now: {refusal}"))
                })?;
            }
        }
    }
    Ok(states)
}

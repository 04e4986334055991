//! A journal in memory: for tests, which can cut it off at any entry or let it fail.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Entry, Journal};
use crate::{Error, Result};

/// Entries in memory, as text. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal {
    lines: Arc<Mutex<Vec<String>>>,
    room: Option<usize>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// A journal with these entries.
    pub fn of(lines: Vec<String>) -> Self {
        Self { lines: Arc::new(Mutex::new(lines)), room: None }
    }

    /// The same journal on a disk that is full after `entries` entries.
    #[must_use]
    pub fn with_room(mut self, entries: usize) -> Self {
        self.room = Some(entries);
        self
    }

    /// The entries as text.
    pub fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // Nothing that can panic runs under the lock, so a poisoned list is still whole.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn load(&self) -> Result<Vec<Entry>> {
        self.lines().iter().map(|line| Entry::from_text(line)).collect()
    }

    async fn append(&self, entries: Vec<Entry>) -> Result<()> {
        let mut lines = self.lock();
        if self.room.is_some_and(|room| lines.len() + entries.len() > room) {
            return Err(Error::Journal("no space left on device".to_owned()));
        }
        lines.extend(entries.iter().map(Entry::to_text));
        Ok(())
    }

    async fn replace(&self, entries: Vec<Entry>) -> Result<()> {
        *self.lock() = entries.iter().map(Entry::to_text).collect();
        Ok(())
    }
}

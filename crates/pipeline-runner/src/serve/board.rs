//! What happens, for those who look on: the logs of actions, and a number that grows with every change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::watch;

use super::logs::Logs;
use crate::host::Notice;

/// How long somebody who looks on waits for news: shorter than what lies between may cut a silent connection.
const PATIENCE: Duration = Duration::from_secs(25);

/// Logs and the number of the last change.
#[derive(Debug, Default)]
pub(super) struct Board {
    logs: Mutex<Logs>,
    revision: watch::Sender<u64>,
}

impl Board {
    /// Takes down what a host tells, until it ends.
    pub(super) async fn follow(self: Arc<Self>, mut notices: Receiver<Notice>) {
        loop {
            match notices.recv().await {
                Ok(Notice::Line(line)) => self.logs().push(&line.id, &line.text),
                // What was lost are lines and news; the state is asked for anew anyway.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
            self.bump();
        }
    }

    /// Something has changed.
    pub(super) fn bump(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    /// The number of the last change, once it is another one than `seen`; after a while the same.
    pub(super) async fn other_than(&self, seen: Option<u64>) -> u64 {
        let mut revision = self.revision.subscribe();
        // The patience of a connection, as that of the server with its clients: no part of what is tested on a manual clock.
        let _news_or_patience = tokio::time::timeout(PATIENCE, revision.wait_for(|now| Some(*now) != seen)).await;
        *self.revision.borrow()
    }

    /// The logs. A panic elsewhere leaves whole lines behind, so they stay usable.
    pub(super) fn logs(&self) -> MutexGuard<'_, Logs> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

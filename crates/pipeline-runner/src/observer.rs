//! Watching a run: events as they happen and the lines that actions print.

use crate::core::Event;

/// Is told what a run does. Methods are called from several threads and must return quickly.
pub trait Observer: Send + Sync {
    /// Something changed state.
    fn event(&self, event: &Event) {
        let _ = event;
    }

    /// An action printed a line.
    fn line(&self, stage: &str, action: &str, line: &str) {
        let _ = (stage, action, line);
    }
}

const _: fn(&dyn Observer) = |_| ();

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

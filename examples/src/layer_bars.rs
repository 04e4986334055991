//! Shows a push as it happens: a bar for each layer on a terminal, a line for each elsewhere. To standard error, so that
//! standard output belongs to the result.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use ecr_push::push::{Event, LayerOutcome};
use ecr_push::{Digest, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A bar or line for each layer, with its state and the reason for it.
pub struct LayerBars {
    terminal: Option<MultiProgress>,
    bars: Mutex<BTreeMap<Digest, ProgressBar>>,
}

impl fmt::Debug for LayerBars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerBars").field("terminal", &self.terminal.is_some()).finish_non_exhaustive()
    }
}

impl Default for LayerBars {
    fn default() -> Self {
        let terminal = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { terminal, bars: Mutex::default() }
    }
}

impl LayerBars {
    /// Ends all bars, so that what is printed next stands alone.
    pub fn clear(&self) {
        for bar in std::mem::take(&mut *self.bars.lock().unwrap_or_else(PoisonError::into_inner)).into_values() {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        match &self.terminal {
            Some(terminal) => drop(terminal.println(line)),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    fn bar(&self, digest: Digest, size: u64) {
        let Some(terminal) = &self.terminal else { return };
        let style = ProgressStyle::with_template("{prefix} {bar:30} {bytes:>10}/{total_bytes:10} {msg}");
        let bar = terminal.add(ProgressBar::new(size));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(digest.short());
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, bar);
    }
}

impl Progress for LayerBars {
    fn event(&self, event: &Event<'_>) {
        let bars = || self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned(plan) => plan.to_string().lines().for_each(|line| self.say(line)),
            Event::TagPresent(tag) => self.say(&format!("tag {tag} names the image already")),
            Event::LayerStarted { digest, size } => self.bar(*digest, *size),
            Event::LayerProgress { digest, received, .. } => {
                if let Some(bar) = bars().get(digest) {
                    bar.set_position(*received);
                }
            }
            Event::LayerDone { digest, outcome } => {
                let words = match outcome {
                    LayerOutcome::Uploaded => "uploaded",
                    LayerOutcome::Existed => "was there",
                    LayerOutcome::Mounted => "mounted from another repository",
                    LayerOutcome::Reused => "same content is there",
                    _ => "done",
                };
                match bars().get(digest) {
                    Some(bar) => bar.finish_with_message(words),
                    None => self.say(&format!("{} {words}", digest.short())),
                }
            }
            Event::Retry { operation, attempt, delay, cause } => {
                self.say(&format!(
                    "{operation}: attempt {attempt} failed ({cause}); again in {:.1} s",
                    delay.as_secs_f64()
                ));
            }
            Event::ManifestStored { digest, tag } => {
                let name = tag.map_or_else(|| "by digest".to_owned(), |tag| format!("as {tag}"));
                self.say(&format!("{} stored {name}", digest.short()));
            }
            _ => {}
        }
    }
}

//! Shows a run as it happens: spinners on a terminal, plain lines elsewhere. Everything goes to standard error, so that
//! standard output belongs to the result.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pipeline_runner::Observer;
use pipeline_runner::core::{Event, What};

/// Prints events and log lines.
pub struct Progress {
    terminal: Option<MultiProgress>,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("terminal", &self.terminal.is_some()).finish_non_exhaustive()
    }
}

impl Default for Progress {
    fn default() -> Self {
        let terminal = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { terminal, bars: Mutex::default() }
    }
}

impl Progress {
    /// Prints a line, above the spinners if there are any.
    pub fn say(&self, line: &str) {
        let line = printable(line);
        match &self.terminal {
            Some(terminal) => drop(terminal.println(line)),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    /// Where a question is written: spinners that are drawn over it would make it unreadable, so they stop for good.
    pub fn question(&self) -> Box<dyn Write + Send> {
        for bar in std::mem::take(&mut *self.bars.lock().unwrap_or_else(PoisonError::into_inner)).into_values() {
            bar.finish_and_clear();
        }
        Box::new(std::io::stderr())
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        let What::Action { stage, action, id, started, summary, .. } = &event.what else {
            if let What::Stage { stage, .. } = &event.what
                && matches!(event.state.as_str(), "STARTED" | "RESUMED")
            {
                self.say(&format!("── {stage}"));
            }
            return;
        };
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if event.state == "STARTED" {
            match &self.terminal {
                None => self.say(&format!("   … {action}")),
                Some(terminal) => {
                    let style = ProgressStyle::with_template("   {spinner} {msg} {elapsed}");
                    let bar = terminal.add(ProgressBar::new_spinner());
                    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                    bar.set_message(format!("{stage} / {action}"));
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bars.insert(id.clone(), bar);
                }
            }
            return;
        }
        if let Some(bar) = bars.remove(id) {
            bar.finish_and_clear();
        }
        let mark = if event.state == "SUCCEEDED" { '✓' } else { '✗' };
        let took = event.at.duration_since(*started).unsigned_abs();
        let summary = summary.as_deref().map(|text| format!("  {text}")).unwrap_or_default();
        self.say(&format!("   {mark} {action}  {:.1}s{summary}", took.as_secs_f64()));
    }

    fn line(&self, _: &str, action: &str, line: &str) {
        self.say(&format!("     {action} │ {line}"));
    }
}

/// What a program prints must not move the cursor or change the terminal's state.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

//! What actions print, kept in bounded memory: the newest lines of the newest runs.

use std::collections::{BTreeMap, VecDeque};

/// Runs whose lines are kept; with one more, those of the oldest go.
const RUNS: usize = 200;

/// Lines kept of one run, and their bytes.
const LINES: usize = 2000;
const BYTES: usize = 256 << 10;

/// Longer lines are cut.
const LINE: usize = 4 << 10;

/// The lines of many runs.
#[derive(Debug, Default)]
pub(super) struct Logs {
    runs: BTreeMap<String, Log>,
    /// The order in which runs printed their first line.
    order: VecDeque<String>,
}

/// The lines of one run.
#[derive(Debug, Default)]
struct Log {
    /// How many lines there were before the first that is kept.
    gone: usize,
    lines: VecDeque<String>,
    bytes: usize,
}

/// Lines of a run from some place on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// Lines that are no longer kept, or were not asked for.
    pub(super) skipped: usize,
    /// The lines.
    pub(super) lines: Vec<String>,
    /// Where to go on reading.
    pub(super) next: usize,
}

impl Logs {
    /// Adds a line.
    pub(super) fn push(&mut self, run: &str, line: &str) {
        if !self.runs.contains_key(run) {
            self.order.push_back(run.to_owned());
            if self.order.len() > RUNS
                && let Some(oldest) = self.order.pop_front()
            {
                self.runs.remove(&oldest);
            }
        }
        let log = self.runs.entry(run.to_owned()).or_default();
        let line = cut(line);
        log.bytes += line.len();
        log.lines.push_back(line);
        while log.lines.len() > LINES || log.bytes > BYTES {
            let Some(first) = log.lines.pop_front() else { break };
            log.bytes -= first.len();
            log.gone += 1;
        }
    }

    /// How many lines a run has printed.
    pub(super) fn count(&self, run: &str) -> usize {
        self.runs.get(run).map_or(0, |log| log.gone + log.lines.len())
    }

    /// The kept lines of a run, without the first `from` that it printed.
    pub(super) fn read(&self, run: &str, from: usize) -> Excerpt {
        let Some(log) = self.runs.get(run) else { return Excerpt { skipped: 0, lines: Vec::new(), next: 0 } };
        let skipped = from.clamp(log.gone, log.gone + log.lines.len());
        let lines: Vec<String> = log.lines.iter().skip(skipped - log.gone).cloned().collect();
        Excerpt { skipped, next: skipped + lines.len(), lines }
    }
}

/// A line without its end, of bounded length, whose control characters do no harm to who reads it.
fn cut(line: &str) -> String {
    let mut kept = String::new();
    for c in line.trim_end_matches(['\r', '\n']).chars() {
        if kept.len() + c.len_utf8() > LINE {
            kept.push('…');
            break;
        }
        kept.push(if c.is_control() && c != '\t' && c != '\u{1b}' { '\u{fffd}' } else { c });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_of_a_run_are_kept() {
        let mut logs = Logs::default();
        for number in 0..LINES + 5 {
            logs.push("run", &format!("line {number}\r\n"));
        }
        assert_eq!(logs.count("run"), LINES + 5);
        let all = logs.read("run", 0);
        assert_eq!((all.skipped, all.lines.len(), all.next), (5, LINES, LINES + 5));
        assert_eq!((all.lines[0].as_str(), all.lines[LINES - 1].as_str()), ("line 5", "line 2004"));
        let rest = logs.read("run", LINES + 4);
        assert_eq!((rest.skipped, rest.lines, rest.next), (LINES + 4, vec!["line 2004".to_owned()], LINES + 5));
        assert_eq!(logs.read("run", 1 << 40).lines, Vec::<String>::new());
        assert_eq!(logs.read("other", 3), Excerpt { skipped: 0, lines: Vec::new(), next: 0 });
    }

    #[test]
    fn memory_is_bounded() {
        let mut logs = Logs::default();
        for run in 0..RUNS + 10 {
            for _ in 0..100 {
                logs.push(&run.to_string(), &"ä".repeat(LINE));
            }
        }
        assert_eq!((logs.runs.len(), logs.order.len()), (RUNS, RUNS));
        assert_eq!((logs.count("9"), logs.count("10")), (0, 100));
        assert!(
            logs.runs.values().all(|log| log.bytes <= BYTES && log.lines.iter().all(|line| line.len() <= LINE + 3))
        );
    }

    #[test]
    fn control_characters_are_replaced() {
        let mut logs = Logs::default();
        logs.push("run", "a\u{0}b\tc\u{1b}[1m\u{7f}");
        assert_eq!(logs.read("run", 0).lines, ["a\u{fffd}b\tc\u{1b}[1m\u{fffd}"]);
    }
}

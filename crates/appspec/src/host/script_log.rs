//! What is kept of a script's output: `scripts.log` in the agent's form, whole up to a bound, and the
//! tail that the agent reports.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use super::hooks::Stream;

/// Agent v1 reports this much of the end of the log.
const TAIL: usize = 2048;
/// Agent v2 begins another file here; v1 knows no bound. What is over it is not written.
const MOST: u64 = 64 << 20;
/// A line longer than this comes in pieces.
const LONGEST: usize = 64 << 10;

/// The log of one deployment.
#[derive(Debug)]
pub(super) struct ScriptLog {
    file: Option<File>,
    written: u64,
    full: bool,
    tail: Vec<String>,
    partial: [Vec<u8>; 2],
}

impl ScriptLog {
    /// Opens the log, to go on with it if it is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = OpenOptions::new().append(true).create(true).mode(0o644).custom_flags(no_follow).open(path)?;
        let written = file.metadata()?.len();
        Ok(Self { file: Some(file), written, full: false, tail: Vec::new(), partial: Default::default() })
    }

    /// A log that is kept nowhere: only its tail is.
    pub(super) fn nowhere() -> Self {
        Self { file: None, written: 0, full: false, tail: Vec::new(), partial: Default::default() }
    }

    /// Adds a line about a script.
    pub(super) fn note(&mut self, at: SystemTime, line: &str) {
        self.line(at, &format!("{line}\n"));
    }

    /// Adds output; each line that is complete goes to `emit`.
    pub(super) fn output(&mut self, at: SystemTime, stream: Stream, bytes: &[u8], emit: &mut dyn FnMut(String)) {
        let mut pending = std::mem::take(&mut self.partial[index(stream)]);
        pending.extend_from_slice(bytes);
        let mut start = 0;
        while start < pending.len() {
            let window = &pending[start..pending.len().min(start + LONGEST)];
            let (end, next) = match window.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end, end + 1),
                None if window.len() == LONGEST => (LONGEST, LONGEST),
                None => break,
            };
            self.emit(at, stream, &window[..end], emit);
            start += next;
        }
        pending.drain(..start);
        self.partial[index(stream)] = pending;
    }

    /// A script has ended: what is left of a line is one.
    pub(super) fn flush(&mut self, at: SystemTime, emit: &mut dyn FnMut(Stream, String)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(&mut self.partial[index(stream)]);
            if !rest.is_empty() {
                self.emit(at, stream, &rest, &mut |line| emit(stream, line));
            }
        }
    }

    /// The end of the log as the agent reports it.
    pub(super) fn tail(&self) -> String {
        self.tail.concat()
    }

    fn emit(&mut self, at: SystemTime, stream: Stream, line: &[u8], emit: &mut dyn FnMut(String)) {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        let prefix = if stream == Stream::Stdout { "stdout" } else { "stderr" };
        self.line(at, &format!("[{prefix}]{text}\n"));
        emit(text);
    }

    fn line(&mut self, at: SystemTime, line: &str) {
        self.tail.push(line.to_owned());
        let mut kept = 0;
        let from = self.tail.iter().rposition(|line| {
            kept += line.len();
            kept >= TAIL
        });
        // One line that is longer than the tail is kept in part.
        let from = from.map_or(0, |from| (from + 1).min(self.tail.len() - 1));
        self.tail.drain(..from);
        if let [only] = self.tail.as_mut_slice()
            && only.len() > TAIL
        {
            let cut = (only.len() - TAIL..only.len()).find(|at| only.is_char_boundary(*at)).unwrap_or(0);
            only.drain(..cut);
        }
        let Some(file) = &mut self.file else { return };
        let text = format!("{} {line}", Timestamp(at));
        if self.written + text.len() as u64 > MOST {
            if !self.full {
                self.full = true;
                let _ = writeln!(file, "{} the log is full: what follows is left out", Timestamp(at));
            }
            return;
        }
        // A full disk must not fail a script that works.
        if file.write_all(text.as_bytes()).is_ok() {
            self.written += text.len() as u64;
        }
    }
}

const fn index(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
    }
}

/// `2024-02-19 11:48:37`, in UTC; the agent writes local time.
struct Timestamp(SystemTime);

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

/// The Gregorian date of a day since 1970-01-01, counted in years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lines_and_their_tail() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_708_343_317);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs/scripts.log");
        let mut log = ScriptLog::open(&path).unwrap();
        let mut lines = Vec::new();
        log.note(at, "Script - a.sh");
        log.output(at, Stream::Stdout, b"one\ntw", &mut |line| lines.push(line));
        log.output(at, Stream::Stderr, b"err\r\n", &mut |line| lines.push(line));
        log.output(at, Stream::Stdout, b"o", &mut |line| lines.push(line));
        log.flush(at, &mut |_, line| lines.push(line));
        assert_eq!(lines, ["one", "err", "two"]);
        let stamp = "2024-02-19 11:48:37";
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{stamp} Script - a.sh\n{stamp} [stdout]one\n{stamp} [stderr]err\n{stamp} [stdout]two\n")
        );
        assert_eq!(log.tail(), "Script - a.sh\n[stdout]one\n[stderr]err\n[stdout]two\n");
        for _ in 0..3 {
            log.note(at, &"x".repeat(900));
        }
        assert_eq!(log.tail().len(), 2 * 901);
        log.note(at, &"é".repeat(5000));
        assert!(log.tail().len() <= TAIL && log.tail().ends_with("é\n"));
    }

    #[test]
    fn endless_lines_come_in_pieces() {
        let at = SystemTime::UNIX_EPOCH;
        let mut log = ScriptLog::nowhere();
        let mut lengths = Vec::new();
        log.output(at, Stream::Stdout, &vec![b'x'; 2 * LONGEST + 1], &mut |line| lengths.push(line.len()));
        log.flush(at, &mut |_, line| lengths.push(line.len()));
        assert_eq!(lengths, [LONGEST, LONGEST, 1]);
    }
}

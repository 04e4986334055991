//! Cuts masked output into lines of bounded length.

use super::Stream;
use super::mask::{Masked, Secrets};

/// A line longer than this comes in pieces: a command may print gigabytes without a line break.
const LONGEST: usize = 64 << 10;

/// Both streams of a build.
#[derive(Debug)]
pub(super) struct Lines {
    stdout: One,
    stderr: One,
}

#[derive(Debug)]
struct One {
    masked: Masked,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn new(secrets: &Secrets) -> Self {
        let one = || One { masked: Masked::new(secrets.clone()), line: Vec::new() };
        Self { stdout: one(), stderr: one() }
    }

    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8], emit: &mut dyn FnMut(Stream, String)) {
        let one = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let mut shown = std::mem::take(&mut one.line);
        one.masked.push(bytes, &mut shown);
        one.line = cut(shown, stream, emit);
    }

    /// A command has ended: what is held back comes out, and an unfinished line is one.
    pub(super) fn flush(&mut self, emit: &mut dyn FnMut(Stream, String)) {
        for (stream, one) in [(Stream::Stdout, &mut self.stdout), (Stream::Stderr, &mut self.stderr)] {
            let mut shown = std::mem::take(&mut one.line);
            one.masked.flush(&mut shown);
            let rest = cut(shown, stream, emit);
            if !rest.is_empty() {
                emit(stream, text(&rest));
            }
        }
    }
}

/// Emits the complete lines and gives back the rest.
fn cut(mut bytes: Vec<u8>, stream: Stream, emit: &mut dyn FnMut(Stream, String)) -> Vec<u8> {
    let mut start = 0;
    while start < bytes.len() {
        let window = &bytes[start..bytes.len().min(start + LONGEST)];
        match window.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                emit(stream, text(&window[..end]));
                start += end + 1;
            }
            None if window.len() == LONGEST => {
                emit(stream, text(window));
                start += LONGEST;
            }
            None => break,
        }
    }
    bytes.drain(..start);
    bytes
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(secrets: &[&str], pieces: &[&str]) -> Vec<String> {
        let mut lines = Lines::new(&Secrets::new(secrets.iter().copied()));
        let mut out = Vec::new();
        let mut emit = |_, line: String| out.push(line);
        for piece in pieces {
            lines.push(Stream::Stdout, piece.as_bytes(), &mut emit);
        }
        lines.flush(&mut emit);
        out
    }

    #[test]
    fn pieces_become_lines() {
        assert_eq!(lines(&[], &["a", "b\nc", "\r\n", "d"]), ["ab", "c", "d"]);
        assert_eq!(lines(&["b\nc"], &["ab", "\ncd\n"]), ["a***d"]);
        assert!(lines(&[], &[""]).is_empty());
    }

    #[test]
    fn a_line_without_end() {
        let long = "x".repeat(LONGEST * 2 + 1);
        assert_eq!(lines(&[], &[&long]).iter().map(String::len).collect::<Vec<_>>(), [LONGEST, LONGEST, 1]);
    }
}

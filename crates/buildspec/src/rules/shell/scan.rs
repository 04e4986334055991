//! From a text to its commands, byte by byte.

use super::{Joint, Role, SimpleCommand, Word};

/// A text, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The simple commands, those of substitutions included, in the order of their beginnings.
    pub(crate) commands: Vec<SimpleCommand>,
    /// Whether all of the text was understood.
    pub(crate) complete: bool,
    /// Whether a command is sent to the background.
    pub(crate) background: bool,
    /// Where a quote begins that never ends.
    pub(crate) unclosed: Option<usize>,
}

/// Takes a text apart.
pub(crate) fn scan(text: &str) -> Scan {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        done: Vec::new(),
        open: vec![Open::default()],
        complete: true,
        background: false,
        unclosed: None,
        here: Vec::new(),
    };
    scanner.scan();
    while let Some(open) = scanner.open.pop() {
        scanner.done.extend(open.finish());
    }
    scanner.done.retain(|command| !command.words.is_empty());
    scanner.done.sort_by_key(|command| command.words[0].at.start);
    Scan {
        commands: scanner.done,
        complete: scanner.complete,
        background: scanner.background,
        unclosed: scanner.unclosed,
    }
}

/// A command that is being read, and within which quotes it is.
#[derive(Debug, Default)]
struct Open {
    command: SimpleCommand,
    word: Option<(usize, Vec<u8>)>,
    double: bool,
    closes_with: Option<u8>,
    /// What the next word is.
    role: Role,
    brackets: usize,
}

impl Open {
    fn end_word(&mut self, at: usize) {
        if let Some((start, bytes)) = self.word.take() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let role = std::mem::take(&mut self.role);
            self.command.words.push(Word { text, at: start..at, role });
        }
    }

    fn finish(mut self) -> Option<SimpleCommand> {
        let end = self.word.as_ref().map_or(0, |(start, bytes)| start + bytes.len());
        self.end_word(end);
        Some(self.command)
    }
}

struct Scanner<'t> {
    bytes: &'t [u8],
    done: Vec<SimpleCommand>,
    open: Vec<Open>,
    complete: bool,
    background: bool,
    unclosed: Option<usize>,
    /// Delimiters of here-documents whose text begins behind the next line end, and whether tabs before them are skipped.
    here: Vec<(Vec<u8>, bool)>,
}

impl Scanner<'_> {
    fn scan(&mut self) {
        let mut at = 0;
        while at < self.bytes.len() {
            at = self.step(at);
        }
        let end = self.bytes.len();
        for open in &mut self.open {
            open.end_word(end);
        }
        let closed = self.open.len() == 1 && !self.open[0].double && self.here.is_empty();
        self.complete &= closed;
    }

    fn step(&mut self, at: usize) -> usize {
        let byte = self.bytes[at];
        let next = self.bytes.get(at + 1).copied();
        let depth = self.open.len();
        let top = self.top();
        if top.closes_with == Some(byte) && !top.double && depth > 1 {
            self.close(at);
            return at + 1;
        }
        match (byte, next) {
            (b'\\', Some(b'\n')) => return at + 2,
            (b'\\', Some(escaped)) => {
                self.push(at, escaped);
                return at + 2;
            }
            (b'$', Some(b'(')) if self.bytes.get(at + 2) != Some(&b'(') => {
                self.substitute(at, b')');
                return at + 2;
            }
            (b'`', _) => {
                self.substitute(at, b'`');
                return at + 1;
            }
            (b'$', Some(b'{')) => return self.braces(at),
            (b'"', _) => {
                let opens = !self.top().double;
                self.unclosed = opens.then_some(at);
                let top = self.top();
                top.double = !top.double;
                top.word.get_or_insert((at, Vec::new()));
                return at + 1;
            }
            _ => {}
        }
        if self.top().double {
            self.push(at, byte);
            return at + 1;
        }
        match byte {
            b'\'' => {
                let rest = &self.bytes[at + 1..];
                let length = rest.iter().position(|byte| *byte == b'\'').unwrap_or_else(|| {
                    self.unclosed = Some(at);
                    self.complete = false;
                    rest.len()
                });
                // `$'…'` has escapes in bash and none in dash.
                self.complete &= at == 0 || self.bytes[at - 1] != b'$';
                self.top().word.get_or_insert((at, Vec::new()));
                for index in at + 1..at + 1 + length {
                    self.push(index, self.bytes[index]);
                }
                at + length + 2
            }
            b' ' | b'\t' => {
                self.top().end_word(at);
                at + 1
            }
            b'#' if self.top().word.is_none() => {
                let rest = &self.bytes[at..];
                at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
            }
            b'|' => {
                let twice = next == Some(b'|');
                self.separate(at, if twice { Joint::Or } else { Joint::Pipe });
                at + 1 + usize::from(twice)
            }
            // `&>file` is a redirection.
            b'&' if next == Some(b'>') => at + 1,
            b'&' if next == Some(b'&') => {
                self.separate(at, Joint::And);
                at + 2
            }
            b'\n' | b';' | b'&' | b'(' | b')' => {
                self.background |= byte == b'&';
                self.separate(at, Joint::Sequence);
                let top = self.top();
                match byte {
                    b'(' => top.brackets += 1,
                    b')' => top.brackets = top.brackets.saturating_sub(1),
                    _ => {}
                }
                let depth = self.depth();
                self.top().command.depth = depth;
                if byte == b'\n' { self.skip_here_documents(at + 1) } else { at + 1 }
            }
            b'<' if next == Some(b'<') && self.bytes.get(at + 2) != Some(&b'<') => self.here_document(at + 2),
            b'<' | b'>' => {
                let top = self.top();
                if let Some((start, bytes)) = &top.word
                    && start + bytes.len() == at
                    && bytes.iter().all(u8::is_ascii_digit)
                {
                    top.role = Role::Descriptor;
                }
                top.end_word(at);
                top.role = if byte == b'<' { Role::Input } else { Role::Output };
                // `2>&1`, `<&3` and `>|file` are one redirection each.
                let longer = next == Some(b'&') || (byte == b'>' && next == Some(b'|'));
                at + 1 + usize::from(longer)
            }
            _ => {
                self.push(at, byte);
                at + 1
            }
        }
    }

    fn top(&mut self) -> &mut Open {
        // The outermost command is never closed, so there is always one; a new one keeps that true.
        if self.open.is_empty() {
            self.open.push(Open::default());
        }
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    fn push(&mut self, at: usize, byte: u8) {
        self.top().word.get_or_insert((at, Vec::new())).1.push(byte);
    }

    fn depth(&self) -> usize {
        self.open.len() - 1 + self.open.iter().map(|open| open.brackets).sum::<usize>()
    }

    fn separate(&mut self, at: usize, joint: Joint) {
        let depth = self.depth();
        let top = self.top();
        top.end_word(at);
        top.role = Role::Plain;
        // A line end behind `&&` and `|` separates nothing.
        let joint = if top.command.words.is_empty() && joint == Joint::Sequence { top.command.joint } else { joint };
        let command = std::mem::replace(&mut top.command, SimpleCommand { words: Vec::new(), joint, depth });
        self.done.push(command);
    }

    fn substitute(&mut self, at: usize, closes_with: u8) {
        self.top().word.get_or_insert((at, Vec::new())).1.push(b'$');
        self.open.push(Open { closes_with: Some(closes_with), ..Open::default() });
        let depth = self.depth();
        self.top().command.depth = depth;
    }

    /// `${…}` is kept as it is written, up to its closing brace. One with a command in it is not looked into.
    fn braces(&mut self, at: usize) -> usize {
        let (mut depth, mut end, mut double) = (0_usize, at + 1, false);
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b'\\' => end += 1,
                b'{' => depth += 1,
                b'}' if !double => depth -= 1,
                b'"' => double = !double,
                b'`' | b'(' | b'\'' => self.complete = false,
                _ => {}
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        let closed = depth == 0;
        self.complete &= closed;
        let end = if closed { end.min(self.bytes.len()) } else { at + 2 };
        for index in at..end {
            self.push(at, self.bytes[index]);
        }
        end
    }

    /// Notes the delimiter of a here-document; its text begins on the next line.
    fn here_document(&mut self, at: usize) -> usize {
        self.top().end_word(at - 2);
        let tabs = self.bytes.get(at) == Some(&b'-');
        let mut end = at + usize::from(tabs);
        while matches!(self.bytes.get(end), Some(b' ' | b'\t')) {
            end += 1;
        }
        let mut delimiter = Vec::new();
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'|' | b'&' | b'<' | b'>' | b'(' | b')' => break,
                b'\'' | b'"' | b'\\' => {}
                byte => delimiter.push(*byte),
            }
            end += 1;
        }
        self.here.push((delimiter, tabs));
        end
    }

    /// Goes behind the texts of the here-documents that were announced on the line before.
    fn skip_here_documents(&mut self, mut at: usize) -> usize {
        for (delimiter, tabs) in std::mem::take(&mut self.here) {
            loop {
                if at >= self.bytes.len() {
                    self.complete = false;
                    return at;
                }
                let rest = &self.bytes[at..];
                let line = &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())];
                at += line.len() + 1;
                let skipped = line.iter().take_while(|byte| tabs && **byte == b'\t').count();
                if line[skipped..] == delimiter[..] {
                    break;
                }
            }
        }
        at
    }

    fn close(&mut self, at: usize) {
        if let Some(mut inner) = self.open.pop() {
            inner.end_word(at);
            self.done.push(inner.command);
        }
    }
}

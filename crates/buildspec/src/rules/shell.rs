//! A small scanner for the words of POSIX shell commands.
//!
//! It knows quotes, separators, redirections, comments and command substitution, and nothing of grammar: enough for rules
//! that ask which program is called with which words. What it cannot tell apart it leaves out.

use std::ops::Range;

/// One program with its words: `a b`, in `x && a b | c`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SimpleCommand {
    pub(crate) words: Vec<Word>,
}

/// A word after its quotes are taken off; expansions stay as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

impl SimpleCommand {
    /// The words without assignments in front and without words that only run another command.
    pub(crate) fn call(&self) -> &[Word] {
        let mut words = self.words.as_slice();
        while let Some((first, rest)) = words.split_first() {
            let skip = is_assignment(&first.text)
                || matches!(
                    first.text.as_str(),
                    "sudo"
                        | "exec"
                        | "time"
                        | "nohup"
                        | "command"
                        | "if"
                        | "then"
                        | "else"
                        | "do"
                        | "while"
                        | "until"
                        | "!"
                        | "{"
                );
            if !skip {
                break;
            }
            words = rest;
        }
        words
    }

    /// Whether the call begins with these words. Options between them are left out, each with one word behind it that may
    /// be its value.
    pub(crate) fn calls(&self, wanted: &[&str]) -> bool {
        let mut words = self.call().iter();
        for wanted in wanted {
            let mut after_option = false;
            loop {
                let Some(word) = words.next() else { return false };
                if word.text == *wanted {
                    break;
                }
                let option = word.text.starts_with('-');
                if !option && !after_option {
                    return false;
                }
                after_option = option && !word.text.contains('=');
            }
        }
        true
    }

    /// From the first to the last word of the call.
    pub(crate) fn at(&self) -> Range<usize> {
        let call = self.call();
        match (call.first(), call.last()) {
            (Some(first), Some(last)) => first.at.start..last.at.end,
            _ => 0..0,
        }
    }
}

/// Whether a word sets a variable: `NAME=value`.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    })
}

/// The simple commands of a text, those of substitutions included, in the order of their beginnings.
pub(crate) fn simple_commands(text: &str) -> Vec<SimpleCommand> {
    let mut scanner = Scanner { bytes: text.as_bytes(), done: Vec::new(), open: vec![Open::default()] };
    scanner.scan();
    while let Some(open) = scanner.open.pop() {
        scanner.done.extend(open.finish());
    }
    scanner.done.retain(|command| !command.words.is_empty());
    scanner.done.sort_by_key(|command| command.words[0].at.start);
    scanner.done
}

/// A command that is being read, and within which quotes it is.
#[derive(Debug, Default)]
struct Open {
    command: SimpleCommand,
    word: Option<(usize, Vec<u8>)>,
    double: bool,
    closes_with: Option<u8>,
}

impl Open {
    fn end_word(&mut self, at: usize) {
        if let Some((start, bytes)) = self.word.take() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.command.words.push(Word { text, at: start..at });
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
            (b'"', _) => {
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
                let length = rest.iter().position(|byte| *byte == b'\'').unwrap_or(rest.len());
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
                self.separate(at);
                at + if next == Some(b'|') { 2 } else { 1 }
            }
            // `2>&1` and `&>file` are redirections.
            b'&' if next == Some(b'>') || (at > 0 && matches!(self.bytes[at - 1], b'>' | b'<')) => at + 1,
            b'\n' | b';' | b'&' | b'(' | b')' => {
                self.separate(at);
                at + 1
            }
            // The text of a here-document is no command, and what follows it cannot be told from it without a grammar.
            b'<' if next == Some(b'<') && self.bytes.get(at + 2) != Some(&b'<') => self.bytes.len(),
            b'<' | b'>' => {
                self.top().end_word(at);
                at + 1
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

    fn separate(&mut self, at: usize) {
        let top = self.top();
        top.end_word(at);
        let command = std::mem::take(&mut top.command);
        self.done.push(command);
    }

    fn substitute(&mut self, at: usize, closes_with: u8) {
        self.top().word.get_or_insert((at, Vec::new())).1.push(b'$');
        self.open.push(Open { closes_with: Some(closes_with), ..Open::default() });
    }

    fn close(&mut self, at: usize) {
        if let Some(mut inner) = self.open.pop() {
            inner.end_word(at);
            self.done.push(inner.command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let join =
            |command: &SimpleCommand| command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join("·");
        simple_commands(text).iter().map(join).collect()
    }

    #[test]
    fn table() {
        for (text, expected) in [
            ("echo a b", &["echo·a·b"][..]),
            ("echo 'a b' \"c d\"", &["echo·a b·c d"]),
            ("a && b || c | d; e & f", &["a", "b", "c", "d", "e", "f"]),
            ("eval $(aws ecr get-login --region x)", &["eval·$", "aws·ecr·get-login·--region·x"]),
            ("echo `date` x", &["echo·$·x", "date"]),
            ("echo \"$(date +\"%s\")\" y", &["echo·$·y", "date·+%s"]),
            ("a > out 2>&1", &["a·out·2·1"]),
            ("# only a comment", &[]),
            ("a # b", &["a"]),
            ("a#b", &["a#b"]),
            ("a \\\n b", &["a·b"]),
            ("X=1 make all", &["X=1·make·all"]),
            ("echo \"unclosed", &["echo·unclosed"]),
            ("cat <<END\naws ecr get-login\nEND", &["cat"]),
            ("$((1 + 2))", &["$", "1·+·2"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn calls() {
        let calls = |text: &str, wanted: &[&str]| simple_commands(text).iter().any(|command| command.calls(wanted));
        assert!(calls("X=1 sudo docker --debug push a", &["docker", "push"]));
        assert!(calls("if ! docker push a; then x; fi", &["docker", "push"]));
        assert!(!calls("echo docker push a", &["docker", "push"]));
        assert!(!calls("docker build push", &["docker", "push"]));
        assert!(calls("aws --region x --debug ecr get-login", &["aws", "ecr", "get-login"]));
        assert!(!calls("aws --region=x s3 ecr get-login", &["aws", "ecr", "get-login"]));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a$(`)'\"\\\\ \n|&;<>#é]{0,40}") {
            for command in simple_commands(&text) {
                for word in &command.words {
                    proptest::prop_assert!(word.at.start <= word.at.end && word.at.end <= text.len());
                }
                let _ = command.at();
            }
        }
    }
}

//! A small scanner for the words of POSIX shell commands.
//!
//! It knows quotes, separators, redirections, here-documents, comments and substitutions, and nothing of grammar: enough
//! for rules that ask which program is called with which words. What it cannot tell apart it leaves out, and then
//! [`Scan::complete`] is false: rules about what is absent keep silent.

mod scan;

use std::ops::Range;

pub(crate) use scan::{Scan, scan};

/// What stands between a command and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Joint {
    /// Nothing, `;`, `&`, a line end or a bracket.
    #[default]
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
}

/// What a word is to its command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// The program or an argument.
    #[default]
    Plain,
    /// The number in front of a redirection.
    Descriptor,
    /// Where a redirection reads from.
    Input,
    /// Where a redirection writes to.
    Output,
}

/// One program with its words: `a b`, in `x && a b | c`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SimpleCommand {
    pub(crate) words: Vec<Word>,
    /// How it follows the command before it.
    pub(crate) joint: Joint,
    /// In how many brackets and substitutions it is.
    pub(crate) depth: usize,
}

/// A word after its quotes are taken off; expansions stay as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
    pub(crate) role: Role,
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
        let mut words = self.arguments();
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

    /// The words of the call without those of redirections; the program is the first.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Word> {
        self.call().iter().filter(|word| word.role == Role::Plain)
    }

    /// The program that is called, as it is written.
    pub(crate) fn program(&self) -> Option<&str> {
        self.arguments().next().map(|word| word.text.as_str())
    }

    /// Where its output is redirected to, if it is.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| word.role == Role::Output)
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

/// The parts of a raw word that are in single quotes, without the quotes.
pub(crate) fn single_quoted(raw: &str) -> Vec<Range<usize>> {
    let bytes = raw.as_bytes();
    let (mut at, mut double, mut parts) = (0, false, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' => double = !double,
            b'\'' if !double => {
                let Some(length) = bytes[at + 1..].iter().position(|byte| *byte == b'\'') else { return parts };
                parts.push(at + 1..at + 1 + length);
                at += length + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts
}

/// The names of variables that a text expands (`$NAME`, `${NAME…}`), with the place of the name.
pub(crate) fn expansions(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.match_indices('$').filter_map(|(at, _)| {
        let from = at + 1 + usize::from(text[at + 1..].starts_with('{'));
        let rest = &text[from..];
        let end = rest.find(|c: char| !(c == '_' || c.is_ascii_alphanumeric())).unwrap_or(rest.len());
        (end > 0 && !rest.starts_with(|c: char| c.is_ascii_digit())).then_some((&rest[..end], from))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simple_commands(text: &str) -> Vec<SimpleCommand> {
        scan(text).commands
    }

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
            ("a >| out <&3", &["a·out·3"]),
            (r"a \>& b", &["a·>", "b"]),
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

    #[test]
    fn places_and_roles() {
        let commands = simple_commands("(cd a && b) > out 2>err | tee f || x < in");
        let seen: Vec<_> =
            commands.iter().map(|command| (command.words[0].text.as_str(), command.joint, command.depth)).collect();
        let expected = [
            ("cd", Joint::Sequence, 1),
            ("b", Joint::And, 1),
            ("out", Joint::Sequence, 0),
            ("tee", Joint::Pipe, 0),
            ("x", Joint::Or, 0),
        ];
        assert_eq!(seen, expected);
        assert!(commands[2].outputs().map(|word| word.text.as_str()).eq(["out", "err"]));
        assert!(commands[4].arguments().map(|word| word.text.as_str()).eq(["x"]));
    }

    #[test]
    fn complete() {
        for (text, complete) in [
            ("cat <<'E' > f\n\"it's\nE\necho a", true),
            ("cat <<E\nnever closed", false),
            ("echo \"${A:-\"b c\"}\"", true),
            ("echo 'a", false),
            ("echo \"a", false),
            ("echo $(a", false),
            ("echo $'it\\'s'", false),
            ("echo it\\'s", true),
        ] {
            assert_eq!(scan(text).complete, complete, "{text}");
        }
        assert_eq!(words("cat <<-E; b\n\tx y\n\tE\nc d"), ["cat", "b", "c·d"]);
        assert_eq!(words("echo ${A:-b c} d"), ["echo·${A:-b c}·d"]);
        assert!(scan("a & b").background);
        assert!(!scan("a && b 2>&1").background);
    }

    #[test]
    fn quotes_and_expansions() {
        assert_eq!(single_quoted("'a'\"'\"'b c'"), [1..2, 7..10]);
        let names: Vec<_> = expansions("$A ${B:-$C} $1 $$ ${#D}").map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "B", "C"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a$(`)'\"\\\\ \n|&;<>#é{}]{0,40}") {
            for command in simple_commands(&text) {
                for word in &command.words {
                    proptest::prop_assert!(word.at.start <= word.at.end && word.at.end <= text.len());
                }
                let _ = command.at();
            }
            for part in single_quoted(&text) {
                proptest::prop_assert!(text.get(part).is_some());
            }
            let _ = expansions(&text).count();
        }
    }
}

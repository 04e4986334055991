//! Keeps secrets out of output, also where a secret arrives in pieces, in base64, or wrapped into lines.
//!
//! Works on bytes, before the output is cut into lines: a secret may hold line breaks, and a process may write it in any
//! number of pieces.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

const MASK: &[u8] = b"***";
/// Texts at least so long are found with line breaks in them, as `base64` and `fold` write them.
const SHORTEST_WRAPPED: usize = 8;
/// So much of a text stands before its first line break: the end of every other line would be held back otherwise.
const BEFORE_BREAK: usize = 4;
/// Shorter parts of an encoding are found in innocent text.
const SHORTEST_ENCODED: usize = 6;

/// The values that must not be shown.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    /// Longest first, so that a secret which begins like another one is masked whole. None is empty.
    values: Vec<Vec<u8>>,
    /// For each byte the values that begin with it, longest first: spares most bytes the search.
    begins: Vec<Vec<usize>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    pub(super) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kept: Vec<Vec<u8>> = Vec::new();
        for value in values {
            // A shell's `$(…)` and most programs drop a final line break.
            for value in [value, value.trim_end_matches(['\n', '\r'])] {
                kept.push(value.as_bytes().to_vec());
                kept.extend(encoded(value.as_bytes()));
            }
        }
        kept.retain(|value| !value.is_empty());
        kept.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        kept.dedup();
        let mut begins = vec![Vec::new(); 256];
        for (index, value) in kept.iter().enumerate() {
            begins[usize::from(value[0])].push(index);
        }
        Self { values: kept, begins }
    }

    pub(super) fn mask(&self, text: &str) -> String {
        if self.values.is_empty() {
            return text.to_owned();
        }
        let mut out = Vec::with_capacity(text.len());
        let mut stream = Masked::new(self.clone());
        stream.push(text.as_bytes(), &mut out);
        stream.flush(&mut out);
        // Masking removes whole secrets, which are whole characters.
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// What base64 makes of a secret, wherever in a longer text it stands.
///
/// Three bytes are four characters, so there are three ways, by the number of bytes before it. The characters at both ends
/// also depend on what stands around the secret and are left away.
fn encoded(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for engine in [STANDARD, URL_SAFE] {
        let whole = engine.encode(secret);
        let bare = whole.trim_end_matches('=');
        if bare.len() >= SHORTEST_ENCODED {
            forms.push(bare.as_bytes().to_vec());
        }
        forms.push(whole.into_bytes());
        for before in 0..3_usize {
            let mut text = vec![0; before];
            text.extend_from_slice(secret);
            let characters = engine.encode(&text);
            // So many are decided by what comes before, and by nothing but the secret up to here.
            let start = (before * 8).div_ceil(6);
            let end = text.len() * 8 / 6;
            let inner = characters.get(start..end).unwrap_or_default();
            if inner.len() >= SHORTEST_ENCODED {
                forms.push(inner.as_bytes().to_vec());
            }
        }
    }
    forms
}

/// How a text compares with the beginning of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It is there, in so many bytes.
    Whole(usize),
    /// It may be, once more has come.
    Open,
    No,
}

fn fit(value: &[u8], text: &[u8]) -> Fit {
    let (mut at, mut matched) = (0, 0);
    while matched < value.len() {
        match text.get(at) {
            None => return Fit::Open,
            Some(byte) if *byte == value[matched] => matched += 1,
            Some(b'\r' | b'\n') if matched >= BEFORE_BREAK && value.len() >= SHORTEST_WRAPPED => {
                // One line break between two characters, never more: what is held back stays short.
                let wide = text[at] == b'\r';
                let next = if wide && text.get(at + 1) == Some(&b'\n') { at + 2 } else { at + 1 };
                match text.get(next) {
                    None => return Fit::Open,
                    Some(byte) if *byte == value[matched] => {
                        at = next;
                        matched += 1;
                    }
                    Some(_) => return Fit::No,
                }
            }
            Some(_) => return Fit::No,
        }
        at += 1;
    }
    Fit::Whole(at)
}

/// One stream of output.
#[derive(Debug)]
pub(super) struct Masked {
    secrets: Secrets,
    /// Bytes that may be the beginning of a secret; at most three times as long as the longest secret.
    held: Vec<u8>,
}

impl Masked {
    pub(super) const fn new(secrets: Secrets) -> Self {
        Self { secrets, held: Vec::new() }
    }

    /// Takes bytes and gives on what can be shown by now.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.secrets.values.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        let done = self.scan(out, false);
        self.held.drain(..done);
    }

    /// The stream has ended, or pauses: what is held is no secret.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        let done = self.scan(out, true);
        self.held.drain(..done);
    }

    /// Gives on the beginning of what is held, and returns how much of it is done with.
    fn scan(&self, out: &mut Vec<u8>, at_end: bool) -> usize {
        let Secrets { values, begins } = &self.secrets;
        let candidates = |byte: u8| begins.get(usize::from(byte)).map_or(&[][..], Vec::as_slice);
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            let plain = rest.iter().take_while(|byte| candidates(**byte).is_empty()).count();
            if plain > 0 {
                out.extend_from_slice(&rest[..plain]);
                at += plain;
                continue;
            }
            let mut whole = None;
            for &index in candidates(rest[0]) {
                match fit(&values[index], rest) {
                    // A longer secret that may still come is waited for, although a shorter one is complete.
                    Fit::Open if !at_end => return at,
                    Fit::Whole(length) => whole = whole.max(Some(length)),
                    _ => {}
                }
            }
            match whole {
                Some(length) => {
                    out.extend_from_slice(MASK);
                    at += length;
                }
                None => {
                    out.push(rest[0]);
                    at += 1;
                }
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(secrets: &[&str], pieces: &[&str]) -> String {
        let mut stream = Masked::new(Secrets::new(secrets.iter().copied()));
        let mut out = Vec::new();
        for piece in pieces {
            stream.push(piece.as_bytes(), &mut out);
        }
        stream.flush(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_in_pieces() {
        assert_eq!(pieces(&["hunter2"], &["x hun", "te", "r2 y"]), "x *** y");
        assert_eq!(pieces(&["hunter2"], &["x hun", "ted"]), "x hunted");
        assert_eq!(pieces(&["hunter2"], &["hunhunter2"]), "hun***");
    }

    #[test]
    fn a_secret_over_lines() {
        assert_eq!(pieces(&["one\ntwo"], &["a one\n", "two b"]), "a *** b");
        assert_eq!(pieces(&["key\n"], &["key"]), "***");
        assert_eq!(pieces(&["correcthorse"], &["x corre\ncth\r", "\norse y"]), "x *** y");
        assert_eq!(pieces(&["correcthorse"], &["corre\n", "\ncthorse"]), "corre\n\ncthorse");
        assert_eq!(pieces(&["hunter2"], &["hunte\nr2"]), "hunte\nr2", "short ones are found whole only");
    }

    #[test]
    fn the_longest_wins() {
        assert_eq!(pieces(&["abc", "abcdef"], &["abcdef abc"]), "*** ***");
        assert_eq!(pieces(&["abc", "abcdef"], &["abcd"]), "***d");
        assert_eq!(pieces(&[""], &["abc"]), "abc");
    }

    proptest! {
        /// Encoded with anything around it, wrapped at any width, written in any pieces: at most the characters at both
        /// ends are seen, which tell a few bits each.
        #[test]
        fn encoded_secrets(
            secret in "[!-~]{9,40}",
            before in "[ -~]{0,7}",
            after in "[ -~]{0,7}",
            width in 8_usize..80,
            cut in any::<prop::sample::Index>(),
            url in any::<bool>(),
        ) {
            let engine = if url { URL_SAFE } else { STANDARD };
            let whole = engine.encode(format!("{before}{secret}{after}"));
            let wrapped: Vec<String> =
                whole.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
            let inner = {
                let start = (before.len() * 8).div_ceil(6);
                whole[start..(before.len() + secret.len()) * 8 / 6].to_owned()
            };
            for text in [whole, wrapped.join("\n")] {
                // A line break in the first characters hides the rest; see `BEFORE_BREAK`.
                let text = if text.contains('\n') && (before.len() * 8).div_ceil(6) % width + BEFORE_BREAK >= width {
                    inner.clone()
                } else {
                    text
                };
                let at = cut.index(text.len());
                let shown = pieces(&[&secret], &[&text[..at], &text[at..]]).replace('\n', "");
                prop_assert!(!shown.contains(&inner), "{} in {}", inner, shown);
                prop_assert!(shown.contains("***"), "{} of {}", shown, text);
            }
        }

        /// What holds no secret goes through unchanged.
        #[test]
        fn innocent_text(text in "[a-c\n ]{0,60}", cut in any::<prop::sample::Index>()) {
            let at = cut.index(text.len() + 1);
            prop_assert_eq!(pieces(&["abcdefghij"], &[&text[..at], &text[at..]]), text);
        }
    }
}

//! Keeps secrets out of output, also where a secret arrives in pieces.
//!
//! Works on bytes, before the output is cut into lines: a secret may hold line breaks, and a process may write it in any
//! number of pieces.

const MASK: &[u8] = b"***";

/// The values that must not be shown.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    /// Longest first, so that a secret which begins like another one is masked whole. None is empty.
    values: Vec<Vec<u8>>,
    /// Whether any value begins with a byte: spares most bytes the search.
    begins: Vec<bool>,
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
            kept.push(value.as_bytes().to_vec());
            // A shell's `$(…)` and most programs drop a final line break.
            kept.push(value.trim_end_matches(['\n', '\r']).as_bytes().to_vec());
        }
        kept.retain(|value| !value.is_empty());
        kept.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        kept.dedup();
        let mut begins = vec![false; 256];
        for value in &kept {
            begins[usize::from(value[0])] = true;
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

/// One stream of output.
#[derive(Debug)]
pub(super) struct Masked {
    secrets: Secrets,
    /// Bytes that may be the beginning of a secret; shorter than the longest secret.
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
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            if !self.secrets.begins.get(usize::from(rest[0])).copied().unwrap_or_default() {
                out.push(rest[0]);
                at += 1;
                continue;
            }
            // A longer secret that may still come is waited for, although a shorter one is complete.
            let open = |value: &&Vec<u8>| value.len() > rest.len() && value.starts_with(rest);
            if !at_end && self.secrets.values.iter().any(|value| open(&value)) {
                return at;
            }
            match self.secrets.values.iter().find(|value| rest.starts_with(value)) {
                Some(value) => {
                    out.extend_from_slice(MASK);
                    at += value.len();
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
    }

    #[test]
    fn the_longest_wins() {
        assert_eq!(pieces(&["abc", "abcdef"], &["abcdef abc"]), "*** ***");
        assert_eq!(pieces(&["abc", "abcdef"], &["abcd"]), "***d");
        assert_eq!(pieces(&[""], &["abc"]), "abc");
    }
}

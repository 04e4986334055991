//! Content digests. ECR knows SHA-256 alone, so a digest is 32 bytes that print as `sha256:…`, and a text of another
//! algorithm is refused where it enters instead of where it would be sent.

use std::{fmt, io, str::FromStr};

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::error::NameError;

/// The SHA-256 digest of a blob or a manifest.
///
/// ```
/// use ecr_push::Digest;
///
/// let digest = Digest::of(b"");
/// assert_eq!(digest.to_string(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
/// assert_eq!(digest.to_string().parse::<Digest>()?, digest);
/// # Ok::<(), ecr_push::NameError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

const ALGORITHM: &str = "sha256";

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Reads `sha256:` and 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`NameError`] if `text` has another form or names another algorithm.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let err = |why| NameError::new(text, "a digest", why);
        let (algorithm, hex) = text.split_once(':').ok_or_else(|| err("it must begin with `sha256:`"))?;
        if algorithm != ALGORITHM {
            return Err(err("ECR takes digests of the algorithm `sha256` only"));
        }
        if hex.len() != 64 {
            return Err(err("64 hexadecimal digits must follow `sha256:`"));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let value = |digit: u8| match digit {
                b'0'..=b'9' => Ok(digit - b'0'),
                b'a'..=b'f' => Ok(digit - b'a' + 10),
                // The registries compare texts, so upper-case digits would name another blob.
                _ => Err(err("its digits must be lower-case hexadecimal")),
            };
            *byte = (value(pair[0])? << 4) | value(pair[1])?;
        }
        Ok(Self(bytes))
    }

    /// The 64 hexadecimal digits without the algorithm: the name of the blob's file in an OCI layout.
    #[must_use]
    pub fn hex(&self) -> String {
        self.to_string().split_off(ALGORITHM.len() + 1)
    }

    /// The first twelve hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(12);
        hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Digest {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Computes a [`Digest`] of bytes that come piece by piece.
#[derive(Clone)]
pub struct Hasher(Context);

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest(bytes)
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("digest", &self.clone().finish()).finish()
    }
}

/// Passes bytes on while counting and hashing them.
#[derive(Debug)]
pub struct HashingWriter<W> {
    inner: W,
    hasher: Hasher,
    written: u64,
}

impl<W: io::Write> HashingWriter<W> {
    /// Wraps `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Hasher::new(), written: 0 }
    }

    /// The wrapped writer, the digest of what it took, and how many bytes that were.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.inner, self.hasher.finish(), self.written)
    }
}

impl<W: io::Write> io::Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..taken]);
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn refuses_what_a_registry_would_misread() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in [
            String::new(),
            hex.to_owned(),
            format!("sha512:{hex}"),
            format!("SHA256:{hex}"),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{}", &hex[1..]),
            format!("sha256:{hex}0"),
            format!("sha256:{}g", &hex[1..]),
            format!("sha256: {}", &hex[1..]),
            format!("sha256:{}é", &hex[2..]),
        ] {
            assert!(Digest::parse(&text).is_err(), "{text}");
        }
        assert_eq!(Digest::parse(&format!("sha256:{hex}")).unwrap(), Digest::of(b""));
    }

    #[test]
    fn pieces_and_whole_agree() {
        let mut writer = HashingWriter::new(Vec::new());
        for piece in [&b"ab"[..], b"", b"c"] {
            writer.write_all(piece).unwrap();
        }
        let (bytes, digest, written) = writer.finish();
        assert_eq!((bytes.as_slice(), digest, written), (&b"abc"[..], Digest::of(b"abc"), 3));
        assert_eq!(digest.short(), "ba7816bf8f01");
    }
}

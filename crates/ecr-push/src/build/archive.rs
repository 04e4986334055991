//! Writes tars whose bytes depend on nothing but names, modes and contents: times, owners and devices are zero.
//!
//! The format is POSIX ustar, with a pax record only for what ustar cannot say (long and non-ASCII names, sizes from
//! 8 GiB), so the bytes do not change with the version of any library.

use std::io::{self, Read, Write};

const BLOCK: usize = 512;
/// ustar writes sizes as eleven octal digits.
const USTAR_SIZE: u64 = 0o77_777_777_777;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Directory,
    File { size: u64 },
    Symlink { target: &'a str },
}

/// A tar being written.
#[derive(Debug)]
pub(super) struct Archive<W> {
    out: W,
}

impl<W: Write> Archive<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out }
    }

    /// Appends an entry. `path` is relative, without trailing slash. Of a file, `content` must give exactly its size.
    pub(super) fn append(&mut self, path: &str, mode: u32, kind: Kind<'_>, content: &mut dyn Read) -> io::Result<()> {
        let (flag, name, target, size) = match kind {
            Kind::Directory => (b'5', format!("{path}/"), "", 0),
            Kind::File { size } => (b'0', path.to_owned(), "", size),
            Kind::Symlink { target } => (b'2', path.to_owned(), target, 0),
        };
        let split = split(&name);
        let mut records = Vec::new();
        if split.is_none() {
            record(&mut records, "path", &name);
        }
        let short_target = target.is_ascii() && target.len() <= 100;
        if !short_target {
            record(&mut records, "linkpath", target);
        }
        if size > USTAR_SIZE {
            record(&mut records, "size", &size.to_string());
        }
        if !records.is_empty() {
            self.out.write_all(&header("", "pax", 0o644, records.len() as u64, b'x', ""))?;
            self.out.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        // Where a record says it, the header's own field is ignored; it still must not hold other bytes on each run.
        let (prefix, short) = split.unwrap_or(("", "long-name"));
        let target = if short_target { target } else { "" };
        self.out.write_all(&header(prefix, short, mode, size.min(USTAR_SIZE), flag, target))?;
        let copied = io::copy(&mut content.take(size), &mut self.out)?;
        if copied != size {
            let text = "the file has become shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        self.pad(size)
    }

    /// Ends the archive.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }

    fn pad(&mut self, written: u64) -> io::Result<()> {
        let over = usize::try_from(written % BLOCK as u64).unwrap_or(0);
        if over > 0 {
            self.out.write_all(&[0; BLOCK][over..])?;
        }
        Ok(())
    }
}

/// The name as ustar's prefix and name, if it fits.
fn split(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= 100 {
        return Some(("", name));
    }
    // The slash that joins the two is in neither; one at the end belongs to the name.
    let inner = name.strip_suffix('/').unwrap_or(name);
    inner
        .match_indices('/')
        .map(|(at, _)| (&name[..at], &name[at + 1..]))
        .find(|(prefix, rest)| prefix.len() <= 155 && rest.len() <= 100)
}

/// `<length> <key>=<value>\n`, where the length counts itself.
fn record(out: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}

fn header(prefix: &str, name: &str, mode: u32, size: u64, flag: u8, target: &str) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, format!("{:07o}\0", mode & 0o7777).as_bytes());
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The checksum counts its own field as spaces.
    put(148, b"        ");
    put(156, &[flag]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_themselves() {
        for length in 0..1200 {
            let mut out = Vec::new();
            record(&mut out, "path", &"x".repeat(length));
            let text = String::from_utf8(out).unwrap();
            let (count, _) = text.split_once(' ').unwrap();
            assert_eq!(count.parse::<usize>().unwrap(), text.len());
        }
    }

    #[test]
    fn names_split_where_ustar_allows() {
        let long = format!("{}/{}", "p".repeat(155), "n".repeat(100));
        assert_eq!(split(&long), Some(("p".repeat(155).as_str(), "n".repeat(100).as_str())));
        assert_eq!(split(&format!("{}/{}", "p".repeat(156), "n".repeat(100))), None);
        assert_eq!(split(&"n".repeat(101)), None);
        let directory = format!("{}/{}/", "p".repeat(100), "n".repeat(99));
        assert_eq!(split(&directory).unwrap().1, format!("{}/", "n".repeat(99)));
        assert_eq!(split("ä"), None);
    }
}

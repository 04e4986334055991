//! Tar and zip archives, entry by entry, into an [`Unpacker`].

use std::fs::File;
use std::io::{self, Read};

use tar::EntryType;
use zip::ZipArchive;

use super::bundle::{Problem, Unpacker, seconds};
use crate::path::LONGEST_PATH;

/// More than this no header for one entry holds.
const MOST_PAX: u64 = 64 << 10;

/// What the headers before an entry say about it.
#[derive(Debug, Default)]
struct Extension {
    path: Option<String>,
    target: Option<String>,
}

/// Unpacks a tar archive. Extended headers are read here, with bounds, because the archive decides how long they are.
pub(super) fn untar(archive: impl Read, into: &mut Unpacker) -> Result<(), Problem> {
    let mut archive = tar::Archive::new(archive);
    let mut extension = Extension::default();
    for entry in archive.entries().map_err(Problem::io)?.raw(true) {
        let mut entry = entry.map_err(bad)?;
        let header = entry.header().clone();
        match header.entry_type() {
            EntryType::GNULongName => {
                extension.path = Some(long(&mut entry)?);
                continue;
            }
            EntryType::GNULongLink => {
                extension.target = Some(long(&mut entry)?);
                continue;
            }
            EntryType::XHeader => {
                pax(&mut entry, &mut extension)?;
                continue;
            }
            EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let Extension { path, target } = std::mem::take(&mut extension);
        let name = match path {
            Some(path) => path,
            None => text(&header.path_bytes(), "a name")?,
        };
        let target = match (target, header.link_name_bytes()) {
            (Some(target), _) => target,
            (None, Some(bytes)) => text(&bytes, "a target")?,
            (None, None) => String::new(),
        };
        let mode = header.mode().map_err(bad)?;
        match header.entry_type() {
            EntryType::Directory => into.directory(&name, mode)?,
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') => into.directory(&name, mode)?,
            EntryType::Regular | EntryType::Continuous => {
                into.file(&name, mode, header.mtime().ok().and_then(seconds), &mut entry)?;
            }
            EntryType::Symlink => into.link(&name, &target)?,
            EntryType::Link => into.hard_link(&name, &target, mode)?,
            other => {
                let kind = match other {
                    EntryType::Char | EntryType::Block => "a device",
                    EntryType::Fifo => "a pipe",
                    EntryType::GNUSparse => "a sparse file",
                    _ => "of a kind that is not known",
                };
                return Err(Problem::new(format!("the entry `{}` is {kind}", name.escape_debug())));
            }
        }
    }
    Ok(())
}

fn bad(error: io::Error) -> Problem {
    Problem::because("not a tar archive that can be read", error)
}

fn text(bytes: &[u8], what: &str) -> Result<String, Problem> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Problem::new(format!("{what} in the archive is not UTF-8")))
}

/// A name that was too long for its field.
fn long(entry: &mut impl Read) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    entry.take(LONGEST_PATH as u64 + 2).read_to_end(&mut bytes).map_err(bad)?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.len() > LONGEST_PATH {
        return Err(Problem::new(format!("a name of more than {LONGEST_PATH} bytes")));
    }
    text(&bytes, "a name")
}

/// Records of the form `<length> <key>=<value>\n`.
fn pax(entry: &mut impl Read, extension: &mut Extension) -> Result<(), Problem> {
    let mut bytes = Vec::new();
    entry.take(MOST_PAX + 1).read_to_end(&mut bytes).map_err(bad)?;
    if bytes.len() as u64 > MOST_PAX {
        return Err(Problem::new(format!("an extended header of more than {MOST_PAX} bytes")));
    }
    let malformed = || Problem::new("an extended header that is none");
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
        let length = std::str::from_utf8(&rest[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let length = length.filter(|length| (space + 2..=rest.len()).contains(length)).ok_or_else(malformed)?;
        let record = text(&rest[space + 1..length - 1], "an extended header")?;
        match record.split_once('=').ok_or_else(malformed)? {
            ("path", value) => extension.path = Some(value.to_owned()),
            ("linkpath", value) => extension.target = Some(value.to_owned()),
            ("size", _) => return Err(Problem::new("a file of more than 8 GiB, or a size that is not what it seems")),
            (key, _) if key.starts_with("GNU.sparse") => return Err(Problem::new("a sparse file")),
            _ => {}
        }
        rest = &rest[length..];
    }
    Ok(())
}

/// The bits of a mode that tell what kind of file it is.
const KIND: u32 = 0o170_000;

/// Unpacks a zip archive.
pub(super) fn unzip(archive: File, into: &mut Unpacker) -> Result<(), Problem> {
    let failed = |error: &dyn std::fmt::Display| Problem::new(format!("not a zip archive that can be read: {error}"));
    let mut archive = ZipArchive::new(io::BufReader::new(archive)).map_err(|error| failed(&error))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| failed(&error))?;
        let name = entry.name().map_err(|error| failed(&error))?.into_owned();
        let mode = entry.unix_mode();
        match mode.map(|mode| mode & KIND) {
            _ if entry.is_symlink() => {
                let mut target = String::new();
                let mut content = entry.by_ref().take(LONGEST_PATH as u64 + 1);
                content.read_to_string(&mut target).map_err(|error| failed(&error))?;
                into.link(&name, &target)?;
            }
            _ if entry.is_dir() => into.directory(&name, mode.unwrap_or(0o755))?,
            None | Some(0 | 0o100_000) => into.file(&name, mode.unwrap_or(0o644), None, &mut entry)?,
            Some(_) => {
                let name = name.escape_debug();
                return Err(Problem::new(format!("the entry `{name}` is a device, a pipe or a socket")));
            }
        }
    }
    Ok(())
}

//! Where the members of a tar lie. The tar is read once, header by header, with bounded memory; nothing is unpacked, and what
//! no builder writes (names that lead out, two members of one name, sizes beyond the file) is refused instead of guessed at.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::header::{BLOCK, Header, Kind, Records};
use crate::{
    error::{BuildError, DocumentError, Error, IoError},
    image::section::Section,
};

/// More members than any image has. Without a bound, a small compressed bomb could fill the memory with names.
const MEMBERS: usize = 50_000;
/// The most bytes of a long name or of pax records.
const EXTENSION: u64 = 1 << 20;
/// How many links may lead to one another.
const LINKS: usize = 8;

/// The members of an archive by name.
#[derive(Debug, Clone)]
pub(super) struct TarIndex {
    file: Arc<File>,
    path: PathBuf,
    members: BTreeMap<String, Member>,
}

#[derive(Debug, Clone)]
enum Member {
    File {
        offset: u64,
        size: u64,
    },
    /// To another member, by its name.
    Link(String),
}

impl TarIndex {
    /// Indexes `file`, which messages call `path`.
    pub(super) fn read(file: &Arc<File>, path: &Path) -> Result<Self, Error> {
        let mut index = Self { file: Arc::clone(file), path: path.to_owned(), members: BTreeMap::new() };
        members(file, path, &mut |header, section| index.insert(header, section))?;
        Ok(index)
    }

    fn insert(&mut self, header: &Header, section: &Section) -> Result<(), Error> {
        let member = match header.kind {
            Kind::File => Member::File { offset: section.offset(), size: header.size },
            Kind::HardLink => Member::Link(clean("", &header.link).map_err(|error| self.hostile(&error))?),
            Kind::Symlink => {
                let parent = header.name.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
                Member::Link(clean(parent, &header.link).map_err(|error| self.hostile(&error))?)
            }
            Kind::Directory | Kind::Other | Kind::Extension(_) => {
                clean("", &header.name).map_err(|error| self.hostile(&error))?;
                return Ok(());
            }
        };
        if header.name.split('/').any(|part| part == "..") {
            return Err(self.hostile(&leads_out(&header.name)).into());
        }
        let name = clean("", &header.name).map_err(|error| self.hostile(&error))?;
        if self.members.contains_key(&name) {
            // One reader takes the first, the next one the last.
            let why = format!("the member `{}` comes twice", shown(&name));
            return Err(invalid(&self.path, section.offset(), &why).into());
        }
        self.members.insert(name, member);
        Ok(())
    }

    /// The bytes of a member; `None` if there is none of this name.
    pub(super) fn section(&self, name: &str) -> Option<Section> {
        let name = clean("", name).ok()?;
        let mut name = name.as_str();
        for _ in 0..LINKS {
            match self.members.get(name)? {
                Member::File { offset, size } => {
                    let shown = self.path.join(name);
                    return Some(Section::new(Arc::clone(&self.file), &shown, *offset, *size));
                }
                Member::Link(target) => name = target,
            }
        }
        None
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn hostile(&self, error: &BuildError) -> BuildError {
        let place = format!("archive {}: {}", self.path.display(), error.place());
        BuildError::new(place, error.problem(), error.advice())
    }
}

/// Calls `visit` with each member and its bytes. At most [`MEMBERS`], each within the file.
pub(crate) fn members(
    file: &Arc<File>,
    path: &Path,
    visit: &mut dyn FnMut(&Header, &Section) -> Result<(), Error>,
) -> Result<(), Error> {
    let len = file.metadata().map_err(|error| IoError::new("read", path, error))?.len();
    let whole = Section::new(Arc::clone(file), path, 0, len);
    let invalid = |at: u64, why: &str| invalid(path, at, why);
    let (mut at, mut count) = (0, 0);
    let mut records = Records::default();
    loop {
        let block = whole.read_at(at, BLOCK)?;
        // Writers end with two blocks of zeros; some cut the second or both.
        if block.is_empty() || block.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let header = Header::parse(&block, &records).map_err(|why| invalid(at, &why))?;
        let start = at + BLOCK;
        let end = start.checked_add(header.size).filter(|end| *end <= len).ok_or_else(|| {
            invalid(at, &format!("a member says it has {} bytes, and the archive ends before", header.size))
        })?;
        at = end.next_multiple_of(BLOCK);
        if let Kind::Extension(kind) = header.kind {
            if header.size > EXTENSION {
                return Err(invalid(start, &format!("a name or record has {} bytes", header.size)).into());
            }
            let bytes = whole.read_at(start, header.size)?;
            records.take(kind, &bytes).map_err(|why| invalid(start, &why))?;
            continue;
        }
        records = Records::default();
        count += 1;
        if count > MEMBERS {
            return Err(invalid(start, &format!("it has more than {MEMBERS} members")).into());
        }
        visit(&header, &Section::new(Arc::clone(file), path, start, header.size))?;
    }
}

fn invalid(path: &Path, at: u64, why: &str) -> DocumentError {
    DocumentError::new(format!("archive {}", path.display()), format!("{why} (at byte {at})"))
}

/// `name`, seen from `parent`, without `.`, `..` and doubled slashes.
fn clean(parent: &str, name: &str) -> Result<String, BuildError> {
    if name.starts_with('/') {
        return Err(leads_out(name));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in parent.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or_else(|| leads_out(name))?),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

fn leads_out(name: &str) -> BuildError {
    BuildError::new(shown(name), "it leads out of the archive", "do not use this archive: no builder writes such names")
}

/// Hostile names are long.
fn shown(name: &str) -> String {
    name.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within() {
        for (parent, name, expected) in [("", "./a//b", "a/b"), ("a/b", "../c.tar", "a/c.tar"), ("a", "..", "")] {
            assert_eq!(clean(parent, name).unwrap(), expected);
        }
        for (parent, name) in [("", ".."), ("", "/etc/passwd"), ("a", "../../x"), ("", "a/../../b")] {
            assert!(clean(parent, name).is_err(), "{parent} {name}");
        }
    }
}

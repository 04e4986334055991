//! Directories to zip archives and back: the same bytes for the same files, and nothing unpacked outside its directory.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::{Error, Result};

/// Bounds for what is unpacked from an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Unpacked bytes in all. The default is 7 GB: the largest source artifact CodePipeline takes (quotas page).
    pub bytes: u64,
    /// Entries.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 7 * 1000 * 1000 * 1000, entries: 1_000_000 }
    }
}

impl Limits {
    /// Bounds of `bytes` in `entries` files.
    pub fn new(bytes: u64, entries: usize) -> Self {
        Self { bytes, entries }
    }
}

/// Writes the files below `directory` to a zip archive: sorted, with fixed times, so that equal trees give equal bytes.
/// Permission bits and symbolic links are kept; other kinds of file are an error.
///
/// # Errors
/// The directory cannot be read, holds a socket or a device, or the archive cannot be written.
pub fn pack<W: Write + Seek>(directory: &Path, out: W) -> Result<()> {
    let mut archive = ZipWriter::new(out);
    for relative in walk(directory)? {
        let path = directory.join(&relative);
        let metadata = fs::symlink_metadata(&path).map_err(|error| Error::file(&path, error))?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(metadata.permissions().mode() & 0o777)
            .large_file(metadata.len() >= u64::from(u32::MAX));
        let name = relative.to_str().ok_or_else(|| Error::File {
            path: path.clone(),
            message: "the name is not UTF-8: rename the file or leave it out of the artifact".to_owned(),
            source: None,
        })?;
        let failed = |error: io::Error| Error::file(&path, error);
        if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(failed)?;
            let target = target.to_string_lossy();
            archive.add_symlink(name, target, options).map_err(|error| failed(error.into()))?;
        } else if metadata.is_dir() {
            archive.add_directory(name, options).map_err(|error| failed(error.into()))?;
        } else if metadata.is_file() {
            archive.start_file(name, options).map_err(|error| failed(error.into()))?;
            let mut file = File::open(&path).map_err(failed)?;
            io::copy(&mut file, &mut archive).map_err(failed)?;
        } else {
            let message = "neither a file, a directory nor a symbolic link: leave it out of the artifact".to_owned();
            return Err(Error::File { path, message, source: None });
        }
    }
    archive.finish().map_err(|error| Error::file(directory, error.into()))?;
    Ok(())
}

/// Unpacks an archive below `directory`.
///
/// # Errors
/// [`Error::BadArchive`] for anything that is no zip archive, would leave the directory, or is over the limits;
/// [`Error::File`] when the directory cannot be written.
pub fn unpack<R: Read + Seek>(key: &str, archive: R, directory: &Path, limits: &Limits) -> Result<()> {
    let bad = |message: String| Error::BadArchive { key: key.to_owned(), message };
    let mut archive = ZipArchive::new(archive).map_err(|error| bad(error.to_string()))?;
    if archive.len() > limits.entries {
        return Err(bad(format!("{} entries; at most {} are unpacked", archive.len(), limits.entries)));
    }
    fs::create_dir_all(directory).map_err(|error| Error::file(directory, error))?;
    let mut left = limits.bytes;
    // Links come last, so that no entry can be written through one.
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| bad(error.to_string()))?;
        let name = entry.name().map_err(|error| bad(error.to_string()))?.into_owned();
        let relative = inside(Path::new(&name))
            .ok_or_else(|| bad(format!("entry `{}` leaves the directory", name.escape_debug())))?;
        let path = directory.join(&relative);
        if entry.is_symlink() {
            let mut target = String::new();
            entry.by_ref().take(4096).read_to_string(&mut target).map_err(|error| bad(error.to_string()))?;
            links.push((relative, target));
            continue;
        }
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(|error| Error::file(&path, error))?;
            continue;
        }
        let parent = path.parent().unwrap_or(directory);
        fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
        let mut file = File::create(&path).map_err(|error| Error::file(&path, error))?;
        // The sizes in an archive's headers are the sender's word; what counts is what comes out.
        let copied = io::copy(&mut entry.by_ref().take(left + 1), &mut file)
            .map_err(|error| bad(format!("entry `{}`: {error}", name.escape_debug())))?;
        left = left.checked_sub(copied).ok_or_else(|| bad(format!("more than {} bytes unpacked", limits.bytes)))?;
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(|error| Error::file(&path, error))?;
    }
    for (relative, target) in links {
        let parent = relative.parent().unwrap_or(Path::new(""));
        if Path::new(&target).is_absolute() || inside(&parent.join(&target)).is_none() {
            return Err(bad(format!("link `{}` points outside", relative.display())));
        }
        let path = directory.join(&relative);
        let above = path.parent().unwrap_or(directory);
        fs::create_dir_all(above).map_err(|error| Error::file(above, error))?;
        symlink(&target, &path).map_err(|error| Error::file(&path, error))?;
    }
    Ok(())
}

/// The path without `.` and `..`, if it stays inside the directory it is relative to.
pub(crate) fn inside(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!out.as_os_str().is_empty()).then_some(out)
}

/// Every entry below `directory`, relative, sorted; links are not followed.
pub(crate) fn walk(directory: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(relative) = open.pop() {
        let path = directory.join(&relative);
        for entry in fs::read_dir(&path).map_err(|error| Error::file(&path, error))? {
            let entry = entry.map_err(|error| Error::file(&path, error))?;
            let below = relative.join(entry.file_name());
            if entry.file_type().map_err(|error| Error::file(&path, error))?.is_dir() {
                open.push(below.clone());
            }
            found.push(below);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("bin/empty")).unwrap();
        fs::write(dir.path().join("bin/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(dir.path().join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(dir.path().join("é.txt"), "x").unwrap();
        symlink("bin/run", dir.path().join("run")).unwrap();
        dir
    }

    fn packed(dir: &Path) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        pack(dir, &mut bytes).unwrap();
        bytes.into_inner()
    }

    fn hostile(build: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        build(&mut archive);
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_packed_comes_back() {
        let (from, to) = (tree(), tempfile::tempdir().unwrap());
        unpack("k", Cursor::new(packed(from.path())), to.path(), &Limits::default()).unwrap();
        assert_eq!(walk(from.path()).unwrap(), walk(to.path()).unwrap());
        assert_eq!(fs::metadata(to.path().join("bin/run")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_link(to.path().join("run")).unwrap(), Path::new("bin/run"));
        assert_eq!(packed(from.path()), packed(to.path()), "equal trees give equal bytes");
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let options = SimpleFileOptions::default();
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("leaves the directory", hostile(|zip| zip.start_file("../evil", options).unwrap())),
            ("leaves the directory", hostile(|zip| zip.start_file("a/../../evil", options).unwrap())),
            ("leaves the directory", hostile(|zip| zip.start_file("/etc/evil", options).unwrap())),
            ("points outside", hostile(|zip| zip.add_symlink("l", "/etc", options).unwrap())),
            ("points outside", hostile(|zip| zip.add_symlink("a/l", "../../x", options).unwrap())),
            ("invalid Zip", b"PK no archive at all".to_vec()),
        ];
        for (want, bytes) in cases {
            let (outer, inner) = (tempfile::tempdir().unwrap(), "in");
            let to = outer.path().join(inner);
            let error = unpack("k", Cursor::new(bytes), &to, &Limits::default()).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
            let outside: Vec<_> =
                walk(outer.path()).unwrap().into_iter().filter(|path| !path.starts_with(inner)).collect();
            assert!(outside.is_empty(), "{outside:?}");
        }
    }

    #[test]
    fn a_link_cannot_redirect_a_later_file() {
        let options = SimpleFileOptions::default();
        let bytes = hostile(|zip| {
            zip.add_symlink("dir", "sub", options).unwrap();
            zip.start_file("dir/file", options).unwrap();
            zip.write_all(b"x").unwrap();
        });
        let to = tempfile::tempdir().unwrap();
        // The directory `dir` exists by then, so the link is an error and nothing was written through it.
        assert!(unpack("k", Cursor::new(bytes), to.path(), &Limits::default()).is_err());
        assert!(!to.path().join("sub").exists());
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let bytes = hostile(|zip| {
            zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
            zip.write_all(&vec![0; 1 << 20]).unwrap();
        });
        let to = tempfile::tempdir().unwrap();
        let limits = Limits { bytes: 1000, entries: 10 };
        let error = unpack("k", Cursor::new(bytes.clone()), to.path(), &limits).unwrap_err().to_string();
        assert!(error.contains("more than 1000 bytes"), "{error}");
        assert!(fs::metadata(to.path().join("zeros")).unwrap().len() <= 1001);
        let limits = Limits { bytes: 1 << 30, entries: 0 };
        assert!(unpack("k", Cursor::new(bytes), to.path(), &limits).is_err());
    }
}

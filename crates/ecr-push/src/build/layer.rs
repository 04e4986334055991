//! One layer: a set of paths that becomes a reproducible, compressed tar.
//!
//! Whatever differs from machine to machine is left out: order of directories, times, owners, and all of a mode but
//! whether the owner may execute. Parents of entries are added, with mode 755.

#[cfg(feature = "local")]
use std::path::{Path, PathBuf};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use bytes::Bytes;
use flate2::{Compression, GzBuilder, write::GzEncoder};

use super::archive::{Archive, Kind};
use crate::{
    digest::{Digest, HashingWriter},
    error::{BuildError, Error},
    image::Blob,
    media::MediaType,
};
#[cfg(feature = "local")]
use crate::{
    error::IoError,
    image::section::Section,
    source::{header::Kind as Member, index::members},
};

/// Paths and contents of a layer. Of two entries with one path, the later wins.
///
/// ```
/// use ecr_push::Layer;
///
/// let layer = Layer::new().file("/etc/motd", "hello\n", 0o644).symlink("/motd", "etc/motd").build()?;
/// assert_eq!(layer.blob().digest(), Layer::new()
///     .symlink("motd", "etc/motd")
///     .file("etc/motd", "hello\n", 0o644)
///     .build()?.blob().digest());
/// # Ok::<(), ecr_push::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Layer {
    entries: Vec<(String, Entry)>,
    created_by: Option<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    mode: u32,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Directory,
    Bytes(Bytes),
    Symlink(String),
    #[cfg(feature = "local")]
    File(PathBuf),
    #[cfg(feature = "local")]
    Section(Section),
}

const DIRECTORY_MODE: u32 = 0o755;

impl Layer {
    /// An empty layer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory.
    #[must_use]
    pub fn directory(self, path: impl Into<String>, mode: u32) -> Self {
        self.with(path.into(), mode, Content::Directory)
    }

    /// Adds a file with the given content.
    #[must_use]
    pub fn file(self, path: impl Into<String>, content: impl Into<Bytes>, mode: u32) -> Self {
        self.with(path.into(), mode, Content::Bytes(content.into()))
    }

    /// Adds a symbolic link; the target is not looked at.
    #[must_use]
    pub fn symlink(self, path: impl Into<String>, target: impl Into<String>) -> Self {
        self.with(path.into(), 0o777, Content::Symlink(target.into()))
    }

    /// Adds a file of this machine, which is read when the layer is built. Without a mode it gets 755 if its owner may
    /// execute it, else 644.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be found, [`Error::Build`] if it is not a file.
    #[cfg(feature = "local")]
    pub fn file_from(self, path: impl Into<String>, source: &Path, mode: Option<u32>) -> Result<Self, Error> {
        let metadata = source.metadata().map_err(|error| IoError::new("read", source, error))?;
        if !metadata.is_file() {
            let problem = "it is not a regular file";
            let advice = "leave sockets, pipes and devices out; add directories with `directory_from`";
            return Err(BuildError::new(source.display().to_string(), problem, advice).into());
        }
        let mode = mode.unwrap_or_else(|| if is_executable(&metadata) { 0o755 } else { 0o644 });
        Ok(self.with(path.into(), mode, Content::File(source.to_owned())))
    }

    /// Adds what a directory of this machine contains, under `path`. Links are added as links.
    ///
    /// # Errors
    /// [`Error::Io`] if something cannot be read, [`Error::Build`] if something is neither file, directory nor link, or
    /// has a name that is not UTF-8.
    #[cfg(feature = "local")]
    pub fn directory_from(mut self, path: &str, source: &Path) -> Result<Self, Error> {
        for found in super::walk::walk(source, &|_| false)? {
            let to = format!("{path}/{}", found.relative);
            self = match &found.kind {
                super::walk::Found::Directory => self.directory(to, DIRECTORY_MODE),
                super::walk::Found::File => self.file_from(to, &found.path, None)?,
                super::walk::Found::Symlink(target) => self.symlink(to, target.as_str()),
                super::walk::Found::Unfit(why) => return Err(found.unfit(why)),
            };
        }
        Ok(self)
    }

    /// Adds the files, directories and links of a tar, under `path`. Their times, owners and order are left out, as for any
    /// entry: two tars with the same contents make the same layer. Files are read from the tar when the layer is built.
    ///
    /// # Errors
    /// [`Error::Io`] if the tar cannot be read, [`Error::Document`] if it is not valid, [`Error::Build`] if it holds devices
    /// or a hard link to what is not in it.
    #[cfg(feature = "local")]
    pub fn tar_from(mut self, path: &str, source: &Path) -> Result<Self, Error> {
        let file = std::fs::File::open(source).map_err(|error| IoError::new("read", source, error))?;
        let mut files: BTreeMap<String, Entry> = BTreeMap::new();
        let mut entries: Vec<(String, Entry)> = Vec::new();
        members(&std::sync::Arc::new(file), source, &mut |header, section| {
            let mode = if header.mode & 0o100 == 0 { 0o644 } else { 0o755 };
            let entry = match header.kind {
                Member::File => {
                    let entry = Entry { mode, content: Content::Section(section.clone()) };
                    files.insert(normal(&header.name)?, entry.clone());
                    entry
                }
                Member::Directory => Entry { mode: DIRECTORY_MODE, content: Content::Directory },
                Member::Symlink => Entry { mode: 0o777, content: Content::Symlink(header.link.clone()) },
                Member::HardLink => files.get(&normal(&header.link)?).cloned().ok_or_else(|| {
                    let problem =
                        format!("it is a hard link to `{}`, which the tar does not hold before it", header.link);
                    BuildError::new(&header.name, problem, "make the tar anew with both files")
                })?,
                Member::Other | Member::Extension(_) => {
                    let problem = "it is a socket, pipe or device";
                    return Err(BuildError::new(&header.name, problem, "leave it out of the tar").into());
                }
            };
            // Refused here by its own name, which the prefix would hide.
            let name = normal(&header.name)?;
            entries.push((format!("{path}/{name}"), entry));
            Ok(())
        })?;
        self.entries.extend(entries);
        Ok(self)
    }

    /// Says which instruction made the layer, for the history of the image.
    #[must_use]
    pub fn created_by(mut self, instruction: impl Into<String>) -> Self {
        self.created_by = Some(instruction.into());
        self
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes and compresses the tar.
    ///
    /// # Errors
    /// [`Error::Build`] if a path leads out of the image, is a file and a directory at once, or means a deletion;
    /// [`Error::Io`] if a file cannot be read.
    pub fn build(self) -> Result<BuiltLayer, Error> {
        let entries = ordered(self.entries)?;
        // The uncompressed side is hashed for the configuration, the compressed one for the manifest.
        let gzip = GzBuilder::new().write(HashingWriter::new(Vec::new()), Compression::new(6));
        let mut archive = Archive::new(HashingWriter::new(FixedChunks::new(gzip)));
        for (path, entry) in &entries {
            entry.append(path, &mut archive)?;
        }
        let (chunks, diff_id, _) = archive.finish().map_err(in_memory)?.finish();
        let hashed = chunks.finish().and_then(GzEncoder::finish).map_err(in_memory)?;
        let (bytes, digest, _) = hashed.finish();
        let blob = Blob::hashed(MediaType::OciLayerGzip, digest, bytes.into());
        Ok(BuiltLayer { blob, diff_id, created_by: self.created_by })
    }

    fn with(mut self, path: String, mode: u32, content: Content) -> Self {
        self.entries.push((path, Entry { mode, content }));
        self
    }
}

/// A layer with its two digests.
#[derive(Debug, Clone)]
pub struct BuiltLayer {
    blob: Blob,
    diff_id: Digest,
    created_by: Option<String>,
}

impl BuiltLayer {
    /// The compressed tar.
    #[must_use]
    pub const fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The digest of the uncompressed tar.
    #[must_use]
    pub const fn diff_id(&self) -> Digest {
        self.diff_id
    }

    pub(super) fn into_parts(self) -> (Blob, Digest, Option<String>) {
        (self.blob, self.diff_id, self.created_by)
    }
}

impl Entry {
    fn append<W: Write>(&self, path: &str, archive: &mut Archive<W>) -> Result<(), Error> {
        let mode = self.mode;
        match &self.content {
            Content::Directory => archive.append(path, mode, Kind::Directory, &mut io::empty()).map_err(in_memory),
            Content::Symlink(target) => {
                archive.append(path, mode, Kind::Symlink { target }, &mut io::empty()).map_err(in_memory)
            }
            Content::Bytes(bytes) => {
                let kind = Kind::File { size: bytes.len() as u64 };
                archive.append(path, mode, kind, &mut bytes.as_ref()).map_err(in_memory)
            }
            #[cfg(feature = "local")]
            Content::File(source) => {
                let io = |error| IoError::new("read", source, error);
                let mut file = std::fs::File::open(source).map_err(io)?;
                let size = file.metadata().map_err(io)?.len();
                Ok(archive.append(path, mode, Kind::File { size }, &mut file).map_err(io)?)
            }
            #[cfg(feature = "local")]
            Content::Section(section) => {
                let io = |error| IoError::new("read", section.name().to_string(), error);
                let kind = Kind::File { size: section.len() };
                Ok(archive.append(path, mode, kind, &mut section.reader()).map_err(io)?)
            }
        }
    }
}

/// Entries by normal path, parents included. A parent's path is a prefix of its children's, so it comes first.
fn ordered(entries: Vec<(String, Entry)>) -> Result<BTreeMap<String, Entry>, Error> {
    let mut ordered = BTreeMap::new();
    for (path, entry) in entries {
        let normal = normal(&path)?;
        if normal.is_empty() {
            // The root is there anyway; as a directory it may be named, as in `COPY . /`.
            if matches!(entry.content, Content::Directory) {
                continue;
            }
            return Err(BuildError::new(path, "the root of an image is a directory", "name a path below it").into());
        }
        ordered.insert(normal, entry);
    }
    let parents: Vec<String> =
        ordered.keys().flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned())).collect();
    for parent in parents {
        let directory = Entry { mode: DIRECTORY_MODE, content: Content::Directory };
        if !matches!(ordered.entry(parent.clone()).or_insert(directory).content, Content::Directory) {
            let problem = "it is a file or link, and other entries of the layer lie below it";
            return Err(BuildError::new(parent, problem, "put the two into different directories").into());
        }
    }
    Ok(ordered)
}

/// The path without leading slash, `.` and doubled slashes; empty for the root.
pub(super) fn normal(path: &str) -> Result<String, BuildError> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(BuildError::new(path, "`..` could lead out of the image", "write the path without it")),
            _ if part.contains('\0') => {
                return Err(BuildError::new(path, "it contains a NUL", "give the file another name"));
            }
            _ if part.starts_with(".wh.") => {
                let advice = "give the file another name, or leave it out";
                return Err(BuildError::new(path, "names that begin with `.wh.` mean deletions in a layer", advice));
            }
            _ => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(all(feature = "local", unix))]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(all(feature = "local", not(unix)))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    // There is no such bit. Executable is the mode under which a program still starts.
    true
}

/// Errors of writers that only fill a vector; they do not occur, but there is a way to say so.
#[allow(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn in_memory(error: io::Error) -> Error {
    BuildError::new("a layer in memory", error.to_string(), "this is a fault of the library: report it").into()
}

/// Passes bytes on in chunks of one size: how the compressor is fed must not depend on how files happened to be read.
#[derive(Debug)]
struct FixedChunks<W> {
    inner: W,
    buffer: Vec<u8>,
}

const CHUNK: usize = 64 << 10;

impl<W: Write> FixedChunks<W> {
    fn new(inner: W) -> Self {
        Self { inner, buffer: Vec::with_capacity(CHUNK) }
    }

    fn finish(mut self) -> io::Result<W> {
        self.inner.write_all(&self.buffer)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for FixedChunks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.inner.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normal_or_refused() {
        for (path, expected) in [("/", ""), ("a", "a"), ("/a//b/./c/", "a/b/c"), ("./a", "a")] {
            assert_eq!(normal(path).unwrap(), expected);
        }
        for path in ["..", "/a/../b", "a\0b", ".wh.a", "a/.wh..wh..opq"] {
            assert!(normal(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_file_cannot_hold_files() {
        let error = Layer::new().file("a", "x", 0o644).file("a/b", "y", 0o644).build().unwrap_err();
        assert!(error.to_string().starts_with("a: it is a file"), "{error}");
        assert!(Layer::new().file("/", "x", 0o644).build().is_err());
    }

    #[test]
    fn chunking_of_the_input_changes_nothing() {
        let mut whole = FixedChunks::new(Vec::new());
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        whole.write_all(&bytes).unwrap();
        let mut pieces = FixedChunks::new(Vec::new());
        bytes.chunks(777).for_each(|piece| pieces.write_all(piece).unwrap());
        assert_eq!(whole.finish().unwrap(), bytes);
        assert_eq!(pieces.finish().unwrap(), bytes);
    }
}

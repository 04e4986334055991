//! Bundles: what a revision arrives as, and how it becomes a directory of files that cannot surprise
//! anybody.
//!
//! Nothing is unpacked that could leave the directory or be more than a file, a directory or a link: names
//! with `..`, absolute names, devices, pipes and links that lead outside are refused, and so is what
//! unpacks to more than the limits. Links are made last, so that no entry is written through one.
//! Set-user-id bits and owners of an archive do not count; the AppSpec's permissions do.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Error, archive};
use crate::listing::{EntryKind, Listing};
use crate::path::{LONGEST_PATH, join, leaves_root, parent};

/// Bounds for what is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Files, directories and links. The default is 1,000,000.
    pub entries: usize,
    /// Unpacked bytes in all. The default is 16 GiB.
    pub bytes: u64,
    /// Unpacked bytes for each byte of the archive, once more than 16 MiB are unpacked. The default is 200.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 16 << 30, ratio: 200 }
    }
}

impl Limits {
    /// Sets the number of entries.
    #[must_use]
    pub const fn with_entries(mut self, entries: usize) -> Self {
        self.entries = entries;
        self
    }

    /// Sets the number of bytes.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets the ratio.
    #[must_use]
    pub const fn with_ratio(mut self, ratio: u64) -> Self {
        self.ratio = ratio;
        self
    }
}

/// Archives smaller than this when unpacked have no ratio.
const RATIO_COUNTS_FROM: u64 = 16 << 20;

/// The form of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BundleKind {
    /// A directory.
    Directory,
    /// A tar archive.
    Tar,
    /// A tar archive in gzip.
    Tgz,
    /// A zip archive.
    Zip,
}

impl std::str::FromStr for BundleKind {
    type Err = Error;

    /// # Errors
    /// The agent's sentence for a type that it does not know.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "directory" => Ok(Self::Directory),
            "tar" => Ok(Self::Tar),
            "tgz" => Ok(Self::Tgz),
            "zip" => Ok(Self::Zip),
            other => Err(Error::Request {
                problem: format!("type {other} is not a valid type. Must be one of tgz,tar,zip,directory"),
            }),
        }
    }
}

/// A revision as it arrives.
#[derive(Clone, Debug)]
pub struct Bundle {
    path: PathBuf,
    kind: BundleKind,
    limits: Limits,
}

impl Bundle {
    /// A bundle of a form that is known.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, kind: BundleKind) -> Self {
        Self { path: path.into(), kind, limits: Limits::default() }
    }

    /// A bundle whose form shows from what it is: a directory, or the first bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn detect(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let failed = |source: io::Error| Error::Bundle {
            path: path.clone(),
            problem: format!("{source}; name a directory or an archive that exists"),
            source: Some(source),
        };
        if fs::metadata(&path).map_err(failed)?.is_dir() {
            return Ok(Self::new(path, BundleKind::Directory));
        }
        let mut start = [0; 4];
        let read = File::open(&path).and_then(|mut file| file.read(&mut start)).map_err(failed)?;
        let kind = match &start[..read] {
            [0x1f, 0x8b, ..] => BundleKind::Tgz,
            [b'P', b'K', 3 | 5, ..] => BundleKind::Zip,
            _ => BundleKind::Tar,
        };
        Ok(Self::new(path, kind))
    }

    /// Sets the bounds for unpacking.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The form.
    #[must_use]
    pub const fn kind(&self) -> BundleKind {
        self.kind
    }

    /// Unpacks into a directory that must not be there, and gives back what it holds. An archive whose only entry is a
    /// directory with the AppSpec in it is unpacked as if it were that directory, as by the agent.
    ///
    /// # Errors
    /// When the bundle cannot be read, is hostile or over the limits, or the directory cannot be written.
    pub fn unpack(&self, directory: &Path) -> Result<Listing, Error> {
        let unpacked = self.fill(directory).and_then(|()| listing(directory));
        unpacked.map_err(|problem| {
            let Problem { text, source } = problem;
            Error::Bundle { path: self.path.clone(), problem: text, source }
        })
    }

    fn fill(&self, directory: &Path) -> Result<(), Problem> {
        let mut target = Unpacker::new(directory, self.limits)?;
        if self.kind == BundleKind::Directory {
            copy_directory(&self.path, "", &mut target)?;
            return target.finish();
        }
        let file = File::open(&self.path).map_err(Problem::io)?;
        target.packed = Some(file.metadata().map_err(Problem::io)?.len());
        match self.kind {
            BundleKind::Zip => archive::unzip(file, &mut target)?,
            BundleKind::Tgz => {
                archive::untar(flate2::read::MultiGzDecoder::new(io::BufReader::new(file)), &mut target)?
            }
            _ => archive::untar(io::BufReader::new(file), &mut target)?,
        }
        target.finish()?;
        strip_leading_directory(directory).map_err(Problem::io)
    }
}

/// What keeps a bundle from being unpacked.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    source: Option<io::Error>,
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: None }
    }

    pub(super) fn io(source: io::Error) -> Self {
        Self { text: source.to_string(), source: Some(source) }
    }

    pub(super) fn because(what: &str, source: io::Error) -> Self {
        Self { text: format!("{what}: {source}"), source: Some(source) }
    }

    fn at(name: &str, source: io::Error) -> Self {
        Self { text: format!("`{}`: {source}", name.escape_debug()), source: Some(source) }
    }
}

/// Writes entries below a directory, within limits.
#[derive(Debug)]
pub(super) struct Unpacker {
    directory: PathBuf,
    limits: Limits,
    packed: Option<u64>,
    entries: usize,
    bytes: u64,
    /// Links wait until everything else is there.
    links: Vec<(String, String)>,
    /// Modes of directories wait until nothing is written into them any more.
    modes: Vec<(String, u32)>,
    /// The directory that was made last: thousands of entries follow each other in one.
    made: Option<PathBuf>,
}

impl Unpacker {
    fn new(directory: &Path, limits: Limits) -> Result<Self, Problem> {
        DirBuilder::new().recursive(false).mode(0o755).create(directory).map_err(Problem::io)?;
        Ok(Self {
            directory: directory.to_owned(),
            limits,
            packed: None,
            entries: 0,
            bytes: 0,
            links: Vec::new(),
            modes: Vec::new(),
            made: None,
        })
    }

    /// The path of an entry; `None` for the directory itself.
    fn admit(&mut self, name: &str) -> Result<Option<String>, Problem> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(Problem::new(format!("more than {} entries", self.limits.entries)));
        }
        let shown = name.escape_debug();
        if name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(Problem::new(format!("the entry `{shown}` leads out of the bundle")));
        }
        if name.len() > LONGEST_PATH || name.contains(['\0', '\n']) {
            return Err(Problem::new(format!("the entry `{shown}` has a name that no host takes")));
        }
        Ok(crate::path::normalise(name).filter(|path| !path.is_empty()))
    }

    /// Directories above an entry. Nothing here is a link yet, so nothing is followed.
    fn above(&mut self, path: &str) -> Result<(), Problem> {
        let above = self.directory.join(parent(path).unwrap_or(""));
        if self.made.as_ref() != Some(&above) {
            DirBuilder::new().recursive(true).mode(0o755).create(&above).map_err(|error| Problem::at(path, error))?;
            self.made = Some(above);
        }
        Ok(())
    }

    pub(super) fn directory(&mut self, name: &str, mode: u32) -> Result<(), Problem> {
        let Some(path) = self.admit(name)? else { return Ok(()) };
        self.above(&path)?;
        let at = self.directory.join(&path);
        DirBuilder::new().recursive(true).mode(0o755).create(at).map_err(|error| Problem::at(name, error))?;
        self.modes.push((path, mode & 0o777 | 0o700));
        Ok(())
    }

    pub(super) fn file(
        &mut self,
        name: &str,
        mode: u32,
        modified: Option<SystemTime>,
        content: &mut dyn Read,
    ) -> Result<(), Problem> {
        let Some(path) = self.admit(name)? else { return Err(Problem::new("a file without name")) };
        self.above(&path)?;
        let failed = |error| Problem::at(name, error);
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(no_follow);
        let mut file = options.open(self.directory.join(&path)).map_err(failed)?;
        let most = self.allowance();
        // One byte more than is allowed shows that there is more.
        let copied = io::copy(&mut content.take(most.saturating_add(1)), &mut file).map_err(failed)?;
        if copied > most {
            let Limits { bytes, ratio, .. } = self.limits;
            let limit = format!("more than {bytes} bytes, or more than {ratio} for each byte of the archive");
            return Err(Problem::new(format!("it unpacks to {limit}")));
        }
        self.bytes += copied;
        file.set_permissions(Permissions::from_mode(mode & 0o777)).map_err(failed)?;
        modified.map_or(Ok(()), |modified| file.set_modified(modified).map_err(failed))
    }

    /// How many bytes may still come.
    fn allowance(&self) -> u64 {
        let by_ratio = self.packed.map(|packed| packed.saturating_mul(self.limits.ratio).max(RATIO_COUNTS_FROM));
        self.limits.bytes.min(by_ratio.unwrap_or(u64::MAX)).saturating_sub(self.bytes)
    }

    pub(super) fn link(&mut self, name: &str, target: &str) -> Result<(), Problem> {
        let Some(path) = self.admit(name)? else { return Err(Problem::new("a link without name")) };
        let outside = target.starts_with('/') || leaves_root(&join(parent(&path).unwrap_or(""), target));
        if outside || target.is_empty() || target.len() > LONGEST_PATH {
            let (name, target) = (name.escape_debug(), target.escape_debug());
            return Err(Problem::new(format!("the link `{name}` to `{target}` leads out of the bundle")));
        }
        self.links.push((path, target.to_owned()));
        Ok(())
    }

    /// A second name for a file of the archive becomes a copy.
    pub(super) fn hard_link(&mut self, name: &str, target: &str, mode: u32) -> Result<(), Problem> {
        let Some(from) = self.admit(target)? else { return Err(Problem::new("a link to nothing")) };
        let at = self.directory.join(&from);
        let is_file = fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_file());
        if !is_file {
            let (name, target) = (name.escape_debug(), target.escape_debug());
            return Err(Problem::new(format!("the link `{name}` is to `{target}`, which is no file before it")));
        }
        let mut source = File::open(at).map_err(|error| Problem::at(target, error))?;
        let modified = source.metadata().and_then(|metadata| metadata.modified()).ok();
        self.file(name, mode, modified, &mut source)
    }

    fn finish(&mut self) -> Result<(), Problem> {
        for (path, target) in std::mem::take(&mut self.links) {
            self.above(&path)?;
            symlink(target, self.directory.join(&path)).map_err(|error| Problem::at(&path, error))?;
        }
        for (path, mode) in std::mem::take(&mut self.modes) {
            let at = self.directory.join(&path);
            // A link of the same name has failed before.
            fs::set_permissions(at, Permissions::from_mode(mode)).map_err(|error| Problem::at(&path, error))?;
        }
        Ok(())
    }
}

fn copy_directory(from: &Path, inside: &str, target: &mut Unpacker) -> Result<(), Problem> {
    for entry in fs::read_dir(from).map_err(|error| Problem::at(inside, error))? {
        let entry = entry.map_err(|error| Problem::at(inside, error))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(Problem::new(format!("the name `{}` is not UTF-8", entry.path().display())));
        };
        let (name, path) = (join(inside, name), entry.path());
        let failed = |error| Problem::at(&name, error);
        let metadata = entry.metadata().map_err(failed)?;
        let mode = metadata.permissions().mode();
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let to = fs::read_link(&path).map_err(failed)?;
            target.link(&name, &to.to_string_lossy())?;
        } else if kind.is_dir() {
            target.directory(&name, mode)?;
            copy_directory(&path, &name, target)?;
        } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device() {
            return Err(Problem::new(format!("`{name}` is neither a file, a directory nor a link")));
        } else {
            let mut file = File::open(&path).map_err(failed)?;
            target.file(&name, mode, metadata.modified().ok(), &mut file)?;
        }
    }
    Ok(())
}

/// An archive may hold one directory that holds the bundle.
fn strip_leading_directory(directory: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let (Some(only), true) = (entries.pop(), entries.is_empty()) else { return Ok(()) };
    if !only.file_type()?.is_dir() {
        return Ok(());
    }
    let is_app_spec = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.file_name().to_string_lossy().to_lowercase().contains("appspec"))
    };
    if !fs::read_dir(only.path())?.any(is_app_spec) {
        return Ok(());
    }
    let aside = directory.with_extension("nested");
    fs::rename(only.path(), &aside)?;
    fs::remove_dir(directory)?;
    fs::rename(&aside, directory)
}

/// What is below a directory, in the order of the file system. Links are not followed.
pub(super) fn listing(directory: &Path) -> Result<Listing, Problem> {
    let mut listing = Listing::new();
    list(directory, "", &mut listing)?;
    Ok(listing)
}

fn list(directory: &Path, inside: &str, listing: &mut Listing) -> Result<(), Problem> {
    for entry in fs::read_dir(directory).map_err(|error| Problem::at(inside, error))? {
        let entry = entry.map_err(|error| Problem::at(inside, error))?;
        let path = join(inside, &entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(|error| Problem::at(&path, error))?;
        if kind.is_symlink() {
            listing.insert(&path, EntryKind::Symlink);
        } else if kind.is_dir() {
            listing.insert(&path, EntryKind::Directory);
            list(&entry.path(), &path, listing)?;
        } else {
            listing.insert(&path, EntryKind::File);
        }
    }
    Ok(())
}

/// What an archive says about the time of a file.
pub(super) fn seconds(since_epoch: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since_epoch))
}

//! The files below a root, reached component by component without following a link.
//!
//! Every path is normalised and relative to the root. A directory on the way that turns out to be a
//! symbolic link is an error, so nobody who can write below the root can lead an installation
//! elsewhere by swapping a directory for a link. Every change goes through [`Tree::step`], which the
//! tests use to fail or to stop at each single one.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, RawMode, RenameFlags, Stat, Timespec, Timestamps, UTIME_OMIT, Uid,
};
use rustix::io::Errno;

use super::Error;
use crate::path::{file_name, is_below, parent};

type Result<T> = std::result::Result<T, Error>;

/// Called before every change with what is to be done and where.
pub(super) type Watch = Arc<dyn Fn(&'static str, &str) -> io::Result<()> + Send + Sync>;

/// What a path is, without following it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink,
    /// A device, a pipe or a socket.
    Other,
}

/// What the file system says about a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Modified at, in seconds and nanoseconds.
    pub(super) modified: (i64, i64),
    pub(super) device: u64,
}

pub(super) struct Tree {
    root: OwnedFd,
    watch: Option<Watch>,
    /// The directories that were used last, the latest first: an installation goes back and forth between a few of them
    /// for thousands of files.
    last: RefCell<Vec<(String, Rc<OwnedFd>)>>,
}

/// How many directories are kept open.
const KEPT_OPEN: usize = 8;

impl Tree {
    pub(super) fn open(root: &Path, watch: Option<Watch>) -> Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(root, flags, Mode::empty()).map_err(|source| Error::Request {
            problem: format!("the root `{}` cannot be opened ({source}): name a directory", root.display()),
        })?;
        Ok(Self { root, watch, last: RefCell::new(Vec::with_capacity(KEPT_OPEN)) })
    }

    /// The place before a change where tests fail and stop.
    pub(super) fn step(&self, action: &'static str, path: &str) -> Result<()> {
        match &self.watch {
            Some(watch) => watch(action, path).map_err(|source| Error::file(action, path, source)),
            None => Ok(()),
        }
    }

    fn directory(&self, path: &str) -> std::result::Result<Rc<OwnedFd>, Errno> {
        let mut last = self.last.borrow_mut();
        if let Some(at) = last.iter().position(|(known, _)| known == path) {
            last[..=at].rotate_right(1);
            return Ok(Rc::clone(&last[0].1));
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut fd = rustix::fs::openat(&self.root, ".", flags, Mode::empty())?;
        for component in path.split('/').filter(|component| !component.is_empty()) {
            fd = rustix::fs::openat(&fd, component, flags, Mode::empty())?;
        }
        let fd = Rc::new(fd);
        last.truncate(KEPT_OPEN - 1);
        last.insert(0, (path.to_owned(), Rc::clone(&fd)));
        Ok(fd)
    }

    /// The directory of a path, opened, and the name in it.
    fn place<'p>(&self, path: &'p str) -> std::result::Result<(Rc<OwnedFd>, &'p str), Errno> {
        let name = if path.is_empty() { "." } else { file_name(path) };
        Ok((self.directory(parent(path).unwrap_or(""))?, name))
    }

    /// Closes the directories at and below a path that comes to mean something else.
    fn forget(&self, path: &str) {
        self.last.borrow_mut().retain(|(known, _)| known != path && !is_below(known, path));
    }

    /// Closes all directories, because somebody else may have moved them.
    pub(super) fn forget_all(&self) {
        self.last.borrow_mut().clear();
    }

    /// What a path is; `None` if nothing is there.
    pub(super) fn stat(&self, path: &str) -> Result<Option<Meta>> {
        let found = self.place(path).and_then(|(fd, name)| rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW));
        match found {
            Ok(stat) => Ok(Some(meta(&stat))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(Error::file("look at", path, errno)),
        }
    }

    /// The identity of the mount that a directory is on: two paths can be renamed into one another if it is the same.
    pub(super) fn mount(&self, path: &str) -> Result<u64> {
        use rustix::fs::StatxFlags;
        let directory = self.directory(path).map_err(|errno| Error::file("look at", path, errno))?;
        // STATX_MNT_ID came with Linux 5.8; before, the device has to do.
        let mount_id = StatxFlags::from_bits_retain(0x1000);
        match rustix::fs::statx(&*directory, "", AtFlags::EMPTY_PATH, mount_id) {
            Ok(found) if found.stx_mask & mount_id.bits() != 0 => Ok(found.stx_mnt_id),
            _ => {
                let stat = rustix::fs::fstat(&*directory).map_err(|errno| Error::file("look at", path, errno))?;
                Ok(meta(&stat).device)
            }
        }
    }

    pub(super) fn read_link(&self, path: &str) -> Result<String> {
        let target = self.place(path).and_then(|(fd, name)| rustix::fs::readlinkat(fd, name, Vec::new()));
        let target = target.map_err(|errno| Error::file("read the link", path, errno))?;
        let not_text = || io::Error::new(io::ErrorKind::InvalidData, "the target is not UTF-8");
        target.into_string().map_err(|_| Error::file("read the link", path, not_text()))
    }

    /// The names in a directory, sorted. Names that are not UTF-8 are an error: no AppSpec can speak of them.
    pub(super) fn names(&self, path: &str) -> Result<Vec<String>> {
        let failed = |errno| Error::file("list", path, errno);
        let fd = self.open_for("list", path, OFlags::DIRECTORY | OFlags::RDONLY)?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    pub(super) fn is_empty(&self, path: &str) -> Result<bool> {
        Ok(self.names(path)?.is_empty())
    }

    fn open_for(&self, action: &'static str, path: &str, flags: OFlags) -> Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let opened = self.place(path).and_then(|(fd, name)| rustix::fs::openat(fd, name, flags, Mode::empty()));
        opened.map_err(|errno| Error::file(action, path, errno))
    }

    /// Opens a file to read it. A pipe in its place does not block.
    pub(super) fn open_file(&self, path: &str) -> Result<File> {
        self.open_for("read", path, OFlags::RDONLY).map(File::from)
    }

    /// Opens a directory to change its attributes.
    pub(super) fn open_directory(&self, path: &str) -> Result<OwnedFd> {
        self.open_for("open", path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// The content of a file; `None` if it is not there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let mut file = match self.open_file(path) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => return Ok(None),
            other => other?,
        };
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| Error::file("read", path, error))?;
        Ok(Some(content))
    }

    /// Makes a file that must not be there, readable by its owner only.
    pub(super) fn create(&self, path: &str) -> Result<File> {
        self.step("create", path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let opened = self.place(path).and_then(|(fd, name)| rustix::fs::openat(fd, name, flags, mode));
        opened.map(File::from).map_err(|errno| Error::file("create", path, errno))
    }

    pub(super) fn symlink(&self, target: &str, path: &str) -> Result<()> {
        self.step("link", path)?;
        let made = self.place(path).and_then(|(fd, name)| rustix::fs::symlinkat(target, fd, name));
        made.map_err(|errno| Error::file("link", path, errno))
    }

    pub(super) fn mkdir(&self, path: &str) -> Result<()> {
        self.step("make", path)?;
        let mode = Mode::from_raw_mode(0o700);
        let made = self.place(path).and_then(|(fd, name)| rustix::fs::mkdirat(fd, name, mode));
        made.map_err(|errno| Error::file("make", path, errno))
    }

    /// Makes a directory and those above it, with the mode that they get if they are not there.
    pub(super) fn mkdir_all(&self, path: &str, mode: u32) -> Result<()> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain(std::iter::once(path.len()));
        for end in ends.filter(|end| *end > 0) {
            let path = &path[..end];
            if self.stat(path)?.is_none() {
                self.mkdir(path)?;
                let fd = self.open_directory(path)?;
                let mode = Mode::from_raw_mode(mode as RawMode);
                rustix::fs::fchmod(&fd, mode).map_err(|errno| Error::file("change", path, errno))?;
            }
        }
        Ok(())
    }

    /// A second name for a file, or for a link itself.
    pub(super) fn link(&self, from: &str, to: &str) -> Result<()> {
        self.step("link", to)?;
        let linked = self.place(from).and_then(|(old, old_name)| {
            let (new, new_name) = self.place(to)?;
            rustix::fs::linkat(old, old_name, new, new_name, AtFlags::empty())
        });
        linked.map_err(|errno| Error::file("link", to, errno))
    }

    /// Moves a path; what is at the new place is replaced.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.rename_with(from, to, RenameFlags::empty())
    }

    /// Moves a path to a place where nothing may be.
    pub(super) fn rename_new(&self, from: &str, to: &str) -> Result<()> {
        match self.rename_with(from, to, RenameFlags::NOREPLACE) {
            // A file system that does not know the flag.
            Err(Error::File { source, .. }) if source.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {
                if self.stat(to)?.is_some() {
                    return Err(Error::file("install", to, Errno::EXIST));
                }
                self.rename(from, to)
            }
            other => other,
        }
    }

    fn rename_with(&self, from: &str, to: &str, flags: RenameFlags) -> Result<()> {
        self.step("install", to)?;
        let renamed = self.place(from).and_then(|(old, old_name)| {
            let (new, new_name) = self.place(to)?;
            if flags.is_empty() {
                rustix::fs::renameat(old, old_name, new, new_name)
            } else {
                rustix::fs::renameat_with(old, old_name, new, new_name, flags)
            }
        });
        self.forget(from);
        self.forget(to);
        renamed.map_err(|errno| Error::file("install", to, errno))
    }

    /// Removes a file or link; it is no error if it is not there.
    pub(super) fn remove(&self, path: &str) -> Result<()> {
        self.unlink("remove", path, AtFlags::empty())
    }

    /// Removes an empty directory; it is no error if it is not there.
    pub(super) fn remove_directory(&self, path: &str) -> Result<()> {
        self.forget(path);
        self.unlink("remove", path, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, action: &'static str, path: &str, flags: AtFlags) -> Result<()> {
        self.step(action, path)?;
        match self.place(path).and_then(|(fd, name)| rustix::fs::unlinkat(fd, name, flags)) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(Error::file(action, path, errno)),
        }
    }

    /// Removes whatever is at a path, links themselves and not what they lead to.
    pub(super) fn remove_all(&self, path: &str) -> Result<()> {
        match self.stat(path)?.map(|meta| meta.kind) {
            None => Ok(()),
            Some(Kind::Directory) => {
                for name in self.names(path)? {
                    self.remove_all(&format!("{path}/{name}"))?;
                }
                self.remove_directory(path)
            }
            Some(_) => self.remove(path),
        }
    }

    /// Sets when a directory was modified, without touching when it was read.
    pub(super) fn set_modified(&self, path: &str, modified: (i64, i64)) -> Result<()> {
        self.step("set the time of", path)?;
        let times = modified_at(modified);
        let set =
            self.place(path).and_then(|(fd, name)| rustix::fs::utimensat(fd, name, &times, AtFlags::SYMLINK_NOFOLLOW));
        set.map_err(|errno| Error::file("set the time of", path, errno))
    }

    pub(super) fn chown_at(&self, path: &str, uid: Option<Uid>, gid: Option<Gid>, flags: AtFlags) -> Result<()> {
        let changed = self.place(path).and_then(|(fd, name)| rustix::fs::chownat(fd, name, uid, gid, flags));
        changed.map_err(|errno| Error::file("change", path, errno))
    }

    /// Writes a file so that its name means the old content or the new one, also after a power failure.
    pub(super) fn write_durably(&self, path: &str, content: &[u8]) -> Result<()> {
        let temporary = format!("{path}.new");
        self.remove(&temporary)?;
        let mut file = self.create(&temporary)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        written.map_err(|error| Error::file("write", path, error))?;
        self.rename(&temporary, path)?;
        self.sync_directory(parent(path).unwrap_or(""))
    }

    /// Makes the names in a directory durable.
    pub(super) fn sync_directory(&self, path: &str) -> Result<()> {
        self.step("sync", path)?;
        let fd = self.open_directory(path)?;
        rustix::fs::fsync(&fd).map_err(|errno| Error::file("sync", path, errno))
    }

    /// Makes everything on the file system of a directory durable: one call for thousands of files.
    pub(super) fn sync_file_system(&self, path: &str) -> Result<()> {
        self.step("sync", path)?;
        let fd = self.open_directory(path)?;
        rustix::fs::syncfs(&fd).map_err(|errno| Error::file("sync", path, errno))
    }
}

pub(super) fn modified_at((seconds, nanoseconds): (i64, i64)) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds },
    }
}

/// Sets when an open file was modified.
pub(super) fn set_modified_of(fd: impl AsFd, modified: (i64, i64)) -> io::Result<()> {
    Ok(rustix::fs::futimens(fd, &modified_at(modified))?)
}

#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "the widths differ between architectures")]
fn meta(stat: &Stat) -> Meta {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    };
    Meta {
        kind,
        mode: u32::from(stat.st_mode) & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        device: stat.st_dev as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between two events a script may put another directory in the place of one that is kept open.
    #[test]
    fn what_a_script_has_replaced_is_found_by_its_path() {
        let root = tempfile::tempdir().unwrap();
        let tree = Tree::open(root.path(), None).unwrap();
        tree.mkdir("shop").unwrap();
        tree.create("shop/old").unwrap();
        std::fs::rename(root.path().join("shop"), root.path().join("aside")).unwrap();
        std::fs::create_dir(root.path().join("shop")).unwrap();
        tree.forget_all();
        assert!(tree.stat("shop/old").unwrap().is_none());
        tree.create("shop/new").unwrap();
        assert!(root.path().join("shop/new").exists());
        // Its own changes it follows without being told.
        tree.rename("shop", "moved").unwrap();
        assert!(tree.stat("shop/new").unwrap().is_none());
        assert!(tree.stat("moved/new").unwrap().is_some());
    }
}

//! Writes the new content to staging directories, with everything that it will have: owner, mode, ACL,
//! time. After that only renames are left.
//!
//! There is one staging directory a mount, so that a rename can reach every destination: our own state
//! directory serves the mount that it is on; on any other mount it is a hidden directory at the mount's
//! top. Neither is where a hook that walks through the application would find it.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Gid, Mode, RawMode, Uid, XattrFlags};
use rustix::io::Errno;

use super::acl::{self, Acl};
use super::change::{Step, Wanted};
use super::journal::{Attributes, Change, Journal, State, What};
use super::layout::Layout;
use super::tree::{Kind, Meta, Tree, set_modified_of};
use super::{Cancel, Error};
use crate::path::parent;
use crate::plan::Accounts;

type Result<T> = std::result::Result<T, Error>;

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";

/// The mode of a directory that is only on the way, and of the destination itself.
const DIRECTORY_MODE: u32 = 0o755;

/// What staging needs to know.
pub(super) struct Staging<'a> {
    pub(super) tree: &'a Tree,
    pub(super) layout: &'a Layout,
    /// The directory of the bundle's files, from the root.
    pub(super) archive: &'a str,
    pub(super) accounts: &'a dyn Accounts,
    pub(super) cancel: &'a Cancel,
}

/// What a new entry takes over from the directory that it comes into.
#[derive(Clone, Debug, Default)]
struct Inherited {
    default: Option<Acl>,
    /// The group of a directory with the set-group-id bit.
    group: Option<u32>,
}

impl Staging<'_> {
    /// Names every change in the journal: where it happens, and which staging directory can reach it.
    pub(super) fn outline(&self, journal: &mut Journal, steps: &[(String, Step)]) -> Result<()> {
        let own = format!("{}/stage", self.layout.state());
        let mut mounts = vec![self.tree.mount(&self.layout.state())?];
        journal.stages = vec![own];
        let mut reached: BTreeMap<String, usize> = BTreeMap::new();
        for (path, step) in steps {
            let above = parent(path).unwrap_or("");
            let stage = match reached.get(above) {
                Some(stage) => *stage,
                None => {
                    let stage = self.reach(&self.existing(above)?, journal, &mut mounts, &mut reached)?;
                    reached.insert(above.to_owned(), stage);
                    stage
                }
            };
            let what = match step {
                Step::Remove => What::Remove,
                Step::RemoveDirectory => What::RemoveDirectory,
                Step::Make(_) => What::Make,
                Step::Create(_) => What::Create,
                Step::Replace(_) => What::Replace,
                Step::Adopt(_) => What::Adopt(attributes(self.tree, path)?),
            };
            if matches!(what, What::RemoveDirectory | What::Adopt(_)) {
                let meta = self.tree.stat(path)?;
                journal.times.extend(meta.map(|meta| (path.clone(), meta.modified)));
            }
            journal.changes.push(Change { path: path.clone(), stage, what });
        }
        for stage in &journal.stages[1..] {
            let top = parent(stage).unwrap_or("");
            let meta = self.tree.stat(top)?;
            journal.times.extend(meta.map(|meta| (top.to_owned(), meta.modified)));
        }
        journal.times.sort_unstable();
        journal.times.dedup_by(|one, other| one.0 == other.0);
        Ok(())
    }

    /// The staging directory that can reach a directory that is there, made up if its mount has none yet.
    fn reach(
        &self,
        directory: &str,
        journal: &mut Journal,
        mounts: &mut Vec<u64>,
        reached: &mut BTreeMap<String, usize>,
    ) -> Result<usize> {
        if let Some(stage) = reached.get(directory) {
            return Ok(*stage);
        }
        let meta = self.tree.stat(directory)?;
        journal.times.extend(meta.map(|meta| (directory.to_owned(), meta.modified)));
        let mount = self.tree.mount(directory)?;
        let stage = match mounts.iter().position(|known| *known == mount) {
            Some(stage) => stage,
            None => {
                let top = self.top_of(directory, mount)?;
                journal.stages.push(format!("{top}/.longshore-{}", journal.deployment));
                mounts.push(mount);
                mounts.len() - 1
            }
        };
        reached.insert(directory.to_owned(), stage);
        Ok(stage)
    }

    /// The nearest directory above that is there.
    fn existing(&self, path: &str) -> Result<String> {
        let mut at = path;
        while !at.is_empty() && self.tree.stat(at)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            at = parent(at).unwrap_or("");
        }
        Ok(at.to_owned())
    }

    /// The uppermost directory that is on the same mount.
    fn top_of(&self, directory: &str, mount: u64) -> Result<String> {
        let mut top = directory;
        while let Some(above) = parent(top) {
            if self.tree.mount(above)? != mount {
                break;
            }
            top = above;
        }
        Ok(top.to_owned())
    }

    /// Writes all new content; on disk when this returns, and so is the journal that says so.
    pub(super) fn fill(&self, journal: &mut Journal, steps: &[(String, Step)]) -> Result<()> {
        for stage in &journal.stages {
            self.tree.remove_all(stage)?;
            self.tree.mkdir(stage)?;
            // What is made in it must not inherit from where the stage happens to be.
            let fd = self.tree.open_directory(stage)?;
            remove_attribute(&fd, DEFAULT).map_err(|errno| Error::file("change", stage, errno))?;
        }
        let mut inherited: BTreeMap<String, Inherited> = BTreeMap::new();
        for (number, ((path, step), change)) in steps.iter().zip(&journal.changes).enumerate() {
            if self.cancel.is_cancelled() {
                return Err(Error::file("install", path, io::Error::from(io::ErrorKind::Interrupted)));
            }
            let at = change.new_at(number, &journal.stages);
            match step {
                Step::Make(wanted) => {
                    let from = self.inherit(&mut inherited, path)?;
                    self.tree.mkdir(&at)?;
                    let fd = self.tree.open_directory(&at)?;
                    self.finish_directory(&fd, path, wanted, &from)?;
                    inherited.insert(path.clone(), from);
                }
                Step::Create(wanted) | Step::Replace(wanted) => {
                    let from = self.inherit(&mut inherited, path)?;
                    self.file(wanted, path, &at, &from)?;
                }
                Step::Adopt(_) | Step::Remove | Step::RemoveDirectory => {}
            }
        }
        journal.stages.iter().try_for_each(|stage| self.tree.sync_file_system(stage))?;
        journal.state = State::Prepared;
        journal.write(self.tree, self.layout)
    }

    fn inherit(&self, known: &mut BTreeMap<String, Inherited>, path: &str) -> Result<Inherited> {
        let above = parent(path).unwrap_or("");
        if let Some(inherited) = known.get(above) {
            return Ok(inherited.clone());
        }
        let inherited = self.inherited(above)?;
        known.insert(above.to_owned(), inherited.clone());
        Ok(inherited)
    }

    fn inherited(&self, directory: &str) -> Result<Inherited> {
        let Some(meta) = self.tree.stat(directory)?.filter(|meta| meta.kind == Kind::Directory) else {
            return Ok(Inherited::default());
        };
        let fd = self.tree.open_directory(directory)?;
        let failed = |errno| Error::file("read the ACL of", directory, errno);
        let default = attribute(&fd, DEFAULT).map_err(failed)?.and_then(|bytes| Acl::decode(&bytes));
        Ok(Inherited { default, group: (meta.mode & 0o2000 != 0).then_some(meta.gid) })
    }

    fn file(&self, wanted: &Wanted, path: &str, at: &str, inherited: &Inherited) -> Result<()> {
        let source = format!("{}/{}", self.archive, wanted.source.as_deref().unwrap_or_default());
        let gone = || Error::file("read", &source, Errno::NOENT);
        let meta = self.tree.stat(&source)?.ok_or_else(gone)?;
        let (uid, gid) = self.owners(wanted, path, inherited)?;
        match meta.kind {
            Kind::Symlink => {
                let target = self.tree.read_link(&source)?;
                self.tree.symlink(&target, at)?;
                self.tree.change_owner(at, uid, gid)
            }
            Kind::File => self.regular(wanted, path, (&source, meta), at, (uid, gid), inherited),
            Kind::Directory | Kind::Other => {
                let odd = io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a symbolic link");
                Err(Error::file("install", &source, odd))
            }
        }
    }

    fn regular(
        &self,
        wanted: &Wanted,
        path: &str,
        (source, meta): (&str, Meta),
        at: &str,
        (uid, gid): (Option<u32>, Option<u32>),
        inherited: &Inherited,
    ) -> Result<()> {
        let mut from = self.tree.open_file(source)?;
        let mut to = self.tree.create(at)?;
        self.tree.step("write", at)?;
        io::copy(&mut from, &mut to).map_err(|error| Error::file("write", path, error))?;
        let mode = wanted.mode.unwrap_or(meta.mode & 0o777);
        let lists = self.lists(wanted, path, mode, inherited)?;
        self.tree.step("change", at)?;
        set(&to, (uid, gid), mode, lists.access.as_ref(), None).map_err(|error| Error::file("change", path, error))?;
        set_modified_of(&to, meta.modified).map_err(|error| Error::file("set the time of", path, error))
    }

    /// Gives a directory what it is to have. An adopted one loses what it had.
    fn finish_directory(&self, fd: &OwnedFd, path: &str, wanted: &Wanted, inherited: &Inherited) -> Result<()> {
        let (uid, gid) = self.owners(wanted, path, inherited)?;
        let from = match &wanted.source {
            Some(source) => self.tree.stat(&format!("{}/{source}", self.archive))?.map(|meta| meta.mode & 0o777),
            None => None,
        };
        let sticky_group = if inherited.group.is_some() { 0o2000 } else { 0 };
        let mode = wanted.mode.unwrap_or_else(|| from.unwrap_or(DIRECTORY_MODE) | sticky_group);
        let lists = self.lists(wanted, path, mode, inherited)?;
        self.tree.step("change", path)?;
        let done = remove_attribute(fd, ACCESS).and_then(|()| remove_attribute(fd, DEFAULT)).map_err(io::Error::from);
        done.and_then(|()| set(fd, (uid, gid), mode, lists.access.as_ref(), lists.default.as_ref()))
            .map_err(|error| Error::file("change", path, error))
    }

    /// Gives a directory of the old application the attributes that a new one would have.
    pub(super) fn adopt(&self, path: &str, wanted: &Wanted) -> Result<()> {
        let inherited = self.inherited(parent(path).unwrap_or(""))?;
        let fd = self.tree.open_directory(path)?;
        // A directory that is made anew belongs to whoever makes it.
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        self.tree.step("change", path)?;
        rustix::fs::fchown(&fd, Some(uid), Some(gid)).map_err(|errno| Error::file("change", path, errno))?;
        self.finish_directory(&fd, path, wanted, &inherited)
    }

    fn owners(&self, wanted: &Wanted, path: &str, inherited: &Inherited) -> Result<(Option<u32>, Option<u32>)> {
        let unknown = |what: &str, name: &str| Error::Request {
            problem: format!("`/{path}` cannot belong to {what} `{name}`: the host does not know that name"),
        };
        let uid = match &wanted.owner {
            Some(name) => Some(acl::user_id(name, self.accounts).ok_or_else(|| unknown("user", name))?),
            None => None,
        };
        let gid = match &wanted.group {
            Some(name) => Some(acl::group_id(name, self.accounts).ok_or_else(|| unknown("group", name))?),
            None => inherited.group,
        };
        Ok((uid, gid))
    }

    fn lists(&self, wanted: &Wanted, path: &str, mode: u32, inherited: &Inherited) -> Result<acl::Acls> {
        let from_above = inherited.default.as_ref();
        if wanted.acl.is_empty() {
            let access = from_above.map(|default| default.inherited(mode));
            return Ok(acl::Acls { access, default: from_above.cloned() });
        }
        let unknown =
            || Error::Request { problem: format!("the ACL of `/{path}` names somebody whom the host does not know") };
        let mut lists = acl::lists(&wanted.acl, mode, self.accounts).ok_or_else(unknown)?;
        lists.default = lists.default.or_else(|| from_above.cloned());
        Ok(lists)
    }
}

/// Owner before mode, because changing the owner drops set-user-id bits; ACLs last, because a mode changes them.
fn set(
    fd: impl AsFd,
    (uid, gid): (Option<u32>, Option<u32>),
    mode: u32,
    access: Option<&Acl>,
    default: Option<&Acl>,
) -> io::Result<()> {
    if uid.is_some() || gid.is_some() {
        rustix::fs::fchown(&fd, uid.map(Uid::from_raw), gid.map(Gid::from_raw))?;
    }
    rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode as RawMode))?;
    for (name, acl) in [(ACCESS, access), (DEFAULT, default)] {
        if let Some(acl) = acl {
            rustix::fs::fsetxattr(&fd, name, &acl.encode(), XattrFlags::empty())?;
        }
    }
    Ok(())
}

/// What a directory is like.
fn attributes(tree: &Tree, path: &str) -> Result<Attributes> {
    let failed = |errno| Error::file("look at", path, errno);
    let fd = tree.open_directory(path)?;
    let meta = tree.stat(path)?.ok_or_else(|| failed(Errno::NOENT))?;
    Ok(Attributes {
        mode: meta.mode,
        uid: meta.uid,
        gid: meta.gid,
        access: attribute(&fd, ACCESS).map_err(failed)?,
        default: attribute(&fd, DEFAULT).map_err(failed)?,
    })
}

/// Gives a directory back what it was like.
pub(super) fn restore_attributes(tree: &Tree, path: &str, attributes: &Attributes) -> Result<()> {
    tree.step("change", path)?;
    let fd = tree.open_directory(path)?;
    let restore = || {
        rustix::fs::fchown(&fd, Some(Uid::from_raw(attributes.uid)), Some(Gid::from_raw(attributes.gid)))?;
        for (name, value) in [(ACCESS, &attributes.access), (DEFAULT, &attributes.default)] {
            match value {
                Some(value) => rustix::fs::fsetxattr(&fd, name, value, XattrFlags::empty())?,
                None => remove_attribute(&fd, name)?,
            }
        }
        rustix::fs::fchmod(&fd, Mode::from_raw_mode(attributes.mode as RawMode))
    };
    restore().map_err(|errno| Error::file("change", path, errno))
}

/// An extended attribute; `None` if there is none, or the file system knows no ACLs.
fn attribute(fd: &OwnedFd, name: &str) -> rustix::io::Result<Option<Vec<u8>>> {
    let mut value = vec![0; 64 << 10];
    match rustix::fs::fgetxattr(fd, name, &mut value) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
        Err(errno) => Err(errno),
    }
}

fn remove_attribute(fd: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    match rustix::fs::fremovexattr(fd, name) {
        Ok(()) | Err(Errno::NODATA | Errno::NOTSUP) => Ok(()),
        Err(errno) => Err(errno),
    }
}

impl Tree {
    /// Changes owner and group of a link itself.
    fn change_owner(&self, path: &str, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
        if uid.is_none() && gid.is_none() {
            return Ok(());
        }
        self.step("change", path)?;
        self.chown_at(path, uid.map(Uid::from_raw), gid.map(Gid::from_raw), AtFlags::SYMLINK_NOFOLLOW)
    }
}

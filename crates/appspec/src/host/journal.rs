//! The record that makes an installation whole: what is about to change, where the new content waits
//! and where the old one is kept.
//!
//! The journal is written twice before anything that the application can see changes: `Staging` names
//! the staging directories before they are made, `Prepared` names every change once all new content
//! lies in them, on disk. Then the changes are made by renames. The commit is the rename of the journal
//! to `journal.committed`. Whoever finds a journal undoes what it names; whoever finds a committed one
//! finishes it. Both can be repeated after every interruption, because each change can be told from
//! what is on disk: change `n` has its new content at `<stage>/<n>.new` until it is made, and its old
//! one at `<stage>/<n>.old` afterwards.
//!
//! Durability: new content is flushed (`syncfs`) before `Prepared` is written, `Prepared` is flushed
//! before the first rename, and the renames before the commit. Within one file system renames must
//! reach the disk in order, as on ext4, xfs and btrfs.

use serde::{Deserialize, Serialize};

use super::Error;
use super::layout::{Layout, Recorded};
use super::tree::Tree;

type Result<T> = std::result::Result<T, Error>;

/// What is about to be done, or was when a run ended early.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) version: u32,
    pub(super) deployment: String,
    pub(super) state: State,
    /// The staging directories.
    pub(super) stages: Vec<String>,
    /// When directories were modified whose entries change.
    pub(super) times: Vec<(String, (i64, i64))>,
    pub(super) changes: Vec<Change>,
    /// SELinux contexts that are set, for the undoing.
    #[serde(default)]
    pub(super) contexts: Vec<ContextChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// New content is being written to the staging directories.
    Staging,
    /// Everything is there; changes may have been made.
    Prepared,
}

/// One change of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) path: String,
    /// Which staging directory has its files.
    pub(super) stage: usize,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    /// A file or link goes.
    Remove,
    /// A directory goes if it is empty.
    RemoveDirectory,
    /// A directory comes.
    Make,
    /// A file or link comes where nothing is.
    Create,
    /// A file or link takes the place of one.
    Replace,
    /// A directory that the old application had and the new one has gets the attributes of a new one. These are the old.
    Adopt(Attributes),
}

/// What a directory is like, to give it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// The values of the ACL attributes.
    pub(super) access: Option<Vec<u8>>,
    pub(super) default: Option<Vec<u8>>,
}

/// An SELinux rule that is set or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ContextChange {
    pub(super) path: String,
    /// The arguments that gave the old rule, if there was one.
    pub(super) old: Option<Vec<String>>,
}

impl Change {
    /// Where the new content waits.
    pub(super) fn new_at(&self, number: usize, stages: &[String]) -> String {
        format!("{}/{number}.new", self.stage_in(stages))
    }

    /// Where the old content is kept.
    pub(super) fn old_at(&self, number: usize, stages: &[String]) -> String {
        format!("{}/{number}.old", self.stage_in(stages))
    }

    fn stage_in<'a>(&self, stages: &'a [String]) -> &'a str {
        stages.get(self.stage).map_or("", String::as_str)
    }
}

/// What an earlier run left.
#[derive(Debug)]
pub(super) enum Left {
    /// Not committed: to be undone.
    Interrupted(Journal),
    /// Committed: to be finished.
    Committed(Journal),
}

impl Journal {
    pub(super) fn new(deployment: &str) -> Self {
        Self {
            version: 1,
            deployment: deployment.to_owned(),
            state: State::Staging,
            stages: Vec::new(),
            times: Vec::new(),
            changes: Vec::new(),
            contexts: Vec::new(),
        }
    }

    pub(super) fn write(&self, tree: &Tree, layout: &Layout) -> Result<()> {
        let path = layout.journal();
        let text = serde_json::to_vec(self)
            .map_err(|error| Error::Journal { path: path.clone(), problem: error.to_string() })?;
        tree.write_durably(&path, &text)
    }

    /// Makes the new application the application.
    pub(super) fn commit(tree: &Tree, layout: &Layout) -> Result<()> {
        tree.rename(&layout.journal(), &layout.committed())?;
        tree.sync_directory(&layout.state())
    }

    /// What an earlier run left, if anything.
    pub(super) fn left(tree: &Tree, layout: &Layout) -> Result<Option<Left>> {
        if let Some(journal) = Self::read(tree, &layout.committed())? {
            return Ok(Some(Left::Committed(journal)));
        }
        Ok(Self::read(tree, &layout.journal())?.map(Left::Interrupted))
    }

    fn read(tree: &Tree, path: &str) -> Result<Option<Self>> {
        let Some(content) = tree.read(path)? else { return Ok(None) };
        let unreadable = |problem: String| Error::Journal { path: path.to_owned(), problem };
        let journal: Self = serde_json::from_slice(&content).map_err(|error| unreadable(error.to_string()))?;
        if journal.version != 1 {
            return Err(unreadable(format!("version {}", journal.version)));
        }
        Ok(Some(journal))
    }

    /// Removes the staging directories and with them all old content that was kept and all new one that waits.
    pub(super) fn remove_stages(&self, tree: &Tree) -> Result<()> {
        self.stages.iter().try_for_each(|stage| tree.remove_all(stage))
    }

    /// What remains after the commit. Can be repeated.
    pub(super) fn finish(&self, tree: &Tree, layout: &Layout) -> Result<()> {
        for file in Recorded::COMMITTED {
            let waiting = layout.waiting(file);
            if tree.stat(&waiting)?.is_some() {
                tree.rename(&waiting, &layout.path(file))?;
            }
        }
        tree.sync_directory(&layout.instructions())?;
        self.remove_stages(tree)?;
        tree.remove(&layout.committed())
    }
}

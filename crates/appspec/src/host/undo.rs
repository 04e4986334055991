//! Gives back the tree that was before, from the journal and from what is on disk.
//!
//! Every part looks at the disk before it does anything, so it can be interrupted at any point and
//! done again. What a hook put into a directory of the new application stays, and the directory with
//! it: nothing is removed that the deployment did not make.

use std::io;

use super::Error;
use super::apply::{restore_attributes, run_tool};
use super::hooks::Runner;
use super::journal::{Change, Journal, State, What};
use super::layout::{Layout, Recorded};
use super::tree::{Kind, Tree};

type Result<T> = std::result::Result<T, Error>;

/// Undoes a deployment that is not committed.
pub(super) fn undo(tree: &Tree, layout: &Layout, journal: &Journal, runner: &dyn Runner) -> Result<()> {
    for change in journal.contexts.iter().rev() {
        let shown = format!("/{}", change.path);
        // Without the tool the rule was never set.
        let _ = match &change.old {
            Some(old) => run_tool(runner, old),
            None => run_tool(runner, &["semanage".into(), "fcontext".into(), "-d".into(), shown.clone()]),
        };
        let _ = run_tool(runner, &["restorecon".into(), "-v".into(), shown]);
    }
    if journal.state == State::Prepared {
        for (number, change) in journal.changes.iter().enumerate().rev() {
            one(tree, journal, number, change)?;
        }
        // From here on new content that is gone no longer means that it was installed.
        let undone = Journal { state: State::Staging, changes: Vec::new(), ..journal.clone() };
        match undone.write(tree, layout) {
            // Removing the staging directories makes room.
            Err(error) if error.io_kind() == Some(io::ErrorKind::StorageFull) => {}
            other => other?,
        }
    }
    for file in Recorded::COMMITTED {
        tree.remove(&layout.waiting(file))?;
    }
    journal.remove_stages(tree)?;
    for (path, modified) in journal.times.iter().rev() {
        // A file system that is read-only was not changed.
        if tree.stat(path)?.is_some_and(|meta| meta.kind == Kind::Directory && meta.modified != *modified) {
            tree.set_modified(path, *modified)?;
        }
    }
    sync(tree, journal)?;
    tree.remove(&layout.journal())
}

/// The old names are on disk before the journal that knows them goes.
fn sync(tree: &Tree, journal: &Journal) -> Result<()> {
    let mut mounts = Vec::new();
    for (path, _) in &journal.times {
        if tree.stat(path)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            continue;
        }
        let mount = tree.mount(path)?;
        if !mounts.contains(&mount) {
            mounts.push(mount);
            tree.sync_file_system(path)?;
        }
    }
    Ok(())
}

fn one(tree: &Tree, journal: &Journal, number: usize, change: &Change) -> Result<()> {
    let (new, old) = (change.new_at(number, &journal.stages), change.old_at(number, &journal.stages));
    let path = &change.path;
    let there = |path: &str| Ok::<_, Error>(tree.stat(path)?.is_some());
    match &change.what {
        What::Remove => {
            if there(&old)? {
                make_way(tree, path)?;
                tree.rename(&old, path)?;
            }
        }
        What::RemoveDirectory => {
            if there(&old)? {
                match tree.rename(&old, path) {
                    // A hook has made it again and put something there.
                    Err(error) if error.io_kind() == Some(io::ErrorKind::DirectoryNotEmpty) => {}
                    other => other?,
                }
            }
        }
        What::Replace => {
            if there(&old)? {
                make_way(tree, path)?;
                tree.rename(&old, path)?;
                // Two names of one file are not renamed into one another.
                tree.remove(&old)?;
            }
        }
        What::Create => {
            // As long as the new content waits, what is at the path is not ours.
            if !there(&new)? && tree.stat(path)?.is_some_and(|meta| meta.kind != Kind::Directory) {
                tree.remove(path)?;
            }
        }
        What::Make => {
            if !there(&new)? && tree.stat(path)?.is_some_and(|meta| meta.kind == Kind::Directory) {
                match tree.remove_directory(path) {
                    Err(error) if error.io_kind() == Some(io::ErrorKind::DirectoryNotEmpty) => {}
                    other => other?,
                }
            }
        }
        What::Adopt(attributes) => {
            if tree.stat(path)?.is_some_and(|meta| meta.kind == Kind::Directory) {
                restore_attributes(tree, path, attributes)?;
            }
        }
    }
    Ok(())
}

/// A hook may have put a directory where a file has to come back.
fn make_way(tree: &Tree, path: &str) -> Result<()> {
    match tree.stat(path)?.map(|meta| meta.kind) {
        Some(Kind::Directory) => tree.remove_all(path),
        _ => Ok(()),
    }
}

//! Leads the host from the old application to the new one and keeps the way back open until somebody
//! commits.

use std::io;
use std::path::PathBuf;

use super::change::Step;
use super::hooks::{Command, Control, Exit, Runner};
use super::journal::{ContextChange, Journal, State, What};
use super::layout::{Layout, Recorded};
use super::stage::Staging;
pub(super) use super::stage::restore_attributes;
use super::tree::{Kind, Tree};
use super::undo::undo;
use super::{Cancel, Error};
use crate::plan::{Accounts, Instruction};

type Result<T> = std::result::Result<T, Error>;

/// An installation that has begun.
pub(super) struct Transaction<'a> {
    tree: &'a Tree,
    layout: &'a Layout,
    runner: &'a dyn Runner,
    accounts: &'a dyn Accounts,
    cancel: &'a Cancel,
    archive: String,
    journal: Journal,
    steps: Vec<(String, Step)>,
}

/// What to install.
pub(super) struct Work {
    pub(super) deployment: String,
    /// Where the files of the bundle are, from the root.
    pub(super) archive: String,
    pub(super) steps: Vec<(String, Step)>,
    pub(super) contexts: Vec<Context>,
}

/// An SELinux rule to set.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) path: String,
    /// `semanage fcontext -a …`
    pub(super) set: Vec<String>,
    /// What set the rule that the old application had.
    pub(super) old: Option<Vec<String>>,
}

impl<'a> Transaction<'a> {
    /// Installs. When this fails, the host is as it was; if even that fails, the journal remains and the next start
    /// does it.
    pub(super) fn begin(
        tree: &'a Tree,
        layout: &'a Layout,
        (runner, accounts): (&'a dyn Runner, &'a dyn Accounts),
        cancel: &'a Cancel,
        work: Work,
    ) -> Result<Self> {
        let mut journal = Journal::new(&work.deployment);
        let (archive, steps, contexts) = (work.archive, work.steps, work.contexts);
        let old = |context: &Context| ContextChange { path: context.path.clone(), old: context.old.clone() };
        journal.contexts = contexts.iter().map(old).collect();
        let mut transaction = Self { tree, layout, runner, accounts, cancel, archive, journal, steps };
        match transaction.install(&contexts) {
            Ok(()) => Ok(transaction),
            Err(error) => {
                transaction.undo()?;
                Err(error)
            }
        }
    }

    fn staging(&self) -> Staging<'_> {
        Staging {
            tree: self.tree,
            layout: self.layout,
            archive: &self.archive,
            accounts: self.accounts,
            cancel: self.cancel,
        }
    }

    fn install(&mut self, contexts: &[Context]) -> Result<()> {
        let mut journal = self.journal.clone();
        self.staging().outline(&mut journal, &self.steps)?;
        self.journal = journal;
        self.journal.write(self.tree, self.layout)?;
        let mut journal = self.journal.clone();
        let filled = self.staging().fill(&mut journal, &self.steps);
        self.journal = journal;
        filled?;
        for number in 0..self.steps.len() {
            self.change(number)?;
        }
        contexts.iter().try_for_each(|context| self.set_context(context))
    }

    fn change(&self, number: usize) -> Result<()> {
        let (path, step) = &self.steps[number];
        let change = &self.journal.changes[number];
        let (new, old) = (change.new_at(number, &self.journal.stages), change.old_at(number, &self.journal.stages));
        match (&change.what, step) {
            (What::Remove, _) => ignoring(self.tree.rename(path, &old), &[io::ErrorKind::NotFound]),
            (What::RemoveDirectory, _) => self.remove_directory(path, &old),
            (What::Make | What::Create, _) => self.tree.rename_new(&new, path),
            (What::Replace, _) => {
                match self.tree.link(path, &old) {
                    // Some file systems have no second names, and some systems allow them to owners only.
                    Err(Error::File { source, .. })
                        if matches!(
                            source.kind(),
                            io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported | io::ErrorKind::TooManyLinks
                        ) =>
                    {
                        self.tree.rename(path, &old)?;
                    }
                    other => other?,
                }
                self.tree.rename(&new, path)
            }
            (What::Adopt(_), Step::Adopt(wanted)) => self.staging().adopt(path, wanted),
            (What::Adopt(_), _) => Ok(()),
        }
    }

    /// Takes an empty directory away. One that is not empty any more, or is a mount, stays.
    fn remove_directory(&self, path: &str, old: &str) -> Result<()> {
        if self.tree.stat(path)?.is_none_or(|meta| meta.kind != Kind::Directory) || !self.tree.is_empty(path)? {
            return Ok(());
        }
        ignoring(self.tree.rename(path, old), &[io::ErrorKind::ResourceBusy, io::ErrorKind::CrossesDevices])?;
        if self.tree.stat(old)?.is_some() && !self.tree.is_empty(old)? {
            self.tree.rename(old, path)?;
        }
        Ok(())
    }

    fn set_context(&self, context: &Context) -> Result<()> {
        let failed = |problem: String| Error::Request {
            problem: format!("the SELinux context of `/{}` cannot be set: {problem}", context.path),
        };
        run_tool(self.runner, &context.set).map_err(failed)?;
        let restore = ["restorecon".to_owned(), "-v".to_owned(), format!("/{}", context.path)];
        run_tool(self.runner, &restore).map_err(failed)
    }

    /// Leaves a file for the commit, which puts it in its place.
    pub(super) fn record(&self, file: Recorded, text: &str) -> Result<()> {
        self.tree.write_durably(&self.layout.waiting(file), text.as_bytes())
    }

    /// The new application is the application from here on.
    pub(super) fn commit(&self) -> Result<()> {
        self.journal.stages.iter().try_for_each(|stage| self.tree.sync_file_system(stage))?;
        Journal::commit(self.tree, self.layout)
    }

    /// Removes what is not needed after the commit. When it fails, the next start goes on with it.
    pub(super) fn finish(&self) -> Result<()> {
        self.journal.finish(self.tree, self.layout)
    }

    /// Gives the old application back.
    pub(super) fn undo(&self) -> Result<()> {
        if self.journal.state == State::Staging && self.journal.stages.is_empty() {
            return self.tree.remove(&self.layout.journal());
        }
        undo(self.tree, self.layout, &self.journal, self.runner)
    }

    /// How many entries changed.
    pub(super) fn changes(&self) -> usize {
        self.journal.changes.len()
    }
}

fn ignoring(result: Result<()>, kinds: &[io::ErrorKind]) -> Result<()> {
    match result {
        Err(error) if error.io_kind().is_some_and(|kind| kinds.contains(&kind)) => Ok(()),
        other => other,
    }
}

/// The SELinux rules of a plan. `old` tells with which arguments a path's rule was set before.
pub(super) fn contexts(instructions: &[Instruction], old: &dyn Fn(&str) -> Option<Vec<String>>) -> Vec<Context> {
    let context = |instruction: &Instruction| {
        let Instruction::SetContext { path, user, kind, range } = instruction else { return None };
        let mut arguments = Vec::new();
        for (flag, value) in [("-s", user.as_ref()), ("-t", Some(kind)), ("-r", range.as_ref())] {
            arguments.extend(value.map(|value| [flag.to_owned(), value.clone()]).into_iter().flatten());
        }
        let call = |how: &str, arguments: Vec<String>| {
            let mut call = vec!["semanage".to_owned(), "fcontext".to_owned(), how.to_owned()];
            call.extend(arguments);
            call.push(path.clone());
            call
        };
        let old = old(path);
        // A rule that is there is not added again.
        let set = call(if old.is_some() { "-m" } else { "-a" }, arguments);
        Some(Context { path: path.trim_start_matches('/').to_owned(), set, old: old.map(|old| call("-m", old)) })
    };
    instructions.iter().filter_map(context).collect()
}

/// Runs a program of the system to its end.
pub(super) fn run_tool(runner: &dyn Runner, arguments: &[String]) -> std::result::Result<(), String> {
    let mut output = Vec::new();
    let command = Command::new(arguments.to_vec(), PathBuf::from("/"));
    let mut take = |_, bytes: &[u8]| {
        if output.len() < 2048 {
            output.extend_from_slice(bytes);
        }
    };
    let shown = arguments.join(" ");
    match runner.run(&command, &Control::tool(), &mut take) {
        Ok(Exit::Code(0)) => Ok(()),
        Ok(exit) => Err(format!("`{shown}` ended with {exit}: {}", String::from_utf8_lossy(&output).trim())),
        Err(error) => Err(format!("`{shown}` cannot be run: {error}")),
    }
}

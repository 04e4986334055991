//! One deployment on this host, from its first event to a host that has the new application or the old.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_call::{Clock, IdSource};

use super::journal::{Journal, Left};
use super::layout::{Layout, Recorded, parse_lines};
use super::revision::{self, Revision};
use super::run::Run;
use super::tree::{Tree, Watch};
use super::undo::undo;
use super::{
    Bundle, Cancel, Deployment, Error, Event, EventKind, Options, Processes, Runner, SystemAccounts, order, scan,
};
use crate::path::normalise;
use crate::plan::{Accounts, Plan, Planning};

/// A host to deploy to: everything below a root directory.
#[derive(Clone)]
pub struct Host {
    pub(super) root: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) runner: Arc<dyn Runner>,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) watch: Option<Watch>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Host {
    /// The host below `root`; `/` is this machine. With another root, paths of the AppSpec and of the agent's files count
    /// from it, but scripts run as they are: nothing is imprisoned.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let (runner, accounts) = (Arc::new(Processes::new()), Arc::new(SystemAccounts));
        Self { root: root.into(), clock, ids, runner, accounts, watch: None }
    }

    /// Sets what runs scripts and the tools for SELinux.
    #[must_use]
    pub fn with_runner(mut self, runner: Arc<dyn Runner>) -> Self {
        self.runner = runner;
        self
    }

    /// Sets who knows users and groups.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Arc<dyn Accounts>) -> Self {
        self.accounts = accounts;
        self
    }

    /// Deploys a bundle. Blocks until it is over: call it from a thread that may block.
    ///
    /// First puts right what an earlier deployment left that ended early. The bundle is unpacked and its AppSpec read
    /// before the first event, so that the old application is not stopped for a bundle that cannot be deployed. When an
    /// event fails, the old application's files come back; if the deployment had run any script or changed any file, the
    /// `ApplicationStart` and `ValidateService` scripts of the old revision run then. Giving up through `cancel` is such a
    /// failure.
    ///
    /// # Errors
    /// When the deployment cannot begin, or when the host can neither be led to the new application nor back; the next
    /// start then tries again. A deployment that fails is a [`Deployment`].
    pub fn install(
        &self,
        bundle: &Bundle,
        options: &Options,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Deployment, Error> {
        let stops = order::events(options.kind, options.events.as_deref());
        let stops = stops.map_err(|problem| Error::Request { problem })?;
        let open = self.open(options, events)?;
        let history = open.history()?;
        self.deploy(&open, bundle, options, (stops, history), cancel, events)
    }

    /// Deploys the good revision before the one that is installed again, as a new deployment. It is no longer in the
    /// history afterwards, and neither is the one that was left.
    ///
    /// # Errors
    /// As [`Host::install`], and [`Error::NothingToRollBackTo`].
    pub fn roll_back(
        &self,
        options: &Options,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Deployment, Error> {
        let stops = order::events(options.kind, options.events.as_deref());
        let stops = stops.map_err(|problem| Error::Request { problem })?;
        let open = self.open(options, events)?;
        let mut history = open.history()?;
        history.pop();
        let is_there = |revision: &String| self.on_disk(&Layout::archive_of(revision.trim_matches('/'))).is_dir();
        while history.last().is_some_and(|revision| !is_there(revision)) {
            history.pop();
        }
        let Some(revision) = history.pop() else {
            return Err(Error::NothingToRollBackTo { group: options.group_id.clone() });
        };
        let archive = self.on_disk(&Layout::archive_of(revision.trim_matches('/')));
        let mut options = options.clone();
        options.app_spec = options.app_spec.or_else(|| revision::name_of(&archive));
        let bundle = Bundle::new(archive, super::BundleKind::Directory);
        self.deploy(&open, &bundle, &options, (stops, history), cancel, events)
    }

    /// Puts right what a deployment left that ended early: finishes it if it was committed, undoes it if it was not.
    /// `None` if there was nothing to do.
    ///
    /// # Errors
    /// When the host cannot be read or written; nothing is lost, and the next start tries again.
    pub fn recover(&self, options: &Options) -> Result<Option<EventKind>, Error> {
        let mut found = None;
        self.open(options, &mut |event| found = Some(event.kind))?;
        Ok(found)
    }

    /// What installing the bundle would do now, worked out without touching the host. `scratch` is a directory that is
    /// not there; the bundle is unpacked into it.
    ///
    /// # Errors
    /// When the bundle cannot be deployed or the host cannot be read.
    pub fn plan(&self, bundle: &Bundle, options: &Options, scratch: &Path) -> Result<Plan, Error> {
        options.validate()?;
        let tree = Tree::open(&self.root, None)?;
        let layout = self.layout(&tree, options)?;
        let files = bundle.unpack(scratch)?;
        let revision = Revision::open(scratch, options.app_spec.as_deref(), files)?;
        let open = Open { tree, layout, _lock: None };
        Ok(self.planned(&open, &revision, options)?.1)
    }

    pub(super) fn planned(
        &self,
        open: &Open,
        revision: &Revision,
        options: &Options,
    ) -> Result<(scan::Scan, Plan), Error> {
        let owned = open.text(Recorded::Cleanup)?.map_or_else(Vec::new, |text| super::layout::parse_cleanup(&text));
        let scan = scan::scan(&open.tree, &revision.server, &revision.files, &owned)?;
        let retained = open.text(Recorded::Retained)?.map_or_else(Vec::new, |text| parse_lines(&text));
        let mut plan = Planning::new(&revision.server, &revision.files, &scan.host)
            .with_file_exists_behavior(options.file_exists_behavior.clone())
            .with_retained(retained)
            .with_accounts(&*self.accounts)
            .plan();
        scan.add_collisions(&revision.server, &mut plan);
        Ok((scan, plan))
    }

    fn deploy(
        &self,
        open: &Open,
        bundle: &Bundle,
        options: &Options,
        (stops, history): (Vec<order::Stop>, Vec<String>),
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Deployment, Error> {
        let id = options.deployment_id.clone().unwrap_or_else(|| deployment_id(&*self.ids));
        Run::new(self, open, options, (&id, history), cancel, events)?.go(bundle, &stops)
    }

    /// Opens the host for one deployment: nobody else deploys to the group meanwhile, and nothing is left over.
    fn open(&self, options: &Options, events: &mut dyn FnMut(Event)) -> Result<Open, Error> {
        options.validate()?;
        let tree = Tree::open(&self.root, self.watch.clone())?;
        let layout = self.layout(&tree, options)?;
        tree.mkdir_all(&layout.instructions(), 0o755)?;
        tree.mkdir_all(&layout.revisions(), 0o755)?;
        tree.mkdir_all(&layout.state(), 0o700)?;
        let lock = lock(&tree, &layout)?;
        if let Some(left) = Journal::left(&tree, &layout)? {
            let (deployment, committed) = match &left {
                Left::Interrupted(journal) => {
                    undo(&tree, &layout, journal, &*self.runner)?;
                    (&journal.deployment, false)
                }
                Left::Committed(journal) => {
                    journal.finish(&tree, &layout)?;
                    (&journal.deployment, true)
                }
            };
            let kind = EventKind::Recovered { deployment: deployment.clone(), committed };
            events(Event { at: self.clock.now(), kind });
        }
        Ok(Open { tree, layout, _lock: Some(lock) })
    }

    fn layout(&self, tree: &Tree, options: &Options) -> Result<Layout, Error> {
        let no_path =
            || Error::Request { problem: format!("`{}` cannot be a deployment root", options.deployment_root) };
        let base = normalise(&options.deployment_root).filter(|base| !base.is_empty()).ok_or_else(no_path)?;
        Ok(Layout::new(scan::real_path(tree, &base)?, options.group_id.clone()))
    }

    /// Where a path of the host is on this machine.
    pub(super) fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// A host that is being deployed to.
pub(super) struct Open {
    pub(super) tree: Tree,
    pub(super) layout: Layout,
    /// Held until it is dropped, also by a process that is killed.
    _lock: Option<Lock>,
}

impl Open {
    pub(super) fn text(&self, file: Recorded) -> Result<Option<String>, Error> {
        let content = self.tree.read(&self.layout.path(file))?;
        Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned()))
    }

    /// The directory, as a path of the host, that a file of the agent names.
    pub(super) fn revision(&self, file: Recorded) -> Result<Option<String>, Error> {
        let text = self.text(file)?;
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The good revisions, oldest first; the last one is installed.
    fn history(&self) -> Result<Vec<String>, Error> {
        let mut history = self.text(Recorded::History)?.map_or_else(Vec::new, |text| parse_lines(&text));
        // The agent has deployed in between.
        if let Some(last) = self.revision(Recorded::LastSuccessful)?
            && history.last() != Some(&last)
        {
            history.push(last);
        }
        Ok(history)
    }
}

/// The lock of a group. It ends by name: closing the file is not enough while a process that another thread has just
/// forked has it as well.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // If it fails, the lock ends with the last copy of the file.
        let _ = self.0.unlock();
    }
}

fn lock(tree: &Tree, layout: &Layout) -> Result<Lock, Error> {
    let path = format!("{}/lock", layout.state());
    if tree.stat(&path)?.is_none() {
        match tree.create(&path) {
            Err(error) if error.io_kind() == Some(std::io::ErrorKind::AlreadyExists) => {}
            other => drop(other?),
        }
    }
    let file = tree.open_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { group: layout.group.clone() }),
        Err(TryLockError::Error(error)) => Err(Error::file("lock", &path, error)),
    }
}

/// An id in the form of `codedeploy-local`.
fn deployment_id(ids: &dyn IdSource) -> String {
    let uuid = ids.uuid().replace('-', "").to_uppercase();
    format!("d-{}-local", uuid.get(uuid.len().saturating_sub(9)..).unwrap_or(&uuid))
}

/// A revision that supplied scripts before; a note if it is not there any more.
pub(super) fn reopen(host: &Host, directory: Option<&String>) -> Result<Option<Revision>, String> {
    let Some(directory) = directory else { return Ok(None) };
    let archive = host.on_disk(&Layout::archive_of(directory.trim_matches('/')));
    match Revision::reopen(&archive) {
        Ok(Some(revision)) => Ok(Some(revision)),
        Ok(None) => Err(format!("the revision {directory} is not there any more: its scripts do not run")),
        Err(error) => Err(format!("the scripts of the revision {directory} cannot run: {error}")),
    }
}

/// Unpacks a bundle as the revision of a deployment.
pub(super) fn unpack(
    host: &Host,
    open: &Open,
    bundle: &Bundle,
    options: &Options,
    id: &str,
) -> Result<Revision, Error> {
    let revision = open.layout.revision(id);
    if open.tree.stat(&revision)?.is_some() {
        let problem = format!("the deployment `{id}` is on this host already: choose another id");
        return Err(Error::Request { problem });
    }
    open.tree.mkdir_all(&revision, 0o755)?;
    let archive = host.on_disk(&Layout::archive_of(&revision));
    let files = bundle.unpack(&archive)?;
    let unpacked = Revision::open(&archive, options.app_spec.as_deref(), files)?;
    if let Some(name) = &options.app_spec {
        unpacked.remember(name).map_err(|error| Error::file("write", &revision, error))?;
    }
    Ok(unpacked)
}

//! The events of one deployment, one after the other, and what happens when one fails.

use super::apply::{Transaction, Work, contexts, run_tool};
use super::change::steps;
use super::deployment::{Host, Open, reopen, unpack};
use super::event::{Deployment, Event, EventKind, Failure, Outcome};
use super::hooks::Identity;
use super::journal::Journal;
use super::layout::{self, Layout, Recorded};
use super::order::{self, Part, Stop};
use super::retention;
use super::revision::Revision;
use super::scripts::Scripts;
use super::tree::Kind;
use super::{Bundle, Cancel, Error, Options};
use crate::lifecycle::RevisionSource;
use crate::plan::{Instruction, Plan};

/// Events whose failure a deployment may ignore.
const STOPPING: &[&str] = &["ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic"];
/// Events of the old revision that start its application again.
const STARTING: &[&str] = &["ApplicationStart", "ValidateService"];

pub(super) struct Run<'a> {
    host: &'a Host,
    open: &'a Open,
    options: &'a Options,
    id: &'a str,
    cancel: &'a Cancel,
    events: &'a mut dyn FnMut(Event),
    scripts: Scripts<'a>,
    /// Good revisions before this one.
    history: Vec<String>,
    last_successful: Option<String>,
    most_recent: Option<String>,
    current: Option<Revision>,
    transaction: Option<Transaction<'a>>,
    /// Paths whose SELinux rule nobody wants any more.
    stale_contexts: Vec<String>,
    /// Whether anything has happened that the old application could notice.
    touched: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        host: &'a Host,
        open: &'a Open,
        options: &'a Options,
        (id, history): (&'a str, Vec<String>),
        cancel: &'a Cancel,
        events: &'a mut dyn FnMut(Event),
    ) -> Result<Self, Error> {
        let identity = Identity {
            application: options.application.clone(),
            deployment: id.to_owned(),
            group: options.group.clone(),
            group_id: options.group_id.clone(),
            bundle: options.bundle_variables.clone(),
            base: options.environment.clone(),
        };
        let scripts = Scripts {
            runner: &*host.runner,
            accounts: &*host.accounts,
            clock: &host.clock,
            identity,
            directory: host.root.clone(),
        };
        let last_successful = open.revision(Recorded::LastSuccessful)?;
        let most_recent = open.revision(Recorded::MostRecent)?;
        Ok(Self {
            host,
            open,
            options,
            id,
            cancel,
            events,
            scripts,
            history,
            last_successful,
            most_recent,
            current: None,
            transaction: None,
            stale_contexts: Vec::new(),
            touched: false,
        })
    }

    pub(super) fn go(mut self, bundle: &Bundle, stops: &[Stop]) -> Result<Deployment, Error> {
        let needs_bundle = stops.iter().any(|stop| stop.part == Part::Download);
        let mut failed = if needs_bundle { self.prepare(bundle, stops).err().map(|failure| *failure) } else { None };
        for stop in stops {
            if failed.is_some() {
                break;
            }
            failed = self.event(stop)?;
        }
        match failed {
            None => self.succeed(),
            Some(failure) => self.fail(failure),
        }
    }

    fn tell(&mut self, kind: EventKind) {
        (self.events)(Event { at: self.host.clock.now(), kind });
    }

    fn failure(&self, event: &str, message: String) -> Failure {
        Failure {
            event: event.to_owned(),
            script: None,
            code: None,
            message,
            log: String::new(),
            problems: Vec::new(),
            cancelled: self.cancel.is_cancelled(),
        }
    }

    /// Unpacks the bundle and reads its AppSpec before anything happens.
    fn prepare(&mut self, bundle: &Bundle, stops: &[Stop]) -> Result<(), Box<Failure>> {
        let revision = unpack(self.host, self.open, bundle, self.options, self.id)
            .map_err(|error| Box::new(self.failure("DownloadBundle", error.to_string())))?;
        order::check_custom(stops, &revision.server)
            .map_err(|problem| Box::new(self.failure("DownloadBundle", problem)))?;
        self.current = Some(revision);
        Ok(())
    }

    fn event(&mut self, stop: &Stop) -> Result<Option<Failure>, Error> {
        let event = &stop.event;
        if self.cancel.is_cancelled() {
            return Ok(Some(self.failure(event, format!("the deployment was given up before {event}"))));
        }
        self.tell(EventKind::EventStarted { event: event.clone() });
        let mut failed = match stop.part {
            Part::Elsewhere => None,
            Part::Download => self.downloaded()?,
            Part::Install => self.install()?,
            Part::Scripts => self.hooks(stop),
        };
        self.tell(EventKind::EventFinished { event: event.clone(), succeeded: failed.is_none() });
        let ignored = self.options.ignore_stop_failures && STOPPING.contains(&event.as_str());
        if let Some(failure) = failed.take_if(|failure| ignored && !failure.cancelled) {
            self.tell(EventKind::Note { message: format!("the deployment goes on: {}", failure.message) });
        }
        Ok(failed)
    }

    /// The bundle is on the host: the agent records the deployment as the most recent one here.
    fn downloaded(&mut self) -> Result<Option<Failure>, Error> {
        let directory = format!("/{}", self.open.layout.revision(self.id));
        self.open.tree.write_durably(&self.open.layout.path(Recorded::MostRecent), directory.as_bytes())?;
        Ok(None)
    }

    fn hooks(&mut self, stop: &Stop) -> Option<Failure> {
        let directory = match stop.revision {
            RevisionSource::Current => None,
            RevisionSource::LastSuccessful => Some(self.last_successful.clone()),
            RevisionSource::MostRecent => Some(self.most_recent.clone()),
        };
        let old = match directory {
            None => None,
            Some(directory) => match reopen(self.host, directory.as_ref()) {
                Ok(Some(revision)) => Some(revision),
                Ok(None) => return None,
                Err(message) => {
                    self.tell(EventKind::Note { message });
                    return None;
                }
            },
        };
        let revision = old.as_ref().or(self.current.as_ref())?;
        self.touched |= !revision.server.scripts(&stop.event).is_empty();
        let ended = self.scripts.run(&stop.event, revision, self.cancel, self.events);
        self.open.tree.forget_all();
        ended.err().map(|failure| *failure)
    }

    fn install(&mut self) -> Result<Option<Failure>, Error> {
        let Some(revision) = self.current.take() else {
            return Ok(Some(self.failure("Install", "there is no bundle to install".to_owned())));
        };
        let installed = self.install_revision(&revision);
        self.current = Some(revision);
        match installed {
            Ok(failed) => Ok(failed),
            // A host that could not be led back is not one to go on with.
            Err(error) if Journal::left(&self.open.tree, &self.open.layout)?.is_some() => Err(error),
            Err(error) => Ok(Some(self.failure("Install", error.to_string()))),
        }
    }

    fn install_revision(&mut self, revision: &Revision) -> Result<Option<Failure>, Error> {
        let (scan, plan) = self.host.planned(self.open, revision, self.options)?;
        if plan.is_blocked() {
            let first = plan.problems.iter().find(|problem| problem.stops());
            let message = first.map_or_else(String::new, |first| first.agent.clone().unwrap_or(first.message.clone()));
            let mut failure = self.failure("Install", message);
            failure.problems = plan.problems;
            return Ok(Some(failure));
        }
        for problem in &plan.problems {
            self.tell(EventKind::Note { message: problem.message.clone() });
        }
        let sets_contexts = plan.instructions.iter().any(|step| matches!(step, Instruction::SetContext { .. }));
        if sets_contexts && self.host.root != std::path::Path::new("/") {
            let message = "SELinux contexts belong to the whole system and cannot be set below another root than /";
            return Ok(Some(self.failure("Install", message.to_owned())));
        }
        let archive = Layout::archive_of(&self.open.layout.revision(self.id));
        let tree = &self.open.tree;
        let exists = |path: &str| tree.stat(path).ok().flatten().is_some_and(|meta| meta.kind != Kind::Directory);
        let steps = steps(&plan, &scan.old, &|path| scan.real(path), &exists);
        let old_contexts = layout::old_contexts(&self.open.text(Recorded::Install)?.unwrap_or_default());
        let was_set = |path: &str| {
            let path = path.trim_start_matches('/');
            scan.contexts.contains(path).then(|| old_contexts.get(path).cloned().unwrap_or_default())
        };
        let work = Work {
            deployment: self.id.to_owned(),
            archive: archive.clone(),
            steps,
            contexts: contexts(&plan.instructions, &was_set),
        };
        let is_kept = |path: &&String| !work.contexts.iter().any(|context| context.path == **path);
        self.stale_contexts = scan.contexts.iter().filter(is_kept).cloned().collect();
        let (runner, accounts) = (&*self.host.runner, &*self.host.accounts);
        let transaction = Transaction::begin(tree, &self.open.layout, (runner, accounts), self.cancel, work)?;
        let recorded = self.record(&transaction, &plan, &archive);
        self.tell(EventKind::Installed { changes: transaction.changes() });
        self.touched = true;
        self.transaction = Some(transaction);
        match recorded {
            Ok(()) => Ok(None),
            Err(error) => Ok(Some(self.failure("Install", error.to_string()))),
        }
    }

    /// Leaves what the commit is to record.
    fn record(&self, transaction: &Transaction<'_>, plan: &Plan, archive: &str) -> Result<(), Error> {
        transaction.record(Recorded::Cleanup, &layout::cleanup(&plan.instructions))?;
        let install = layout::install_json(&plan.instructions, &format!("/{archive}"));
        let install = install.map_err(|error| Error::Request { problem: error.to_string() })?;
        transaction.record(Recorded::Install, &install)?;
        let directory = format!("/{}", self.open.layout.revision(self.id));
        transaction.record(Recorded::LastSuccessful, &directory)?;
        let lines = |paths: &[String]| paths.iter().fold(String::new(), |text, path| text + path + "\n");
        transaction.record(Recorded::Retained, &lines(&plan.retained))?;
        transaction.record(Recorded::History, &(lines(&self.history) + &directory + "\n"))
    }

    fn succeed(mut self) -> Result<Deployment, Error> {
        if let Some(transaction) = self.transaction.take() {
            if let Err(error) = transaction.commit() {
                let failure = self.failure("Install", error.to_string());
                self.transaction = Some(transaction);
                return self.fail(failure);
            }
            for path in std::mem::take(&mut self.stale_contexts) {
                let drop = ["semanage".to_owned(), "fcontext".to_owned(), "-d".to_owned(), format!("/{path}")];
                if let Err(message) = run_tool(&*self.host.runner, &drop) {
                    self.tell(EventKind::Note { message });
                }
            }
            // It is the application from here on: what fails now does not change that, and the next start goes on.
            if let Err(error) = transaction.finish().and_then(|()| self.expire()) {
                self.tell(EventKind::Note { message: format!("not everything was tidied up: {error}") });
            }
        }
        Ok(Deployment { id: self.id.to_owned(), outcome: Outcome::Succeeded, failure: None })
    }

    /// Removes old revisions. The good one before this is kept for a rollback as long as two are kept at all.
    fn expire(&mut self) -> Result<(), Error> {
        let (tree, layout) = (&self.open.tree, &self.open.layout);
        let mut revisions = Vec::new();
        for name in tree.names(&layout.revisions())? {
            let path = format!("{}/{name}", layout.revisions());
            if let Some(meta) = tree.stat(&path)?.filter(|meta| meta.kind == Kind::Directory) {
                revisions.push(retention::Revision { path, modified: meta.modified });
            }
        }
        let mut needed = vec![layout.revision(self.id)];
        if self.options.keep > 1 {
            needed.extend(self.history.last().map(|before| before.trim_matches('/').to_owned()));
        }
        for revision in retention::expired(revisions, self.options.keep, &needed) {
            self.open.tree.remove_all(&revision)?;
            self.tell(EventKind::RevisionRemoved { revision: format!("/{revision}") });
        }
        Ok(())
    }

    fn fail(mut self, failure: Failure) -> Result<Deployment, Error> {
        if let Some(transaction) = self.transaction.take() {
            transaction.undo()?;
            self.tell(EventKind::Undone);
        }
        let outcome = if self.touched && self.restart() { Outcome::RolledBack } else { Outcome::Failed };
        Ok(Deployment { id: self.id.to_owned(), outcome, failure: Some(failure) })
    }

    /// Starts the old application again. `true` if there is one and its scripts succeeded.
    fn restart(&mut self) -> bool {
        let old = reopen(self.host, self.last_successful.as_ref());
        let old = match old {
            Ok(Some(old)) => old,
            Ok(None) => return false,
            Err(message) => {
                self.tell(EventKind::Note { message });
                return false;
            }
        };
        // Whoever gave up waits for the old application to be back.
        let uninterrupted = Cancel::new();
        for event in STARTING {
            self.tell(EventKind::EventStarted { event: (*event).to_owned() });
            let ran = self.scripts.run(event, &old, &uninterrupted, self.events);
            self.tell(EventKind::EventFinished { event: (*event).to_owned(), succeeded: ran.is_ok() });
            if let Err(failure) = ran {
                self.tell(EventKind::Note { message: format!("the old application: {}", failure.message) });
                return false;
            }
        }
        true
    }
}

//! Runs the scripts of one event, one after the other, until one fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_call::Clock;

use super::Cancel;
use super::event::{Event, EventKind, Failure};
use super::hooks::{self, Command, Control, Identity, Runner, ScriptCode};
use super::revision::Revision;
use super::script_log::ScriptLog;
use crate::model::server::Script;
use crate::plan::Accounts;

/// What scripts run with.
pub(super) struct Scripts<'a> {
    pub(super) runner: &'a dyn Runner,
    pub(super) accounts: &'a dyn Accounts,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) identity: Identity,
    /// Where scripts start: the host's root.
    pub(super) directory: PathBuf,
}

impl Scripts<'_> {
    /// Runs the scripts that a revision has for an event, and logs to its `scripts.log`.
    pub(super) fn run(
        &self,
        event: &str,
        revision: &Revision,
        cancel: &Cancel,
        tell: &mut dyn FnMut(Event),
    ) -> Result<usize, Box<Failure>> {
        let scripts = revision.server.scripts(event);
        if scripts.is_empty() {
            return Ok(0);
        }
        let path = revision.archive.with_file_name("logs").join("scripts.log");
        let mut log = ScriptLog::open(&path).unwrap_or_else(|error| {
            let message = format!("the log `{}` cannot be written: {error}", path.display());
            tell(Event { at: self.clock.now(), kind: EventKind::Note { message } });
            ScriptLog::nowhere()
        });
        log.note(self.clock.now(), &format!("LifecycleEvent - {event}"));
        for script in scripts {
            self.one(event, script, &revision.archive, (cancel, &mut log), tell)?;
        }
        Ok(scripts.len())
    }

    fn one(
        &self,
        event: &str,
        script: &Script,
        archive: &Path,
        (cancel, log): (&Cancel, &mut ScriptLog),
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), Box<Failure>> {
        let location = script.location.as_ref().map_or("", |location| location.value.as_str());
        let named = |kind: fn(String, String) -> EventKind| kind(event.to_owned(), location.to_owned());
        let started = named(|event, location| EventKind::ScriptStarted { event, location });
        tell(Event { at: self.clock.now(), kind: started });
        let ended = self.execute(event, script, location, archive, (cancel, log), tell);
        let code = ended.as_ref().err().map_or(ScriptCode::Success, |(code, _)| *code);
        let kind = EventKind::ScriptFinished { event: event.to_owned(), location: location.to_owned(), code };
        tell(Event { at: self.clock.now(), kind });
        ended.map_err(|(code, message)| {
            Box::new(Failure {
                event: event.to_owned(),
                script: Some(location.to_owned()),
                code: Some(code),
                message,
                log: log.tail(),
                problems: Vec::new(),
                cancelled: cancel.is_cancelled(),
            })
        })
    }

    fn execute(
        &self,
        event: &str,
        script: &Script,
        location: &str,
        archive: &Path,
        (cancel, log): (&Cancel, &mut ScriptLog),
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), hooks::Refusal> {
        let file = hooks::locate(archive, location)?;
        if hooks::make_executable(&file, location)? {
            let message =
                format!("Script at specified location: {location} is not executable.  Trying to make it executable.");
            tell(Event { at: self.clock.now(), kind: EventKind::Note { message } });
        }
        log.note(self.clock.now(), &format!("Script - {location}"));
        let user = hooks::user(script, self.accounts);
        let unknown = |name: &str| io::Error::other(format!("can't find user for {name}"));
        let command = match &user {
            Some((name, None)) => return hooks::verdict(script, location, &Err(unknown(name))),
            _ => {
                self.command(event, script, &file, user.as_ref().and_then(|(name, user)| Some((*name, user.as_ref()?))))
            }
        };
        let deadline = self.clock.now().checked_add(hooks::timeout(script));
        let control =
            Control { cancel: Some(cancel), deadline: deadline.map(|deadline| (deadline, self.clock.as_ref())) };
        let at = || self.clock.now();
        let line = |stream, line| Event { at: at(), kind: EventKind::Output { stream, line } };
        let exit = self.runner.run(&command, &control, &mut |stream, bytes| {
            log.output(at(), stream, bytes, &mut |text| tell(line(stream, text)));
        });
        log.flush(at(), &mut |stream, text| tell(line(stream, text)));
        hooks::verdict(script, location, &exit)
    }

    fn command(&self, event: &str, script: &Script, file: &Path, user: Option<(&str, &crate::plan::User)>) -> Command {
        let own = rustix::process::geteuid();
        // Whoever runs as the user that is wanted needs no help.
        let other = user.filter(|(_, user)| user.uid != own.as_raw()).map(|(name, _)| name);
        let arguments = hooks::arguments(&file.to_string_lossy(), other, script.sudo, own.is_root());
        Command {
            arguments,
            environment: hooks::environment(&self.identity, event, user),
            directory: self.directory.clone(),
        }
    }
}

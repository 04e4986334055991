//! The scripts of one lifecycle event: which command runs with which environment, what its end means
//! in the agent's codes and words, and what is kept of its output.
//!
//! A script is a program with arguments, never a line for a shell: a location with a blank or a
//! semicolon is a file name. The environment is what the caller gives and the agent's variables,
//! nothing of this process.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_call::Clock;
use serde::Serialize;

use super::Cancel;
use crate::model::server::Script;
use crate::path::normalise;
use crate::plan::{Accounts, User};

/// Runs programs.
pub trait Runner: fmt::Debug + Send + Sync {
    /// Runs a program until it ends and has closed its output, or until it is given up.
    ///
    /// # Errors
    /// When it cannot be started; a program that fails is an [`Exit`].
    fn run(&self, command: &Command, control: &Control<'_>, output: &mut dyn FnMut(Stream, &[u8])) -> io::Result<Exit>;
}

const _: fn(&dyn Runner) = |_| ();

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub environment: Vec<(String, String)>,
    /// Where it starts.
    pub directory: PathBuf,
}

impl Command {
    pub(super) fn new(arguments: Vec<String>, directory: PathBuf) -> Self {
        let environment = vec![("PATH".to_owned(), PATH.to_owned())];
        Self { arguments, environment, directory }
    }
}

/// The `PATH` of scripts unless the request brings one.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// When to give a program up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Control<'a> {
    pub(super) cancel: Option<&'a Cancel>,
    pub(super) deadline: Option<(SystemTime, &'a dyn Clock)>,
}

impl Control<'_> {
    /// A program of the system, which is waited for.
    pub(super) fn tool() -> Self {
        Self::default()
    }

    /// Why to give up now, if there is a reason.
    #[must_use]
    pub fn interruption(&self) -> Option<Exit> {
        if self.cancel.is_some_and(Cancel::is_cancelled) {
            return Some(Exit::Cancelled);
        }
        let (deadline, clock) = self.deadline?;
        (clock.now() >= deadline).then_some(Exit::TimedOut)
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// It was given up at its deadline.
    TimedOut,
    /// Somebody gave the deployment up.
    Cancelled,
    /// It ended in time, but something that it started kept this stream open until the deadline. That goes on running.
    LeftOpen(Stream),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::TimedOut => f.write_str("a timeout"),
            Self::Cancelled => f.write_str("an interruption"),
            Self::LeftOpen(stream) => write!(f, "{stream} left open"),
        }
    }
}

/// Where a program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "STDOUT",
            Self::Stderr => "STDERR",
        })
    }
}

/// The agent's codes for the end of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub enum ScriptCode {
    /// 0
    Success,
    /// 1: there is no such file in the revision.
    ScriptMissing,
    /// 2: it cannot be made executable.
    ScriptNotExecutable,
    /// 3: it took longer than its timeout.
    ScriptTimedOut,
    /// 4: it ended with another exit code than 0.
    ScriptFailed,
    /// 5: it could not be run.
    UnknownError,
    /// 6: it ended, but its output stayed open.
    OutputsLeftOpen,
}

impl ScriptCode {
    /// The number in the agent's reports.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// What is the same for every script of a deployment.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) application: String,
    pub(super) deployment: String,
    pub(super) group: String,
    pub(super) group_id: String,
    /// `BUNDLE_BUCKET` and the others that tell where the bundle came from.
    pub(super) bundle: Vec<(String, String)>,
    /// What the caller adds, `PATH` first of all.
    pub(super) base: Vec<(String, String)>,
}

/// The environment of an event's scripts. The deployment's own variables win over the caller's.
pub(super) fn environment(identity: &Identity, event: &str, home: Option<(&str, &User)>) -> Vec<(String, String)> {
    let mut variables = vec![("PATH".to_owned(), PATH.to_owned())];
    let mut set = |name: &str, value: &str| {
        variables.retain(|(known, _)| known != name);
        variables.push((name.to_owned(), value.to_owned()));
    };
    if let Some((name, user)) = home {
        set("USER", name);
        set("LOGNAME", name);
        if !user.home.is_empty() {
            set("HOME", &user.home);
        }
    }
    for (name, value) in identity.base.iter().chain(&identity.bundle) {
        set(name, value);
    }
    set("LIFECYCLE_EVENT", event);
    set("DEPLOYMENT_ID", &identity.deployment);
    set("APPLICATION_NAME", &identity.application);
    set("DEPLOYMENT_GROUP_NAME", &identity.group);
    set("DEPLOYMENT_GROUP_ID", &identity.group_id);
    variables
}

/// The program that runs a script as whom the AppSpec wants. `runuser` and `sudo -u` take programs with arguments, unlike
/// the agent's `su -c`; root needs no `sudo`.
pub(super) fn arguments(path: &str, runas: Option<&str>, sudo: bool, is_root: bool) -> Vec<String> {
    let before: &[&str] = match (runas, is_root) {
        (Some(user), true) => &["runuser", "-u", user, "--"],
        (Some(user), false) => &["sudo", "-n", "-E", "-u", user, "--"],
        (None, false) if sudo => &["sudo", "-n", "-E", "--"],
        (None, _) => &[],
    };
    before.iter().copied().chain([path]).map(str::to_owned).collect()
}

/// Why a script did not succeed: the agent's code and sentence.
pub(super) type Refusal = (ScriptCode, String);

/// The script's file inside the revision.
pub(super) fn locate(archive: &Path, location: &str) -> Result<PathBuf, Refusal> {
    let shown = archive.join(location.trim_start_matches('/'));
    let missing = || {
        let message = format!("Script does not exist at specified location: {}", shown.display());
        (ScriptCode::ScriptMissing, message)
    };
    let inside = normalise(location).ok_or_else(missing)?;
    let file = archive.join(inside).canonicalize().map_err(|_| missing())?;
    let archive = archive.canonicalize().map_err(|_| missing())?;
    if file.starts_with(archive) && file.is_file() { Ok(file) } else { Err(missing()) }
}

/// Makes a script executable if it is not. `true` if it had to be.
pub(super) fn make_executable(file: &Path, location: &str) -> Result<bool, Refusal> {
    use std::os::unix::fs::PermissionsExt;
    let refused = |_| {
        let message = format!("Unable to set script at specified location: {location} as executable");
        (ScriptCode::ScriptNotExecutable, message)
    };
    let mut permissions = file.metadata().map_err(refused)?.permissions();
    if permissions.mode() & 0o111 == 0o111 {
        return Ok(false);
    }
    let was = permissions.mode() & 0o111 != 0;
    permissions.set_mode(permissions.mode() | 0o111);
    std::fs::set_permissions(file, permissions).map_err(refused)?;
    Ok(!was)
}

/// What the end of a script means.
pub(super) fn verdict(script: &Script, location: &str, exit: &io::Result<Exit>) -> Result<(), Refusal> {
    let runas = script.runas.as_ref().map(|user| user.value.as_str()).filter(|user| !user.is_empty());
    let who = runas.map_or_else(String::new, |user| format!(" run as user {user}"));
    let begin = format!("Script at specified location: {location}{who}");
    match exit {
        Ok(Exit::Code(0)) => Ok(()),
        Ok(Exit::Code(code)) => Err((ScriptCode::ScriptFailed, format!("{begin} failed with exit code {code}"))),
        Ok(Exit::Signal(signal)) => {
            Err((ScriptCode::ScriptFailed, format!("{begin} failed with exit code  (ended by signal {signal})")))
        }
        Ok(Exit::TimedOut) => {
            let seconds = script.timeout_seconds();
            Err((ScriptCode::ScriptTimedOut, format!("{begin} failed to complete in {seconds} seconds")))
        }
        Ok(Exit::LeftOpen(stream)) => Err((ScriptCode::OutputsLeftOpen, format!("{begin} failed to close {stream}"))),
        Ok(Exit::Cancelled) => Err((ScriptCode::UnknownError, format!("{begin} was interrupted"))),
        Err(error) => Err((ScriptCode::UnknownError, format!("{begin} failed with error {error}"))),
    }
}

/// How long a script may take. The agent knows no upper bound; we know the largest time.
pub(super) fn timeout(script: &Script) -> Duration {
    Duration::from_secs(u64::try_from(script.timeout_seconds()).unwrap_or(u64::from(u32::MAX)))
}

/// The user that a script runs as, if that is another one.
pub(super) fn user<'a>(script: &'a Script, accounts: &dyn Accounts) -> Option<(&'a str, Option<User>)> {
    let name = script.runas.as_ref().map(|user| user.value.as_str()).filter(|user| !user.is_empty())?;
    Some((name, accounts.user(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_what() {
        for (runas, sudo, is_root, expected) in [
            (None, false, true, "S"),
            (None, true, true, "S"),
            (None, false, false, "S"),
            (None, true, false, "sudo -n -E -- S"),
            (Some("web"), false, true, "runuser -u web -- S"),
            (Some("web"), true, true, "runuser -u web -- S"),
            (Some("web"), false, false, "sudo -n -E -u web -- S"),
        ] {
            assert_eq!(arguments("S", runas, sudo, is_root).join(" "), expected);
        }
        assert_eq!(arguments("a b; rm -rf /", None, false, true), ["a b; rm -rf /"]);
    }

    #[test]
    fn the_agents_variables_win() {
        let text = |text: &str| text.to_owned();
        let identity = Identity {
            application: text("shop"),
            deployment: text("d-1"),
            group: text("Fleet"),
            group_id: text("g"),
            bundle: vec![(text("BUNDLE_BUCKET"), text("b"))],
            base: vec![(text("PATH"), text("/x")), (text("DEPLOYMENT_ID"), text("forged"))],
        };
        let user = User::new(1, 1).with_home("/home/web");
        let shown: Vec<String> = environment(&identity, "AfterInstall", Some(("web", &user)))
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            shown,
            [
                "USER=web",
                "LOGNAME=web",
                "HOME=/home/web",
                "PATH=/x",
                "BUNDLE_BUCKET=b",
                "LIFECYCLE_EVENT=AfterInstall",
                "DEPLOYMENT_ID=d-1",
                "APPLICATION_NAME=shop",
                "DEPLOYMENT_GROUP_NAME=Fleet",
                "DEPLOYMENT_GROUP_ID=g"
            ]
        );
        assert_eq!(environment(&Identity { base: Vec::new(), ..identity }, "X", None)[0].1, PATH);
    }
}

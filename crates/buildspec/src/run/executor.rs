//! What runs commands: the border between CodeBuild's semantics and this machine.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use aws_call::Clock;
use serde::Serialize;

use super::{Cancel, Error};

/// Runs the commands of builds.
pub trait Executor: Debug + Send + Sync {
    /// Prepares for one build.
    ///
    /// # Errors
    /// When the build cannot begin: no shell, no place for its files.
    fn open(&self, setup: &Setup) -> Result<Box<dyn Session>, Error>;

    /// Whether commands are only looked at. The result of such a build says so, and no artifact is collected.
    fn is_dry(&self) -> bool {
        false
    }

    /// Whether commands can run as this user of the machine or image that they run on (`run-as`).
    ///
    /// # Errors
    /// When they cannot, before anything runs.
    fn check_user(&self, user: &str) -> Result<(), Error> {
        Err(Error::Unsupported {
            what: format!("`run-as: {}`", user.escape_debug()),
            advice: "take it out, or use an executor that has this user",
        })
    }
}

const _: fn(&dyn Executor) = |_| ();

/// One build with an [`Executor`].
///
/// Dropping a session without [`close`](Self::close) must leave no process behind.
pub trait Session: Debug + Send {
    /// Runs one command to its end, to the deadline, or until it is given up. All output goes to `output` before this
    /// returns, except that of processes which the command left running.
    ///
    /// # Errors
    /// When the command could not be run; a command that fails is an [`Exit`].
    fn run(
        &mut self,
        invocation: &Invocation<'_>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit>;

    /// Sets a variable for the commands that follow.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn set(&mut self, name: &str, value: &str) -> io::Result<()>;

    /// The values of variables after the last command; those that are not set are left out.
    ///
    /// # Errors
    /// When they cannot be read.
    fn variables(&mut self, names: &[String], control: &Control<'_>) -> io::Result<Vec<(String, String)>>;

    /// A text as the shell expands it between double quotes: variables, `$(commands)`, arithmetic. Starts in the source
    /// directory with the variables after the last command, and changes neither. What commands in the text write to their
    /// standard error goes to `output`.
    ///
    /// # Errors
    /// When the text is none that the shell understands, or the build is given up meanwhile.
    fn expand(
        &mut self,
        text: &str,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<String>;

    /// Ends what commands left running, and removes the session's files.
    ///
    /// # Errors
    /// When files could not be removed.
    fn close(self: Box<Self>) -> io::Result<()>;
}

/// What a session begins with.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Setup {
    /// An id that no other build on this machine has.
    pub id: String,
    /// The shell.
    pub shell: Shell,
    /// Where the first command starts.
    pub directory: PathBuf,
    /// Directories beside it that commands must be able to reach: the secondary sources.
    pub more_directories: Vec<PathBuf>,
    /// The image that the build asks for; an executor without images does not look at it.
    pub image: Option<String>,
    /// The variables of the first command.
    pub variables: BTreeMap<String, String>,
    /// Whether directory and variables go on from command to command, as in version 0.2.
    pub carry_over: bool,
}

/// One command, and who runs it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// Its text.
    pub command: &'a str,
    /// The user of `run-as`; `None` for whoever runs commands otherwise.
    pub user: Option<&'a str>,
}

impl<'a> Invocation<'a> {
    /// A command, run by whoever runs commands otherwise.
    #[must_use]
    pub const fn new(command: &'a str) -> Self {
        Self { command, user: None }
    }

    /// Sets the user.
    #[must_use]
    pub const fn as_user(mut self, user: Option<&'a str>) -> Self {
        self.user = user;
        self
    }
}

/// A shell that buildspecs can name.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// `/bin/sh`
    Sh,
    /// `bash`
    Bash,
}

impl Shell {
    /// The name of its program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Bash => "bash",
        }
    }

    /// The shell that `env.shell` names; `None` for the shells of Windows and for unknown ones.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim() {
            "sh" | "/bin/sh" => Some(Self::Sh),
            "bash" | "/bin/bash" | "/usr/bin/bash" => Some(Self::Bash),
            _ => None,
        }
    }
}

/// When to give a command up.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// When somebody says so.
    pub cancel: &'a Cancel,
    /// When this time has come.
    pub deadline: Option<SystemTime>,
    /// The clock that shows it.
    pub clock: &'a dyn Clock,
}

impl Control<'_> {
    /// Why to give up now, if there is a reason.
    #[must_use]
    pub fn interruption(&self) -> Option<Exit> {
        if self.cancel.is_cancelled() {
            return Some(Exit::Cancelled);
        }
        let over = self.deadline.is_some_and(|deadline| self.clock.now() >= deadline);
        over.then_some(Exit::TimedOut)
    }
}

/// How a command ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By a signal that was not sent from here.
    Signal(i32),
    /// It was killed because the build was given up.
    Cancelled,
    /// It was killed because the time was up.
    TimedOut,
}

impl Exit {
    /// Whether the command succeeded.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Cancelled => f.write_str("stopped"),
            Self::TimedOut => f.write_str("timed out"),
        }
    }
}

/// Where a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

//! Parts that fail on purpose, to see how a failure is told.

use std::io;
use std::str::FromStr;

use buildspec::run::{Control, Error, Executor, Exit, HostShell, Invocation, Session, Setup, Stream};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// The first command of a build exits with 1.
    Build,
    /// The connection breaks at every part of a layer.
    Push,
    /// Every container of a new image exits with 1.
    Deploy,
    /// Approvals are rejected; for whoever makes the approver, nothing in the account is broken.
    Approval,
}

impl FromStr for Break {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "build" => Ok(Self::Build),
            "push" => Ok(Self::Push),
            "deploy" => Ok(Self::Deploy),
            "approval" => Ok(Self::Approval),
            other => Err(format!("`{other}` cannot be broken: it is one of build, push, deploy and approval")),
        }
    }
}

/// Runs builds whose first command fails.
#[derive(Debug)]
pub(super) struct BreakingExecutor(HostShell);

impl BreakingExecutor {
    pub(super) fn new(shell: HostShell) -> Self {
        Self(shell)
    }
}

impl Executor for BreakingExecutor {
    fn open(&self, setup: &Setup) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(BreakingSession(self.0.open(setup)?)))
    }

    fn check_user(&self, user: &str) -> Result<(), Error> {
        self.0.check_user(user)
    }
}

#[derive(Debug)]
struct BreakingSession(Box<dyn Session>);

impl Session for BreakingSession {
    fn run(
        &mut self,
        _: &Invocation<'_>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        self.0.run(&Invocation::new("echo 'broken on purpose' >&2; exit 1"), control, output)
    }

    fn set(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.0.set(name, value)
    }

    fn variables(&mut self, names: &[String], control: &Control<'_>) -> io::Result<Vec<(String, String)>> {
        self.0.variables(names, control)
    }

    fn expand(
        &mut self,
        text: &str,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<String> {
        self.0.expand(text, control, output)
    }

    fn close(self: Box<Self>) -> io::Result<()> {
        self.0.close()
    }
}

//! Looks at the plan and runs nothing.

use std::io;

use super::Error;
use super::executor::{Control, Executor, Exit, Invocation, Session, Setup, Stream};

/// An executor under which every command counts as run, so that the events of a build are its plan.
///
/// Nothing is run, no secret is asked for and no artifact is collected; the result says that it is dry.
#[derive(Clone, Copy, Debug, Default)]
pub struct DryRun;

impl Executor for DryRun {
    fn open(&self, _setup: &Setup) -> Result<Box<dyn Session>, Error> {
        Ok(Box::new(DrySession))
    }

    fn is_dry(&self) -> bool {
        true
    }

    fn check_user(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug)]
struct DrySession;

impl Session for DrySession {
    fn run(&mut self, _: &Invocation<'_>, control: &Control<'_>, _: &mut dyn FnMut(Stream, &[u8])) -> io::Result<Exit> {
        Ok(control.interruption().unwrap_or(Exit::Code(0)))
    }

    fn set(&mut self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn variables(&mut self, _: &[String], _: &Control<'_>) -> io::Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn expand(&mut self, text: &str, _: &Control<'_>, _: &mut dyn FnMut(Stream, &[u8])) -> io::Result<String> {
        Ok(text.to_owned())
    }

    fn close(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

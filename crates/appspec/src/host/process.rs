//! Scripts as processes of this machine, each in a group of its own.
//!
//! A script that takes too long is asked to end (`SIGTERM` to the group) and ended after a grace; agent v1 waits for ever
//! when the request is ignored. What a script leaves running in the background stays, as with the agent: that is how
//! servers are started.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::hooks::{Command, Control, Exit, Runner, Stream};

/// Between two looks at clock, flag and process.
const TICK: Duration = Duration::from_millis(10);
/// Agent v2 waits as long between request and end.
const GRACE: Duration = Duration::from_secs(5);
/// Output that is still taken once a group has been ended.
const QUIET: Duration = Duration::from_millis(50);
const CHUNK: usize = 16 << 10;
/// Pieces of output in flight; a full channel holds the writer back.
const IN_FLIGHT: usize = 32;
/// A script that has just been written may be open for writing in a process that is being started elsewhere.
const BUSY_TRIES: u32 = 100;

/// Runs scripts on this machine.
#[derive(Clone, Debug)]
pub struct Processes {
    grace: Duration,
}

impl Processes {
    /// Scripts that are given up have 5 seconds to end, as with agent v2.
    #[must_use]
    pub const fn new() -> Self {
        Self { grace: GRACE }
    }

    /// Sets how long a script that is given up has to end.
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

impl Default for Processes {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner for Processes {
    fn run(&self, command: &Command, control: &Control<'_>, output: &mut dyn FnMut(Stream, &[u8])) -> io::Result<Exit> {
        if let Some(exit) = control.interruption() {
            return Ok(exit);
        }
        let (sender, receiver) = mpsc::sync_channel(IN_FLIGHT);
        let mut child = spawn(command, &receiver)?;
        let group = Pid::from_child(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let reading = read(&sender, Stream::Stdout, stdout).and_then(|()| read(&sender, Stream::Stderr, stderr));
        if let Err(error) = reading {
            signal(group, Signal::KILL);
            return Err(error);
        }
        Attended { child, group, receiver, sender, open: vec![Stream::Stdout, Stream::Stderr] }
            .attend(control, self.grace, output)
    }
}

fn spawn(command: &Command, pause: &Receiver<Message>) -> io::Result<Child> {
    let mut tries = 0;
    let mut arguments = command.arguments.clone();
    loop {
        let Some((program, rest)) = arguments.split_first() else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let mut process = std::process::Command::new(program);
        process.args(rest).env_clear().envs(command.environment.iter().map(|(name, value)| (name, value)));
        process.current_dir(&command.directory).process_group(0);
        let spawned = process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        match spawned {
            Err(error) if error.raw_os_error() == Some(Errno::TXTBSY.raw_os_error()) && tries < BUSY_TRIES => {
                tries += 1;
                // Nobody sends yet: this is a pause.
                let _ = pause.recv_timeout(TICK);
            }
            // A script without `#!` runs in sh, as in a shell.
            Err(error) if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) && arguments[0] != "/bin/sh" => {
                arguments.insert(0, "/bin/sh".to_owned());
            }
            other => return other,
        }
    }
}

enum Message {
    Output(Stream, Vec<u8>),
    Closed(Stream),
    Killed,
}

/// A process that is being looked after.
struct Attended {
    child: Child,
    group: Pid,
    receiver: Receiver<Message>,
    sender: SyncSender<Message>,
    open: Vec<Stream>,
}

impl Attended {
    fn attend(
        mut self,
        control: &Control<'_>,
        grace: Duration,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let interruption = loop {
            let status = self.child.try_wait()?;
            if let Some(status) = status
                && self.open.is_empty()
            {
                return Ok(exit_of(status));
            }
            if let Some(interruption) = control.interruption() {
                match (status, interruption, self.open.first()) {
                    // The script is over, and something that it started keeps its output.
                    (Some(_), Exit::TimedOut, Some(stream)) => return Ok(Exit::LeftOpen(*stream)),
                    _ => break interruption,
                }
            }
            self.take(TICK, output);
        };
        signal(self.group, Signal::TERM);
        // Dropped when this returns, which calls the killer off.
        let _off = self.kill_after(grace);
        let mut killed = false;
        while !killed && (self.child.try_wait()?.is_none() || is_alive(self.group)) {
            killed = self.take(TICK, output);
        }
        self.child.wait()?;
        while !self.open.is_empty() && !self.take(QUIET, output) {}
        Ok(interruption)
    }

    /// Takes one message. `true` when the group has been killed, or nothing came.
    fn take(&mut self, patience: Duration, output: &mut dyn FnMut(Stream, &[u8])) -> bool {
        match self.receiver.recv_timeout(patience) {
            Ok(Message::Output(stream, bytes)) => output(stream, &bytes),
            Ok(Message::Closed(stream)) => self.open.retain(|open| *open != stream),
            Ok(Message::Killed) => return true,
            Err(_) => return patience == QUIET,
        }
        false
    }

    fn kill_after(&self, grace: Duration) -> SyncSender<()> {
        let (off, called_off) = mpsc::sync_channel::<()>(0);
        let (sender, group) = (self.sender.clone(), self.group);
        thread::spawn(move || {
            if called_off.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
                signal(group, Signal::KILL);
                // Nobody listens any more when the process has just ended.
                let _ = sender.send(Message::Killed);
            }
        });
        off
    }
}

fn read(sender: &SyncSender<Message>, stream: Stream, pipe: Option<impl Read + Send + 'static>) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let sender = sender.clone();
    thread::Builder::new().name("output".to_owned()).spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            let message = match pipe.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => Message::Closed(stream),
                Ok(count) => Message::Output(stream, buffer[..count].to_vec()),
            };
            let last = matches!(message, Message::Closed(_));
            if sender.send(message).is_err() || last {
                return;
            }
        }
    })?;
    Ok(())
}

/// An empty group is no error: its members have just ended by themselves.
fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

fn is_alive(group: Pid) -> bool {
    test_kill_process_group(group).is_ok()
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

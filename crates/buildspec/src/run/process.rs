//! Processes in groups of their own: output as it comes, and an end that nobody outlives.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::executor::{Control, Exit, Stream};
use super::strays::{self, Mark, Stray};

/// How often a wait looks at the clock and at the flag.
const TICK: Duration = Duration::from_millis(20);
/// How long output may still come from a pipe that something else keeps open, once the command has ended.
const QUIET: Duration = Duration::from_millis(50);
/// Most output that is taken after the command has ended, when something it left behind keeps writing. More than pipes
/// and channel can hold, so what the command itself wrote is always there.
const MOST_LATE_OUTPUT: usize = 4 << 20;
/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;
/// Pieces of output in flight; a full channel holds the writer back, so memory is bounded.
const IN_FLIGHT: usize = 32;
/// Rounds of killing what has left its group.
const KILLS: u32 = 100;
/// Waits for a killed group to be gone; zombies that nobody collects are not waited for.
const WAITS_AFTER_KILL: u32 = 50;

/// The processes of one session.
#[derive(Debug)]
pub(super) struct Processes {
    sender: SyncSender<Message>,
    receiver: Receiver<Message>,
    count: u64,
    grace: Duration,
    /// What the processes carry, to find those that leave their group.
    mark: Option<Mark>,
    /// Groups that outlived their command. While a group has a member, its number is not given to anyone else.
    left_behind: Vec<Pid>,
}

#[derive(Debug)]
enum Message {
    Output(Stream, Vec<u8>),
    Closed(u64),
    Exited(u64, io::Result<ExitStatus>),
    Killed(u64),
}

impl Processes {
    /// `grace` is the time between asking processes to end and ending them.
    pub(super) fn new(grace: Duration) -> Self {
        let (sender, receiver) = mpsc::sync_channel(IN_FLIGHT);
        Self { sender, receiver, count: 0, grace, mark: None, left_behind: Vec::new() }
    }

    /// Ends also what carries the mark and has left its group.
    pub(super) fn marked(mut self, mark: Mark) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Runs a process and its children as one group.
    pub(super) fn run(
        &mut self,
        command: &mut Command,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        if let Some(exit) = control.interruption() {
            return Ok(exit);
        }
        self.count += 1;
        let run = self.count;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        let stdout = child.stdout.take();
        let stderr = child.stderr.take();
        let watched = self
            .read(run, Stream::Stdout, stdout)
            .and_then(|()| self.read(run, Stream::Stderr, stderr))
            .and_then(|()| self.wait(run, child));
        if let Err(error) = watched {
            // Without its threads nobody would see it end.
            signal(group, Signal::KILL);
            return Err(error);
        }
        let exit = self.attend(run, group, control, output);
        if is_alive(group) {
            self.left_behind.push(group);
        }
        exit
    }

    fn attend(
        &mut self,
        run: u64,
        group: Pid,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let mut open = 2;
        let mut exited = None;
        let mut interruption = None;
        let mut late = 0;
        let mut waits_after_kill = None;
        // Dropped when this returns, which tells the killer that it is not needed any more.
        let mut _killer = None;
        loop {
            let patience = if exited.is_some() && interruption.is_none() { QUIET } else { TICK };
            match self.receiver.recv_timeout(patience) {
                Ok(Message::Output(stream, bytes)) => {
                    if exited.is_some() {
                        late += bytes.len();
                    }
                    output(stream, &bytes);
                }
                Ok(Message::Closed(of)) if of == run => open -= 1,
                Ok(Message::Exited(of, status)) if of == run => exited = Some(status?),
                Ok(Message::Killed(of)) if of == run => waits_after_kill = Some(WAITS_AFTER_KILL),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if exited.is_some() && interruption.is_none() {
                        break;
                    }
                    if let Some(left) = &mut waits_after_kill {
                        *left -= 1;
                        if *left == 0 {
                            break;
                        }
                    }
                }
            }
            match (exited, interruption) {
                // Whoever ignores the request is waited for until the killer comes.
                (Some(_), Some(_)) if !is_alive(group) => break,
                (Some(_), None) if open == 0 || late > MOST_LATE_OUTPUT => break,
                (None, None) => {
                    interruption = control.interruption();
                    if interruption.is_some() {
                        _killer = Some(self.end(run, group));
                    }
                }
                _ => {}
            }
        }
        Ok(match (interruption, exited) {
            (Some(exit), _) => exit,
            (None, Some(status)) => exit_of(status),
            (None, None) => return Err(io::Error::other("the process was lost sight of")),
        })
    }

    /// Asks a group to end and ends it after the grace. Dropping what is returned calls the killer off.
    fn end(&self, run: u64, group: Pid) -> SyncSender<()> {
        signal(group, Signal::TERM);
        let (off, called_off) = mpsc::sync_channel::<()>(0);
        let sender = self.sender.clone();
        let grace = self.grace;
        thread::spawn(move || {
            if called_off.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
                signal(group, Signal::KILL);
                // Nobody listens any more when the wait has just ended.
                let _ = sender.send(Message::Killed(run));
            }
        });
        off
    }

    fn read(&self, run: u64, stream: Stream, pipe: Option<impl Read + Send + 'static>) -> io::Result<()> {
        let Some(mut pipe) = pipe else { return Ok(()) };
        let sender = self.sender.clone();
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            let mut buffer = vec![0; CHUNK];
            loop {
                let message = match pipe.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => Message::Closed(run),
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

    fn wait(&self, run: u64, mut child: Child) -> io::Result<()> {
        let sender = self.sender.clone();
        thread::Builder::new().name("wait".to_owned()).spawn(move || {
            let status = child.wait();
            // Nobody listens any more when the session has ended.
            let _ = sender.send(Message::Exited(run, status));
        })?;
        Ok(())
    }

    /// Ends what commands left running: asks, waits for the grace, kills.
    pub(super) fn close(mut self) {
        self.left_behind.retain(|&group| is_alive(group));
        let mut strays = self.strays();
        for &group in &self.left_behind {
            signal(group, Signal::TERM);
        }
        strays.iter().for_each(|stray| stray.signal(Signal::TERM));
        let mut waited = Duration::ZERO;
        while waited < self.grace && (!strays.is_empty() || self.left_behind.iter().any(|&group| is_alive(group))) {
            // Output of what is ending is nobody's; taking it keeps the writers from being stuck.
            if matches!(self.receiver.recv_timeout(TICK), Err(RecvTimeoutError::Timeout)) {
                waited += TICK;
                // One that was just being born when they were asked is asked now.
                let asked = strays.iter().map(Stray::number).collect::<Vec<_>>();
                if !asked.is_empty() {
                    strays = self.strays();
                }
                let new = strays.iter().filter(|stray| !asked.contains(&stray.number()));
                new.for_each(|stray| stray.signal(Signal::TERM));
            }
        }
    }

    fn strays(&self) -> Vec<Stray> {
        self.mark.as_ref().map(Mark::strays).unwrap_or_default()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for &group in &self.left_behind {
            if is_alive(group) {
                signal(group, Signal::KILL);
            }
        }
        // Killing one makes orphans of its children, and one may start another while it is looked for.
        for _ in 0..KILLS {
            let strays = self.strays();
            if strays.is_empty() {
                break;
            }
            strays.iter().for_each(|stray| stray.signal(Signal::KILL));
            // Nothing is sent any more: this is the time that the system needs to take them down.
            let _ = self.receiver.recv_timeout(TICK);
        }
    }
}

/// An empty group is no error: its members have just ended by themselves.
fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Whether a group whose leader has been waited for has members.
fn is_alive(group: Pid) -> bool {
    strays::collect(group);
    test_kill_process_group(group).is_ok()
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

//! Processes of a build that have left their process group: found by what they carry, ended for good.
//!
//! A process inherits its environment, and the kernel shows the one it began with. So every process of a build is known
//! by a variable with a value that no other build has, whatever session or group it has made for itself. One that was
//! started with an empty environment in a session of its own is known by its parent only, and only while that lives or
//! if this process takes in orphans.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether orphans come to this process.
static ADOPTING: AtomicBool = AtomicBool::new(false);
/// Builds under way: an orphan without a mark belongs to one of them, nobody knows to which.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Makes this process the parent of all processes below it whose own parent has ended, so that also those which left their
/// group and emptied their environment are ended with the build that started them, or with the last one of several.
///
/// For programs whose only children are builds: a child that leads a session of its own is taken for an orphan.
///
/// # Errors
/// When the system refuses, or is none that knows this (Linux does).
pub fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        ADOPTING.store(true, Ordering::Relaxed);
        Ok(())
    }
    #[cfg(not(target_os = "linux"))]
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Collects the dead of a group whose leader has been waited for: orphans that came to this process count as alive until
/// somebody asks for them.
pub(super) fn collect(group: rustix::process::Pid) {
    use rustix::process::{WaitOptions, waitpgid};
    let adopting = ADOPTING.load(Ordering::Relaxed);
    while adopting && matches!(waitpgid(group, WaitOptions::NOHANG), Ok(Some(_))) {
        std::hint::spin_loop();
    }
}

/// What the processes of one build carry.
#[derive(Debug)]
pub(super) struct Mark {
    /// `name=value`
    entry: Vec<u8>,
}

impl Mark {
    pub(super) fn new(name: &str, value: Vec<u8>) -> Self {
        OPEN.fetch_add(1, Ordering::Relaxed);
        let mut entry = format!("{name}=").into_bytes();
        entry.extend(value);
        Self { entry }
    }

    /// The processes that still run.
    pub(super) fn strays(&self) -> Vec<Stray> {
        let with_orphans = ADOPTING.load(Ordering::Relaxed) && OPEN.load(Ordering::Relaxed) <= 1;
        linux::find(&self.entry, with_orphans)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) use linux::Stray;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::os::fd::OwnedFd;

    use rustix::process::{
        Pid, PidfdFlags, Signal, WaitOptions, getpid, getsid, pidfd_open, pidfd_send_signal, waitpid,
    };

    /// A process, held so that its number cannot become another one's.
    #[derive(Debug)]
    pub(crate) struct Stray {
        pid: Pid,
        handle: OwnedFd,
        orphan: bool,
    }

    impl Stray {
        /// Its number, which is its own as long as this is held.
        pub(crate) fn number(&self) -> i32 {
            self.pid.as_raw_nonzero().get()
        }

        pub(crate) fn signal(&self, signal: Signal) {
            // One that has just ended needs no signal any more.
            let _ = pidfd_send_signal(&self.handle, signal);
            if self.orphan {
                // Nobody else collects it.
                let _ = waitpid(Some(self.pid), WaitOptions::NOHANG);
            }
        }
    }

    pub(super) fn find(entry: &[u8], with_orphans: bool) -> Vec<Stray> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let numbers = numbers.filter_map(Pid::from_raw).filter(|pid| *pid != getpid());
        numbers
            .filter_map(|pid| {
                let marked = carries(pid, entry);
                let orphan = is_child(pid);
                let taken_in = || with_orphans && orphan && getsid(Some(pid)).ok() != getsid(None).ok();
                if !marked && !taken_in() {
                    return None;
                }
                // Looked at again behind the handle: the number may have changed hands in between.
                let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
                (is_alive(pid) && (carries(pid, entry) || taken_in())).then_some(Stray { pid, handle, orphan })
            })
            .collect()
    }

    fn carries(pid: Pid, entry: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|other| other == entry)
    }

    /// What the system tells behind the name of a process, which may hold anything: state, parent.
    fn status(pid: Pid) -> Option<(String, i32)> {
        let text = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        let text = String::from_utf8_lossy(&text);
        let mut fields = text.rsplit(") ").next()?.split(' ');
        Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
    }

    fn is_child(pid: Pid) -> bool {
        status(pid).is_some_and(|(_, parent)| parent == getpid().as_raw_nonzero().get())
    }

    fn is_alive(pid: Pid) -> bool {
        status(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use rustix::process::Signal;

    /// Elsewhere nothing tells what a process began with.
    #[derive(Debug)]
    pub(crate) struct Stray;

    impl Stray {
        pub(crate) fn number(&self) -> i32 {
            0
        }

        pub(crate) fn signal(&self, _: Signal) {}
    }

    pub(super) fn find(_: &[u8], _: bool) -> Vec<Stray> {
        Vec::new()
    }
}

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

    use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, waitpid};

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
        let own = Stat::of(getpid());
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let numbers = numbers.filter_map(Pid::from_raw).filter(|pid| *pid != getpid());
        let wanted = |pid| {
            let stat = Stat::of(pid).filter(Stat::is_alive)?;
            let orphan = stat.parent == getpid().as_raw_pid();
            let taken_in = with_orphans && orphan && own.is_some_and(|own| own.session != stat.session);
            (taken_in || carries(pid, entry)).then_some(orphan)
        };
        numbers
            .filter_map(|pid| {
                wanted(pid)?;
                // Looked at again behind the handle: the number may have changed hands in between.
                let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
                wanted(pid).map(|orphan| Stray { pid, handle, orphan })
            })
            .collect()
    }

    fn carries(pid: Pid, entry: &[u8]) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|other| other == entry)
    }

    /// What the system tells of a process in one line.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Stat {
        state: char,
        parent: i32,
        /// Asked for here and not by `getsid`: that answers 0, which is no process, for a leader that cannot be seen from here
        /// (this program in a container that somebody else's shell entered) and for a process that is just being collected.
        session: i32,
    }

    impl Stat {
        fn of(pid: Pid) -> Option<Self> {
            let text = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
            Self::parse(&String::from_utf8_lossy(&text))
        }

        /// Number, name in parentheses, state, parent, group, session. The name may hold anything.
        fn parse(text: &str) -> Option<Self> {
            let mut fields = text.rsplit(") ").next()?.split(' ');
            let state = fields.next()?.chars().next()?;
            let parent = fields.next()?.parse().ok()?;
            let session = fields.nth(1)?.parse().ok()?;
            Some(Self { state, parent, session })
        }

        const fn is_alive(&self) -> bool {
            !matches!(self.state, 'Z' | 'X')
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_line_of_a_process() {
            let of = |state, parent, session| Some(Stat { state, parent, session });
            for (line, expected) in [
                ("42 (sleep) S 7 42 40 0 -1 4194560", of('S', 7, 40)),
                ("42 (a) S 1 (b) c) Z 7 42 0 0 -1 0", of('Z', 7, 0)),
                ("42 (gone) X 0 -1 -1 0 -1 0", of('X', 0, -1)),
                ("42 (cut) S 7 42", None),
                ("", None),
            ] {
                assert_eq!(Stat::parse(line), expected, "{line}");
            }
        }

        #[test]
        fn this_process() {
            let stat = Stat::of(getpid()).unwrap();
            assert!(stat.is_alive());
            assert_eq!(stat.parent, std::os::unix::process::parent_id() as i32);
        }
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

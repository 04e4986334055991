//! Commands in the shell of this machine, one process each.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::executor::{Control, Executor, Exit, Invocation, Session, Setup, Shell, Stream};
use super::process::Processes;
use super::session_files::{Access, SessionFiles, told_expansion, told_variables};
use super::strays::Mark;
use super::users::{self, User};
use super::{Error, script};

/// Time between asking processes to end and killing them.
const GRACE: Duration = Duration::from_secs(2);

/// Runs commands in `sh` or `bash` of this machine, with the rights of this process or, as root, with those of `run-as`.
///
/// Every command is a process group of its own. Giving a build up ends the whole group; what a command leaves running
/// (`server &`) lives until the build is over. On Linux that holds also for processes that leave the group (`setsid`):
/// they are known by a variable in their environment. One that empties its environment as well is found only if this
/// process [adopts orphans](super::adopt_orphans).
#[derive(Clone, Debug)]
pub struct HostShell {
    parent: PathBuf,
    grace: Duration,
}

impl HostShell {
    /// An executor whose builds keep their own files under `directory`, each in a subdirectory that only its owner can
    /// read and that is removed afterwards.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { parent: directory.into(), grace: GRACE }
    }

    /// Sets the time between asking processes to end (`SIGTERM`) and killing them (`SIGKILL`).
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

impl Default for HostShell {
    /// In the directory for temporary files.
    fn default() -> Self {
        Self::new(std::env::temp_dir())
    }
}

impl Executor for HostShell {
    fn open(&self, setup: &Setup) -> Result<Box<dyn Session>, Error> {
        let shell = find(setup.shell, setup.variables.get("PATH").map(String::as_str))?;
        let name = format!("buildspec-{}", setup.id);
        let failed = |source| Error::WorkingDirectory { path: self.parent.join(&name), source };
        let mut files = SessionFiles::create(&self.parent, &name, Access::Owner, &setup.directory, setup.carry_over)
            .map_err(failed)?;
        files.begin(b"", &setup.variables).map_err(failed)?;
        let (mark, value) = files.mark();
        let odd = setup.variables.iter().filter(|(name, _)| !script::is_identifier(name));
        Ok(Box::new(HostSession {
            shell,
            odd: odd.map(|(name, value)| (name.clone(), value.clone())).collect(),
            processes: Processes::new(self.grace).marked(Mark::new(mark, value)),
            files,
        }))
    }

    fn check_user(&self, user: &str) -> Result<(), Error> {
        let refused = |advice| Err(Error::Unsupported { what: format!("`run-as: {}`", user.escape_debug()), advice });
        let own = rustix::process::geteuid();
        match users::find(user) {
            // Commands then run as whoever starts the build, which CodeBuild's default `root` means here.
            _ if user == "root" => Ok(()),
            Some(found) if own.is_root() || own.as_raw() == found.uid => Ok(()),
            Some(_) => refused("take it out, or start the build as that user or as root"),
            None => refused("this machine has no such user: take it out, or use a container that has one"),
        }
    }
}

#[derive(Debug)]
struct HostSession {
    shell: PathBuf,
    /// Variables that no shell can hold, such as `npm_config_a.b`: they go on as they came.
    odd: BTreeMap<String, String>,
    // Dropped before `files`: no process writes into a directory that is being removed.
    processes: Processes,
    files: SessionFiles,
}

impl HostSession {
    fn start(
        &mut self,
        script: &Path,
        user: Option<User>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let mut command = Command::new(&self.shell);
        let (mark, value) = self.files.mark();
        // The shell takes its variables from the environment file alone, so that `unset` lasts.
        command.arg(script).env_clear().envs(&self.odd).env(mark, std::ffi::OsString::from_vec(value));
        command.current_dir(&self.files.directory);
        if let Some(user) = user {
            self.files.give_to(user.uid)?;
            if let Some(barrier) = users::barrier(script, user)? {
                let message = format!("the user of `run-as` cannot enter `{}`", barrier.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
            command.uid(user.uid).gid(user.gid);
        }
        self.processes.run(&mut command, control, output)
    }
}

impl Session for HostSession {
    fn run(
        &mut self,
        invocation: &Invocation<'_>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let script = self.files.prepare(invocation.command)?;
        let own = rustix::process::geteuid().as_raw();
        let other = invocation.user.and_then(users::find).filter(|user| own == 0 && user.uid != own);
        let exit = self.start(&script, other, control, output)?;
        self.files.take_over()?;
        Ok(exit)
    }

    fn set(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.files.set(name, value)
    }

    fn variables(&mut self, names: &[String], control: &Control<'_>) -> io::Result<Vec<(String, String)>> {
        let script = self.files.prepare_variables(names)?;
        self.start(&script, None, control, &mut |_, _| {})?;
        Ok(told_variables(&self.files.told()?.unwrap_or_default()))
    }

    fn expand(
        &mut self,
        text: &str,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<String> {
        let script = self.files.prepare_expansion(text)?;
        self.start(&script, None, control, output)?;
        told_expansion(self.files.told()?, text)
    }

    fn close(self: Box<Self>) -> io::Result<()> {
        let Self { processes, files, .. } = *self;
        processes.close();
        files.remove()
    }
}

/// `sh` is where POSIX systems have it; `bash` is looked for as a shell would.
fn find(shell: Shell, path: Option<&str>) -> Result<PathBuf, Error> {
    let name = shell.name();
    let fixed = [Path::new("/bin"), Path::new("/usr/bin"), Path::new("/usr/local/bin")];
    let searched = match shell {
        Shell::Sh => Vec::new(),
        Shell::Bash => path.unwrap_or_default().split(':').map(Path::new).collect(),
    };
    let mut places = searched.into_iter().filter(|place| place.is_absolute()).chain(fixed);
    places
        .find_map(|place| Some(place.join(name)).filter(|program| program.is_file()))
        .ok_or_else(|| Error::NoShell { shell: name.to_owned() })
}

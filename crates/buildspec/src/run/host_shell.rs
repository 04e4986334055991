//! Commands in the shell of this machine, one process each.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::executor::{Control, Executor, Exit, Session, Setup, Shell, Stream};
use super::process::Processes;
use super::{Error, script};

/// Time between asking processes to end and killing them.
const GRACE: Duration = Duration::from_secs(2);

/// Runs commands in `sh` or `bash` of this machine, with the rights of this process.
///
/// Every command is a process group of its own. Giving a build up ends the whole group; what a command leaves running
/// (`server &`) lives until the build is over. A process that makes itself leader of a new session (`setsid`) escapes.
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
        let directory = self.parent.join(format!("buildspec-{}", setup.id));
        let failed = |source| Error::WorkingDirectory { path: directory.clone(), source };
        fs::create_dir_all(&self.parent).map_err(failed)?;
        // Fails if it is there: nobody else's directory is used, and no two builds share one.
        DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        let files = Owned(directory.canonicalize().map_err(failed)?);
        write_private(&files.env(), &script::env_file(&setup.variables)).map_err(failed)?;
        let odd = setup.variables.iter().filter(|(name, _)| !script::is_identifier(name));
        Ok(Box::new(HostSession {
            shell,
            odd: odd.map(|(name, value)| (name.clone(), value.clone())).collect(),
            directory: setup.directory.clone(),
            carry_over: setup.carry_over,
            processes: Processes::new(self.grace),
            files,
        }))
    }
}

#[derive(Debug)]
struct HostSession {
    shell: PathBuf,
    /// Variables that no shell can hold, such as `npm_config_a.b`: they go on as they came.
    odd: BTreeMap<String, String>,
    directory: PathBuf,
    carry_over: bool,
    // Dropped before `files`: no process writes into a directory that is being removed.
    processes: Processes,
    files: Owned,
}

impl HostSession {
    fn start(
        &mut self,
        script: &[u8],
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let path = self.files.0.join("script.sh");
        write_private(&path, script)?;
        // The shell takes its variables from the environment file alone, so that `unset` lasts.
        let mut command = Command::new(&self.shell);
        command.arg(&path).env_clear().envs(&self.odd).current_dir(&self.files.0);
        self.processes.run(&mut command, control, output)
    }

    fn take_over(&mut self) -> io::Result<()> {
        let (new_env, new_directory) = (self.files.new_env(), self.files.new_directory());
        let (Ok(env), Ok(mut directory)) = (fs::read(&new_env), fs::read(&new_directory)) else {
            return Ok(());
        };
        if directory.pop() != Some(b'\n') || directory.is_empty() {
            return Ok(());
        }
        write_private(&self.files.env(), &script::without_readonly(&env))?;
        self.directory = PathBuf::from(std::ffi::OsString::from_vec(directory));
        Ok(())
    }
}

impl Session for HostSession {
    fn run(&mut self, command: &str, control: &Control<'_>, output: &mut dyn FnMut(Stream, &[u8])) -> io::Result<Exit> {
        remove_if_there(&self.files.new_env())?;
        remove_if_there(&self.files.new_directory())?;
        let (env, new_env, new_directory) = (self.files.env(), self.files.new_env(), self.files.new_directory());
        let files = script::Files { env: &env, new_env: &new_env, new_directory: &new_directory };
        let text = script::around(command, &self.directory, files, self.carry_over);
        let exit = self.start(&text, control, output)?;
        if self.carry_over {
            self.take_over()?;
        }
        Ok(exit)
    }

    fn set(&mut self, name: &str, value: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.files.env())?;
        file.write_all(&script::assignment(name, value))
    }

    fn variables(&mut self, names: &[String], control: &Control<'_>) -> io::Result<Vec<(String, String)>> {
        let out = self.files.0.join("variables");
        remove_if_there(&out)?;
        let (env, new_env, new_directory) = (self.files.env(), self.files.new_env(), self.files.new_directory());
        let files = script::Files { env: &env, new_env: &new_env, new_directory: &new_directory };
        let text = script::print_variables(names, files, &out);
        self.start(&text, control, &mut |_, _| {})?;
        let written = match fs::read(&out) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let entries = written.split(|byte| *byte == 0).filter_map(|entry| {
            let text = String::from_utf8_lossy(entry);
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(entries.collect())
    }

    fn close(self: Box<Self>) -> io::Result<()> {
        let Self { processes, files, .. } = *self;
        processes.close();
        // A directory that a command has removed is as gone as it should be.
        match fs::remove_dir_all(&files.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The session's directory; removed when dropped.
#[derive(Debug)]
struct Owned(PathBuf);

impl Owned {
    fn env(&self) -> PathBuf {
        self.0.join("env.sh")
    }

    fn new_env(&self) -> PathBuf {
        self.0.join("env.new")
    }

    fn new_directory(&self) -> PathBuf {
        self.0.join("dir.new")
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Errors were reported by `close`; here nobody is left to tell.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `sh` is where POSIX systems have it; `bash` is looked for as a shell would.
fn find(shell: Shell, path: Option<&str>) -> Result<PathBuf, Error> {
    let name = match shell {
        Shell::Sh => "sh",
        Shell::Bash => "bash",
    };
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

/// The files hold the values of secrets.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

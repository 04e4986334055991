//! Commands in a container, through `podman` or `docker`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use super::Error;
use super::executor::{Control, Executor, Exit, Invocation, Session, Setup, Shell, Stream};
use super::process::Processes;
use super::session_files::{Access, SessionFiles, told_expansion, told_variables};

/// Time between asking the processes of a container to end and killing them.
const GRACE: Duration = Duration::from_secs(2);
/// How often a wait looks at the clock and at the flag.
const TICK: Duration = Duration::from_millis(20);
/// What the container says when it is there.
const READY: &[u8] = b"longshore: ready\n";
/// How much of an engine's complaints an error repeats.
const COMPLAINT: usize = 2_000;

/// The program that runs containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    program: PathBuf,
    arguments: Vec<OsString>,
    run_arguments: Vec<OsString>,
}

impl Engine {
    /// A program that takes the arguments of `podman` and `docker`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), run_arguments: Vec::new() }
    }

    /// The first of `podman` and `docker` in the directories of a `PATH`.
    #[must_use]
    pub fn find(path: &str) -> Option<Self> {
        let places = |name: &'static str| {
            path.split(':').filter(|place| !place.is_empty()).map(move |place| Path::new(place).join(name))
        };
        places("podman").chain(places("docker")).find(|program| program.is_file()).map(Self::new)
    }

    /// Sets arguments that come before every command, such as `--storage-driver vfs`.
    #[must_use]
    pub fn with_arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Sets further arguments of `run`, such as `--network none`.
    #[must_use]
    pub fn with_run_arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.run_arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    fn command(&self, arguments: &[&OsStr]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(arguments);
        command
    }
}

/// Runs the commands of each build in a container of its own.
///
/// The source and the build's own files are mounted under the names that they have outside; variables go through a file, so
/// that no value appears among the arguments of a process. Commands run as root of the container, which without root
/// outside is whoever runs the engine, or as the user of `run-as`. The container lives as long as the build: it ends with
/// its standard input, so not even killing this process leaves it behind. Giving a build up removes it at once.
#[derive(Clone, Debug)]
pub struct Container {
    engine: Engine,
    image: String,
    parent: PathBuf,
    grace: Duration,
}

impl Container {
    /// An executor over an image, which a build or a batch may replace. Builds keep their own files under `directory`.
    #[must_use]
    pub fn new(engine: Engine, image: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        Self { engine, image: image.into(), parent: directory.into(), grace: GRACE }
    }

    /// Sets the time between asking processes to end and killing them.
    #[must_use]
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

impl Executor for Container {
    fn open(&self, setup: &Setup) -> Result<Box<dyn Session>, Error> {
        let name = format!("buildspec-{}", setup.id);
        let failed = |source| Error::WorkingDirectory { path: self.parent.join(&name), source };
        let files = SessionFiles::create(&self.parent, &name, Access::Everyone, &setup.directory, setup.carry_over)
            .map_err(failed)?;
        let mut mounts = vec![setup.directory.clone(), files.directory.clone()];
        mounts.extend(setup.more_directories.iter().cloned());
        Ok(Box::new(ContainerSession {
            engine: self.engine.clone(),
            image: setup.image.clone().unwrap_or_else(|| self.image.clone()),
            name,
            shell: setup.shell,
            mounts,
            workdir: setup.directory.clone(),
            variables: setup.variables.clone(),
            grace: self.grace,
            keeper: None,
            processes: Processes::new(self.grace),
            files,
        }))
    }

    /// Whether the image has the user shows when a command runs.
    fn check_user(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Debug)]
struct ContainerSession {
    engine: Engine,
    image: String,
    name: String,
    shell: Shell,
    mounts: Vec<PathBuf>,
    workdir: PathBuf,
    variables: BTreeMap<String, String>,
    grace: Duration,
    /// The process whose standard input keeps the container alive.
    keeper: Option<Child>,
    processes: Processes,
    files: SessionFiles,
}

enum Message {
    Output(Stream, Vec<u8>),
    Closed,
}

impl ContainerSession {
    /// Starts the container before the first command: an image may have to be fetched, which takes minutes and can be given
    /// up.
    fn start(&mut self, control: &Control<'_>, output: &mut dyn FnMut(Stream, &[u8])) -> io::Result<Option<Exit>> {
        if self.keeper.is_some() {
            return Ok(None);
        }
        let mut command = self.engine.command(&["run".as_ref()]);
        command.args(["--interactive", "--rm", "--name", &self.name, "--user", "0:0"]);
        // Files of the machine under their own labels: SELinux would refuse them otherwise.
        command.args(["--security-opt", "label=disable"]);
        for mount in &self.mounts {
            let mut value = mount.clone().into_os_string();
            value.push(":");
            value.push(mount);
            command.arg("--volume").arg(value);
        }
        command.arg("--workdir").arg(&self.workdir).args(&self.engine.run_arguments);
        command.args(["--entrypoint", self.shell.name(), &self.image, "-c"]);
        command.arg(format!("echo '{}'; read -r end", String::from_utf8_lossy(READY).trim()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut keeper = command.spawn().map_err(|error| self.refused(&error.to_string()))?;
        let (sender, receiver) = mpsc::sync_channel(16);
        read(Stream::Stdout, keeper.stdout.take(), sender.clone())?;
        read(Stream::Stderr, keeper.stderr.take(), sender)?;
        self.keeper = Some(keeper);
        let (mut said, mut complaint) = (Vec::new(), Vec::new());
        while !said.ends_with(READY) {
            if let Some(exit) = control.interruption() {
                self.remove();
                return Ok(Some(exit));
            }
            match receiver.recv_timeout(TICK) {
                Ok(Message::Output(Stream::Stdout, bytes)) => said.extend(bytes),
                Ok(Message::Output(Stream::Stderr, bytes)) => {
                    output(Stream::Stderr, &bytes);
                    complaint.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Closed) | Err(RecvTimeoutError::Disconnected) => {
                    // The other stream may still hold the reason.
                    while let Ok(Message::Output(_, bytes)) = receiver.recv_timeout(TICK) {
                        complaint.extend(bytes);
                    }
                    self.remove();
                    return Err(self.refused(&String::from_utf8_lossy(&complaint)));
                }
            }
        }
        self.files.write("script.sh", b"export -p > \"$1\"\n")?;
        let (script, told) = (self.files.directory.join("script.sh"), self.files.directory.join("image"));
        let exit = self.exec(&script, Some(&told), None, control, output)?;
        let image = std::fs::read(&told).unwrap_or_default();
        self.files.begin(&image, &self.variables)?;
        Ok(Some(exit).filter(|exit| !matches!(exit, Exit::Code(_) | Exit::Signal(_))))
    }

    fn refused(&self, why: &str) -> io::Error {
        let why: String = why.trim().chars().take(COMPLAINT).collect();
        let engine = self.engine.program.display();
        io::Error::other(format!("`{engine}` cannot run the image `{}`: {why}", self.image.escape_debug()))
    }

    fn exec(
        &mut self,
        script: &Path,
        argument: Option<&Path>,
        user: Option<&str>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let mut command = self.engine.command(&["exec".as_ref()]);
        if let Some(user) = user {
            command.args(["--user", user]);
        }
        command.args([&self.name, self.shell.name()]).arg(script).args(argument);
        let exit = self.processes.run(&mut command, control, output)?;
        if matches!(exit, Exit::Cancelled | Exit::TimedOut) {
            // Ending the engine's own process does not end what it has started inside.
            self.remove();
        }
        Ok(exit)
    }

    /// Starts the container if need be, then runs a script in it.
    fn ready_and_exec(
        &mut self,
        prepare: impl FnOnce(&SessionFiles) -> io::Result<PathBuf>,
        user: Option<&str>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        if let Some(exit) = self.start(control, output)? {
            return Ok(exit);
        }
        let script = prepare(&self.files)?;
        self.exec(&script, None, user, control, output)
    }

    fn remove(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        drop(keeper.stdin.take());
        let seconds = self.grace.as_secs().to_string();
        // Podman asks before it kills; docker kills at once and does not know how long to wait.
        let stop = ["stop", "--time", &seconds, &self.name];
        let removed = ["rm", "--force", &self.name];
        for arguments in [&stop[..], &removed[..]] {
            let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
            let mut command = self.engine.command(&arguments);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
            // It may be gone already, which is what is wanted.
            let _ = command.status();
        }
        let _ = keeper.kill();
        let _ = keeper.wait();
    }
}

impl Session for ContainerSession {
    fn run(
        &mut self,
        invocation: &Invocation<'_>,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<Exit> {
        let command = invocation.command;
        let exit = self.ready_and_exec(|files| files.prepare(command), invocation.user, control, output)?;
        self.files.take_over()?;
        Ok(exit)
    }

    fn set(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.files.set(name, value)
    }

    fn variables(&mut self, names: &[String], control: &Control<'_>) -> io::Result<Vec<(String, String)>> {
        self.ready_and_exec(|files| files.prepare_variables(names), None, control, &mut |_, _| {})?;
        Ok(told_variables(&self.files.told()?.unwrap_or_default()))
    }

    fn expand(
        &mut self,
        text: &str,
        control: &Control<'_>,
        output: &mut dyn FnMut(Stream, &[u8]),
    ) -> io::Result<String> {
        self.ready_and_exec(|files| files.prepare_expansion(text), None, control, output)?;
        told_expansion(self.files.told()?, text)
    }

    fn close(mut self: Box<Self>) -> io::Result<()> {
        self.remove();
        self.files.remove()
    }
}

impl Drop for ContainerSession {
    fn drop(&mut self) {
        self.remove();
    }
}

fn read(stream: Stream, pipe: Option<impl Read + Send + 'static>, sender: SyncSender<Message>) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let mut buffer = vec![0; 4 << 10];
        loop {
            let message = match pipe.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => Message::Closed,
                Ok(count) => Message::Output(stream, buffer[..count].to_vec()),
            };
            let last = matches!(message, Message::Closed);
            // Nobody listens any more once the container is there; the pipe is kept empty all the same.
            let _ = sender.send(message);
            if last {
                return;
            }
        }
    })?;
    Ok(())
}

//! Inside of a laboratory: the first process of its namespaces, which sets everything up and ends with the program that it
//! was made for.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Read as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::Context as _;

use super::{files, search_path, server};
use crate::workspace::output;

/// What the exit code is when the outer process is gone: that of a program which Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Runs the program that the arguments end with, and gives its exit code. The arguments: the directory, the AWS CLI, the
/// `moto_server`, the program and its own arguments.
pub(crate) fn inside(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<i32> {
    let mut arguments = arguments.into_iter();
    let mut next = |what| arguments.next().map(PathBuf::from).with_context(|| format!("the lab is not told {what}"));
    let (directory, aws, moto) = (next("its directory")?, next("the AWS CLI")?, next("its service")?);
    let program = next("what to run")?;
    let before = env::current_dir().context("cannot tell the working directory")?;
    end_with_the_outer_process();
    furnish(&directory, &aws)?;

    let mut registry = Command::new("docker-registry");
    registry.arg("serve").arg(directory.join("registry.yml")).env("OTEL_TRACES_EXPORTER", "none");
    let (_registry, _) = server::start(&mut registry, "listening on")?;
    let (_moto, line) = server::start(Command::new(&moto).args(["-H", "127.0.0.1", "-p", "0"]), "Running on http://")?;
    let (_, address) = line.split_once("Running on ").context("moto does not say where it listens")?;

    let mut command = Command::new(&program);
    command.args(arguments).current_dir(before).stdin(Stdio::null());
    command.env("PATH", path(&directory)).env("AWS_ENDPOINT_URL", address.trim());
    for (name, value) in files::variables(&directory) {
        command.env(name, value);
    }
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    // The servers are left to the kernel, which ends them with this process, the first of its namespace.
    status.code().with_context(|| format!("{} was killed ({status})", program.display()))
}

/// The outer process writes nothing; the pipe ends when it does.
fn end_with_the_outer_process() {
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        #[allow(clippy::exit, reason = "nothing here may outlive the outer process, and nothing is left to clean up")]
        std::process::exit(INTERRUPTED);
    });
}

/// File system, files, network and names.
fn furnish(directory: &Path, aws: &Path) -> anyhow::Result<()> {
    let mut mount = Command::new("mount");
    output(mount.args(["-t", "tmpfs", "-o", "mode=0755,size=2g", "lab"]).arg(directory))?;
    for name in ["bin", "home", "images", "registry", "run", "tmp"] {
        let path = directory.join(name);
        fs::create_dir(&path).with_context(|| format!("cannot create {}", path.display()))?;
    }
    for (name, text) in files::files(directory) {
        let path = directory.join(name);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).with_context(|| format!("cannot create {}", above.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let docker = directory.join("bin/docker");
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).context("cannot make `docker` a program")?;
    symlink(aws, directory.join("bin/aws")).context("cannot link `aws`")?;
    output(Command::new("mount").arg("--bind").arg(directory.join("hosts")).arg("/etc/hosts"))?;
    let mut ip = Command::new("ip");
    ip.env("PATH", search_path());
    output(ip.args(["link", "set", "lo", "up"]))?;
    Ok(())
}

/// The laboratory's programs first.
fn path(directory: &Path) -> OsString {
    let mut path = directory.join("bin").into_os_string();
    path.push(":");
    path.push(search_path());
    path
}

//! A laboratory: a place on this machine where the commands of a delivery really work, and nothing leaves it.
//!
//! In it the name of an ECR registry is a `docker-registry` that wants to be logged in to, `docker` is podman, and `aws` is
//! the AWS CLI against a `moto_server`. All of it lives in namespaces of its own (mounts, network, processes), with its
//! files in a file system in memory. Ending them is therefore not a matter of care: when the first process of the
//! laboratory ends, for whatever reason, the kernel ends all others and forgets their files.
//!
//! Outside, [`Lab::enter`] starts this program anew in those namespaces; there [`inside()`] takes over. The two share a pipe in
//! which nothing is ever written. Its end tells the inner one that the outer one is gone: interrupted, killed, or done.

mod files;
mod inside;
mod server;

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::workspace::{Workspace, output};

pub(crate) use inside::inside;

/// The account of the registry.
const ACCOUNT: &str = "123456789012";
/// The region of the registry.
const REGION: &str = "us-west-2";

/// The first argument by which this program knows that it is inside.
pub(crate) const INSIDE: &str = "--inside-the-lab";

/// What the laboratory is made of, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("docker-registry", "docker-registry"),
    ("ip", "iproute2"),
    ("mount", "mount"),
    ("podman", "podman"),
    ("unshare", "util-linux"),
];

/// What comes from Python, and how it is called there.
const PYTHON: &[(&str, &str)] = &[("aws", "awscli"), ("moto_server", "moto[server]")];

/// What must be there before anything starts.
#[derive(Debug)]
pub(crate) struct Lab {
    /// An empty directory, over which the file system of each laboratory is mounted.
    directory: PathBuf,
    /// The AWS CLI.
    aws: PathBuf,
    /// The service in its place.
    moto: PathBuf,
    /// Whether namespaces need `sudo`.
    sudo: bool,
}

impl Lab {
    /// Looks for everything that is needed, and tries whether namespaces are permitted.
    ///
    /// Fails with all that is missing in one sentence: a laboratory is asked for, so it is never skipped.
    pub(crate) fn prepare(workspace: &Workspace) -> anyhow::Result<Self> {
        let path = search_path();
        let mut missing = Vec::new();
        for (program, package) in PROGRAMS {
            if find(program, &path).is_none() {
                missing.push(format!("`{program}` (apt-get install {package})"));
            }
        }
        // The workspace's own first: what lies on PATH may be another release, without `get-login`.
        let own = workspace.path(".venv/bin");
        let mut python = Vec::new();
        for (program, package) in PYTHON {
            match find(program, own.as_os_str()).or_else(|| find(program, &path)) {
                Some(found) => python.push(found),
                None => missing.push(format!("`{program}` (.venv/bin/pip install '{package}')")),
            }
        }
        let [aws, moto] = <[PathBuf; 2]>::try_from(python).unwrap_or_default();
        anyhow::ensure!(
            missing.is_empty(),
            "the lab lacks {}; `.ci/run` installs all of it on Debian",
            missing.join(", ")
        );
        let directory = workspace.path("target/lab");
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let user = output(Command::new("id").arg("-u"))?;
        let lab = Self { directory, aws, moto, sudo: user.trim() != "0" };
        let mut attempt = lab.namespaces();
        attempt.arg("true");
        output(&mut attempt).context(
            "the lab needs mount, network and process namespaces, and this user may not make them: run it as root or \
             with passwordless sudo, in a container with --privileged",
        )?;
        Ok(lab)
    }

    /// Runs a program in a laboratory of its own to its end, and gives its exit code. It sees what is printed here.
    pub(crate) fn enter(&self, program: &OsStr, arguments: &[String]) -> anyhow::Result<i32> {
        let own = env::current_exe().context("cannot find this program's own file")?;
        let mut command = self.namespaces();
        command.arg(own).arg(INSIDE).args([&self.directory, &self.aws, &self.moto]);
        command.arg(program).args(arguments).stdin(Stdio::piped());
        let mut running = command.spawn().context("cannot start the lab")?;
        // Held, not written to: `wait` would close it, and the end of it is the end of the laboratory.
        let alive = running.stdin.take();
        let status = running.wait().context("cannot wait for the lab")?;
        drop(alive);
        match status.code() {
            Some(code) => Ok(code),
            None => bail!("the lab was killed ({status})"),
        }
    }

    /// `unshare` with everything but the program.
    fn namespaces(&self) -> Command {
        let form = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];
        let mut words = form.into_iter();
        let mut command = if self.sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["--non-interactive", "--"]);
            sudo
        } else {
            Command::new(words.next().unwrap_or_default())
        };
        command.args(words);
        command
    }
}

/// The directories of programs, those of administrators among them: not every user has them.
fn search_path() -> std::ffi::OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/local/sbin:/usr/sbin:/sbin");
    path
}

fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    env::split_paths(path).map(|directory| directory.join(program)).find(|file| Path::is_file(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_all_of_them() {
        let lab = |sudo| Lab { directory: "/lab".into(), aws: "/aws".into(), moto: "/moto".into(), sudo };
        let words = |command: &Command| {
            let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
            arguments.fold(command.get_program().to_string_lossy().into_owned(), |text, word| text + " " + &word)
        };
        let unshare = "unshare --mount --net --pid --fork --mount-proc --kill-child --";
        assert_eq!(words(&lab(false).namespaces()), unshare);
        assert_eq!(words(&lab(true).namespaces()), format!("sudo --non-interactive -- {unshare}"));
    }
}

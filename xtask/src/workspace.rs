//! Where the workspace is, what belongs to it, and how programs are run in it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

/// A checkout: the real one, or the copy that `scaffold` works in.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// The workspace that this program belongs to.
    pub(crate) fn find() -> anyhow::Result<Self> {
        // Set by `cargo run`; the compiled-in path serves a binary that is run directly.
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("the xtask package has no parent directory")?;
        Ok(Self { root: root.to_owned() })
    }

    /// Absolute path of a file of this workspace.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file of this workspace.
    pub(crate) fn read(&self, relative: impl AsRef<Path>) -> anyhow::Result<String> {
        let relative = relative.as_ref();
        fs::read_to_string(self.path(relative)).with_context(|| format!("cannot read {}", relative.display()))
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn write(&self, relative: impl AsRef<Path>, text: &str) -> anyhow::Result<()> {
        let relative = relative.as_ref();
        let path = self.path(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", relative.display()))
    }

    /// Writes a file that must not exist.
    pub(crate) fn create(&self, relative: impl AsRef<Path>, text: &str) -> anyhow::Result<()> {
        let relative = relative.as_ref();
        if self.path(relative).exists() {
            bail!("{} exists already", relative.display());
        }
        self.write(relative, text)?;
        println!("wrote {}", relative.display());
        Ok(())
    }

    /// Every file that git knows or would take in, relative to the root and sorted.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&self.root);
        let listed = output(&mut git)?;
        let mut files: Vec<PathBuf> = listed.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
        files.retain(|file| self.path(file).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Cargo, the one that runs this program, at the root.
    pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What `cargo run` sets for this program is not meant for the crates it compiles.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
                command.env_remove(name);
            }
        }
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Compiles an example, for what has to be started or killed without cargo around it.
    pub(crate) fn build_example(&self, name: &str, release: bool) -> anyhow::Result<PathBuf> {
        let mut build = self.cargo(["build", "--quiet", "--message-format=json", "--package", "examples"]);
        build.args(["--example", name]).args(release.then_some("--release"));
        let messages = output(&mut build)?;
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut programs = artifacts.filter(|artifact| artifact["target"]["name"] == name);
        let program = programs.find_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
        program.with_context(|| format!("cargo does not say where the example `{name}` is"))
    }
}

/// Runs a command and returns what it prints; its complaints are part of the error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed what is not UTF-8"))
}

/// The command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let mut text = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            text += &format!("{}={} ", name.to_string_lossy(), value.to_string_lossy());
        }
    }
    let program = Path::new(command.get_program());
    text += &program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:{}".contains(c);
        if argument.chars().all(plain) && !argument.is_empty() {
            text += &format!(" {argument}");
        } else {
            text += &format!(" '{argument}'");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed_again() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "-p", "a b"]).env("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(show(&command), "RUSTDOCFLAGS=-Dwarnings cargo test -p 'a b'");
    }
}

//! The files through which the commands of a build hand on what lasts: variables, directory, and the scripts themselves.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::script::{self, Files};

/// CodeBuild's programs that commands may call, as far as they mean something here. The last two have one text.
const PROGRAMS: [(&str, &str); 5] = [
    ("codebuild-glob-search", include_str!("programs/codebuild-glob-search")),
    ("codebuild-hash-files", include_str!("programs/codebuild-hash-files")),
    ("codebuild-tests-run", include_str!("programs/codebuild-tests-run")),
    ("codebuild-breakpoint", include_str!("programs/codebuild-breakpoint")),
    ("codebuild-resume", include_str!("programs/codebuild-breakpoint")),
];

/// Who may read and write the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Their owner alone.
    Owner,
    /// Everyone who can enter the directory above: in a container users have other numbers than outside.
    Everyone,
}

/// A directory of a session; removed when dropped.
#[derive(Debug)]
pub(super) struct SessionFiles {
    /// What nobody but the owner can enter.
    outer: PathBuf,
    /// Where the files are.
    pub(super) directory: PathBuf,
    access: Access,
    source: PathBuf,
    /// Where the next command starts.
    current: PathBuf,
    carry_over: bool,
    /// Written before everything else into the file of variables.
    prelude: Vec<u8>,
}

impl SessionFiles {
    /// Makes the directory `name` under `parent`. Fails if it is there: nobody else's directory is used, and no two builds
    /// share one.
    pub(super) fn create(
        parent: &Path,
        name: &str,
        access: Access,
        source: &Path,
        carry_over: bool,
    ) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let outer = parent.join(name);
        DirBuilder::new().mode(0o700).create(&outer)?;
        let outer = outer.canonicalize()?;
        let mut files = Self {
            directory: outer.clone(),
            outer,
            access,
            source: source.to_owned(),
            current: source.to_owned(),
            carry_over,
            prelude: Vec::new(),
        };
        if access == Access::Everyone {
            files.directory = files.outer.join("shared");
            fs::create_dir(&files.directory)?;
            set_mode(&files.directory, 0o777)?;
        }
        let bin = files.bin();
        fs::create_dir(&bin)?;
        for (name, text) in PROGRAMS {
            let path = bin.join(name);
            fs::write(&path, text)?;
            set_mode(&path, 0o755)?;
        }
        set_mode(&bin, 0o755)?;
        Ok(files)
    }

    /// Writes the variables of the first command. `image` is what an image's shell told about its own.
    pub(super) fn begin(&mut self, image: &[u8], variables: &BTreeMap<String, String>) -> io::Result<()> {
        let inherited = script::exported_names(image);
        if !inherited.is_empty() {
            // A shell in a container begins with them: what a command has unset must not come back.
            self.prelude = format!("unset {}\n", inherited.join(" ")).into_bytes();
        }
        let mut text = self.prelude.clone();
        text.extend_from_slice(&script::without_readonly(image));
        text.extend(script::env_file(variables));
        text.extend(script::append_path(&self.bin()));
        self.write("env.sh", &text)
    }

    /// Writes the script around a command, and gives its path.
    pub(super) fn prepare(&self, command: &str) -> io::Result<PathBuf> {
        remove_if_there(&self.new_env())?;
        remove_if_there(&self.new_directory())?;
        let (env, new_env, new_directory) = (self.env(), self.new_env(), self.new_directory());
        let files = Files { env: &env, new_env: &new_env, new_directory: &new_directory };
        self.write("script.sh", &script::around(command, &self.current, files, self.carry_over))?;
        Ok(self.script())
    }

    /// Takes over what the command has handed on, if it has come to its end.
    pub(super) fn take_over(&mut self) -> io::Result<()> {
        if !self.carry_over {
            return Ok(());
        }
        let (Ok(env), Ok(mut directory)) = (fs::read(self.new_env()), fs::read(self.new_directory())) else {
            return Ok(());
        };
        if directory.pop() != Some(b'\n') || directory.is_empty() {
            return Ok(());
        }
        let mut text = self.prelude.clone();
        text.extend(script::without_readonly(&env));
        self.write("env.sh", &text)?;
        self.current = PathBuf::from(std::ffi::OsString::from_vec(directory));
        Ok(())
    }

    /// Sets a variable for the commands that follow.
    pub(super) fn set(&self, name: &str, value: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).mode(self.mode()).open(self.env())?;
        file.write_all(&script::assignment(name, value))
    }

    /// Writes the script that tells the values of variables, and gives its path.
    pub(super) fn prepare_variables(&self, names: &[String]) -> io::Result<PathBuf> {
        self.tell(|files, out| script::print_variables(names, files, out))
    }

    /// Writes the script that expands a text, and gives its path.
    pub(super) fn prepare_expansion(&self, text: &str) -> io::Result<PathBuf> {
        self.tell(|files, out| script::print_expansion(text, &self.source, &self.bin(), files, out))
    }

    /// What such a script wrote; nothing if it did not come so far.
    pub(super) fn told(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.out()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    fn tell(&self, script: impl FnOnce(Files<'_>, &Path) -> Vec<u8>) -> io::Result<PathBuf> {
        let (out, env, new_env, new_directory) = (self.out(), self.env(), self.new_env(), self.new_directory());
        remove_if_there(&out)?;
        let files = Files { env: &env, new_env: &new_env, new_directory: &new_directory };
        self.write("script.sh", &script(files, &out))?;
        Ok(self.script())
    }

    /// The files hold the values of secrets.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(self.mode()).open(&path)?;
        file.write_all(bytes)?;
        if self.access == Access::Everyone {
            // Whatever the umask is, and whoever has written the file before.
            let _ = set_mode(&path, self.mode());
        }
        Ok(())
    }

    /// Gives the files to a user of this machine.
    pub(super) fn give_to(&self, user: u32) -> io::Result<()> {
        for path in [&self.directory, &self.env(), &self.script()] {
            std::os::unix::fs::chown(path, Some(user), None)?;
        }
        Ok(())
    }

    /// Removes the directory. One that a command has removed is as gone as it should be.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.outer) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What marks the processes of this session: the name of a variable, and a value that no other running build has.
    pub(super) fn mark(&self) -> (&'static str, Vec<u8>) {
        ("CODEBUILD_LOCAL_SESSION", self.outer.as_os_str().as_bytes().to_vec())
    }

    const fn mode(&self) -> u32 {
        match self.access {
            Access::Owner => 0o600,
            Access::Everyone => 0o666,
        }
    }

    fn bin(&self) -> PathBuf {
        self.directory.join("bin")
    }

    fn env(&self) -> PathBuf {
        self.directory.join("env.sh")
    }

    fn new_env(&self) -> PathBuf {
        self.directory.join("env.new")
    }

    fn new_directory(&self) -> PathBuf {
        self.directory.join("dir.new")
    }

    fn out(&self) -> PathBuf {
        self.directory.join("told")
    }

    fn script(&self) -> PathBuf {
        self.directory.join("script.sh")
    }
}

impl Drop for SessionFiles {
    fn drop(&mut self) {
        // Errors were reported by `close`; here nobody is left to tell.
        let _ = self.remove();
    }
}

/// The variables that a script of [`SessionFiles::prepare_variables`] told.
pub(super) fn told_variables(told: &[u8]) -> Vec<(String, String)> {
    let entries = told.split(|byte| *byte == 0).filter_map(|entry| {
        let text = String::from_utf8_lossy(entry);
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    entries.collect()
}

/// The text that a script of [`SessionFiles::prepare_expansion`] told.
pub(super) fn told_expansion(told: Option<Vec<u8>>, text: &str) -> io::Result<String> {
    let mut told = told.ok_or_else(|| {
        let message = format!("the shell cannot expand `{}`", text.escape_debug());
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    if told.last() == Some(&b'\n') {
        told.pop();
    }
    Ok(String::from_utf8_lossy(&told).into_owned())
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

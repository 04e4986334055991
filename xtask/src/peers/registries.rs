//! Registries for one measurement each: Debian's `docker-registry`, which keeps what it gets, and our own that discards it.
//! Both listen on 127.0.0.1 and end with their value, and so does what they stored.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use anyhow::Context as _;

/// A running registry.
pub(super) struct Registry {
    child: Child,
    /// Host and port.
    pub(super) host: String,
    storage: Option<PathBuf>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself; what cannot be removed lies where temporary files do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(storage) = &self.storage {
            let _ = fs::remove_dir_all(storage);
        }
    }
}

/// A directory of its own, in memory where the system has one such: disks differ more than programs do.
pub(super) fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let memory = Path::new("/dev/shm");
    let above = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let directory = above.join(format!("longshore-{name}-{}-{number}", std::process::id()));
    fs::create_dir(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

impl Registry {
    /// An empty `docker-registry`.
    pub(super) fn docker(program: &Path) -> anyhow::Result<Self> {
        let storage = scratch("registry")?;
        let config = storage.join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info, formatter: json, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"127.0.0.1:0\"}}\n",
            storage.join("storage").display()
        );
        fs::write(&config, text)?;
        let mut command = Command::new(program);
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let said = child.stderr.take().map(BufReader::new);
        let mut registry = Self { child, host: String::new(), storage: Some(storage) };
        let mut lines = said.context("docker-registry has no output")?.lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()));
        registry.host = address
            .context("docker-registry does not say where it listens")?
            .chars()
            .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
            .collect();
        // A full pipe would stop it.
        thread::spawn(move || lines.for_each(drop));
        Ok(registry)
    }

    /// Our own that keeps nothing.
    pub(super) fn discarding(program: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let out = child.stdout.take();
        let mut registry = Self { child, host: String::new(), storage: None };
        let mut url = String::new();
        BufReader::new(out.context("discard_registry has no output")?).read_line(&mut url)?;
        let host = url.trim_end().strip_prefix("http://");
        host.context("discard_registry does not say where it listens")?.clone_into(&mut registry.host);
        Ok(registry)
    }
}

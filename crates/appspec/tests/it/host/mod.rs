//! Deployments to a host: real files below a root of their own.

mod bundles;
mod coexistence;
mod defects;
mod hooks;
mod mounts;
mod oracle;
mod outcomes;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use appspec::host::{Bundle, Cancel, Deployment, Event, EventKind, Host, Options, Processes};
use appspec::plan::{MapAccounts, User};
use aws_call::{ManualClock, SequenceIds};
use tempfile::TempDir;

/// A place for roots and bundles; in memory if there is such a place, because deployments flush what they write.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A host of its own, with the accounts `web` and `www`, and a clock that stands still.
pub(crate) struct Site {
    directory: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) host: Host,
    pub(crate) options: Options,
    pub(crate) events: Arc<Mutex<Vec<EventKind>>>,
    pub(crate) cancel: Cancel,
}

impl Site {
    pub(crate) fn new() -> Self {
        let directory = scratch();
        fs::create_dir(directory.path().join("root")).unwrap();
        let clock = ManualClock::at_epoch_secs(1_700_000_000);
        let (uid, gid) = Self::web();
        let accounts = MapAccounts::new().with_user("web", User::new(uid, gid)).with_group("www", gid);
        let host = Host::new(directory.path().join("root"), Arc::new(clock.clone()), Arc::new(SequenceIds::new(1)))
            .with_accounts(Arc::new(accounts))
            .with_runner(Arc::new(Processes::new().with_grace(std::time::Duration::from_millis(200))));
        let (options, events, cancel) = (Options::default(), Arc::default(), Cancel::new());
        Self { directory, clock, host, options, events, cancel }
    }

    /// The ids of the account `web` and the group `www`: such as this process may give files to.
    pub(crate) fn web() -> (u32, u32) {
        if is_root() {
            return (12_345, 12_346);
        }
        (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
    }

    pub(crate) fn root(&self, path: &str) -> PathBuf {
        self.directory.path().join("root").join(path)
    }

    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Writes a file of the host.
    pub(crate) fn write(&self, path: &str, content: &str) {
        write(&self.root(path), content);
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root(path)).unwrap_or_else(|error| format!("<{error}>"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root(path).symlink_metadata().is_ok()
    }

    /// Makes a bundle: the rest of an AppSpec, and files. Those that begin with `#!` are executable.
    pub(crate) fn bundle(&self, name: &str, rest: &str, files: &[(&str, &str)]) -> PathBuf {
        let bundle = self.place(name);
        write(&bundle.join("appspec.yml"), &format!("version: 0.0\nos: linux\n{rest}"));
        for (path, content) in files {
            write(&bundle.join(path), content);
            if content.starts_with("#!") {
                fs::set_permissions(bundle.join(path), fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        bundle
    }

    pub(crate) fn deploy(&self, bundle: &Path) -> Deployment {
        self.deploy_watching(bundle, &mut |_| {})
    }

    pub(crate) fn deploy_watching(&self, bundle: &Path, watch: &mut dyn FnMut(&EventKind)) -> Deployment {
        let bundle = Bundle::detect(bundle).unwrap();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut tell = |event: Event| {
            watch(&event.kind);
            self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.kind);
        };
        self.host.install(&bundle, &self.options, &self.cancel, &mut tell).unwrap()
    }

    /// The lines that scripts of the last deployment wrote.
    pub(crate) fn output(&self) -> Vec<String> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |event: &EventKind| match event {
            EventKind::Output { line, .. } => Some(line.clone()),
            _ => None,
        };
        events.iter().filter_map(line).collect()
    }

    /// Everything on the host but the agent's own directory: path, mode and content.
    pub(crate) fn tree(&self) -> Vec<(String, u32, String)> {
        let root = self.root("");
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                let (path, metadata) = (entry.path(), entry.metadata().unwrap());
                if path == root.join("opt") {
                    continue;
                }
                let content = if metadata.is_symlink() {
                    fs::read_link(&path).unwrap().display().to_string()
                } else if metadata.is_dir() {
                    open.push(path.clone());
                    String::new()
                } else {
                    fs::read_to_string(&path).unwrap()
                };
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                found.push((name, metadata.permissions().mode(), content));
            }
        }
        found.sort();
        found
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        self.root(path).symlink_metadata().unwrap().permissions().mode() & 0o7777
    }

    /// A file of the agent's instructions.
    pub(crate) fn instruction(&self, name: &str) -> String {
        let directory = "opt/codedeploy-agent/deployment-root/deployment-instructions";
        self.read(&format!("{directory}/default-local-deployment-group{name}"))
    }
}

pub(crate) fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) const WEB: &str = "files:\n  - source: web\n    destination: /srv/web\n";

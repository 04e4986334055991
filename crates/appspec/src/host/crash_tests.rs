//! Stops and fails an installation at every single change it makes, and looks at what is left.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_call::{ManualClock, SequenceIds};
use tempfile::TempDir;

use super::tree::Watch;
use super::{Bundle, Cancel, Deployment, Error, Host, Options};

/// What a path is: kind, mode, owner, group, links, content, and when it was modified.
type Tree = BTreeMap<String, (u32, u32, u32, u64, Vec<u8>, Option<(i64, i64)>)>;

/// Everything below the root but the agent's own directory.
fn tree(root: &Path, with_times: bool) -> Tree {
    let mut found = Tree::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path == root.join("opt") {
                continue;
            }
            let metadata = entry.metadata().unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(&path).unwrap().to_string_lossy().as_bytes().to_vec()
            } else if metadata.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            let timed = with_times || metadata.is_file();
            let time = timed.then(|| (metadata.mtime(), metadata.mtime_nsec()));
            let links = if metadata.is_dir() { 0 } else { metadata.nlink() };
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            found.insert(name, (metadata.mode(), metadata.uid(), metadata.gid(), links, content, time));
        }
    }
    found
}

fn write(path: &Path, content: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Both bundles have what the other has not, and paths that change their kind.
fn bundles(directory: &Path) {
    let (old, new) = (directory.join("old"), directory.join("new"));
    let files = "files:\n  - source: app\n    destination: /srv/shop\n  - source: conf\n    destination: /etc/shop\n";
    let rest = "permissions:\n  - object: /srv/shop\n    pattern: run\n    mode: 750\n    type: [file]\n";
    let head = "version: 0.0\nos: linux\n";
    write(&old.join("appspec.yml"), &format!("{head}{files}"), 0o644);
    write(&new.join("appspec.yml"), &format!("{head}file_exists_behavior: OVERWRITE\n{files}{rest}"), 0o644);
    for (bundle, name) in [(&old, "old"), (&new, "new")] {
        write(&bundle.join("app/run"), name, 0o755);
        write(&bundle.join("app/lib/same.txt"), name, 0o640);
        write(&bundle.join("conf/shop.conf"), name, 0o600);
        symlink(name, bundle.join("app/link")).unwrap();
    }
    write(&old.join("app/gone/deep/x"), "x", 0o644);
    write(&old.join("app/turns/inner"), "was a directory", 0o644);
    write(&old.join("app/becomes"), "was a file", 0o644);
    write(&new.join("app/turns"), "is a file", 0o644);
    write(&new.join("app/becomes/inner"), "in a directory", 0o644);
    write(&new.join("app/fresh/a/b"), "b", 0o644);
    fs::set_permissions(new.join("app/lib"), fs::Permissions::from_mode(0o711)).unwrap();
}

struct Scene {
    directory: TempDir,
}

impl Scene {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        bundles(directory.path());
        Self { directory }
    }

    /// A root with the old application and a file that is nobody's.
    fn root(&self, name: &str) -> std::path::PathBuf {
        let root = self.directory.path().join(name);
        fs::create_dir_all(root.join("srv/shop")).unwrap();
        write(&root.join("srv/shop/foreign"), "foreign", 0o604);
        deploy(&root, &self.directory.path().join("old"), "d-1", None).unwrap();
        write(&root.join("srv/shop/fresh-log"), "written by the application", 0o644);
        fs::set_permissions(root.join("srv/shop/lib"), fs::Permissions::from_mode(0o2775)).unwrap();
        let time = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(86_400, 7));
        for path in ["srv/shop/lib", "srv/shop/foreign", "srv/shop/fresh-log", "srv/shop"] {
            fs::File::open(root.join(path)).unwrap().set_times(time).unwrap();
        }
        root
    }

    fn new_bundle(&self) -> std::path::PathBuf {
        self.directory.path().join("new")
    }
}

fn host(root: &Path, watch: Option<Watch>) -> Host {
    let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    Host { watch, ..Host::new(root, clock, Arc::new(SequenceIds::new(1))) }
}

fn deploy(root: &Path, bundle: &Path, id: &str, watch: Option<Watch>) -> Result<Deployment, Error> {
    let options = Options::default().with_deployment_id(id);
    host(root, watch).install(&Bundle::detect(bundle).unwrap(), &options, &Cancel::new(), &mut |_| {})
}

/// Fails change number `at`; if `ever`, all that follow as well, as if the process had been killed there.
fn failing(at: usize, ever: bool) -> (Watch, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let watch = move |_: &'static str, _: &str| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        if number == at || (ever && number > at) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    };
    (Arc::new(watch), count)
}

/// What the two applications look like, and how many changes lead from one to the other.
fn measured(scene: &Scene) -> (Tree, usize) {
    let root = scene.root("measured");
    let (watch, count) = failing(usize::MAX, false);
    assert!(deploy(&root, &scene.new_bundle(), "d-2", Some(watch)).unwrap().is_success());
    (tree(&root, false), count.load(Ordering::Relaxed))
}

fn is_old_or_new(root: &Path, old: &Tree, new: &Tree, what: &str) -> bool {
    let (with_times, without) = (tree(root, true), tree(root, false));
    if without == *new {
        return true;
    }
    if with_times != *old {
        for (path, is) in &with_times {
            assert_eq!(Some(is), old.get(path), "{what}: {path}");
        }
        assert_eq!(with_times.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>(), "{what}");
    }
    false
}

#[test]
fn stopped_at_every_change() {
    let scene = Scene::new();
    let (new, changes) = measured(&scene);
    assert!(changes > 80, "{changes}");
    let mut finished = 0;
    for at in 0..changes {
        let root = scene.root(&format!("stopped-{at}"));
        let old = tree(&root, true);
        let (watch, _) = failing(at, true);
        // What it says does not matter: nobody hears a process that has been killed.
        let _ = deploy(&root, &scene.new_bundle(), "d-2", Some(watch));
        host(&root, None).recover(&Options::default()).unwrap();
        finished += usize::from(is_old_or_new(&root, &old, &new, &format!("stopped at {at}")));
        let again = deploy(&root, &scene.new_bundle(), "d-3", None).unwrap();
        assert!(again.is_success(), "stopped at {at}: {again:?}");
        assert_eq!(tree(&root, false), new, "stopped at {at}, deployed again");
        fs::remove_dir_all(root).unwrap();
    }
    assert!(finished > 0 && finished < changes / 2, "{finished} of {changes}");
}

#[test]
fn failed_at_every_change() {
    let scene = Scene::new();
    let (new, changes) = measured(&scene);
    for at in 0..changes {
        let root = scene.root(&format!("failed-{at}"));
        let old = tree(&root, true);
        let (watch, _) = failing(at, false);
        let succeeded = deploy(&root, &scene.new_bundle(), "d-2", Some(watch)).is_ok_and(|ended| ended.is_success());
        let is_new = is_old_or_new(&root, &old, &new, &format!("failed at {at}"));
        // A success is one. What fails after the commit is tidied up later.
        assert_eq!(succeeded, is_new, "failed at {at}");
        fs::remove_dir_all(root).unwrap();
    }
}

#[test]
fn stopped_again_while_it_recovers() {
    let scene = Scene::new();
    let (new, changes) = measured(&scene);
    for at in (changes / 3..changes).step_by(3) {
        for again in (0..changes).step_by(7) {
            let root = scene.root(&format!("twice-{at}-{again}"));
            let old = tree(&root, true);
            let _ = deploy(&root, &scene.new_bundle(), "d-2", Some(failing(at, true).0));
            let _ = host(&root, Some(failing(again, true).0)).recover(&Options::default());
            host(&root, None).recover(&Options::default()).unwrap();
            is_old_or_new(&root, &old, &new, &format!("stopped at {at} and {again}"));
            fs::remove_dir_all(root).unwrap();
        }
    }
}

/// Somebody who may write below the root swaps a directory for a link, at every moment.
#[test]
fn a_directory_that_becomes_a_link_leads_nowhere() {
    let scene = Scene::new();
    let (_, changes) = measured(&scene);
    for at in 0..changes {
        let root = scene.root(&format!("swapped-{at}"));
        let outside = scene.directory.path().join(format!("outside-{at}"));
        fs::create_dir_all(outside.join("lib")).unwrap();
        write(&outside.join("run"), "precious", 0o600);
        let before = tree(&outside, true);
        let (count, shop, link) = (AtomicUsize::new(0), root.join("srv/shop"), outside.clone());
        let watch = move |_: &'static str, _: &str| {
            if count.fetch_add(1, Ordering::Relaxed) == at {
                fs::rename(&shop, shop.with_file_name("aside"))?;
                symlink(&link, &shop)?;
            }
            Ok(())
        };
        // Whether it fails depends on the moment; nothing outside may change in any case.
        let _ = deploy(&root, &scene.new_bundle(), "d-2", Some(Arc::new(watch)));
        let _ = host(&root, None).recover(&Options::default());
        assert_eq!(tree(&outside, true), before, "swapped at {at}");
        fs::remove_dir_all(root).unwrap();
    }
}

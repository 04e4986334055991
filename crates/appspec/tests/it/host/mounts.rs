//! File systems that are full, read-only, or not the one that the deployment root is on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use appspec::host::Outcome;

use super::{Site, WEB, is_root};

/// A small file system in memory, gone when dropped.
struct Mount(PathBuf);

impl Mount {
    /// `None`, with a reason, where this cannot be tried.
    #[allow(clippy::print_stdout, reason = "what is skipped is said")]
    fn new(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        if !is_root() {
            println!("not looked at: only root mounts file systems");
            return None;
        }
        let mounted = run("mount", &["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"], at);
        if !mounted {
            println!("not looked at: this machine lets nobody mount anything");
        }
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &[], &self.0);
    }
}

fn run(program: &str, arguments: &[&str], last: &Path) -> bool {
    Command::new(program).args(arguments).arg(last).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_file_system_keeps_the_old_application() {
    let site = Site::new();
    let Some(_mount) = Mount::new(&site.root("srv"), "128k") else { return };
    assert!(site.deploy(&site.bundle("old", WEB, &[("web/index.html", "old"), ("web/a", "a")])).is_success());
    let tree = site.tree();
    let large = "x".repeat(300_000);
    let ended = site.deploy(&site.bundle("large", WEB, &[("web/index.html", "new"), ("web/b", &large)]));
    assert_eq!(ended.outcome, Outcome::Failed);
    let message = ended.failure.unwrap().message;
    assert!(message.contains("the file system is full, make room"), "{message}");
    assert_eq!(site.tree(), tree);
    assert!(site.deploy(&site.bundle("small", WEB, &[("web/index.html", "new")])).is_success());
    assert_eq!(site.read("srv/web/index.html"), "new");
}

#[test]
fn another_file_system_is_reached_and_left_clean() {
    let site = Site::new();
    let Some(_mount) = Mount::new(&site.root("srv"), "1m") else { return };
    let rest = format!("{WEB}  - source: conf\n    destination: /etc/shop\n");
    let files = |content| [("web/index.html", content), ("web/deep/er/x", content), ("conf/shop.conf", content)];
    assert!(site.deploy(&site.bundle("old", &rest, &files("old"))).is_success());
    let tree = site.tree();
    let failing = format!("{rest}hooks:\n  AfterInstall:\n    - location: no\n");
    let mut with_script = files("new").to_vec();
    with_script.push(("no", "exit 1\n"));
    assert!(!site.deploy(&site.bundle("failing", &failing, &with_script)).is_success());
    assert_eq!(site.tree(), tree);
    assert!(site.deploy(&site.bundle("new", &rest, &files("new"))).is_success());
    assert_eq!(site.read("srv/web/deep/er/x"), "new");
    let names: Vec<_> = fs::read_dir(site.root("srv")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["web"]);
}

#[test]
fn a_read_only_file_system_is_told() {
    let site = Site::new();
    let Some(_mount) = Mount::new(&site.root("srv"), "1m") else { return };
    assert!(site.deploy(&site.bundle("old", WEB, &[("web/index.html", "old")])).is_success());
    let tree = site.tree();
    assert!(run("mount", &["-o", "remount,ro"], &site.root("srv")));
    let ended = site.deploy(&site.bundle("new", WEB, &[("web/index.html", "new")]));
    let message = ended.failure.unwrap().message;
    assert!(message.contains("read-only"), "{message}");
    assert_eq!(site.tree(), tree);
}

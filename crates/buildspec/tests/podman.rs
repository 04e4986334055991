//! Builds in containers of a real podman: an image of nothing but a static busybox, no network, a storage of its own.
//!
//! Runs when it is named (`cargo test -p buildspec --features local --test podman`). Without podman, or without a static
//! busybox, it says so and proves nothing.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, or says why it does not begin"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws_call::{ManualClock, SequenceIds};
use buildspec::BuildStatus;
use buildspec::run::{BuildResult, Cancel, Container, Engine, Event, EventKind, MapSecrets, Request, Runner};
use spec_report::Source;
use tempfile::TempDir;

const PROGRAMS: [&str; 14] =
    ["awk", "cat", "env", "find", "grep", "id", "ls", "ps", "sed", "sh", "sha256sum", "sleep", "sort", "touch"];

/// A podman with a storage that goes with the directory, and an image in it.
struct Lab {
    directory: TempDir,
    engine: Engine,
}

struct Ran {
    result: BuildResult,
    events: Vec<Event>,
}

fn program(name: &str) -> Option<PathBuf> {
    ["/usr/local/bin", "/usr/bin", "/bin"].iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file())
}

impl Lab {
    fn new() -> Option<Self> {
        let (Some(podman), Some(busybox)) = (program("podman"), program("busybox")) else {
            eprintln!("not tested: podman or busybox is not on this machine (Debian: podman busybox-static)");
            return None;
        };
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["source", "root/bin", "root/etc", "root/tmp"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        fs::write(path("root/etc/passwd"), "root:x:0:0::/:/bin/sh\nbuilder:x:1000:1000::/:/bin/sh\n").unwrap();
        fs::copy(&busybox, path("root/bin/busybox")).unwrap();
        PROGRAMS.iter().for_each(|name| symlink("busybox", path("root/bin").join(name)).unwrap());
        let tar = fs::File::create(path("image.tar")).unwrap();
        let mut tar = tar::Builder::new(tar);
        tar.follow_symlinks(false);
        tar.append_dir_all(".", path("root")).unwrap();
        tar.into_inner().unwrap();
        // Some runtimes know no machine with both versions of cgroups, such as small virtual ones: out of their sight, the
        // second one does not trouble them.
        let script = format!(
            "#!/bin/sh\nset -- {podman} --storage-driver vfs --root {root} --runroot {runroot} --cgroup-manager cgroupfs \"$@\"\n\
             if test \"$(id -u)\" = 0 && test -d /sys/fs/cgroup/unified; then\n\
             exec unshare --mount sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"' sh \"$@\"\nfi\nexec \"$@\"\n",
            podman = podman.display(),
            root = path("storage").display(),
            runroot = path("runs").display(),
        );
        fs::write(path("podman"), script).unwrap();
        fs::set_permissions(path("podman"), fs::Permissions::from_mode(0o755)).unwrap();
        let imported = Command::new(path("podman"))
            .args(["import", "--change", "ENV PATH=/bin", "--change", "ENV FROM_IMAGE=yes", "--change", "USER 1000"])
            .arg(path("image.tar"))
            .arg("localhost/shop:1")
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        let limits = ["--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];
        let engine = Engine::new(path("podman")).with_run_arguments(limits);
        Some(Self { directory, engine })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn podman(&self, arguments: &[&str]) -> String {
        let output = Command::new(self.path("podman")).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn run(&self, text: &str, image: &str, change: impl FnOnce(Request<'_>) -> Request<'_>) -> Ran {
        self.run_until(text, image, change, |_, _| {})
    }

    fn run_until(
        &self,
        text: &str,
        image: &str,
        change: impl FnOnce(Request<'_>) -> Request<'_>,
        mut watch: impl FnMut(&Event, &Cancel),
    ) -> Ran {
        let parsed = buildspec::read(Source::new("buildspec.yml", text));
        assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
        let spec = parsed.value.unwrap();
        let container = Container::new(self.engine.clone(), image, self.path("scratch"));
        let container = container.with_grace(Duration::from_millis(500));
        let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
        let runner = Runner::new(Arc::new(container), clock, Arc::new(SequenceIds::new(1)));
        let request = change(Request::new(&spec, self.path("source"), self.path("artifacts"), "shop"));
        let (cancel, mut events) = (Cancel::new(), Vec::new());
        let result = runner
            .run(&request, &cancel, &mut |event| {
                watch(&event, &cancel);
                events.push(event);
            })
            .unwrap();
        assert_eq!(self.podman(&["ps", "--all", "--quiet"]), "", "a container is left");
        assert_eq!(fs::read_dir(self.path("scratch")).unwrap().count(), 0, "files of the build are left");
        Ran { result, events }
    }
}

impl Ran {
    fn output(&self) -> Vec<&str> {
        let lines = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Output { line, .. } => Some(line.as_str()),
            _ => None,
        });
        lines.collect()
    }
}

#[test]
fn a_build() {
    let Some(lab) = Lab::new() else { return };
    fs::write(lab.path("source/lock"), "1").unwrap();
    let text = r#"version: 0.2
env:
  variables: {V: "it's $HOME"}
  parameter-store: {TOKEN: /shop/token}
  exported-variables: [TAG]
phases:
  install:
    commands:
      - test "$(id -u)" = 0 && test "$FROM_IMAGE" = yes && test "$V" = "it's \$HOME"
      - unset FROM_IMAGE; mkdir -p sub; cd sub; TAG=1
  pre_build:
    run-as: builder
    commands: ['id -un; TAG=$TAG$(test -w .. || echo ro)']
  build:
    commands:
      - echo ${FROM_IMAGE-gone} $TAG ${PWD##*/}
      - echo $TOKEN; cat /proc/*/cmdline > ../cmdlines
      - echo $CODEBUILD_BUILD_IMAGE
      - cp=/bin/busybox; $cp cp /bin/busybox ../app
      - test -n "$(codebuild-hash-files lock)" && test -z "$(ls /work 2>/dev/null)"
artifacts:
  files: app
  name: app-$TAG
"#;
    let secrets = MapSecrets::new().with_parameter("/shop/token", "token-4711");
    let ran = lab.run(text, "localhost/none:1", |request| {
        request
            .with_secrets(Arc::new(secrets))
            .with_image("localhost/shop:1")
            .with_packaging(buildspec::run::Packaging::None, true)
    });
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}\n{:?}", ran.result.first_failure, ran.output());
    assert_eq!(ran.output(), ["builder", "gone 1ro sub", "***", "localhost/shop:1"]);
    assert_eq!(ran.result.artifacts[0].name.as_deref(), Some("app-1ro"));
    assert_eq!(ran.result.exported_variables[0].value, "1ro");
    let commands = fs::read(lab.path("source/cmdlines")).unwrap();
    assert!(!String::from_utf8_lossy(&commands).contains("token-4711"), "a secret is among the arguments of a process");
}

#[test]
fn failures() {
    let Some(lab) = Lab::new() else { return };
    let build = |command: &str| format!("version: 0.2\nphases:\n  build:\n    commands: ['{command}']\n");
    let ran = lab.run(&build("exit 3"), "localhost/shop:1", |request| request);
    assert_eq!(ran.result.first_failure.as_deref(), Some("BUILD: `exit 3` failed with exit status 3"));
    let ran = lab.run(&build("true"), "localhost/none:1", |request| request);
    assert_eq!(ran.result.status, BuildStatus::Fault);
    let why = ran.result.first_failure.unwrap();
    assert!(why.contains("localhost/none:1"), "{why}");
    let text = build("true").replace("build:", "build:\n    run-as: nobody-at-all");
    assert_eq!(lab.run(&text, "localhost/shop:1", |request| request).result.status, BuildStatus::Failed);
}

/// Giving up ends everything in the container, and the container.
#[test]
fn cancelled() {
    let Some(lab) = Lab::new() else { return };
    let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - 'sleep 3333 & echo ready; sleep 3334'\n      - echo unreached\n";
    let ran = lab.run_until(
        text,
        "localhost/shop:1",
        |request| request,
        |event, cancel| {
            if matches!(&event.kind, EventKind::Output { line, .. } if line == "ready") {
                cancel.cancel();
            }
        },
    );
    assert_eq!(ran.result.status, BuildStatus::Stopped);
    assert_eq!(ran.output(), ["ready"]);
    for entry in fs::read_dir("/proc").unwrap() {
        let line = fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        assert!(!line.contains("sleep 333"), "{line} is left");
    }
}

//! What is built here without Docker is an image to others: skopeo inspects it and podman runs it, out of a registry.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use ecr_push::{ImageBuilder, Layer, Platform, PushOptions, PushRequest};

use crate::{DockerRegistry, push, skopeo, target};

/// Some runtimes know no machine with both versions of cgroups, such as small virtual ones: out of their sight, the second
/// one does not trouble them.
const ALONE: &str = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"";

/// Runs podman with a store of its own; what it prints.
fn podman(store: &Path, arguments: &[&str]) -> String {
    let mut command = if Path::new("/sys/fs/cgroup/unified").is_dir() {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", ALONE, "sh", "podman"]);
        command
    } else {
        Command::new("podman")
    };
    command.arg("--root").arg(store.join("root")).arg("--runroot").arg(store.join("run"));
    command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]).args(arguments).stdin(Stdio::null());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("`podman` cannot be started: {error}; install Debian's package of that name"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "podman {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn what_we_build_skopeo_inspects_and_podman_runs() {
    let busybox = Path::new("/bin/busybox");
    assert!(busybox.is_file(), "/bin/busybox is missing; install Debian's package `busybox-static`");
    let programs = Layer::new().file_from("bin/busybox", busybox, Some(0o755)).unwrap().symlink("bin/sh", "busybox");
    let greeting = Layer::new().file("srv/greeting", "hello from here\n", 0o644);
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let image = ImageBuilder::new(Platform::linux(architecture))
        .layer(programs)
        .layer(greeting)
        .env("PATH", "/bin")
        .env("WHO", "shop")
        .label("team", "shop")
        .working_dir("/srv")
        .user("1000")
        .entrypoint(["/bin/sh", "-c"])
        .cmd(["busybox cat greeting; busybox echo $WHO; busybox id -u"])
        .build()
        .unwrap();
    let registry = DockerRegistry::start();
    let request = PushRequest::to(&target(&registry.host, "built:1"));
    let report = push(&image, &request, &PushOptions::default()).await.unwrap();
    let name = format!("docker://{}", report.uri);
    let inspected = skopeo(&["inspect", "--tls-verify=false", &name]).await;
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected["Digest"], image.digest().to_string());
    assert_eq!((&inspected["Labels"]["team"], &inspected["Architecture"]), (&"shop".into(), &architecture.into()));
    assert_eq!(inspected["Layers"].as_array().unwrap().len(), 2);

    let store = registry.dir.path().join("podman");
    let limits = ["--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"];
    let ran = tokio::task::spawn_blocking(move || {
        let arguments = [&["run", "--rm", "--tls-verify=false"][..], &limits, &[name.as_str()]].concat();
        podman(&store, &arguments)
    });
    assert_eq!(ran.await.unwrap(), "hello from here\nshop\n1000\n");
}

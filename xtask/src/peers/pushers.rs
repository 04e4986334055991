//! The programs that push: ours, skopeo and crane, and how each is told to push a layout or an archive.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde_json::Value as Json;

use super::found;
use crate::{
    served,
    watch::{self, Spent},
    workspace::{Workspace, output},
};

/// What is built when it is nowhere to be found and Go is there.
const CRANE: &str = "github.com/google/go-containerregistry/cmd/crane@v0.22.1";
/// Where it is then put.
const BUILT: &str = "target/peers/bin";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Ours,
    Skopeo,
    Crane,
}

impl Tool {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "push_image",
            Self::Skopeo => "skopeo",
            Self::Crane => "crane",
        }
    }
}

/// The image to push.
pub(super) struct Material {
    /// An OCI layout with the tags `1.0` (an index) and `1.0-amd64`.
    pub(super) layout: PathBuf,
    /// The image `1.0-amd64` as `docker save` writes it; without skopeo there is none.
    pub(super) archive: Option<PathBuf>,
    /// Bytes of everything in the layout.
    pub(super) bytes: u64,
    /// Bytes of the image `1.0-amd64` and of its largest layer.
    pub(super) image_bytes: u64,
    pub(super) largest: u64,
    /// Digests of the index and of the image.
    pub(super) index: String,
    pub(super) image: String,
}

/// Where the programs are, or why they are not there.
pub(super) struct Programs {
    pub(super) ours: PathBuf,
    pub(super) copy: PathBuf,
    pub(super) big_image: PathBuf,
    pub(super) discard: PathBuf,
    pub(super) docker_registry: PathBuf,
    skopeo: Result<PathBuf, String>,
    crane: Result<PathBuf, String>,
}

impl Programs {
    /// Compiles ours and looks for the others.
    pub(super) fn find(workspace: &Workspace, release: bool) -> anyhow::Result<Self> {
        let profile: &[&str] = if release { &["--release"] } else { &[] };
        let wanted = ["--package", "examples", "--example", "push_image", "--example", "copy_image"];
        let bins = ["--package", "benches", "--bin", "big_image", "--bin", "discard_registry"];
        let mut command = workspace.cargo(["build", "--quiet", "--message-format", "json"].iter().chain(profile));
        command.args(wanted).args(bins).stderr(Stdio::inherit());
        let messages = output(&mut command)?;
        let messages: Vec<Json> = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let program = |name: &str| {
            let mine = |message: &&Json| message["target"]["name"] == name && message["executable"].is_string();
            let path = messages.iter().find(mine).and_then(|message| message["executable"].as_str());
            path.map(PathBuf::from).with_context(|| format!("cargo does not say where {name} is"))
        };
        let docker_registry = found(workspace, &[], "docker-registry");
        Ok(Self {
            ours: program("push_image")?,
            copy: program("copy_image")?,
            big_image: program("big_image")?,
            discard: program("discard_registry")?,
            docker_registry: docker_registry.context("install Debian's package `docker-registry`")?,
            skopeo: found(workspace, &[], "skopeo").ok_or_else(|| "install Debian's package `skopeo`".to_owned()),
            crane: crane(workspace),
        })
    }

    /// Where a program is, or why it is missing.
    pub(super) fn path(&self, tool: Tool) -> Result<&Path, &str> {
        match tool {
            Tool::Ours => Ok(&self.ours),
            Tool::Skopeo => self.skopeo.as_deref().map_err(String::as_str),
            Tool::Crane => self.crane.as_deref().map_err(String::as_str),
        }
    }

    /// The program with the feature `aws`, as the tests compile it: what it needs of memory, optimisation does not add to.
    pub(super) fn with_sdk(workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let mut programs = served::compiled(workspace, &["push_image"], &[])?;
        programs.pop().context("cargo gives no program")
    }

    /// Runs a push of the layout. Crane cannot choose one of several images, so it pushes the index.
    pub(super) fn push_layout(&self, tool: Tool, material: &Material, host: &str) -> anyhow::Result<Spent> {
        let layout = material.layout.display();
        let mut command = self.command(tool)?;
        match tool {
            Tool::Ours => command.arg(&material.layout).arg(format!("{host}/app:1.0-amd64")).args([
                "--select",
                "1.0-amd64",
                "--verify",
                "server",
                "--json",
            ]),
            Tool::Skopeo => command
                .args(SKOPEO_COPY)
                .args([format!("oci:{layout}:1.0-amd64"), format!("docker://{host}/app:1.0-amd64")]),
            Tool::Crane => {
                command.args(["--insecure", "push", "--index"]).arg(&material.layout).arg(format!("{host}/app:1.0"))
            }
        };
        in_memory(&material.layout)?;
        watch::run(&mut command)
    }

    /// Runs a push of the archive, as on a machine that has never pushed before: `home` is empty.
    pub(super) fn push_archive(&self, tool: Tool, archive: &Path, host: &str, home: &Path) -> anyhow::Result<Spent> {
        let target = format!("{host}/app:1.0-amd64");
        let mut command = self.command(tool)?;
        // Where skopeo remembers what it pushed: as root that would be a place that all of the machine shares.
        command.env("XDG_DATA_HOME", home).env("_CONTAINERS_ROOTLESS_UID", "1000").env("HOME", home);
        match tool {
            Tool::Ours => command.arg(archive).arg(target).args(["--verify", "server", "--json"]),
            Tool::Skopeo => command
                .args(SKOPEO_COPY)
                .args([format!("docker-archive:{}", archive.display()), format!("docker://{target}")]),
            Tool::Crane => command.args(["--insecure", "push"]).arg(archive).arg(target),
        };
        in_memory(archive)?;
        watch::run(&mut command)
    }

    pub(super) fn command(&self, tool: Tool) -> anyhow::Result<Command> {
        let mut command =
            Command::new(self.path(tool).map_err(|why| anyhow::anyhow!("{} is missing: {why}", tool.name()))?);
        // The bars of ours are for terminals; no program may ask a proxy for what is on this machine.
        command.env("NO_PROXY", "127.0.0.1");
        Ok(command)
    }
}

/// Reads what is to be pushed, so that the system holds it in memory for each program alike: machines that lend their memory
/// forget files within seconds.
fn in_memory(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
            in_memory(&entry?.path())?;
        }
        return Ok(());
    }
    let mut file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    std::io::copy(&mut file, &mut std::io::sink())?;
    Ok(())
}

pub(super) const SKOPEO_COPY: [&str; 5] =
    ["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false"];

fn crane(workspace: &Workspace) -> Result<PathBuf, String> {
    if let Some(found) = found(workspace, &[BUILT], "crane") {
        return Ok(found);
    }
    let go = found(workspace, &[], "go").ok_or("it is not on PATH, and there is no Go to build it with")?;
    let mut command = Command::new(go);
    command.args(["install", CRANE]).env("GOBIN", workspace.path(BUILT)).current_dir(std::env::temp_dir());
    output(&mut command).map_err(|error| format!("{error:#}"))?;
    found(workspace, &[BUILT], "crane").ok_or_else(|| "Go built it somewhere else".to_owned())
}

impl Material {
    /// Makes the image, unless an earlier run has.
    pub(super) fn make(workspace: &Workspace, programs: &Programs, mebibytes: u32) -> anyhow::Result<Self> {
        let layout = workspace.path(format!("target/peers/image-{mebibytes}"));
        // The last file that is written.
        if !layout.join("oci-layout").is_file() {
            output(Command::new(&programs.big_image).arg(&layout).arg(mebibytes.to_string()))?;
        }
        let archive = layout.with_extension("tar");
        if !archive.is_file() && programs.path(Tool::Skopeo).is_ok() {
            let partial = layout.with_extension("partial");
            let target = format!("docker-archive:{}:example/app:1.0", partial.display());
            let mut command = programs.command(Tool::Skopeo)?;
            output(command.args(SKOPEO_COPY).arg(format!("oci:{}:1.0-amd64", layout.display())).arg(target))?;
            std::fs::rename(&partial, &archive)?;
        }
        let blob = |digest: &str| layout.join("blobs/sha256").join(digest.trim_start_matches("sha256:"));
        let json = |path: PathBuf| -> anyhow::Result<Json> { Ok(serde_json::from_slice(&std::fs::read(path)?)?) };
        let index = json(layout.join("index.json"))?;
        let entries = index["manifests"].as_array().context("the layout has no images")?;
        let tagged = |tag: &str| {
            let mine = entries.iter().find(|entry| entry["annotations"]["org.opencontainers.image.ref.name"] == tag);
            let digest = mine.and_then(|entry| entry["digest"].as_str()).map(str::to_owned);
            digest.with_context(|| format!("the layout has no image {tag}"))
        };
        let (index, image) = (tagged("1.0")?, tagged("1.0-amd64")?);
        let manifest = json(blob(&image))?;
        let sizes: Vec<u64> =
            manifest["layers"].as_array().into_iter().flatten().filter_map(|layer| layer["size"].as_u64()).collect();
        let bytes = std::fs::read_dir(layout.join("blobs/sha256"))?
            .map(|entry| Ok(entry?.metadata()?.len()))
            .sum::<std::io::Result<u64>>()?;
        Ok(Self {
            archive: archive.is_file().then_some(archive),
            bytes,
            image_bytes: sizes.iter().sum(),
            largest: sizes.into_iter().max().unwrap_or_default(),
            index,
            image,
            layout,
        })
    }
}

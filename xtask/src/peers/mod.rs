//! `cargo xtask peers <service>`: what other people's programs do beside what ours does, in the same run on this machine.

pub(crate) mod ecr;
pub(crate) mod ecs;
mod pushers;
mod registries;

use std::path::PathBuf;

use crate::{Arguments, workspace::Workspace};

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [service] = arguments.values()?;
    match service {
        "ecr" => ecr::check(workspace, arguments.has("small")),
        "ecs" => ecs::check(workspace),
        other => anyhow::bail!("there are peers for `ecr` and `ecs`, not for `{other}`"),
    }
}

/// A program in these directories of the workspace, or else on PATH.
fn found(workspace: &Workspace, own: &[&str], name: &str) -> Option<PathBuf> {
    let own = own.iter().map(|directory| workspace.path(directory).join(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> =
        own.chain(std::env::split_paths(&path).map(|directory| directory.join(name))).collect();
    candidates.into_iter().find(|candidate| candidate.is_file())
}

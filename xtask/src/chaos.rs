//! `cargo xtask chaos <crate> [--rounds N]`: runs the programs that break and kill what a crate promises to survive.
//!
//! They are test targets without a harness, because what is killed must be a process of its own, and none of those that run
//! when nobody names one.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::{
    Arguments,
    workspace::{Workspace, show},
};

/// Name, package, the features that its target `chaos` needs, and how many rounds are usual.
const PROGRAMS: &[(&str, &str, &str, u32)] = &[("ecr", "ecr-push", "https,local,serve", 100)];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [name] = arguments.values()?;
    let rounds = arguments.option("rounds").map(|rounds| rounds.parse::<u32>().context("--rounds takes a number"));
    let rounds = rounds.transpose()?;
    let mut command = command(workspace, name, rounds)?;
    let shown = show(&command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run `{shown}`"))?;
    anyhow::ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// The usual rounds of all of them: what `cargo xtask ci` runs.
pub(crate) fn commands(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, Command)>> {
    PROGRAMS.iter().map(|(name, ..)| Ok((*name, command(workspace, name, None)?))).collect()
}

fn command(workspace: &Workspace, name: &str, rounds: Option<u32>) -> anyhow::Result<Command> {
    let known = PROGRAMS.iter().find(|(known, ..)| *known == name);
    let (_, package, features, usual) = known.with_context(|| {
        let names: Vec<_> = PROGRAMS.iter().map(|(name, ..)| *name).collect();
        format!("there is no chaos for `{name}`; there is for: {}", names.join(", "))
    })?;
    let mut command = workspace.cargo(["test", "--package", package, "--features", features, "--test", "chaos", "--"]);
    command.arg(rounds.unwrap_or(*usual).to_string());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named() {
        let workspace = Workspace { root: "/nowhere".into() };
        assert!(show(&command(&workspace, "ecr", Some(3)).unwrap()).ends_with("--test chaos -- 3"));
        assert!(command(&workspace, "other", None).unwrap_err().to_string().contains("ecr"));
        assert_eq!(commands(&workspace).unwrap().len(), PROGRAMS.len());
    }
}

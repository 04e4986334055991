//! `cargo xtask acceptance <crate>`: runs what a crate promises against the programs that people use, in a [`Lab`].
//!
//! The promises are tests like others, in `tests/acceptance` of the crate, that need a laboratory. They are compiled out
//! here, for inside there is no network, and run in there.

use std::{process::Stdio, time::Instant};

use anyhow::Context as _;
use serde_json::Value as Json;

use crate::{
    Arguments,
    lab::Lab,
    workspace::{Workspace, show},
};

/// The crates that have such tests, and the features that these need.
pub(crate) const SUITES: &[(&str, &str)] = &[("buildspec", "local"), ("sdk-tests", "lab")];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [name] = arguments.values()?;
    if name == "all" {
        return check(workspace);
    }
    let known = SUITES.iter().find(|(package, _)| *package == name).with_context(|| {
        let names: Vec<_> = SUITES.iter().map(|(package, _)| *package).collect();
        format!("`{name}` has no acceptance tests; these have: {}", names.join(", "))
    })?;
    suite(workspace, &Lab::prepare(workspace)?, known)
}

/// All of them.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let lab = Lab::prepare(workspace)?;
    SUITES.iter().try_for_each(|known| suite(workspace, &lab, known))
}

fn suite(workspace: &Workspace, lab: &Lab, (package, features): &(&str, &str)) -> anyhow::Result<()> {
    let program = compiled(workspace, package, features)?;
    let started = Instant::now();
    // One after the other: they share one registry, one login and one store of images, as builds on one host do.
    let code = lab.enter(program.as_ref(), &["--test-threads=1".to_owned()])?;
    anyhow::ensure!(code == 0, "the acceptance tests of `{package}` ended with {code}");
    println!("     {package} ({:.1} s)", started.elapsed().as_secs_f64());
    Ok(())
}

/// Compiles the tests of a crate and gives the path of the program.
fn compiled(workspace: &Workspace, package: &str, features: &str) -> anyhow::Result<String> {
    let mut command = workspace.cargo(["test", "--no-run", "--message-format", "json-render-diagnostics"]);
    command.args(["--package", package, "--features", features, "--test", "acceptance"]);
    let shown = show(&command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{shown}`"))?;
    anyhow::ensure!(output.status.success(), "`{shown}` failed ({})", output.status);
    executable(&String::from_utf8_lossy(&output.stdout)).with_context(|| format!("`{shown}` makes no program"))
}

/// The program among cargo's messages.
fn executable(messages: &str) -> Option<String> {
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    messages.find_map(|message| {
        (message["target"]["name"] == "acceptance").then(|| message["executable"].as_str().map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"buildspec"},"executable":null}
not JSON
{"reason":"compiler-artifact","target":{"name":"acceptance"},"executable":"/t/acceptance-1"}"#;
        assert_eq!(executable(messages).as_deref(), Some("/t/acceptance-1"));
        assert_eq!(executable(""), None);
    }
}

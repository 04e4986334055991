//! `cargo xtask scaffold`: runs `new-rule` and `new-provider` in a copy of the tree and checks what they wrote, so that
//! the way in for contributors cannot break unnoticed. Also what both commands share.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::{
    Arguments, codegen, new_provider, new_rule, tidy,
    workspace::{self, Workspace},
};

/// A name that no rule and no provider will have.
const RULE: &str = "scaffolded-by-xtask";
/// A provider in a crate of its own.
const TEMPLATE: &str = "examples/provider-template";
const PROVIDER: [&str; 4] = ["Deploy", "Custom", "ScaffoldedByXtask", "1"];

pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<()> {
    check(workspace)
}

/// Scaffolds one rule for each crate that has rules, and one provider, into a copy; the copy must then be formatted,
/// tidy, and compile.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let copy = copy(workspace)?;
    let mut owners = Vec::new();
    for file in copy.files()? {
        let parts: Vec<_> = file.iter().filter_map(|part| part.to_str()).collect();
        if let ["crates", owner, "src", "rules", "mod.rs"] = parts.as_slice() {
            owners.push((*owner).to_owned());
        }
    }
    for owner in &owners {
        new_rule::write(&copy, owner, RULE)?;
    }
    new_provider::write(&copy, PROVIDER)?;
    owners.extend(["pipeline-model".to_owned(), "pipeline-runner".to_owned()]);
    owners.sort();
    owners.dedup();
    codegen::generate(&copy, false)?;
    // `tidy` must see the new files, and the copy's `git` must not be that of the tree around it.
    tidy::check(&copy)?;
    let packages: Vec<&str> = owners.iter().flat_map(|owner| ["--package", owner.as_str()]).collect();
    workspace::output(copy.cargo(["fmt"]).args(&packages).arg("--check"))?;
    // The tree's own target directory: dependencies are there already, and crates of the copy have other ids.
    let mut check = copy.cargo(["check"]);
    check.args(&packages).env("CARGO_TARGET_DIR", workspace.path("target"));
    workspace::output(&mut check)?;
    // The scaffolded provider is one of the builtin ones now.
    let mut suite = copy.cargo(["test", "--package", "pipeline-runner", "--test", "it"]);
    suite.arg("every_builtin_provider_conforms").env("CARGO_TARGET_DIR", workspace.path("target"));
    workspace::output(&mut suite)?;
    template(workspace, &copy)?;
    fs::remove_dir_all(&copy.root).with_context(|| format!("cannot remove {}", copy.root.display()))
}

/// Tests the provider that lies outside the workspace, as somebody else's would. With the versions of this workspace: what
/// it is about is whether it compiles with the crates of this tree.
fn template(workspace: &Workspace, copy: &Workspace) -> anyhow::Result<()> {
    let lock = copy.path(format!("{TEMPLATE}/Cargo.lock"));
    fs::copy(workspace.path("Cargo.lock"), &lock).with_context(|| format!("cannot write {}", lock.display()))?;
    let mut test = copy.cargo(["test", "--manifest-path"]);
    test.arg(copy.path(format!("{TEMPLATE}/Cargo.toml"))).env("CARGO_TARGET_DIR", workspace.path("target"));
    workspace::output(&mut test)?;
    Ok(())
}

fn copy(workspace: &Workspace) -> anyhow::Result<Workspace> {
    let root = workspace.path("target/scaffold");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    }
    for file in workspace.files()? {
        let target = root.join(&file);
        let directory = target.parent().map_or_else(PathBuf::new, PathBuf::from);
        fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
        fs::copy(workspace.path(&file), &target).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    workspace::output(Command::new("git").args(["init", "--quiet"]).arg(&root))?;
    Ok(Workspace { root })
}

/// The text as rustfmt would write it. By way of standard input, because rustfmt would otherwise also rewrite every module
/// that a `mod.rs` declares.
pub(crate) fn formatted(workspace: &Workspace, text: &str) -> anyhow::Result<String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--emit", "stdout", "--config-path"]).arg(workspace.path("rustfmt.toml"));
    let mut child = rustfmt
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run rustfmt; `rustup component add rustfmt` installs it")?;
    child
        .stdin
        .take()
        .context("rustfmt has no standard input")?
        .write_all(text.as_bytes())
        .context("cannot write to rustfmt")?;
    let output = child.wait_with_output().context("cannot wait for rustfmt")?;
    if !output.status.success() {
        bail!("rustfmt failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("rustfmt printed what is not UTF-8")
}

/// Lower-case words and digits joined by single dashes, beginning with a letter.
pub(crate) fn is_kebab_case(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// `ECRBuildAndPublish` is `ecr_build_and_publish`.
pub(crate) fn snake_case(text: &str) -> String {
    let chars: Vec<char> = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut snake = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_lower = at > 0 && !chars[at - 1].is_ascii_uppercase();
        let before_lower = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
        if at > 0 && c.is_ascii_uppercase() && (after_lower || before_lower) {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// `deploy_service_catalog` is `DeployServiceCatalog`.
pub(crate) fn camel_case(snake: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    snake.split('_').filter(|word| !word.is_empty()).map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, expected) in [
            ("no-tabs", true),
            ("s3-key", true),
            ("No-tabs", false),
            ("no--tabs", false),
            ("3d", false),
            ("a_b", false),
            ("", false),
        ] {
            assert_eq!(is_kebab_case(text), expected, "{text}");
        }
        for (camel, snake) in [
            ("ServiceCatalog", "service_catalog"),
            ("ECS", "ecs"),
            ("ECRBuildAndPublish", "ecr_build_and_publish"),
            ("S3", "s3"),
            ("CodeDeployToECS", "code_deploy_to_ecs"),
        ] {
            assert_eq!(snake_case(camel), snake);
        }
        assert_eq!(camel_case("deploy_service_catalog"), "DeployServiceCatalog");
    }
}

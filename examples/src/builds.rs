//! Builds on this machine: which buildspec and which source are meant, and what of a build is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use aws_call::Env;
use buildspec::Buildspec;
use buildspec::run::{DirectorySecrets, EnvFileSecrets, Event, SecretSource};
use spec_report::{Levels, render};

/// The buildspec and the source directory that a path means: a directory is a source, a file lies in one.
///
/// # Errors
/// When the source is not there.
pub fn places(path: &Path, source: Option<&Path>) -> anyhow::Result<(PathBuf, PathBuf)> {
    let file = if path.is_dir() { path.join("buildspec.yml") } else { path.to_owned() };
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let source = source.unwrap_or(beside);
    let source = source.canonicalize().with_context(|| source.display().to_string())?;
    Ok((file, source))
}

/// Reads a buildspec that has no errors. What is wrong with another one is printed.
///
/// # Errors
/// When it cannot be read or has errors.
#[allow(clippy::print_stderr, reason = "a part of programs, which print")]
pub fn read(file: &Path) -> anyhow::Result<Buildspec> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    let parsed = buildspec::read_bytes(&file.display().to_string(), &bytes);
    let report = buildspec::check(&parsed, &Levels::default());
    if report.has_errors() {
        eprint!("{}", render::text(&report));
        bail!("{} has errors", file.display());
    }
    parsed.value.ok_or_else(|| anyhow!("{} holds no buildspec", file.display()))
}

/// Parameters and secrets: of a file of lines, of a directory of files, or of the account for the word `aws`.
///
/// # Errors
/// When the file cannot be read, and for `aws` without the feature of this name.
pub fn secrets(place: &Path) -> anyhow::Result<Arc<dyn SecretSource>> {
    if place == Path::new("aws") {
        return account_secrets();
    }
    if place.is_dir() {
        return Ok(Arc::new(DirectorySecrets::new(place)));
    }
    Ok(Arc::new(EnvFileSecrets::read(place).context("--secrets")?))
}

#[cfg(feature = "aws")]
fn account_secrets() -> anyhow::Result<Arc<dyn SecretSource>> {
    let runtime = tokio::runtime::Handle::try_current()?;
    let config = runtime.block_on(aws_config::load_defaults(aws_config::BehaviorVersion::latest()));
    let (parameters, secrets) = (aws_sdk_ssm::Client::new(&config), aws_sdk_secretsmanager::Client::new(&config));
    Ok(Arc::new(buildspec::run::SdkSecrets::new(parameters, secrets, runtime)))
}

#[cfg(not(feature = "aws"))]
fn account_secrets() -> anyhow::Result<Arc<dyn SecretSource>> {
    bail!("the secrets of an account need its credentials: build this example with `--features aws`")
}

/// Variables from `NAME=VALUE`, or from `NAME` and the environment.
///
/// # Errors
/// When the environment has no such variable.
pub fn variables(words: &[String], env: &dyn Env) -> anyhow::Result<Vec<(String, String)>> {
    let variable = |word: &String| match word.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => {
            let value = env.var(word).with_context(|| format!("`--env {word}`: this environment has no {word}"))?;
            Ok((word.clone(), value))
        }
    };
    words.iter().map(variable).collect()
}

/// The variables of this environment that a shell cannot do without.
pub fn base_env(env: &dyn Env) -> Vec<(String, String)> {
    let kept = ["PATH", "HOME", "LANG", "USER"].into_iter();
    kept.filter_map(|name| Some((name.to_owned(), env.var(name)?))).collect()
}

/// Prints what CodeBuild would log of an event.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a part of programs, which print")]
pub fn log(event: &Event, prefix: &str, to_stderr: bool) {
    if event.is_logged() {
        match to_stderr {
            true => eprintln!("{prefix}{event}"),
            false => println!("{prefix}{event}"),
        }
    }
}

//! `git`, as far as a source action needs it: which commit a branch is at, and its files.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_call::Env;
use tokio::process::Command;

use crate::core::FailureKind;
use crate::job::ActionOutcome;

/// A repository on this machine.
#[derive(Debug)]
pub(crate) struct Repository {
    path: PathBuf,
    environment: Vec<(&'static str, String)>,
}

/// A commit, as source actions tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) id: String,
    pub(crate) message: String,
    /// ISO 8601.
    pub(crate) author_date: String,
    /// ISO 8601.
    pub(crate) committer_date: String,
}

impl Repository {
    /// The repository at a path, if there is one: with or without files beside it.
    pub(crate) fn at(path: &Path, env: &dyn Env) -> Option<Self> {
        let bare = path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir();
        if !path.join(".git").exists() && !bare {
            return None;
        }
        let own = |name: &'static str| Some((name, env.var(name)?));
        let mut environment: Vec<_> = ["HOME", "PATH"].into_iter().filter_map(own).collect();
        if !environment.iter().any(|(name, _)| *name == "PATH") {
            environment.push(("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()));
        }
        // Never a question, never another language.
        environment.extend([("GIT_TERMINAL_PROMPT", "0".to_owned()), ("LC_ALL", "C".to_owned())]);
        Some(Self { path: path.to_owned(), environment })
    }

    /// What a branch is at, or the commit asked for, which must be on the branch.
    ///
    /// # Errors
    /// The outcome to answer with.
    pub(crate) async fn commit(&self, branch: &str, wanted: Option<&str>) -> Result<Commit, ActionOutcome> {
        let reference = format!("refs/heads/{branch}");
        if self.git(&["show-ref", "--verify", "--quiet", &reference]).await.is_err() {
            let message = format!("there is no branch `{}` in {}", branch.escape_debug(), self.path.display());
            return Err(ActionOutcome::misconfigured(message));
        }
        let id = match wanted {
            None => reference,
            Some(wanted) => {
                let is_id = (4..=64).contains(&wanted.len()) && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
                let there = is_id && self.git(&["merge-base", "--is-ancestor", wanted, &reference]).await.is_ok();
                if !there {
                    let message = format!(
                        "revision {} is not there: branch `{branch}` of {} does not have this commit",
                        wanted.escape_debug(),
                        self.path.display()
                    );
                    let kind = FailureKind::RevisionUnavailable;
                    return Err(ActionOutcome::Failed { kind, message, external_id: None });
                }
                wanted.to_owned()
            }
        };
        let told = self.git(&["log", "-1", "--format=%H%x00%aI%x00%cI%x00%B", &id, "--"]).await?;
        let mut parts = told.splitn(4, '\0').map(|part| part.trim_end().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        Ok(Commit { id: next(), author_date: next(), committer_date: next(), message: next() })
    }

    /// Puts the files of a commit into a directory that is not there, with the whole history or without any.
    ///
    /// # Errors
    /// The outcome to answer with.
    pub(crate) async fn check_out(&self, commit: &Commit, to: &Path, history: bool) -> Result<(), ActionOutcome> {
        let (from, target) = (self.path.display().to_string(), to.display().to_string());
        // Copies instead of links into the repository: what builds do to their source stays theirs. Hooks do not run.
        let clone = ["-c", "core.hooksPath=/dev/null", "clone", "--quiet", "--no-hardlinks", "--no-checkout", "--"];
        self.git_at(None, &[&clone[..], &[&from, &target]].concat()).await?;
        let detach = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"];
        self.git_at(Some(to), &[&detach[..], &["checkout", "--quiet", "--detach", &commit.id]].concat()).await?;
        if !history {
            let removed = tokio::fs::remove_dir_all(to.join(".git")).await;
            removed.map_err(|error| crate::Error::file(to.join(".git"), error))?;
        }
        Ok(())
    }

    /// Whether files beside the repository differ from what is committed.
    pub(crate) async fn has_changes(&self) -> bool {
        let told = self.git(&["status", "--porcelain", "--untracked-files=normal"]).await;
        told.is_ok_and(|text| !text.trim().is_empty())
    }

    async fn git(&self, arguments: &[&str]) -> Result<String, ActionOutcome> {
        self.git_at(Some(&self.path), arguments).await
    }

    async fn git_at(&self, directory: Option<&Path>, arguments: &[&str]) -> Result<String, ActionOutcome> {
        let mut command = Command::new("git");
        if let Some(directory) = directory {
            command.arg("-C").arg(directory);
        }
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
        let output = output.map_err(|error| {
            ActionOutcome::failed(format!(
                "`git` cannot run: {error}; install it, or give a directory that is no repository"
            ))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned();
            return Err(ActionOutcome::failed(format!("{}: git: {last}", self.path.display())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

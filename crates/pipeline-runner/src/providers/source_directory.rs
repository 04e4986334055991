//! `Source` actions of the git providers: a directory of this machine stands in for the repository.
//!
//! A git repository gives the commit that the branch is at, whatever lies uncommitted beside it; any other directory gives
//! its files, with a commit id that is made from them, so that the same tree always has the same id. The artifact is what
//! `CODE_ZIP` gives, the files without `.git`, or with `CODEBUILD_CLONE_REF` the repository with its whole history.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::{ActionTypeId, Category, Owner};
use ring::digest::{Context, SHA256};

use crate::artifact::walk;
use crate::backends::Backends;
use crate::core::FailureKind;
use crate::git::{Commit, Repository};
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(SourceDirectory { default: backends.source.clone(), named: backends.sources.clone() })
}

#[derive(Debug)]
struct SourceDirectory {
    default: PathBuf,
    named: BTreeMap<String, PathBuf>,
}

#[async_trait]
impl ActionProvider for SourceDirectory {
    fn action_types(&self) -> Vec<ActionTypeId> {
        [(Owner::Aws, "CodeCommit"), (Owner::Aws, "CodeStarSourceConnection"), (Owner::ThirdParty, "GitHub")]
            .map(|(owner, provider)| ActionTypeId::new(Category::Source, owner, provider, "1"))
            .into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        match self.deliver(&job, cx).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }
}

impl SourceDirectory {
    async fn deliver(&self, job: &ActionJob, cx: &JobContext) -> Result<ActionOutcome, ActionOutcome> {
        job.check_required()?;
        let key = job.output()?;
        let root = self.root(job);
        let branch = job.config("BranchName").or(job.config("Branch")).unwrap_or("main");
        let full_clone = match job.config("OutputArtifactFormat") {
            None | Some("CODE_ZIP") => false,
            Some("CODEBUILD_CLONE_REF") => true,
            Some(other) => {
                let other = other.escape_debug();
                let message = format!("`OutputArtifactFormat` `{other}` is neither CODE_ZIP nor CODEBUILD_CLONE_REF");
                return Err(ActionOutcome::misconfigured(message));
            }
        };
        let copy = cx.workspace().join("source");
        let commit = match Repository::at(root, &*cx.env) {
            Some(repository) => {
                let commit = repository.commit(branch, job.revision.as_deref()).await?;
                repository.check_out(&commit, &copy, full_clone).await?;
                if repository.has_changes().await {
                    cx.log("what is not committed in the repository is not part of the revision");
                }
                commit
            }
            None if full_clone => {
                return Err(ActionOutcome::misconfigured(format!(
                    "`OutputArtifactFormat` `CODEBUILD_CLONE_REF` needs a git repository, and {} is none",
                    root.display()
                )));
            }
            None => files(root, &copy, job.revision.as_deref()).await?,
        };
        cx.pack(key, &copy).await?;
        Ok(outcome(job, branch, &commit))
    }

    /// The directory in place of the action's repository.
    fn root(&self, job: &ActionJob) -> &Path {
        let full = job.config("Owner").zip(job.config("Repo")).map(|(owner, name)| format!("{owner}/{name}"));
        let names = ["FullRepositoryId", "RepositoryName", "Repo"].into_iter().filter_map(|key| job.config(key));
        let found = full.as_deref().into_iter().chain(names).find_map(|name| self.named.get(name));
        found.unwrap_or(&self.default)
    }
}

/// The output variables that each of the four has.
fn outcome(job: &ActionJob, branch: &str, commit: &Commit) -> ActionOutcome {
    let mut outcome = ActionOutcome::succeeded()
        .with_variable("BranchName", branch)
        .with_variable("CommitId", &commit.id)
        .with_variable("CommitMessage", &commit.message)
        .with_summary(commit.message.lines().next().unwrap_or_default())
        .with_revision(&commit.id);
    if !commit.author_date.is_empty() {
        outcome = outcome.with_variable("AuthorDate", &commit.author_date);
        // A connection does not tell it.
        if job.config("ConnectionArn").is_none() {
            outcome = outcome.with_variable("CommitterDate", &commit.committer_date);
        }
    }
    if let Some((owner, repository)) = job.config("Owner").zip(job.config("Repo")) {
        let url = format!("https://github.com/{owner}/{repository}/commit/{}", commit.id);
        outcome = outcome.with_variable("CommitUrl", url);
    }
    for (variable, key) in [
        ("ConnectionArn", "ConnectionArn"),
        ("FullRepositoryName", "FullRepositoryId"),
        ("RepositoryName", "RepositoryName"),
        ("RepositoryName", "Repo"),
    ] {
        if let Some(value) = job.config(key) {
            outcome = outcome.with_variable(variable, value);
        }
    }
    outcome
}

/// Copies a directory that is no repository.
async fn files(root: &Path, target: &Path, wanted: Option<&str>) -> Result<Commit, ActionOutcome> {
    let (from, to) = (root.to_owned(), target.to_owned());
    let copied = tokio::task::spawn_blocking(move || snapshot(&from, &to)).await;
    let id = copied.map_err(|error| Error::Task(error.to_string()))??;
    if let Some(wanted) = wanted.filter(|wanted| *wanted != id) {
        let message = format!("revision {wanted} is not there: the directory's files make revision {id}");
        return Err(ActionOutcome::Failed { kind: FailureKind::RevisionUnavailable, message, external_id: None });
    }
    let message = format!("files of {}", root.display());
    Ok(Commit { id, message, author_date: String::new(), committer_date: String::new() })
}

/// Copies the files below `root`, without `.git`, and gives the id of the tree: 40 hex digits like a commit's.
fn snapshot(root: &Path, target: &Path) -> Result<String> {
    fs::create_dir_all(target).map_err(|error| Error::file(target, error))?;
    let mut digest = Context::new(&SHA256);
    for relative in walk(root)? {
        if relative.components().any(|part| part.as_os_str() == ".git") {
            continue;
        }
        let (from, to) = (root.join(&relative), target.join(&relative));
        let metadata = fs::symlink_metadata(&from).map_err(|error| Error::file(&from, error))?;
        let failed = |error| Error::file(&from, error);
        let (kind, content) = if metadata.is_dir() {
            fs::create_dir_all(&to).map_err(failed)?;
            ('d', Vec::new())
        } else if metadata.is_symlink() {
            let link = fs::read_link(&from).map_err(failed)?;
            std::os::unix::fs::symlink(&link, &to).map_err(failed)?;
            ('l', link.into_os_string().into_encoded_bytes())
        } else {
            fs::copy(&from, &to).map_err(failed)?;
            // As in git, of the permissions only "executable" belongs to the content.
            let executable = metadata.permissions().mode() & 0o111 != 0;
            (if executable { 'x' } else { 'f' }, fs::read(&to).map_err(failed)?)
        };
        let name = relative.as_os_str().as_encoded_bytes();
        digest.update(format!("{kind} {} {}\n", name.len(), content.len()).as_bytes());
        digest.update(name);
        digest.update(&content);
    }
    let hash = digest.finish();
    Ok(hash.as_ref()[..20].iter().map(|byte| format!("{byte:02x}")).collect())
}

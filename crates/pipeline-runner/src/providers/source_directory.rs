//! `Source` actions of the git providers: a directory of this machine stands in for the repository.
//!
//! The artifact is what `CODE_ZIP` gives: the files without `.git`. The commit id is made from the files, so that the
//! same tree always has the same id.

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
use crate::job::{ActionJob, ActionOutcome, ActionProvider, JobContext};
use crate::{Error, Result};

pub(super) fn provider(backends: &Backends) -> Arc<dyn ActionProvider> {
    Arc::new(SourceDirectory { root: backends.source.clone() })
}

#[derive(Debug)]
struct SourceDirectory {
    root: PathBuf,
}

#[async_trait]
impl ActionProvider for SourceDirectory {
    fn action_types(&self) -> Vec<ActionTypeId> {
        [(Owner::Aws, "CodeCommit"), (Owner::Aws, "CodeStarSourceConnection"), (Owner::ThirdParty, "GitHub")]
            .map(|(owner, provider)| ActionTypeId::new(Category::Source, owner, provider, "1"))
            .into()
    }

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {
        if let Err(outcome) = job.check_required() {
            return outcome;
        }
        let copy = cx.workspace().join("source");
        let (root, target) = (self.root.clone(), copy.clone());
        let copied = tokio::task::spawn_blocking(move || snapshot(&root, &target)).await;
        let commit = match copied.unwrap_or_else(|error| Err(Error::Task(error.to_string()))) {
            Ok(commit) => commit,
            Err(error) => return error.into(),
        };
        if let Some(wanted) = job.revision.as_ref().filter(|wanted| **wanted != commit) {
            let message = format!("revision {wanted} is not there: the directory's files make revision {commit}");
            return ActionOutcome::Failed { kind: FailureKind::RevisionUnavailable, message, external_id: None };
        }
        let Some((_, key)) = job.outputs.first() else {
            return ActionOutcome::misconfigured("a source action needs one output artifact");
        };
        if let Err(error) = cx.pack(key, &copy).await {
            return error.into();
        }
        let branch = job.config("BranchName").or(job.config("Branch")).unwrap_or("main");
        let repository = job.config("RepositoryName").or(job.config("Repo"));
        let message = format!("files of {}", self.root.display());
        let outcome = ActionOutcome::succeeded()
            .with_variable("BranchName", branch)
            .with_variable("CommitId", &commit)
            .with_variable("CommitMessage", &message)
            .with_summary(message)
            .with_revision(commit);
        let full_name = job.config("FullRepositoryId").map(|name| ("FullRepositoryName", name));
        match repository.map(|name| ("RepositoryName", name)).or(full_name) {
            Some((key, name)) => outcome.with_variable(key, name),
            None => outcome,
        }
    }
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

//! What a batch hands to the pipeline: which artifact of which build becomes which output of the action.
//!
//! The output `build1` is the primary artifact of the build `build1`, and `build1_report` its secondary artifact `report`. With
//! `CombineArtifacts` the one output holds the primary artifacts of all builds. Both from the CodeBuild User Guide,
//! "CodePipeline/CodeBuild integration and batch builds"; it does not say whose file wins if two builds made the same one. Here
//! it is that of the later build in the buildspec, and the log tells so.
//!
//! A batch hands on no variables, and the log tells which it keeps. The guides do not say what becomes of them; but
//! `BatchGetBuildBatches` answers with none, unlike `BatchGetBuilds` (API reference, `BuildBatch`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use buildspec::run::BuildResult;
use buildspec::run::batch::BatchResult;

use crate::Error;
use crate::job::{ActionJob, ActionOutcome, JobContext};

/// Whether the action can be a batch at all.
///
/// # Errors
/// The outcome to answer with, when it cannot.
pub(crate) fn check(job: &ActionJob) -> Result<(), ActionOutcome> {
    if job.flag("CombineArtifacts") && job.outputs.len() > 1 {
        return Err(ActionOutcome::misconfigured(
            "an action whose `CombineArtifacts` is true has one output artifact: take the others out",
        ));
    }
    Ok(())
}

/// Packs the outputs of the action, if the batch succeeded.
///
/// # Errors
/// The outcome to answer with, when an output cannot be made.
pub(crate) async fn hand_on(
    result: BatchResult,
    job: &ActionJob,
    cx: &JobContext,
) -> Result<ActionOutcome, ActionOutcome> {
    if !result.is_success() {
        let reason = result.first_failure().unwrap_or_else(|| format!("the batch ended as {}", result.status));
        return Ok(ActionOutcome::failed(reason).with_external_id(result.id));
    }
    match job.outputs.as_slice() {
        [(name, key)] if job.flag("CombineArtifacts") => {
            let (primary, directory) = (primary(&result), cx.workspace().join("combined"));
            if primary.is_empty() {
                return Err(ActionOutcome::failed(format!(
                    "the action promises the artifact `{name}`, but no build of the batch has `artifacts`: add them"
                )));
            }
            let target = directory.clone();
            let combined = tokio::task::spawn_blocking(move || combine(&primary, &target));
            let notes = combined.await.map_err(|error| Error::Task(error.to_string()))?.map_err(|(file, error)| {
                let file = file.display();
                ActionOutcome::failed(format!("the artifacts of the batch cannot be put together: {file}: {error}"))
            })?;
            notes.iter().for_each(|note| cx.log(note));
            cx.pack(key, &directory).await?;
        }
        outputs => {
            for (name, key) in outputs {
                cx.pack(key, artifact_for(&result, name)?).await?;
            }
        }
    }
    let exported = result.builds().flat_map(|build| &build.exported_variables);
    for name in exported.map(|variable| variable.name.as_str()).collect::<BTreeSet<_>>() {
        cx.log(&format!("`{name}` stays in its build: a batch hands on no variables"));
    }
    let summary = format!("{} builds of a batch", result.builds().count());
    Ok(ActionOutcome::succeeded().with_external_id(result.id).with_summary(summary))
}

/// The directory behind an output of the action.
fn artifact_for<'r>(result: &'r BatchResult, output: &str) -> Result<&'r Path, ActionOutcome> {
    let mut known = Vec::new();
    for (identifier, build) in builds(result) {
        for artifact in &build.artifacts {
            let name = match &artifact.identifier {
                None => identifier.to_owned(),
                Some(secondary) => format!("{identifier}_{secondary}"),
            };
            if name == output {
                return Ok(&artifact.directory);
            }
            known.push(name);
        }
    }
    Err(ActionOutcome::failed(format!(
        "the action promises the artifact `{output}`, which no build of the batch makes: name it after a build, or after a \
         build and its secondary artifact (there are: {})",
        known.join(", ")
    )))
}

/// The builds that have something to give, with their identifiers, in the order of the buildspec.
fn builds(result: &BatchResult) -> impl Iterator<Item = (&str, &BuildResult)> {
    result.groups.iter().filter_map(|group| Some((group.identifier.as_str(), group.build.as_ref()?)))
}

/// The primary artifact of a build: whose it is, where it is, and what is in it.
struct Primary {
    identifier: String,
    directory: PathBuf,
    files: Vec<PathBuf>,
}

fn primary(result: &BatchResult) -> Vec<Primary> {
    let primary = builds(result).filter_map(|(identifier, build)| {
        let artifact = build.artifacts.iter().find(|artifact| artifact.identifier.is_none())?;
        Some(Primary {
            identifier: identifier.to_owned(),
            directory: artifact.directory.clone(),
            files: artifact.files.clone(),
        })
    });
    primary.collect()
}

/// Moves all files into the one directory. Answers with what two builds have made, or with the file that could not be moved.
fn combine(artifacts: &[Primary], target: &Path) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let mut made: BTreeMap<&Path, &str> = BTreeMap::new();
    let mut notes = Vec::new();
    for artifact in artifacts {
        for file in &artifact.files {
            let place = target.join(file);
            let parent = place.parent().unwrap_or(target);
            fs::create_dir_all(parent)
                .and_then(|()| fs::rename(artifact.directory.join(file), &place))
                .map_err(|error| (file.clone(), error))?;
            if let Some(earlier) = made.insert(file, &artifact.identifier) {
                let later = &artifact.identifier;
                notes.push(format!(
                    "{} in the combined artifact is that of `{later}`: `{earlier}` made one, too",
                    file.display()
                ));
            }
        }
    }
    Ok(notes)
}

//! What `deliver` and `run_pipeline` have in common: reading a pipeline with its findings, the file that tells what the
//! account would know, and who answers approvals.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a part of programs, which print")]

use std::collections::BTreeSet;
use std::io::{BufReader, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_call::IdSource;
use pipeline_model::model::Pipeline;
use pipeline_model::references::references;
use pipeline_runner::core::Event;
use pipeline_runner::host::Home;
use pipeline_runner::{Always, Answer, ApprovalsFile, Approver, LocalSettings, Observer, Prompt, preflight};
use spec_report::{Levels, render};

use crate::Progress;

/// Reads a declaration or a template and prints what is wrong with it. `None` when that is too much to go on.
///
/// # Errors
/// The file cannot be read.
pub fn read_pipeline(path: &Path) -> anyhow::Result<Option<Pipeline>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let reading = preflight::read_pipeline(&path.display().to_string(), &bytes);
    let report = pipeline_model::check(&reading, &Levels::default());
    eprint!("{}", render::text(&report));
    for open in reading.unresolved() {
        let place = reading.document.source().position(open.span.start);
        eprintln!("only the deployment knows `{}` (line {}): {}", open.expression, place.line, open.reason);
    }
    Ok(reading.pipeline().filter(|_| !report.has_errors()).cloned())
}

/// Reads `local.toml` beside a pipeline, if it is there.
///
/// # Errors
/// The file cannot be read or understood.
pub fn read_settings(root: &Path) -> anyhow::Result<Option<LocalSettings>> {
    let path = root.join("local.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(LocalSettings::parse(&path, &text)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Yes to everything; else whoever sits at the terminal; else `approvals.toml` beside the pipeline.
///
/// # Errors
/// Nobody is there to ask, and no file either.
pub fn approver(yes: bool, root: &Path, progress: &Arc<Progress>) -> anyhow::Result<Arc<dyn Approver>> {
    if yes {
        return Ok(Arc::new(Always(Answer::approve("approved by --yes"))));
    }
    if std::io::stdin().is_terminal() {
        let progress = Arc::clone(progress);
        return Ok(Arc::new(Prompt::new(move || (Box::new(BufReader::new(std::io::stdin())), progress.question()))));
    }
    let path = root.join("approvals.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{}: without a terminal this file answers approvals, or --yes", path.display()))?;
    Ok(Arc::new(ApprovalsFile::parse(&path, &text)?))
}

/// The pipeline with this stage alone, and with those before it whose artifacts or variables it needs.
///
/// # Errors
/// There is no such stage.
pub fn only_stage(mut pipeline: Pipeline, stage: &str) -> anyhow::Result<Pipeline> {
    let known: Vec<_> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    let last = known.iter().position(|known| *known == stage);
    let last = last.with_context(|| format!("there is no stage `{stage}`, only {}", known.join(", ")))?;
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut kept = Vec::new();
    for (place, stage) in pipeline.stages.drain(..=last).enumerate().rev() {
        let gives = stage.actions.iter().any(|action| {
            let artifacts = action.output_artifacts.iter().map(|artifact| &artifact.name);
            artifacts.chain(&action.namespace).any(|name| wanted.contains(name))
        });
        if place != last && !gives {
            continue;
        }
        for action in &stage.actions {
            wanted.extend(action.input_artifacts.iter().map(|artifact| artifact.name.clone()));
            let found = action.configuration.values().flat_map(|value| references(value.expose()));
            wanted.extend(found.filter_map(|found| Some(found.parts()?.0.to_owned())));
        }
        kept.push(stage);
    }
    kept.reverse();
    pipeline.stages = kept;
    Ok(pipeline)
}

/// Prints each state change as EventBridge would deliver it, a line each, to standard output; what actions print goes to
/// standard error.
#[derive(Debug)]
pub struct EventLines {
    /// Makes the ids of the events.
    pub ids: Arc<dyn IdSource>,
    /// The account and region in them.
    pub home: Home,
    /// Takes the lines of the actions.
    pub progress: Arc<Progress>,
}

impl Observer for EventLines {
    fn event(&self, event: &Event) {
        println!("{}", event.to_event_bridge(&self.ids.uuid(), &self.home.account, &self.home.region));
    }

    fn line(&self, stage: &str, action: &str, line: &str) {
        self.progress.line(stage, action, line);
    }
}

/// Says no to everything, because nobody is there to ask.
pub fn nobody() -> Arc<dyn Approver> {
    Arc::new(Always(Answer::reject("nobody is there to ask: answer it in the mocks, in approvals.toml or with --yes")))
}

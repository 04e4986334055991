//! What reading promises, tried on a tree of files: every task definition that is JSON is read, what is written of it is
//! read as the same again, and an edit that changes nothing changes no byte.

use std::path::Path;
use std::process::ExitCode;

use ecs_taskdef::{Body, ReadOptions, TaskDefinition, diff};
use pipeline_runner::preflight::{self, Kind};
use spec_report::Levels;

use crate::parse_taskdef;

/// Tries all task definitions below a directory and prints which fail and how many were tried.
///
/// # Errors
/// If the directory or a file cannot be read.
#[allow(clippy::print_stdout, reason = "the body of a program")]
pub fn round_trip(directory: &Path) -> anyhow::Result<ExitCode> {
    let (mut tried, mut failed, mut other) = (0, 0, 0);
    for found in preflight::check_directory(directory, &Levels::default())? {
        if found.kind != Kind::TaskDefinition {
            continue;
        }
        let bytes = std::fs::read(&found.path)?;
        let text = String::from_utf8_lossy(&bytes);
        let is_json = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')).is_ok();
        if !is_json && found.path.extension().is_some_and(|extension| extension == "json") {
            // A template of some other program.
            other += 1;
            continue;
        }
        tried += 1;
        if let Err(why) = one(&found.path.display().to_string())? {
            failed += 1;
            println!("{}: {why}", found.path.display());
        }
    }
    println!("{tried} task definitions read, written and read again: {failed} not the same; {other} are not JSON");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn one(path: &str) -> anyhow::Result<Result<(), String>> {
    // A family for lists of containers; what names its own keeps it.
    let options = ReadOptions::new().with_family("family");
    let Some(first) = parse_taskdef(path, &options)?.value else { return Ok(Err("it is not read".to_owned())) };
    Ok(written(&first).and_then(|()| untouched(&first)))
}

/// What is registered, read again, is registered as the same.
fn written(first: &TaskDefinition) -> Result<(), String> {
    let body = match Body::of(first) {
        Ok(body) => body,
        // Part of a file that names its family elsewhere: there is nothing to register.
        Err(_) if first.family.is_none() => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let source = spec_report::Source::new("written.json", body.to_text());
    let again = ecs_taskdef::read(source).value.ok_or("what was written is not read")?;
    let changes = diff::files(first, &again);
    if Body::of(&again).as_ref() != Ok(&body) || !changes.is_empty() {
        return Err(format!("written and read again it differs: {changes}"));
    }
    Ok(())
}

/// Setting an image to what it is changes no byte.
fn untouched(first: &TaskDefinition) -> Result<(), String> {
    for container in &first.containers {
        let (Some(name), Some(image)) = (container.name(), &container.image) else { continue };
        if first.family.is_none() && !first.is_container_list() {
            continue;
        }
        let edited = first.with_image(name, &image.value).map_err(|error| error.to_string())?;
        if edited.source().text() != first.source().text() {
            return Err(format!("setting the image of `{name}` to what it is changes the text"));
        }
    }
    Ok(())
}

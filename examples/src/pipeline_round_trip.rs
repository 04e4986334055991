//! What reading promises, tried on a tree of files: every pipeline goes through the model and comes out as it was, JSON as
//! JSON and templates as templates, up to formatting.

use std::path::Path;
use std::process::ExitCode;

use pipeline_model::format::cloudformation::{as_written, rewrite, to_json, to_json_text, to_yaml};
use pipeline_model::format::json::{Secrets, to_json as declaration};
use pipeline_model::{ReadOptions, Reading, read_bytes};
use pipeline_runner::preflight::{self, Kind};
use serde_json::Value as Json;
use spec_report::Levels;

/// Tries all pipelines below a directory and prints which fail and how many were tried.
///
/// # Errors
/// If the directory or a file cannot be read.
#[allow(clippy::print_stdout, reason = "the body of a program")]
pub fn pipeline_round_trip(directory: &Path) -> anyhow::Result<ExitCode> {
    let (mut declarations, mut templates, mut failed, mut other) = (0, 0, 0, 0);
    for found in preflight::check_directory(directory, &Levels::default())? {
        if found.kind != Kind::Pipeline {
            continue;
        }
        let bytes = std::fs::read(&found.path)?;
        let name = found.path.display().to_string();
        let reading = read_bytes(&name, &bytes, &ReadOptions::default());
        if reading.declarations.is_empty() || !reading.document.is_complete() {
            other += 1;
            continue;
        }
        let tried = match rewrite(&reading, &ReadOptions::default(), Secrets::Expose) {
            Some(value) => {
                templates += 1;
                template(&reading, &to_yaml(&value), &to_json_text(&value))
            }
            None => {
                declarations += 1;
                json(&reading, &bytes)
            }
        };
        if let Err(why) = tried {
            failed += 1;
            println!("{name}: {why}");
        }
    }
    println!(
        "{declarations} declarations and {templates} templates read, written and read again: {failed} not the same; \
         {other} hold no whole pipeline"
    );
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A declaration is written as the JSON that it was.
fn json(reading: &Reading, bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let root: Json = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    let was = root.get("pipeline").unwrap_or(&root);
    let is = declaration(&reading.declarations[0].pipeline, Secrets::Expose);
    same(was, &is, "")
}

/// A template is written as the template that it was, in both notations.
fn template(reading: &Reading, yaml: &str, json: &str) -> Result<(), String> {
    let was = as_written(&reading.document).map(|value| to_json(&value)).unwrap_or_default();
    for (name, text) in [("written.yaml", yaml), ("written.json", json)] {
        let again = read_bytes(name, text.as_bytes(), &ReadOptions::default());
        let is = as_written(&again.document).map(|value| to_json(&value)).unwrap_or_default();
        same(&was, &is, "").map_err(|why| format!("{name}: {why}"))?;
        if again
            .declarations
            .iter()
            .map(|found| &found.pipeline)
            .ne(reading.declarations.iter().map(|found| &found.pipeline))
        {
            return Err(format!("{name}: read again it is another pipeline"));
        }
    }
    Ok(())
}

/// Where two values differ first.
fn same(was: &Json, is: &Json, path: &str) -> Result<(), String> {
    match (was, is) {
        (Json::Object(a), Json::Object(b)) => {
            if let Some(key) = a.keys().find(|key| !b.contains_key(*key)) {
                return Err(format!("{path}/{key} is lost"));
            }
            if let Some(key) = b.keys().find(|key| !a.contains_key(*key)) {
                return Err(format!("{path}/{key} is new"));
            }
            a.iter().try_for_each(|(key, value)| same(value, &b[key], &format!("{path}/{key}")))
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().try_for_each(|(at, (a, b))| same(a, b, &format!("{path}/{at}")))
        }
        (was, is) if was == is => Ok(()),
        // Values may be secret: places are enough.
        _ => Err(format!("{path} is another")),
    }
}

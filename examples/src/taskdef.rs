//! Task definitions from files and standard input, for the examples that edit, compare and deploy them.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use ecs_taskdef::read::read_bytes_as;
use ecs_taskdef::{ReadOptions, Spelling, TaskDefinition};
use spec_report::{Parsed, render};

/// How files are read.
pub fn read_options(cloudformation: bool, family: Option<&str>) -> ReadOptions {
    let spelling = if cloudformation { Spelling::CloudFormation } else { Spelling::Api };
    let options = ReadOptions::new().with_spelling(spelling);
    match family {
        Some(family) => options.with_family(family),
        None => options,
    }
}

/// Reads a file, or standard input for `-`, whatever is wrong with it.
///
/// # Errors
/// If it cannot be read.
pub fn parse_taskdef(path: &str, options: &ReadOptions) -> anyhow::Result<Parsed<TaskDefinition>> {
    let mut bytes = Vec::new();
    match path {
        "-" => drop(std::io::stdin().read_to_end(&mut bytes).context("standard input")?),
        path => bytes = std::fs::read(path).with_context(|| path.to_owned())?,
    }
    Ok(read_bytes_as(path, &bytes, options))
}

/// Reads a task definition whose text can be relied on.
///
/// # Errors
/// If it cannot be read, or is no mapping or list of containers from beginning to end. The report is in the error.
pub fn read_taskdef(path: &str, options: &ReadOptions) -> anyhow::Result<TaskDefinition> {
    let parsed = parse_taskdef(path, options)?;
    match parsed.value {
        Some(value) if value.document().is_complete() => Ok(value),
        _ => bail!("{path} is not a task definition that can be read to its end\n{}", render::text(&parsed.report)),
    }
}

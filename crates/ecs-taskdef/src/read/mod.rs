//! Text to task definition. Never fails: what is wrong is in the report.

mod cloud_formation;
mod options;
mod structure;

use std::sync::Arc;

use spec_report::{Document, Format, Limits, MergeKeys, Parsed, Reader, Source};

pub use options::{ReadOptions, Spelling};

use crate::TaskDefinition;
use crate::model::{is_container_list, schema, shape};
use crate::rules::STRUCTURE;

/// Reads a task definition, bare or as `aws ecs describe-task-definition` prints it, or a plain list of containers.
///
/// A name that ends in `.json` is read as JSON, one that ends in `.yml` or `.yaml` as YAML (1.2, without merge keys);
/// any other name as JSON if the text begins with `{` or `[`.
///
/// There is a value whenever the text is a mapping or a list of mappings, however much of it is wrong. The report holds what concerns the
/// structure; [`check`](crate::check) adds the rules about the content.
#[must_use]
pub fn read(source: Source) -> Parsed<TaskDefinition> {
    read_with(source, &Limits::default())
}

/// As [`read`], within other limits.
#[must_use]
pub fn read_with(source: Source, limits: &Limits) -> Parsed<TaskDefinition> {
    read_as(source, &ReadOptions::new().with_limits(*limits))
}

/// As [`read`], of what the options say that the file is.
///
/// With [`Spelling::CloudFormation`] the task definition's text has the API's keys, each at its place in the file.
#[must_use]
pub fn read_as(source: Source, options: &ReadOptions) -> Parsed<TaskDefinition> {
    let json = format(&source) == Format::Json;
    let source = match options.spelling {
        Spelling::Api => source,
        Spelling::CloudFormation => cloud_formation::respell(&source, json, &options.limits),
    };
    let (document, mut report) = match json {
        true => spec_report::read_json(source, &options.limits, &STRUCTURE),
        false => spec_report::read_yaml(source, &options.limits, &STRUCTURE),
    };
    let document = Arc::new(document);
    let mut reader = Reader::new(&document, &STRUCTURE, schema(document.format())).with_merge_keys(MergeKeys::Literal);
    if let Some(root) = document.root() {
        structure::check(&mut reader, root);
    }
    report.merge(reader.finish());
    let readable = document.root().is_some_and(|root| root.as_map().is_some() || is_container_list(root));
    let value = readable.then(|| TaskDefinition::of(&document, options));
    Parsed { document: Document::clone(&document), value, report }
}

/// As [`read`], from the bytes of a file: byte order marks, UTF-16 and invalid UTF-8 are dealt with and reported.
#[must_use]
pub fn read_bytes(name: &str, bytes: &[u8]) -> Parsed<TaskDefinition> {
    read_bytes_as(name, bytes, &ReadOptions::new())
}

/// As [`read_bytes`], of what the options say that the file is.
#[must_use]
pub fn read_bytes_as(name: &str, bytes: &[u8], options: &ReadOptions) -> Parsed<TaskDefinition> {
    let (source, report) = spec_report::decode(name, bytes, &options.limits, &STRUCTURE);
    let mut parsed = read_as(source, options);
    parsed.report.merge(report);
    parsed
}

fn format(source: &Source) -> Format {
    let name = source.name().to_ascii_lowercase();
    let json = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json") => true,
        Some("yml" | "yaml") => false,
        _ => source.text().trim_start().starts_with(['{', '[']),
    };
    if json { Format::Json } else { Format::Yaml }
}

/// The keys that registering takes, in the order of the reference.
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    shape::TASK_DEFINITION.fields.iter().map(|field| field.name).filter(|name| !shape::READ_ONLY.contains(name))
}

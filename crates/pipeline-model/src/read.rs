//! Text becomes declarations and diagnostics; it never fails.

use std::collections::BTreeMap;

use spec_report::{Document, Limits, Reader, Report, Schema, Source, Span};

use crate::format::cloudformation::{self, Unresolved, Values};
use crate::format::{Decoded, Naming, json};
use crate::model::{Extra, Pipeline};
use crate::places::Places;
use crate::rules;

/// How a file is read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Bounds for files from strangers.
    pub limits: Limits,
    /// What the deployment of a template would know.
    pub values: Values,
}

impl ReadOptions {
    /// The same options with other bounds.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same options with parameter values and exports.
    #[must_use]
    pub fn with_values(mut self, values: Values) -> Self {
        self.values = values;
        self
    }
}

/// A file that was read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reading {
    /// The file itself.
    pub document: Document,
    /// Its pipelines, in the order they are written: one in a declaration, any number in a template.
    pub declarations: Vec<Declaration>,
    /// What is wrong with the structure of the file; [`check`](crate::check) adds what is wrong with its meaning.
    pub report: Report,
}

impl Reading {
    /// The first pipeline of the file.
    #[must_use]
    pub fn pipeline(&self) -> Option<&Pipeline> {
        self.declarations.first().map(|declaration| &declaration.pipeline)
    }

    /// What only the deployment of the template knows, over all pipelines of the file.
    pub fn unresolved(&self) -> impl Iterator<Item = &Unresolved> {
        self.declarations.iter().flat_map(|declaration| &declaration.unresolved)
    }
}

/// A pipeline with the places of its parts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Declaration {
    /// The file.
    pub source: Source,
    /// Whose words the keys of the file are.
    pub naming: Naming,
    /// The logical id of the resource, in a template.
    pub logical_id: Option<String>,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Where each field is written.
    pub places: Places,
    /// What only the deployment of the template knows.
    pub unresolved: Vec<Unresolved>,
    /// What stands beside the declaration: `metadata` of an answer, or the properties that only templates have.
    pub beside: Extra,
    /// How the unknown conditions of the template turn out in this world, as far as the pipeline depends on them.
    pub assumed: BTreeMap<String, bool>,
    /// The same pipeline in the other worlds.
    pub others: Vec<Self>,
}

impl Declaration {
    pub(crate) fn new(
        source: Source,
        naming: Naming,
        logical_id: Option<String>,
        decoded: Decoded,
        unresolved: Vec<Unresolved>,
    ) -> Self {
        let Decoded { pipeline, places, template } = decoded;
        let (assumed, others) = (BTreeMap::new(), Vec::new());
        Self { source, naming, logical_id, pipeline, places, unresolved, beside: template, assumed, others }
    }

    /// This declaration and, of a template with unknown conditions, those of the other worlds.
    pub fn worlds(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// What rules look at in this world, without the other worlds.
    pub(crate) fn alone(&self) -> Self {
        Self {
            source: self.source.clone(),
            naming: self.naming,
            logical_id: self.logical_id.clone(),
            pipeline: self.pipeline.clone(),
            places: self.places.clone(),
            unresolved: self.unresolved.clone(),
            beside: self.beside.clone(),
            assumed: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    /// The text of a field as it stands in the file.
    #[must_use]
    pub fn written(&self, path: &str) -> &str {
        self.source.slice(self.places.value(path))
    }
}

/// Reads a file: a declaration of the API in JSON or YAML, or a CloudFormation template.
///
/// The name decides what is strict: a file that ends in `.json` must be JSON.
///
/// ```
/// let reading = pipeline_model::read("pipeline.json", r#"{"name": "shop", "stages": []}"#);
/// assert_eq!(reading.pipeline().map(|pipeline| pipeline.name.as_str()), Some("shop"));
/// // The role is missing.
/// assert!(reading.report.has_errors());
/// ```
#[must_use]
pub fn read(name: &str, text: &str) -> Reading {
    read_with(Source::new(name, text), &ReadOptions::default())
}

/// Reads bytes as they come from a disk: with a byte order mark, in UTF-16, or broken.
#[must_use]
pub fn read_bytes(name: &str, bytes: &[u8], options: &ReadOptions) -> Reading {
    let (source, report) = spec_report::decode(name, bytes, &options.limits, &rules::STRUCTURE);
    read_after(source, options, report)
}

/// Reads a source with options.
#[must_use]
pub fn read_with(source: Source, options: &ReadOptions) -> Reading {
    read_after(source, options, Report::new())
}

/// Reads a source about which this is known already.
fn read_after(source: Source, options: &ReadOptions, before: Report) -> Reading {
    let (document, mut report) = spec_report::read(source, &options.limits, &rules::STRUCTURE);
    report.merge(before);
    let mut declarations = Vec::new();
    if let Some(root) = document.root() {
        let is_json = document.format() == spec_report::Format::Json;
        let template = cloudformation::is_template(root) && root.get("stages").is_none();
        let schema = if is_json {
            Schema::Json
        } else if template {
            Schema::Yaml11
        } else {
            Schema::Yaml12
        };
        let mut reader = Reader::new(&document, &rules::STRUCTURE, schema);
        if template {
            declarations = cloudformation::read(&mut reader, root, &options.values, &options.limits);
        } else if json::is_declaration(root) {
            declarations.extend(json::read(&mut reader, root));
        }
        if declarations.is_empty() && reader_found_nothing(&report) {
            no_pipeline(&mut reader, root.span, template);
        }
        report.merge(reader.finish());
    } else if reader_found_nothing(&report) {
        let mut reader = Reader::new(&document, &rules::STRUCTURE, Schema::Yaml12);
        no_pipeline(&mut reader, Span::default(), false);
        report.merge(reader.finish());
    }
    Reading { document, declarations, report }
}

/// A file that could not be parsed has its own error; that it holds no pipeline is no news then.
fn reader_found_nothing(report: &Report) -> bool {
    !report.has_errors()
}

fn no_pipeline(reader: &mut Reader<'_>, span: Span, template: bool) {
    let what = if template {
        format!("the template has no readable resource of type `{}`", cloudformation::PIPELINE)
    } else {
        "the file is neither a pipeline declaration nor a CloudFormation template".to_owned()
    };
    let first = reader.source().slice(span).chars().next().map_or(0, char::len_utf8);
    let head = Span::new(span.start, span.start + first);
    let diagnostic = spec_report::Diagnostic::new(&rules::NO_PIPELINE, reader.source(), head, what)
        .with_help("a declaration has `name`, `roleArn` and `stages`, by themselves or under `pipeline`");
    reader.report(diagnostic);
}

//! Text to model. Never fails on what people write: whatever is wrong becomes a diagnostic, and the
//! model holds what could be read.

mod ecs;
mod lambda;
mod resources;
mod server;

use spec_report::{Document, Limits, Node, Parsed, Reader, Schema, Source, Span, Spanned, Value, decode};

use crate::model::{AppSpec, Kind, Version};
use crate::ruby::Ruby;
use crate::rules::STRUCTURE;

pub(crate) use server::NO_CONVERSION;

/// Reads an AppSpec and finds out by itself which kind it is.
///
/// Files whose name ends in `.json` are read as JSON, all others as YAML.
///
/// ```
/// use appspec::{Kind, read};
/// use spec_report::Source;
///
/// let parsed = read(Source::new("appspec.yml", "version: 0.0\nos: linux\n"));
/// assert_eq!(parsed.value.map(|spec| spec.kind()), Some(Kind::Server));
/// assert!(parsed.report.is_empty());
/// ```
#[must_use]
pub fn read(source: Source) -> Parsed<AppSpec> {
    let (document, report) = spec_report::read(source, &Limits::default(), &STRUCTURE);
    let kind = document.root().map_or(Kind::Server, detect);
    finish(document, report, kind)
}

/// Reads an AppSpec of a known kind.
#[must_use]
pub fn read_as(source: Source, kind: Kind) -> Parsed<AppSpec> {
    let (document, report) = spec_report::read(source, &Limits::default(), &STRUCTURE);
    finish(document, report, kind)
}

/// Reads an AppSpec from the bytes of a file, whatever their encoding.
#[must_use]
pub fn read_bytes(name: &str, bytes: &[u8]) -> Parsed<AppSpec> {
    let (source, encoding) = decode(name, bytes, &Limits::default(), &STRUCTURE);
    let mut parsed = read(source);
    parsed.report.merge(encoding);
    parsed
}

pub(crate) fn finish(document: Document, mut report: spec_report::Report, kind: Kind) -> Parsed<AppSpec> {
    let mut reader = Reader::new(&document, &STRUCTURE, Schema::Yaml11);
    if let Some(root) = document.root().filter(|root| !is_modest(root)) {
        let message = "the aliases of this file make it many megabytes large; it is not read further";
        reader.report_at(STRUCTURE.limit, Span::at(root.span.start), message);
        report.merge(reader.finish());
        return Parsed { document, value: None, report };
    }
    let value = match (kind, document.root()) {
        (Kind::Server, root) => server::read(root, &mut reader).map(AppSpec::Server),
        (Kind::Ecs, Some(root)) => ecs::read(root, &mut reader).map(AppSpec::Ecs),
        (Kind::Lambda, Some(root)) => lambda::read(root, &mut reader).map(AppSpec::Lambda),
        (Kind::Ecs | Kind::Lambda, None) => {
            server::report_empty(&mut reader);
            None
        }
    };
    report.merge(reader.finish());
    Parsed { document, value, report }
}

/// The most text that a document may hold after its aliases are followed. The reader of documents
/// bounds the number of nodes; this bounds what a model of them can weigh.
const MOST_TEXT: usize = 16 << 20;

fn is_modest(root: &Node) -> bool {
    let mut open = vec![root];
    let mut text = 0_usize;
    while let Some(node) = open.pop() {
        match &node.resolved().value {
            Value::Scalar(scalar) => text += scalar.text.len(),
            Value::Seq(items) => open.extend(items),
            Value::Map(entries) => open.extend(entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            Value::Alias(_) => {}
        }
        if text > MOST_TEXT {
            return false;
        }
    }
    true
}

/// Which kind of AppSpec a document is: one with `Resources` is for ECS or Lambda, and the type of
/// its first resource, or else the properties that only one of them has, decides.
fn detect(root: &Node) -> Kind {
    let Some(resources) = get_ignore_case(root, "Resources") else { return Kind::Server };
    let first = match (resources.as_seq(), resources.as_map()) {
        (Some([first, ..]), _) => first,
        (None, Some(_)) => resources,
        _ => return Kind::Ecs,
    };
    let Some([entry, ..]) = first.as_map() else { return Kind::Ecs };
    if let Some(kind) = get_ignore_case(&entry.value, "Type").and_then(Node::as_str) {
        if kind.eq_ignore_ascii_case("AWS::Lambda::Function") {
            return Kind::Lambda;
        }
        if kind.eq_ignore_ascii_case("AWS::ECS::Service") {
            return Kind::Ecs;
        }
    }
    let properties = get_ignore_case(&entry.value, "Properties");
    let has = |key| properties.is_some_and(|properties| get_ignore_case(properties, key).is_some());
    if has("TargetVersion") || has("CurrentVersion") || has("Alias") { Kind::Lambda } else { Kind::Ecs }
}

fn get_ignore_case<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).or_else(|| {
        let entries = node.as_map()?;
        entries
            .iter()
            .rev()
            .find(|entry| entry.key.as_str().is_some_and(|name| name.eq_ignore_ascii_case(key)))
            .map(|entry| &entry.value)
    })
}

/// `version` as the agent reads it: the number zero in any notation is right, text is not.
fn version(node: &Node) -> Spanned<Version> {
    let ruby = Ruby::from_node(node);
    let is_zero = match ruby {
        Ruby::Int(value) => value == 0,
        Ruby::Float(value) => value == 0.0,
        _ => false,
    };
    Spanned::new(Version { text: ruby.to_s(), is_zero }, node.span)
}

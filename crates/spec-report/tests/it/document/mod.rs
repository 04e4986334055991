//! Reading documents, taking values out of them and writing them.

mod cursor;
mod decode;
mod emit;
mod exercise;
mod hostile;
mod json;
mod oracle;
mod scalars;
mod yaml;

use spec_report::{Document, Limits, Node, Report, Schema, Source, Value, read_json, read_yaml};

use crate::rules::STRUCTURE;

pub(super) fn yaml(text: &str) -> (Document, Report) {
    read_yaml(Source::new("t.yml", text), &Limits::default(), &STRUCTURE)
}

pub(super) fn json(text: &str) -> (Document, Report) {
    read_json(Source::new("t.json", text), &Limits::default(), &STRUCTURE)
}

/// YAML that must be read without a word.
pub(super) fn clean(text: &str) -> Document {
    let (document, report) = yaml(text);
    assert!(report.is_empty(), "{text}\n{:?}", lines(&report));
    document
}

/// Each diagnostic as `line:column rule message`.
pub(super) fn lines(report: &Report) -> Vec<String> {
    report
        .iter()
        .map(|found| {
            let position = found.primary.source.position(found.primary.span.start);
            format!("{position} {} {}", found.rule.name(), found.message)
        })
        .collect()
}

/// The values of a document with the text of their spans, in the order of the text.
pub(super) fn spans(document: &Document) -> Vec<(String, String)> {
    fn walk(document: &Document, node: &Node, out: &mut Vec<(String, String)>) {
        let what = match &node.value {
            Value::Scalar(scalar) => format!("{:?} {:?}", scalar.style, scalar.text),
            Value::Seq(_) => "seq".to_owned(),
            Value::Map(_) => "map".to_owned(),
            Value::Alias(alias) => format!("*{} {}", alias.name, alias.target.is_some()),
        };
        let properties = node.anchor.iter().map(|name| format!("&{name} "));
        let properties: String = properties.chain(node.tag.iter().map(|tag| format!("{} ", tag.text))).collect();
        out.push((properties + &what, document.source().slice(node.span).to_owned()));
        match &node.value {
            Value::Seq(items) => items.iter().for_each(|item| walk(document, item, out)),
            Value::Map(entries) => entries.iter().for_each(|entry| {
                walk(document, &entry.key, out);
                walk(document, &entry.value, out);
            }),
            Value::Scalar(_) | Value::Alias(_) => {}
        }
    }
    let mut out = Vec::new();
    if let Some(root) = document.root() {
        walk(document, root, &mut out);
    }
    out
}

pub(super) fn to_json(document: &Document, schema: Schema) -> serde_json::Value {
    document.root().map_or(serde_json::Value::Null, |root| root.to_json(schema))
}

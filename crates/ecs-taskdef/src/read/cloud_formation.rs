//! CloudFormation's spelling of the API's keys: `ContainerDefinitions` for `containerDefinitions`.
//!
//! The two differ in the case of letters only, so keys are respelled in place and every other byte keeps its position:
//! what is reported points at the line and column of the file that was given.

use spec_report::{Limits, Node, Source, Value};

use crate::model::shape::{CONTAINERS, Kind, TASK_DEFINITION};
use crate::rules::STRUCTURE;

/// The text with the API's spelling of the keys that the API has. What a key's mapping holds under names of its own,
/// such as labels and log options, stays.
pub(super) fn respell(source: &Source, json: bool, limits: &Limits) -> Source {
    let (document, _) = match json {
        true => spec_report::read_json(source.clone(), limits, &STRUCTURE),
        false => spec_report::read_yaml(source.clone(), limits, &STRUCTURE),
    };
    let mut text = source.text().to_owned();
    if let Some(root) = document.root() {
        let kind = match root.value {
            Value::Seq(_) => CONTAINERS,
            _ => Kind::Struct(&TASK_DEFINITION),
        };
        walk(root, kind, &mut text);
    }
    Source::new(source.name(), text)
}

fn walk(node: &Node, kind: Kind, text: &mut String) {
    // What an alias stands for is respelled where it is written.
    match (kind, &node.value) {
        (Kind::List(item), Value::Seq(nodes)) => nodes.iter().for_each(|node| walk(node, *item, text)),
        (Kind::Struct(shape), Value::Map(entries)) => {
            for entry in entries {
                let Some(key) = entry.key.as_str() else { continue };
                let Some(field) = shape.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key)) else {
                    continue;
                };
                let span = entry.key.span;
                // A key that is written with escapes has no place of its own for each letter.
                if let Some(at) = text.get(span.start..span.end).and_then(|raw| raw.find(key)) {
                    let start = span.start + at;
                    text.replace_range(start..start + key.len(), field.name);
                }
                walk(&entry.value, field.kind, text);
            }
        }
        _ => {}
    }
}

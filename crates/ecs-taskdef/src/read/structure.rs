//! Compares a document with the table of shapes and reports unknown keys, wrong types, missing keys and unknown words.

use spec_report::{
    Diagnostic, Edit, Fix, Format, MapCursor, Node, Reader, Safety, Severity, Span, Style, Typed, did_you_mean, emit,
};

use crate::model::shape::{self, Field, Kind, Shape};
use crate::model::{definition_node, is_container_list};
use crate::placeholder;
use crate::rules::UNKNOWN_VALUE;

static WRAPPER: Shape = Shape {
    what: "the file",
    fields: &[
        Field { name: "taskDefinition", kind: Kind::Struct(&shape::TASK_DEFINITION), required: true },
        Field { name: "tags", kind: Kind::List(&Kind::Struct(&shape::TAG)), required: false },
    ],
};

pub(super) fn check(reader: &mut Reader<'_>, root: &Node) {
    if is_container_list(root) {
        value(reader, root, "the list of containers", shape::CONTAINERS);
        return;
    }
    let wrapped = !std::ptr::eq(definition_node(root), root);
    let shape = if wrapped { &WRAPPER } else { &shape::TASK_DEFINITION };
    value(reader, root, shape.what, Kind::Struct(shape));
}

/// `what` begins the message: "`family`", "the task definition".
fn value(reader: &mut Reader<'_>, node: &Node, what: &str, kind: Kind) {
    if is_open(reader, node) {
        return;
    }
    match kind {
        Kind::Any => {}
        Kind::Str => text(reader, node, what),
        Kind::Amount => {
            if !matches!(node.typed(reader.schema()), Typed::Int(_) | Typed::Str(_)) {
                reader.wrong_type(node, what, "a string or a whole number");
            }
        }
        Kind::Int => int(reader, node, what),
        Kind::Bool => boolean(reader, node, what),
        Kind::OneOf(words) => word(reader, node, what, words),
        Kind::StrMap => {
            for entry in node.as_map().unwrap_or_default() {
                value(reader, &entry.value, &named(&entry.key), Kind::Str);
            }
            if node.as_map().is_none() {
                reader.wrong_type(node, what, "a mapping");
            }
        }
        Kind::List(item) => {
            for (index, node) in reader.seq(node, what).iter().enumerate() {
                value(reader, node, &item_title(item, node, index, what), *item);
            }
        }
        Kind::Struct(shape) => {
            if let Some(map) = reader.map(node, what) {
                structure(reader, map, shape);
            }
        }
    }
}

/// Nothing is written, or a placeholder: what it becomes is not known yet, so neither is its type.
fn is_open(reader: &Reader<'_>, node: &Node) -> bool {
    reader.is_null(node) || node.as_str().is_some_and(placeholder::has_any)
}

fn structure(reader: &mut Reader<'_>, mut map: MapCursor<'_>, shape: &Shape) {
    for field in shape.fields {
        let found = if field.required { map.require(field.name, reader) } else { map.take(field.name) };
        let Some(found) = found else { continue };
        if field.required && found.is_null(reader) {
            let message = format!("{} lacks a value for the required key `{}`", map.what(), field.name);
            reader.report_at(reader.rules().missing_key, found.key.span, message);
        }
        match field.kind {
            // What concerns the structure as such points at its key.
            Kind::Struct(inner) if !is_open(reader, found.value) => {
                if let Some(map) = found.map(reader) {
                    structure(reader, map, inner);
                }
            }
            kind => value(reader, found.value, &named(found.key), kind),
        }
    }
    map.finish(reader);
}

fn named(key: &Node) -> String {
    format!("`{}`", key.as_str().unwrap_or_default())
}

fn item_title(kind: &Kind, node: &Node, index: usize, list: &str) -> String {
    match kind {
        Kind::Struct(shape) if std::ptr::eq(*shape, &shape::CONTAINER) => {
            match node.get("name").and_then(Node::as_str) {
                Some(name) => format!("container `{name}`"),
                None => format!("container {}", index + 1),
            }
        }
        Kind::Struct(shape) => shape.what.to_owned(),
        _ => format!("item {} of {list}", index + 1),
    }
}

/// JSON types are strict in the API: a number for a string ends in a SerializationException.
/// In YAML a plain `8080` is text as much as a number, and the request body takes it as the string it must be.
fn text(reader: &mut Reader<'_>, node: &Node, what: &str) {
    match node.typed(reader.schema()) {
        Typed::Str(_) => {}
        Typed::Int(_) | Typed::Float(_) | Typed::Bool(_) => {
            if reader.document().format() == Format::Json {
                let raw = reader.source().slice(node.span).to_owned();
                let kind = node.kind();
                let message = format!("{what} must be a string, but is {kind}");
                mend(reader, node.span, message, "write it as a string", emit::json_string(&raw));
            }
        }
        _ => reader.wrong_type(node, what, "a string"),
    }
}

fn int(reader: &mut Reader<'_>, node: &Node, what: &str) {
    match node.typed(reader.schema()) {
        Typed::Int(_) => {}
        Typed::Str(digits) if quoted(node) && digits.parse::<i64>().is_ok() => {
            let message = format!("{what} must be a whole number, but is a string");
            let digits = digits.to_owned();
            mend(reader, node.span, message, "write it as a number", digits);
        }
        _ => reader.wrong_type(node, what, "a whole number"),
    }
}

fn boolean(reader: &mut Reader<'_>, node: &Node, what: &str) {
    match node.typed(reader.schema()) {
        Typed::Bool(_) => {}
        Typed::Str(word) if quoted(node) && matches!(word, "true" | "false") => {
            let message = format!("{what} must be `true` or `false`, but is a string");
            let word = word.to_owned();
            mend(reader, node.span, message, "write it without quotes", word);
        }
        _ => reader.wrong_type(node, what, "`true` or `false`"),
    }
}

fn word(reader: &mut Reader<'_>, node: &Node, what: &str, words: &[&str]) {
    let is_bare = reader.document().format() == Format::Json
        && !matches!(node.typed(reader.schema()), Typed::Str(_) | Typed::Null);
    let Some(found) = node.as_str().filter(|_| !is_bare) else {
        reader.wrong_type(node, what, "a string");
        return;
    };
    // The empty word is how old exports of the console say "not set".
    if found.is_empty() || words.contains(&found) {
        return;
    }
    let message = format!("{what} is `{found}`, which is not among the values that ECS documents");
    let near = words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(found))
        .or_else(|| did_you_mean(found, words.iter().copied()));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known values: `{}`", words.join("`, `")),
    };
    let mut diagnostic = Diagnostic::new(&UNKNOWN_VALUE, reader.source(), node.span, message).with_help(help);
    if let (Some(near), true) = (near, quoted(node) || reader.document().format() == Format::Yaml) {
        let replacement = if quoted(node) { emit::json_string(near) } else { near.to_owned() };
        diagnostic = diagnostic.with_fix(Fix {
            title: format!("write `{near}`"),
            edits: vec![Edit { span: node.span, replacement }],
            safety: Safety::Unsafe,
        });
    }
    reader.report(diagnostic);
}

/// A type that is wrong but leaves no doubt: the request body is written with the right one, so it is a warning.
fn mend(reader: &mut Reader<'_>, span: Span, message: String, title: &str, replacement: String) {
    let diagnostic = Diagnostic::new(reader.rules().wrong_type, reader.source(), span, message)
        .with_severity(Severity::Warning)
        .with_help("this crate sends the right type; other tools send what is written, which ECS refuses")
        .with_fix(Fix { title: title.to_owned(), edits: vec![Edit { span, replacement }], safety: Safety::Safe });
    reader.report(diagnostic);
}

/// Whether the value itself, not an alias of it, is written in quotes.
fn quoted(node: &Node) -> bool {
    match &node.value {
        spec_report::Value::Scalar(scalar) => matches!(scalar.style, Style::SingleQuoted | Style::DoubleQuoted),
        _ => false,
    }
}

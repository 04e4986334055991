//! Where the bytes of a change go, in YAML's blocks and in flow notation.

use super::{Edit, EditError, Node, Source, Span, Value, emit};

/// What lies on a path of keys.
struct Found<'n> {
    /// The deepest mapping or value that is there.
    node: &'n Node,
    /// How many keys lead to it.
    depth: usize,
    /// The key that it belongs to.
    key: Option<&'n Node>,
}

/// Sets the value at a path; what is missing above it is made.
pub(super) fn set(
    source: &Source,
    root: &Node,
    path: &[&str],
    texts: &[&String],
    list: bool,
) -> Result<Edit, EditError> {
    let found = find(root, path)?;
    let value =
        if list { emit::Value::from(texts.iter().map(|text| text.as_str()).collect::<Vec<_>>()) } else { one(texts) };
    if found.depth < path.len() {
        return insert(source, &found, path, &value);
    }
    Ok(replace(source, &found, &value))
}

/// Adds an item to the list at a path; a single value becomes a list.
pub(super) fn append(source: &Source, root: &Node, path: &[&str], item: &str) -> Result<Edit, EditError> {
    let found = find(root, path)?;
    if found.depth < path.len() {
        return insert(source, &found, path, &emit::Value::from(vec![item]));
    }
    let new = emit::Value::from(vec![item]);
    match &found.node.value {
        Value::Seq(items) => {
            let Some(last) = items.last().filter(|_| !is_flow(source, found.node)) else {
                let inner = source.slice(found.node.span).trim_end_matches(']').trim_end();
                let comma = if items.is_empty() || inner.ends_with(',') { "" } else { ", " };
                let at = found.node.span.start + inner.len();
                return Ok(Edit { span: Span::at(at), replacement: format!("{comma}{}", quoted(source, item)) });
            };
            let at = line_end(source, content_end(source, last.span).max(element_start(source, last.span) + 1));
            let pad = " ".repeat(column(source, element_start(source, last.span)));
            let text = if ends_open(&new) { format!("- {}", quoted(source, item)) } else { emit::yaml(&new) };
            Ok(Edit { span: Span::at(at), replacement: lines(source, &text, &pad) })
        }
        Value::Scalar(_) if !found.node.span.is_empty() && found.node.as_str().is_some() => {
            let old = found.node.as_str().unwrap_or_default();
            let replacement = format!("[{}, {}]", quoted(source, old), quoted(source, item));
            Ok(keep_break(source, found.node.span, replacement))
        }
        Value::Scalar(_) => Ok(replace(source, &found, &new)),
        _ => Err(entangled(path, "it is not written as a list of commands")),
    }
}

/// Removes the entry at a path, and the mappings above it that would be empty then.
pub(super) fn remove(source: &Source, root: &Node, path: &[&str]) -> Result<Edit, EditError> {
    let missing = || EditError::Missing { path: path.join(".") };
    let mut maps = Vec::new();
    let mut node = root;
    for key in path {
        let Value::Map(entries) = &node.value else { return Err(missing()) };
        let at = entries.iter().position(|entry| entry.key.as_str() == Some(*key)).ok_or_else(missing)?;
        maps.push((node, at));
        node = &entries[at].value;
    }
    let alone = |node: &Node| matches!(&node.value, Value::Map(entries) if entries.len() == 1);
    let Some((map, at)) = maps.into_iter().rev().find(|(map, _)| !alone(map)) else {
        return Err(entangled(path, "nothing would be left of the file"));
    };
    let Value::Map(entries) = &map.value else { return Err(missing()) };
    let (key, value) = (&entries[at].key, &entries[at].value);
    let end = content_end(source, key.span.to(value.span)).max(key.span.end);
    if is_flow(source, map) {
        let span = match entries.get(at + 1) {
            Some(next) => Span::new(key.span.start, next.key.span.start),
            None => Span::new(entries[at - 1].value.span.end.max(entries[at - 1].key.span.end), end),
        };
        return Ok(Edit { span, replacement: String::new() });
    }
    let start = line_start(source, key.span.start);
    let end = line_end(source, end);
    // With the line break behind it, or at the end of the file the one before it.
    let rest = &source.text()[end..];
    let span = match rest.find('\n') {
        Some(at) => Span::new(start, end + at + 1),
        None => Span::new(start, source.len()),
    };
    Ok(Edit { span, replacement: String::new() })
}

fn find<'n>(root: &'n Node, path: &[&str]) -> Result<Found<'n>, EditError> {
    let mut found = Found { node: root, depth: 0, key: None };
    for key in path {
        let Value::Map(entries) = &found.node.value else { break };
        let Some(entry) = entries.iter().find(|entry| entry.key.as_str() == Some(*key)) else { break };
        if matches!(entry.value.value, Value::Alias(_)) {
            return Err(entangled(path, "a YAML alias stands there; write it out first"));
        }
        found = Found { node: &entry.value, depth: found.depth + 1, key: Some(&entry.key) };
    }
    let null =
        |node: &Node| matches!(&node.value, Value::Scalar(scalar) if matches!(scalar.text.as_str(), "" | "~" | "null"));
    if found.depth < path.len() && !matches!(found.node.value, Value::Map(_)) && !null(found.node) {
        return Err(entangled(path, "there is something else than a mapping above it"));
    }
    Ok(found)
}

/// Adds the rest of a path with its value to the deepest mapping that is there.
fn insert(source: &Source, found: &Found<'_>, path: &[&str], value: &emit::Value) -> Result<Edit, EditError> {
    let nested =
        |keys: &[&str]| keys.iter().rev().fold(value.clone(), |value, key| emit::Map::new().with(*key, value).into());
    let (Value::Map(entries), [key, rest @ ..]) = (&found.node.value, &path[found.depth..]) else {
        // Nothing is there but the key.
        return Ok(replace(source, found, &nested(&path[found.depth..])));
    };
    if is_flow(source, found.node) {
        let entry = format!("{}: {}", quoted(source, key), flow(source, &nested(rest)));
        let inner = source.slice(found.node.span).trim_end_matches('}').trim_end();
        let comma = if entries.is_empty() || inner.ends_with(',') { "" } else { ", " };
        let at = found.node.span.start + inner.len();
        return Ok(Edit { span: Span::at(at), replacement: format!("{comma}{entry}") });
    }
    let Some(last) = entries.last() else { return Err(entangled(path, "the mapping above it is empty")) };
    let pad = " ".repeat(column(source, found.node.span.start));
    let text = if ends_open(value) {
        format!("{}: {}", quoted(source, key), flow(source, &nested(rest)))
    } else {
        emit::yaml(&emit::Map::new().with(*key, nested(rest)).into())
    };
    let at = line_end(source, content_end(source, last.key.span.to(last.value.span)).max(last.key.span.end + 1));
    Ok(Edit { span: Span::at(at.min(source.len())), replacement: lines(source, &text, &pad) })
}

/// Puts a value where another one stands, or none.
fn replace(source: &Source, found: &Found<'_>, value: &emit::Value) -> Edit {
    let node = found.node;
    let absent = node.span.is_empty();
    if let (Value::Seq(items), false) = (&node.value, is_flow(source, node))
        && let (Some(first), Some(last), emit::Value::Seq(_)) = (items.first(), items.last(), value)
        && !ends_open(value)
    {
        let start = element_start(source, first.span);
        let pad = " ".repeat(column(source, start));
        let span = Span::new(start, content_end(source, last.span).max(element_start(source, last.span) + 1));
        return Edit { span, replacement: lines(source, &emit::yaml(value), &pad).trim_start().to_owned() };
    }
    let text = flow(source, value);
    if absent {
        let at = found.key.map_or(node.span.start, |key| behind_colon(source, key));
        return Edit { span: Span::at(at), replacement: format!(" {text}") };
    }
    keep_break(source, node.span, text)
}

/// A block of text ends in a line break, which stays.
fn keep_break(source: &Source, span: Span, replacement: String) -> Edit {
    let text = source.slice(span);
    let end = if text.ends_with('\n') { span.start + text.trim_end_matches(['\r', '\n']).len() } else { span.end };
    Edit { span: Span::new(span.start, end), replacement }
}

/// Whether a text ends in lines without anything. A block would take those that follow it in the file for its own.
fn ends_open(value: &emit::Value) -> bool {
    match value {
        emit::Value::Str(text) => text.ends_with("\n\n") || (text.ends_with('\n') && text.trim().is_empty()),
        emit::Value::Seq(items) => items.iter().any(ends_open),
        _ => false,
    }
}

/// A value on one line.
fn flow(source: &Source, value: &emit::Value) -> String {
    match value {
        emit::Value::Seq(items) => {
            format!("[{}]", items.iter().map(|item| flow(source, item)).collect::<Vec<_>>().join(", "))
        }
        emit::Value::Map(map) => {
            let entry =
                |(key, value): (&str, &emit::Value)| format!("{}: {}", quoted(source, key), flow(source, value));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        emit::Value::Str(text) => quoted(source, text),
        other => emit::yaml(other).trim_end().to_owned(),
    }
}

/// A text as the file quotes it.
fn quoted(source: &Source, text: &str) -> String {
    let json = source.text().trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'));
    if json { emit::json_string(text) } else { emit::quote_if_needed(text).into_owned() }
}

fn one(texts: &[&String]) -> emit::Value {
    emit::Value::from(texts.first().map_or("", |text| text.as_str()))
}

/// New lines behind a line: each with the indentation, in the file's line breaks.
fn lines(source: &Source, text: &str, pad: &str) -> String {
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    let indented = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
    indented.map(|line| format!("{newline}{line}")).collect()
}

fn entangled(path: &[&str], why: &'static str) -> EditError {
    EditError::Entangled { path: path.join("."), why }
}

fn is_flow(source: &Source, node: &Node) -> bool {
    source.text()[node.span.start..].starts_with(['{', '['])
}

fn behind_colon(source: &Source, key: &Node) -> usize {
    source.text()[key.span.end..].find(':').map_or(key.span.end, |at| key.span.end + at + 1)
}

/// The dash of an item.
fn element_start(source: &Source, span: Span) -> usize {
    source.text()[..span.start].rfind('-').unwrap_or(span.start)
}

/// The end of an element without the line breaks that a block of text ends in.
fn content_end(source: &Source, span: Span) -> usize {
    span.start + source.slice(span).trim_end_matches(['\n', '\r', ' ']).len()
}

fn line_start(source: &Source, at: usize) -> usize {
    source.text()[..at].rfind('\n').map_or(0, |at| at + 1)
}

/// Where the line ends, before its line break.
fn line_end(source: &Source, at: usize) -> usize {
    let at = at.min(source.len());
    let end = source.text()[at..].find('\n').map_or(source.len(), |more| at + more);
    if source.text()[..end].ends_with('\r') && end > at { end - 1 } else { end }
}

fn column(source: &Source, at: usize) -> usize {
    source.slice(Span::new(line_start(source, at), at)).chars().count()
}

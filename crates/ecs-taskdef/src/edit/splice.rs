//! Where the bytes of an insertion or a removal go, in flow notation (JSON, and YAML's brackets) and in YAML's blocks.

use spec_report::{Edit, Entry, Node, Source, Span, Style, Value, emit};

use super::EditError;

/// A value to insert, written in flow notation or as a block.
pub(super) enum Flow<'a> {
    /// A string.
    Text(&'a str),
    /// A list with one mapping.
    ListOfOne(&'a [(&'a str, &'a str)]),
    /// A mapping with one entry.
    MapOfOne(&'a str, &'a str),
    /// A number.
    Number(u32),
    /// A list of strings.
    Texts(&'a [&'a str]),
}

/// Replaces a scalar by a string, in the style it is written in.
pub(super) fn scalar(source: &Source, node: &Node, text: &str) -> Edit {
    let raw = source.slice(node.span);
    let json = is_json(source, node);
    let replacement = match &node.value {
        _ if json => emit::json_string(text),
        Value::Scalar(scalar) => match scalar.style {
            Style::Plain => emit::quote_if_needed(text).into_owned(),
            Style::SingleQuoted if !text.contains(['\n', '\r', '\t']) => format!("'{}'", text.replace('\'', "''")),
            Style::Literal | Style::Folded if raw.ends_with('\n') => format!("{}\n", emit::json_string(text)),
            _ => emit::json_string(text),
        },
        // An alias gives way to a value of this place alone.
        _ => emit::quote_if_needed(text).into_owned(),
    };
    replace(source, node, replacement)
}

/// `key:` with nothing behind it needs a blank before the value.
fn replace(source: &Source, node: &Node, replacement: String) -> Edit {
    let glued = node.span.is_empty() && source.text()[..node.span.start].ends_with([':', '-']);
    Edit { span: node.span, replacement: if glued { format!(" {replacement}") } else { replacement } }
}

/// Replaces a scalar by a number.
pub(super) fn number(source: &Source, node: &Node, number: u32) -> Edit {
    let lines = source.slice(node.span).ends_with('\n');
    replace(source, node, if lines { format!("{number}\n") } else { number.to_string() })
}

/// Replaces an amount, which people write as a number or as a text: what was a number stays one if it can.
pub(super) fn amount(source: &Source, node: &Node, amount: &str) -> Edit {
    let plain = node.as_scalar().is_some_and(|scalar| scalar.style == Style::Plain && !scalar.text.is_empty());
    let digits = plain && node.as_str().is_some_and(is_number) && is_number(amount);
    if digits { replace(source, node, amount.to_owned()) } else { scalar(source, node, amount) }
}

/// Digits that JSON takes for a number.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'))
}

/// Replaces a list of strings, one line per item where it was written so.
pub(super) fn texts(source: &Source, list: &Node, items: &[&str]) -> Edit {
    let whole = Flow::Texts(items);
    let Value::Seq(old) = &list.value else { return fill(source, list, &whole) };
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return fill(source, list, &whole) };
    if is_flow(source, list) {
        let json = is_json(source, list);
        let gaps = [
            source.slice(Span::new(list.span.start + 1, first.span.start)),
            old.get(1).map_or("", |second| source.slice(Span::new(first.span.end, second.span.start))),
            source.slice(Span::new(last.span.end, list.span.end.saturating_sub(1))),
        ];
        // A gap with anything but a comma and blanks holds a comment, which must not be repeated.
        if items.is_empty() || gaps.iter().any(|gap| !gap.trim_matches([' ', '\t', '\r', '\n', ',']).is_empty()) {
            return fill(source, list, &whole);
        }
        let between = match (gaps[1], gaps[0]) {
            ("", before) if before.contains('\n') => format!(",{before}"),
            ("", _) => ", ".to_owned(),
            (between, _) => between.to_owned(),
        };
        let items: Vec<String> = items.iter().map(|item| text(item, json)).collect();
        let replacement = format!("[{}{}{}]", gaps[0], items.join(&between), gaps[2]);
        return Edit { span: list.span, replacement };
    }
    let start = element_start(source, first.span, list);
    let span = Span::new(start, content_end(source, last.span));
    if items.is_empty() {
        return Edit { span, replacement: "[]".to_owned() };
    }
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    let pad = " ".repeat(column(source, start));
    let items: Vec<String> = items.iter().map(|item| format!("- {}", text(item, false))).collect();
    Edit { span, replacement: items.join(&format!("{newline}{pad}")) }
}

/// Adds an entry at the end of a mapping.
pub(super) fn insert_entry(source: &Source, map: &Node, key: &str, value: &Flow<'_>) -> Result<Edit, EditError> {
    let entries = plain_map(map, key)?;
    let spans: Vec<Span> = entries.iter().map(entry_span).collect();
    if is_flow(source, map) {
        let json = is_json(source, map);
        return Ok(insert_flow(source, map.span, &spans, &format!("{}: {}", text(key, json), flow(value, json))));
    }
    let indent = column(source, map.span.start);
    let pad = " ".repeat(indent);
    let mut lines = match value {
        Flow::Text(_) | Flow::Number(_) | Flow::Texts(_) => {
            format!("{pad}{}: {}", text(key, false), flow(value, false))
        }
        Flow::MapOfOne(name, value) => {
            format!("{pad}{}:\n{pad}  {}: {}", text(key, false), text(name, false), text(value, false))
        }
        Flow::ListOfOne(entries) => {
            format!("{pad}{}:\n{}", text(key, false), block_item(entries, &format!("{pad}  - "), indent + 4))
        }
    };
    if source.text().contains("\r\n") {
        lines = lines.replace('\n', "\r\n");
    }
    Ok(insert_lines(source, spans.last().copied().unwrap_or(map.span), &lines))
}

/// Adds a mapping at the end of a list.
pub(super) fn insert_item(source: &Source, list: &Node, item: &[(&str, &str)]) -> Result<Edit, EditError> {
    let Value::Seq(items) = &list.value else { return Err(shared("the list")) };
    let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
    if is_flow(source, list) {
        let json = is_json(source, list);
        // The new item looks like the last one, which it copies with other texts in it.
        let like = items.last().and_then(|last| alike(source, last, item, json));
        let new = like.unwrap_or_else(|| flow(&Flow::ListOfOne(item), json).trim_matches(['[', ']']).to_owned());
        return Ok(insert_flow(source, list.span, &spans, &new));
    }
    let Some(last) = spans.last().copied() else { return Err(shared("the list")) };
    let dash = source.text()[..last.start].rfind('-').ok_or_else(|| shared("the list"))?;
    let prefix = source.slice(Span::new(line_start(source, dash), last.start));
    if !prefix.trim_start().trim_end().chars().all(|c| c == '-') {
        return Err(shared("the list"));
    }
    // Of `- - name` the outer dash belongs to another list.
    let prefix = format!("{}{}", " ".repeat(column(source, dash)), &source.text()[dash..last.start]);
    let mut lines = block_item(item, &prefix, column(source, last.start));
    if source.text().contains("\r\n") {
        lines = lines.replace('\n', "\r\n");
    }
    Ok(insert_lines(source, last, &lines))
}

/// Removes an element of a collection.
pub(super) fn remove(source: &Source, collection: &Node, spans: &[Span], index: usize, under: &Node) -> Edit {
    let span = spans[index];
    let text = source.text();
    if spans.len() == 1 {
        let (open, close) = if matches!(collection.value, Value::Seq(_)) { ("[", "]") } else { ("{", "}") };
        if is_flow(source, collection) {
            return Edit { span: collection.span, replacement: format!("{open}{close}") };
        }
        let colon = text[under.span.end..].find(':').map_or(under.span.end, |at| under.span.end + at + 1);
        return Edit { span: Span::new(colon, content_end(source, span)), replacement: format!(" {open}{close}") };
    }
    if is_flow(source, collection) {
        let span = match spans.get(index + 1) {
            Some(next) => Span::new(span.start, next.start),
            None => Span::new(spans[index - 1].end, span.end),
        };
        return Edit { span, replacement: String::new() };
    }
    // In blocks whole lines go, from the dash or key to before the next one's.
    let first = element_start(source, span, collection);
    let span = match spans.get(index + 1) {
        Some(next) => Span::new(first, element_start(source, *next, collection)),
        None => {
            let before = content_end(source, spans[index - 1]);
            // A comment behind the element before stays with it.
            Span::new(line_end(source, before).min(first), line_end(source, content_end(source, span)))
        }
    };
    Edit { span, replacement: String::new() }
}

/// From key to value.
pub(super) fn entry_span(entry: &Entry) -> Span {
    entry.key.span.to(entry.value.span)
}

fn plain_map<'n>(node: &'n Node, what: &str) -> Result<&'n [Entry], EditError> {
    match &node.value {
        Value::Map(entries) => Ok(entries),
        _ => Err(shared(what)),
    }
}

fn shared(what: &str) -> EditError {
    EditError::Entangled {
        what: format!("`{what}`"),
        why: "it is a YAML alias, or not written as a collection; write it out first",
    }
}

fn is_flow(source: &Source, node: &Node) -> bool {
    source.text()[node.span.start..].starts_with(['{', '['])
}

/// JSON, or YAML written in its manner: with quoted keys.
fn is_json(source: &Source, node: &Node) -> bool {
    let name = source.name().to_ascii_lowercase();
    if name.ends_with(".yml") || name.ends_with(".yaml") {
        let quoted = |node: &Node| node.as_scalar().is_some_and(|scalar| scalar.style == Style::DoubleQuoted);
        return is_flow(source, node)
            && node.as_map().is_some_and(|entries| entries.iter().all(|entry| quoted(&entry.key)));
    }
    name.ends_with(".json") || source.text().trim_start().starts_with(['{', '['])
}

fn text(text: &str, json: bool) -> String {
    if json { emit::json_string(text) } else { emit::quote_if_needed(text).into_owned() }
}

fn flow(value: &Flow<'_>, json: bool) -> String {
    let pair = |(key, value): &(&str, &str)| format!("{}: {}", text(key, json), text(value, json));
    match value {
        Flow::Text(value) => text(value, json),
        Flow::MapOfOne(key, value) => format!("{{{}}}", pair(&(key, value))),
        Flow::Number(number) => number.to_string(),
        Flow::Texts(items) => {
            let items: Vec<String> = items.iter().map(|item| text(item, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Flow::ListOfOne(entries) => {
            let pairs: Vec<String> = entries.iter().map(pair).collect();
            format!("[{{{}}}]", pairs.join(", "))
        }
    }
}

fn block_item(entries: &[(&str, &str)], prefix: &str, indent: usize) -> String {
    let lines: Vec<String> =
        entries.iter().map(|(key, value)| format!("{}: {}", text(key, false), text(value, false))).collect();
    format!("{prefix}{}", lines.join(&format!("\n{}", " ".repeat(indent))))
}

/// The text of `model` with the values of `item` in it, if it has just these keys.
fn alike(source: &Source, model: &Node, item: &[(&str, &str)], json: bool) -> Option<String> {
    let Value::Map(entries) = &model.value else { return None };
    if entries.len() != item.len() {
        return None;
    }
    let mut out = String::new();
    let mut at = model.span.start;
    for entry in entries {
        let (_, value) = item.iter().find(|(key, _)| entry.key.as_str() == Some(key))?;
        let Value::Scalar(_) = &entry.value.value else { return None };
        out.push_str(source.slice(Span::new(at, entry.value.span.start)));
        out.push_str(&text(value, json));
        at = entry.value.span.end;
    }
    out.push_str(source.slice(Span::new(at, model.span.end)));
    Some(out)
}

/// Behind the last element, with the same blanks between the two as before the last one.
fn insert_flow(source: &Source, collection: Span, elements: &[Span], new: &str) -> Edit {
    let Some(last) = elements.last() else {
        let (open, close) = if source.text()[collection.start..].starts_with('{') { ("{", "}") } else { ("[", "]") };
        return Edit { span: collection, replacement: format!("{open}{new}{close}") };
    };
    let gap_start = match elements.len() {
        1 => collection.start + 1,
        n => elements[n - 2].end,
    };
    let gap = source.slice(Span::new(gap_start, last.start));
    // A gap with anything but a comma and blanks holds a comment, which must not be repeated.
    let blanks: String = gap.chars().filter(|&c| c != ',').collect();
    let blanks = if blanks.trim().is_empty() { blanks } else { " ".to_owned() };
    let blanks = if blanks.is_empty() && elements.len() == 1 { " ".to_owned() } else { blanks };
    Edit { span: Span::at(last.end), replacement: format!(",{blanks}{new}") }
}

/// New lines behind the line in which an element ends.
fn insert_lines(source: &Source, behind: Span, lines: &str) -> Edit {
    let at = line_end(source, content_end(source, behind));
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    Edit { span: Span::at(at), replacement: format!("{newline}{lines}") }
}

/// The end of an element without the line breaks that a block scalar ends in.
fn content_end(source: &Source, span: Span) -> usize {
    span.start + source.slice(span).trim_end_matches(['\n', '\r', ' ']).len()
}

fn element_start(source: &Source, span: Span, collection: &Node) -> usize {
    match &collection.value {
        Value::Seq(_) => source.text()[..span.start].rfind('-').unwrap_or(span.start),
        _ => span.start,
    }
}

fn line_start(source: &Source, at: usize) -> usize {
    source.text()[..at].rfind('\n').map_or(0, |at| at + 1)
}

/// Where the line ends, before its line break.
fn line_end(source: &Source, at: usize) -> usize {
    let end = source.text()[at..].find('\n').map_or(source.len(), |more| at + more);
    if source.text()[..end].ends_with('\r') && end > at { end - 1 } else { end }
}

fn column(source: &Source, at: usize) -> usize {
    source.slice(Span::new(line_start(source, at), at)).chars().count()
}

/// Replaces an empty collection, or a null, by a value in flow notation.
pub(super) fn fill(source: &Source, node: &Node, value: &Flow<'_>) -> Edit {
    replace(source, node, flow(value, is_json(source, node)))
}

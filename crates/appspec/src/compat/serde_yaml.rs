//! Types as `serde_yaml` 0.9 checks them, with its sentences: agent v2 reads its AppSpec that way.
//!
//! Values are read in the order of the file and the first mistake ends it, so callers hand in what to
//! do with each field instead of asking for fields.

use spec_report::{Encoding, Entry, Node, Scalar, Source, Spanned, Style, Value};

use super::syntax::place;

/// What `serde_yaml` says, without the agent's sentence around it.
pub(super) type Read<T> = Result<T, String>;

pub(super) struct Reader<'d> {
    pub(super) source: &'d Source,
}

impl Reader<'_> {
    /// An error about a node. Its place is left out for the very beginning of the text, which
    /// `serde_yaml` takes for no place at all.
    pub(super) fn error(&self, node: &Node, path: &str, message: &str) -> String {
        let start = node.tag.as_ref().map_or(node.span.start, |tag| tag.span.start.min(node.span.start));
        let mut at = self.source.position(start);
        let marked = self.source.encoding() == Encoding::Utf8Bom;
        if marked && at.line == 1 {
            at.column += 1;
        }
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        let at = if start == 0 && !marked { String::new() } else { format!(" at {}", place(at)) };
        format!("{path}{message}{at}")
    }

    fn invalid_type(&self, node: &Node, path: &str, expected: &str) -> String {
        let found = match &node.value {
            Value::Seq(_) => "sequence".to_owned(),
            Value::Map(_) => "map".to_owned(),
            Value::Scalar(scalar) => unexpected(scalar),
            Value::Alias(_) => "unit value".to_owned(),
        };
        self.error(node, path, &format!("invalid type: {found}, expected {expected}"))
    }

    /// Goes through the known fields of a struct in the order of the file.
    pub(super) fn fields(
        &self,
        node: &Node,
        path: &str,
        (name, known): (&str, &[&'static str]),
        mut field: impl FnMut(&'static str, &Node, &str) -> Read<()>,
    ) -> Read<()> {
        let node = node.resolved();
        let Some(entries) = node.as_map() else {
            return if is_void(node) { Ok(()) } else { Err(self.invalid_type(node, path, &format!("struct {name}"))) };
        };
        let mut seen = Vec::new();
        for (key, entry) in entries.iter().filter_map(|entry| Some((find(known, &entry.key)?, entry))) {
            if seen.contains(&key) {
                return Err(self.error(node, path, &format!("duplicate field `{key}`")));
            }
            seen.push(key);
            field(key, &entry.value, &joined(path, key))?;
        }
        Ok(())
    }

    /// The entries of a map whose keys are data; `None` for null.
    pub(super) fn map<'n>(&self, node: &'n Node, path: &str) -> Read<Option<&'n [Entry]>> {
        let node = node.resolved();
        match &node.value {
            Value::Map(entries) => Ok(Some(entries)),
            _ if is_null(node) => Ok(None),
            _ => Err(self.invalid_type(node, path, "a map")),
        }
    }

    /// The items of a list, each read by `item`; `None` for null.
    pub(super) fn list<T>(
        &self,
        node: &Node,
        path: &str,
        mut item: impl FnMut(&Node, &str) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        let node = node.resolved();
        match &node.value {
            Value::Seq(items) => {
                let read = items.iter().enumerate().map(|(at, node)| item(node, &format!("{path}[{at}]")));
                read.collect::<Read<Vec<T>>>().map(Some)
            }
            _ if is_null(node) => Ok(None),
            _ => Err(self.invalid_type(node, path, "a sequence")),
        }
    }

    /// A string: every scalar is one, as it is written.
    pub(super) fn string(&self, node: &Node, path: &str) -> Read<Spanned<String>> {
        match &node.resolved().value {
            Value::Scalar(scalar) => Ok(Spanned::new(scalar.text.clone(), node.span)),
            _ => Err(self.invalid_type(node.resolved(), path, "a string")),
        }
    }

    pub(super) fn optional_string(&self, node: &Node, path: &str) -> Read<Option<Spanned<String>>> {
        if is_null(node.resolved()) { Ok(None) } else { self.string(node, path).map(Some) }
    }

    pub(super) fn strings(&self, node: &Node, path: &str) -> Read<Option<Vec<Spanned<String>>>> {
        self.list(node, path, |item, path| self.string(item, path))
    }

    pub(super) fn optional_bool(&self, node: &Node, path: &str) -> Read<Option<bool>> {
        let node = node.resolved();
        match plain(node).and_then(boolean) {
            Some(value) => Ok(Some(value)),
            None if is_null(node) => Ok(None),
            None => Err(self.invalid_type(node, path, "a boolean")),
        }
    }

    pub(super) fn optional_u32(&self, node: &Node, path: &str) -> Read<Option<Spanned<u32>>> {
        let node = node.resolved();
        let value = plain(node).and_then(unsigned).and_then(|value| u64::try_from(value).ok());
        match value.map(|value| (value, u32::try_from(value))) {
            Some((_, Ok(value))) => Ok(Some(Spanned::new(value, node.span))),
            Some((value, Err(_))) => {
                Err(self.error(node, path, &format!("invalid value: integer `{value}`, expected u32")))
            }
            None if is_null(node) => Ok(None),
            None => Err(self.invalid_type(node, path, "u32")),
        }
    }

    pub(super) fn float(&self, node: &Node, path: &str) -> Read<Spanned<f64>> {
        let node = node.resolved();
        match plain(node).and_then(float) {
            Some(value) => Ok(Spanned::new(value, node.span)),
            None => Err(self.invalid_type(node, path, "f64")),
        }
    }
}

fn find(known: &[&'static str], key: &Node) -> Option<&'static str> {
    let name = key.resolved().as_str()?;
    known.iter().copied().find(|known| *known == name)
}

pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A value that was left out, which stands for an empty struct.
fn is_void(node: &Node) -> bool {
    plain(node).is_some_and(str::is_empty)
}

fn plain(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) if scalar.style == Style::Plain && node.tag.is_none() => Some(&scalar.text),
        _ => None,
    }
}

fn is_null(node: &Node) -> bool {
    plain(node).is_some_and(is_null_text)
}

fn is_null_text(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn unsigned(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return if digits.starts_with(['+', '-']) { None } else { i128::from_str_radix(digits, radix).ok() };
        }
    }
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    if is_number { digits.parse().ok() } else { None }
}

fn integer(text: &str) -> Option<i128> {
    match text.strip_prefix('-') {
        Some(digits) if !digits.starts_with('+') => unsigned(digits).map(|value| -value),
        _ => unsigned(text),
    }
}

fn float(text: &str) -> Option<f64> {
    let body = text.strip_prefix('+').unwrap_or(text);
    match body {
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    body.parse().ok().filter(|value: &f64| value.is_finite() && !body.starts_with('+'))
}

/// How the error of a scalar of the wrong type names what it found.
fn unexpected(scalar: &Scalar) -> String {
    let text = &*scalar.text;
    if scalar.style != Style::Plain {
        return format!("string {text:?}");
    }
    if is_null_text(text) {
        return "unit value".to_owned();
    }
    if let Some(value) = boolean(text) {
        return format!("boolean `{value}`");
    }
    if let Some(value) = integer(text) {
        return format!("integer `{value}`");
    }
    let digits = text.trim_start_matches(['-', '+']);
    let has_leading_zeros = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    match float(text).filter(|_| !has_leading_zeros) {
        Some(value) if value.is_finite() => format!("floating point `{value:?}`"),
        Some(value) => format!("floating point `{value}`"),
        None => format!("string {text:?}"),
    }
}

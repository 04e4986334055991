//! `Fn::Sub`, with and without its own variables.

use spec_report::{Node, Value};

use super::Reason;
use super::resolve::{Call, Resolver};

/// A part of a `Fn::Sub` text.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    /// `${!Name}`: the text `${Name}`.
    Literal(&'a str),
    /// `${Name}` or `${Resource.Attribute}`.
    Name(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}').map(|end| start + end) else { break };
        if start > 0 {
            out.push(Part::Text(&rest[..start]));
        }
        let inside = &rest[start + 2..end];
        out.push(match inside.strip_prefix('!') {
            Some(literal) => Part::Literal(literal),
            None => Part::Name(inside.trim()),
        });
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

/// The names that a `Fn::Sub` text refers to.
pub(crate) fn names_in_sub(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) | Part::Literal(_) => None,
    })
}

impl Resolver<'_> {
    pub(super) fn sub(&mut self, call: &Call<'_>) -> Node {
        let (text, own) = match &call.argument.resolved().value {
            Value::Scalar(scalar) => (Some(scalar.text.as_str()), None),
            Value::Seq(items) => (items.first().and_then(Node::as_str), items.get(1)),
            _ => (None, None),
        };
        let Some(text) = text else {
            return self.unknown("${Fn::Sub}", call.span, Reason::Function);
        };
        let mut out = String::with_capacity(text.len());
        for part in parts(text) {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Literal(name) => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                Part::Name(name) => out.push_str(&self.substitute(name, own, call)),
            }
        }
        self.computed(out, call.span)
    }

    fn substitute(&mut self, name: &str, own: Option<&Node>, call: &Call<'_>) -> String {
        if let Some(node) = own.and_then(|own| own.get(name)) {
            return match self.text_of(node) {
                Some((text, known)) => {
                    if !known {
                        self.origins.symbolic.insert(call.span);
                    }
                    text
                }
                None => {
                    self.note(&format!("${{{name}}}"), call.span, Reason::Function);
                    format!("${{{name}}}")
                }
            };
        }
        let node =
            if name.contains('.') { Some(self.attribute_of(name, call.span)) } else { self.reference(name, call.span) };
        match node.as_ref().map(|node| &node.value) {
            Some(Value::Scalar(scalar)) => scalar.text.clone(),
            // `Fn::Sub` of a list parameter joins its items again.
            Some(Value::Seq(items)) => items.iter().filter_map(Node::as_str).collect::<Vec<_>>().join(","),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_parts() {
        assert_eq!(
            parts("a${B}${!C}-${D.Arn}${open"),
            [
                Part::Text("a"),
                Part::Name("B"),
                Part::Literal("C"),
                Part::Text("-"),
                Part::Name("D.Arn"),
                Part::Text("${open"),
            ]
        );
    }
}

//! Looking into evaluated properties: every value comes with its place and with how sure it is.

use spec_report::{Node, Schema, Span, Typed, Value};

use crate::format::fields::Origins;
use crate::places::Origin;

/// A text of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The text; what is not known stands in it as `${…}`.
    pub text: String,
    /// Where it is written.
    pub span: Span,
    /// Whether it is written so, computed, or only partly known.
    pub origin: Origin,
}

impl Text {
    /// Whether the deployment will have just this text.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.origin != Origin::Symbolic
    }
}

/// A node of evaluated properties, or its absence.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    node: Option<&'a Node>,
    origins: &'a Origins,
}

impl<'a> At<'a> {
    pub(super) const fn new(node: Option<&'a Node>, origins: &'a Origins) -> Self {
        Self { node, origins }
    }

    pub(super) fn get(&self, key: &str) -> Self {
        let node = self.node.and_then(|node| node.get(key)).filter(|node| !node.is_null(Schema::Yaml11));
        Self { node, origins: self.origins }
    }

    pub(super) const fn is_there(&self) -> bool {
        self.node.is_some()
    }

    pub(super) fn this(&self) -> Option<Text> {
        let node = self.node?.resolved();
        let text = node.as_str()?.to_owned();
        let origin = if self.origins.symbolic.contains(&node.span) {
            Origin::Symbolic
        } else if self.origins.computed.contains(&node.span) {
            Origin::Computed
        } else {
            Origin::Written
        };
        Some(Text { text, span: node.span, origin })
    }

    pub(super) fn text(&self, key: &str) -> Option<Text> {
        self.get(key).this()
    }

    pub(super) fn boolean(&self, key: &str) -> Option<bool> {
        let node = self.get(key).node?;
        match node.typed(Schema::Yaml11) {
            Typed::Bool(value) => Some(value),
            // CloudFormation turns the words into booleans.
            Typed::Str(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Typed::Str(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u32> {
        self.text(key)?.text.trim().parse().ok()
    }

    /// The items of a list.
    pub(super) fn items(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        let origins = self.origins;
        let items = match self.get(key).node.map(|node| &node.resolved().value) {
            Some(Value::Seq(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(move |node| Self { node: Some(node), origins })
    }

    pub(super) fn texts(&self, key: &str) -> Vec<Text> {
        self.items(key).filter_map(|item| item.this()).collect()
    }

    pub(super) fn json(&self, key: &str) -> Option<serde_json::Value> {
        self.get(key).node.map(|node| node.to_json(Schema::Yaml11))
    }
}

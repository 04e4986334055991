//! The document tree: what was written, where, and in which notation.
//!
//! Nothing is resolved away: scalars keep their text and style, mappings are lists of entries so that
//! duplicate keys survive, tags and comments have places, aliases stay aliases.
//!
//! Invariant, kept by the readers: the tree with all aliases followed has at most
//! [`Limits::expanded_nodes`](crate::Limits) nodes and is at most [`Limits::depth`](crate::Limits)
//! collections deep. So every recursive walk ends, and dropping a document cannot exhaust the stack.

use std::sync::Arc;

use crate::{Source, Span};

/// The notation of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// YAML.
    Yaml,
    /// JSON (RFC 8259).
    Json,
}

/// One document as it was written.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) source: Source,
    pub(crate) format: Format,
    pub(crate) root: Option<Node>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) stopped_at: Option<usize>,
}

impl Document {
    /// The text it was read from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The notation it was read as.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The outermost node; `None` for an empty document and for one whose very beginning could not
    /// be read.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// All comments of the document in the order of the text.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// Where reading stopped because of an error that was reported; `None` if all was read.
    ///
    /// Rules about what is *absent* should keep silent about nodes that end at or after it.
    #[must_use]
    pub fn stopped_at(&self) -> Option<usize> {
        self.stopped_at
    }

    /// Whether all of the text was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped_at.is_none()
    }
}

/// A comment, from `#` to the end of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The comment with its `#`, without the line break.
    pub span: Span,
    /// The text behind the `#`, as written.
    pub text: String,
}

/// One value of a document.
///
/// `span` covers the value without tag and anchor: a scalar with its quotes, a flow collection with
/// its brackets, a block collection from its first entry to the end of its last. A value that was
/// left out (`key:`) is a plain scalar with empty text and an empty span.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value is written.
    pub span: Span,
    /// The tag, if one is written.
    pub tag: Option<Tag>,
    /// The name of the anchor (without `&`), if one is written.
    pub anchor: Option<String>,
    /// The value.
    pub value: Value,
}

/// A tag as written, such as `!Ref` or `!!str`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag with its exclamation marks.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, a number, a boolean or nothing.
    Scalar(Scalar),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping, duplicates and order included.
    Map(Vec<Entry>),
    /// A reference to an anchored node.
    Alias(Alias),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, usually a scalar.
    pub key: Node,
    /// The value.
    pub value: Node,
}

/// A scalar's text after quotes, escapes and folding are undone.
///
/// The raw text is [`Source::slice`] of the node's span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// The notation it was written in.
    pub style: Style,
}

/// The notation of a scalar.
///
/// JSON strings are [`Style::DoubleQuoted`]; other JSON scalars are [`Style::Plain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'single'`
    SingleQuoted,
    /// `"double"`
    DoubleQuoted,
    /// A `|` block, line breaks kept.
    Literal,
    /// A `>` block, line breaks folded.
    Folded,
}

/// `*name`
#[derive(Clone, Debug)]
pub struct Alias {
    /// The name without `*`.
    pub name: String,
    /// The anchored node; `None`, after a diagnostic, if there is no such anchor, if the alias lies
    /// inside the node it refers to, or if following it would exceed the limits.
    pub target: Option<Arc<Node>>,
}

/// Equal names; targets follow from the document around.
impl PartialEq for Alias {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Node {
    /// The text of a scalar, aliases followed; `None` for collections.
    ///
    /// Numbers, booleans and nulls have their text too: `3.10` is `"3.10"`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// The scalar, aliases followed.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.resolved().value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items of a list, aliases followed.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Self]> {
        match &self.resolved().value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping, aliases followed, merge keys not applied.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.resolved().value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The node that an alias refers to, or the node itself. An alias without a target stays as it is.
    #[must_use]
    pub fn resolved(&self) -> &Self {
        let mut node = self;
        while let Value::Alias(Alias { target: Some(target), .. }) = &node.value {
            node = target;
        }
        node
    }

    /// The value of a key of a mapping; of several equal keys the last one. Merge keys are not
    /// applied: that is what [`MapCursor`](crate::MapCursor) does.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.as_map()?;
        let entry = entries.iter().rev().find(|entry| entry.key.as_str() == Some(key))?;
        Some(&entry.value)
    }

    /// What the node is, in words for messages: "a mapping", "a list", "a string", "a number", "a
    /// boolean", "empty" or "an unresolved alias". Scalars are judged by YAML 1.1, the reading of
    /// the widest net; in JSON it makes no difference.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        use crate::{Schema, Typed};
        let node = self.resolved();
        match &node.value {
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Alias(_) => "an unresolved alias",
            Value::Scalar(_) => match node.typed(Schema::Yaml11) {
                Typed::Null => "empty",
                Typed::Bool(_) => "a boolean",
                Typed::Int(_) | Typed::Float(_) => "a number",
                Typed::Str(_) | Typed::Collection => "a string",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(text: &str) -> Node {
        Node {
            span: Span::default(),
            tag: None,
            anchor: None,
            value: Value::Scalar(Scalar { text: text.to_owned(), style: Style::Plain }),
        }
    }

    fn with(value: Value) -> Node {
        Node { value, ..scalar("") }
    }

    #[test]
    fn aliases_are_followed() {
        let target = Arc::new(with(Value::Seq(vec![scalar("x")])));
        let inner = with(Value::Alias(Alias { name: "a".into(), target: Some(target) }));
        let outer = with(Value::Alias(Alias { name: "b".into(), target: Some(Arc::new(inner)) }));
        assert_eq!(outer.as_seq().map(<[Node]>::len), Some(1));
        assert_eq!(outer.kind(), "a list");
        let dead = with(Value::Alias(Alias { name: "c".into(), target: None }));
        assert_eq!(dead.as_str(), None);
        assert_eq!(dead.kind(), "an unresolved alias");
    }

    #[test]
    fn the_last_duplicate_wins() {
        let entry = |key, value| Entry { key: scalar(key), value: scalar(value) };
        let map = with(Value::Map(vec![entry("a", "1"), entry("b", "2"), entry("a", "3")]));
        assert_eq!(map.get("a").and_then(Node::as_str), Some("3"));
        assert_eq!(map.get("c"), None);
    }

    #[test]
    fn kinds_in_words() {
        for (text, kind) in
            [("", "empty"), ("~", "empty"), ("yes", "a boolean"), ("0x1f", "a number"), ("x", "a string")]
        {
            assert_eq!(scalar(text).kind(), kind, "{text}");
        }
    }
}

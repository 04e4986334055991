//! What the emitter writes: an ordered value with room for tags and comments.

use crate::cursor::applied;
use crate::{Node, Schema, Typed};

/// A value to write.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// Text, quoted where needed; text of several lines becomes a literal block.
    Str(String),
    /// A plain scalar that is written as it is, such as the `0.2` of a version that readers take for
    /// text. Written as [`Value::Str`] if it would not be one plain scalar.
    Plain(String),
    /// A list.
    Seq(Vec<Self>),
    /// A mapping.
    Map(Map),
    /// A value with a tag such as `!Ref`. YAML has one tag per value: of nested ones the outermost is
    /// written.
    Tagged(String, Box<Self>),
}

/// A mapping in the order of its entries.
///
/// [`Map::with`] does not look for equal keys: that is the caller's business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    pub(super) entries: Vec<MapEntry>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct MapEntry {
    pub(super) comment: Option<String>,
    pub(super) key: String,
    pub(super) value: Value,
}

impl Map {
    /// An empty mapping.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.push(key, value);
        self
    }

    /// Adds an entry if there is a value.
    #[must_use]
    pub fn with_some(self, key: impl Into<String>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds an entry below a comment; each line of the comment gets its own `#`.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<String>, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let entry = MapEntry { comment: Some(comment.into()), key: key.into(), value: value.into() };
        self.entries.push(entry);
        self
    }

    /// Adds an entry.
    pub fn push(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.entries.push(MapEntry { comment: None, key: key.into(), value: value.into() });
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), &entry.value))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.push(key, value);
        }
        map
    }
}

impl Value {
    /// A plain scalar, see [`Value::Plain`].
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    /// A value with a tag, `!` included.
    #[must_use]
    pub fn tagged(tag: impl Into<String>, value: impl Into<Self>) -> Self {
        Self::Tagged(tag.into(), Box::new(value.into()))
    }

    /// A node as typed by a schema, its order and local tags (`!Ref`) kept, aliases written out,
    /// merge keys applied by [`Schema::Yaml11`]. Keys are the keys' text; numbers that do not fit 64
    /// bits become strings of their text.
    #[must_use]
    pub fn from_node(node: &Node, schema: Schema) -> Self {
        let node = node.resolved();
        let value = match &node.value {
            crate::Value::Seq(items) => Self::Seq(items.iter().map(|item| Self::from_node(item, schema)).collect()),
            crate::Value::Map(entries) => Self::Map(
                applied(entries, schema)
                    .into_iter()
                    .map(|entry| {
                        let key = match entry.key.as_str() {
                            Some(text) => text.to_owned(),
                            None => entry.key.to_json(schema).to_string(),
                        };
                        (key, Self::from_node(&entry.value, schema))
                    })
                    .collect(),
            ),
            crate::Value::Scalar(scalar) => match node.typed(schema) {
                Typed::Bool(value) => Self::Bool(value),
                Typed::Int(value) => i64::try_from(value).map_or_else(|_| Self::Str(scalar.text.clone()), Self::Int),
                // `2e444`; of the words for infinity none has a digit.
                Typed::Float(value) if value.is_infinite() && scalar.text.contains(|c: char| c.is_ascii_digit()) => {
                    Self::Str(scalar.text.clone())
                }
                Typed::Float(value) => Self::Float(value),
                Typed::Str(text) => Self::Str(text.to_owned()),
                Typed::Null | Typed::Collection => Self::Null,
            },
            crate::Value::Alias(_) => Self::Null,
        };
        match &node.tag {
            Some(tag) if stands_alone(&tag.text) => Self::tagged(tag.text.clone(), value),
            _ => value,
        }
    }
}

/// Whether a tag means the same in another document: core tags have done their work in
/// [`Node::typed`], and tags with a handle need the `%TAG` line of their document.
fn stands_alone(tag: &str) -> bool {
    tag.starts_with("!<") && !tag.starts_with("!<tag:yaml.org,2002:") || tag.len() > 1 && !tag[1..].contains('!')
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::Seq(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Objects keep the order of `serde_json`'s map.
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => Self::Int(int),
                // Beyond 64 bits with a sign: the digits are a number to every reader.
                (None, _) if number.is_u64() => Self::Plain(number.to_string()),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Plain(number.to_string()),
            },
            serde_json::Value::String(text) => Self::Str(text),
            serde_json::Value::Array(items) => items.into(),
            serde_json::Value::Object(object) => Self::Map(object.into_iter().collect()),
        }
    }
}

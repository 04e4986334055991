//! Taking typed fields out of a mapping while keeping their places and what is unknown.

use std::collections::{BTreeMap, HashSet};

use spec_report::{Field, MapCursor, Node, Reader, Schema, Span, Typed, Value};

use super::Naming;
use crate::model::{ConfigValue, Extra, Kept};
use crate::places::{Origin, Places, join};

/// Spans of values that are not written as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins {
    pub(crate) computed: HashSet<Span>,
    pub(crate) symbolic: HashSet<Span>,
}

/// What decoding carries along.
#[derive(Debug)]
pub(crate) struct Decoder<'r, 'd> {
    pub(crate) reader: &'r mut Reader<'d>,
    pub(crate) naming: Naming,
    pub(crate) origins: &'r Origins,
    pub(crate) places: Places,
}

/// A mapping that is being decoded.
pub(super) struct Fields<'n> {
    cursor: MapCursor<'n>,
    node: &'n Node,
    path: String,
    asked: Vec<&'static str>,
}

impl Decoder<'_, '_> {
    pub(super) fn open<'n>(&mut self, node: &'n Node, what: &str, path: &str) -> Option<Fields<'n>> {
        let cursor = self.reader.map(node, what)?;
        Some(Fields { cursor, node, path: path.to_owned(), asked: Vec::new() })
    }

    pub(super) fn place(&mut self, path: impl Into<String>, key: Option<&Node>, value: &Node) {
        let origin = if self.origins.symbolic.contains(&value.span) {
            Origin::Symbolic
        } else if self.origins.computed.contains(&value.span) {
            Origin::Computed
        } else {
            Origin::Written
        };
        self.places.insert(path, key.map(|key| key.span), value.span, origin);
    }

    /// Whether the whole value is a placeholder, so that its shape cannot be judged.
    fn is_placeholder(&self, node: &Node) -> bool {
        self.origins.symbolic.contains(&node.span) && matches!(node.resolved().value, Value::Scalar(_))
    }

    /// The text of a scalar. The API takes strings only; a template turns numbers and booleans into their text.
    pub(super) fn text(&mut self, node: &Node, what: impl Fn() -> String) -> Option<String> {
        if self.naming == Naming::Api && !matches!(node.typed(self.reader.schema()), Typed::Str(_)) {
            self.reader.wrong_type(node, &what(), "a string");
            // The text is still the best guess of what was meant.
            return node.as_str().filter(|_| !self.reader.is_null(node)).map(str::to_owned);
        }
        if let Some(text) = node.as_str().filter(|_| !self.reader.is_null(node)) {
            return Some(text.to_owned());
        }
        self.reader.wrong_type(node, &what(), "a string");
        None
    }

    fn number(&mut self, node: &Node, what: &str) -> Option<u32> {
        if self.is_placeholder(node) {
            return None;
        }
        let found = match self.naming {
            Naming::Api => self.reader.int(node, what, 0..=u32::MAX),
            Naming::CloudFormation => self.reader.int_or_str(node, what, 0..=u32::MAX),
        };
        Some(found?.value)
    }
}

impl<'n> Fields<'n> {
    pub(super) fn path(&self, api: &str) -> String {
        join(&self.path, api)
    }

    pub(super) fn take(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<Field<'n>> {
        self.asked.push(api);
        let field = self.cursor.take(&d.naming.word(api))?;
        self.found(d, api, field)
    }

    pub(super) fn require(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<Field<'n>> {
        self.asked.push(api);
        let field = self.cursor.require(&d.naming.word(api), d.reader)?;
        self.found(d, api, field)
    }

    /// Notes the place. A null counts as absent, as it does for the service.
    fn found(&self, d: &mut Decoder<'_, '_>, api: &str, field: Field<'n>) -> Option<Field<'n>> {
        if field.is_null(d.reader) {
            return None;
        }
        d.place(self.path(api), Some(field.key), field.value);
        Some(field)
    }

    pub(super) fn text(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<String> {
        let field = self.take(d, api)?;
        d.text(field.value, || format!("`{}`", field.name()))
    }

    pub(super) fn required_text(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> String {
        let field = self.require(d, api);
        field.and_then(|field| d.text(field.value, || format!("`{}`", field.name()))).unwrap_or_default()
    }

    pub(super) fn number(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<u32> {
        let field = self.take(d, api)?;
        d.number(field.value, &format!("`{}`", field.name()))
    }

    pub(super) fn word<T: From<String>>(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<T> {
        self.text(d, api).map(T::from)
    }

    /// The items of a list, each with its path.
    pub(super) fn items(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Option<Vec<(&'n Node, String)>> {
        let field = self.take(d, api)?;
        Some(self.listed(d, api, field))
    }

    pub(super) fn listed(&self, d: &mut Decoder<'_, '_>, api: &str, field: Field<'n>) -> Vec<(&'n Node, String)> {
        if d.is_placeholder(field.value) {
            return Vec::new();
        }
        let items = d.reader.seq(field.value, &format!("`{}`", field.name()));
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = join(&self.path(api), index);
            d.place(path.as_str(), None, item);
            out.push((item, path));
        }
        out
    }

    /// A list whose items `read` decodes.
    pub(super) fn list<T>(
        &mut self,
        d: &mut Decoder<'_, '_>,
        api: &'static str,
        mut read: impl FnMut(&mut Decoder<'_, '_>, &'n Node, &str) -> Option<T>,
    ) -> Kept<Vec<T>> {
        let Some(items) = self.items(d, api) else { return Kept::default() };
        Kept::written(items.into_iter().filter_map(|(node, path)| read(d, node, &path)).collect())
    }

    pub(super) fn texts(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Kept<Vec<String>> {
        let word = d.naming.word(api);
        self.list(d, api, |d, node, _| d.text(node, || format!("an item of `{word}`")))
    }

    /// A structure that `read` decodes.
    pub(super) fn inner<T>(
        &mut self,
        d: &mut Decoder<'_, '_>,
        api: &'static str,
        read: impl FnOnce(&mut Decoder<'_, '_>, &'n Node, &str) -> Option<T>,
    ) -> Option<T> {
        let field = self.take(d, api)?;
        self.decoded(d, api, field, read)
    }

    /// A structure that must be there.
    pub(super) fn required_inner<T>(
        &mut self,
        d: &mut Decoder<'_, '_>,
        api: &'static str,
        read: impl FnOnce(&mut Decoder<'_, '_>, &'n Node, &str) -> Option<T>,
    ) -> Option<T> {
        let field = self.require(d, api)?;
        self.decoded(d, api, field, read)
    }

    fn decoded<T>(
        &self,
        d: &mut Decoder<'_, '_>,
        api: &str,
        field: Field<'n>,
        read: impl FnOnce(&mut Decoder<'_, '_>, &'n Node, &str) -> Option<T>,
    ) -> Option<T> {
        if d.is_placeholder(field.value) {
            return None;
        }
        read(d, field.value, &self.path(api))
    }

    /// A map of settings.
    pub(super) fn config(&mut self, d: &mut Decoder<'_, '_>, api: &'static str) -> Kept<BTreeMap<String, ConfigValue>> {
        let Some(field) = self.take(d, api) else { return Kept::default() };
        let path = self.path(api);
        if d.is_placeholder(field.value) {
            return Kept::default();
        }
        let what = format!("`{}`", field.name());
        let Some(mut map) = d.reader.map(field.value, &what) else { return Kept::default() };
        let mut out = BTreeMap::new();
        for entry in map.rest() {
            let key = entry.name();
            if d.naming == Naming::CloudFormation && entry.is_null(d.reader) {
                continue;
            }
            d.place(join(&path, key), Some(entry.key), entry.value);
            let text = match entry.value.resolved().value {
                // Templates hand such values on as JSON text.
                Value::Map(_) | Value::Seq(_) if d.naming == Naming::CloudFormation => {
                    d.reader.wrong_type(entry.value, &format!("`{key}`"), "a string");
                    Some(entry.value.to_json(Schema::Yaml12).to_string())
                }
                _ => d.text(entry.value, || format!("`{key}`")),
            };
            if let Some(text) = text {
                out.insert(key.to_owned(), ConfigValue::new(text));
            }
        }
        Kept::written(out)
    }

    /// Reports the keys nobody asked for and hands them out, so that they survive.
    pub(super) fn finish(self, d: &mut Decoder<'_, '_>) -> Extra {
        let mut extra = Extra::new();
        for entry in self.node.as_map().unwrap_or_default() {
            let Some(key) = entry.key.as_str() else { continue };
            if key != "<<" && !self.asked.iter().any(|asked| d.naming.is(asked, key)) {
                let field = d.naming.field(key);
                // A key that only differs in case from a known one must not take its place.
                let name = if self.asked.contains(&field.as_str()) { key.to_owned() } else { field };
                extra.insert(name, entry.value.to_json(d.reader.schema()));
            }
        }
        self.cursor.finish(d.reader);
        extra
    }
}

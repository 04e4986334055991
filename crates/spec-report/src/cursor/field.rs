//! One entry of a mapping and the typed ways to read its value.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::{MapCursor, Node, Reader, Span, Spanned, Value};

/// An entry of a mapping. Getters name the key in what they report.
#[derive(Clone, Copy, Debug)]
pub struct Field<'d> {
    /// The key.
    pub key: &'d Node,
    /// The value.
    pub value: &'d Node,
}

impl<'d> Field<'d> {
    /// The key's text; empty for keys that are collections.
    #[must_use]
    pub fn name(&self) -> &'d str {
        self.key.as_str().unwrap_or_default()
    }

    /// The key as a value with its place.
    #[must_use]
    pub fn spanned_name(&self) -> Spanned<String> {
        Spanned::new(self.name().to_owned(), self.key.span)
    }

    /// From the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.span.to(self.value.span)
    }

    fn what(&self) -> String {
        format!("`{}`", self.name())
    }

    /// Whether the value is null by the reader's schema.
    #[must_use]
    pub fn is_null(&self, reader: &Reader<'_>) -> bool {
        reader.is_null(self.value)
    }

    /// See [`Reader::str`].
    pub fn str(&self, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
        reader.str(self.value, &self.what())
    }

    /// See [`Reader::str_or_empty`].
    pub fn str_or_empty(&self, reader: &mut Reader<'_>) -> Option<Spanned<String>> {
        reader.str_or_empty(self.value, &self.what())
    }

    /// See [`Reader::bool`].
    pub fn bool(&self, reader: &mut Reader<'_>) -> Option<Spanned<bool>> {
        reader.bool(self.value, &self.what())
    }

    /// See [`Reader::bool_or_str`].
    pub fn bool_or_str(&self, reader: &mut Reader<'_>) -> Option<Spanned<bool>> {
        reader.bool_or_str(self.value, &self.what())
    }

    /// See [`Reader::int`].
    pub fn int<T>(&self, reader: &mut Reader<'_>, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        reader.int(self.value, &self.what(), range)
    }

    /// See [`Reader::int_or_str`].
    pub fn int_or_str<T>(&self, reader: &mut Reader<'_>, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        reader.int_or_str(self.value, &self.what(), range)
    }

    /// See [`Reader::float`].
    pub fn float(&self, reader: &mut Reader<'_>) -> Option<Spanned<f64>> {
        reader.float(self.value, &self.what())
    }

    /// See [`Reader::map`].
    pub fn map(&self, reader: &mut Reader<'_>) -> Option<MapCursor<'d>> {
        Some(reader.map(self.value, &self.what())?.under(self.key))
    }

    /// See [`Reader::map_or_null`].
    pub fn map_or_null(&self, reader: &mut Reader<'_>) -> Option<MapCursor<'d>> {
        Some(reader.map_or_null(self.value, &self.what())?.under(self.key))
    }

    /// The items of a list, each read by `read`; a value that is no list is reported.
    pub fn seq_of<'r, T>(
        &self,
        reader: &mut Reader<'r>,
        mut read: impl FnMut(&'d Node, &mut Reader<'r>) -> Option<T>,
    ) -> Vec<T> {
        let items = reader.seq(self.value, &self.what());
        items.iter().filter_map(|item| read(item, reader)).collect()
    }

    /// A list of strings; what is none is reported and left out.
    pub fn seq_of_str(&self, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
        let what = self.what();
        let items = reader.seq(self.value, &what);
        strings(items, &what, reader)
    }

    /// A list of strings, or one string that counts as a list of one; anything else is reported.
    pub fn str_or_seq(&self, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
        let what = self.what();
        match &self.value.resolved().value {
            Value::Seq(items) => strings(items, &what, reader),
            Value::Scalar(_) if !reader.is_null(self.value) => reader.str(self.value, &what).into_iter().collect(),
            _ => {
                reader.wrong_type(self.value, &what, "a list of strings");
                Vec::new()
            }
        }
    }
}

fn strings(items: &[Node], what: &str, reader: &mut Reader<'_>) -> Vec<Spanned<String>> {
    let mut out = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        out.extend(reader.str(item, &format!("item {} of {what}", index + 1)));
    }
    out
}

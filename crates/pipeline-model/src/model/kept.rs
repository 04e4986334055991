//! Collections that remember that they were written although they are empty.
//!
//! `get-pipeline` answers `"inputArtifacts": []` where most hand-written files leave the key out. Both mean the
//! same, but a file that goes through the model must come out as it went in.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A collection together with the fact that its key was present.
///
/// It behaves as the collection itself. Two of them are equal when their contents are.
#[derive(Clone, Default)]
pub struct Kept<C> {
    items: C,
    written: bool,
}

impl<C> Kept<C> {
    /// A collection whose key was written, so that it is written again even when empty.
    pub const fn written(items: C) -> Self {
        Self { items, written: true }
    }

    /// The collection without the memory.
    pub fn into_inner(self) -> C {
        self.items
    }
}

impl<T> Kept<Vec<T>> {
    /// Whether nothing has to be written for it.
    pub(crate) fn is_absent(&self) -> bool {
        !self.written && self.items.is_empty()
    }
}

impl<K, V> Kept<std::collections::BTreeMap<K, V>> {
    /// Whether nothing has to be written for it.
    pub(crate) fn is_absent_map(&self) -> bool {
        !self.written && self.items.is_empty()
    }
}

impl<C> Deref for Kept<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.items
    }
}

impl<C> DerefMut for Kept<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.items
    }
}

impl<C> From<C> for Kept<C> {
    fn from(items: C) -> Self {
        Self { items, written: false }
    }
}

impl<T, C: FromIterator<T>> FromIterator<T> for Kept<C> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self::from(iter.into_iter().collect::<C>())
    }
}

impl<'a, C> IntoIterator for &'a Kept<C>
where
    &'a C: IntoIterator,
{
    type Item = <&'a C as IntoIterator>::Item;
    type IntoIter = <&'a C as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&self.items).into_iter()
    }
}

impl<C: PartialEq> PartialEq for Kept<C> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<C: Eq> Eq for Kept<C> {}

impl<C: fmt::Debug> fmt::Debug for Kept<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

impl<C: Serialize> Serialize for Kept<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.items.serialize(serializer)
    }
}

impl<'de, C: Deserialize<'de> + Default> Deserialize<'de> for Kept<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<C>::deserialize(deserializer)?.map_or_else(Self::default, Self::written))
    }
}

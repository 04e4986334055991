//! The edits behind the named ones: set and remove an element of a list by its name, and an entry of a mapping by its key.

use serde_json::{Value as Json, json};
use spec_report::{Entry, Node, Span, Value};

use super::splice::{self, Flow};
use super::{EditError, container_json, set};
use crate::TaskDefinition;

/// A list of mappings in a container, each of which has a name and a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairs {
    /// The list's key.
    pub(super) list: &'static str,
    /// The key of the name.
    pub(super) name: &'static str,
    /// The key of the value.
    pub(super) value: &'static str,
    /// What one of them is called in messages.
    pub(super) what: &'static str,
}

impl Pairs {
    fn title(self, name: &str, container: &str) -> String {
        format!("the {} `{name}` of `{container}`", self.what)
    }
}

impl TaskDefinition {
    /// Sets the value of the last element of this name, or adds one at the end.
    pub(super) fn set_pair(&self, pairs: Pairs, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let pair = [(pairs.name, name), (pairs.value, value)];
        let list = node.get(pairs.list);
        let edit = match list {
            None => splice::insert_entry(self.source(), node, pairs.list, &Flow::ListOfOne(&pair))?,
            Some(list) if list.as_seq().is_none_or(<[Node]>::is_empty) => {
                splice::fill(self.source(), list, &Flow::ListOfOne(&pair))
            }
            Some(list) => match named(list, pairs.name, name).last() {
                Some(&index) => {
                    let item = &list.as_seq().unwrap_or_default()[index];
                    match item.get(pairs.value) {
                        Some(old) => splice::scalar(self.source(), old, value),
                        None => splice::insert_entry(self.source(), item, pairs.value, &Flow::Text(value))?,
                    }
                }
                None => splice::insert_item(self.source(), list, &pair)?,
            },
        };
        let at = list.and_then(|list| named(list, pairs.name, name).last().copied());
        self.apply(vec![edit], &pairs.title(name, container), |body| {
            let object = container_json(body, found.index)?.as_object_mut()?;
            let list = object.entry(pairs.list).or_insert_with(|| json!([]));
            match at {
                Some(index) => set(list.get_mut(index)?, pairs.value, Json::from(value)),
                None => {
                    list.as_array_mut()?.push(json!({ pairs.name: name, pairs.value: value }));
                    Some(())
                }
            }
        })
    }

    /// Removes the elements of this name.
    pub(super) fn remove_pair(&self, pairs: Pairs, container: &str, name: &str) -> Result<Self, EditError> {
        let mut edited = self.clone();
        loop {
            let found = edited.container_to_edit(container)?;
            let node = edited.container_node(found)?;
            let Some((key, list)) = last_entry(node, pairs.list) else { return Ok(edited) };
            let Some(&index) = named(list, pairs.name, name).last() else { return Ok(edited) };
            let spans: Vec<Span> = list.as_seq().unwrap_or_default().iter().map(|item| item.span).collect();
            let edit = splice::remove(edited.source(), list, &spans, index, key);
            edited = edited.apply(vec![edit], &pairs.title(name, container), |body| {
                container_json(body, found.index)?.get_mut(pairs.list)?.as_array_mut()?.remove(index);
                Some(())
            })?;
        }
    }

    /// Sets a text in the mapping `key` of `parent`, which stands at `place` in the request.
    pub(super) fn set_in_map(
        &self,
        parent: &Node,
        key: &str,
        (name, value): (&str, &str),
        what: &str,
        place: impl FnOnce(&mut Json) -> Option<&mut Json>,
    ) -> Result<Self, EditError> {
        let edit = match parent.get(key) {
            None => splice::insert_entry(self.source(), parent, key, &Flow::MapOfOne(name, value))?,
            Some(map) if map.as_map().is_none_or(<[_]>::is_empty) => {
                splice::fill(self.source(), map, &Flow::MapOfOne(name, value))
            }
            Some(map) => match map.get(name) {
                Some(old) => splice::scalar(self.source(), old, value),
                None => splice::insert_entry(self.source(), map, name, &Flow::Text(value))?,
            },
        };
        self.apply(vec![edit], what, |body| {
            let parent = place(body)?.as_object_mut()?;
            set(parent.entry(key).or_insert_with(|| json!({})), name, Json::from(value))
        })
    }

    /// Removes a key from the mapping that `map` finds, with the key above it; each time it is written.
    pub(super) fn remove_key(
        &self,
        name: &str,
        what: &str,
        map: impl for<'n> Fn(&'n Self) -> Result<Option<(&'n Node, &'n Node)>, EditError>,
        place: impl Fn(&mut Json) -> Option<&mut Json>,
    ) -> Result<Self, EditError> {
        let mut edited = self.clone();
        loop {
            let Some((under, map)) = map(&edited)? else { return Ok(edited) };
            let entries = map.as_map().unwrap_or_default();
            // Of duplicates the last one counts: the others go first, and change nothing in the request.
            let mut places = entries.iter().enumerate().filter(|(_, entry)| entry.key.as_str() == Some(name));
            let Some((index, _)) = places.next() else { return Ok(edited) };
            let is_last = places.next().is_none();
            let spans: Vec<Span> = entries.iter().map(splice::entry_span).collect();
            let edit = splice::remove(edited.source(), map, &spans, index, under);
            edited = edited.apply(vec![edit], what, |body| {
                if is_last {
                    // A null is not in the request even before.
                    place(body)?.as_object_mut()?.remove(name);
                }
                Some(())
            })?;
        }
    }
}

/// The places of a name in a list.
pub(super) fn named(list: &Node, key: &str, name: &str) -> Vec<usize> {
    let items = list.as_seq().unwrap_or_default().iter().enumerate();
    items.filter(|(_, item)| item.get(key).and_then(Node::as_str) == Some(name)).map(|(index, _)| index).collect()
}

/// The last entry of a key: the key itself and the value.
pub(super) fn last_entry<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, &'n Node)> {
    let Value::Map(entries) = &node.resolved().value else { return None };
    let entry: &Entry = entries.iter().rev().find(|entry| entry.key.as_str() == Some(key))?;
    Some((&entry.key, &entry.value))
}

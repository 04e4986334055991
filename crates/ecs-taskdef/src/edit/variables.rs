//! Environment variables and labels: set and unset.

use serde_json::{Value as Json, json};
use spec_report::{Node, Span, Value};

use super::splice::{self, Flow};
use super::{EditError, container_json, set};
use crate::TaskDefinition;

impl TaskDefinition {
    /// Sets an environment variable of a container. The value is taken as it is, whatever characters it has.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is none of this name, [`EditError::Entangled`] if the variable's text is
    /// shared with other places.
    pub fn with_env(&self, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let what = format!("the variable `{name}` of `{container}`");
        let pair = [("name", name), ("value", value)];
        let list = node.get("environment");
        let edit = match list {
            None => splice::insert_entry(self.source(), node, "environment", &Flow::ListOfOne(&pair))?,
            Some(list) if list.as_seq().is_none_or(<[Node]>::is_empty) => {
                splice::fill(self.source(), list, &Flow::ListOfOne(&pair))
            }
            Some(list) => match named(list, name).last() {
                Some(&index) => {
                    let item = &list.as_seq().unwrap_or_default()[index];
                    match item.get("value") {
                        Some(old) => splice::scalar(self.source(), old, value),
                        None => splice::insert_entry(self.source(), item, "value", &Flow::Text(value))?,
                    }
                }
                None => splice::insert_item(self.source(), list, &pair)?,
            },
        };
        let at = list.and_then(|list| named(list, name).last().copied());
        self.apply(vec![edit], &what, |body| {
            let container = container_json(body, found.index)?;
            let object = container.as_object_mut()?;
            let list = object.entry("environment").or_insert_with(|| json!([]));
            match at {
                Some(index) => set(list.get_mut(index)?, "value", Json::from(value)),
                None => {
                    list.as_array_mut()?.push(json!({ "name": name, "value": value }));
                    Some(())
                }
            }
        })
    }

    /// Removes an environment variable of a container, each time it is there; gives the same back if it is not.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is no container of this name, [`EditError::Entangled`] if the variable's
    /// text is shared with other places.
    pub fn without_env(&self, container: &str, name: &str) -> Result<Self, EditError> {
        let mut edited = self.clone();
        loop {
            let found = edited.container_to_edit(container)?;
            let node = edited.container_node(found)?;
            let Some((key, list)) = entry(node, "environment") else { return Ok(edited) };
            let Some(&index) = named(list, name).last() else { return Ok(edited) };
            let spans: Vec<Span> = list.as_seq().unwrap_or_default().iter().map(|item| item.span).collect();
            let edit = splice::remove(edited.source(), list, &spans, index, key);
            let what = format!("the variable `{name}` of `{container}`");
            edited = edited.apply(vec![edit], &what, |body| {
                container_json(body, found.index)?.get_mut("environment")?.as_array_mut()?.remove(index);
                Some(())
            })?;
        }
    }

    /// Sets a Docker label of a container.
    ///
    /// # Errors
    /// As [`with_env`](Self::with_env).
    pub fn with_label(&self, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let what = format!("the label `{name}` of `{container}`");
        let edit = match node.get("dockerLabels") {
            None => splice::insert_entry(self.source(), node, "dockerLabels", &Flow::MapOfOne(name, value))?,
            Some(map) if map.as_map().is_none_or(<[_]>::is_empty) => {
                splice::fill(self.source(), map, &Flow::MapOfOne(name, value))
            }
            Some(map) => match map.get(name) {
                Some(old) => splice::scalar(self.source(), old, value),
                None => splice::insert_entry(self.source(), map, name, &Flow::Text(value))?,
            },
        };
        self.apply(vec![edit], &what, |body| {
            let container = container_json(body, found.index)?.as_object_mut()?;
            set(container.entry("dockerLabels").or_insert_with(|| json!({})), name, Json::from(value))
        })
    }

    /// Removes a Docker label of a container; gives the same back if it is not there.
    ///
    /// # Errors
    /// As [`without_env`](Self::without_env).
    pub fn without_label(&self, container: &str, name: &str) -> Result<Self, EditError> {
        let mut edited = self.clone();
        loop {
            let found = edited.container_to_edit(container)?;
            let node = edited.container_node(found)?;
            let Some((key, map)) = entry(node, "dockerLabels") else { return Ok(edited) };
            let entries = map.as_map().unwrap_or_default();
            let Some(index) = entries.iter().rposition(|entry| entry.key.as_str() == Some(name)) else {
                return Ok(edited);
            };
            // With a duplicate of the key the first removal uncovers the earlier value: compare after the last one.
            let earlier = entries[..index].iter().rev().find(|entry| entry.key.as_str() == Some(name));
            let earlier = earlier.and_then(|entry| entry.value.as_str()).map(str::to_owned);
            let spans: Vec<Span> = entries.iter().map(splice::entry_span).collect();
            let edit = splice::remove(edited.source(), map, &spans, index, key);
            let what = format!("the label `{name}` of `{container}`");
            edited = edited.apply(vec![edit], &what, |body| {
                let labels = container_json(body, found.index)?.get_mut("dockerLabels")?;
                match earlier {
                    Some(earlier) => set(labels, name, Json::from(earlier)),
                    None => labels.as_object_mut()?.remove(name).map(|_| ()),
                }
            })?;
        }
    }
}

/// The places of a variable in a list.
fn named(list: &Node, name: &str) -> Vec<usize> {
    let items = list.as_seq().unwrap_or_default().iter().enumerate();
    items.filter(|(_, item)| item.get("name").and_then(Node::as_str) == Some(name)).map(|(index, _)| index).collect()
}

/// The last entry of a key, with the key itself.
fn entry<'n>(node: &'n Node, key: &str) -> Option<(&'n Node, &'n Node)> {
    let Value::Map(entries) = &node.resolved().value else { return None };
    let entry = entries.iter().rev().find(|entry| entry.key.as_str() == Some(key))?;
    Some((&entry.key, &entry.value))
}

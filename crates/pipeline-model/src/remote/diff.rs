//! What changes between two declarations, by meaning: what the service fills in or counts is no change.
//!
//! Stages, actions, artifacts and variables are compared by their names, so an inserted stage is one change and not a
//! change of everything behind it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;

use crate::format::json::{Secrets, to_json};
use crate::model::{Pipeline, REDACTED};

/// Longer values are cut when they are shown.
const SHOWN: usize = 200;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Where, by names: `stages.Build.actions.Build.configuration.ProjectName`.
    pub path: String,
    /// What.
    #[serde(flatten)]
    pub kind: ChangeKind,
}

/// What is different. Values are compact JSON, cut when they are long, and never those of secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new.
    Added {
        /// The new value.
        to: String,
    },
    /// It is gone.
    Removed {
        /// The old value.
        from: String,
    },
    /// It is another.
    Changed {
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
    /// It stands at another place among its like, counted from 1.
    Moved {
        /// The old place.
        from: usize,
        /// The new place.
        to: usize,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            ChangeKind::Added { to } => write!(f, "+ {path}: {to}"),
            ChangeKind::Removed { from } => write!(f, "- {path}: {from}"),
            ChangeKind::Changed { from, to } => write!(f, "~ {path}: {from} -> {to}"),
            ChangeKind::Moved { from, to } => write!(f, "> {path}: place {from} -> {to}"),
        }
    }
}

/// The differences from one declaration to another, in the order of their paths.
///
/// Ignored are: the version, secrets (nobody can compare what is hidden), keys that are written but empty, values that
/// are what the service takes for absent ones, and a type that the new declaration leaves out, since an update then keeps
/// the old one.
///
/// ```
/// use pipeline_model::{Pipeline, remote::diff};
///
/// let old = Pipeline::new("shop", "arn:aws:iam::123456789012:role/old");
/// let new = Pipeline::new("shop", "arn:aws:iam::123456789012:role/new");
/// let changes = diff(&old, &new);
/// assert_eq!(changes[0].path, "roleArn");
/// ```
#[must_use]
pub fn diff(old: &Pipeline, new: &Pipeline) -> Vec<Change> {
    let (mut old_json, mut new_json) = (to_json(old, Secrets::Hide), to_json(new, Secrets::Hide));
    hide_secrets(&mut old_json, old);
    hide_secrets(&mut new_json, new);
    let (mut old_json, mut new_json) = (plain(old_json, ""), plain(new_json, ""));
    if let (Some(old), Some(new)) = (old_json.as_object_mut(), new_json.as_object_mut())
        && !new.contains_key("pipelineType")
    {
        old.remove("pipelineType");
    }
    let mut out = Vec::new();
    compare("", &old_json, &new_json, &mut out);
    out
}

/// Takes secrets out, whatever they are: a value that is there is `****`.
fn hide_secrets(json: &mut Json, pipeline: &Pipeline) {
    for (at, stage) in pipeline.stages.iter().enumerate() {
        for (index, action) in stage.actions.iter().enumerate() {
            for (key, _) in action.configuration.iter().filter(|(_, value)| value.is_secret()) {
                json["stages"][at]["actions"][index]["configuration"][key.as_str()] = Json::from(REDACTED);
            }
        }
    }
}

/// The value without what means the same when it is absent.
fn plain(value: Json, key: &str) -> Json {
    match value {
        Json::Object(members) => {
            let kept = members.into_iter().filter_map(|(key, value)| {
                let default = match key.as_str() {
                    "version" => value.is_number(),
                    "runOrder" => value == 1,
                    "executionMode" => value == "SUPERSEDED",
                    "type" => value == "PLAINTEXT",
                    _ => false,
                };
                let value = plain(value, &key);
                (!default && !is_empty(&value)).then_some((key, value))
            });
            Json::Object(kept.collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(|item| plain(item, key)).collect()),
        other => other,
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn compare(path: &str, old: &Json, new: &Json, out: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Json::Object(old), Json::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                pair(&below(path, key), old.get(key), new.get(key), out);
            }
        }
        (Json::Array(old), Json::Array(new)) => match (names(old), names(new)) {
            (Some(old_names), Some(new_names)) => {
                by_name(path, (&old_names, old), (&new_names, new), out);
            }
            _ => {
                for index in 0..old.len().max(new.len()) {
                    pair(&below(path, &(index + 1).to_string()), old.get(index), new.get(index), out);
                }
            }
        },
        _ => changed(path, old, new, out),
    }
}

fn pair(path: &str, old: Option<&Json>, new: Option<&Json>, out: &mut Vec<Change>) {
    match (old, new) {
        (Some(old), Some(new)) => compare(path, old, new, out),
        (None, Some(new)) => push(path, ChangeKind::Added { to: shown(new) }, out),
        (Some(old), None) => push(path, ChangeKind::Removed { from: shown(old) }, out),
        (None, None) => {}
    }
}

fn changed(path: &str, old: &Json, new: &Json, out: &mut Vec<Change>) {
    push(path, ChangeKind::Changed { from: shown(old), to: shown(new) }, out);
}

fn push(path: &str, kind: ChangeKind, out: &mut Vec<Change>) {
    out.push(Change { path: path.to_owned(), kind });
}

type Named<'a> = (&'a [&'a str], &'a [Json]);

fn by_name(path: &str, (old_names, old): Named<'_>, (new_names, new): Named<'_>, out: &mut Vec<Change>) {
    let kept: Vec<&str> = old_names.iter().copied().filter(|name| new_names.contains(name)).collect();
    let mut order = kept.iter();
    for (place, name) in new_names.iter().enumerate() {
        let here = below(path, name);
        let Some(before) = old_names.iter().position(|old| old == name) else {
            push(&here, ChangeKind::Added { to: shown(&new[place]) }, out);
            continue;
        };
        // Among those that stay, the order tells who moved; insertions and removals move nobody.
        if order.next() != Some(name) {
            push(&here, ChangeKind::Moved { from: before + 1, to: place + 1 }, out);
        }
        compare(&here, &old[before], &new[place], out);
    }
    for (place, name) in old_names.iter().enumerate() {
        if !new_names.contains(name) {
            push(&below(path, name), ChangeKind::Removed { from: shown(&old[place]) }, out);
        }
    }
}

/// The names of the items, if each has one of its own.
fn names(items: &[Json]) -> Option<Vec<&str>> {
    let names: Option<Vec<&str>> = items.iter().map(name).collect();
    names.filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
}

fn name(item: &Json) -> Option<&str> {
    let trigger = || item.get("gitConfiguration")?.get("sourceActionName");
    item.get("name").or_else(trigger)?.as_str()
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

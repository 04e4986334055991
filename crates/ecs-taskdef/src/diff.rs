//! What is different between two task definitions, by meaning and path by path.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::canonical::{canonicalize, key_of};
use crate::{TaskDefinition, body};

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Where: `containerDefinitions[web].environment[LOG_LEVEL].value`.
    pub path: String,
    /// What was there; nothing if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// What is there now; nothing if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
}

/// The differences between two task definitions, by path. Empty if they mean the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Diff {
    changes: Vec<Change>,
}

/// Compares two task definitions, each a request or what the service describes.
///
/// Defaults, units and the order of sets make no difference; see [`canonicalize`].
#[must_use]
pub fn diff(from: &Json, to: &Json) -> Diff {
    let mut changes = Vec::new();
    compare("", "", Some(&canonicalize(from)), Some(&canonicalize(to)), &mut changes);
    Diff { changes }
}

/// Compares two files, each in whatever form it is written; neither needs a family.
///
/// ```
/// use ecs_taskdef::{diff, read};
/// use spec_report::Source;
///
/// let old = read(Source::new("a.json", r#"{"family": "web", "cpu": "1024", "containerDefinitions": []}"#)).value;
/// let new = read(Source::new("b.yaml", "family: web\ncpu: 2 vCPU\nvolumes: []\n")).value;
/// let changes = diff::files(&old.ok_or("no mapping")?, &new.ok_or("no mapping")?);
/// assert_eq!(changes.to_string(), "~ cpu: \"1024\" -> \"2048\"\n");
/// # Ok::<(), &'static str>(())
/// ```
#[must_use]
pub fn files(from: &TaskDefinition, to: &TaskDefinition) -> Diff {
    // A value of `TaskDefinition` is a mapping or a list, so there are fields.
    let fields = |file| body::fields(file).unwrap_or_default();
    diff(&fields(from), &fields(to))
}

impl Diff {
    /// The differences.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// As a JSON array of `{"path", "from", "to"}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A line per difference: `+` what is new, `-` what is gone, `~` what has changed.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, from, to } = self;
        match (from, to) {
            (None, Some(to)) => write!(f, "+ {path}: {to}"),
            (Some(from), None) => write!(f, "- {path}: {from}"),
            (Some(from), Some(to)) => write!(f, "~ {path}: {from} -> {to}"),
            (None, None) => write!(f, "  {path}"),
        }
    }
}

fn compare(path: &str, key: &str, from: Option<&Json>, to: Option<&Json>, out: &mut Vec<Change>) {
    match (from, to) {
        (Some(from), Some(to)) if from == to => {}
        (Some(Json::Object(from)), Some(Json::Object(to))) => objects(path, from, to, out),
        (Some(Json::Array(from)), Some(Json::Array(to))) if keyed(key, from, to) => {
            let (from, to) = (by_key(key, from), by_key(key, to));
            for (name, value) in &from {
                let other = to.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
                compare(&format!("{path}[{name}]"), "", Some(value), other, out);
            }
            for (name, value) in &to {
                if !from.iter().any(|(other, _)| other == name) {
                    compare(&format!("{path}[{name}]"), "", None, Some(value), out);
                }
            }
        }
        (from, to) => {
            if from.is_some() || to.is_some() {
                out.push(Change { path: path.to_owned(), from: from.cloned(), to: to.cloned() });
            }
        }
    }
}

fn objects(path: &str, from: &Map<String, Json>, to: &Map<String, Json>, out: &mut Vec<Change>) {
    let mut keys: Vec<&String> = from.keys().chain(to.keys().filter(|key| !from.contains_key(*key))).collect();
    keys.sort();
    for key in keys {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&inner, key, from.get(key), to.get(key), out);
    }
}

/// Whether all items of both lists say who they are.
fn keyed(list: &str, from: &[Json], to: &[Json]) -> bool {
    from.iter().chain(to).all(|item| key_of(list, item).is_some())
}

/// Items with their names; a second one of the same name is `name#2`.
fn by_key<'j>(list: &str, items: &'j [Json]) -> Vec<(String, &'j Json)> {
    let mut out: Vec<(String, &Json)> = Vec::with_capacity(items.len());
    for item in items {
        let name = key_of(list, item).unwrap_or_default().trim_start().to_owned();
        let same = |name: &str| out.iter().any(|(other, _)| other == name);
        let mut unique = name.clone();
        let mut number = 2;
        while same(&unique) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        out.push((unique, item));
    }
    out
}

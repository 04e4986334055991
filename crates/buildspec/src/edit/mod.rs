//! Changes to a buildspec that leave the rest of its text alone.
//!
//! A change is a [`Fix`]: it replaces, inserts or removes the bytes of one value, so comments, order, indentation and keys
//! that nobody has heard of stay as they were. [`edit`] applies it, reads the text again, and compares what it says now with
//! what it said before, changed in the same way: a change does exactly what it says, or fails. What would fail is a change
//! inside a YAML anchor that other places share.

mod splice;

use serde_json::Value as Json;
use spec_report::{Document, Edit, Fix, Limits, Node, Safety, Schema, Source, Span, Value, emit};

use crate::model::PhaseName;
use crate::rules;

/// Something to change in a buildspec.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets a variable in `env.variables`.
    SetVariable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// Removes a variable from `env.variables`; if it was the last one, the mapping goes with it.
    UnsetVariable {
        /// Its name.
        name: String,
    },
    /// Adds a command at the end of a phase, which is added if there is none.
    AddCommand {
        /// The phase.
        phase: PhaseName,
        /// The command; it may have several lines.
        command: String,
    },
    /// Sets the version of a runtime in `install`.
    SetRuntime {
        /// Such as `python`.
        runtime: String,
        /// Such as `3.12`.
        version: String,
    },
    /// Sets `artifacts.files`.
    SetArtifactFiles {
        /// Paths and patterns.
        files: Vec<String>,
    },
}

/// A change could not be made. The buildspec is as it was.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The file is not a mapping, or could not be read to its end.
    #[error("`{file}` cannot be changed before its errors are mended: it is not a whole mapping")]
    Unreadable {
        /// The file.
        file: String,
    },
    /// There is nothing to remove.
    #[error("there is no `{path}` to remove")]
    Missing {
        /// The path of keys.
        path: String,
    },
    /// The change would change more than was asked for, or nothing.
    #[error("`{path}` cannot be changed alone: {why}")]
    Entangled {
        /// The path of keys.
        path: String,
        /// What stands against it.
        why: &'static str,
    },
}

/// The text with a change made. Bytes that the change does not concern are the same.
///
/// ```
/// use buildspec::edit::{Change, edit};
/// use spec_report::Source;
///
/// # fn main() -> Result<(), buildspec::edit::EditError> {
/// let text = "version: 0.2\nenv:\n  variables:\n    STAGE: test # for now\nphases:\n  build:\n    commands:\n      - make\n";
/// let change = Change::SetVariable { name: "STAGE".into(), value: "yes".into() };
/// let changed = edit(&Source::new("buildspec.yml", text), &change)?;
/// assert_eq!(changed.text(), text.replace("STAGE: test", "STAGE: \"yes\""));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// See [`EditError`].
pub fn edit(source: &Source, change: &Change) -> Result<Source, EditError> {
    let document = read(source)?;
    let fix = fix(&document, change)?;
    let changed = Source::new(source.name(), apply(source, &fix));
    let entangled = |why| EditError::Entangled { path: change.path().join("."), why };
    let after = read(&changed).map_err(|_| entangled("the text around it cannot be changed without breaking it"))?;
    let mut wanted = json(&document);
    change.apply(&mut wanted);
    if json(&after) != wanted {
        return Err(entangled("its text is shared with other places; write it out first"));
    }
    Ok(changed)
}

/// The edits of a change, without the proof of [`edit`]: to show them, or to attach them to a finding.
///
/// # Errors
/// See [`EditError`].
pub fn fix(document: &Document, change: &Change) -> Result<Fix, EditError> {
    let source = document.source();
    let root = document.root().filter(|root| matches!(root.value, Value::Map(_)) && document.is_complete());
    let root = root.ok_or_else(|| EditError::Unreadable { file: source.name().to_owned() })?;
    let path = change.path();
    let edit = match change {
        Change::UnsetVariable { .. } => splice::remove(source, root, &path)?,
        Change::AddCommand { command, .. } => splice::append(source, root, &path, command)?,
        Change::SetVariable { value: text, .. } | Change::SetRuntime { version: text, .. } => {
            splice::set(source, root, &path, &[text], false)?
        }
        Change::SetArtifactFiles { files } => {
            let files: Vec<&String> = files.iter().collect();
            splice::set(source, root, &path, &files, true)?
        }
    };
    Ok(Fix { title: change.title(), edits: vec![edit], safety: Safety::Unsafe })
}

impl Change {
    /// The keys that lead to what is changed.
    fn path(&self) -> Vec<&str> {
        match self {
            Self::SetVariable { name, .. } | Self::UnsetVariable { name } => vec!["env", "variables", name],
            Self::AddCommand { phase, .. } => vec!["phases", phase.as_str(), "commands"],
            Self::SetRuntime { runtime, .. } => vec!["phases", "install", "runtime-versions", runtime],
            Self::SetArtifactFiles { .. } => vec!["artifacts", "files"],
        }
    }

    fn title(&self) -> String {
        let path = self.path().join(".");
        match self {
            Self::UnsetVariable { .. } => format!("remove `{path}`"),
            Self::AddCommand { .. } => format!("add a command to `{path}`"),
            _ => format!("set `{path}`"),
        }
    }

    /// The change on plain data: what the edited text must say.
    fn apply(&self, root: &mut Json) {
        let path = self.path();
        match self {
            Self::UnsetVariable { .. } => remove(root, &path),
            Self::SetVariable { value: text, .. } | Self::SetRuntime { version: text, .. } => {
                *place(root, &path) = Json::from(text.as_str());
            }
            Self::SetArtifactFiles { files } => *place(root, &path) = Json::from(files.clone()),
            Self::AddCommand { command, .. } => {
                let list = place(root, &path);
                let mut items = match list.take() {
                    Json::Array(items) => items,
                    Json::Null => Vec::new(),
                    one => vec![one],
                };
                items.push(Json::from(command.as_str()));
                *list = Json::Array(items);
            }
        }
    }
}

/// The value at a path, whose missing part is made.
fn place<'j>(mut json: &'j mut Json, path: &[&str]) -> &'j mut Json {
    for key in path {
        if !json.is_object() {
            *json = Json::Object(serde_json::Map::new());
        }
        json = &mut json[*key];
    }
    json
}

/// Removes a key, and the mappings above it that are empty then.
fn remove(json: &mut Json, path: &[&str]) {
    let [key, rest @ ..] = path else { return };
    let Some(object) = json.as_object_mut() else { return };
    if !rest.is_empty()
        && let Some(inner) = object.get_mut(*key)
    {
        remove(inner, rest);
    }
    if rest.is_empty() || object.get(*key).and_then(Json::as_object).is_some_and(serde_json::Map::is_empty) {
        object.remove(*key);
    }
}

fn read(source: &Source) -> Result<Document, EditError> {
    let (document, _) = spec_report::read(source.clone(), &Limits::default(), &rules::STRUCTURE);
    let whole = document.is_complete() && document.root().is_some_and(|root| matches!(root.value, Value::Map(_)));
    if whole { Ok(document) } else { Err(EditError::Unreadable { file: source.name().to_owned() }) }
}

fn json(document: &Document) -> Json {
    document.root().map_or(Json::Null, |root| root.to_json(Schema::Yaml11))
}

fn apply(source: &Source, fix: &Fix) -> String {
    let mut text = source.text().to_owned();
    for Edit { span, replacement } in &fix.edits {
        text.replace_range(span.start..span.end, replacement);
    }
    text
}

//! Changes to a task definition that leave the rest of its text alone.
//!
//! An edit replaces, inserts or removes the bytes of one value, so comments, order, indentation and fields that nobody
//! has heard of stay as they were. After every edit the new text is read again, and the request that it makes is
//! compared with the old request changed in the same way: an edit does exactly what it says or fails. What would fail is
//! a change inside a YAML anchor that other places share.

mod entries;
mod image_definitions;
mod resources;
mod splice;
mod variables;

use serde_json::Value as Json;
use spec_report::{Edit, Node, Source, Span, did_you_mean};

pub use image_definitions::{ImageDefinition, ImageDefinitions, ImageDetail, ImageFileError};

use crate::read::read_as;
use crate::{Body, BodyError, Container, TaskDefinition, placeholder};

/// An edit could not be made. The task definition is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// There is no container of this name.
    #[error("there is no container `{name}`{}", known_containers(known, suggestion.as_deref()))]
    UnknownContainer {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The name stands for two containers, so it is not clear which one is meant.
    #[error("two containers are named `{name}`; give each a name of its own first")]
    AmbiguousContainer {
        /// The name.
        name: String,
    },
    /// A placeholder that should be filled is not in the text.
    #[error("no image of the task definition contains the placeholder `{placeholder}`")]
    UnknownPlaceholder {
        /// The placeholder with its marks.
        placeholder: String,
    },
    /// A log option should be set in a container without a log configuration.
    #[error(
        "container `{container}` has no `logConfiguration` whose option could be set; give it one with a log driver first"
    )]
    NoLogConfiguration {
        /// The container.
        container: String,
    },
    /// The text makes no request of `RegisterTaskDefinition`, before or after the edit.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The edit would change more than was asked for, or nothing.
    #[error("{what} cannot be changed alone: {why}")]
    Entangled {
        /// What should be changed.
        what: String,
        /// What stands against it.
        why: &'static str,
    },
}

fn known_containers(known: &[String], suggestion: Option<&str>) -> String {
    match (suggestion, known) {
        (Some(near), _) => format!(", did you mean `{near}`? the task has `{}`", known.join("`, `")),
        (None, []) => "; the task has no named container".to_owned(),
        (None, _) => format!("; the task has `{}`", known.join("`, `")),
    }
}

impl TaskDefinition {
    /// Sets the image of a container.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is none of this name.
    pub fn with_image(&self, container: &str, image: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let edit = match node.get("image") {
            Some(value) => splice::scalar(self.source(), value, image),
            None => splice::insert_entry(self.source(), node, "image", &splice::Flow::Text(image))?,
        };
        self.apply(vec![edit], &format!("the image of `{container}`"), |body| {
            set(container_json(body, found.index)?, "image", Json::from(image))
        })
    }

    /// Sets the images that an `imagedefinitions.json` names, as the ECS deploy action of CodePipeline does.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] for the first name that the task does not have; then nothing is changed.
    pub fn with_image_definitions(&self, definitions: &ImageDefinitions) -> Result<Self, EditError> {
        let mut edited = self.clone();
        for definition in definitions.iter() {
            edited = edited.with_image(&definition.name, &definition.image_uri)?;
        }
        Ok(edited)
    }

    /// Puts an image where the placeholder stands, as the blue/green deploy action of CodePipeline does with
    /// `imageDetail.json`. `placeholder` is written with or without its angle brackets: `IMAGE1_NAME`.
    ///
    /// # Errors
    /// [`EditError::UnknownPlaceholder`] if no image contains it.
    pub fn with_placeholder(&self, placeholder: &str, image: &str) -> Result<Self, EditError> {
        let marked = if placeholder.starts_with('<') { placeholder.to_owned() } else { format!("<{placeholder}>") };
        let filled: Vec<(String, String)> = self
            .containers
            .iter()
            .filter_map(|container| {
                let text = &container.image.as_ref()?.value;
                text.contains(&marked)
                    .then(|| (container.name().unwrap_or_default().to_owned(), text.replace(&marked, image)))
            })
            .collect();
        if filled.is_empty() {
            return Err(EditError::UnknownPlaceholder { placeholder: marked });
        }
        let mut edited = self.clone();
        for (container, text) in filled {
            edited = edited.with_image(&container, &text)?;
        }
        Ok(edited)
    }

    /// The containers whose image is yet to be filled in, with the placeholder.
    pub fn unfilled_images(&self) -> impl Iterator<Item = (&Container, String)> {
        self.containers.iter().filter_map(|container| {
            let text = &container.image.as_ref()?.value;
            let first = placeholder::find(text).into_iter().next()?;
            Some((container, text[first.span.start..first.span.end].to_owned()))
        })
    }

    fn container_to_edit(&self, name: &str) -> Result<&Container, EditError> {
        let mut found = self.containers.iter().filter(|container| container.name() == Some(name));
        match (found.next(), found.next()) {
            (Some(container), None) => Ok(container),
            (Some(_), Some(_)) => Err(EditError::AmbiguousContainer { name: name.to_owned() }),
            (None, _) => Err(EditError::UnknownContainer {
                name: name.to_owned(),
                known: self.container_names().map(str::to_owned).collect(),
                suggestion: did_you_mean(name, self.container_names()).map(str::to_owned),
            }),
        }
    }

    fn container_node(&self, container: &Container) -> Result<&Node, EditError> {
        self.containers_node()
            .and_then(|list| list.as_seq()?.get(container.index))
            .ok_or(EditError::Body(BodyError::NotAMapping))
    }

    /// Makes the edits and proves that the request changes as `expected` changes it, and in no other way.
    fn apply(
        &self,
        mut edits: Vec<Edit>,
        what: &str,
        expected: impl FnOnce(&mut Json) -> Option<()>,
    ) -> Result<Self, EditError> {
        let entangled = |why| Err(EditError::Entangled { what: what.to_owned(), why });
        edits.sort();
        let mut text = String::with_capacity(self.source().len() + 64);
        let mut at = 0;
        for edit in &edits {
            if edit.span.start < at {
                return entangled("two changes of it overlap");
            }
            text.push_str(self.source().slice(Span::new(at, edit.span.start)));
            text.push_str(&edit.replacement);
            at = edit.span.end;
        }
        text.push_str(self.source().slice(Span::new(at, self.source().len())));

        let mut wanted = Body::of(self)?.as_json().clone();
        if expected(&mut wanted).is_none() {
            return entangled("it is not where it should be");
        }
        let parsed = read_as(Source::new(self.source().name(), text), &self.reading);
        let Some(edited) = parsed.value.filter(|edited| edited.document().is_complete()) else {
            return entangled("the text around it cannot be changed without breaking it");
        };
        if *Body::of(&edited)?.as_json() != wanted {
            return entangled(
                "its text is shared with other places, or means something else to other readers; write it out first",
            );
        }
        Ok(edited)
    }
}

/// The JSON of a container in a request.
fn container_json(body: &mut Json, index: usize) -> Option<&mut Json> {
    body.get_mut("containerDefinitions")?.get_mut(index)
}

fn set(object: &mut Json, key: &str, value: Json) -> Option<()> {
    object.as_object_mut()?.insert(key.to_owned(), value);
    Some(())
}

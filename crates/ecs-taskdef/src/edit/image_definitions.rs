//! The two files with which a build tells a deployment what it has pushed: `imagedefinitions.json` and `imageDetail.json`.

use serde::{Deserialize, Serialize};

/// One image of an `imagedefinitions.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageDefinition {
    /// The container.
    pub name: String,
    /// The image.
    #[serde(rename = "imageUri")]
    pub image_uri: String,
}

impl ImageDefinition {
    /// An image for a container.
    #[must_use]
    pub fn new(name: impl Into<String>, image_uri: impl Into<String>) -> Self {
        Self { name: name.into(), image_uri: image_uri.into() }
    }
}

/// An `imagedefinitions.json`: `[{"name": "web", "imageUri": "…/web:1.4.2"}]`. Other names of the file are as good; the
/// content decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ImageDefinitions(Vec<ImageDefinition>);

/// An `imageDetail.json`, as the ECR source action and builds write it: `{"ImageURI": "…/web@sha256:…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageDetail {
    /// The image.
    #[serde(rename = "ImageURI")]
    pub image_uri: String,
}

/// A file with images could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` is not {wanted}: {why}")]
#[non_exhaustive]
pub struct ImageFileError {
    /// The file's name.
    pub file: String,
    /// What it should be.
    pub wanted: &'static str,
    /// What stands against it, with line and column.
    pub why: String,
}

const DEFINITIONS: &str = "an image definitions file, `[{\"name\": …, \"imageUri\": …}]`";
const DETAIL: &str = "an image detail file, `{\"ImageURI\": …}`";

impl ImageDefinitions {
    /// The given images.
    #[must_use]
    pub fn new(images: Vec<ImageDefinition>) -> Self {
        Self(images)
    }

    /// Reads the file; `file` is its name in messages.
    ///
    /// # Errors
    /// [`ImageFileError`] with line and column if it is something else, or if it names a container twice.
    pub fn parse(file: &str, text: &str) -> Result<Self, ImageFileError> {
        let failed = |why| ImageFileError { file: file.to_owned(), wanted: DEFINITIONS, why };
        let images: Vec<ImageDefinition> =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| failed(error.to_string()))?;
        for (index, image) in images.iter().enumerate() {
            if image.name.is_empty() || image.image_uri.is_empty() {
                return Err(failed(format!("entry {} has an empty name or image", index + 1)));
            }
            if images[..index].iter().any(|other| other.name == image.name) {
                return Err(failed(format!("the container `{}` is named twice", image.name)));
            }
        }
        Ok(Self(images))
    }

    /// The images in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &ImageDefinition> {
        self.0.iter()
    }

    /// Whether it names no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ImageDetail {
    /// Reads the file; `file` is its name in messages. Other fields than the image are ignored.
    ///
    /// # Errors
    /// [`ImageFileError`] with line and column if it is something else.
    pub fn parse(file: &str, text: &str) -> Result<Self, ImageFileError> {
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| ImageFileError {
            file: file.to_owned(),
            wanted: DETAIL,
            why: error.to_string(),
        })
    }
}

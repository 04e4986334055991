//! The files through which a pipeline hands an image to the next action: `imagedefinitions.json` for the ECS deploy action
//! (CodePipeline User Guide, "Image definitions file reference") and `imageDetail.json` for the blue/green one.

use std::collections::BTreeSet;

use aws_call::AccountId;
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    error::{DocumentError, Error},
    push::PushReport,
    reference::{RepositoryName, Tag},
};

/// The name under which the ECS deploy action looks for image definitions.
pub const IMAGE_DEFINITIONS: &str = "imagedefinitions.json";
/// The name under which the blue/green deploy action looks for the image.
pub const IMAGE_DETAIL: &str = "imageDetail.json";
/// The most bytes of `imagedefinitions.json`: CodePipeline says 100 KB.
pub const IMAGE_DEFINITIONS_LIMIT: usize = 100 * 1024;

/// Which image a container gets.
///
/// ```
/// use ecr_push::outputs::{ImageDefinition, image_definitions, read_image_definitions};
///
/// let web = ImageDefinition::new("web", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1.0");
/// let text = image_definitions(std::slice::from_ref(&web))?;
/// assert_eq!(read_image_definitions(text.as_bytes())?, [web]);
/// # Ok::<(), ecr_push::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageDefinition {
    /// The name of the container in the task definition.
    pub name: String,
    /// The image, as the task definition names it.
    pub image_uri: String,
}

impl ImageDefinition {
    /// The container `name` gets the image `image_uri`.
    #[must_use]
    pub fn new(name: impl Into<String>, image_uri: impl Into<String>) -> Self {
        Self { name: name.into(), image_uri: image_uri.into() }
    }
}

/// The text of `imagedefinitions.json`.
///
/// # Errors
/// [`Error::Document`] if a name or image is empty, a container comes twice, or the text is longer than CodePipeline takes.
pub fn image_definitions(definitions: &[ImageDefinition]) -> Result<String, Error> {
    check(definitions)?;
    let text = serde_json::to_string(definitions).map_err(|error| DocumentError::new(IMAGE_DEFINITIONS, error))?;
    check_length(text.len())?;
    Ok(text)
}

/// Reads `imagedefinitions.json`.
///
/// # Errors
/// [`Error::Document`] if it is not a list of objects with `name` and `imageUri`, is longer than CodePipeline takes, is
/// empty, or breaks the rules of [`image_definitions`].
pub fn read_image_definitions(bytes: &[u8]) -> Result<Vec<ImageDefinition>, Error> {
    check_length(bytes.len())?;
    let definitions: Vec<ImageDefinition> = serde_json::from_slice(bytes).map_err(|error| {
        let why = format!("{error}; expected a list such as [{{\"name\":\"web\",\"imageUri\":\"…\"}}]");
        DocumentError::new(IMAGE_DEFINITIONS, why)
    })?;
    check(&definitions)?;
    Ok(definitions)
}

fn check_length(bytes: usize) -> Result<(), DocumentError> {
    if bytes <= IMAGE_DEFINITIONS_LIMIT {
        return Ok(());
    }
    let why = format!("it has {bytes} bytes, and CodePipeline takes at most {IMAGE_DEFINITIONS_LIMIT}");
    Err(DocumentError::new(IMAGE_DEFINITIONS, why))
}

fn check(definitions: &[ImageDefinition]) -> Result<(), DocumentError> {
    let err = |why: String| Err(DocumentError::new(IMAGE_DEFINITIONS, why));
    if definitions.is_empty() {
        return err("it names no container, so nothing would be deployed".to_owned());
    }
    let mut names = BTreeSet::new();
    for ImageDefinition { name, image_uri } in definitions {
        if name.is_empty() || image_uri.is_empty() {
            return err(format!("the entry with name `{name}` and imageUri `{image_uri}` lacks one of them"));
        }
        if !names.insert(name) {
            return err(format!("the container `{name}` comes twice"));
        }
    }
    Ok(())
}

/// What `imageDetail.json` says. CodePipeline's ECR source action writes all fields; the deploy action needs `ImageURI`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ImageDetail {
    /// The image by its digest.
    #[serde(rename = "ImageURI")]
    pub image_uri: String,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_digest: Option<Digest>,
    /// How many bytes its layers have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size_in_bytes: Option<u64>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_tags: Vec<Tag>,
    /// The registry's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_id: Option<AccountId>,
    /// The repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<RepositoryName>,
    /// The version of the file's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ImageDetail {
    /// Only the image, which is all that the deploy action needs.
    #[must_use]
    pub fn new(image_uri: impl Into<String>) -> Self {
        Self {
            image_uri: image_uri.into(),
            image_digest: None,
            image_size_in_bytes: None,
            image_tags: Vec::new(),
            registry_id: None,
            repository_name: None,
            version: None,
        }
    }

    /// What was pushed. The URI names the image by digest, so what is deployed is what was pushed.
    #[must_use]
    pub fn of(report: &PushReport) -> Self {
        Self {
            image_digest: Some(report.digest),
            image_size_in_bytes: Some(report.layers.iter().map(|layer| layer.bytes).sum()),
            image_tags: report.tags.iter().map(|tag| tag.tag.clone()).collect(),
            registry_id: report.uri.registry().ecr().map(|ecr| ecr.account),
            repository_name: Some(report.uri.repository().clone()),
            version: Some("1.0".to_owned()),
            ..Self::new(report.uri_by_digest.to_string())
        }
    }

    /// The text of `imageDetail.json`.
    ///
    /// # Errors
    /// [`Error::Document`] if it cannot be written, which no value causes.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| DocumentError::new(IMAGE_DETAIL, error).into())
    }

    /// Reads `imageDetail.json`. Fields that are not known are passed over.
    ///
    /// # Errors
    /// [`Error::Document`] if it has no `ImageURI` or is not JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| DocumentError::new(IMAGE_DETAIL, error).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_checked_both_ways() {
        let web = ImageDefinition::new("web", "r/web:1");
        assert_eq!(image_definitions(std::slice::from_ref(&web)).unwrap(), r#"[{"name":"web","imageUri":"r/web:1"}]"#);
        assert!(image_definitions(&[]).is_err());
        assert!(image_definitions(&[web.clone(), web.clone()]).unwrap_err().to_string().contains("twice"));
        assert!(image_definitions(&[ImageDefinition::new("", "r/web:1")]).is_err());
        let many: Vec<_> = (0..3000).map(|n| ImageDefinition::new(format!("c{n}"), "r/web:1 ".repeat(4))).collect();
        assert!(image_definitions(&many).unwrap_err().to_string().contains("at most"));
        for text in
            ["", "{}", r#"{"name":"web","imageUri":"x"}"#, r#"[{"name":"web"}]"#, r#"[{"name":"web","imageURI":"x"}]"#]
        {
            assert!(read_image_definitions(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn detail_as_the_source_action_writes_it() {
        let text = format!(
            r#"{{"ImageSizeInBytes":44728918,"ImageDigest":"{}","Version":"1.0","ImagePushedAt":"Wed Dec 07 17:05:06 UTC 2022","RegistryId":"123456789012","RepositoryName":"shop","ImageURI":"r/a@b","ImageTags":["latest"]}}"#,
            Digest::of(b"")
        );
        let detail = ImageDetail::read(text.as_bytes()).unwrap();
        assert_eq!((detail.image_uri.as_str(), detail.image_size_in_bytes), ("r/a@b", Some(44_728_918)));
        assert_eq!(ImageDetail::read(detail.to_json().unwrap().as_bytes()).unwrap(), detail);
        for text in ["", "[]", "{}", r#"{"ImageUri":"x"}"#, r#"{"ImageURI":"x","ImageDigest":"latest"}"#] {
            assert!(ImageDetail::read(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(ImageDetail::read(br#"{"ImageURI":"x"}"#).unwrap(), ImageDetail::new("x"));
    }
}

//! References to images: `host/repository:tag@digest`, in the normal form that registries and task definitions use.

mod name;
mod registry;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::{
    name::{RepositoryName, Tag},
    registry::{EcrHost, Registry},
};
use crate::{digest::Digest, error::NameError};

/// Where an image lies and under which name.
///
/// A text without a host means Docker Hub, as everywhere else, and is printed with the host:
///
/// ```
/// use ecr_push::ImageRef;
///
/// let image: ImageRef = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web:1.0".parse()?;
/// assert_eq!(image.repository().as_str(), "shop/web");
/// assert_eq!(image.registry().ecr().map(|ecr| ecr.region.to_string()).as_deref(), Some("eu-central-1"));
/// assert_eq!("nginx".parse::<ImageRef>()?.to_string(), "docker.io/library/nginx");
/// # Ok::<(), ecr_push::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    registry: Registry,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

const DOCKER_HUB: &str = "docker.io";

impl ImageRef {
    /// The repository itself, without tag and digest.
    #[must_use]
    pub const fn new(registry: Registry, repository: RepositoryName) -> Self {
        Self { registry, repository, tag: None, digest: None }
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// [`NameError`] that names the part of `text` which breaks its form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        // A colon before the last slash is the host's port.
        let name_start = rest.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match rest[name_start..].find(':') {
            Some(at) => (&rest[..name_start + at], Some(Tag::parse(&rest[name_start + at + 1..])?)),
            None => (rest, None),
        };
        // Docker's rule: the first part is a host if it could not be a repository.
        let host = path.split_once('/').filter(|(first, _)| {
            first.contains(['.', ':']) || *first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase())
        });
        let (registry, repository) = match host {
            Some((host, repository)) => (Registry::parse(host)?, RepositoryName::parse(repository)?),
            None if path.contains('/') => (Registry::parse(DOCKER_HUB)?, RepositoryName::parse(path)?),
            None => {
                // The short name is checked first, so that an error shows what was written.
                RepositoryName::check(path, 1)?;
                (Registry::parse(DOCKER_HUB)?, RepositoryName::parse(&format!("library/{path}"))?)
            }
        };
        Ok(Self { registry, repository, tag, digest })
    }

    /// Sets the tag.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Sets the digest.
    #[must_use]
    pub const fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// The registry.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository in the registry.
    #[must_use]
    pub const fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag, if one is given. None means `latest` only if there is no digest either.
    #[must_use]
    pub const fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if one is given. It wins over the tag.
    #[must_use]
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ImageRef {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> Self {
        image.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let digest = Digest::of(b"");
        for (text, registry, repository, tag) in [
            ("nginx", "docker.io", "library/nginx", None),
            ("nginx:1.27", "docker.io", "library/nginx", Some("1.27")),
            ("grafana/loki:3", "docker.io", "grafana/loki", Some("3")),
            ("localhost/a/b", "localhost", "a/b", None),
            ("localhost:5000/app:v1", "localhost:5000", "app", Some("v1")),
            ("public.ecr.aws/nginx/nginx:latest", "public.ecr.aws", "nginx/nginx", Some("latest")),
        ] {
            for (text, expected) in [(text.to_owned(), None), (format!("{text}@{digest}"), Some(digest))] {
                let image = ImageRef::parse(&text).unwrap();
                assert_eq!(image.registry().as_str(), registry, "{text}");
                assert_eq!(image.repository().as_str(), repository, "{text}");
                assert_eq!(image.tag().map(Tag::as_str), tag, "{text}");
                assert_eq!(image.digest(), expected, "{text}");
                assert_eq!(ImageRef::parse(&image.to_string()).unwrap(), image);
            }
        }
    }

    #[test]
    fn refused() {
        for (text, what) in [
            ("", "a repository"),
            ("host.example/", "a repository"),
            ("host.example/App", "a repository"),
            ("host.example/app:", "a tag"),
            ("host.example/app:-x", "a tag"),
            ("host.example/app@sha256:12", "a digest"),
            ("https://host.example/app", "a registry"),
            ("host_name.example/app", "a registry"),
        ] {
            assert_eq!(ImageRef::parse(text).unwrap_err().what(), what, "{text}");
        }
    }
}

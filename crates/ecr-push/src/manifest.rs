//! Manifests and indexes, OCI and Docker. The bytes that were read are kept beside what was understood of them: they are
//! what is hashed and sent, for writing the JSON anew would change the digest and with it every signature and index.

use std::{collections::BTreeMap, fmt, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    digest::Digest,
    error::{DocumentError, NameError},
    media::MediaType,
};

/// The most bytes ECR takes as a manifest (the length limit of `imageManifest` in its API).
pub const MANIFEST_LIMIT: usize = 4_194_304;

/// Fields that this crate has no name for.
pub type OtherFields = BTreeMap<String, Value>;

/// Names a blob or manifest by digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Descriptor {
    /// What it is.
    pub media_type: MediaType,
    /// Its digest.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// For which platform, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Descriptor {
    /// Names `size` bytes with `digest`.
    #[must_use]
    pub const fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self { media_type, digest, size, platform: None, annotations: BTreeMap::new(), other: BTreeMap::new() }
    }
}

/// For which machines an image is.
///
/// ```
/// use ecr_push::Platform;
///
/// let platform: Platform = "linux/arm64/v8".parse()?;
/// assert_eq!((platform.architecture.as_str(), platform.to_string().as_str()), ("arm64", "linux/arm64/v8"));
/// # Ok::<(), ecr_push::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Platform {
    /// The processor, as Go's `GOARCH` names it: `amd64`, `arm64`.
    pub architecture: String,
    /// The operating system, as Go's `GOOS` names it.
    pub os: String,
    /// The variant of the processor, such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Everything else, such as `os.version`.
    #[serde(flatten)]
    pub other: OtherFields,
}

impl Platform {
    /// Linux on the given processor.
    #[must_use]
    pub fn linux(architecture: &str) -> Self {
        // The names that `uname -m` prints are the usual slip.
        let architecture = match architecture {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { architecture: architecture.to_owned(), os: "linux".to_owned(), variant: None, other: BTreeMap::new() }
    }

    /// Whether an image for this platform is meant where `wanted` is asked for. A variant that is not asked for may be any;
    /// `arm64` means `arm64/v8`.
    #[must_use]
    pub fn fits(&self, wanted: &Self) -> bool {
        let variant = |platform: &Self| match (platform.architecture.as_str(), platform.variant.as_deref()) {
            ("arm64", None) => Some("v8".to_owned()),
            (_, variant) => variant.map(str::to_owned),
        };
        (&self.os, &self.architecture) == (&wanted.os, &wanted.architecture)
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }

    /// Reads `os/architecture` or `os/architecture/variant`.
    ///
    /// # Errors
    /// [`NameError`] if `text` has another form.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let err = |why| Err(NameError::new(text, "a platform", why));
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !parts.iter().all(word) {
            return err("its parts are lower-case words");
        }
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (*os, *architecture, None),
            [os, architecture, variant] => (*os, *architecture, Some((*variant).to_owned())),
            _ => return err("it has the form os/architecture or os/architecture/variant"),
        };
        Ok(Self { os: os.to_owned(), variant, ..Self::linux(architecture) })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The manifest of an image for one platform, or of any other artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ImageManifest {
    /// Always 2.
    pub schema_version: u32,
    /// What the document says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, the lowest first.
    pub layers: Vec<Descriptor>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// A list of manifests, one for each platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IndexManifest {
    /// Always 2.
    pub schema_version: u32,
    /// What the document says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub other: OtherFields,
}

/// One of the two kinds of manifest.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Manifest {
    /// Of one image.
    Image(Box<ImageManifest>),
    /// Of several.
    Index(IndexManifest),
}

impl Manifest {
    fn media_type(&self) -> Option<&MediaType> {
        match self {
            Self::Image(manifest) => manifest.media_type.as_ref(),
            Self::Index(manifest) => manifest.media_type.as_ref(),
        }
    }
}

/// A manifest and the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct RawManifest {
    bytes: Bytes,
    media_type: MediaType,
    digest: Digest,
    manifest: Manifest,
}

impl RawManifest {
    /// Reads a manifest. `media_type` is what the descriptor or the HTTP header said, if anything did.
    ///
    /// # Errors
    /// [`DocumentError`] if the bytes are too many, are no manifest, or could be taken for both kinds.
    pub fn parse(bytes: impl Into<Bytes>, media_type: Option<&MediaType>) -> Result<Self, DocumentError> {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        let err = |why: String| DocumentError::new(format!("manifest {digest}"), why);
        if bytes.len() > MANIFEST_LIMIT {
            return Err(err(format!("it has {} bytes, and ECR takes at most {MANIFEST_LIMIT}", bytes.len())));
        }
        let shape: Shape = serde_json::from_slice(&bytes).map_err(|e| err(e.to_string()))?;
        let has_image_fields = shape.config.is_some() || shape.layers.is_some();
        // A document with the fields of both kinds means one thing to one reader and another to the next.
        let manifest = match (has_image_fields, shape.manifests.is_some()) {
            (true, true) => return Err(err("it has the fields of an image and of an index".to_owned())),
            (false, true) => serde_json::from_slice(&bytes).map(Manifest::Index),
            (true, false) => serde_json::from_slice(&bytes).map(|manifest| Manifest::Image(Box::new(manifest))),
            (false, false) => return Err(err("it has neither `layers` nor `manifests`".to_owned())),
        }
        .map_err(|e| err(e.to_string()))?;
        let is_index = matches!(manifest, Manifest::Index(_));
        let said = manifest.media_type();
        if let (Some(said), Some(told)) = (said, media_type)
            && said != told
        {
            return Err(err(format!("it says to be `{said}`, but is referred to as `{told}`")));
        }
        let default = if is_index { MediaType::OciIndex } else { MediaType::OciManifest };
        let media_type = said.or(media_type).cloned().unwrap_or(default);
        if (media_type.is_manifest() && is_index) || (media_type.is_index() && !is_index) {
            return Err(err(format!("its fields are not those of `{media_type}`")));
        }
        Ok(Self { bytes, media_type, digest, manifest })
    }

    /// The bytes, exactly as they were read.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What it is.
    #[must_use]
    pub const fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The digest of the bytes.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What was understood.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it is about, if it is a signature, an attestation or another referrer (`subject` in the OCI image specification).
    #[must_use]
    pub fn subject(&self) -> Option<Digest> {
        let other = match &self.manifest {
            Manifest::Image(manifest) => &manifest.other,
            Manifest::Index(manifest) => &manifest.other,
        };
        Digest::parse(other.get("subject")?.get("digest")?.as_str()?).ok()
    }

    /// How another manifest refers to this one.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest, self.bytes.len() as u64)
    }
}

/// Just enough to tell the kinds apart.
#[derive(Deserialize)]
struct Shape {
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn image(extra: &str) -> String {
        let config = format!(r#"{{"mediaType":"application/x-c","digest":"sha256:{HEX}","size":0,"data":"e30="}}"#);
        format!(r#"{{"schemaVersion":2, "config":{config},"layers":[]{extra}}}"#)
    }

    #[test]
    fn unknown_fields_and_bytes_survive() {
        let text = image(r#","subject":{"size":1},"annotations":{"a":"b"}"#);
        let raw = RawManifest::parse(text.clone(), None).unwrap();
        assert_eq!((raw.bytes().as_ref(), raw.digest()), (text.as_bytes(), Digest::of(text.as_bytes())));
        assert_eq!(*raw.media_type(), MediaType::OciManifest);
        let Manifest::Image(manifest) = raw.manifest() else { panic!("an image") };
        assert_eq!(manifest.other["subject"]["size"], 1);
        assert_eq!(manifest.config.other["data"], "e30=");
        let again = serde_json::to_value(manifest).unwrap();
        assert_eq!(again, serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn ambiguous_and_lying_documents_are_refused() {
        let docker = MediaType::DockerManifest;
        let says_index = image(&format!(r#","mediaType":"{}""#, MediaType::OciIndex));
        let says_oci = image(&format!(r#","mediaType":"{}""#, MediaType::OciManifest));
        for (text, told, part) in [
            (image(r#","manifests":[]"#), None, "of an image and of an index"),
            ("{}".to_owned(), None, "neither"),
            ("[".to_owned(), None, "EOF"),
            (says_index, None, "not those of"),
            (says_oci, Some(&docker), "referred to as"),
            (r#"{"manifests":[]}"#.to_owned(), None, "schemaVersion"),
        ] {
            let error = RawManifest::parse(text.clone(), told).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
        assert_eq!(*RawManifest::parse(image(""), Some(&docker)).unwrap().media_type(), docker);
        let long = format!("{}{}", image(""), " ".repeat(MANIFEST_LIMIT));
        assert!(RawManifest::parse(long, None).unwrap_err().why().contains("at most"));
    }

    #[test]
    fn platforms() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(Platform::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Platform::parse("linux/x86_64").unwrap(), Platform::linux("amd64"));
        for text in ["", "linux", "linux/", "linux/a/b/c", "Linux/amd64"] {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
    }
}

//! What a registry means by its error codes. The two protocols have different words for the same refusals, and a push has
//! one answer to each.

use aws_call::CallError;

/// A refusal that a push knows what to do about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The repository does not exist.
    RepositoryMissing,
    /// The image is there, under this tag if one was named.
    ImageExists,
    /// The tag is there and cannot be moved; whether it names this image or another is not said.
    TagTaken,
    /// What the manifest names is not there, or not any more.
    Incomplete,
    /// The bytes do not have the digest that was named.
    WrongDigest,
    /// The layer is there already.
    LayerExists,
    /// The service does not know the upload, or does not go on with it: begin another one.
    UploadLost,
}

/// Codes of ECR's API and of the OCI Distribution API. Sorted by code.
static CODES: &[(&str, Refusal)] = &[
    ("BLOB_UNKNOWN", Refusal::Incomplete),
    ("BLOB_UPLOAD_INVALID", Refusal::UploadLost),
    ("BLOB_UPLOAD_UNKNOWN", Refusal::UploadLost),
    ("DIGEST_INVALID", Refusal::WrongDigest),
    ("ImageAlreadyExistsException", Refusal::ImageExists),
    ("ImageTagAlreadyExistsException", Refusal::TagTaken),
    ("InvalidLayerException", Refusal::WrongDigest),
    ("LayerAlreadyExistsException", Refusal::LayerExists),
    ("LayersNotFoundException", Refusal::Incomplete),
    ("MANIFEST_BLOB_UNKNOWN", Refusal::Incomplete),
    ("NAME_UNKNOWN", Refusal::RepositoryMissing),
    ("ReferencedImagesNotFoundException", Refusal::Incomplete),
    ("RepositoryNotFoundException", Refusal::RepositoryMissing),
    ("TAG_INVALID", Refusal::TagTaken),
    ("UploadNotFoundException", Refusal::UploadLost),
];

impl Refusal {
    /// What `error` means, if it is one of these.
    #[must_use]
    pub fn of(error: &CallError) -> Option<Self> {
        let code = error.code()?;
        let at = CODES.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
        let refusal = CODES[at].1;
        // A tag of a form that the registry does not take has the same code; only ECR's words tell them apart.
        let immutable =
            || error.message().is_some_and(|text| text.contains("immutable") || text.contains("already exists"));
        (refusal != Self::TagTaken || code != "TAG_INVALID" || immutable()).then_some(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_vocabularies() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0), "the table is searched by bisection");
        let taken = "The image tag 'v1' already exists in the 'repo' repository and cannot be overwritten because the repository is immutable.";
        for (code, message, expected) in [
            ("RepositoryNotFoundException", "", Some(Refusal::RepositoryMissing)),
            ("NAME_UNKNOWN", "", Some(Refusal::RepositoryMissing)),
            ("TAG_INVALID", taken, Some(Refusal::TagTaken)),
            ("TAG_INVALID", "manifest tag did not match URI", None),
            ("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", Some(Refusal::Incomplete)),
            ("BLOB_UPLOAD_INVALID", "First byte of the layer part is 0 instead of 11304960", Some(Refusal::UploadLost)),
            ("SomethingNew", "", None),
        ] {
            assert_eq!(Refusal::of(&CallError::service("PutImage", code, message)), expected, "{code} {message}");
        }
        assert_eq!(Refusal::of(&CallError::new("PutImage", aws_call::Fault::Connection)), None);
    }
}

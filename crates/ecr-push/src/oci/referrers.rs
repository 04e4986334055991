//! Signatures and attestations that refer to an image: a registry that keeps a list of them says so when it stores one
//! (`OCI-Subject`); for one that does not, the list is an index under a tag that the client keeps (OCI Distribution 1.1,
//! "Referrers Tag Schema").

use std::collections::BTreeMap;

use aws_call::{CallError, Fault};
use http::HeaderMap;

use super::Inner;
use crate::{
    client::{ImageId, PutImage},
    digest::Digest,
    door::Calls,
    manifest::{IndexManifest, Manifest, RawManifest},
    media::MediaType,
    reference::Tag,
};

const OPERATION: &str = "PUT referrers";

/// The tag under which a registry without a list of referrers keeps them.
pub(super) fn tag(subject: Digest) -> Option<Tag> {
    Tag::parse(&subject.to_string().replace(':', "-")).ok()
}

impl Inner {
    /// Adds a manifest that was stored with these `headers` to the list that we keep, if the registry keeps none.
    ///
    /// Two clients that do so at the same moment may lose one of the entries; the specification has no remedy.
    pub(super) async fn listed(
        &self,
        calls: &Calls<'_>,
        request: &PutImage,
        headers: &HeaderMap,
    ) -> Result<(), CallError> {
        // ECR has the list, and its users would find a tag that they never wrote.
        if headers.contains_key("oci-subject") || self.registry.ecr().is_some() {
            return Ok(());
        }
        let Ok(manifest) = RawManifest::parse(request.manifest.clone(), Some(&request.media_type)) else {
            return Ok(());
        };
        let Some((subject, tag)) = manifest.subject().and_then(|subject| Some((subject, tag(subject)?))) else {
            return Ok(());
        };
        let wrong = |why: String| CallError::new(OPERATION, Fault::Other).with_message(why);
        calls.count_request();
        let found = self.manifest(Some(calls), &request.repository, &ImageId::Tag(tag.clone())).await?;
        let mut index = match found {
            Some(found) => serde_json::from_slice(&found.manifest).map_err(|_| {
                wrong(format!("the tag `{tag}` should be a list of what refers to {subject}, and is not"))
            })?,
            None => IndexManifest {
                schema_version: 2,
                media_type: Some(MediaType::OciIndex),
                manifests: Vec::new(),
                annotations: BTreeMap::new(),
                other: BTreeMap::new(),
            },
        };
        if index.manifests.iter().any(|entry| entry.digest == manifest.digest()) {
            return Ok(());
        }
        let mut entry = manifest.descriptor();
        if let Manifest::Image(image) = manifest.manifest() {
            let kind = image.other.get("artifactType").and_then(|kind| kind.as_str());
            let kind = kind.unwrap_or(image.config.media_type.as_str()).to_owned();
            entry.other.insert("artifactType".to_owned(), kind.into());
            entry.annotations.clone_from(&image.annotations);
        }
        index.manifests.push(entry);
        let bytes = serde_json::to_vec(&index).map_err(|error| wrong(error.to_string()))?;
        let list = PutImage::new(
            request.repository.clone(),
            bytes.clone().into(),
            MediaType::OciIndex,
            Digest::of(&bytes),
            Some(tag),
        );
        calls.count_request();
        self.put_manifest(calls, &list).await.map(drop)
    }
}

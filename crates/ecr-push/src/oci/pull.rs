//! Reading from a registry: manifests, blobs, tags, and what refers to an image. Nothing that comes is believed: manifests
//! and blobs are bounded by what their descriptors say, and no list is endless.

use aws_call::{CallError, Fault};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use hyper::body::Incoming;
use serde::Deserialize;
use std::sync::Arc;

use super::{
    Ask, Inner, OciRegistry, Scope,
    door::{accepted, manifest_path},
    location, text,
};
use crate::{
    client::{ImageId, StoredImage},
    digest::Digest,
    door::{Calls, Refusal},
    manifest::{Descriptor, IndexManifest, MANIFEST_LIMIT, RawManifest},
    media::MediaType,
    reference::{RepositoryName, Tag},
};

const GET_MANIFEST: &str = "GET manifest";
const GET_BLOB: &str = "GET blob";
const GET_TAGS: &str = "GET tags";
const GET_REFERRERS: &str = "GET referrers";
/// More redirects than this lead in a circle.
const REDIRECTS: usize = 5;
/// The most bytes of one page of tags.
const PAGE_LIMIT: usize = 4 << 20;
/// The most tags ECR keeps is 1,000 for each of 100,000 images; nobody reads as many.
const TAGS_LIMIT: usize = 1_000_000;

/// The bytes of a blob, as they come. Ends with an error if they are more or fewer than asked for.
pub struct BlobStream {
    registry: Arc<Inner>,
    body: Incoming,
    left: u64,
    ended: bool,
}

impl std::fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobStream").field("left", &self.left).finish_non_exhaustive()
    }
}

impl BlobStream {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        if self.ended {
            return None;
        }
        let next = self.registry.wire.next(GET_BLOB, &mut self.body).await;
        let wrong = |words: &str| Some(Err(CallError::new(GET_BLOB, Fault::Connection).with_message(words)));
        match next {
            Some(Ok(bytes)) if bytes.len() as u64 <= self.left => {
                self.left -= bytes.len() as u64;
                Some(Ok(bytes))
            }
            Some(Ok(_)) => {
                self.ended = true;
                let message = "the registry sends more bytes than the blob has";
                Some(Err(CallError::new(GET_BLOB, Fault::Other).with_message(message)))
            }
            other => {
                self.ended = true;
                if other.is_none() && self.left > 0 { wrong("the blob ended before its last byte") } else { other }
            }
        }
    }
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl OciRegistry {
    /// The image that a tag or digest names; `None` if there is none, or no such repository.
    ///
    /// # Errors
    /// [`CallError`] if the registry refuses, or answers bytes of another digest than was asked for.
    pub async fn manifest(&self, repository: &RepositoryName, id: &ImageId) -> Result<Option<StoredImage>, CallError> {
        self.inner.manifest(None, repository, id).await
    }

    /// A blob from `offset` on. Its digest is not compared: whoever takes the bytes hashes them.
    ///
    /// # Errors
    /// [`CallError`] if the registry refuses or does not have it.
    pub async fn blob(
        &self,
        repository: &RepositoryName,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<BlobStream, CallError> {
        self.inner.clone().blob(repository, descriptor, offset).await
    }

    /// All tags of a repository, in the registry's order.
    ///
    /// # Errors
    /// [`CallError`] if the registry refuses: ECR Public has no such list.
    pub async fn tags(&self, repository: &RepositoryName) -> Result<Vec<Tag>, CallError> {
        self.inner.tags(repository).await
    }

    /// What refers to an image: signatures and attestations.
    ///
    /// # Errors
    /// [`CallError`] if the registry refuses.
    pub async fn referrers(&self, repository: &RepositoryName, subject: Digest) -> Result<Vec<Descriptor>, CallError> {
        self.inner.referrers(repository, subject).await
    }
}

impl Inner {
    /// `None` also for a repository that does not exist.
    pub(super) async fn manifest(
        &self,
        calls: Option<&Calls<'_>>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<StoredImage>, CallError> {
        match self.manifest_or_refusal(calls, repository, id).await {
            Err(error) if Refusal::of(&error) == Some(Refusal::RepositoryMissing) => Ok(None),
            other => other,
        }
    }

    pub(super) async fn manifest_or_refusal(
        &self,
        calls: Option<&Calls<'_>>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<StoredImage>, CallError> {
        let scope = Scope::pull(repository);
        let ask = Ask::new(GET_MANIFEST, Method::GET, self.uri(&manifest_path(repository, id))?, &scope)
            .header(header::ACCEPT, accepted());
        let answer = match self.ask(calls, &ask, &[]).await {
            Ok(answer) => answer,
            Err(error)
                if error.http_status() == Some(404) && Refusal::of(&error) != Some(Refusal::RepositoryMissing) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let media_type = text(answer.headers(), header::CONTENT_TYPE)
            .map(|text| MediaType::from(text.split_once(';').map_or(text, |(text, _)| text).trim()));
        let bytes = self.wire.read(GET_MANIFEST, answer, MANIFEST_LIMIT).await?;
        let wrong = |why: String| CallError::new(GET_MANIFEST, Fault::Other).with_message(why);
        let manifest = RawManifest::parse(
            bytes,
            media_type.as_ref().filter(|media_type| media_type.is_manifest() || media_type.is_index()),
        )
        .map_err(|error| wrong(error.to_string()))?;
        if let ImageId::Digest(asked) = id
            && *asked != manifest.digest()
        {
            return Err(wrong(format!(
                "asked for {asked}, the registry answers {}; do not trust it",
                manifest.digest()
            )));
        }
        Ok(Some(StoredImage::new(manifest.digest(), manifest.media_type().clone(), manifest.bytes().clone())))
    }

    async fn blob(
        self: Arc<Self>,
        repository: &RepositoryName,
        descriptor: &Descriptor,
        offset: u64,
    ) -> Result<BlobStream, CallError> {
        let scope = Scope::pull(repository);
        let wrong = |why: String| CallError::new(GET_BLOB, Fault::Other).with_message(why);
        let left =
            descriptor.size.checked_sub(offset).ok_or_else(|| wrong("it has fewer bytes than that".to_owned()))?;
        let mut uri = self.uri(&format!("/v2/{repository}/blobs/{}", descriptor.digest))?;
        let redirects = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::SEE_OTHER,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        for _ in 0..=REDIRECTS {
            let mut ask = Ask::new(GET_BLOB, Method::GET, uri.clone(), &scope);
            if offset > 0 {
                ask = ask.header(header::RANGE, format!("bytes={offset}-"));
            }
            let answer = self.ask(None, &ask, &redirects).await?;
            if answer.status().is_redirection() {
                let location = text(answer.headers(), header::LOCATION).unwrap_or_default();
                uri = location::resolve(&uri, location).map_err(wrong)?;
                continue;
            }
            if offset > 0 && answer.status() != StatusCode::PARTIAL_CONTENT {
                return Err(wrong("the registry begins at the first byte although another was asked for".to_owned()));
            }
            let said = text(answer.headers(), header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
            if said.is_some_and(|said| said != left) {
                let said = said.unwrap_or_default();
                return Err(wrong(format!("the registry says {said} bytes, the manifest says {left}")));
            }
            return Ok(BlobStream { registry: Arc::clone(&self), body: answer.into_body(), left, ended: false });
        }
        Err(wrong(format!("the registry leads elsewhere more than {REDIRECTS} times")))
    }

    async fn tags(&self, repository: &RepositoryName) -> Result<Vec<Tag>, CallError> {
        let scope = Scope::pull(repository);
        // ECR refuses more than a thousand a page.
        let mut uri = self.uri(&format!("/v2/{repository}/tags/list?n=1000"))?;
        let wrong = |why: &str| CallError::new(GET_TAGS, Fault::Other).with_message(why);
        let mut tags: Vec<Tag> = Vec::new();
        loop {
            let answer = self.ask(None, &Ask::new(GET_TAGS, Method::GET, uri.clone(), &scope), &[]).await?;
            let next = text(answer.headers(), header::LINK).and_then(next_page).map(str::to_owned);
            let body = self.wire.read(GET_TAGS, answer, PAGE_LIMIT).await?;
            let page: Tags = serde_json::from_slice(&body).map_err(|_| wrong("the answer is no list of tags"))?;
            let before = tags.len();
            tags.extend(page.tags.unwrap_or_default().iter().filter_map(|tag| Tag::parse(tag).ok()));
            let Some(next) = next else { return Ok(tags) };
            let next = location::resolve(&uri, &next).map_err(|why| wrong(&why))?;
            if tags.len() == before || next == uri || tags.len() > TAGS_LIMIT || !self.is_own(&next) {
                return Err(wrong("the list of tags does not end"));
            }
            uri = next;
        }
    }

    async fn referrers(&self, repository: &RepositoryName, subject: Digest) -> Result<Vec<Descriptor>, CallError> {
        let scope = Scope::pull(repository);
        let uri = self.uri(&format!("/v2/{repository}/referrers/{subject}"))?;
        let ask =
            Ask::new(GET_REFERRERS, Method::GET, uri, &scope).header(header::ACCEPT, MediaType::OciIndex.as_str());
        let bytes = match self.ask(None, &ask, &[]).await {
            Ok(answer) => self.wire.read(GET_REFERRERS, answer, MANIFEST_LIMIT).await?,
            // The way of registries that do not know the question: an index under a tag (OCI Distribution 1.1).
            Err(error) if matches!(error.http_status(), Some(404 | 405)) => {
                let Some(tag) = super::referrers::tag(subject) else { return Ok(Vec::new()) };
                match self.manifest(None, repository, &ImageId::Tag(tag)).await? {
                    Some(image) => image.manifest,
                    None => return Ok(Vec::new()),
                }
            }
            Err(error) => return Err(error),
        };
        let index: IndexManifest = serde_json::from_slice(&bytes).map_err(|_| {
            CallError::new(GET_REFERRERS, Fault::Other).with_message("the answer is no index of referrers")
        })?;
        Ok(index.manifests)
    }
}

/// The address in `<…>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (address, rest) = link.trim_start().strip_prefix('<')?.split_once('>')?;
    rest.contains("next").then_some(address)
}

//! Pushing through the OCI Distribution API.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use tokio::sync::mpsc::unbounded_channel;

use super::{
    Ask, Inner, OciRegistry, Scope,
    body::{BLOCK, Outgoing, Problem, Reading},
    location, text,
};
use crate::{
    client::{ImageId, PutImage},
    digest::Digest,
    door::{Calls, Door, Failed, Refusal, UploadBlob, UploadFailed, same, which_side},
    error::{DigestMismatch, Error},
    image::Blob,
    media::MediaType,
    push::{LayerOutcome, Verify},
    reference::RepositoryName,
};

const HEAD_MANIFEST: &str = "HEAD manifest";
const HEAD_BLOB: &str = "HEAD blob";
const POST_UPLOAD: &str = "POST blob upload";
const PUT_BLOB: &str = "PUT blob";
const PUT_MANIFEST: &str = "PUT manifest";
/// How many questions are asked at a time.
const QUESTIONS: usize = 8;
/// One block that is read, one that waits, one on its way.
const BLOCKS_HELD: u64 = 3;
/// How often an upload of one blob is begun because the registry lost the one before.
const UPLOADS: u32 = 3;
/// The header in which a registry says what it has computed.
pub(super) const CONTENT_DIGEST: &str = "docker-content-digest";

#[async_trait]
impl Door for OciRegistry {
    async fn find(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<Digest>, Failed> {
        calls.call(|| self.inner.find(calls, repository, id)).await
    }

    async fn available(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<BTreeSet<Digest>, Failed> {
        let ask = |digest: Digest| async move {
            let there = calls.call(|| self.inner.has(calls, repository, digest)).await?;
            Ok::<_, Failed>(there.then_some(digest))
        };
        let asked: Vec<_> = digests.iter().map(|digest| ask(*digest)).collect();
        stream::iter(asked)
            .buffer_unordered(QUESTIONS)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await
    }

    /// Cancel-safe: an upload that was begun stays unseen in the registry until it expires.
    async fn upload(&self, calls: &Calls<'_>, request: &UploadBlob) -> Result<LayerOutcome, UploadFailed> {
        let mut request = request.clone();
        let blob = request.blob;
        request.blob = blocking(move || blob.kept_open()).await?;
        let request = &request;
        if request.verify == Verify::Before {
            let blob = request.blob.clone();
            same(request.blob.digest(), blocking(move || blob.verify()).await?)?;
        }
        let mut begun = 0;
        loop {
            let problem = Problem::default();
            let mut attempts = 0;
            let sent = calls
                .call(|| {
                    attempts += 1;
                    // What an attempt sent whose answer was lost may be there: ask before sending it all again.
                    self.inner.upload(calls, request, &problem, attempts > 1 || begun > 0)
                })
                .await;
            let failed = match sent {
                Ok(outcome) => return Ok(outcome),
                Err(failed) => failed,
            };
            if let Some(error) = problem.take() {
                return Err(UploadFailed::Source(error));
            }
            match failed.refusal() {
                Some(Refusal::UploadLost) if begun + 1 < UPLOADS => begun += 1,
                Some(Refusal::WrongDigest) => {
                    let blob = request.blob.clone();
                    return Err(blocking(move || which_side(&blob)).await?.into());
                }
                _ => return Err(self.inner.explained(calls, request, failed).await.into()),
            }
        }
    }

    async fn put_image(&self, calls: &Calls<'_>, request: &PutImage) -> Result<Digest, Failed> {
        calls.call(|| self.inner.put_image(calls, request)).await
    }

    fn mounts(&self) -> bool {
        true
    }

    fn held(&self, size: u64) -> u64 {
        size.min(BLOCK * BLOCKS_HELD)
    }
}

/// What reads files, where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, UploadFailed> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => {
            let call = CallError::new(PUT_BLOB, Fault::Other)
                .with_message("reading the blob was broken off")
                .with_source(error);
            Err(Failed::new(call, 1).into())
        }
    }
}

impl Inner {
    async fn find(
        &self,
        calls: &Calls<'_>,
        repository: &RepositoryName,
        id: &ImageId,
    ) -> Result<Option<Digest>, CallError> {
        let scope = Scope::push(repository);
        let uri = self.uri(&manifest_path(repository, id))?;
        let ask = Ask::new(HEAD_MANIFEST, Method::HEAD, uri, &scope).header(header::ACCEPT, accepted());
        let answer = self.ask(Some(calls), &ask, &[StatusCode::NOT_FOUND]).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        match content_digest(HEAD_MANIFEST, answer.headers())? {
            Some(digest) => Ok(Some(digest)),
            // Not every registry says it; the manifest itself does.
            None => {
                calls.count_request();
                Ok(self.manifest(Some(calls), repository, id).await?.map(|image| image.digest))
            }
        }
    }

    async fn has(&self, calls: &Calls<'_>, repository: &RepositoryName, digest: Digest) -> Result<bool, CallError> {
        let scope = Scope::push(repository);
        let uri = self.uri(&format!("/v2/{repository}/blobs/{digest}"))?;
        let ask = Ask::new(HEAD_BLOB, Method::HEAD, uri, &scope);
        // A registry that leads to where the blob lies has it.
        let redirects = [StatusCode::FOUND, StatusCode::SEE_OTHER, StatusCode::TEMPORARY_REDIRECT];
        let fine = [&redirects[..], &[StatusCode::NOT_FOUND]].concat();
        Ok(self.ask(Some(calls), &ask, &fine).await?.status() != StatusCode::NOT_FOUND)
    }

    /// One `POST`, one `PUT`.
    async fn upload(
        &self,
        calls: &Calls<'_>,
        request: &UploadBlob,
        problem: &Problem,
        ask_first: bool,
    ) -> Result<LayerOutcome, CallError> {
        let UploadBlob { repository, blob, .. } = request;
        let digest = blob.digest();
        if ask_first {
            if self.has(calls, repository, digest).await? {
                return Ok(LayerOutcome::Uploaded);
            }
            calls.count_request();
        }
        let scope = Scope { repository: repository.clone(), push: true, mount_from: request.mount_from.clone() };
        let mut again = true;
        loop {
            let mount = request.mount_from.as_ref();
            let mount = mount.map(|from| format!("?mount={digest}&from={}", location::encoded(from.as_str())));
            let path = format!("/v2/{repository}/blobs/uploads/{}", mount.unwrap_or_default());
            let ask = Ask::new(POST_UPLOAD, Method::POST, self.uri(&path)?, &scope);
            let answer = self.ask(Some(calls), &ask, &[]).await?;
            if answer.status() == StatusCode::CREATED && request.mount_from.is_some() {
                return Ok(LayerOutcome::Mounted);
            }
            let location = text(answer.headers(), header::LOCATION).ok_or_else(|| {
                CallError::new(POST_UPLOAD, Fault::Other)
                    .with_message("the registry does not say where to send the blob")
            })?;
            let uri = location::resolve(&ask.uri, location)
                .and_then(|uri| location::with_parameter(&uri, "digest", &digest.to_string()))
                .map_err(|why| CallError::new(POST_UPLOAD, Fault::Other).with_message(why))?;
            drop(answer);
            calls.count_request();
            match self.put_blob(calls, request, &scope, &uri, problem).await? {
                Some(outcome) => return Ok(outcome),
                // The token ended between the two requests.
                None if again => again = false,
                None => {
                    let message = "the registry refuses a token that it was given a moment ago";
                    return Err(CallError::new(PUT_BLOB, Fault::Credentials).with_message(message));
                }
            }
            calls.count_request();
        }
    }

    /// `None` if the token had ended and there is a new one.
    async fn put_blob(
        &self,
        calls: &Calls<'_>,
        request: &UploadBlob,
        scope: &Scope,
        uri: &Uri,
        problem: &Problem,
    ) -> Result<Option<LayerOutcome>, CallError> {
        let blob: &Blob = &request.blob;
        let (digest, size) = (blob.digest(), blob.size());
        let login = if self.is_own(uri) { self.auth.header(&self.wire, scope).await? } else { None };
        let (taken, positions) = unbounded_channel();
        let reading = Reading::new(blob.clone(), request.verify == Verify::WhileSending, taken, problem.clone());
        let mut put = Request::put(uri.clone())
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, size);
        if let Some(login) = &login {
            put = put.header(header::AUTHORIZATION, login);
        }
        let put = put
            .body(Outgoing::Blob(Box::new(reading)))
            .map_err(|error| CallError::new(PUT_BLOB, Fault::InvalidRequest).with_source(error))?;
        let mut counted = 0;
        let progress = |position: u64| {
            calls.count_bytes(position - counted);
            counted = position;
            calls.layer_progress(digest, position, size);
        };
        let answer = match self.wire.send_watched(PUT_BLOB, put, size, positions, progress).await {
            Ok(answer) => answer,
            // No other attempt mends what is wrong with the source.
            Err(error) if problem.is_set() => return Err(CallError::new(PUT_BLOB, Fault::Other).with_source(error)),
            Err(error) => return Err(error),
        };
        if answer.status().is_success() {
            return match content_digest(PUT_BLOB, answer.headers())? {
                Some(computed) if computed != digest => {
                    let advice = "do not trust this registry; no tag was written";
                    problem.set(
                        DigestMismatch::new("the uploaded layer", "the registry", digest, computed, advice).into(),
                    );
                    Err(CallError::new(PUT_BLOB, Fault::Other))
                }
                _ => Ok(Some(LayerOutcome::Uploaded)),
            };
        }
        let (headers, error) = self.refusal(PUT_BLOB, answer).await?;
        let renewed = self.is_own(uri) && self.is_renewed(&headers, &error, login.as_ref()).await?;
        if renewed { Ok(None) } else { Err(error) }
    }

    async fn put_image(&self, calls: &Calls<'_>, request: &PutImage) -> Result<Digest, CallError> {
        let (digest, headers) = self.put_manifest(calls, request).await?;
        self.listed(calls, request, &headers).await?;
        Ok(digest)
    }

    /// The digest that the registry computed, and the headers of its answer.
    pub(super) async fn put_manifest(
        &self,
        calls: &Calls<'_>,
        request: &PutImage,
    ) -> Result<(Digest, HeaderMap), CallError> {
        let id = request.tag.clone().map_or(ImageId::Digest(request.digest), ImageId::Tag);
        let scope = Scope::push(&request.repository);
        let uri = self.uri(&manifest_path(&request.repository, &id))?;
        let mut ask =
            Ask::new(PUT_MANIFEST, Method::PUT, uri, &scope).header(header::CONTENT_TYPE, request.media_type.as_str());
        ask.body = Some(request.manifest.clone());
        calls.count_bytes(request.manifest.len() as u64);
        let answer = self.ask(Some(calls), &ask, &[]).await?;
        let headers = answer.headers().clone();
        if let Some(digest) = content_digest(PUT_MANIFEST, &headers)? {
            return Ok((digest, headers));
        }
        calls.count_request();
        let found = self.find(calls, &request.repository, &id).await?.ok_or_else(|| {
            CallError::new(PUT_MANIFEST, Fault::Other)
                .with_message("the registry took the manifest, and does not have it")
        })?;
        Ok((found, headers))
    }

    /// ECR cuts the connection of whoever begins an upload into a repository that does not exist (seen by many users): asks
    /// again in a way that is answered.
    async fn explained(&self, calls: &Calls<'_>, request: &UploadBlob, failed: Failed) -> Failed {
        if failed.call.fault() != Fault::Connection || failed.call.operation() != POST_UPLOAD {
            return failed;
        }
        calls.count_request();
        let id = ImageId::Digest(request.blob.digest());
        match self.manifest_or_refusal(Some(calls), &request.repository, &id).await {
            Err(call) if Refusal::of(&call) == Some(Refusal::RepositoryMissing) => Failed::new(call, failed.attempts),
            _ => failed,
        }
    }
}

/// The path of a manifest.
pub(super) fn manifest_path(repository: &RepositoryName, id: &ImageId) -> String {
    match id {
        ImageId::Tag(tag) => format!("/v2/{repository}/manifests/{tag}"),
        ImageId::Digest(digest) => format!("/v2/{repository}/manifests/{digest}"),
    }
}

/// All manifests that this crate knows: a registry converts what the asker does not name.
pub(super) fn accepted() -> String {
    MediaType::MANIFESTS.iter().map(MediaType::as_str).collect::<Vec<_>>().join(", ")
}

/// The digest that an answer names, if it does.
pub(super) fn content_digest(operation: &'static str, headers: &HeaderMap) -> Result<Option<Digest>, CallError> {
    match text(headers, CONTENT_DIGEST) {
        None | Some("") => Ok(None),
        Some(named) => Digest::parse(named).map(Some).map_err(|error| {
            CallError::new(operation, Fault::Other)
                .with_message("the digest in the answer cannot be read")
                .with_source(error)
        }),
    }
}

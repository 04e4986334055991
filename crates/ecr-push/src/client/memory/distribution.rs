//! The OCI Distribution API of the in-memory registry, with ECR's own ways: chunks are answered with 201 instead of 202, the
//! `Range` of an upload stands still after the first one, and a position that does not fit is refused in ECR's words.
//!
//! Observed by users of ECR; where nobody has seen what ECR answers, the specification decides.

use std::io;

use aws_call::{
    CallError,
    serve::{Body, Request, Response, full, read_body},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt as _;

use super::{MemoryRegistry, server::cut, service::State};
use crate::{
    client::{ImageId, Operation, PutImage, StoredImage},
    digest::Digest,
    manifest::{Descriptor, MANIFEST_LIMIT, RawManifest},
    media::MediaType,
    reference::{RepositoryName, Tag},
};

/// The most tags of one page (ECR refuses more).
const PAGE: usize = 1000;

pub(super) struct Distribution<'a> {
    pub(super) registry: &'a MemoryRegistry,
    /// The connection is cut when so many bytes of a body have come.
    pub(super) reset_at: Option<u64>,
}

/// What a path below `/v2/` names.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Base,
    Blob(RepositoryName, Digest),
    Uploads(RepositoryName),
    Upload(RepositoryName, String),
    Manifest(RepositoryName, ImageId),
    Tags(RepositoryName),
    Referrers(RepositoryName, Digest),
}

/// The code and words of a path that names nothing.
type Misrouted = (StatusCode, &'static str, &'static str);

impl Route {
    fn parse(path: &str) -> Result<Self, Misrouted> {
        const NOTHING: Misrouted = (StatusCode::NOT_FOUND, "UNSUPPORTED", "there is nothing under this path");
        const DIGEST: Misrouted = (StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is not valid");
        let rest = path.strip_prefix("/v2/").ok_or(NOTHING)?;
        if rest.is_empty() {
            return Ok(Self::Base);
        }
        let name = |text: &str| {
            RepositoryName::parse(text).map_err(|_| (StatusCode::BAD_REQUEST, "NAME_INVALID", "the name is not valid"))
        };
        if let Some((repository, upload)) = rest.split_once("/blobs/uploads") {
            return match upload.trim_start_matches('/') {
                "" => Ok(Self::Uploads(name(repository)?)),
                id => Ok(Self::Upload(name(repository)?, id.to_owned())),
            };
        }
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return Ok(Self::Tags(name(repository)?));
        }
        let (front, last) = rest.rsplit_once('/').ok_or(NOTHING)?;
        let (repository, kind) = front.rsplit_once('/').ok_or(NOTHING)?;
        let digest = || Digest::parse(last).map_err(|_| DIGEST);
        match kind {
            "blobs" => Ok(Self::Blob(name(repository)?, digest()?)),
            "referrers" => Ok(Self::Referrers(name(repository)?, digest()?)),
            "manifests" if last.contains(':') => Ok(Self::Manifest(name(repository)?, ImageId::Digest(digest()?))),
            "manifests" => {
                let tag = Tag::parse(last);
                let tag = tag.map_err(|_| (StatusCode::BAD_REQUEST, "TAG_INVALID", "the tag is not valid"))?;
                Ok(Self::Manifest(name(repository)?, ImageId::Tag(tag)))
            }
            _ => Err(NOTHING),
        }
    }
}

impl Distribution<'_> {
    pub(super) async fn answer(&self, request: Request) -> io::Result<Response> {
        let route = match Route::parse(request.uri().path()) {
            Ok(route) => route,
            Err((status, code, message)) => return error(status, code, message),
        };
        let head = request.method() == Method::HEAD;
        match (request.method().as_str(), route) {
            ("GET" | "HEAD", Route::Base) => answer(StatusCode::OK, &[], full("{}")),
            ("GET" | "HEAD", Route::Blob(name, digest)) => self.blob(&name, digest, request.headers(), head),
            ("GET" | "HEAD", Route::Manifest(name, id)) => self.manifest(&name, &id, head),
            ("GET", Route::Tags(name)) => self.tags(&name, request.uri().query().unwrap_or_default()),
            ("GET", Route::Referrers(name, digest)) => self.referrers(&name, digest),
            ("GET", Route::Upload(name, id)) => self.status(&name, &id),
            ("POST", Route::Uploads(name)) => self.begin(&name, request.uri().query().unwrap_or_default()),
            ("PATCH", Route::Upload(name, id)) => self.chunk(&name, &id, request).await,
            ("PUT", Route::Upload(name, id)) => self.complete(&name, &id, request).await,
            ("DELETE", Route::Upload(name, id)) => self.give_up(&name, &id),
            ("PUT", Route::Manifest(name, id)) => self.put_manifest(&name, &id, request).await,
            _ => error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "The operation is unsupported."),
        }
    }

    fn blob(&self, name: &RepositoryName, digest: Digest, headers: &HeaderMap, head: bool) -> io::Result<Response> {
        let layer = {
            let mut state = self.registry.called(Operation::BatchCheckLayerAvailability);
            if let Err(refusal) = state.check_layers(name, &[digest]) {
                return translated(&refusal);
            }
            state.repository(name).and_then(|found| found.layers.get(&digest).cloned())
        };
        let Some(layer) = layer else {
            return error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
        };
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let (status, layer) = match from {
            Some(from) if from < layer.len() => (StatusCode::PARTIAL_CONTENT, layer.slice(from..)),
            _ => (StatusCode::OK, layer),
        };
        let named = ("docker-content-digest", digest.to_string());
        let length = ("content-length", layer.len().to_string());
        answer(status, &[named, length], full(if head { Bytes::new() } else { layer }))
    }

    fn manifest(&self, name: &RepositoryName, id: &ImageId, head: bool) -> io::Result<Response> {
        let found = self.registry.called(Operation::BatchGetImage).find(name, id);
        match found {
            Err(refusal) => translated(&refusal),
            Ok(None) => error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found"),
            Ok(Some(StoredImage { digest, media_type, manifest })) => {
                let headers = [
                    ("docker-content-digest", digest.to_string()),
                    ("content-type", media_type.to_string()),
                    ("content-length", manifest.len().to_string()),
                ];
                answer(StatusCode::OK, &headers, full(if head { Bytes::new() } else { manifest }))
            }
        }
    }

    fn tags(&self, name: &RepositoryName, query: &str) -> io::Result<Response> {
        let number = parameter(query, "n").map(|n| n.parse::<usize>());
        let n = match number {
            None => PAGE,
            Some(Ok(n)) if (1..=PAGE).contains(&n) => n,
            Some(_) => {
                return error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "Invalid parameter at 'maxResults'");
            }
        };
        let state = self.registry.lock();
        let Some(found) = state.repository(name) else { return no_repository(name, &state) };
        let last = parameter(query, "last");
        let mut tags = found.tags.keys().map(Tag::as_str).filter(|tag| last.as_deref().is_none_or(|last| *tag > last));
        let page: Vec<&str> = tags.by_ref().take(n).collect();
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let (Some(last), Some(_)) = (page.last(), tags.next()) {
            headers.push(("link", format!("</v2/{name}/tags/list?n={n}&last={last}>; rel=\"next\"")));
        }
        let body = serde_json::json!({ "name": name, "tags": page }).to_string();
        answer(StatusCode::OK, &headers, full(body))
    }

    fn referrers(&self, name: &RepositoryName, subject: Digest) -> io::Result<Response> {
        let state = self.registry.lock();
        let Some(found) = state.repository(name) else { return no_repository(name, &state) };
        let refers = |stored: &StoredImage| {
            let manifest = RawManifest::parse(stored.manifest.clone(), Some(&stored.media_type)).ok()?;
            let named = manifest.subject() == Some(subject);
            let size = stored.manifest.len() as u64;
            named.then(|| Descriptor::new(stored.media_type.clone(), stored.digest, size))
        };
        let manifests: Vec<Descriptor> = found.images.values().filter_map(|stored| refers(&stored.image)).collect();
        let index = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OciIndex,
            "manifests": manifests,
        });
        let content_type = ("content-type", MediaType::OciIndex.to_string());
        answer(StatusCode::OK, &[content_type], full(index.to_string()))
    }

    fn begin(&self, name: &RepositoryName, query: &str) -> io::Result<Response> {
        let id = self.registry.ids.uuid();
        let mut state = self.registry.called(Operation::InitiateLayerUpload);
        let digest = parameter(query, "mount").and_then(|digest| Digest::parse(&digest).ok());
        let from = parameter(query, "from").and_then(|from| RepositoryName::parse(&from).ok());
        if let (Some(digest), Some(from)) = (digest, from) {
            match state.mount(name, &from, digest) {
                Err(refusal) => return translated(&refusal),
                Ok(true) => {
                    let headers = [
                        ("location", format!("/v2/{name}/blobs/{digest}")),
                        ("docker-content-digest", digest.to_string()),
                    ];
                    return answer(StatusCode::CREATED, &headers, full(""));
                }
                // Declined: an upload begins.
                Ok(false) => {}
            }
        }
        match state.initiate(name, &id) {
            Err(refusal) => translated(&refusal),
            Ok(()) => answer(StatusCode::ACCEPTED, &upload_headers(name, &id, 0), full("")),
        }
    }

    fn status(&self, name: &RepositoryName, id: &str) -> io::Result<Response> {
        match self.registry.lock().received(name, id) {
            Err(refusal) => translated(&refusal),
            Ok(received) => answer(StatusCode::NO_CONTENT, &upload_headers(name, id, received), full("")),
        }
    }

    fn give_up(&self, name: &RepositoryName, id: &str) -> io::Result<Response> {
        match self.registry.lock().give_up(name, id) {
            Err(refusal) => translated(&refusal),
            Ok(()) => answer(StatusCode::NO_CONTENT, &[], full("")),
        }
    }

    async fn chunk(&self, name: &RepositoryName, id: &str, request: Request) -> io::Result<Response> {
        let before = match self.registry.called(Operation::UploadLayerPart).received(name, id) {
            Ok(before) => before,
            Err(refusal) => return translated(&refusal),
        };
        match self.receive(name, id, request, before).await? {
            Err(refusal) => Ok(refusal),
            // ECR: created, where the specification says accepted, and the position of the first chunk ever after.
            Ok(received) => {
                let stale = if before == 0 { received } else { before };
                answer(StatusCode::CREATED, &upload_headers(name, id, stale), full(""))
            }
        }
    }

    /// Takes a body into an upload. Returns how many bytes it has then, or what is wrong with its position.
    async fn receive(
        &self,
        name: &RepositoryName,
        id: &str,
        request: Request,
        before: u64,
    ) -> io::Result<Result<u64, Response>> {
        let range = request.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
        let first = range.and_then(|range| range.split(['-', '/']).next()?.trim_start_matches("bytes ").parse().ok());
        let first: u64 = first.unwrap_or(0);
        let mut body = request.into_body();
        let mut len = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
            if first != before && !data.is_empty() {
                let message = format!("First byte of the layer part is {first} instead of {before}");
                return error(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", &message).map(Err);
            }
            let room = self.reset_at.map_or(u64::MAX, |at| at - len);
            let kept = usize::try_from(room).unwrap_or(usize::MAX).min(data.len());
            if let Err(refusal) = self.registry.lock().append(name, id, &data[..kept]) {
                return translated(&refusal).map(Err);
            }
            len += kept as u64;
            if kept < data.len() {
                return Err(cut());
            }
        }
        if self.reset_at.is_some() {
            return Err(cut());
        }
        match self.registry.lock().end_part(name, id, len) {
            Err(refusal) => translated(&refusal).map(Err),
            Ok(()) => Ok(Ok(before + len)),
        }
    }

    async fn complete(&self, name: &RepositoryName, id: &str, request: Request) -> io::Result<Response> {
        let named = parameter(request.uri().query().unwrap_or_default(), "digest");
        let Some(digest) = named.and_then(|digest| Digest::parse(&digest).ok()) else {
            return error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is missing or not valid");
        };
        let before = match self.registry.called(Operation::CompleteLayerUpload).received(name, id) {
            Ok(before) => before,
            Err(refusal) => return translated(&refusal),
        };
        if let Err(refusal) = self.receive(name, id, request, before).await? {
            return Ok(refusal);
        }
        let completed = self.registry.lock().complete(name, id, digest);
        match completed {
            Err(refusal) if refusal.code() != Some("LayerAlreadyExistsException") => translated(&refusal),
            _ => {
                let headers =
                    [("location", format!("/v2/{name}/blobs/{digest}")), ("docker-content-digest", digest.to_string())];
                answer(StatusCode::CREATED, &headers, full(""))
            }
        }
    }

    async fn put_manifest(&self, name: &RepositoryName, id: &ImageId, request: Request) -> io::Result<Response> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = MediaType::from(media_type.unwrap_or_default());
        if self.reset_at.is_some() {
            return Err(cut());
        }
        let manifest = match read_body(request, MANIFEST_LIMIT).await {
            Ok(manifest) => manifest,
            Err(failure) if failure.kind() == io::ErrorKind::FileTooLarge => {
                return error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "the manifest is too large");
            }
            Err(failure) => return Err(failure),
        };
        let (digest, tag) = match id {
            ImageId::Digest(digest) => (*digest, None),
            ImageId::Tag(tag) => (Digest::of(&manifest), Some(tag.clone())),
        };
        let parsed = RawManifest::parse(manifest.clone(), Some(&media_type)).ok();
        let put = PutImage::new(name.clone(), manifest, media_type, digest, tag);
        let now = self.registry.clock.now();
        let stored = self.registry.called(Operation::PutImage).put_image(&put, now);
        match stored {
            Err(refusal) if refusal.code() != Some("ImageAlreadyExistsException") => translated(&refusal),
            _ => {
                let mut headers = vec![("docker-content-digest", digest.to_string())];
                // The registry keeps the list of what refers to an image.
                headers.extend(parsed.and_then(|it| it.subject()).map(|subject| ("oci-subject", subject.to_string())));
                answer(StatusCode::CREATED, &headers, full(""))
            }
        }
    }
}

fn upload_headers(name: &RepositoryName, id: &str, received: u64) -> [(&'static str, String); 3] {
    [
        ("location", format!("/v2/{name}/blobs/uploads/{id}")),
        ("range", format!("0-{}", received.saturating_sub(1))),
        ("docker-upload-uuid", id.to_owned()),
    ]
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    // Names, tags and digests have no other characters that are ever encoded.
    Some(value.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/"))
}

fn no_repository(name: &RepositoryName, state: &State) -> io::Result<Response> {
    let account = state.account();
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message)
}

/// A refusal of ECR's own API in the codes of this one.
fn translated(refusal: &CallError) -> io::Result<Response> {
    let (status, code) = match refusal.code().unwrap_or_default() {
        "RepositoryNotFoundException" => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        "UploadNotFoundException" => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        "InvalidLayerException" | "ImageDigestDoesNotMatchException" => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
        "LayerPartTooSmallException" | "EmptyUploadException" => (StatusCode::BAD_REQUEST, "SIZE_INVALID"),
        "LayersNotFoundException" | "ReferencedImagesNotFoundException" => {
            (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN")
        }
        "ImageTagAlreadyExistsException" => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
    };
    error(status, code, refusal.message().unwrap_or_default())
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> io::Result<Response> {
    let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] }).to_string();
    answer(status, &[("content-type", "application/json".to_owned())], full(body))
}

pub(super) fn answer(status: StatusCode, headers: &[(&'static str, String)], body: Body) -> io::Result<Response> {
    let mut response =
        http::Response::builder().status(status).header("docker-distribution-api-version", "registry/2.0");
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(body).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let name = |text: &str| RepositoryName::parse(text).unwrap();
        let digest = Digest::of(b"");
        for (path, expected) in [
            ("/v2/".to_owned(), Ok(Route::Base)),
            (format!("/v2/a/b/blobs/{digest}"), Ok(Route::Blob(name("a/b"), digest))),
            ("/v2/a/b/blobs/uploads/".to_owned(), Ok(Route::Uploads(name("a/b")))),
            ("/v2/app/blobs/uploads/id-1".to_owned(), Ok(Route::Upload(name("app"), "id-1".to_owned()))),
            (format!("/v2/app/manifests/{digest}"), Ok(Route::Manifest(name("app"), ImageId::Digest(digest)))),
            (
                "/v2/app/manifests/1.0".to_owned(),
                Ok(Route::Manifest(name("app"), ImageId::Tag("1.0".parse().unwrap()))),
            ),
            ("/v2/app/tags/list".to_owned(), Ok(Route::Tags(name("app")))),
            ("/v2/App/tags/list".to_owned(), Err("NAME_INVALID")),
            ("/v2/app/blobs/sha256:1".to_owned(), Err("DIGEST_INVALID")),
            ("/v2/app/manifests/-x".to_owned(), Err("TAG_INVALID")),
            ("/v2/app/other/x".to_owned(), Err("UNSUPPORTED")),
            ("/".to_owned(), Err("UNSUPPORTED")),
        ] {
            assert_eq!(Route::parse(&path).map_err(|(_, code, _)| code), expected, "{path}");
        }
    }

    #[test]
    fn parameters() {
        assert_eq!(parameter("mount=sha256%3A1&from=a%2Fb", "from").as_deref(), Some("a/b"));
        assert_eq!(parameter("mount=sha256%3A1&from=a%2Fb", "mount").as_deref(), Some("sha256:1"));
        assert_eq!(parameter("", "n"), None);
    }
}

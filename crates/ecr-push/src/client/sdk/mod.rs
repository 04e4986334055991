//! The adapter over the AWS SDK (feature `sdk`): this crate's requests into the SDK's, and its answers and errors back.

mod inspections;
mod public;
mod settings;

use async_trait::async_trait;
use aws_call::{AccountId, CallError, Fault};
use aws_sdk_ecr::{
    error::SdkError,
    operation::{
        RequestId as _, batch_get_image::BatchGetImageOutput, describe_repositories::DescribeRepositoriesError,
        upload_layer_part::UploadLayerPartError,
    },
    primitives::Blob,
    types::{self, ImageFailureCode, ImageIdentifier, ImageTagMutability, LayerAvailability},
};

use super::{
    Availability, BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, GetImage, ImageId,
    ImageStore, InitiateUpload, LayerState, Operation, PartAnswer, PutImage, Repositories, Repository, StoredImage,
    TagMutability, Upload, UploadPart,
};
use crate::{
    digest::Digest,
    login::{Login, Logins},
    manifest::RawManifest,
    media::MediaType,
    reference::Registry,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

pub use self::public::EcrPublic;

/// ECR, through the SDK.
///
/// The SDK retries throttles and server errors of single calls by itself; a push does so on top, across parts.
#[derive(Debug, Clone)]
pub struct Ecr {
    client: aws_sdk_ecr::Client,
    registry_id: Option<AccountId>,
}

impl Ecr {
    /// The registry of the caller's own account.
    #[must_use]
    pub const fn new(client: aws_sdk_ecr::Client) -> Self {
        Self { client, registry_id: None }
    }

    /// Names the registry of another account, on every call that can name one.
    #[must_use]
    pub fn with_registry_id(mut self, registry_id: AccountId) -> Self {
        self.registry_id = Some(registry_id);
        self
    }

    /// Names the account that the host of an ECR registry says, if it is one.
    #[must_use]
    pub fn for_registry(self, registry: &Registry) -> Self {
        match registry.ecr() {
            Some(host) => self.with_registry_id(host.account),
            None => self,
        }
    }

    fn registry_id(&self) -> Option<String> {
        self.registry_id.as_ref().map(ToString::to_string)
    }
}

impl From<aws_sdk_ecr::Client> for Ecr {
    fn from(client: aws_sdk_ecr::Client) -> Self {
        Self::new(client)
    }
}

#[async_trait]
impl ImageStore for Ecr {
    async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError> {
        let operation = Operation::BatchCheckLayerAvailability.as_str();
        let output = self
            .client
            .batch_check_layer_availability()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .set_layer_digests(Some(request.digests.iter().map(ToString::to_string).collect()))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation, error))?;
        // Failures name digests that ECR does not know: they are left out, which means missing.
        Ok(output.layers().iter().filter_map(layer_state).collect())
    }

    async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError> {
        let operation = Operation::InitiateLayerUpload;
        let output = self
            .client
            .initiate_layer_upload()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let id = output.upload_id.ok_or_else(|| lacks(operation, "uploadId"))?;
        // Without a proposal the smallest size is taken, which the push raises to what ECR takes.
        let part_size = output.part_size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
        Ok(Upload::new(id, part_size))
    }

    async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError> {
        let operation = Operation::UploadLayerPart;
        let (first, last) = part_range(request).ok_or_else(|| {
            CallError::new(operation.as_str(), Fault::InvalidRequest).with_message("a part has at least one byte")
        })?;
        let result = self
            .client
            .upload_layer_part()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .upload_id(&request.upload_id)
            .part_first_byte(first)
            .part_last_byte(last)
            .layer_part_blob(Blob::new(request.bytes.as_ref()))
            .send()
            .await;
        match result {
            Ok(output) => {
                let last_byte = output.last_byte_received.and_then(|byte| u64::try_from(byte).ok());
                let last_byte = last_byte.ok_or_else(|| lacks(operation, "lastByteReceived"))?;
                Ok(PartAnswer::Received { last_byte })
            }
            Err(error) => refused_part(error),
        }
    }

    async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError> {
        let operation = Operation::CompleteLayerUpload;
        let output = self
            .client
            .complete_layer_upload()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .upload_id(&request.upload_id)
            .layer_digests(request.digest.to_string())
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        digest(operation, output.layer_digest())
    }

    async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError> {
        let operation = Operation::PutImage;
        let manifest = std::str::from_utf8(&request.manifest).map_err(|error| {
            CallError::new(operation.as_str(), Fault::InvalidRequest)
                .with_message("the manifest is not UTF-8")
                .with_source(error)
        })?;
        let output = self
            .client
            .put_image()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .image_manifest(manifest)
            // Required whenever the manifest itself does not say it, so it is always sent.
            .image_manifest_media_type(request.media_type.as_str())
            .image_digest(request.digest.to_string())
            .set_image_tag(request.tag.as_ref().map(ToString::to_string))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let id = output.image().and_then(types::Image::image_id);
        digest(operation, id.and_then(ImageIdentifier::image_digest))
    }

    async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError> {
        let operation = Operation::BatchGetImage;
        let accepted = MediaType::MANIFESTS.iter().map(ToString::to_string).collect();
        let output = self
            .client
            .batch_get_image()
            .set_registry_id(self.registry_id())
            .repository_name(request.repository.as_str())
            .image_ids(image_identifier(&request.id))
            // Without the whole list, ECR converts a manifest that is asked for by tag.
            .set_accepted_media_types(Some(accepted))
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        stored_image(&output)
    }
}

/// The token of the caller's identity for `docker login`; it opens every registry that this identity may use.
#[async_trait]
impl Logins for Ecr {
    async fn login(&self) -> Result<Option<Login>, CallError> {
        let operation = Operation::GetAuthorizationToken;
        let output = self.client.get_authorization_token().send().await;
        let output = output.map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        let data = output.authorization_data().first().ok_or_else(|| lacks(operation, "authorizationData"))?;
        let token = data.authorization_token().ok_or_else(|| lacks(operation, "authorizationToken"))?;
        let login = login(token)
            .ok_or_else(|| CallError::new(operation.as_str(), Fault::Other).with_message("the token cannot be read"))?;
        let end = data.expires_at().and_then(|time| std::time::SystemTime::try_from(*time).ok());
        Ok(Some(end.map_or_else(|| login.clone(), |end| login.clone().until(end))))
    }
}

/// A token is name and password in base64, with a colon between.
fn login(token: &str) -> Option<Login> {
    let text = String::from_utf8(BASE64_STANDARD.decode(token).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Login::new(user, password))
}

#[async_trait]
impl Repositories for Ecr {
    async fn describe(&self, request: &DescribeRepository) -> Result<Option<Repository>, CallError> {
        let operation = Operation::DescribeRepositories;
        let result = self
            .client
            .describe_repositories()
            .set_registry_id(self.registry_id())
            .repository_names(request.name.as_str())
            .send()
            .await;
        match result {
            Ok(output) => output.repositories().first().map(|found| repository(operation, found)).transpose(),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeRepositoriesError::is_repository_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(CallError::from_sdk(operation.as_str(), error)),
        }
    }

    async fn create(&self, request: &CreateRepository) -> Result<Repository, CallError> {
        let operation = Operation::CreateRepository;
        let mutability = match request.mutability {
            TagMutability::Mutable => ImageTagMutability::Mutable,
            TagMutability::Immutable => ImageTagMutability::Immutable,
        };
        let output = self
            .client
            .create_repository()
            .set_registry_id(self.registry_id())
            .repository_name(request.name.as_str())
            .image_tag_mutability(mutability)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(operation.as_str(), error))?;
        repository(operation, output.repository().ok_or_else(|| lacks(operation, "repository"))?)
    }
}

/// The positions of a part's first and last byte; none if it has no bytes.
fn part_range(request: &UploadPart) -> Option<(i64, i64)> {
    let first = i64::try_from(request.first_byte).ok()?;
    let last = i64::try_from(request.bytes.len()).ok()?.checked_sub(1)?;
    (last >= 0).then(|| first.checked_add(last)).flatten().map(|last| (first, last))
}

/// A part out of order is an answer that says where to go on; everything else is an error.
fn refused_part(
    error: SdkError<UploadLayerPartError, aws_sdk_ecr::config::http::HttpResponse>,
) -> Result<PartAnswer, CallError> {
    match error.as_service_error() {
        Some(UploadLayerPartError::InvalidLayerPartException(refused)) => Ok(PartAnswer::Resume {
            // Before the first byte it is absent or negative.
            last_valid_byte: refused.last_valid_byte_received().and_then(|byte| u64::try_from(byte).ok()),
            message: refused.message().unwrap_or_default().to_owned(),
        }),
        _ => Err(CallError::from_sdk(Operation::UploadLayerPart.as_str(), error)),
    }
}

fn layer_state(layer: &types::Layer) -> Option<LayerState> {
    let digest = Digest::parse(layer.layer_digest()?).ok()?;
    let availability = match layer.layer_availability()? {
        LayerAvailability::Available => Availability::Available,
        LayerAvailability::Archived => Availability::Archived,
        // An unknown state is not relied upon: the layer is sent again.
        _ => Availability::Unavailable,
    };
    Some(LayerState::new(digest, availability))
}

fn image_identifier(id: &ImageId) -> ImageIdentifier {
    match id {
        ImageId::Tag(tag) => ImageIdentifier::builder().image_tag(tag.as_str()).build(),
        ImageId::Digest(digest) => ImageIdentifier::builder().image_digest(digest.to_string()).build(),
    }
}

fn stored_image(output: &BatchGetImageOutput) -> Result<Option<StoredImage>, CallError> {
    let operation = Operation::BatchGetImage;
    if let Some(image) = output.images().first() {
        let digest = digest(operation, image.image_id().and_then(ImageIdentifier::image_digest))?;
        let manifest = image.image_manifest().ok_or_else(|| lacks(operation, "imageManifest"))?.to_owned();
        let media_type = match image.image_manifest_media_type() {
            Some(media_type) => MediaType::from(media_type),
            None => RawManifest::parse(manifest.clone(), None)
                .map(|manifest| manifest.media_type().clone())
                .map_err(|error| CallError::new(operation.as_str(), Fault::Other).with_source(error))?,
        };
        return Ok(Some(StoredImage::new(digest, media_type, manifest.into())));
    }
    match output.failures().first() {
        None => Ok(None),
        Some(failure) if failure.failure_code() == Some(&ImageFailureCode::ImageNotFound) => Ok(None),
        Some(failure) => {
            let code = failure.failure_code().map_or("ImageFailure", ImageFailureCode::as_str);
            let error = CallError::service(operation.as_str(), code, failure.failure_reason().unwrap_or_default());
            Err(match output.request_id() {
                Some(id) => error.with_request_id(id),
                None => error,
            })
        }
    }
}

fn repository(operation: Operation, found: &types::Repository) -> Result<Repository, CallError> {
    let name = found.repository_name().ok_or_else(|| lacks(operation, "repositoryName"))?;
    let name = name.parse().map_err(|error| CallError::new(operation.as_str(), Fault::Other).with_source(error))?;
    let uri = found.repository_uri().ok_or_else(|| lacks(operation, "repositoryUri"))?.to_owned();
    // With exclusions too, tags are immutable unless a filter says otherwise.
    let mutability = match found.image_tag_mutability() {
        Some(ImageTagMutability::Immutable | ImageTagMutability::ImmutableWithExclusion) => TagMutability::Immutable,
        _ => TagMutability::Mutable,
    };
    Ok(Repository::new(name, uri, mutability))
}

fn digest(operation: Operation, text: Option<&str>) -> Result<Digest, CallError> {
    let text = text.ok_or_else(|| lacks(operation, "digest"))?;
    Digest::parse(text).map_err(|error| {
        CallError::new(operation.as_str(), Fault::Other).with_message("the digest cannot be read").with_source(error)
    })
}

fn lacks(operation: Operation, field: &str) -> CallError {
    CallError::new(operation.as_str(), Fault::Other).with_message(format!("the answer lacks `{field}`"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::{Image, ImageFailure, Layer};
    use bytes::Bytes;

    use super::*;

    fn hex() -> String {
        Digest::of(b"").to_string()
    }

    #[test]
    fn ranges_include_both_ends() {
        let part = |first_byte, bytes: &'static [u8]| {
            let repository = "shop".parse().unwrap();
            UploadPart::new(repository, "id".to_owned(), first_byte, Bytes::from_static(bytes))
        };
        assert_eq!(part_range(&part(0, b"abc")), Some((0, 2)));
        assert_eq!(part_range(&part(10, b"a")), Some((10, 10)));
        assert_eq!(part_range(&part(0, b"")), None);
        assert_eq!(part_range(&part(u64::MAX, b"a")), None);
    }

    #[test]
    fn layers_that_are_not_surely_there_count_as_missing() {
        let layer = |availability| Layer::builder().layer_digest(hex()).layer_availability(availability).build();
        for (availability, expected) in [
            (LayerAvailability::Available, Availability::Available),
            (LayerAvailability::Unavailable, Availability::Unavailable),
            (LayerAvailability::Archived, Availability::Archived),
            (LayerAvailability::from("TOMORROW"), Availability::Unavailable),
        ] {
            assert_eq!(layer_state(&layer(availability)).unwrap().availability, expected);
        }
        assert_eq!(layer_state(&Layer::builder().layer_digest("sha512:x").build()), None);
    }

    #[test]
    fn images_and_failures() {
        let id = ImageIdentifier::builder().image_digest(hex()).build();
        let image = Image::builder().image_id(id).image_manifest(r#"{"schemaVersion":2,"manifests":[]}"#).build();
        let output = BatchGetImageOutput::builder().images(image).build();
        assert_eq!(stored_image(&output).unwrap().unwrap().media_type, MediaType::OciIndex);
        let failed = |code| {
            let failure = ImageFailure::builder().failure_code(code).failure_reason("why").build();
            stored_image(&BatchGetImageOutput::builder().failures(failure).build())
        };
        assert_eq!(failed(ImageFailureCode::ImageNotFound).unwrap(), None);
        let error = failed(ImageFailureCode::KmsError).unwrap_err();
        assert_eq!(error.to_string(), "BatchGetImage failed: KmsError: why");
        let nameless = BatchGetImageOutput::builder().images(Image::builder().build()).build();
        assert!(stored_image(&nameless).unwrap_err().to_string().contains("lacks `digest`"));
    }
}

//! ECR's own API of the in-memory registry on the wire: the operations of a push, and those with which the AWS CLI looks at
//! the result.

use std::time::SystemTime;

use async_trait::async_trait;
use aws_call::{
    CallError,
    serve::{AwsJsonService, Refusal},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{MemoryRegistry, aws_json_settings};
use crate::{
    client::{
        BatchCheckLayers, CompleteUpload, GetImage, ImageId, ImageStore as _, InitiateUpload, PartAnswer, PutImage,
        UploadPart,
    },
    digest::Digest,
    login::Logins as _,
    media::MediaType,
    reference::{RepositoryName, Tag},
};

pub(super) struct EcrApi {
    registry: MemoryRegistry,
}

/// The operations of a push, and those that list what it left.
const IMAGES: &[&str] = &[
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "DescribeImages",
    "GetAuthorizationToken",
    "InitiateLayerUpload",
    "ListImages",
    "PutImage",
    "UploadLayerPart",
];

/// The members of all inputs; each operation takes those it knows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Input {
    repository_name: Option<RepositoryName>,
    layer_digests: Vec<String>,
    layer_digest: Option<Digest>,
    upload_id: String,
    part_first_byte: u64,
    part_last_byte: u64,
    layer_part_blob: String,
    image_manifest: String,
    image_manifest_media_type: Option<MediaType>,
    image_tag: Option<Tag>,
    image_digest: Option<Digest>,
    image_ids: Vec<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Id {
    image_tag: Option<Tag>,
    image_digest: Option<Digest>,
}

impl EcrApi {
    pub(super) const fn new(registry: MemoryRegistry) -> Self {
        Self { registry }
    }
}

#[async_trait]
impl AwsJsonService for EcrApi {
    fn target_prefix(&self) -> &'static str {
        "AmazonEC2ContainerRegistry_V20150921"
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        if !IMAGES.contains(&operation) {
            return aws_json_settings::call(&self.registry, operation, &input).await;
        }
        let input: Input = read(input)?;
        match operation {
            "GetAuthorizationToken" => self.token().await,
            "BatchCheckLayerAvailability" => self.check(&input).await,
            "InitiateLayerUpload" => {
                let upload = self.registry.initiate_upload(&InitiateUpload::new(input.repository()?)).await;
                let upload = upload.map_err(|error| refusal(&error))?;
                Ok(json!({ "uploadId": upload.id, "partSize": upload.part_size }))
            }
            "UploadLayerPart" => self.part(input).await,
            "CompleteLayerUpload" => self.complete(&input).await,
            "PutImage" => self.put_image(input).await,
            "BatchGetImage" => self.get_images(&input).await,
            "ListImages" | "DescribeImages" => self.list(&input, operation == "DescribeImages"),
            other => Err(Refusal::unknown_operation(other)),
        }
    }
}

fn read<T: DeserializeOwned>(input: Value) -> Result<T, Refusal> {
    serde_json::from_value(input).map_err(|error| Refusal::new("InvalidParameterException", error.to_string()))
}

fn refusal(error: &CallError) -> Refusal {
    Refusal::from(error)
}

impl Input {
    fn repository(&self) -> Result<RepositoryName, Refusal> {
        let missing = || Refusal::new("InvalidParameterException", "Invalid parameter at 'repositoryName'");
        self.repository_name.clone().ok_or_else(missing)
    }
}

impl EcrApi {
    async fn token(&self) -> Result<Value, Refusal> {
        let login = self.registry.login().await.map_err(|error| refusal(&error))?;
        let login = login.ok_or_else(|| Refusal::new("ServerException", "no token").with_status(500))?;
        let token = BASE64_STANDARD.encode(format!("{}:{}", login.user, login.password.expose()));
        let proxy = format!("https://{}", self.registry.host());
        let end = seconds(login.expires_at.unwrap_or(SystemTime::UNIX_EPOCH));
        Ok(json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": end, "proxyEndpoint": proxy }] }))
    }

    async fn check(&self, input: &Input) -> Result<Value, Refusal> {
        let parsed: Vec<(&String, Option<Digest>)> =
            input.layer_digests.iter().map(|text| (text, Digest::parse(text).ok())).collect();
        let digests: Vec<Digest> = parsed.iter().filter_map(|(_, digest)| *digest).collect();
        let states = match (digests.is_empty(), parsed.is_empty()) {
            (true, false) => Vec::new(),
            _ => {
                let request = BatchCheckLayers::new(input.repository()?, digests);
                self.registry.batch_check_layers(&request).await.map_err(|error| refusal(&error))?
            }
        };
        let name = input.repository()?;
        let layer = |state: &crate::client::LayerState| {
            let size = self.registry.layer(&name, state.digest).map(|layer| layer.len());
            json!({ "layerDigest": state.digest, "layerAvailability": state.availability, "layerSize": size })
        };
        let wrong = parsed.iter().filter(|(_, digest)| digest.is_none());
        let failures: Vec<Value> = wrong
            .map(|(text, _)| json!({ "layerDigest": text, "failureCode": "InvalidLayerDigest", "failureReason": "the digest is not valid" }))
            .collect();
        Ok(json!({ "layers": states.iter().map(layer).collect::<Vec<_>>(), "failures": failures }))
    }

    async fn part(&self, input: Input) -> Result<Value, Refusal> {
        let bytes = BASE64_STANDARD.decode(&input.layer_part_blob);
        let bytes = bytes.map_err(|error| Refusal::serialization(error.to_string()))?;
        let name = input.repository()?;
        if input.part_first_byte.checked_add(bytes.len() as u64) != input.part_last_byte.checked_add(1) {
            let message = "Invalid parameter at 'partLastByte': it does not fit the length of the part";
            return Err(Refusal::new("InvalidParameterException", message));
        }
        let id = input.upload_id.clone();
        let request = UploadPart::new(name.clone(), input.upload_id, input.part_first_byte, bytes.into());
        let answer = self.registry.upload_part(&request).await.map_err(|error| refusal(&error))?;
        match answer {
            PartAnswer::Received { last_byte } => {
                Ok(json!({ "uploadId": id, "repositoryName": name, "lastByteReceived": last_byte }))
            }
            PartAnswer::Resume { last_valid_byte, message } => {
                let refused = Refusal::new("InvalidLayerPartException", message)
                    .with_member("uploadId", id)
                    .with_member("repositoryName", name.as_str());
                Err(match last_valid_byte {
                    Some(byte) => refused.with_member("lastValidByteReceived", byte),
                    None => refused,
                })
            }
        }
    }

    async fn complete(&self, input: &Input) -> Result<Value, Refusal> {
        let digest = input.layer_digests.first().and_then(|text| Digest::parse(text).ok()).or(input.layer_digest);
        let digest =
            digest.ok_or_else(|| Refusal::new("InvalidParameterException", "Invalid parameter at 'layerDigests'"))?;
        let request = CompleteUpload::new(input.repository()?, input.upload_id.clone(), digest);
        let digest = self.registry.complete_upload(&request).await.map_err(|error| refusal(&error))?;
        Ok(json!({ "uploadId": input.upload_id, "layerDigest": digest }))
    }

    async fn put_image(&self, input: Input) -> Result<Value, Refusal> {
        let name = input.repository()?;
        let digest = input.image_digest.unwrap_or_else(|| Digest::of(input.image_manifest.as_bytes()));
        // Without either, the service does not know what it is given.
        let media_type = input.image_manifest_media_type.unwrap_or_else(|| {
            let said = serde_json::from_str::<Value>(&input.image_manifest).ok();
            let said = said.as_ref().and_then(|manifest| manifest.get("mediaType")?.as_str());
            MediaType::from(said.unwrap_or_default())
        });
        let request = PutImage::new(
            name.clone(),
            input.image_manifest.clone().into(),
            media_type,
            digest,
            input.image_tag.clone(),
        );
        let digest = self.registry.put_image(&request).await.map_err(|error| refusal(&error))?;
        let id = json!({ "imageDigest": digest, "imageTag": input.image_tag });
        Ok(json!({ "image": { "repositoryName": name, "imageId": id, "imageManifest": input.image_manifest } }))
    }

    async fn get_images(&self, input: &Input) -> Result<Value, Refusal> {
        let name = input.repository()?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in &input.image_ids {
            let asked = match (&id.image_digest, &id.image_tag) {
                (Some(digest), _) => ImageId::Digest(*digest),
                (None, Some(tag)) => ImageId::Tag(tag.clone()),
                (None, None) => continue,
            };
            let shown = json!({ "imageDigest": id.image_digest, "imageTag": id.image_tag });
            let found = self.registry.get_image(&GetImage::new(name.clone(), asked)).await;
            match found.map_err(|error| refusal(&error))? {
                Some(image) => images.push(json!({
                    "repositoryName": name,
                    "imageId": { "imageDigest": image.digest, "imageTag": id.image_tag },
                    "imageManifest": String::from_utf8_lossy(&image.manifest),
                    "imageManifestMediaType": image.media_type,
                })),
                None => failures.push(json!({
                    "imageId": shown, "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
                })),
            }
        }
        Ok(json!({ "images": images, "failures": failures }))
    }

    fn list(&self, input: &Input, details: bool) -> Result<Value, Refusal> {
        let name = input.repository()?;
        let state = self.registry.lock();
        let account = state.account().to_string();
        let found = state.repository(&name).ok_or_else(|| {
            let message =
                format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
            Refusal::new("RepositoryNotFoundException", message)
        })?;
        let tags = |digest: &Digest| -> Vec<&Tag> {
            found.tags.iter().filter(|(_, named)| *named == digest).map(|(tag, _)| tag).collect()
        };
        if details {
            let detail = |(digest, stored): (&Digest, &super::service::StoredAt)| {
                json!({
                    "registryId": account, "repositoryName": name, "imageDigest": digest, "imageTags": tags(digest),
                    "imagePushedAt": seconds(stored.pushed_at), "imageManifestMediaType": stored.image.media_type,
                    "imageSizeInBytes": stored.image.manifest.len(),
                })
            };
            return Ok(json!({ "imageDetails": found.images.iter().map(detail).collect::<Vec<_>>() }));
        }
        let mut ids = Vec::new();
        for digest in found.images.keys() {
            let named = tags(digest);
            if named.is_empty() {
                ids.push(json!({ "imageDigest": digest }));
            }
            ids.extend(named.into_iter().map(|tag| json!({ "imageDigest": digest, "imageTag": tag })));
        }
        Ok(json!({ "imageIds": ids }))
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

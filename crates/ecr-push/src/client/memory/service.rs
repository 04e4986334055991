//! The rules of the in-memory registry, without locks and async: each function is one operation of ECR.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aws_call::{AccountId, CallError};
use bytes::Bytes;

use super::Traffic;
use crate::{
    client::{
        Availability, CHECK_LIMIT, ImageId, LayerState, Operation, PartAnswer, PullThroughRule, PutImage, Replication,
        Scan, Settings, StoredImage,
    },
    digest::{Digest, Hasher},
    manifest::{Manifest, RawManifest},
    media::MediaType,
    reference::{RepositoryName, Tag},
};

/// The smallest part that is not the last ("Layer parts must be at least 5 MiB in size").
pub(super) const MIN_PART: u64 = 5 << 20;
/// The largest part the API takes (20,971,520 bytes).
pub(super) const MAX_PART: u64 = 20 << 20;

#[derive(Debug)]
pub(super) struct State {
    account: AccountId,
    repositories: BTreeMap<RepositoryName, Repo>,
    pub(super) traffic: Traffic,
    /// Tokens given out, and when each ends.
    pub(super) tokens: BTreeMap<String, SystemTime>,
    /// Takes manifests whose layers or children are missing.
    pub(super) credulous: bool,
    /// By their prefixes.
    pub(super) pull_through: BTreeMap<String, PullThroughRule>,
    pub(super) replication: Replication,
    /// Since when images are replicated so.
    pub(super) replicated_since: SystemTime,
}

#[derive(Debug)]
pub(super) struct Repo {
    pub(super) settings: Settings,
    pub(super) policy: Option<String>,
    pub(super) lifecycle: Option<String>,
    /// What the scans of images say, and how long after they began.
    pub(super) scripts: BTreeMap<Digest, Vec<(Duration, Scan)>>,
    /// When the scans of images began.
    pub(super) scans: BTreeMap<Digest, SystemTime>,
    pub(super) layers: BTreeMap<Digest, Bytes>,
    pub(super) images: BTreeMap<Digest, StoredAt>,
    pub(super) tags: BTreeMap<Tag, Digest>,
    uploads: BTreeMap<String, Receiving>,
}

#[derive(Debug)]
pub(super) struct StoredAt {
    pub(super) image: StoredImage,
    pub(super) pushed_at: SystemTime,
}

#[derive(Debug, Default)]
struct Receiving {
    bytes: Vec<u8>,
    hasher: Hasher,
    /// Whether a part below the minimum came; that is an error once the upload turns out to go on, or is completed with
    /// another part behind it.
    small_part_before_end: bool,
    last_part_small: bool,
}

impl State {
    pub(super) fn new(account: AccountId) -> Self {
        Self {
            account,
            repositories: BTreeMap::new(),
            traffic: Traffic::default(),
            tokens: BTreeMap::new(),
            credulous: false,
            pull_through: BTreeMap::new(),
            replication: Replication::default(),
            replicated_since: SystemTime::UNIX_EPOCH,
        }
    }

    pub(super) const fn account(&self) -> &AccountId {
        &self.account
    }

    pub(super) fn repository(&self, name: &RepositoryName) -> Option<&Repo> {
        self.repositories.get(name)
    }

    pub(super) fn repository_mut(&mut self, name: &RepositoryName) -> Option<&mut Repo> {
        self.repositories.get_mut(name)
    }

    pub(super) fn create(&mut self, name: &RepositoryName, settings: Settings) -> Result<(), CallError> {
        if self.repositories.contains_key(name) {
            let message =
                format!("The repository with name '{name}' already exists in the registry with id '{}'", self.account);
            return Err(error(Operation::CreateRepository, "RepositoryAlreadyExistsException", message));
        }
        let repository = Repo {
            settings,
            policy: None,
            lifecycle: None,
            scripts: BTreeMap::new(),
            scans: BTreeMap::new(),
            layers: BTreeMap::new(),
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        self.repositories.insert(name.clone(), repository);
        Ok(())
    }

    pub(super) fn existing(&mut self, operation: Operation, name: &RepositoryName) -> Result<&mut Repo, CallError> {
        let account = &self.account;
        self.repositories.get_mut(name).ok_or_else(|| no_repository(operation, name, account))
    }

    pub(super) fn check_layers(
        &mut self,
        name: &RepositoryName,
        digests: &[Digest],
    ) -> Result<Vec<LayerState>, CallError> {
        let operation = Operation::BatchCheckLayerAvailability;
        if digests.is_empty() || digests.len() > CHECK_LIMIT {
            let message = format!(
                "Invalid parameter at 'layerDigests' failed to satisfy constraint: 'Member must have length between 1 and {CHECK_LIMIT}'"
            );
            return Err(error(operation, "InvalidParameterException", message));
        }
        let repository = self.existing(operation, name)?;
        let state = |digest: &Digest| {
            let there = repository.layers.contains_key(digest);
            LayerState::new(*digest, if there { Availability::Available } else { Availability::Unavailable })
        };
        Ok(digests.iter().map(state).collect())
    }

    pub(super) fn initiate(&mut self, name: &RepositoryName, id: &str) -> Result<(), CallError> {
        let repository = self.existing(Operation::InitiateLayerUpload, name)?;
        repository.uploads.insert(id.to_owned(), Receiving::default());
        Ok(())
    }

    pub(super) fn part(
        &mut self,
        name: &RepositoryName,
        id: &str,
        first_byte: u64,
        bytes: &Bytes,
    ) -> Result<PartAnswer, CallError> {
        let operation = Operation::UploadLayerPart;
        self.traffic.part_bytes += bytes.len() as u64;
        let upload = self.existing(operation, name)?.uploads.get_mut(id).ok_or_else(|| no_upload(operation))?;
        if bytes.len() as u64 > MAX_PART {
            let message = format!(
                "Invalid parameter at 'layerPartBlob' failed to satisfy constraint: 'Member must have length less than or equal to {MAX_PART}'"
            );
            return Err(error(operation, "InvalidParameterException", message));
        }
        let received = upload.bytes.len() as u64;
        if first_byte != received || bytes.is_empty() {
            let message = "The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload.";
            return Ok(PartAnswer::Resume { last_valid_byte: received.checked_sub(1), message: message.to_owned() });
        }
        upload.take(bytes);
        upload.end_part(bytes.len() as u64);
        Ok(PartAnswer::Received { last_byte: received + bytes.len() as u64 - 1 })
    }

    pub(super) fn complete(&mut self, name: &RepositoryName, id: &str, expected: Digest) -> Result<Digest, CallError> {
        let operation = Operation::CompleteLayerUpload;
        let repository = self.existing(operation, name)?;
        // Whatever the outcome, an upload is completed once.
        let upload = repository.uploads.remove(id).ok_or_else(|| no_upload(operation))?;
        if upload.bytes.is_empty() {
            let message = "The specified layer upload does not contain any layer parts.";
            return Err(error(operation, "EmptyUploadException", message));
        }
        if upload.small_part_before_end {
            let message = "Layer parts must be at least 5 MiB in size.";
            return Err(error(operation, "LayerPartTooSmallException", message));
        }
        let digest = upload.hasher.finish();
        if digest != expected {
            let message = "The layer digest calculation performed by Amazon ECR upon receipt of the image layer does not match the digest specified.";
            return Err(error(operation, "InvalidLayerException", message));
        }
        if repository.layers.contains_key(&digest) {
            let message = "The image layer already exists in the associated repository.";
            return Err(error(operation, "LayerAlreadyExistsException", message));
        }
        repository.layers.insert(digest, upload.bytes.into());
        Ok(digest)
    }

    pub(super) fn put_image(&mut self, request: &PutImage, now: SystemTime) -> Result<Digest, CallError> {
        let operation = Operation::PutImage;
        let (account, credulous) = (self.account.clone(), self.credulous);
        let name = &request.repository;
        let repository = self.existing(operation, name)?;
        let digest = Digest::of(&request.manifest);
        if digest != request.digest {
            let message =
                "The specified image digest does not match the digest that Amazon ECR calculated for the image.";
            return Err(error(operation, "ImageDigestDoesNotMatchException", message));
        }
        let Ok(manifest) = RawManifest::parse(request.manifest.clone(), Some(&request.media_type)) else {
            let message = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
            return Err(error(operation, "InvalidParameterException", message));
        };
        if !credulous {
            repository.check_references(&manifest, name, &account)?;
        }
        let named = request.tag.as_ref().map(|tag| (tag, repository.tags.get(tag).copied()));
        if let Some((tag, Some(_))) = named
            && !repository.settings.tag_rule.moves(tag)
        {
            let message = format!(
                "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the repository is immutable."
            );
            return Err(error(operation, "ImageTagAlreadyExistsException", message));
        }
        let there = repository.images.contains_key(&digest);
        let unchanged = match named {
            Some((_, existing)) => existing == Some(digest),
            None => there,
        };
        if unchanged {
            let tag = request.tag.as_ref().map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
            let message = format!(
                "Image with digest '{digest}'{tag} already exists in the repository with name '{name}' in registry with id '{account}'"
            );
            return Err(error(operation, "ImageAlreadyExistsException", message));
        }
        let image = StoredImage::new(digest, manifest.media_type().clone(), request.manifest.clone());
        repository.images.entry(digest).or_insert(StoredAt { image, pushed_at: now });
        if repository.settings.scan_on_push && matches!(manifest.manifest(), Manifest::Image(_)) {
            repository.scans.entry(digest).or_insert(now);
        }
        repository.tags.extend(request.tag.clone().map(|tag| (tag, digest)));
        Ok(digest)
    }

    pub(super) fn find(&mut self, name: &RepositoryName, id: &ImageId) -> Result<Option<StoredImage>, CallError> {
        let repository = self.existing(Operation::BatchGetImage, name)?;
        let digest = match id {
            ImageId::Tag(tag) => repository.tags.get(tag).copied(),
            ImageId::Digest(digest) => Some(*digest),
        };
        Ok(digest.and_then(|digest| repository.images.get(&digest)).map(|stored| stored.image.clone()))
    }
}

impl Receiving {
    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    fn end_part(&mut self, len: u64) {
        if len > 0 {
            self.small_part_before_end |= self.last_part_small;
            self.last_part_small = len < MIN_PART;
        }
    }
}

/// What the OCI Distribution API needs beyond ECR's own.
#[cfg(feature = "serve")]
impl State {
    /// How many bytes an upload has.
    pub(super) fn received(&mut self, name: &RepositoryName, id: &str) -> Result<u64, CallError> {
        let operation = Operation::UploadLayerPart;
        let upload = self.existing(operation, name)?.uploads.get(id).ok_or_else(|| no_upload(operation))?;
        Ok(upload.bytes.len() as u64)
    }

    /// Takes bytes of a part that is still coming; they stay when it breaks off.
    pub(super) fn append(&mut self, name: &RepositoryName, id: &str, bytes: &[u8]) -> Result<(), CallError> {
        let operation = Operation::UploadLayerPart;
        self.traffic.part_bytes += bytes.len() as u64;
        let upload = self.existing(operation, name)?.uploads.get_mut(id).ok_or_else(|| no_upload(operation))?;
        upload.take(bytes);
        Ok(())
    }

    /// The part that was coming has ended after so many bytes.
    pub(super) fn end_part(&mut self, name: &RepositoryName, id: &str, len: u64) -> Result<(), CallError> {
        let operation = Operation::UploadLayerPart;
        let upload = self.existing(operation, name)?.uploads.get_mut(id).ok_or_else(|| no_upload(operation))?;
        upload.end_part(len);
        Ok(())
    }

    /// Forgets an upload.
    pub(super) fn give_up(&mut self, name: &RepositoryName, id: &str) -> Result<(), CallError> {
        let operation = Operation::CompleteLayerUpload;
        self.existing(operation, name)?.uploads.remove(id).map(drop).ok_or_else(|| no_upload(operation))
    }

    /// Takes over a layer of another repository; `false` if that one does not have it.
    pub(super) fn mount(
        &mut self,
        name: &RepositoryName,
        from: &RepositoryName,
        digest: Digest,
    ) -> Result<bool, CallError> {
        let layer = self.repositories.get(from).and_then(|from| from.layers.get(&digest)).cloned();
        let repository = self.existing(Operation::InitiateLayerUpload, name)?;
        Ok(layer.map(|layer| repository.layers.insert(digest, layer)).is_some())
    }

    /// The names of all repositories.
    pub(super) fn names(&self) -> Vec<RepositoryName> {
        self.repositories.keys().cloned().collect()
    }
}

impl Repo {
    /// Whatever a manifest names must be there first.
    fn check_references(
        &self,
        manifest: &RawManifest,
        name: &RepositoryName,
        account: &AccountId,
    ) -> Result<(), CallError> {
        match manifest.manifest() {
            Manifest::Image(parsed) => {
                let named = std::iter::once(&parsed.config).chain(&parsed.layers);
                let needed = named.filter(|layer| !MediaType::is_foreign(&layer.media_type)).map(|layer| layer.digest);
                let mut missing: Vec<String> = needed
                    .filter(|digest| !self.layers.contains_key(digest))
                    .map(|digest| digest.to_string())
                    .collect();
                missing.dedup();
                if missing.is_empty() {
                    return Ok(());
                }
                let message = format!(
                    "Layers with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{account}' do not exist",
                    missing.join(", ")
                );
                Err(error(Operation::PutImage, "LayersNotFoundException", message))
            }
            Manifest::Index(parsed) => {
                let missing: Vec<String> = parsed
                    .manifests
                    .iter()
                    .filter(|child| !self.images.contains_key(&child.digest))
                    .map(|child| child.digest.to_string())
                    .collect();
                if missing.is_empty() {
                    return Ok(());
                }
                let message = format!(
                    "Images with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{account}' do not exist",
                    missing.join(", ")
                );
                Err(error(Operation::PutImage, "ReferencedImagesNotFoundException", message))
            }
        }
    }
}

pub(super) fn error(operation: Operation, code: &str, message: impl Into<String>) -> CallError {
    CallError::service(operation.as_str(), code, message).with_http_status(400)
}

fn no_repository(operation: Operation, name: &RepositoryName, account: &AccountId) -> CallError {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    error(operation, "RepositoryNotFoundException", message)
}

fn no_upload(operation: Operation) -> CallError {
    let message = "The upload could not be found, or the specified upload ID is not valid for this repository.";
    error(operation, "UploadNotFoundException", message)
}

//! A registry in memory (feature `memory`): a service with ECR's own rules, not a recording.
//!
//! It enforces what ECR enforces: repositories must exist, parts follow one another and have the right sizes, digests are
//! computed, layers and children must be there before a manifest, immutable tags stay. Its errors carry ECR's codes and, as
//! far as they are known, its words.

#[cfg(feature = "serve")]
mod aws_json;
#[cfg(feature = "serve")]
mod aws_json_settings;
#[cfg(feature = "serve")]
mod distribution;
#[cfg(feature = "serve")]
mod server;
mod service;
mod settings;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_call::{AccountId, CallError, Clock, IdSource, Region};
use bytes::Bytes;

#[cfg(feature = "serve")]
pub use self::server::{HttpFault, RegistryServer, RequestLine, ServeOptions};
use self::service::{MAX_PART, MIN_PART, State};
use super::{
    BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, GetImage, ImageId, ImageStore,
    InitiateUpload, LayerState, Operation, PartAnswer, PutImage, Repositories, Repository, Settings, StoredImage,
    TagMutability, TagRule, Upload, UploadPart,
};
use crate::{
    digest::Digest,
    login::{Login, Logins},
    reference::{ImageRef, Registry, RepositoryName, Tag},
};

/// What ECR is taken to propose; the true number was never observed, moto's is this one.
const PART_SIZE: u64 = 10 << 20;
/// How long a token of ECR holds.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 3600);

/// An ECR registry in memory. Clones share it.
///
/// ```
/// use std::sync::Arc;
/// use aws_call::{AccountId, ManualClock, Region, SequenceIds};
/// use ecr_push::client::{MemoryRegistry, TagMutability};
///
/// let registry = MemoryRegistry::new(
///     AccountId::parse("123456789012")?,
///     &Region::parse("eu-central-1")?,
///     Arc::new(ManualClock::at_epoch_secs(0)),
///     Arc::new(SequenceIds::new(1)),
/// )
/// .with_repository(&"shop/web".parse()?, TagMutability::Immutable);
/// let image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web:1.0".parse()?;
/// assert!(!registry.contains(&image));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryRegistry {
    host: Registry,
    part_size: u64,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    state: Arc<Mutex<State>>,
}

/// What a registry was asked to do so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// How often each operation was called, with or without success.
    pub calls: BTreeMap<Operation, u32>,
    /// How many bytes of layers came, refused ones included.
    pub part_bytes: u64,
}

impl Traffic {
    /// How often `operation` was called.
    #[must_use]
    pub fn of(&self, operation: Operation) -> u32 {
        self.calls.get(&operation).copied().unwrap_or_default()
    }

    /// How many calls there were in all.
    #[must_use]
    pub fn requests(&self) -> u32 {
        self.calls.values().sum()
    }
}

impl MemoryRegistry {
    /// The empty private registry of an account in a region.
    #[must_use]
    pub fn new(account: AccountId, region: &Region, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let host = Registry::ecr_private(&account, region);
        let state = Arc::new(Mutex::new(State::new(account)));
        Self { host, part_size: PART_SIZE, clock, ids, state }
    }

    /// Adds a repository, as if it had been created long ago.
    #[must_use]
    pub fn with_repository(self, name: &RepositoryName, mutability: TagMutability) -> Self {
        // One that exists already keeps its images.
        let settings = self.new_settings(name, TagRule::new(mutability));
        let _ = self.lock().create(name, settings);
        self
    }

    /// Sets the size of parts that the service proposes, within what ECR takes (5 to 20 MiB).
    #[must_use]
    pub fn with_part_size(mut self, part_size: u64) -> Self {
        self.part_size = part_size.clamp(MIN_PART, MAX_PART);
        self
    }

    /// Takes manifests whose layers or children are missing, as ECR does not and moto does: whoever pushes has to see to it
    /// alone that a tag names a whole image.
    #[must_use]
    pub fn credulous(self) -> Self {
        self.lock().credulous = true;
        self
    }

    /// The host under which its images are named.
    #[must_use]
    pub const fn host(&self) -> &Registry {
        &self.host
    }

    /// Whether the image can be pulled: host and repository are those of this registry, and the digest, or else the tag, or
    /// else `latest`, is there.
    #[must_use]
    pub fn contains(&self, image: &ImageRef) -> bool {
        self.image(image).is_some()
    }

    /// The image as a pull would find it.
    #[must_use]
    pub fn image(&self, image: &ImageRef) -> Option<StoredImage> {
        if *image.registry() != self.host {
            return None;
        }
        let id = match (image.digest(), image.tag()) {
            // As for Docker, the digest decides and the tag is a remark.
            (Some(digest), _) => ImageId::Digest(digest),
            (None, Some(tag)) => ImageId::Tag(tag.clone()),
            (None, None) => ImageId::Tag(Tag::parse("latest").ok()?),
        };
        self.lock().find(image.repository(), &id).ok().flatten()
    }

    /// The tags of a repository and what they name; empty if there is no such repository.
    #[must_use]
    pub fn tags(&self, repository: &RepositoryName) -> BTreeMap<Tag, Digest> {
        self.lock().repository(repository).map(|found| found.tags.clone()).unwrap_or_default()
    }

    /// When the image with this digest was pushed.
    #[must_use]
    pub fn pushed_at(&self, repository: &RepositoryName, digest: Digest) -> Option<SystemTime> {
        self.lock().repository(repository).and_then(|found| found.images.get(&digest)).map(|image| image.pushed_at)
    }

    /// The bytes of a layer or configuration.
    #[must_use]
    pub fn layer(&self, repository: &RepositoryName, digest: Digest) -> Option<Bytes> {
        self.lock().repository(repository).and_then(|found| found.layers.get(&digest).cloned())
    }

    /// Removes a layer that no image needs any more or yet: ECR may do that at any time.
    pub fn expire_layer(&self, repository: &RepositoryName, digest: Digest) -> bool {
        self.lock().repository_mut(repository).is_some_and(|found| found.layers.remove(&digest).is_some())
    }

    /// What it was asked to do so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.lock().traffic.clone()
    }

    /// Ends all tokens that were given out, as their time would.
    pub fn expire_tokens(&self) {
        let now = self.clock.now();
        self.lock().tokens.values_mut().for_each(|end| *end = now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self, operation: Operation) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        *state.traffic.calls.entry(operation).or_default() += 1;
        state
    }

    fn new_settings(&self, name: &RepositoryName, tag_rule: TagRule) -> Settings {
        let ecr = self.host.ecr();
        let region = ecr.as_ref().map(|ecr| ecr.region.as_str()).unwrap_or_default();
        let partition = ecr.as_ref().map_or("aws", |ecr| ecr.region.partition().as_str());
        let arn = format!("arn:{partition}:ecr:{region}:{}:repository/{name}", self.lock().account());
        Settings { arn, tag_rule, ..Settings::default() }
    }

    fn described(&self, name: &RepositoryName, mutability: TagMutability) -> Repository {
        Repository::new(name.clone(), format!("{}/{name}", self.host), mutability)
    }
}

impl fmt::Debug for MemoryRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traffic = self.traffic();
        f.debug_struct("MemoryRegistry").field("host", &self.host).field("traffic", &traffic).finish_non_exhaustive()
    }
}

#[async_trait]
impl ImageStore for MemoryRegistry {
    async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError> {
        self.called(Operation::BatchCheckLayerAvailability).check_layers(&request.repository, &request.digests)
    }

    async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError> {
        let id = self.ids.uuid();
        self.called(Operation::InitiateLayerUpload).initiate(&request.repository, &id)?;
        Ok(Upload::new(id, self.part_size))
    }

    async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError> {
        let mut state = self.called(Operation::UploadLayerPart);
        state.part(&request.repository, &request.upload_id, request.first_byte, &request.bytes)
    }

    async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError> {
        let mut state = self.called(Operation::CompleteLayerUpload);
        state.complete(&request.repository, &request.upload_id, request.digest)
    }

    async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError> {
        self.called(Operation::PutImage).put_image(request, self.clock.now())
    }

    async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError> {
        self.called(Operation::BatchGetImage).find(&request.repository, &request.id)
    }
}

/// As `GetAuthorizationToken` does: a new token for the user `AWS`, which holds for twelve hours.
#[async_trait]
impl Logins for MemoryRegistry {
    async fn login(&self) -> Result<Option<Login>, CallError> {
        let mut state = self.called(Operation::GetAuthorizationToken);
        let (token, end) = (self.ids.hex(32), self.clock.now() + TOKEN_LIFE);
        state.tokens.insert(token.clone(), end);
        Ok(Some(Login::new("AWS", token).until(end)))
    }
}

#[async_trait]
impl Repositories for MemoryRegistry {
    async fn describe(&self, request: &DescribeRepository) -> Result<Option<Repository>, CallError> {
        let state = self.called(Operation::DescribeRepositories);
        Ok(state
            .repository(&request.name)
            .map(|found| self.described(&request.name, found.settings.tag_rule.mutability)))
    }

    async fn create(&self, request: &CreateRepository) -> Result<Repository, CallError> {
        let settings = self.new_settings(&request.name, TagRule::new(request.mutability));
        self.called(Operation::CreateRepository).create(&request.name, settings)?;
        Ok(self.described(&request.name, request.mutability))
    }
}

//! Breaks calls of a registry on purpose, by a fixed script: what happens when the third part is throttled, or the answer to
//! PutImage never comes?

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_call::{CallError, Fault};

use super::{
    BatchCheckLayers, CompleteUpload, CreateRepository, DescribeRepository, GetImage, ImageStore, InitiateUpload,
    Inspections, LayerState, Operation, PartAnswer, PullThroughRule, PutImage, RegistrySettings, Replica, Replication,
    Repositories, Repository, RepositoryDocuments, RepositorySettings, Scan, Settings, StoredImage, TagRule, Upload,
    UploadPart,
};
use crate::{digest::Digest, reference::RepositoryName, repository::ImageDetail};

/// Which calls of an operation break. Calls are counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// Only this one.
    Nth(u32),
    /// This one and all after it.
    From(u32),
    /// All.
    Always,
}

impl When {
    const fn hits(self, call: u32) -> bool {
        match self {
            Self::Nth(nth) => call == nth,
            Self::From(first) => call >= first,
            Self::Always => true,
        }
    }
}

/// How a call breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// `ThrottlingException`, asking to wait for so long if a time is given.
    Throttle(Option<Duration>),
    /// `ServerException`.
    Unavailable,
    /// The connection breaks before the request arrives.
    CutBefore,
    /// The connection breaks after the request has had its effect: only the answer is lost.
    CutAfter,
    /// `AccessDeniedException`: no retry helps.
    Deny,
    /// The call has its effect, but the answer names another digest. For CompleteLayerUpload and PutImage; other
    /// operations answer as they would.
    WrongDigest,
}

/// A registry whose calls break by a script.
///
/// ```
/// use ecr_push::client::{Break, Faulty, Operation, When};
/// # fn wrap<T: ecr_push::client::ImageStore>(registry: T) -> impl ecr_push::client::ImageStore {
/// Faulty::new(registry)
///     .on(Operation::UploadLayerPart, When::Nth(2), Break::CutAfter)
///     .on(Operation::PutImage, When::Nth(1), Break::Throttle(None))
/// # }
/// ```
#[derive(Debug)]
pub struct Faulty<T> {
    inner: T,
    script: Vec<(Operation, When, Break)>,
    calls: Mutex<BTreeMap<Operation, u32>>,
}

impl<T> Faulty<T> {
    /// Wraps `inner`; nothing breaks yet.
    pub const fn new(inner: T) -> Self {
        Self { inner, script: Vec::new(), calls: Mutex::new(BTreeMap::new()) }
    }

    /// Adds to the script. The first entry that fits a call decides.
    #[must_use]
    pub fn on(mut self, operation: Operation, when: When, how: Break) -> Self {
        self.script.push((operation, when, how));
        self
    }

    /// The registry behind.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// How often an operation was called, broken calls included.
    pub fn calls(&self, operation: Operation) -> u32 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.get(&operation).copied().unwrap_or_default()
    }

    fn count(&self, operation: Operation) -> Option<Break> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(operation).or_default();
        *count += 1;
        let fits = |(on, when, _): &&(Operation, When, Break)| *on == operation && when.hits(*count);
        self.script.iter().find(fits).map(|(_, _, how)| *how)
    }
}

impl<T: Sync> Faulty<T> {
    /// Runs `call` as the script says.
    async fn run<R: Send>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<R, CallError>> + Send,
        falsify: fn(R) -> R,
    ) -> Result<R, CallError> {
        let name = operation.as_str();
        match self.count(operation) {
            None => call.await,
            Some(Break::Throttle(wait)) => {
                let error = CallError::service(name, "ThrottlingException", "Rate exceeded").with_http_status(400);
                Err(match wait {
                    Some(wait) => error.with_retry_after(wait),
                    None => error,
                })
            }
            Some(Break::Unavailable) => {
                let message = "These errors are usually caused by a server-side issue.";
                Err(CallError::service(name, "ServerException", message).with_http_status(500))
            }
            Some(Break::CutBefore) => Err(cut(name)),
            Some(Break::CutAfter) => {
                // The caller never learns how it went.
                let _ = call.await;
                Err(cut(name))
            }
            Some(Break::Deny) => {
                let message = format!(
                    "User: arn:aws:sts::123456789012:assumed-role/test/session is not authorized to perform: ecr:{name}"
                );
                Err(CallError::service(name, "AccessDeniedException", message).with_http_status(400))
            }
            Some(Break::WrongDigest) => call.await.map(falsify),
        }
    }
}

fn cut(operation: &'static str) -> CallError {
    CallError::new(operation, Fault::Connection).with_message("connection reset by peer")
}

fn other_digest(digest: Digest) -> Digest {
    Digest::of(digest.to_string().as_bytes())
}

#[async_trait]
impl<T: ImageStore> ImageStore for Faulty<T> {
    async fn batch_check_layers(&self, request: &BatchCheckLayers) -> Result<Vec<LayerState>, CallError> {
        let call = self.inner.batch_check_layers(request);
        self.run(Operation::BatchCheckLayerAvailability, call, |answer| answer).await
    }

    async fn initiate_upload(&self, request: &InitiateUpload) -> Result<Upload, CallError> {
        self.run(Operation::InitiateLayerUpload, self.inner.initiate_upload(request), |answer| answer).await
    }

    async fn upload_part(&self, request: &UploadPart) -> Result<PartAnswer, CallError> {
        self.run(Operation::UploadLayerPart, self.inner.upload_part(request), |answer| answer).await
    }

    async fn complete_upload(&self, request: &CompleteUpload) -> Result<Digest, CallError> {
        self.run(Operation::CompleteLayerUpload, self.inner.complete_upload(request), other_digest).await
    }

    async fn put_image(&self, request: &PutImage) -> Result<Digest, CallError> {
        self.run(Operation::PutImage, self.inner.put_image(request), other_digest).await
    }

    async fn get_image(&self, request: &GetImage) -> Result<Option<StoredImage>, CallError> {
        self.run(Operation::BatchGetImage, self.inner.get_image(request), |answer| answer).await
    }
}

#[async_trait]
impl<T: Repositories> Repositories for Faulty<T> {
    async fn describe(&self, request: &DescribeRepository) -> Result<Option<Repository>, CallError> {
        self.run(Operation::DescribeRepositories, self.inner.describe(request), |answer| answer).await
    }

    async fn create(&self, request: &CreateRepository) -> Result<Repository, CallError> {
        self.run(Operation::CreateRepository, self.inner.create(request), |answer| answer).await
    }
}

/// The roles whose answers name no digest that could be falsified.
macro_rules! breaks {
    ($role:ident { $(fn $method:ident($($argument:ident: $type:ty),*) -> $output:ty = $operation:ident;)+ }) => {
        #[async_trait]
        impl<T: $role> $role for Faulty<T> {
            $(async fn $method(&self $(, $argument: $type)*) -> Result<$output, CallError> {
                self.run(Operation::$operation, self.inner.$method($($argument),*), |answer| answer).await
            })+
        }
    };
}

breaks! {
    RepositorySettings {
        fn settings(repository: &RepositoryName) -> Option<Settings> = DescribeRepositories;
        fn create_with(repository: &RepositoryName, settings: &Settings) -> Settings = CreateRepository;
        fn put_tag_rule(repository: &RepositoryName, rule: &TagRule) -> () = PutImageTagMutability;
        fn put_scan_on_push(repository: &RepositoryName, scan: bool) -> () = PutImageScanningConfiguration;
        fn resource_tags(arn: &str) -> BTreeMap<String, String> = ListTagsForResource;
        fn put_resource_tags(arn: &str, tags: &BTreeMap<String, String>) -> () = TagResource;
    }
}

breaks! {
    RepositoryDocuments {
        fn policy(repository: &RepositoryName) -> Option<String> = GetRepositoryPolicy;
        fn put_policy(repository: &RepositoryName, text: &str) -> () = SetRepositoryPolicy;
        fn delete_policy(repository: &RepositoryName) -> () = DeleteRepositoryPolicy;
        fn lifecycle(repository: &RepositoryName) -> Option<String> = GetLifecyclePolicy;
        fn put_lifecycle(repository: &RepositoryName, text: &str) -> () = PutLifecyclePolicy;
        fn delete_lifecycle(repository: &RepositoryName) -> () = DeleteLifecyclePolicy;
    }
}

breaks! {
    RegistrySettings {
        fn pull_through_rules() -> Vec<PullThroughRule> = DescribePullThroughCacheRules;
        fn create_pull_through_rule(rule: &PullThroughRule) -> () = CreatePullThroughCacheRule;
        fn delete_pull_through_rule(prefix: &str) -> () = DeletePullThroughCacheRule;
        fn replication() -> Replication = DescribeRegistry;
        fn put_replication(replication: &Replication) -> () = PutReplicationConfiguration;
    }
}

breaks! {
    Inspections {
        fn scan(repository: &RepositoryName, image: Digest) -> Scan = DescribeImageScanFindings;
        fn start_scan(repository: &RepositoryName, image: Digest) -> () = StartImageScan;
        fn replicas(repository: &RepositoryName, image: Digest) -> Vec<Replica> = DescribeImageReplicationStatus;
        fn images(repository: &RepositoryName) -> Vec<ImageDetail> = DescribeImages;
    }
}

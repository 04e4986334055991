//! The in-memory registry's settings, documents and inspections, with what ECR refuses in them.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_call::CallError;

use super::{
    MemoryRegistry,
    service::{Repo, State, error},
};
use crate::{
    client::{
        Destination, Inspections, Operation, PullThroughRule, RegistrySettings, Replica, Replication,
        RepositoryDocuments, RepositorySettings, Scan, Settings, TagRule,
    },
    digest::Digest,
    manifest::{Manifest, RawManifest},
    reference::RepositoryName,
    repository::{ImageDetail, LifecyclePolicy, Place, Policy, Severity, pull_through_problems, replication_problems},
};

/// How long a scan runs, if nothing else is said.
const SCAN: Duration = Duration::from_secs(20);
/// How long an image is under way to another region.
const COPY: Duration = Duration::from_secs(30);
/// ECR scans an image once in this time.
const BETWEEN_SCANS: Duration = Duration::from_secs(24 * 3600);
/// The most tags of a repository.
const TAGS: usize = 50;

impl MemoryRegistry {
    /// Sets what the scan of an image will say, and how long after it began; the last one stays. Without this, a scan finds
    /// nothing and is complete after 20 seconds.
    pub fn script_scan(&self, repository: &RepositoryName, image: Digest, script: Vec<(Duration, Scan)>) {
        if let Some(found) = self.lock().repository_mut(repository) {
            found.scripts.insert(image, script);
        }
    }

    /// This registry, as the destination of a replication.
    #[must_use]
    pub fn destination(&self) -> Option<Destination> {
        self.host.ecr().map(|ecr| Destination::new(ecr.region, ecr.account))
    }
}

fn invalid(operation: Operation, message: impl Into<String>) -> CallError {
    error(operation, "InvalidParameterException", message)
}

fn place(name: &RepositoryName, state: &State) -> String {
    format!("the repository with name '{name}' in the registry with id '{}'", state.account())
}

impl State {
    /// The repository with this ARN.
    fn by_arn(&mut self, operation: Operation, arn: &str) -> Result<&mut Repo, CallError> {
        let name = arn.split_once(":repository/").and_then(|(_, name)| name.parse::<RepositoryName>().ok());
        let name = name.ok_or_else(|| {
            invalid(
                operation,
                format!("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN' ({arn})"),
            )
        })?;
        self.existing(operation, &name)
    }

    /// The image with this digest, of a repository that exists.
    fn stored(&mut self, operation: Operation, name: &RepositoryName, image: Digest) -> Result<SystemTime, CallError> {
        let pushed = self.existing(operation, name)?.images.get(&image).map(|stored| stored.pushed_at);
        pushed.ok_or_else(|| {
            let place = place(name, self);
            let message = format!(
                "The image with imageId {{imageDigest:'{image}', imageTag:'null'}} does not exist within {place}"
            );
            error(operation, "ImageNotFoundException", message)
        })
    }
}

fn check_rule(operation: Operation, rule: &TagRule) -> Result<(), CallError> {
    if rule.except.len() <= TagRule::EXCEPTIONS {
        return Ok(());
    }
    let message = "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'Member must have length less than or equal to 5'";
    Err(invalid(operation, message))
}

#[async_trait]
impl RepositorySettings for MemoryRegistry {
    async fn settings(&self, repository: &RepositoryName) -> Result<Option<Settings>, CallError> {
        let state = self.called(Operation::DescribeRepositories);
        // The real call does not tell them either.
        let known = state.repository(repository).map(|found| found.settings.clone());
        Ok(known.map(|settings| Settings { tags: BTreeMap::new(), ..settings }))
    }

    async fn create_with(&self, repository: &RepositoryName, settings: &Settings) -> Result<Settings, CallError> {
        let operation = Operation::CreateRepository;
        check_rule(operation, &settings.tag_rule)?;
        let arn = self.new_settings(repository, settings.tag_rule.clone()).arn;
        let settings = Settings { arn, ..settings.clone() };
        self.called(operation).create(repository, settings.clone())?;
        Ok(settings)
    }

    async fn put_tag_rule(&self, repository: &RepositoryName, rule: &TagRule) -> Result<(), CallError> {
        let operation = Operation::PutImageTagMutability;
        check_rule(operation, rule)?;
        self.called(operation).existing(operation, repository)?.settings.tag_rule = rule.clone();
        Ok(())
    }

    async fn put_scan_on_push(&self, repository: &RepositoryName, scan: bool) -> Result<(), CallError> {
        let operation = Operation::PutImageScanningConfiguration;
        self.called(operation).existing(operation, repository)?.settings.scan_on_push = scan;
        Ok(())
    }

    async fn resource_tags(&self, arn: &str) -> Result<BTreeMap<String, String>, CallError> {
        let operation = Operation::ListTagsForResource;
        Ok(self.called(operation).by_arn(operation, arn)?.settings.tags.clone())
    }

    async fn put_resource_tags(&self, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), CallError> {
        let operation = Operation::TagResource;
        if tags.keys().any(|key| key.is_empty() || key.starts_with("aws:")) {
            let message = "Invalid parameter at 'tags' failed to satisfy constraint: 'Invalid tag key'";
            return Err(error(operation, "InvalidTagParameterException", message));
        }
        let mut state = self.called(operation);
        let own = &mut state.by_arn(operation, arn)?.settings.tags;
        let mut all = own.clone();
        all.extend(tags.clone());
        if all.len() > TAGS {
            return Err(error(operation, "TooManyTagsException", "The repository can have at most 50 tags."));
        }
        *own = all;
        Ok(())
    }
}

#[async_trait]
impl RepositoryDocuments for MemoryRegistry {
    async fn policy(&self, repository: &RepositoryName) -> Result<Option<String>, CallError> {
        let operation = Operation::GetRepositoryPolicy;
        Ok(self.called(operation).existing(operation, repository)?.policy.clone())
    }

    async fn put_policy(&self, repository: &RepositoryName, text: &str) -> Result<(), CallError> {
        let operation = Operation::SetRepositoryPolicy;
        let mut state = self.called(operation);
        let found = state.existing(operation, repository)?;
        let refused = Policy::read(text.as_bytes()).map_or(true, |policy| {
            policy.statement.is_empty()
                || policy.findings(Place::Repository).iter().any(|finding| finding.severity == Severity::Error)
        });
        if refused {
            let message =
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'";
            return Err(invalid(operation, message));
        }
        found.policy = Some(text.to_owned());
        Ok(())
    }

    async fn delete_policy(&self, repository: &RepositoryName) -> Result<(), CallError> {
        let operation = Operation::DeleteRepositoryPolicy;
        let mut state = self.called(operation);
        if state.existing(operation, repository)?.policy.take().is_some() {
            return Ok(());
        }
        let message = format!("Repository policy does not exist for {}", place(repository, &state));
        Err(error(operation, "RepositoryPolicyNotFoundException", message))
    }

    async fn lifecycle(&self, repository: &RepositoryName) -> Result<Option<String>, CallError> {
        let operation = Operation::GetLifecyclePolicy;
        Ok(self.called(operation).existing(operation, repository)?.lifecycle.clone())
    }

    async fn put_lifecycle(&self, repository: &RepositoryName, text: &str) -> Result<(), CallError> {
        let operation = Operation::PutLifecyclePolicy;
        let mut state = self.called(operation);
        let found = state.existing(operation, repository)?;
        let problem = match LifecyclePolicy::read(text.as_bytes()) {
            Ok(policy) => policy.problems().into_iter().next(),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            let message = format!(
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: {problem}'"
            );
            return Err(invalid(operation, message));
        }
        found.lifecycle = Some(text.to_owned());
        Ok(())
    }

    async fn delete_lifecycle(&self, repository: &RepositoryName) -> Result<(), CallError> {
        let operation = Operation::DeleteLifecyclePolicy;
        let mut state = self.called(operation);
        if state.existing(operation, repository)?.lifecycle.take().is_some() {
            return Ok(());
        }
        let message = format!("Lifecycle policy does not exist for {}", place(repository, &state));
        Err(error(operation, "LifecyclePolicyNotFoundException", message))
    }
}

#[async_trait]
impl RegistrySettings for MemoryRegistry {
    async fn pull_through_rules(&self) -> Result<Vec<PullThroughRule>, CallError> {
        Ok(self.called(Operation::DescribePullThroughCacheRules).pull_through.values().cloned().collect())
    }

    async fn create_pull_through_rule(&self, rule: &PullThroughRule) -> Result<(), CallError> {
        let operation = Operation::CreatePullThroughCacheRule;
        let mut state = self.called(operation);
        if let Some(problem) = pull_through_problems(rule).into_iter().next() {
            return Err(invalid(operation, problem));
        }
        let prefix = rule.ecr_repository_prefix.clone();
        if state.pull_through.contains_key(&prefix) {
            let message = format!(
                "A pull through cache rule with the repository prefix '{prefix}' already exists in the registry with id '{}'",
                state.account()
            );
            return Err(error(operation, "PullThroughCacheRuleAlreadyExistsException", message));
        }
        state.pull_through.insert(prefix, rule.clone());
        Ok(())
    }

    async fn delete_pull_through_rule(&self, prefix: &str) -> Result<(), CallError> {
        let operation = Operation::DeletePullThroughCacheRule;
        let mut state = self.called(operation);
        if state.pull_through.remove(prefix).is_some() {
            return Ok(());
        }
        let message = format!(
            "A pull through cache rule with the repository prefix '{prefix}' does not exist in the registry with id '{}'",
            state.account()
        );
        Err(error(operation, "PullThroughCacheRuleNotFoundException", message))
    }

    async fn replication(&self) -> Result<Replication, CallError> {
        Ok(self.called(Operation::DescribeRegistry).replication.clone())
    }

    async fn put_replication(&self, replication: &Replication) -> Result<(), CallError> {
        let operation = Operation::PutReplicationConfiguration;
        let (now, own) = (self.clock.now(), self.destination());
        let mut state = self.called(operation);
        let problem = own.and_then(|own| replication_problems(replication, &own).into_iter().next());
        if let Some(problem) = problem {
            return Err(invalid(operation, format!("Invalid parameter at 'replicationConfiguration': {problem}")));
        }
        (state.replication, state.replicated_since) = (replication.clone(), now);
        Ok(())
    }
}

#[async_trait]
impl Inspections for MemoryRegistry {
    async fn scan(&self, repository: &RepositoryName, image: Digest) -> Result<Scan, CallError> {
        let (operation, now) = (Operation::DescribeImageScanFindings, self.clock.now());
        let mut state = self.called(operation);
        state.stored(operation, repository, image)?;
        let found = state.existing(operation, repository)?;
        let Some(begun) = found.scans.get(&image) else {
            let place = place(repository, &state);
            let message =
                format!("Image scan does not exist for the image with '{{imageDigest:'{image}'}}' in {place}");
            return Err(error(operation, "ScanNotFoundException", message));
        };
        let age = now.duration_since(*begun).unwrap_or_default();
        let script = found.scripts.get(&image);
        let said = script.and_then(|script| script.iter().rev().find(|(after, _)| *after <= age));
        Ok(match (script, said) {
            (_, Some((_, scan))) => scan.clone(),
            (None, None) if age >= SCAN => Scan::new("COMPLETE"),
            _ => Scan::new("IN_PROGRESS"),
        })
    }

    async fn start_scan(&self, repository: &RepositoryName, image: Digest) -> Result<(), CallError> {
        let (operation, now) = (Operation::StartImageScan, self.clock.now());
        let mut state = self.called(operation);
        state.stored(operation, repository, image)?;
        let found = state.existing(operation, repository)?;
        let manifest = found.images.get(&image).map(|stored| stored.image.clone());
        let parsed = manifest.and_then(|image| RawManifest::parse(image.manifest, Some(&image.media_type)).ok());
        if parsed.is_some_and(|manifest| matches!(manifest.manifest(), Manifest::Index(_))) {
            let message = "The image is of a type that cannot be scanned.";
            return Err(error(operation, "UnsupportedImageTypeException", message));
        }
        let lately = |begun: &SystemTime| now.duration_since(*begun).unwrap_or_default() < BETWEEN_SCANS;
        if found.scans.get(&image).is_some_and(lately) {
            let message = "The scan quota per image has been exceeded. Wait and try again.";
            return Err(error(operation, "LimitExceededException", message));
        }
        found.scans.insert(image, now);
        Ok(())
    }

    async fn replicas(&self, repository: &RepositoryName, image: Digest) -> Result<Vec<Replica>, CallError> {
        let (operation, now) = (Operation::DescribeImageReplicationStatus, self.clock.now());
        let mut state = self.called(operation);
        let pushed = state.stored(operation, repository, image)?;
        // What was pushed before the rule is not replicated.
        if pushed < state.replicated_since {
            return Ok(Vec::new());
        }
        let done = now.duration_since(pushed).unwrap_or_default() >= COPY;
        let rules = state.replication.rules.iter().filter(|rule| rule.includes(repository));
        let mut destinations: Vec<&Destination> = rules.flat_map(|rule| &rule.destinations).collect();
        destinations.sort();
        destinations.dedup();
        let status = if done { "COMPLETE" } else { "IN_PROGRESS" };
        Ok(destinations.into_iter().map(|destination| Replica::new(destination.clone(), status)).collect())
    }

    async fn images(&self, repository: &RepositoryName) -> Result<Vec<ImageDetail>, CallError> {
        let operation = Operation::DescribeImages;
        let mut state = self.called(operation);
        let found = state.existing(operation, repository)?;
        let mut indexes: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        let mut details = Vec::new();
        for (digest, stored) in &found.images {
            let mut detail = ImageDetail::new(*digest, stored.pushed_at);
            detail.size = stored.image.manifest.len() as u64;
            let tags = found.tags.iter().filter(|(_, named)| *named == digest);
            detail.tags = tags.map(|(tag, _)| tag.clone()).collect();
            if let Ok(manifest) = RawManifest::parse(stored.image.manifest.clone(), Some(&stored.image.media_type)) {
                match manifest.manifest() {
                    Manifest::Index(index) => {
                        for child in &index.manifests {
                            indexes.entry(child.digest).or_default().push(*digest);
                        }
                    }
                    Manifest::Image(image) => detail.size += image.layers.iter().map(|layer| layer.size).sum::<u64>(),
                }
            }
            details.push(detail);
        }
        for detail in &mut details {
            detail.indexes = indexes.remove(&detail.digest).unwrap_or_default();
        }
        Ok(details)
    }
}

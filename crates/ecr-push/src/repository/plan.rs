//! What has to be done so that a repository is as it should be, and doing it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use aws_call::{CallError, Fault};
use serde::Serialize;

use super::{Difference, LifecyclePolicy, Place, Policy, Severity};
use crate::{
    client::{Encryption, RepositoryDocuments, RepositorySettings, Settings, TagMutability, TagRule},
    error::{CallFailed, DocumentError, Error},
    image::Image,
    push::{Progress, PushOptions, PushReport, PushRequest, Pusher},
    reference::RepositoryName,
};

const LEFT: &str = "what was done before it stays; run it again for the rest";

/// How a repository should be. What is not said is left as it is, and as ECR makes it where it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// Its name.
    pub name: RepositoryName,
    /// Which tags can be moved.
    pub tag_rule: Option<TagRule>,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: Option<bool>,
    /// How it is encrypted; only said when it is created.
    pub encryption: Option<Encryption>,
    /// Its tags, beside others it may have.
    pub tags: BTreeMap<String, String>,
    /// Who may do what.
    pub policy: Option<Policy>,
    /// What becomes of old images.
    pub lifecycle: Option<LifecyclePolicy>,
}

impl Wanted {
    /// A repository of this name, however it is set up.
    #[must_use]
    pub const fn new(name: RepositoryName) -> Self {
        Self {
            name,
            tag_rule: None,
            scan_on_push: None,
            encryption: None,
            tags: BTreeMap::new(),
            policy: None,
            lifecycle: None,
        }
    }

    /// No tag can be moved.
    #[must_use]
    pub fn immutable(self) -> Self {
        self.with_tag_rule(TagRule::new(TagMutability::Immutable))
    }

    /// These tags can be moved.
    #[must_use]
    pub fn with_tag_rule(mut self, rule: TagRule) -> Self {
        self.tag_rule = Some(rule);
        self
    }

    /// Images are scanned when they are pushed, or are not.
    #[must_use]
    pub const fn with_scan_on_push(mut self, scan: bool) -> Self {
        self.scan_on_push = Some(scan);
        self
    }

    /// Layers are encrypted so.
    #[must_use]
    pub fn with_encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// It has this tag.
    #[must_use]
    pub fn with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// It has this policy.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// It has this lifecycle policy.
    #[must_use]
    pub fn with_lifecycle(mut self, lifecycle: LifecyclePolicy) -> Self {
        self.lifecycle = Some(lifecycle);
        self
    }
}

/// A repository as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Found {
    /// Its settings and tags; none if there is no such repository.
    pub settings: Option<Settings>,
    /// Its policy, if it has one that can be read.
    pub policy: Option<Policy>,
    /// Its lifecycle policy, if it has one that can be read.
    pub lifecycle: Option<LifecyclePolicy>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Create the repository.
    Create(Settings),
    /// Set which tags can be moved.
    TagRule(TagRule),
    /// Set whether images are scanned when they are pushed.
    ScanOnPush(bool),
    /// Add these tags.
    Tags(BTreeMap<String, String>),
    /// Replace the policy.
    Policy(Policy, Vec<Difference>),
    /// Replace the lifecycle policy.
    Lifecycle(LifecyclePolicy, Vec<Difference>),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = |f: &mut fmt::Formatter<'_>, rule: &TagRule| {
            let immutable = rule.mutability == TagMutability::Immutable;
            f.write_str(if immutable { "immutable tags" } else { "mutable tags" })?;
            if rule.except.is_empty() { Ok(()) } else { write!(f, " but for {}", rule.except.join(", ")) }
        };
        let lines = |f: &mut fmt::Formatter<'_>, what: &str, lines: &[Difference]| {
            f.write_str(what)?;
            lines.iter().try_for_each(|line| write!(f, "\n{line}"))
        };
        match self {
            Self::Create(settings) => {
                f.write_str("create the repository with ")?;
                rule(f, &settings.tag_rule)?;
                f.write_str(if settings.scan_on_push { ", scans on push" } else { "" })
            }
            Self::TagRule(wanted) => {
                f.write_str("set ")?;
                rule(f, wanted)
            }
            Self::ScanOnPush(scan) => write!(f, "turn scans on push {}", if *scan { "on" } else { "off" }),
            Self::Tags(tags) => {
                let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "set the tags {}", tags.join(", "))
            }
            Self::Policy(_, differences) => lines(f, "replace the policy", differences),
            Self::Lifecycle(_, differences) => lines(f, "replace the lifecycle policy", differences),
        }
    }
}

impl Serialize for Step {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What has to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The repository.
    pub repository: RepositoryName,
    /// The steps; none if all is as it should be.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Compares.
    ///
    /// # Errors
    /// [`Error::Document`] if a document that is wanted is one that ECR refuses, or the encryption, which cannot be changed,
    /// is another one.
    pub fn of(wanted: &Wanted, found: &Found) -> Result<Self, Error> {
        wanted.check()?;
        let mut steps = Vec::new();
        match &found.settings {
            None => steps.push(Step::Create(Settings {
                arn: String::new(),
                tag_rule: wanted.tag_rule.clone().unwrap_or_default(),
                scan_on_push: wanted.scan_on_push.unwrap_or_default(),
                encryption: wanted.encryption.clone().unwrap_or_default(),
                tags: wanted.tags.clone(),
            })),
            Some(settings) => {
                if let Some(encryption) = wanted.encryption.as_ref().filter(|one| !settings.encryption.is_as(one)) {
                    let why = format!(
                        "it is encrypted otherwise ({:?}) than is wanted ({encryption:?}), and ECR does not change that; make a new repository and copy the images",
                        settings.encryption
                    );
                    return Err(DocumentError::new(format!("repository {}", wanted.name), why).into());
                }
                let rule = wanted.tag_rule.as_ref().filter(|rule| **rule != settings.tag_rule);
                steps.extend(rule.cloned().map(Step::TagRule));
                let scan = wanted.scan_on_push.filter(|scan| *scan != settings.scan_on_push);
                steps.extend(scan.map(Step::ScanOnPush));
                let missing = wanted.tags.iter().filter(|(key, value)| settings.tags.get(*key) != Some(value));
                let missing: BTreeMap<_, _> = missing.map(|(key, value)| (key.clone(), value.clone())).collect();
                steps.extend((!missing.is_empty()).then_some(Step::Tags(missing)));
            }
        }
        if let Some(policy) = &wanted.policy {
            let differences = found.policy.as_ref().unwrap_or(&Policy::empty()).diff(policy);
            if found.policy.is_none() || !differences.is_empty() {
                steps.push(Step::Policy(policy.clone(), differences));
            }
        }
        if let Some(lifecycle) = &wanted.lifecycle {
            let differences = found.lifecycle.clone().unwrap_or_default().diff(lifecycle);
            if found.lifecycle.is_none() || !differences.is_empty() {
                steps.push(Step::Lifecycle(lifecycle.clone(), differences));
            }
        }
        Ok(Self { repository: wanted.name.clone(), steps })
    }
}

impl Encryption {
    /// Whether what ECR tells is what was wanted: a key that was not named is one of ECR's.
    fn is_as(&self, wanted: &Self) -> bool {
        let key = |found: &Option<String>, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                found.as_ref().is_some_and(|found| found == wanted || found.ends_with(&format!("/{wanted}")))
            })
        };
        match (self, wanted) {
            (Self::Service, Self::Service) => true,
            (Self::Kms(found), Self::Kms(wanted)) | (Self::KmsTwice(found), Self::KmsTwice(wanted)) => {
                key(found, wanted)
            }
            _ => false,
        }
    }
}

impl Wanted {
    fn check(&self) -> Result<(), DocumentError> {
        if let Some(rule) = self.tag_rule.as_ref().filter(|rule| rule.except.len() > TagRule::EXCEPTIONS) {
            let why = format!("{} exceptions; ECR takes at most {}", rule.except.len(), TagRule::EXCEPTIONS);
            return Err(DocumentError::new("the rule for tags", why));
        }
        if let Some(problem) = self.lifecycle.as_ref().and_then(|policy| policy.problems().into_iter().next()) {
            return Err(DocumentError::new("the lifecycle policy", problem));
        }
        let findings = self.policy.iter().flat_map(|policy| policy.findings(Place::Repository));
        match findings.into_iter().find(|finding| finding.severity == Severity::Error) {
            Some(finding) => Err(DocumentError::new("the policy", finding)),
            None => Ok(()),
        }
    }
}

/// Who plays the roles that a repository needs.
#[derive(Clone)]
#[non_exhaustive]
pub struct Account {
    /// Settings and tags.
    pub settings: Arc<dyn RepositorySettings>,
    /// Policies.
    pub documents: Arc<dyn RepositoryDocuments>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

impl Account {
    /// One who plays both.
    #[must_use]
    pub fn new<T: RepositorySettings + RepositoryDocuments + 'static>(client: Arc<T>) -> Self {
        Self { settings: Arc::clone(&client) as _, documents: client }
    }
}

/// Asks how a repository is. Documents that this crate cannot read count as none, and are replaced where one is wanted.
///
/// # Errors
/// [`Error::Call`] if ECR refuses.
pub async fn found(account: &Account, wanted: &Wanted) -> Result<Found, Error> {
    let name = &wanted.name;
    let failed = |call| CallFailed::new(format!("asking for repository {name}"), 1, "nothing was changed", call);
    let Some(mut settings) = account.settings.settings(name).await.map_err(failed)? else {
        return Ok(Found::default());
    };
    // Each question may need a permission of its own, so only what matters is asked.
    if !wanted.tags.is_empty() {
        settings.tags = account.settings.resource_tags(&settings.arn).await.map_err(failed)?;
    }
    let mut found = Found { settings: Some(settings), ..Found::default() };
    if wanted.policy.is_some() {
        let text = account.documents.policy(name).await.map_err(failed)?;
        found.policy = text.and_then(|text| Policy::read(text.as_bytes()).ok());
    }
    if wanted.lifecycle.is_some() {
        let text = account.documents.lifecycle(name).await.map_err(failed)?;
        found.lifecycle = text.and_then(|text| LifecyclePolicy::read(text.as_bytes()).ok());
    }
    Ok(found)
}

/// Makes a repository what it should be. Returns what was done.
///
/// Safe to call again, and by two at once: who finds that another has just created it changes what then differs.
///
/// # Errors
/// As [`Plan::of`], and [`Error::Call`] if ECR refuses a step; the steps before it stay done.
pub async fn ensure(account: &Account, wanted: &Wanted) -> Result<Plan, Error> {
    let mut again = true;
    loop {
        let found = found(account, wanted).await?;
        let plan = Plan::of(wanted, &found)?;
        // One that is created gets its tags with it, and has no ARN before.
        let arn = found.settings.as_ref().map_or("", |settings| &settings.arn);
        match apply(account, wanted, &plan, arn).await {
            Err((step, call)) if again && matches!(step, Step::Create(_)) && call.fault() == Fault::AlreadyExists => {
                again = false;
            }
            Err((step, call)) => {
                let what = step.to_string();
                let what = what.lines().next().unwrap_or_default();
                return Err(CallFailed::new(format!("repository {}: {what}", wanted.name), 1, LEFT, call).into());
            }
            Ok(()) => return Ok(plan),
        }
    }
}

async fn apply(account: &Account, wanted: &Wanted, plan: &Plan, arn: &str) -> Result<(), (Step, CallError)> {
    let name = &wanted.name;
    for step in &plan.steps {
        let done = match step {
            Step::Create(settings) => account.settings.create_with(name, settings).await.map(drop),
            Step::TagRule(rule) => account.settings.put_tag_rule(name, rule).await,
            Step::ScanOnPush(scan) => account.settings.put_scan_on_push(name, *scan).await,
            Step::Tags(tags) => account.settings.put_resource_tags(arn, tags).await,
            Step::Policy(policy, _) => account.documents.put_policy(name, &text(policy)).await,
            Step::Lifecycle(policy, _) => account.documents.put_lifecycle(name, &text(policy)).await,
        };
        done.map_err(|call| (step.clone(), call))?;
    }
    Ok(())
}

/// Documents of this crate are made of texts, lists and numbers, which always can be written.
fn text(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// Pushes; when the repository is missing, makes it what it should be and pushes again.
///
/// # Errors
/// As [`Pusher::push`] and [`ensure`].
pub async fn push_or_create(
    account: &Account,
    wanted: &Wanted,
    pusher: &Pusher,
    image: &Image,
    request: &PushRequest,
    options: &PushOptions,
    progress: &dyn Progress,
) -> Result<PushReport, Error> {
    match pusher.push(image, request, options, progress).await {
        Err(Error::RepositoryMissing(_)) => {
            ensure(account, wanted).await?;
            pusher.push(image, request, options, progress).await
        }
        pushed => pushed,
    }
}

//! An account in memory (feature `memory`): ECR and ECS wired to each other and to the builtin providers, so that a
//! pipeline runs from its source to a rolled-out service without AWS.
//!
//! The services are the real ones of `ecr_push` and `ecs_taskdef` in memory, with their limits. What ties them together
//! is here: a task can only run an image that is in the registry.

mod breaks;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_call::{AccountId, Backoff, CallError, Clock, IdSource, Polling, Region, Step, wait};
use buildspec::run::{Executor, HostShell};
use ecr_push::client::{Faulty, ImageStore, MemoryRegistry, Operation, TagMutability, When};
use ecr_push::{ImageRef, RepositoryName};
use ecs_taskdef::Body;
use ecs_taskdef::client::{
    CircuitBreaker, ContainerStart, CreateService, Fate, MemoryCluster, ServiceId, Services, TaskDefinitions, Timing,
};
use spec_report::Source;

pub use self::breaks::Break;
use self::breaks::BreakingExecutor;
use crate::backends::{Backends, build_environment};
use crate::settings::{Cluster, LocalSettings};
use crate::{Error, Result};

/// An account in memory, as it is before the first delivery.
pub struct LocalAccount {
    /// What the providers stand on.
    pub backends: Backends,
    /// The registry, to look into.
    pub registry: MemoryRegistry,
}

impl fmt::Debug for LocalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAccount").field("backends", &self.backends).finish_non_exhaustive()
    }
}

/// Where an account's files are, and what keeps its time.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a program must notice when there is one more thing to bring")]
pub struct Site {
    /// Directory that the settings' paths start from.
    pub root: PathBuf,
    /// Directory that stands in for the source repository.
    pub source: PathBuf,
    /// Directory for the files of builds.
    pub scratch: PathBuf,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn IdSource>,
}

impl LocalAccount {
    /// Sets an account up by its settings. With `broken`, one part of it fails from the first delivery on.
    ///
    /// # Errors
    /// [`Error::Settings`] or [`Error::Setup`] when a name in the settings is none, a task definition cannot be read, or
    /// the service in memory refuses it as ECS would.
    pub async fn open(settings: &LocalSettings, site: &Site, broken: Option<Break>) -> Result<Self> {
        let invalid = |what: &str, why: &dyn fmt::Display| Error::Setup { what: what.to_owned(), why: why.to_string() };
        let account = AccountId::parse(&settings.account).map_err(|error| invalid("account", &error))?;
        let region = Region::parse(&settings.region).map_err(|error| invalid("region", &error))?;
        let mut registry =
            MemoryRegistry::new(account.clone(), &region, Arc::clone(&site.clock), Arc::clone(&site.ids));
        for (name, repository) in &settings.ecr {
            let name = RepositoryName::parse(name).map_err(|error| invalid("repository", &error))?;
            let mutability = if repository.immutable { TagMutability::Immutable } else { TagMutability::Mutable };
            registry = registry.with_repository(&name, mutability);
        }
        let (cluster, first_images) = match &settings.ecs {
            None => (None, Vec::new()),
            Some(cluster) => (Some(cluster), first_images(cluster, &site.root)?),
        };
        let name = cluster.map_or("default", |cluster| cluster.cluster.as_str());
        let ecs = MemoryCluster::new(name, Arc::clone(&site.clock), Arc::clone(&site.ids))
            .with_home(region.as_str(), account.as_str())
            .with_timing(timing())
            .with_fates(Arc::new(fates(registry.clone(), first_images, broken == Some(Break::Deploy))));
        let ecs = Arc::new(ecs);
        if let Some(cluster) = cluster {
            create_services(&ecs, cluster, site).await?;
        }
        let images: Arc<dyn ImageStore> = if broken == Some(Break::Push) {
            Arc::new(Faulty::new(registry.clone()).on(
                Operation::UploadLayerPart,
                When::Always,
                ecr_push::client::Break::CutBefore,
            ))
        } else {
            Arc::new(registry.clone())
        };
        let shell = HostShell::new(&site.scratch);
        let executor: Arc<dyn Executor> =
            if broken == Some(Break::Build) { Arc::new(BreakingExecutor::new(shell)) } else { Arc::new(shell) };
        let backends = Backends {
            account,
            region,
            source: site.source.clone(),
            sources: settings.source_directories(&site.root),
            projects: settings.codebuild.clone(),
            executor,
            build_environment: build_environment().into_iter().chain(settings.build_environment.clone()).collect(),
            builds: None,
            images,
            task_definitions: Arc::clone(&ecs) as _,
            services: ecs,
            deployments: None,
            hosts: settings.host_directories(&site.root),
            objects: Arc::new(settings.buckets(&site.root)),
            functions: Arc::new(settings.functions(&site.root, &site.scratch)),
            stacks: None,
            change_sets: None,
            state_machines: None,
            pipelines: None,
            polling: Polling::new(Backoff::constant(Duration::from_millis(200))),
        };
        Ok(Self { backends, registry })
    }
}

/// The fate of a container: what ran before the first delivery runs; everything else must be in the registry.
fn fates(
    registry: MemoryRegistry,
    first: Vec<String>,
    broken: bool,
) -> impl Fn(&ContainerStart<'_>) -> Fate + Send + Sync {
    move |start| {
        if first.iter().any(|image| image == start.image) {
            return Fate::Runs;
        }
        let there = ImageRef::parse(start.image).is_ok_and(|image| registry.contains(&image));
        if !there {
            let reason = format!(
                "pull image manifest has been retried 1 time(s): failed to resolve ref {}: not found",
                start.image
            );
            return Fate::CannotPull { reason };
        }
        if broken { Fate::Exits { code: 1, reason: String::new() } } else { Fate::Runs }
    }
}

fn read_task_definition(root: &Path, path: &Path) -> Result<ecs_taskdef::TaskDefinition> {
    let full = root.join(path);
    let text = std::fs::read_to_string(&full).map_err(|error| Error::file(&full, error))?;
    let parsed = ecs_taskdef::read(Source::new(path.display().to_string(), text));
    parsed.value.ok_or_else(|| Error::Settings { path: full, message: "is no task definition".to_owned() })
}

fn first_images(cluster: &Cluster, root: &Path) -> Result<Vec<String>> {
    let mut images = Vec::new();
    for service in cluster.services.values() {
        let task_definition = read_task_definition(root, &service.task_definition)?;
        images.extend(
            task_definition.containers.iter().filter_map(|container| Some(container.image.as_ref()?.value.clone())),
        );
    }
    Ok(images)
}

/// Slow enough to be watched, quick enough to be waited for.
fn timing() -> Timing {
    let mut timing = Timing::default();
    timing.pull = Duration::from_millis(400);
    timing.start = Duration::from_millis(300);
    timing.exit = Duration::from_millis(200);
    timing.drain = Duration::from_millis(300);
    timing.restart = Duration::from_secs(1);
    timing
}

/// Creates the services as they are before the first delivery, and waits until their tasks run.
async fn create_services(ecs: &MemoryCluster, cluster: &Cluster, site: &Site) -> Result<()> {
    for (name, service) in &cluster.services {
        let refused = |why: &dyn fmt::Display| Error::Setup { what: format!("service `{name}`"), why: why.to_string() };
        let task_definition = read_task_definition(&site.root, &service.task_definition)?;
        let body = Body::of(&task_definition).map_err(|error| refused(&error))?;
        let registered = ecs.register(&body).await.map_err(|error| refused(&error))?;
        let request = CreateService::new(ServiceId::new(&cluster.cluster, name), registered.arn, service.desired_count)
            .with_circuit_breaker(CircuitBreaker { enable: true, rollback: true });
        ecs.create_service(&request).await.map_err(|error| refused(&error))?;
        let polling =
            Polling::new(Backoff::constant(Duration::from_millis(100))).with_deadline(Duration::from_secs(60));
        let steady = wait::until(&*site.clock, &*site.ids, &polling, || async {
            let service = ecs.describe_service(&request.id).await?;
            Ok::<_, CallError>(if service.running == service.desired { Step::Ready(()) } else { Step::Pending })
        });
        steady.await.map_err(|error| refused(&error))?;
    }
    Ok(())
}

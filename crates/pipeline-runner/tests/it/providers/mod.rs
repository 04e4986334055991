//! The builtin providers, each with the jobs that it gets, on services of this machine.

mod builds;
mod deploys;
mod invokes;
mod remote_builds;
mod rules;
mod sources;
mod stacks;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_call::{AccountId, Backoff, ManualClock, MapEnv, Polling, Region, SequenceIds};
use buildspec::run::HostShell;
use ecr_push::RepositoryName;
use ecr_push::client::{MemoryRegistry, TagMutability};
use ecs_taskdef::client::MemoryCluster;
use pipeline_model::model::{Action, ActionTypeId};
use pipeline_runner::artifact::{ArtifactStore, MemoryStore};
use pipeline_runner::client::{Buckets, Commands};
use pipeline_runner::core::FailureKind;
use pipeline_runner::{ActionJob, ActionOutcome, Backends, Cancel, JobContext, Providers, build_environment};
use tempfile::TempDir;

/// Where a provider is tried: a store of artifacts and everything that it stands on.
pub(crate) struct Bench {
    directory: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) cluster: Arc<MemoryCluster>,
    pub(crate) backends: Backends,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    runs: std::sync::atomic::AtomicU32,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = ManualClock::at_epoch_secs(1_700_000_000).auto();
        let (account, region) = (AccountId::parse("123456789012").unwrap(), Region::parse("eu-central-1").unwrap());
        let ids = || Arc::new(SequenceIds::new(1));
        let registry = MemoryRegistry::new(account.clone(), &region, Arc::new(clock.clone()), ids())
            .with_repository(&RepositoryName::parse("shop").unwrap(), TagMutability::Mutable);
        let cluster = Arc::new(MemoryCluster::new("shop", Arc::new(clock.clone()), ids()));
        let path = |name: &str| directory.path().join(name);
        let environment = vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())];
        let backends = Backends {
            account,
            region,
            source: path("source"),
            sources: std::collections::BTreeMap::new(),
            projects: std::collections::BTreeMap::new(),
            executor: Arc::new(HostShell::new(path("builds"))),
            build_environment: build_environment(),
            builds: None,
            images: Arc::new(registry),
            task_definitions: Arc::clone(&cluster) as _,
            services: Arc::clone(&cluster) as _,
            deployments: None,
            hosts: std::collections::BTreeMap::new(),
            objects: Arc::new(Buckets::new().with_bucket("shop-site", path("bucket"))),
            functions: Arc::new(Commands::new(path("functions"), environment)),
            stacks: None,
            change_sets: None,
            state_machines: None,
            pipelines: None,
            polling: Polling::new(Backoff::constant(Duration::from_secs(1))),
        };
        let (store, log) = (Arc::new(MemoryStore::new()), Arc::default());
        Self { directory, clock, store, cluster, backends, log, runs: std::sync::atomic::AtomicU32::new(0) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes files below a directory of the bench.
    pub(crate) fn write(&self, root: &str, files: &[(&str, &str)]) -> PathBuf {
        let root = self.path(root);
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    /// Puts an artifact of these files under a key.
    pub(crate) async fn artifact(&self, key: &str, files: &[(&str, &str)]) {
        let scratch = tempfile::tempdir_in(self.directory.path()).unwrap();
        let root = self.write(scratch.path().file_name().unwrap().to_str().unwrap(), files);
        self.store.pack(key, &root).await.unwrap();
    }

    /// Unpacks the artifact of a key.
    pub(crate) async fn unpacked(&self, key: &str) -> PathBuf {
        let to = tempfile::tempdir_in(self.directory.path()).unwrap().keep().join("unpacked");
        self.store.unpack(key, &to).await.unwrap();
        to
    }

    pub(crate) fn context(&self) -> JobContext {
        self.context_over(Arc::clone(&self.store) as _)
    }

    /// The same with artifacts that are kept elsewhere.
    pub(crate) fn context_over(&self, store: Arc<dyn ArtifactStore>) -> JobContext {
        let run = self.runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = Arc::clone(&self.log);
        JobContext::new(
            store,
            self.path(&format!("work-{run}")),
            (
                Arc::new(self.clock.clone()),
                Arc::new(SequenceIds::new(u64::from(run))),
                Arc::new(MapEnv::default().with("PATH", "/usr/local/bin:/usr/bin:/bin").with("HOME", "/nonexistent")),
            ),
            Cancel::new(),
            Arc::new(move |line: &str| log.lock().unwrap().push(line.to_owned())),
        )
    }

    /// Runs a job by the builtin provider of its type, through all its continuations.
    pub(crate) async fn run(&self, mut job: ActionJob) -> ActionOutcome {
        let provider = Providers::builtin(&self.backends).get(&job.action_type).unwrap();
        loop {
            match provider.run(job.clone(), &self.context()).await {
                ActionOutcome::Continue { token, after } => {
                    self.clock.advance(after);
                    job.continuation = Some(token);
                }
                ended => return ended,
            }
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

/// An action of AWS with this configuration.
pub(crate) fn action(category: &str, provider: &str, configuration: &[(&str, &str)]) -> Action {
    let owner = if provider == "GitHub" { "ThirdParty" } else { "AWS" };
    let action = Action::new("Act", ActionTypeId::new(category, owner, provider, "1"));
    configuration.iter().fold(action, |action, (key, value)| action.with_config(*key, *value))
}

/// The variables of a success.
#[track_caller]
pub(crate) fn succeeded(outcome: &ActionOutcome) -> std::collections::BTreeMap<String, String> {
    match outcome {
        ActionOutcome::Succeeded { variables, .. } => variables.clone(),
        other => panic!("{other:?}"),
    }
}

/// The kind and sentence of a failure.
#[track_caller]
pub(crate) fn failed(outcome: &ActionOutcome) -> (FailureKind, String) {
    match outcome {
        ActionOutcome::Failed { kind, message, .. } => (*kind, message.clone()),
        other => panic!("{other:?}"),
    }
}

/// The text of a file.
#[track_caller]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The catalogue says which variables each action type has; what a provider gives beside them nobody could use on AWS.
pub(crate) fn are_in_the_catalogue(action: &Action, variables: &std::collections::BTreeMap<String, String>) {
    use pipeline_model::actions::{BUILTIN, OutputVariables};
    let known = BUILTIN.iter().find(|known| known.id().is(&action.action_type_id)).unwrap();
    if let OutputVariables::Fixed(names) = known.output_variables() {
        for name in variables.keys() {
            assert!(names.contains(&name.as_str()), "{name} is none of {names:?}");
        }
    }
}

#[tokio::test]
async fn every_builtin_provider_conforms() {
    let bench = Bench::new();
    let providers = Providers::builtin(&bench.backends);
    let types: Vec<String> = providers.action_types().map(str::to_owned).collect();
    // At least those of today: whoever adds one has it tested here.
    assert!(types.len() >= 23, "{types:?}");
    for name in types {
        let mut words = name.split('/');
        let mut next = || words.next().unwrap();
        let id = ActionTypeId::new(next(), next(), next(), next());
        let provider = providers.get(&id).unwrap();
        let workspace = tempfile::tempdir_in(bench.path(".")).unwrap();
        let wrong = pipeline_runner::conformance::provider(&*provider, workspace.path()).await;
        assert_eq!(wrong, Vec::<String>::new(), "{name}");
    }
}

//! Where a delivery runs: a repository, projects, and services, all of them of one test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_call::system::{SystemClock, SystemEnv, SystemIds};
use aws_call::{AccountId, Backoff, Polling, Region};
use buildspec::run::HostShell;
use ecr_push::client::MemoryRegistry;
use ecs_taskdef::client::{ContainerStart, Fate, MemoryCluster, Timing};
use pipeline_model::model::{Action, ActionTypeId, Pipeline, Stage};
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::client::{Buckets, Commands};
use pipeline_runner::core::{Execution, Start};
use pipeline_runner::{
    Always, Answer, Backends, Cancel, Observer, Project, Providers, Runner, World, build_environment,
};
use tempfile::TempDir;

use crate::registry::Registry;
use crate::variable;

/// What builds see of the laboratory beside what every build sees.
const OF_THE_LAB: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY",
    "BUILDAH_ISOLATION",
    "CONTAINERS_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "CONTAINERS_STORAGE_CONF",
    "REGISTRY_AUTH_FILE",
    "TMPDIR",
];

/// An image that needs no other one.
pub(crate) const DOCKERFILE: &str = "FROM scratch\nCOPY greeting /greeting\nCMD [\"/greeting\"]\n";

pub(crate) struct Site {
    directory: TempDir,
    pub(crate) backends: Backends,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// A site whose repository has these files in its one commit.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (account, region) = (AccountId::parse(&variable("AWS_ACCOUNT_ID")), Region::parse(&variable("AWS_REGION")));
        let (account, region) = (account.unwrap(), region.unwrap());
        let images = MemoryRegistry::new(account.clone(), &region, Arc::new(SystemClock), Arc::new(SystemIds));
        let cluster = Arc::new(cluster());
        let backends = Backends {
            account,
            region,
            source: path("repository"),
            sources: BTreeMap::new(),
            projects: BTreeMap::new(),
            executor: Arc::new(HostShell::new(path("builds"))),
            build_environment: build_environment()
                .into_iter()
                .chain(OF_THE_LAB.iter().map(|name| (*name).to_owned()))
                .collect(),
            builds: None,
            images: Arc::new(images),
            task_definitions: Arc::clone(&cluster) as _,
            services: cluster,
            deployments: None,
            hosts: BTreeMap::new(),
            objects: Arc::new(Buckets::new()),
            functions: Arc::new(Commands::new(path("functions"), Vec::new())),
            stacks: None,
            change_sets: None,
            state_machines: None,
            pipelines: None,
            polling: Polling::new(Backoff::constant(Duration::from_millis(100))),
        };
        let site = Self { directory, backends, lines: Arc::default() };
        site.git(&["init", "--quiet", "--initial-branch=main"]);
        site.commit(files);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Commits these files and gives the commit's id.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let path = self.path("repository").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self.git(&["add", "."]);
        self.git(&["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let repository = self.path("repository");
        fs::create_dir_all(&repository).unwrap();
        run(Command::new("git").arg("-C").arg(repository).args(arguments))
    }

    /// Adds a CodeBuild project.
    pub(crate) fn project(&mut self, name: &str, buildspec: &str, environment: &[(&str, &str)]) {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.backends.projects.insert(name.to_owned(), Project { buildspec: buildspec.into(), environment });
    }

    /// Runs the pipeline once. The log is printed and kept.
    pub(crate) async fn run(&self, pipeline: &Pipeline, answer: Answer) -> Execution {
        let world = World {
            providers: Providers::builtin(&self.backends),
            artifacts: Arc::new(DirectoryStore::new(self.path("artifacts"))),
            approver: Arc::new(Always(answer)),
            observer: Arc::new(Log(Arc::clone(&self.lines))),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            env: Arc::new(SystemEnv),
            workspace: self.path("work"),
        };
        let mut runner = Runner::new(pipeline.clone(), world).unwrap();
        runner.run(Start::manual("acceptance"), &Cancel::new()).await.unwrap()
    }
}

struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn line(&self, stage: &str, action: &str, line: &str) {
        println!("[{stage}/{action}] {line}");
        self.0.lock().unwrap().push(line.to_owned());
    }
}

/// An ECS whose tasks can only run what is in the laboratory's registry.
fn cluster() -> MemoryCluster {
    let moment = Duration::from_millis(20);
    let mut timing = Timing::default();
    (timing.pull, timing.start, timing.exit, timing.drain, timing.restart) = (moment, moment, moment, moment, moment);
    MemoryCluster::new("shop", Arc::new(SystemClock), Arc::new(SystemIds))
        .with_home(&variable("AWS_REGION"), &variable("AWS_ACCOUNT_ID"))
        .with_timing(timing)
        .with_fates(Arc::new(|start: &ContainerStart<'_>| {
            let there =
                start.image.strip_prefix(&format!("{}/", variable("LONGSHORE_LAB_REGISTRY"))).is_none_or(|name| {
                    let (repository, tag) = name.rsplit_once(':').unwrap();
                    Registry::of_the_lab().tags(repository).iter().any(|known| known == tag)
                });
            if there { Fate::Runs } else { Fate::CannotPull { reason: format!("{}: not found", start.image) } }
        }))
}

/// Runs a program to a good end and gives what it printed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// An action of AWS.
pub(crate) fn action(name: &str, category: &str, provider: &str, configuration: &[(&str, &str)]) -> Action {
    let action = Action::new(name, ActionTypeId::new(category, "AWS", provider, "1"));
    configuration.iter().fold(action, |action, (key, value)| action.with_config(*key, *value))
}

/// A pipeline of stages of one action each, the first of them the repository's files as `Source`.
pub(crate) fn pipeline(name: &str, then: Vec<Action>) -> Pipeline {
    let source = action("Source", "Source", "CodeCommit", &[("RepositoryName", name), ("BranchName", "main")]);
    let mut pipeline = Pipeline::new(name, "arn:aws:iam::123456789012:role/pipeline");
    pipeline.stages.push(Stage::new("Source").with_action(source.with_output("Source").with_namespace("Source")));
    pipeline.stages.extend(then.into_iter().map(|action| Stage::new(action.name.clone()).with_action(action)));
    pipeline
}

/// What a repository's directory holds, for looking at hosts.
#[track_caller]
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

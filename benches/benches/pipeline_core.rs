//! The runner without the work: inputs of the state machine, the way of an action through a host, and the journal.
//!
//!     cargo bench -p benches --bench pipeline_core
//!
//! `core` counts inputs, `overhead` actions, `journal` executions of ten actions each.

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{IdSource, MapEnv, SequenceIds, SystemClock};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use pipeline_model::model::{Action, ActionTypeId, ExecutionMode, Pipeline, Stage};
use pipeline_runner::artifact::DirectoryStore;
use pipeline_runner::core::{Effect, Input, Report, Stamped, Start, State};
use pipeline_runner::host::{Home, Host};
use pipeline_runner::journal::SqliteJournal;
use pipeline_runner::{ActionJob, ActionOutcome, ActionProvider, Elsewhere, JobContext, Providers, Silent, World};

#[derive(Debug)]
struct Nothing;

fn nothing() -> ActionTypeId {
    ActionTypeId::new("Build", "Custom", "Nothing", "1")
}

#[async_trait]
impl ActionProvider for Nothing {
    fn action_types(&self) -> Vec<ActionTypeId> {
        vec![nothing()]
    }

    async fn run(&self, _: ActionJob, _: &JobContext) -> ActionOutcome {
        ActionOutcome::succeeded()
    }
}

/// Five stages of two actions, with artifacts, namespaces and references.
fn pipeline(name: &str, mode: ExecutionMode) -> Pipeline {
    let mut pipeline = Pipeline::new(name, "arn:aws:iam::123456789012:role/p");
    pipeline.execution_mode = Some(mode);
    for number in 0..5 {
        let first = Action::new(format!("First{number}"), nothing()).with_output(format!("Out{number}"));
        let second = Action::new(format!("Second{number}"), nothing()).with_run_order(2);
        let second = second.with_input(format!("Out{number}")).with_config("Id", "#{codepipeline.PipelineExecutionId}");
        pipeline.stages.push(Stage::new(format!("Stage{number}")).with_action(first).with_action(second));
    }
    pipeline
}

fn success() -> Report {
    Report::Succeeded { variables: Default::default(), summary: None, external_id: None, revision: None }
}

/// Runs executions one after the other; how many inputs that took.
fn drive(state: &mut State, executions: usize, ids: &SequenceIds) -> u64 {
    let mut inputs = 0;
    let mut step = |state: &mut State, input| {
        inputs += 1;
        state.step(&Stamped { at: Timestamp::UNIX_EPOCH, seed: ids.next_u64(), input }).expect("taken")
    };
    for _ in 0..executions {
        let mut effects = step(state, Input::Start(Start::manual("bench"))).effects;
        while let Some(effect) = effects.pop() {
            let Effect::Start(start) = effect else { continue };
            let input = Input::Report { execution: start.execution, action: start.id, report: success() };
            effects.extend(step(state, input).effects);
        }
    }
    inputs
}

fn core(criterion: &mut Criterion) {
    const EXECUTIONS: usize = 100;
    let mut group = criterion.benchmark_group("core");
    for mode in [ExecutionMode::Superseded, ExecutionMode::Parallel] {
        let ids = SequenceIds::new(1);
        let fresh = State::new(pipeline("p", mode.clone()));
        group.throughput(Throughput::Elements(drive(&mut fresh.clone(), EXECUTIONS, &ids)));
        group.bench_function(mode.as_str(), |bencher| {
            let run = |mut state: State| {
                drive(&mut state, EXECUTIONS, &ids);
                black_box(state)
            };
            bencher.iter_batched(|| fresh.clone(), run, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn world(space: &std::path::Path) -> World {
    World {
        providers: Providers::new().with(Nothing),
        artifacts: Arc::new(DirectoryStore::new(space.join("artifacts"))),
        approver: Arc::new(Elsewhere),
        observer: Arc::new(Silent),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SequenceIds::new(7)),
        env: Arc::new(MapEnv::default()),
        workspace: space.join("work"),
    }
}

fn overhead(criterion: &mut Criterion) {
    const ACTIONS: u32 = 100;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let space = tempfile::tempdir().expect("a directory");
    let mut chain = Pipeline::new("chain", "arn:aws:iam::123456789012:role/p");
    let action = |number: u32| Action::new(format!("A{number}"), nothing()).with_run_order(number + 1);
    chain.stages = vec![(0..ACTIONS).map(action).fold(Stage::new("Only"), Stage::with_action)];
    let host = runtime.block_on(async {
        let host = Host::new(world(space.path()));
        host.put(chain).await.expect("put");
        host
    });
    let mut group = criterion.benchmark_group("overhead");
    group.throughput(Throughput::Elements(u64::from(ACTIONS))).sample_size(20);
    group.bench_function("action", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let id = host.start("chain", Start::manual("bench")).await.expect("started");
                host.finished("chain", &id).await.expect("finished")
            })
        });
    });
    group.finish();
}

fn journal(criterion: &mut Criterion) {
    const PIPELINES: usize = 20;
    const EXECUTIONS: usize = 50;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements((PIPELINES * EXECUTIONS) as u64)).sample_size(10);
    group.bench_function("executions", |bencher| {
        bencher.iter(|| {
            // On the disk of the build, not on one in memory.
            let space = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
            runtime.block_on(async {
                let journal = Arc::new(SqliteJournal::open(space.path().join("journal")).expect("a journal"));
                let host = Host::open(world(space.path()), Home::default(), journal).await.expect("a host");
                let mut running = Vec::new();
                for number in 0..PIPELINES {
                    let name = format!("p{number}");
                    host.put(pipeline(&name, ExecutionMode::Parallel)).await.expect("put");
                    let host = host.clone();
                    running.push(tokio::spawn(async move {
                        let mut ids = Vec::new();
                        for _ in 0..EXECUTIONS {
                            ids.push(host.start(&name, Start::manual("bench")).await.expect("started"));
                        }
                        for id in ids {
                            host.finished(&name, &id).await.expect("finished");
                        }
                    }));
                }
                for task in running {
                    task.await.expect("a task");
                }
                host.shut_down().await;
            });
        });
    });
    group.finish();
}

criterion_group!(benches, core, overhead, journal);
criterion_main!(benches);

//! Why an event starts a pipeline: 1,000 filters against 100 changed files, the most the service looks at.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pipeline_model::model::{GitConfiguration, Patterns, PushFilter, Trigger};
use pipeline_model::triggers::{Event, explain};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage};

/// As many filters as asked, each about the files of one service; none lets the event through, so all are asked.
fn monorepo(filters: usize, pattern: &str) -> Pipeline {
    let source = Action::new("Code", ActionTypeId::new("Source", "AWS", "CodeStarSourceConnection", "1"));
    let mut pipeline = Pipeline::new("shop", "arn:aws:iam::123456789012:role/pipeline");
    pipeline.stages.push(Stage::new("Source").with_action(source));
    let mut git = GitConfiguration::default();
    git.source_action_name = "Code".to_owned();
    git.push = (0..filters)
        .map(|service| {
            let mut filter = PushFilter::default();
            let mut branches = Patterns::default();
            branches.includes = vec!["main".to_owned(), "release/*".to_owned()].into();
            let mut files = Patterns::default();
            files.includes = vec![pattern.replace("{}", &service.to_string())].into();
            files.excludes = vec!["**/*.md".to_owned()].into();
            (filter.branches, filter.file_paths) = (Some(branches), Some(files));
            filter
        })
        .collect();
    let mut trigger = Trigger::default();
    trigger.git_configuration = Some(git);
    pipeline.triggers.push(trigger);
    pipeline
}

fn explaining(criterion: &mut Criterion) {
    let files = (0..100).map(|at| format!("platform/library-{at}/src/module/file_{at}.rs"));
    let event = Event::push("main").with_files(files);
    let mut group = criterion.benchmark_group("explain 1,000 filters x 100 files");
    for (name, pattern) in [("a directory each", "services/{}/**"), ("a name anywhere", "**/service-{}/**")] {
        let pipeline = monorepo(1_000, pattern);
        assert!(!explain(&event, &pipeline).holds);
        group.bench_function(name, |bencher| bencher.iter(|| explain(black_box(&event), black_box(&pipeline))));
    }
    group.finish();
}

criterion_group!(benches, explaining);
criterion_main!(benches);

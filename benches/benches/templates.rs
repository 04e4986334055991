//! Reading and checking templates: one of 2,000 resources, and one as there are many.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pipeline_model::format::cloudformation::{rewrite, to_yaml};
use pipeline_model::format::json::Secrets;
use pipeline_model::{ReadOptions, check, read, template};
use spec_report::Levels;

const PIPELINE: &str = include_str!("../../examples/template/image-pipeline.yml");

/// The template of the examples with so many resources in all, each with references to others and to parameters.
fn large(resources: usize) -> String {
    let mut text = PIPELINE.to_owned();
    for at in 0..resources - 8 {
        let before = at.saturating_sub(1);
        let _ = writeln!(
            text,
            "  Queue{at}:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Sub ${{AWS::StackName}}-{at}\n      \
             Tags:\n        - {{ Key: repository, Value: !Ref GithubRepository }}\n        - Key: before\n          Value: {}",
            if at == 0 { "none".to_owned() } else { format!("!GetAtt Queue{before}.Arn") },
        );
    }
    text
}

fn templates(criterion: &mut Criterion) {
    let (levels, options) = (Levels::default(), ReadOptions::default());
    for (name, text) in [("2,000 resources", large(2_000)), ("8 resources", PIPELINE.to_owned())] {
        let reading = read("template.yml", &text);
        assert!(!check(&reading, &levels).has_errors(), "{:?}", check(&reading, &levels));
        let mut group = criterion.benchmark_group(format!("template of {name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("read", |bencher| bencher.iter(|| read("template.yml", black_box(&text))));
        group.bench_function("read and check", |bencher| {
            bencher.iter(|| check(&read("template.yml", black_box(&text)), &levels));
        });
        group.bench_function("resources", |bencher| {
            bencher.iter(|| template::resources(black_box(&reading.document), &options));
        });
        group.bench_function("rewrite", |bencher| {
            bencher.iter(|| rewrite(black_box(&reading), &options, Secrets::Hide).map(|value| to_yaml(&value)));
        });
        group.finish();
    }
}

criterion_group!(benches, templates);
criterion_main!(benches);

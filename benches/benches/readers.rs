//! Reading, typing and writing documents, on generated files of about 100 kB and on a hostile one.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spec_report::{Document, Limits, Reader, Schema, Source, Structure, declare_rule, emit, read_json, read_yaml};

declare_rule! {
    /// One rule for all.
    pub static ANY = { id: "bench/any", severity: Error, summary: "anything" }
}

static RULES: Structure = Structure {
    syntax: &ANY,
    limit: &ANY,
    duplicate_key: &ANY,
    unknown_key: &ANY,
    wrong_type: &ANY,
    missing_key: &ANY,
};

/// A build file with many phases, comments, quotes and blocks.
fn build_file() -> String {
    let mut text = "version: 0.2\nphases:\n".to_owned();
    for phase in 0..700 {
        let _ = write!(
            text,
            "  phase{phase}: # runs at number {phase}\n    on-failure: ABORT\n    commands:\n      - echo \"step {phase}\"\n      - 'it''s'\n      - |\n        make\n        make test\n",
        );
    }
    text
}

/// A task definition with many containers.
fn task_definition() -> String {
    let container = |index| {
        format!(
            r#"{{"name":"c{index}","image":"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:{index}","cpu":256,"essential":true,"environment":[{{"name":"A\n","value":"é"}}]}}"#
        )
    };
    let containers: Vec<String> = (0..700).map(container).collect();
    format!("{{\"family\":\"app\",\"containerDefinitions\":[{}]}}", containers.join(","))
}

/// Aliases that would expand to 9^9 nodes.
fn laughs() -> String {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{aliases}]");
    }
    text
}

fn yaml(source: &Source) -> Document {
    read_yaml(source.clone(), &Limits::default(), &RULES).0
}

fn take_commands(document: &Document) -> usize {
    let mut reader = Reader::new(document, &RULES, Schema::Yaml11);
    let mut found = 0;
    let root = document.root().and_then(|root| reader.map(root, "the file"));
    if let Some(phases) = root.and_then(|mut root| root.take("phases")?.map(&mut reader)).as_mut() {
        for phase in phases.rest() {
            if let Some(mut phase) = phase.map(&mut reader) {
                phase.take("on-failure");
                found += phase.take("commands").map_or(0, |field| field.str_or_seq(&mut reader).len());
                phase.finish(&mut reader);
            }
        }
    }
    found
}

fn readers(c: &mut Criterion) {
    let build = Source::new("buildspec.yml", build_file());
    let task = Source::new("taskdef.json", task_definition());
    let hostile = Source::new("laughs.yml", laughs());

    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Bytes(build.len() as u64));
    group.bench_function("yaml", |b| b.iter(|| yaml(black_box(&build))));
    group.throughput(Throughput::Bytes(task.len() as u64));
    group.bench_function("json", |b| b.iter(|| read_json(black_box(&task).clone(), &Limits::default(), &RULES)));
    group.bench_function("json as yaml", |b| b.iter(|| yaml(black_box(&task))));
    group.throughput(Throughput::Bytes(hostile.len() as u64));
    group.bench_function("billion laughs", |b| b.iter(|| yaml(black_box(&hostile))));
    group.finish();

    let document = yaml(&build);
    let mut group = c.benchmark_group("use");
    group.throughput(Throughput::Bytes(build.len() as u64));
    group.bench_function("cursor", |b| b.iter(|| take_commands(black_box(&document))));
    if let Some(root) = document.root() {
        group.bench_function("to_json", |b| b.iter(|| black_box(root).to_json(Schema::Yaml12)));
        let value = emit::Value::from_node(root, Schema::Yaml12);
        group.bench_function("emit", |b| b.iter(|| emit::yaml(black_box(&value))));
    }
    group.finish();
}

criterion_group!(benches, readers);
criterion_main!(benches);

//! Reading and checking a buildspec of 2 kB, and what an editor asks for: one change.

use std::fmt::Write as _;
use std::hint::black_box;

use buildspec::edit::{Change, edit};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spec_report::{Levels, Source};

/// A delivery as there are many, with comments and a block, of 2 kB.
fn delivery() -> String {
    let mut text = "version: 0.2\nenv:\n  variables:\n    STAGE: test\n    VERSION: 3.10\nphases:\n".to_owned();
    for phase in ["install", "pre_build", "build", "post_build"] {
        let _ = writeln!(text, "  {phase}: # what happens in {phase}\n    on-failure: ABORT\n    commands:");
        for step in 0..4 {
            let _ = writeln!(text, "      - echo \"step {step} of {phase}\" | tee -a \"$CODEBUILD_SRC_DIR/steps.txt\"");
        }
        text += "      - |\n        set -e\n        if [ -f Makefile ]; then make; fi\n";
    }
    text += "artifacts:\n  files:\n    - imagedefinitions.json\ncache:\n  paths:\n    - /root/.cache/**/*\n";
    while text.len() < 2048 {
        text += "# the rest is silence\n";
    }
    text
}

fn checks(c: &mut Criterion) {
    let source = Source::new("buildspec.yml", delivery());
    let levels = Levels::default();
    let mut group = c.benchmark_group("buildspec");
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("read", |b| b.iter(|| buildspec::read(black_box(&source).clone())));
    group.bench_function("read and check", |b| {
        b.iter(|| buildspec::check(&buildspec::read(black_box(&source).clone()), &levels));
    });
    let change = Change::SetVariable { name: "STAGE".to_owned(), value: "production".to_owned() };
    group.bench_function("edit", |b| b.iter(|| edit(black_box(&source), &change)));
    group.finish();
}

criterion_group!(benches, checks);
criterion_main!(benches);

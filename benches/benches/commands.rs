//! What the runner adds to a command: a build of commands that do nothing, beside as many pairs of bare shells.
//!
//! `cargo bench -p benches --bench commands`; the difference of the two times an element is the overhead. The first build
//! has no secrets to look for, the second has.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::Arc;

use aws_call::{SystemClock, SystemIds};
use buildspec::run::{Cancel, HostShell, Request, Runner};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use spec_report::Source;

/// Commands of a build.
const COMMANDS: usize = 50;

fn shell() {
    let mut shell = Command::new("/bin/sh");
    let status = shell.args(["-c", ":"]).stdin(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()));
}

fn commands(c: &mut Criterion) {
    let Ok(directory) = tempfile::tempdir() else { return };
    let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n{}", "      - ':'\n".repeat(COMMANDS));
    let Some(spec) = buildspec::read(Source::new("buildspec.yml", text)).value else { return };
    let runner =
        Runner::new(Arc::new(HostShell::new(directory.path().join("tmp"))), Arc::new(SystemClock), Arc::new(SystemIds));
    let request = Request::new(&spec, directory.path(), directory.path().join("artifacts"), "bench")
        .with_base_env(vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]);
    let secret = vec![("TOKEN".to_owned(), "an obviously false token".to_owned())];
    let masked = request.clone().with_overrides(secret).with_sensitive(vec!["TOKEN".to_owned()]);
    let build = |request: &Request<'_>| {
        let result = runner.run(request, &Cancel::new(), &mut |event| drop(black_box(event)));
        assert!(result.is_ok_and(|result| result.is_success()));
    };

    let mut group = c.benchmark_group("command");
    group.sample_size(20).throughput(Throughput::Elements(COMMANDS as u64));
    group.bench_function("two bare shells", |b| b.iter(|| (0..COMMANDS * 2).for_each(|_| shell())));
    group.bench_function("build", |b| b.iter(|| build(&request)));
    group.bench_function("build with a secret", |b| b.iter(|| build(&masked)));
    group.finish();
}

criterion_group!(benches, commands);
criterion_main!(benches);

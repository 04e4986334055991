//! AppSpecs: reading one of 667 bytes, planning and installing 5,000 files, and the pattern that takes agent v1 seconds.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use appspec::host::{Bundle, Cancel, Host, Options};
use appspec::{Listing, plan, read};
use aws_call::{ManualClock, SequenceIds};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use spec_report::Source;

/// 667 bytes, like most of those that are deployed.
fn app_spec() -> String {
    let mut text = "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv/shop\npermissions:\n  - object: /srv/shop\n    pattern: \"**\"\n    owner: shop\n    group: shop\n    mode: 644\n    type:\n      - file\nhooks:\n".to_owned();
    for event in ["ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"] {
        text += &format!("  {event}:\n    - location: scripts/{event}.sh\n      timeout: 300\n");
    }
    text += "# ";
    text += &"x".repeat(666_usize.saturating_sub(text.len()));
    text.push('\n');
    text
}

fn bundle(directory: &Path) -> std::io::Result<()> {
    for number in 0..5000 {
        let below = directory.join(format!("app/{:02}", number / 100));
        fs::create_dir_all(&below)?;
        fs::write(below.join(format!("file-{number}.txt")), [b'x'; 1024])?;
    }
    let text = "version: 0.0\nos: linux\nfiles:\n  - source: app\n    destination: /srv/shop\npermissions:\n  - object: /srv/shop\n    mode: 640\n    type: [file]\n";
    fs::write(directory.join("appspec.yml"), text)
}

fn appspec(c: &mut Criterion) {
    let text = app_spec();
    assert_eq!(text.len(), 667);
    let mut group = c.benchmark_group("appspec");
    group.bench_function("read 667 bytes", |b| b.iter(|| read(Source::new("appspec.yml", black_box(&text).clone()))));

    // The pattern meets one name; the rest of the plan is two directories.
    let glob = "version: 0.0\nos: linux\nfiles:\n  - source: web\n    destination: /srv\npermissions:\n  - object: /srv\n    pattern: '*a*a*a*a*a*a*a*c'\n    mode: 600\n    type: [file]\n";
    let parsed = read(Source::new("appspec.yml", glob));
    let server = parsed.value.as_ref().and_then(|spec| spec.as_server()).cloned();
    if let Some(server) = server {
        let (files, host) = (Listing::from_paths(["web/aaaaaaaaaaaaaaaaaaaaab"]), Listing::from_paths(["srv/"]));
        let glob = |b: &mut criterion::Bencher<'_>| b.iter(|| plan(black_box(&server), &files, &host));
        group.bench_function("plan with a glob of 8 stars on 22 characters", glob);
    }

    let Ok(directory) = tempfile::tempdir() else { return };
    let source = directory.path().join("bundle");
    if bundle(&source).is_err() {
        return;
    }
    group.sample_size(10);
    let mut number = 0;
    group.bench_function("plan and apply 5000 files of 1 KB", |b| {
        let fresh = || {
            number += 1;
            let root = directory.path().join(format!("root-{number}"));
            // Earlier roots stay until the end: ext4 looks long for inodes that were not freed just now.
            let _ = fs::create_dir(&root);
            let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
            (Host::new(root, clock, Arc::new(SequenceIds::new(1))), Bundle::detect(&source))
        };
        let install = |(host, bundle): (Host, Result<Bundle, _>)| {
            host.install(&bundle?, &Options::default(), &Cancel::new(), &mut |_| {}).map(|ended| ended.is_success())
        };
        b.iter_batched(fresh, |work| assert!(matches!(install(work), Ok(true))), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, appspec);
criterion_main!(benches);

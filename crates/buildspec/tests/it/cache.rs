//! What a cache keeps from build to build, and under which key.

use std::fs;
use std::os::unix::fs::symlink;

use buildspec::BuildStatus;

use crate::lab::{Lab, Ran, spec};

fn run(lab: &Lab, commands: &str, cache: &str) -> Ran {
    let text = format!("version: 0.2\nphases:\n  build:\n    commands: [{commands}]\ncache:\n{cache}");
    let spec = spec(&text);
    let ran = lab.run_with(&lab.request(&spec).with_cache_dir(lab.path("cache"))).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{}", ran.everything());
    ran
}

fn clean(lab: &Lab) {
    fs::remove_dir_all(lab.source()).unwrap();
    fs::create_dir(lab.path("source")).unwrap();
}

const LOOK: &str = "'cat deps/a 2>/dev/null || echo none'";

#[test]
fn without_a_key() {
    let lab = Lab::new();
    let cache = "  paths: ['deps/**/*', '/root/.m2/**/*', '../x', missing]\n";
    let first = run(&lab, "mkdir -p deps/sub, echo 1 > deps/a, 'ln -s ../a deps/sub/link'", cache);
    for note in ["Cache: nothing is kept under this key", "Cache: kept 2 file(s)"] {
        assert!(first.notes().contains(&note), "{:?}", first.notes());
    }
    assert!(first.notes().iter().any(|note| note.contains("/root/.m2/**/*") && note.contains("absolute")));
    clean(&lab);
    assert_eq!(run(&lab, "cat deps/a, readlink deps/sub/link, echo 2 > deps/a", cache).output(), ["1", "../a"]);
    clean(&lab);
    // It is replaced by every build that succeeds.
    assert_eq!(run(&lab, LOOK, cache).output(), ["2"]);
}

#[test]
fn a_key_is_written_once() {
    let lab = Lab::new();
    let cache = "  key: fixed\n  paths: ['deps/**/*']\n";
    run(&lab, "mkdir deps, echo 1 > deps/a", cache);
    let second = run(&lab, "echo 2 > deps/a", cache);
    assert!(second.notes().contains(&"Cache: this key is kept already, and a key is written once"));
    clean(&lab);
    assert_eq!(run(&lab, LOOK, cache).output(), ["1"]);
    clean(&lab);
    // Other paths are another version.
    assert_eq!(run(&lab, LOOK, "  key: fixed\n  paths: ['deps/*']\n").output(), ["none"]);
}

#[test]
fn dynamic_keys() {
    let lab = Lab::new();
    lab.write("lock.json", "one");
    let cache = "  key: npm-$(codebuild-hash-files lock.json)-$V\n  fallback-keys: [other-, 'npm-$(codebuild-hash-files lock.json)', npm-]\n  paths: ['deps/**/*']\n";
    run(&lab, "mkdir deps, echo 1 > deps/a", cache);
    fs::remove_dir_all(lab.path("source/deps")).unwrap();
    assert_eq!(run(&lab, LOOK, cache).output(), ["1"], "the exact key");
    clean(&lab);
    lab.write("lock.json", "two");
    let other = run(&lab, "cat deps/a, echo 2 > deps/a", cache);
    assert_eq!(other.output(), ["1"], "the beginning of a key");
    clean(&lab);
    lab.write("lock.json", "two");
    assert_eq!(run(&lab, LOOK, cache).output(), ["2"]);
    let names: Vec<_> = walk(&lab);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("npm-") && name.len() > 64), "{names:?}");
}

fn walk(lab: &Lab) -> Vec<String> {
    let versions = fs::read_dir(lab.path("cache")).unwrap();
    let files = versions.flat_map(|version| fs::read_dir(version.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn actions() {
    for (action, kept, restored) in [("save", true, "none"), ("restore", false, "none"), ("nothing", true, "1")] {
        let lab = Lab::new();
        let cache = |action: &str| format!("  key: k\n  action: {action}\n  paths: ['deps/**/*']\n");
        run(&lab, "mkdir deps, echo 1 > deps/a", &cache(action));
        assert_eq!(lab.path("cache").exists(), kept, "{action}");
        clean(&lab);
        assert_eq!(run(&lab, LOOK, &cache(action)).output(), [restored], "{action}");
    }
}

/// A failed build keeps nothing, and an archive of somebody else cannot leave the source.
#[test]
fn nothing_wrong_is_kept_or_restored() {
    let lab = Lab::new();
    let text = "version: 0.2\nphases:\n  build:\n    commands: [mkdir deps, touch deps/a, exit 1]\ncache:\n  paths: ['deps/**/*']\n";
    let parsed = spec(text);
    let ran = lab.run_with(&lab.request(&parsed).with_cache_dir(lab.path("cache"))).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Failed);
    assert!(!lab.path("cache").exists());

    clean(&lab);
    fs::create_dir(lab.path("cache")).unwrap();
    fs::create_dir(lab.path("outside")).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(lab.path("cache/unkeyed.tar")).unwrap());
    let staged = lab.path("staged");
    symlink(lab.path("outside"), &staged).unwrap();
    tar.follow_symlinks(false);
    tar.append_path_with_name(&staged, "door").unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "door/key", &b"x"[..]).unwrap();
    tar.into_inner().unwrap();
    run(&lab, "'true'", "  paths: ['deps/**/*']\n");
    assert!(!lab.path("outside/key").exists());
}

/// The programs that CodeBuild brings along agree with the patterns of artifacts.
#[test]
fn glob_search() {
    let lab = Lab::new();
    for name in ["a.test.js", "src/b.test.js", "src/x/c.test.js", "src/.d.test.js", "src/b.js", "we ird/[x].js"] {
        lab.write(name, name);
    }
    for (patterns, expected) in [
        ("'**/*.test.js'", "a.test.js src/.d.test.js src/b.test.js src/x/c.test.js"),
        ("'*.test.js'", "a.test.js"),
        ("'src/*.js' a.test.js", "a.test.js src/.d.test.js src/b.js src/b.test.js"),
        ("'src/**'", "src/.d.test.js src/b.js src/b.test.js src/x/c.test.js"),
        ("'./src/?.js'", "src/b.js"),
        ("'*/[x].js'", "we ird/[x].js"),
        ("'none*'", ""),
    ] {
        let ran = lab.run(&crate::lab::build_of(&[&format!("echo $(codebuild-glob-search {patterns} 2>/dev/null)")]));
        assert_eq!(ran.output(), [expected], "{patterns}");
    }
    let ran = lab
        .run(&crate::lab::build_of(&["codebuild-breakpoint", "codebuild-hash-files none 2>/dev/null || echo failed"]));
    assert_eq!(ran.output().last(), Some(&"failed"));
}

#[test]
fn shards_cover_everything_once() {
    use buildspec::run::BatchPlace;
    let lab = Lab::new();
    for index in 0..7 {
        lab.write(&format!("t/{index} x.py"), "");
    }
    for (strategy, parts) in [("equal-distribution", 3), ("stability", 3), ("equal-distribution", 9)] {
        let command = format!(
            "codebuild-tests-run --files-search \"codebuild-glob-search 't/*.py'\" --sharding-strategy {strategy} --test-command 'printf \"%s\\n\"'"
        );
        let parsed = spec(&crate::lab::build_of(&[&command]));
        let (mut all, mut sizes) = (Vec::new(), Vec::new());
        for index in 0..parts {
            let mut request = lab.request(&parsed);
            let mut place = BatchPlace::new("arn", "b");
            place.shard = Some((index, parts));
            request.batch = Some(place);
            let ran = lab.run_with(&request).unwrap();
            assert_eq!(ran.result.status, BuildStatus::Succeeded, "{}", ran.everything());
            let files: Vec<String> =
                ran.output().iter().filter(|line| line.starts_with("t/")).map(ToString::to_string).collect();
            sizes.push(files.len());
            all.extend(files);
        }
        all.sort();
        assert_eq!(all, (0..7).map(|index| format!("t/{index} x.py")).collect::<Vec<_>>(), "{strategy}");
        if strategy == "equal-distribution" {
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        }
    }
}

//! What ends up in an artifact, and what must never.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use buildspec::BuildStatus;
use proptest::prelude::*;

use crate::lab::{Lab, Ran};

fn lab() -> Lab {
    let lab = Lab::new();
    for name in
        ["a.txt", ".env", "dist/app", "dist/.hidden", "dist/sub/app", "my-build1/x", "my-build2/x", "my-build2/y"]
    {
        lab.write(name, name);
    }
    lab
}

fn run(lab: &Lab, artifacts: &str) -> Ran {
    lab.run(&format!("version: 0.2\nphases:\n  build:\n    commands: ['true']\nartifacts:\n{artifacts}"))
}

fn files(ran: &Ran) -> Vec<String> {
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}", ran.result);
    let output = &ran.result.artifacts[0];
    for file in &output.files {
        assert!(output.directory.join(file).symlink_metadata().is_ok(), "{file:?}");
    }
    output.files.iter().map(|file| file.to_string_lossy().into_owned()).collect()
}

#[test]
fn selection() {
    for (artifacts, expected) in [
        ("  files: a.txt\n", &["a.txt"][..]),
        ("  files: ['*']\n", &[".env", "a.txt"]),
        ("  files: ['**/*']\n  base-directory: dist\n", &[".hidden", "app", "sub/app"]),
        ("  files: ['**/*']\n  base-directory: ./dist/\n", &[".hidden", "app", "sub/app"]),
        ("  files: ['dist/**/*']\n  exclude-paths: ['**/.*']\n", &["dist/app", "dist/sub/app"]),
        ("  files: ['**/*']\n  base-directory: dist\n  exclude-paths: 'sub/*'\n", &[".hidden", "app"]),
        ("  files: ['**/*']\n  base-directory: 'my-build*'\n", &["x", "y"]),
        ("  files: ['dist/**/*']\n  discard-paths: yes\n", &[".hidden", "app"]),
        ("  files: [a.txt, missing, dist/]\n", &["a.txt"]),
    ] {
        assert_eq!(files(&run(&lab(), artifacts)), expected, "{artifacts}");
    }
    // Of files of one name the last one is kept, and somebody is told.
    let lab = lab();
    let ran = run(&lab, "  files: ['dist/**/*']\n  discard-paths: yes\n");
    assert!(ran.notes().iter().any(|note| note.contains("More than one file")), "{:?}", ran.notes());
    assert_eq!(fs::read_to_string(ran.result.artifacts[0].directory.join("app")).unwrap(), "dist/sub/app");
}

#[test]
fn nothing_matches() {
    for (artifacts, message) in [
        ("  files: missing\n", "no matching artifact paths found"),
        ("  files: dist\n", "no matching artifact paths found"),
        ("  files: '**/*'\n  base-directory: missing\n", "no matching base directory path found for missing"),
        ("  files: '**/*'\n  base-directory: ../..\n", "no matching base directory path found for ../.."),
        ("  files: '**/*'\n  base-directory: /etc\n", "no matching base directory path found for /etc"),
        ("  files: '**/*'\n  secondary-artifacts: {../../x: {files: a.txt}}\n", "invalid artifact identifier ../../x"),
    ] {
        let ran = run(&lab(), artifacts);
        assert_eq!(ran.result.status, BuildStatus::Failed, "{artifacts}");
        let phase = ran.result.phases.iter().find(|phase| phase.phase_type.as_str() == "UPLOAD_ARTIFACTS").unwrap();
        assert_eq!(phase.contexts[0].status_code, "CLIENT_ERROR");
        assert_eq!(phase.contexts[0].message, message);
        assert_eq!(ran.result.first_failure, Some(format!("UPLOAD_ARTIFACTS: {message}")));
        assert!(ran.result.artifacts.is_empty());
    }
}

#[test]
fn secondary() {
    let lab = lab();
    let ran = run(
        &lab,
        "  files: a.txt\n  secondary-artifacts:\n    docs:\n      files: '**/*'\n      base-directory: dist\n",
    );
    assert_eq!(files(&ran), ["a.txt"]);
    let docs = &ran.result.artifacts[1];
    assert_eq!(docs.identifier.as_deref(), Some("docs"));
    assert!(docs.directory.ends_with("artifacts/secondary/docs"));
    assert_eq!(docs.files.len(), 3);
    // A second build leaves nothing of the first one behind.
    let ran = run(&lab, "  files: dist/app\n");
    assert_eq!(files(&ran), ["dist/app"]);
    assert!(!ran.result.artifacts[0].directory.join("a.txt").exists());
    assert!(!lab.path("artifacts/secondary").exists());
}

/// Every way out of the source directory that there is.
#[test]
fn nothing_from_outside() {
    let lab = lab();
    let secret = lab.path("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "outside").unwrap();
    let source = lab.source();
    symlink(secret.join("key"), source.join("link-to-file")).unwrap();
    symlink(&secret, source.join("link-to-directory")).unwrap();
    symlink("../secret", source.join("my-build3")).unwrap();
    symlink("nowhere", source.join("dangling")).unwrap();
    symlink(".", source.join("loop")).unwrap();
    for links in ["no", "yes"] {
        for pattern in [
            "**/*",
            "../secret/*",
            "dist/../../secret/key",
            "link-to-file",
            "link-to-directory/*",
            "link-to-directory/key",
            "loop/../../secret/*",
            "{..,.}/secret/*",
            "*/../../secret/key",
        ] {
            for base in [".", "my-build*", "dist", "my-build3", "link-to-directory"] {
                let text =
                    format!("  files: ['{pattern}', a.txt]\n  base-directory: '{base}'\n  enable-symlinks: {links}\n");
                let ran = run(&lab, &text);
                for output in &ran.result.artifacts {
                    for file in &output.files {
                        let end = output.directory.join(file);
                        let text = fs::read_to_string(&end).unwrap_or_default();
                        assert_ne!(text, "outside", "{pattern} {base} {links}: {}", end.display());
                    }
                }
            }
        }
    }
    let whole = run(&lab, "  files: '**/*'\n");
    assert!(whole.notes().iter().any(|note| note.contains("leads out of the source directory")), "{:?}", whole.notes());
}

#[test]
fn links_inside() {
    let lab = lab();
    symlink("dist/app", lab.source().join("link")).unwrap();
    let copied = run(&lab, "  files: link\n");
    assert_eq!(files(&copied), ["link"]);
    let path = copied.result.artifacts[0].directory.join("link");
    assert!(path.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(path).unwrap(), "dist/app");
    let kept = run(&lab, "  files: [link]\n  enable-symlinks: yes\n");
    assert_eq!(fs::read_link(kept.result.artifacts[0].directory.join("link")).unwrap(), Path::new("dist/app"));
}

#[test]
fn modes_and_the_artifacts_themselves() {
    use std::os::unix::fs::PermissionsExt;
    let lab = lab();
    fs::set_permissions(lab.source().join("dist/app"), fs::Permissions::from_mode(0o755)).unwrap();
    let spec = crate::lab::spec("version: 0.2\nphases: {build: {commands: ['true']}}\nartifacts:\n  files: '**/*'\n");
    let mut request = lab.request(&spec);
    request.artifacts_dir = lab.source().join("out");
    for _ in 0..2 {
        let ran = lab.run_with(&request).unwrap();
        let output = &ran.result.artifacts[0];
        assert!(output.files.iter().all(|file| !file.starts_with("out")), "{:?}", output.files);
        assert!(output.files.contains(&PathBuf::from("dist/app")));
        let mode = output.directory.join("dist/app").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

/// Whether a pattern of one component is the name: `*` and `?` tried out.
fn is(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| is(rest, &name[skip..])),
        Some((b'?', rest)) => name.split_first().is_some_and(|(_, name)| is(rest, name)),
        Some((byte, rest)) => name.split_first().is_some_and(|(first, name)| first == byte && is(rest, name)),
    }
}

/// Whether the components of a pattern are those of a path; `**` stands for any number of directories.
fn are(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", [])) => !path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skip| are(rest, &path[skip..])),
        Some((first, rest)) => {
            path.split_first().is_some_and(|(name, names)| is(first.as_bytes(), name.as_bytes()) && are(rest, names))
        }
    }
}

fn components(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// What an artifact must hold: every file, under every way to cut a base directory off it.
fn expected(tree: &[String], base: &str, files: &str, exclude: &str) -> Vec<String> {
    let base = components(base);
    let mut found: Vec<String> = tree
        .iter()
        .filter_map(|file| {
            let file = components(file);
            let (head, tail) = file.split_at_checked(base.len()).filter(|(_, tail)| !tail.is_empty())?;
            let below = base.iter().zip(head).all(|(pattern, name)| is(pattern.as_bytes(), name.as_bytes()));
            let taken = below && are(&components(files), tail) && !are(&components(exclude), tail);
            taken.then(|| tail.join("/"))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 5))]

    /// Directories are called `d…`, files `f…`, so that no name is both.
    #[test]
    fn agrees_with_trying_everything(
        tree in prop::collection::btree_set("(d[ab]/){1,3}f[ab]", 1..8),
        base in "(d[ab?*]|\\*)(/d[ab?*])?",
        files in "((d[a?*]|\\*|\\*\\*)/){0,2}(\\*|f[ab?]|\\*\\*)",
        exclude in "((d[a?*]|\\*\\*)/){0,1}f[a?]",
    ) {
        let lab = Lab::new();
        let tree: Vec<String> = tree.into_iter().collect();
        for file in &tree {
            lab.write(file, file);
        }
        let text = format!("  files: '{files}'\n  base-directory: '{base}'\n  exclude-paths: '{exclude}'\n");
        let ran = run(&lab, &text);
        let expected = expected(&tree, &base, &files, &exclude);
        let found: Vec<String> = ran
            .result
            .artifacts
            .iter()
            .flat_map(|output| &output.files)
            .map(|file| file.to_string_lossy().into_owned())
            .collect();
        let status = if expected.is_empty() { BuildStatus::Failed } else { BuildStatus::Succeeded };
        prop_assert_eq!(&ran.result.status, &status, "{} on {:?}", text, tree);
        let mut sorted = found.clone();
        sorted.sort();
        prop_assert_eq!(sorted, expected, "{} on {:?}", text, tree);
    }
}

/// The archive holds what the directory holds, with modes and links, and is the same every time.
#[test]
fn archives() {
    use buildspec::run::Packaging;
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    let lab = lab();
    fs::set_permissions(lab.source().join("dist/app"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("app", lab.source().join("dist/link")).unwrap();
    let spec = crate::lab::spec(
        "version: 0.2\nphases: {build: {commands: ['STAGE=\"a b\"']}}\nartifacts:\n  files: ['dist/**/*']\n  name: out/$STAGE-$(echo \"x\" | tr x y)-\"q\".zip\n  enable-symlinks: yes\n  secondary-artifacts:\n    docs: {files: a.txt, name: ../../escape}\n",
    );
    let text = serde_json::to_value(&spec.artifacts).unwrap();
    assert!(text.is_object());
    // Without the override names do not matter.
    let ran = lab.run_with(&lab.request(&spec).with_packaging(Packaging::Zip, false)).unwrap();
    let archives: Vec<_> = ran.result.artifacts.iter().map(|artifact| artifact.archive.clone().unwrap()).collect();
    assert!(archives[0].ends_with("artifacts/archives/primary.zip") && archives[1].ends_with("archives/docs.zip"));
    let first = fs::read(&archives[0]).unwrap();
    let json = serde_json::to_value(&ran.result).unwrap();
    assert_eq!(json["artifacts"]["location"], archives[0].to_str().unwrap());
    assert_eq!(json["secondaryArtifacts"][0]["artifactIdentifier"], "docs");
    let again = lab.run_with(&lab.request(&spec).with_packaging(Packaging::Zip, false)).unwrap();
    assert_eq!(fs::read(again.result.artifacts[0].archive.as_ref().unwrap()).unwrap(), first);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(first)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["dist/.hidden", "dist/app", "dist/link", "dist/sub/app"]);
    let mut app = archive.by_name("dist/app").unwrap();
    assert_eq!(app.unix_mode().unwrap() & 0o777, 0o755);
    let mut text = String::new();
    app.read_to_string(&mut text).unwrap();
    assert_eq!(text, "dist/app");
    drop(app);
    assert!(archive.by_name("dist/link").unwrap().is_symlink());

    // A name that leads out of the directory is refused.
    let ran = lab.run_with(&lab.request(&spec).with_packaging(Packaging::Zip, true)).unwrap();
    assert!(ran.result.first_failure.unwrap().contains("invalid artifact name ../../escape"));
    let spec = crate::lab::spec(
        "version: 0.2\nphases: {build: {commands: ['STAGE=\"a b\"', 'cd dist']}}\nartifacts:\n  files: [a.txt]\n  name: out/$STAGE-$(echo \"x\" | tr x y)-\"q\"\n",
    );
    let ran = lab.run_with(&lab.request(&spec).with_packaging(Packaging::Zip, true)).unwrap();
    assert_eq!(ran.result.artifacts[0].name.as_deref(), Some("out/a b-y-\"q\""));
    assert!(ran.result.artifacts[0].archive.as_ref().unwrap().ends_with("archives/out/a b-y-\"q\".zip"));
}

/// The words of CodeBuild's log, in its order.
#[test]
fn the_log() {
    let ran = run(&lab(), "  files: ['dist/*', gone.txt]\n  base-directory: .\n");
    let notes = ran.notes();
    let from = notes.iter().position(|note| note.starts_with("Expanding base")).unwrap();
    assert_eq!(
        notes[from..],
        [
            "Expanding base directory path: .",
            "Assembling file list",
            "Expanding file paths for base directory .",
            "Expanding dist/*",
            "Expanding gone.txt",
            "Skipping invalid file path gone.txt",
            "Found 2 file(s)",
        ]
    );
}

//! `run-as` on this machine, as far as whoever runs the tests may become somebody else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use buildspec::BuildStatus;
use buildspec::run::Error;

use crate::lab::{Lab, spec};

const SPEC: &str = "version: 0.2\nrun-as: nobody\nphases:\n  install:\n    run-as: root\n    commands: ['id -un; A=1']\n  build:\n    commands: ['id -un; B=$A; touch \"$OUT/by-nobody\"', 'id -un; echo $B']\n    finally: ['id -un']\n  post_build:\n    run-as: root\n    commands: ['id -un; echo $B']\n";

#[test]
fn phase_before_build() {
    let lab = Lab::new();
    // What nobody must be able to enter and write.
    fs::set_permissions(lab.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let out = lab.path("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, fs::Permissions::from_mode(0o777)).unwrap();
    let spec = spec(SPEC);
    let own = fs::metadata("/proc/self").map_or(0, |own| own.uid());
    let overrides = vec![("OUT".to_owned(), out.to_string_lossy().into_owned())];
    let ran = lab.run_with(&lab.request(&spec).with_overrides(overrides));
    if own == 0 {
        let ran = ran.unwrap();
        assert_eq!(ran.result.status, BuildStatus::Succeeded, "{}", ran.everything());
        assert_eq!(ran.output(), ["root", "nobody", "nobody", "1", "nobody", "root", "1"]);
        let file = out.join("by-nobody").metadata().unwrap();
        assert_ne!(file.uid(), 0);
    } else {
        assert!(matches!(ran.err(), Some(Error::Unsupported { .. })));
    }
}

/// A directory on the way that the user may not enter is named.
#[test]
fn a_barrier() {
    let lab = Lab::new();
    fs::set_permissions(lab.path("."), fs::Permissions::from_mode(0o700)).unwrap();
    let spec = spec("version: 0.2\nrun-as: nobody\nphases: {build: {commands: ['true']}}\n");
    if let Ok(ran) = lab.run_with(&lab.request(&spec)) {
        assert_eq!(ran.result.status, BuildStatus::Fault);
        let why = &ran.result.first_failure.unwrap();
        assert!(why.contains("cannot enter"), "{why}");
    }
}

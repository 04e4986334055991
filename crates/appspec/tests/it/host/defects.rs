//! What agent v1 gets wrong (ten defects that were observed), done right.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use appspec::host::Outcome;
use appspec::model::server::FileExistsBehavior;
use appspec::plan::agent_v1;
use appspec::{Listing, ProblemKind, plan, read};
use spec_report::Source;

use super::{Site, WEB};

/// 1. The old files are removed before the new plan is checked.
#[test]
fn one_a_plan_that_fails_leaves_the_old_application() {
    let site = Site::new();
    let old = site.bundle("old", WEB, &[("web/index.html", "old")]);
    assert!(site.deploy(&old).is_success());
    let (tree, cleanup) = (site.tree(), site.instruction("-cleanup"));

    let permission = "  - object: /srv/web\n    mode: 755\n";
    let overlap = site.bundle("overlap", &format!("{WEB}permissions:\n{permission}{permission}"), &[("web/x", "x")]);
    let ended = site.deploy(&overlap);
    assert_eq!(ended.outcome, Outcome::Failed);
    let failure = ended.failure.unwrap();
    assert!(failure.message.contains("specified more than once"), "{}", failure.message);
    assert_eq!((site.tree(), site.instruction("-cleanup")), (tree, cleanup.clone()));

    // The most common failure of all: somebody else's file is in the way.
    site.write("srv/web/new.html", "foreign");
    let tree = site.tree();
    let foreign = site.bundle("foreign", WEB, &[("web/new.html", "new")]);
    let failure = site.deploy(&foreign).failure.unwrap();
    assert_eq!(
        failure.message,
        "The deployment failed because a specified file already exists at this location: /srv/web/new.html"
    );
    assert_eq!((site.tree(), site.instruction("-cleanup")), (tree, cleanup));
}

/// 2. A missing source is found in the middle, and what was copied until then stays.
#[test]
fn two_a_missing_source_is_found_before_anything_changes() {
    let site = Site::new();
    let rest = format!("{WEB}  - source: missing\n    destination: /etc/shop\n");
    let ended = site.deploy(&site.bundle("b", &rest, &[("web/index.html", "x")]));
    assert_eq!(ended.failure.unwrap().problems[0].kind, ProblemKind::MissingSource);
    assert_eq!(site.tree(), []);
}

/// 3. The owner changes after the mode, which drops set-user-id bits.
#[test]
fn three_set_user_id_survives_the_owner() {
    let site = Site::new();
    let rest = format!(
        "{WEB}permissions:\n  - object: /srv/web\n    mode: 4755\n    owner: web\n    group: www\n    type: [file]\n"
    );
    assert!(site.deploy(&site.bundle("b", &rest, &[("web/run", "x")])).is_success());
    let metadata = fs::metadata(site.root("srv/web/run")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o4755);
    assert_eq!((metadata.uid(), metadata.gid()), Site::web());
}

/// 4. ACLs of the first file leak into later ones.
#[test]
fn four_every_file_has_its_own_acl() {
    let site = Site::new();
    let rest = format!("{WEB}permissions:\n  - object: /srv/web\n    acls: ['u:web:rw']\n    type: [file]\n");
    let bundle = site.bundle("b", &rest, &[("web/a", "x"), ("web/b", "x"), ("web/c", "x")]);
    for (name, mode) in [("a", 0o640), ("b", 0o600), ("c", 0o664)] {
        fs::set_permissions(bundle.join("web").join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let ended = site.deploy(&bundle);
    if let Some(failure) = &ended.failure
        && failure.message.contains("not supported")
    {
        println!("not looked at: the file system of {} has no ACLs", site.root("").display());
        return;
    }
    assert!(ended.is_success(), "{ended:?}");
    let (web, _) = Site::web();
    for (name, [user, group, other]) in [("a", [6, 4, 0]), ("b", [6, 0, 0]), ("c", [6, 6, 4])] {
        let mut value = [0; 256];
        let path = site.root("srv/web").join(name);
        let length = rustix::fs::lgetxattr(path, "system.posix_acl_access", &mut value).unwrap();
        let none = u32::MAX;
        // The mask is the mode's group bits, as the agent means it.
        let entries = [(1_u16, user, none), (2, 6, web), (4, group, none), (16, group, none), (32, other, none)];
        let mut expected = 2_u32.to_le_bytes().to_vec();
        for (tag, bits, id) in entries {
            expected.extend([tag.to_le_bytes(), u16::to_le_bytes(bits)].concat());
            expected.extend(u32::to_le_bytes(id));
        }
        assert_eq!(&value[..length], expected, "{name}");
    }
}

/// 5. Modes of directories are lost, and links to directories become directories.
#[test]
fn five_directories_keep_their_modes_and_links_stay_links() {
    let site = Site::new();
    let bundle = site.bundle("b", WEB, &[("web/private/key", "x"), ("web/v2/index.html", "x")]);
    fs::set_permissions(bundle.join("web/private"), fs::Permissions::from_mode(0o710)).unwrap();
    symlink("v2", bundle.join("web/current")).unwrap();
    assert!(site.deploy(&bundle).is_success());
    assert_eq!(site.mode("srv/web/private"), 0o710);
    assert_eq!(site.mode("srv/web"), 0o755);
    assert_eq!(fs::read_link(site.root("srv/web/current")).unwrap().to_str(), Some("v2"));
}

/// 6. Files are written through links at the destination.
#[test]
fn six_nothing_is_written_through_a_link() {
    let site = Site::new();
    let bundle = site.bundle("b", WEB, &[("web/index.html", "new")]);
    site.write("precious", "precious");
    fs::create_dir_all(site.root("srv/web")).unwrap();
    symlink(site.root("precious"), site.root("srv/web/index.html")).unwrap();

    // DISALLOW: in the way, also when it leads nowhere.
    assert_eq!(site.deploy(&bundle).failure.unwrap().problems[0].kind, ProblemKind::Exists);
    fs::remove_file(site.root("srv/web/index.html")).unwrap();
    symlink(site.root("nowhere"), site.root("srv/web/index.html")).unwrap();
    assert_eq!(site.deploy(&bundle).failure.unwrap().problems[0].kind, ProblemKind::Exists);
    assert!(!site.exists("nowhere"));

    // OVERWRITE: the link goes, its target stays.
    fs::remove_file(site.root("srv/web/index.html")).unwrap();
    symlink(site.root("precious"), site.root("srv/web/index.html")).unwrap();
    let mut site = site;
    site.options = site.options.clone().with_file_exists_behavior(FileExistsBehavior::Overwrite);
    assert!(site.deploy(&bundle).is_success());
    assert_eq!((site.read("precious").as_str(), site.read("srv/web/index.html").as_str()), ("precious", "new"));
    assert!(!site.root("srv/web/index.html").is_symlink());

    // Below a destination no directory may be a link.
    fs::create_dir(site.place("elsewhere")).unwrap();
    symlink(site.place("elsewhere"), site.root("srv/web/sub")).unwrap();
    let deeper = site.bundle("deeper", WEB, &[("web/sub/x", "x")]);
    assert_eq!(site.deploy(&deeper).failure.unwrap().problems[0].kind, ProblemKind::Collision);
    assert_eq!(fs::read_dir(site.place("elsewhere")).unwrap().count(), 0);
}

/// 7. Sources lead out of the bundle; destinations count from the agent's working directory.
#[test]
fn seven_nothing_leaves_bundle_or_root() {
    let site = Site::new();
    for (source, destination, kind) in [
        ("../../..", "/srv", ProblemKind::SourceLeavesBundle),
        ("web/../../x", "/srv", ProblemKind::SourceLeavesBundle),
        ("web", "~/web", ProblemKind::RelativeDestination),
        ("web", "srv/web", ProblemKind::RelativeDestination),
        ("web", "/../srv", ProblemKind::DestinationLeavesRoot),
    ] {
        let rest = format!("files:\n  - source: {source}\n    destination: {destination}\n");
        let failure = site.deploy(&site.bundle("b", &rest, &[("web/x", "x")])).failure.unwrap();
        assert_eq!(failure.problems[0].kind, kind, "{source} {destination}");
        assert_eq!(site.tree(), []);
    }
}

/// 8. OVERWRITE of a directory copies the file into it and records a wrong path.
#[test]
fn eight_a_directory_is_not_overwritten_by_a_file() {
    let mut site = Site::new();
    site.options = site.options.clone().with_file_exists_behavior(FileExistsBehavior::Overwrite);
    site.write("srv/web/index.html/inner", "x");
    let tree = site.tree();
    let failure = site.deploy(&site.bundle("b", WEB, &[("web/index.html", "new")])).failure.unwrap();
    assert_eq!(failure.problems[0].kind, ProblemKind::Collision);
    assert_eq!(site.tree(), tree);
}

/// 9. The deployment after RETAIN fails on the file that was retained.
#[test]
fn nine_what_was_retained_is_not_in_the_way() {
    let mut site = Site::new();
    site.write("srv/web/settings", "mine");
    let bundle = site.bundle("b", WEB, &[("web/settings", "theirs"), ("web/index.html", "x")]);
    site.options = site.options.clone().with_file_exists_behavior(FileExistsBehavior::Retain);
    assert!(site.deploy(&bundle).is_success());
    site.options = site.options.clone().with_file_exists_behavior(FileExistsBehavior::Disallow);
    for _ in 0..2 {
        let ended = site.deploy(&bundle);
        assert!(ended.is_success(), "{ended:?}");
        assert_eq!(site.read("srv/web/settings"), "mine");
    }
    // It is nobody's but its owner's: no deployment removes it.
    assert!(!site.instruction("-cleanup").contains("settings"));
    assert!(site.deploy(&site.bundle("without", WEB, &[("web/other", "x")])).is_success());
    assert_eq!(site.read("srv/web/settings"), "mine");
}

/// 10. The order is the file system's, and commands are lines for a shell.
#[test]
fn ten_plans_do_not_depend_on_the_file_system_and_names_are_names() {
    let text = format!("version: 0.0\nos: linux\n{WEB}");
    let parsed = read(Source::new("appspec.yml", text));
    let server = parsed.value.unwrap().as_server().unwrap().clone();
    let (one, other) = (["web/a", "web/b/c", "web/b/d"], ["web/b/d", "web/a", "web/b/c"]);
    let (one, other) = (Listing::from_paths(one), Listing::from_paths(other));
    let host = Listing::new();
    assert_eq!(plan(&server, &one, &host), plan(&server, &other, &host));
    // Agent v1's plan does depend on it.
    let v1 = |bundle| agent_v1::plan(&server, bundle, &host, None).unwrap();
    assert_ne!(v1(&one), v1(&other));

    let site = Site::new();
    let rest = "hooks:\n  AfterInstall:\n    - location: 'scripts/a b; touch evil $(touch evil).sh'\n";
    let script = ("scripts/a b; touch evil $(touch evil).sh", "#!/bin/sh\necho \"ran $0\"\n");
    let ended = site.deploy(&site.bundle("b", rest, &[script]));
    assert!(ended.is_success(), "{ended:?}");
    assert_eq!(site.output().len(), 1);
    assert!(!site.exists("evil"));
}

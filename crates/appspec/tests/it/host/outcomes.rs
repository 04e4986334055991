//! What a deployment comes to, and what is on the host then.

use std::fs;

use appspec::host::Bundle;
use appspec::host::{Cancel, Error, EventKind, Outcome, ScriptCode};

use super::{Site, WEB};

/// Every script says which revision it is from.
fn speaking(site: &Site, version: &str) -> std::path::PathBuf {
    let events = ["BeforeBlockTraffic", "ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart"];
    let more = ["ValidateService", "AfterAllowTraffic"];
    let mut rest = format!("{WEB}hooks:\n");
    for event in events.iter().chain(&more) {
        rest += &format!("  {event}:\n    - location: say.sh\n      timeout: 30\n");
    }
    let script = format!("#!/bin/sh\necho \"{version} $LIFECYCLE_EVENT\"\n");
    site.bundle(version, &rest, &[("web/index.html", version), ("say.sh", &script)])
}

#[test]
fn each_event_has_the_scripts_of_its_revision() {
    let site = Site::new();
    assert!(site.deploy(&speaking(&site, "v1")).is_success());
    assert_eq!(
        site.output(),
        ["v1 BeforeInstall", "v1 AfterInstall", "v1 ApplicationStart", "v1 ValidateService", "v1 AfterAllowTraffic"]
    );
    assert!(site.deploy(&speaking(&site, "v2")).is_success());
    assert_eq!(
        site.output(),
        [
            "v1 BeforeBlockTraffic",
            "v1 ApplicationStop",
            "v2 BeforeInstall",
            "v2 AfterInstall",
            "v2 ApplicationStart",
            "v2 ValidateService",
            "v2 AfterAllowTraffic"
        ]
    );
    assert_eq!(site.read("srv/web/index.html"), "v2");
}

#[test]
fn a_failed_event_brings_the_old_application_back() {
    let site = Site::new();
    assert!(site.deploy(&speaking(&site, "v1")).is_success());
    let tree = site.tree();
    let v2 = speaking(&site, "v2");
    super::write(
        &v2.join("say.sh"),
        "#!/bin/sh\necho v2\nif test $LIFECYCLE_EVENT = ValidateService; then exit 7; fi\n",
    );
    let ended = site.deploy(&v2);
    assert_eq!(ended.outcome, Outcome::RolledBack);
    let failure = ended.failure.unwrap();
    assert_eq!((failure.event.as_str(), failure.code), ("ValidateService", Some(ScriptCode::ScriptFailed)));
    assert_eq!(failure.message, "Script at specified location: say.sh failed with exit code 7");
    assert_eq!(failure.log, "LifecycleEvent - ValidateService\nScript - say.sh\n[stdout]v2\n");
    assert_eq!(site.tree(), tree);
    assert_eq!(site.output()[site.output().len() - 2..], ["v1 ApplicationStart", "v1 ValidateService"]);
    // The next ApplicationStop is that of the good revision: agent v1 takes that of the failed one.
    assert!(site.deploy(&speaking(&site, "v3")).is_success());
    assert_eq!(site.output()[1], "v1 ApplicationStop");
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing() {
    let site = Site::new();
    let v1 = speaking(&site, "v1");
    super::write(&v1.join("say.sh"), "#!/bin/sh\ntest $LIFECYCLE_EVENT != AfterInstall\n");
    let ended = site.deploy(&v1);
    assert_eq!((ended.outcome, ended.failure.unwrap().event.as_str()), (Outcome::Failed, "AfterInstall"));
    assert_eq!(site.tree(), []);
}

#[test]
fn giving_up_is_a_failure_that_is_undone() {
    let site = Site::new();
    assert!(site.deploy(&speaking(&site, "v1")).is_success());
    let tree = site.tree();
    let cancel = site.cancel.clone();
    let ended = site.deploy_watching(&speaking(&site, "v2"), &mut |event| {
        if matches!(event, EventKind::Installed { .. }) {
            cancel.cancel();
        }
    });
    assert_eq!(ended.outcome, Outcome::RolledBack);
    assert!(ended.failure.unwrap().cancelled);
    assert_eq!(site.tree(), tree);
    assert!(site.output().contains(&"v1 ApplicationStart".to_owned()));
}

#[test]
fn failures_while_the_old_application_stops_may_be_ignored() {
    let mut site = Site::new();
    let v1 = speaking(&site, "v1");
    super::write(&v1.join("say.sh"), "#!/bin/sh\ntest $LIFECYCLE_EVENT != ApplicationStop\n");
    assert!(site.deploy(&v1).is_success());
    let v2 = speaking(&site, "v2");
    let ended = site.deploy(&v2);
    assert_eq!((ended.outcome, ended.failure.unwrap().event.as_str()), (Outcome::RolledBack, "ApplicationStop"));
    site.options = site.options.clone().ignoring_stop_failures();
    assert!(site.deploy(&v2).is_success());
    assert_eq!(site.read("srv/web/index.html"), "v2");
}

#[test]
fn a_bundle_that_cannot_be_deployed_stops_nothing() {
    let site = Site::new();
    assert!(site.deploy(&speaking(&site, "v1")).is_success());
    let broken = site.bundle("broken", "files: {}\n", &[]);
    super::write(&broken.join("appspec.yml"), "version: 1.0\nos: linux\n");
    let ended = site.deploy(&broken);
    assert_eq!((ended.outcome, ended.failure.unwrap().event.as_str()), (Outcome::Failed, "DownloadBundle"));
    assert!(site.output().is_empty());
    fs::remove_file(broken.join("appspec.yml")).unwrap();
    let failure = site.deploy(&broken).failure.unwrap();
    assert!(failure.message.contains("did not find an AppSpec file"), "{}", failure.message);
}

#[test]
fn rolling_back_goes_to_good_revisions_only() {
    let site = Site::new();
    for version in ["v1", "v2", "v3"] {
        assert!(site.deploy(&speaking(&site, version)).is_success());
    }
    let bad = speaking(&site, "bad");
    super::write(&bad.join("say.sh"), "#!/bin/sh\nexit 1\n");
    assert!(!site.deploy(&bad).is_success());
    for expected in ["v2", "v1"] {
        let ended = site.host.roll_back(&site.options, &Cancel::new(), &mut |_| {}).unwrap();
        assert!(ended.is_success(), "{ended:?}");
        assert_eq!(site.read("srv/web/index.html"), expected);
    }
    let error = site.host.roll_back(&site.options, &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NothingToRollBackTo { .. }), "{error}");
    assert_eq!(site.read("srv/web/index.html"), "v1");
}

#[test]
fn revisions_are_kept_and_the_good_one_always() {
    let mut site = Site::new();
    site.options = site.options.clone().with_keep(2);
    let revisions = |site: &Site| {
        let directory = "opt/codedeploy-agent/deployment-root/default-local-deployment-group";
        fs::read_dir(site.root(directory)).unwrap().count()
    };
    for version in ["v1", "v2", "v3", "v4"] {
        assert!(site.deploy(&speaking(&site, version)).is_success());
        assert!(revisions(&site) <= 2);
    }
    let bad = speaking(&site, "bad");
    super::write(&bad.join("say.sh"), "#!/bin/sh\nexit 1\n");
    for _ in 0..3 {
        assert_eq!(site.deploy(&bad).failure.unwrap().event, "BeforeInstall");
    }
    // Only a success removes anything, and the one before it can still be rolled back to.
    assert!(site.deploy(&speaking(&site, "v5")).is_success());
    assert_eq!(revisions(&site), 2);
    assert!(site.host.roll_back(&site.options, &Cancel::new(), &mut |_| {}).unwrap().is_success());
    assert_eq!(site.read("srv/web/index.html"), "v4");
}

#[test]
fn one_deployment_at_a_time() {
    let site = Site::new();
    let bundle = speaking(&site, "v1");
    let mut refused = None;
    let ended = site.deploy_watching(&bundle, &mut |event| {
        if matches!(event, EventKind::Installed { .. }) {
            let other = Bundle::detect(&bundle).unwrap();
            refused = site.host.install(&other, &site.options, &Cancel::new(), &mut |_| {}).err();
        }
    });
    assert!(ended.is_success());
    assert!(matches!(refused, Some(Error::Busy { .. })), "{refused:?}");
}

#[test]
fn requests_that_cannot_be() {
    let site = Site::new();
    let bundle = Bundle::detect(speaking(&site, "v1")).unwrap();
    let bad = [
        site.options.clone().with_group("a", "g", "../up"),
        site.options.clone().with_group("a", "g", ""),
        site.options.clone().with_deployment_id("a/b"),
        site.options.clone().with_deployment_root("relative"),
        site.options.clone().with_kind(appspec::lifecycle::DeploymentKind::Ecs),
        site.options.clone().with_environment(vec![("A=B".to_owned(), String::new())]),
        site.options.clone().with_events(vec!["AfterInstall".to_owned(), "Install".to_owned()]),
    ];
    for options in bad {
        let refused = site.host.install(&bundle, &options, &Cancel::new(), &mut |_| {});
        assert!(matches!(refused, Err(Error::Request { .. })), "{refused:?}");
    }
    let custom = site.options.clone().with_events(vec!["Foo".to_owned()]);
    let ended = site.host.install(&bundle, &custom, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(ended.failure.unwrap().message.ends_with("doesn't exist in your appspec.yml file: Foo"));
    assert_eq!(site.tree(), []);
}

//! From a repository to a host: a build, somebody's approval, and CodeDeploy with a script for every hook that there is.

use std::path::Path;

use pipeline_model::model::Pipeline;
use pipeline_runner::Answer;
use pipeline_runner::core::ExecutionStatus;

use crate::site::{Site, action, pipeline, text};

/// The events of a deployment behind a load balancer, in the order of the lifecycle page; whether a script can run there.
const EVENTS: &[(&str, bool)] = &[
    ("BeforeBlockTraffic", true),
    ("BlockTraffic", false),
    ("AfterBlockTraffic", true),
    ("ApplicationStop", true),
    ("DownloadBundle", false),
    ("BeforeInstall", true),
    ("Install", false),
    ("AfterInstall", true),
    ("ApplicationStart", true),
    ("ValidateService", true),
    ("BeforeAllowTraffic", true),
    ("AllowTraffic", false),
    ("AfterAllowTraffic", true),
];

/// The phases that a build has.
const BUILDSPEC: &str = "version: 0.2
phases:
  install:
    commands:
      - echo installing
  pre_build:
    commands:
      - test -f web/index.html
  build:
    commands:
      - sed -i \"s/@release@/$CODEBUILD_RESOLVED_SOURCE_VERSION/\" web/index.html
  post_build:
    commands:
      - echo built
artifacts:
  files:
    - appspec.yml
    - scripts/*
    - web/**/*
";

fn app_spec() -> String {
    let hook = |(event, _): &(&str, bool)| format!("  {event}:\n    - location: scripts/note.sh\n      timeout: 60\n");
    let hooks: String = EVENTS.iter().filter(|(_, scripted)| *scripted).map(hook).collect();
    format!(
        "version: 0.0\nos: linux\nfiles:\n  - source: web\n    destination: /srv/shop\nfile_exists_behavior: OVERWRITE\n\
         permissions:\n  - object: /srv/shop\n    pattern: \"*.html\"\n    mode: 640\n    type: [file]\nhooks:\n{hooks}"
    )
}

fn delivery() -> Pipeline {
    let build = action("Build", "Build", "CodeBuild", &[("ProjectName", "shop")]);
    let approve = action("Approve", "Approval", "Manual", &[("CustomData", "release #{Source.CommitId}?")]);
    let group = [("ApplicationName", "shop"), ("DeploymentGroupName", "production")];
    let deploy = action("Deploy", "Deploy", "CodeDeploy", &group);
    pipeline("shop", vec![build.with_input("Source").with_output("Bundle"), approve, deploy.with_input("Bundle")])
}

fn site() -> Site {
    let script = "#!/bin/sh\necho \"hook $LIFECYCLE_EVENT $APPLICATION_NAME $DEPLOYMENT_GROUP_NAME\"\n";
    let mut site = Site::new(&[
        ("buildspec.yml", BUILDSPEC),
        ("appspec.yml", &app_spec()),
        ("scripts/note.sh", script),
        ("web/index.html", "release @release@\n"),
        ("notes.txt", "not deployed\n"),
    ]);
    site.project("shop", "buildspec.yml", &[]);
    let host = site.path("host");
    site.backends.hosts.insert("shop/production".to_owned(), host);
    site
}

/// Takes what was logged so far: the events, and the hooks that ran.
fn logged(site: &Site) -> (Vec<String>, Vec<String>) {
    let lines = std::mem::take(&mut *site.lines.lock().unwrap());
    let begins = |start: &str| {
        let lines = lines.iter().filter_map(|line| line.strip_prefix(start)).filter(|line| !line.contains(':'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    (begins("LifecycleEvent - "), begins("[stdout]hook "))
}

fn page(host: &Path) -> String {
    text(&host.join("srv/shop/index.html"))
}

#[tokio::test]
async fn every_event_of_the_lifecycle_in_order() {
    let site = site();
    let host = site.path("host");
    let first = site.run(&delivery(), Answer::approve("go")).await;
    assert_eq!(first.status, ExecutionStatus::Succeeded, "{:?}", first.summary);
    assert_eq!(page(&host), format!("release {}\n", first.revisions[0].revision));
    let events: Vec<_> = EVENTS.iter().map(|(event, _)| *event).collect();
    let scripted = |events: &[(&str, bool)]| -> Vec<String> {
        let hooks = events.iter().filter(|(_, scripted)| *scripted);
        hooks.map(|(event, _)| format!("{event} shop production")).collect()
    };
    // There was no application to stop: its scripts are those of the revision before, and there is none.
    assert_eq!(logged(&site), (events.iter().map(|event| (*event).to_owned()).collect(), scripted(&EVENTS[4..])));
    assert!(!host.join("srv/shop/notes.txt").exists());

    let commit = site.commit(&[("web/index.html", "second release @release@\n")]);
    let second = site.run(&delivery(), Answer::approve("go on")).await;
    assert_eq!(second.status, ExecutionStatus::Succeeded, "{:?}", second.summary);
    assert_eq!(page(&host), format!("second release {commit}\n"));
    assert_eq!(logged(&site), (events.iter().map(|event| (*event).to_owned()).collect(), scripted(EVENTS)));
}

#[tokio::test]
async fn what_nobody_approves_is_not_deployed() {
    let site = site();
    let rejected = site.run(&delivery(), Answer::reject("not on a Friday")).await;
    assert_eq!(rejected.status, ExecutionStatus::Failed);
    assert_eq!(rejected.first_failure().unwrap().0.name, "Approve");
    assert!(!site.path("host").exists());
    assert_eq!(logged(&site), (Vec::new(), Vec::new()));
}

/// A hook that fails brings the old application back, and the execution says so.
#[tokio::test]
async fn a_hook_that_fails_leaves_the_application_of_before() {
    let site = site();
    let first = site.run(&delivery(), Answer::approve("go")).await;
    let script =
        "#!/bin/sh\nif [ \"$LIFECYCLE_EVENT\" = ValidateService ]; then echo the page is empty >&2; exit 1; fi\n";
    site.commit(&[("scripts/note.sh", script), ("web/index.html", "broken\n")]);
    let second = site.run(&delivery(), Answer::approve("go")).await;
    assert_eq!(second.status, ExecutionStatus::Failed);
    let (_, action) = second.first_failure().unwrap();
    let message = action.failure.as_ref().unwrap().message.clone();
    assert!(message.starts_with("ValidateService") && message.ends_with("the old revision runs again"), "{message}");
    assert_eq!(page(&site.path("host")), format!("release {}\n", first.revisions[0].revision));
}

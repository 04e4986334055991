//! One host, two programs: what the agent wrote is read, and what is written is what the agent reads.

use std::fs;

use appspec::host::{Cancel, EventKind};
use appspec::plan::agent_v1;
use appspec::{Listing, read};
use spec_report::Source;

use super::{Site, WEB, write};

const INSTRUCTIONS: &str = "opt/codedeploy-agent/deployment-root/deployment-instructions";
const GROUP: &str = "default-local-deployment-group";

#[test]
fn after_a_deployment_of_the_agent() {
    let site = Site::new();
    // What agent 1.8.1 leaves: no state of ours.
    let revision = format!("opt/codedeploy-agent/deployment-root/{GROUP}/d-AGENT0001");
    let app_spec = "version: 0.0\nos: linux\nhooks:\n  ApplicationStop:\n    - location: stop.sh\n";
    site.write(&format!("{revision}/deployment-archive/appspec.yml"), app_spec);
    site.write(&format!("{revision}/deployment-archive/stop.sh"), "echo the agent stops\n");
    site.write(
        &format!("{INSTRUCTIONS}/{GROUP}-cleanup"),
        "/srv\n/srv/web\n/srv/web/old.html\n/srv/web/gone.html\n/srv/unf",
    );
    site.write(&format!("{INSTRUCTIONS}/{GROUP}_last_successful_install"), &format!("/{revision}"));
    site.write("srv/web/old.html", "old");
    site.write("srv/unf", "not finished, so not owned");

    let bundle = site.bundle("b", WEB, &[("web/index.html", "new")]);
    assert!(site.deploy(&bundle).is_success());
    assert_eq!(site.output(), ["the agent stops"]);
    assert!(!site.exists("srv/web/old.html") && site.exists("srv/unf"));
    // The agent's revision was good, so there is a way back to it.
    assert!(site.host.roll_back(&site.options, &Cancel::new(), &mut |_| {}).unwrap().is_success());
    assert!(!site.exists("srv/web"));
}

#[test]
fn what_the_agent_finds() {
    let mut site = Site::new();
    site.options = site.options.clone().with_deployment_id("d-1");
    let rest = format!(
        "{WEB}permissions:\n  - object: /srv/web\n    owner: web\n    group: www\n    mode: 640\n    type: [file]\n"
    );
    assert!(site.deploy(&site.bundle("b", &rest, &[("web/a/x", "x")])).is_success());
    let revision = format!("/opt/codedeploy-agent/deployment-root/{GROUP}/d-1");
    assert_eq!(site.instruction("-cleanup"), "/srv\n/srv/web\n/srv/web/a\n/srv/web/a/x\n");
    assert_eq!(site.instruction("_last_successful_install"), revision);
    assert_eq!(site.instruction("_most_recent_install"), revision);
    let install: serde_json::Value = serde_json::from_str(&site.instruction("-install.json")).unwrap();
    let expected = serde_json::json!({"instructions": [
        {"type": "mkdir", "directory": "/srv"},
        {"type": "mkdir", "directory": "/srv/web"},
        {"type": "mkdir", "directory": "/srv/web/a"},
        {"type": "copy", "source": format!("{revision}/deployment-archive/web/a/x"), "destination": "/srv/web/a/x"},
        {"type": "chown", "owner": "web", "group": "www", "file": "/srv/web/a/x"},
        {"type": "chmod", "mode": "640", "file": "/srv/web/a/x"},
    ]});
    assert_eq!(install, expected);
    assert!(fs::read_dir(site.root(&format!("{}/logs", &revision[1..]))).is_err(), "no script, no log");
}

#[test]
fn links_of_the_administrator_are_followed_on_the_way_only() {
    let site = Site::new();
    fs::create_dir_all(site.root("usr/lib/units")).unwrap();
    std::os::unix::fs::symlink("usr/lib", site.root("lib")).unwrap();
    let rest = "files:\n  - source: web\n    destination: /lib/units\n";
    for content in ["one", "two"] {
        let ended = site.deploy(&site.bundle(content, rest, &[("web/shop.unit", content)]));
        assert!(ended.is_success(), "{ended:?}");
        assert_eq!(site.read("usr/lib/units/shop.unit"), content);
        assert!(site.root("lib").is_symlink());
    }
    assert_eq!(site.instruction("-cleanup"), "/lib/units/shop.unit\n");
    // Two spellings of one path.
    let both = format!("{rest}  - source: web\n    destination: /usr/lib/units\n");
    let failure = site.deploy(&site.bundle("both", &both, &[("web/shop.unit", "x")])).failure.unwrap();
    assert!(failure.message.contains("the same path on this host"), "{}", failure.message);
}

#[test]
fn a_dry_run_touches_nothing() {
    let site = Site::new();
    let bundle = site.bundle("b", WEB, &[("web/x", "x")]);
    let bundle = appspec::host::Bundle::detect(bundle).unwrap();
    let plan = site.host.plan(&bundle, &site.options, &site.place("scratch")).unwrap();
    assert_eq!(plan.to_string(), "mkdir /srv\nmkdir /srv/web\ncopy web/x /srv/web/x\n");
    assert_eq!(fs::read_dir(site.root("")).unwrap().count(), 0);
    assert!(site.host.recover(&site.options).unwrap().is_none());
}

#[test]
fn an_interrupted_deployment_is_told() {
    let site = Site::new();
    let state = format!("opt/codedeploy-agent/deployment-root/.longshore/{GROUP}");
    let journal = r#"{"version":1,"deployment":"d-0","state":"Staging","stages":[],"times":[],"changes":[]}"#;
    site.write(&format!("{state}/journal"), journal);
    assert!(site.deploy(&site.bundle("b", WEB, &[("web/x", "x")])).is_success());
    let first = site.events.lock().unwrap()[0].clone();
    assert_eq!(first, EventKind::Recovered { deployment: "d-0".to_owned(), committed: false });
    site.write(&format!("{state}/journal"), r#"{"version":2}"#);
    let error = site.host.recover(&site.options).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

fn v1(rest: &str, bundle: &[&str], host: &[&str]) -> Result<String, String> {
    let parsed = read(Source::new("appspec.yml", format!("version: 0.0\nos: linux\n{rest}")));
    let server = parsed.value.unwrap().as_server().unwrap().clone();
    let (bundle, host) = (Listing::from_paths(bundle.iter().copied()), Listing::from_paths(host.iter().copied()));
    let steps = agent_v1::plan(&server, &bundle, &host, None)?;
    Ok(steps.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[test]
fn the_plan_of_agent_v1() {
    let permission =
        "permissions:\n  - object: /srv/web\n    mode: 4755\n    owner: web\n    acls: ['u:web:r']\n    type: [file]\n";
    assert_eq!(
        v1(&format!("{WEB}{permission}"), &["web/z", "web/a"], &["srv/"]).unwrap(),
        "mkdir /srv/web; copy web/z /srv/web/z; copy web/a /srv/web/a; \
         chmod 4755 /srv/web/z; setfacl user:web:r-- /srv/web/z; chown web /srv/web/z; \
         chmod 4755 /srv/web/a; setfacl user:web:r-- /srv/web/a; chown web /srv/web/a"
    );
    // Defects that a comparison must show: escapes, missing sources, a file over a directory.
    let file = |source: &str| format!("files:\n  - source: {source}\n    destination: /srv\n");
    assert_eq!(v1(&file("../../etc/hostname"), &[], &["srv/"]).unwrap(), "copy ../../etc/hostname /srv/hostname");
    assert_eq!(v1(&file("missing"), &[], &["srv/"]).unwrap(), "copy missing /srv/missing");
    let overwrite = format!("file_exists_behavior: OVERWRITE\n{WEB}");
    assert_eq!(v1(&overwrite, &["web/x"], &["srv/web/x/inner"]).unwrap(), "copy web/x /srv/web/x");
    for (rest, bundle, host, words) in [
        (WEB.to_owned(), &["web/x"][..], &["srv/web/x"][..], "already exists at this location: /srv/web/x"),
        (
            format!("{WEB}{}", &file("web/x")[7..].replace("/srv", "/srv/web")),
            &["web/x"],
            &[],
            "two source files named",
        ),
        (
            format!("{}  - source: web\n    destination: /srv/x\n", file("x")),
            &["x", "web/y"],
            &[],
            "mkdir command more than once",
        ),
        (
            format!("{WEB}permissions:\n  - object: /srv/web\n    mode: 700\n  - object: /srv/web\n    mode: 700\n"),
            &["web/x"],
            &[],
            "(/srv/web/x) is specified more than once",
        ),
        (
            format!("{WEB}permissions:\n  - object: /srv/web/x\n    pattern: x*\n    mode: 700\n"),
            &["web/x"],
            &[],
            "an object (/srv/web/x) with an invalid pattern (x*)",
        ),
        (
            format!("{WEB}permissions:\n  - object: /srv/web/x\n    acls: ['d:u:web:r']\n"),
            &["web/x"],
            &[],
            "the -d parameter has been specified",
        ),
    ] {
        let sentence = v1(&rest, bundle, host).unwrap_err();
        assert!(sentence.contains(words), "{words}: {sentence}");
    }
}

#[test]
fn notes_are_kept_beside_the_agent() {
    let site = Site::new();
    write(&site.root("srv/web/keep"), "x");
    let rest = format!("file_exists_behavior: RETAIN\n{WEB}");
    assert!(site.deploy(&site.bundle("b", &rest, &[("web/keep", "y")])).is_success());
    let state = format!("opt/codedeploy-agent/deployment-root/.longshore/{GROUP}");
    assert_eq!(site.read(&format!("{state}/retained")), "/srv/web/keep\n");
    assert!(!site.exists(&format!("{state}/journal")) && !site.exists(&format!("{state}/stage")));
}

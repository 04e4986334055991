//! Plans against the agent's documented copy and permission rules.

use appspec::model::Server;
use appspec::{EntryKind, Listing, Plan, ProblemKind, plan, read};
use spec_report::Source;

fn server(rest: &str) -> Server {
    let text = format!("version: 0.0\nos: linux\n{rest}");
    let parsed = read(Source::new("appspec.yml", text));
    assert!(!parsed.report.has_errors(), "{:?}", parsed.report);
    parsed.value.unwrap().as_server().unwrap().clone()
}

fn bundle() -> Listing {
    Listing::from_paths(["appspec.yml", "web/index.html", "web/css/site.css", "conf/app.conf", "scripts/start.sh"])
}

fn planned(rest: &str, host: &Listing) -> Plan {
    plan(&server(rest), &bundle(), host)
}

fn kinds(plan: &Plan) -> Vec<ProblemKind> {
    plan.problems.iter().map(|problem| problem.kind).collect()
}

const WEB: &str = "files:\n  - source: web\n    destination: /srv/web\n";

#[test]
fn a_directory_is_merged_and_a_file_goes_below() {
    let host = Listing::from_paths(["srv/", "etc/"]);
    let plan = planned(&format!("{WEB}  - source: conf/app.conf\n    destination: /etc/shop\n"), &host);
    let expected = "mkdir /etc/shop\nmkdir /srv/web\nmkdir /srv/web/css\ncopy conf/app.conf /etc/shop/app.conf\n\
                    copy web/css/site.css /srv/web/css/site.css\ncopy web/index.html /srv/web/index.html\n";
    assert_eq!(plan.to_string(), expected);
    assert_eq!(kinds(&plan), []);
}

#[test]
fn a_slash_is_the_whole_bundle() {
    let plan = planned("files:\n  - source: /\n    destination: /opt\n", &Listing::from_paths(["opt/"]));
    assert!(plan.to_string().contains("copy appspec.yml /opt/appspec.yml\n"));
    assert_eq!(plan.instructions.len(), 4 + 5);
}

#[test]
fn owner_before_mode_and_only_what_is_installed() {
    let host = Listing::from_paths(["srv/web/old.html"]);
    let rest = format!(
        "{WEB}permissions:\n  - object: /srv/web\n    owner: web\n    group: www\n    mode: 4755\n    type: [file]\n    acls: ['u:shop:r']\n"
    );
    let plan = planned(&rest, &host);
    let text = plan.to_string();
    assert!(!text.contains("old.html"));
    let chown = text.find("chown web:www /srv/web/index.html").unwrap();
    let chmod = text.find("chmod 4755 /srv/web/index.html").unwrap();
    assert!(chown < chmod);
    // `**` is everything below, at any depth.
    assert!(text.contains("chmod 4755 /srv/web/css/site.css"));
    assert!(text.contains("setfacl user:shop:r-- /srv/web/index.html"));
    assert!(!text.contains("chmod 4755 /srv/web/css\n"));
}

#[test]
fn other_patterns_are_for_names_directly_in_the_object() {
    let with = |pattern: &str, except: &str| {
        let rest = format!(
            "{WEB}permissions:\n  - object: /srv/web\n    pattern: '{pattern}'\n    except: [{except}]\n    mode: 640\n    type: [file]\n"
        );
        let plan = planned(&rest, &Listing::from_paths(["srv/web/"]));
        let paths: Vec<String> = plan
            .instructions
            .iter()
            .filter(|step| step.to_string().starts_with("chmod"))
            .map(|step| step.path().to_owned())
            .collect();
        (paths, kinds(&plan))
    };
    assert_eq!(with("*", ""), (vec!["/srv/web/index.html".to_owned()], vec![]));
    assert_eq!(with("*.css", ""), (vec![], vec![ProblemKind::PermissionMatchesNothing]));
    assert_eq!(with("**", "'*.html'"), (vec!["/srv/web/css/site.css".to_owned()], vec![]));
}

#[test]
fn a_permission_for_a_file_takes_no_pattern() {
    let rest = format!(
        "{WEB}permissions:\n  - object: /srv/web/index.html\n    pattern: '*.html'\n    mode: 600\n    acls: ['d:u:shop:r']\n"
    );
    assert_eq!(kinds(&planned(&rest, &Listing::new())), [ProblemKind::PermissionOnFile, ProblemKind::PermissionOnFile]);
}

#[test]
fn the_same_object_twice() {
    let rest =
        format!("{WEB}permissions:\n  - object: /srv/web\n    mode: 755\n  - object: /srv/web/css\n    mode: 755\n");
    let plan = planned(&rest, &Listing::new());
    assert_eq!(kinds(&plan), [ProblemKind::PermissionOverlap]);
    let sentence = plan.problems[0].agent.as_deref().unwrap();
    assert!(
        sentence.contains("permissions setting for (/srv/web/css/site.css) is specified more than once"),
        "{sentence}"
    );
    assert!(plan.is_blocked());
}

#[test]
fn what_collides() {
    let twice = "  - source: web/index.html\n    destination: /srv/web\n";
    assert_eq!(kinds(&planned(&format!("{WEB}{twice}"), &Listing::new())), [ProblemKind::Collision]);
    let below_a_file = "  - source: conf\n    destination: /srv/web/index.html\n";
    assert_eq!(kinds(&planned(&format!("{WEB}{below_a_file}"), &Listing::new())), [ProblemKind::Collision]);
    let mut host = Listing::new();
    host.insert("srv/web", EntryKind::File);
    let plan = planned(WEB, &host);
    assert_eq!(kinds(&plan), [ProblemKind::Collision]);
    // A directory of the bundle that is a file on the host: told once, not for each file in it.
    let host = Listing::from_paths(["srv/web/css"]);
    let plan = planned(WEB, &host);
    assert_eq!(kinds(&plan), [ProblemKind::Collision]);
}

#[test]
fn a_file_in_the_way() {
    let host = Listing::from_paths(["srv/web/index.html"]);
    let plan = planned(WEB, &host);
    assert_eq!(kinds(&plan), [ProblemKind::Exists]);
    assert_eq!(
        plan.problems[0].agent.as_deref(),
        Some("The deployment failed because a specified file already exists at this location: /srv/web/index.html")
    );
    let plan = planned(&format!("{WEB}file_exists_behavior: OVERWRITE\n"), &host);
    assert!(kinds(&plan).is_empty() && plan.to_string().contains("copy web/index.html"));
    let plan = planned(&format!("{WEB}file_exists_behavior: RETAIN\n"), &host);
    assert!(kinds(&plan).is_empty() && !plan.to_string().contains("copy web/index.html"));
    assert_eq!(plan.retained, ["/srv/web/index.html"]);
}

#[test]
fn paths_that_leave() {
    let file = |source: &str, destination: &str| {
        kinds(&planned(&format!("files:\n  - source: {source}\n    destination: {destination}\n"), &Listing::new()))
    };
    assert_eq!(file("../../etc", "/srv"), [ProblemKind::SourceLeavesBundle]);
    assert_eq!(file("web", "/../srv"), [ProblemKind::DestinationLeavesRoot]);
    assert_eq!(file("web", "srv"), [ProblemKind::RelativeDestination]);
    assert_eq!(file("nothing", "/srv"), [ProblemKind::MissingSource]);
    assert_eq!(file("web", &format!("/{}", "a/".repeat(3000))), [ProblemKind::PathTooLong]);
}

#[test]
fn windows_paths() {
    let text = "version: 0.0\nos: windows\nfiles:\n  - source: web\\css\n    destination: c:\\inetpub\n";
    let parsed = read(Source::new("appspec.yml", text));
    let plan = plan(parsed.value.unwrap().as_server().unwrap(), &bundle(), &Listing::from_paths(["c:/"]));
    assert_eq!(plan.to_string(), "mkdir c:/inetpub\ncopy web/css/site.css c:/inetpub/site.css\n");
}

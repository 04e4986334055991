//! Properties that hold for any input.

use appspec::config::{MinimumHealthyHosts, TrafficRouting};
use appspec::lifecycle::DeploymentKind;
use appspec::{Instruction, Listing, Subject, check, plan, read, read_bytes};
use proptest::prelude::*;
use spec_report::{Levels, Source};
use std::time::Duration;

/// Text that is likely to get deep into the reader.
fn appspec_like() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("0.0"),
        Just("linux"),
        Just("windows"),
        Just("~"),
        Just("false"),
        Just("[]"),
        Just("{}"),
        Just("1:30"),
        Just("0755"),
        Just("2024-01-02"),
        Just("*a"),
        Just("&a x"),
        Just("../.."),
        Just("/srv"),
        Just("'**'"),
        Just("d:u:b:7"),
        Just("s0:c0.c3"),
        Just("!ruby/object:A x"),
        Just("\"\\u0000\""),
        Just(".inf"),
        Just("web"),
    ];
    let key = prop_oneof![
        Just("version"),
        Just("os"),
        Just("files"),
        Just("permissions"),
        Just("hooks"),
        Just("file_exists_behavior"),
        Just("source"),
        Just("destination"),
        Just("object"),
        Just("mode"),
        Just("acls"),
        Just("context"),
        Just("range"),
        Just("type"),
        Just("except"),
        Just("AfterInstall"),
        Just("Install"),
        Just("location"),
        Just("timeout"),
        Just("Resources"),
        Just("Hooks"),
        Just("Type"),
        Just("Properties"),
        Just("LoadBalancerInfo"),
        Just("TargetVersion"),
        Just("<<"),
    ];
    let line = (0usize..5, prop::bool::ANY, key, prop::option::of(scalar)).prop_map(|(depth, item, key, value)| {
        let dash = if item { "- " } else { "" };
        format!("{}{dash}{key}: {}\n", "  ".repeat(depth), value.unwrap_or(""))
    });
    prop::collection::vec(line, 0..24).prop_map(|lines| lines.concat())
}

fn path() -> impl Strategy<Value = String> {
    let part = prop_oneof![Just("a"), Just("b"), Just("c.txt"), Just(".."), Just("."), Just(""), Just("~"), Just("é")];
    (prop::bool::ANY, prop::collection::vec(part, 0..6))
        .prop_map(|(absolute, parts)| format!("{}{}", if absolute { "/" } else { "" }, parts.join("/")))
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 2))]

    #[test]
    fn reading_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = check(&Subject::new(read_bytes("appspec.yml", &bytes)), &Levels::default());
        let _ = check(&Subject::new(read_bytes("appspec.json", &bytes)), &Levels::default());
    }

    #[test]
    fn checking_what_looks_like_an_appspec_never_panics(text in appspec_like()) {
        let subject = Subject::new(read(Source::new("appspec.yml", text)));
        let bundle = Listing::from_paths(["web/index.html", "srv"]);
        let report = check(&subject.with_bundle(bundle), &Levels::default());
        for found in &report {
            prop_assert!(found.primary.span.end <= found.primary.source.len());
            prop_assert!(!found.message.ends_with('.'), "{}", found.message);
        }
    }

    #[test]
    fn a_plan_stays_inside_the_root_and_the_bundle(
        mappings in prop::collection::vec((path(), path()), 0..5),
        bundle in prop::collection::vec(path(), 0..8),
        host in prop::collection::vec(path(), 0..8),
        object in path(),
        windows in prop::bool::ANY,
    ) {
        let os = if windows { "windows" } else { "linux" };
        let mut text = format!("version: 0.0\nos: {os}\nfiles:\n");
        for (source, destination) in &mappings {
            text += &format!("  - source: {}\n    destination: {}\n", quoted(source), quoted(destination));
        }
        text += &format!("permissions:\n  - object: {}\n    owner: root\n    mode: 644\n", quoted(&object));
        let parsed = read(Source::new("appspec.yml", text));
        let spec = parsed.value.unwrap();
        let bundle = Listing::from_paths(bundle.iter().map(String::as_str));
        let host = Listing::from_paths(host.iter().map(String::as_str));
        let plan = plan(spec.as_server().unwrap(), &bundle, &host);
        let mut made: Vec<String> = Vec::new();
        for step in &plan.instructions {
            let path = step.path();
            prop_assert!(windows || path.starts_with('/'), "{step}");
            prop_assert!(path.split('/').skip(usize::from(!windows)).all(|part| !matches!(part, "" | "." | "..")), "{step}");
            match step {
                Instruction::Mkdir { directory, .. } => {
                    prop_assert!(!made.contains(directory), "made twice: {step}");
                    prop_assert_eq!(host.get(directory), None);
                    made.push(directory.clone());
                }
                Instruction::Copy { source, destination } => {
                    prop_assert!(bundle.get(source).is_some(), "{step}");
                    prop_assert!(!made.contains(destination), "copied twice or over a directory: {step}");
                    // Every directory above is there, on the host or by an instruction before.
                    let above = destination.rsplit_once('/').map_or("", |(above, _)| above);
                    prop_assert!(host.get(above).is_some() || made.iter().any(|known| known == above), "{step}");
                    made.push(destination.clone());
                }
                other => prop_assert!(made.iter().any(|known| known == other.path()), "{step}"),
            }
        }
    }

    #[test]
    fn planning_twice_gives_the_same(mappings in prop::collection::vec((path(), path()), 0..4), bundle in prop::collection::vec(path(), 0..8)) {
        let mut text = "version: 0.0\nos: linux\nfiles:\n".to_owned();
        for (source, destination) in &mappings {
            text += &format!("  - source: {}\n    destination: {}\n", quoted(source), quoted(destination));
        }
        let spec = read(Source::new("appspec.yml", text)).value.unwrap();
        let mut backwards = bundle.clone();
        backwards.reverse();
        let (a, b) = (Listing::from_paths(bundle.iter().map(String::as_str)), Listing::from_paths(backwards.iter().map(String::as_str)));
        // A path that is a file once and a directory later makes listings that differ.
        if a == b {
            let server = spec.as_server().unwrap();
            prop_assert_eq!(plan(server, &a, &Listing::new()), plan(server, &b, &Listing::new()));
        }
    }

    #[test]
    fn traffic_only_grows_and_arrives(percentage in 1u8..=99, minutes in 1u64..=60, canary in prop::bool::ANY) {
        let interval = Duration::from_secs(minutes * 60);
        let routing = if canary {
            TrafficRouting::TimeBasedCanary { percentage, interval }
        } else {
            TrafficRouting::TimeBasedLinear { percentage, interval }
        };
        let steps = routing.steps();
        prop_assert!(steps.is_sorted_by(|a, b| a.at < b.at && a.percent < b.percent));
        prop_assert_eq!(steps.last().map(|step| step.percent), Some(100));
        prop_assert_eq!(steps[0].percent, percentage);
        prop_assert_eq!(routing.percent_at(routing.duration()), 100);
    }

    #[test]
    fn required_hosts_are_the_smallest_whole_number_that_is_enough(percent in 0u8..=99, total in 0u32..10_000) {
        let required = MinimumHealthyHosts::FleetPercent(percent).required(total);
        let enough = |hosts: u32| u64::from(hosts) * 100 >= u64::from(percent) * u64::from(total);
        prop_assert!(enough(required));
        prop_assert!(required == 0 || !enough(required - 1));
    }
}

#[test]
fn lifecycles_keep_the_order_of_things() {
    // Whatever the kind: before its own event, the event, after it; installing before starting before traffic.
    let order = [
        ("BeforeBlockTraffic", "BlockTraffic"),
        ("BlockTraffic", "AfterBlockTraffic"),
        ("ApplicationStop", "DownloadBundle"),
        ("DownloadBundle", "BeforeInstall"),
        ("BeforeInstall", "Install"),
        ("Install", "AfterInstall"),
        ("AfterInstall", "ApplicationStart"),
        ("ApplicationStart", "ValidateService"),
        ("Install", "AllowTraffic"),
        ("AllowTestTraffic", "AfterAllowTestTraffic"),
        ("AfterAllowTestTraffic", "BeforeAllowTraffic"),
        ("BeforeAllowTraffic", "AllowTraffic"),
        ("AllowTraffic", "AfterAllowTraffic"),
    ];
    for kind in DeploymentKind::ALL {
        let at = |name: &str| kind.events().iter().position(|event| event.name == name);
        for (first, second) in order {
            if let (Some(first_at), Some(second_at)) = (at(first), at(second)) {
                assert!(first_at < second_at, "{kind}: {first} before {second}");
            }
        }
    }
}

//! Simulated deployments: times, shares and outcomes, by hand and against naive oracles.

use std::collections::BTreeMap;
use std::time::Duration;

use appspec::Outcome;
use appspec::client::memory::Answers;
use appspec::client::{
    AutoRollbackEvent, BlueGreen, ComputePlatform, DeploymentConfigs, HookExecutionStatus, TargetGroupPair,
};
use appspec::config::{
    ConfigRule, DeploymentConfig, MinimumHealthyHosts, PREDEFINED, TrafficRouting, ZonalConfig, predefined,
};
use appspec::lifecycle::DeploymentKind;
use appspec::simulate::{Hook, Host, MomentKind, Pace, Scenario, Timeline, simulate};
use proptest::prelude::*;

use crate::scene::{Scene, ecs, ecs_group, listener, request};

const FAILURES: [AutoRollbackEvent; 2] =
    [AutoRollbackEvent::DeploymentFailure, AutoRollbackEvent::DeploymentStopOnAlarm];

fn config(name: &str) -> &'static DeploymentConfig {
    predefined(&format!("CodeDeployDefault.{name}")).unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn minutes(minutes: u64) -> Duration {
    seconds(minutes * 60)
}

/// A service that takes no time, so that only the configuration's own times are left.
fn at_once(scenario: Scenario) -> Timeline {
    simulate(&scenario.with_pace(Pace::new(Duration::ZERO, Duration::ZERO)))
}

fn texts(timeline: &Timeline, kind: MomentKind) -> Vec<&str> {
    timeline.moments.iter().filter(|moment| moment.kind == kind).map(|moment| moment.text.as_str()).collect()
}

#[test]
fn every_predefined_configuration_ends_when_its_arithmetic_says() {
    for config in PREDEFINED {
        let timeline = at_once(Scenario::of(config, Host::fleet(4)));
        assert_eq!(timeline.outcome, Outcome::Succeeded, "{}", config.name);
        match config.rule {
            ConfigRule::Traffic(routing) => {
                assert_eq!(timeline.duration, routing.duration(), "{}", config.name);
                for step in routing.steps() {
                    assert_eq!(timeline.share_at(step.at), u32::from(step.percent), "{} {step:?}", config.name);
                }
            }
            _ => assert_eq!(timeline.share_at(timeline.duration), 4, "{}", config.name),
        }
    }
}

#[test]
fn a_failing_hook_leaves_or_returns_the_traffic() {
    let scenario =
        Scenario::ecs(config("ECSCanary10Percent5Minutes")).with_hook(Hook::failing("AfterAllowTraffic", seconds(30)));
    let timeline = at_once(scenario.clone());
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Failed, minutes(5) + seconds(30)));
    assert_eq!(timeline.share_at(timeline.duration), 100);
    assert_eq!(timeline.cause.as_ref().unwrap().code, "HOOK_EXECUTION_FAILURE");
    let timeline = at_once(scenario.with_auto_rollback(FAILURES));
    assert_eq!(timeline.outcome, Outcome::RolledBack);
    assert_eq!([timeline.share_at(minutes(5)), timeline.share_at(timeline.duration)], [100, 0]);
}

#[test]
fn before_anything_is_installed_there_is_nothing_to_roll_back() {
    let scenario = Scenario::ecs(config("ECSAllAtOnce")).with_auto_rollback(FAILURES);
    let timeline = at_once(scenario.with_hook(Hook::failing("BeforeInstall", seconds(1))));
    assert_eq!(timeline.outcome, Outcome::Failed);
}

#[test]
fn a_silent_hook_costs_an_hour_to_the_second() {
    let timeline = at_once(Scenario::lambda(config("LambdaAllAtOnce")).with_hook(Hook::silent("BeforeAllowTraffic")));
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Failed, minutes(60)));
    // An answer in the last second counts, one at the hour does not.
    let late = |after| {
        let hook = Hook::succeeding("BeforeAllowTraffic", after);
        at_once(Scenario::lambda(config("LambdaAllAtOnce")).with_hook(hook)).outcome
    };
    assert_eq!([late(seconds(3599)), late(seconds(3600))], [Outcome::Succeeded, Outcome::Failed]);
}

#[test]
fn an_alarm_stops_in_the_middle_of_a_shift() {
    let scenario = Scenario::lambda(config("LambdaLinear10PercentEvery1Minute")).with_alarm(seconds(150), "errors");
    let timeline = at_once(scenario.clone());
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Stopped, seconds(150)));
    assert_eq!(timeline.share_at(seconds(150)), 30);
    assert_eq!(timeline.cause.as_ref().unwrap().code, "ALARM_ACTIVE");
    let timeline = at_once(scenario.with_auto_rollback(FAILURES));
    assert_eq!((timeline.outcome, timeline.share_at(seconds(150))), (Outcome::RolledBack, 0));
}

#[test]
fn approvals_move_the_traffic_or_the_deployment_stops() {
    let waits = BlueGreen::default().with_approval_within(60).with_termination_after(120);
    let scenario = Scenario::ecs(config("ECSAllAtOnce")).with_blue_green(waits);
    let timeline = at_once(scenario.clone());
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Stopped, minutes(60)));
    assert_eq!(timeline.share_at(timeline.duration), 0);
    let timeline = at_once(scenario.clone().approved_after(minutes(20)));
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Succeeded, minutes(140)));
    assert_eq!([timeline.share_at(minutes(19)), timeline.share_at(minutes(20))], [0, 100]);
    let timeline = at_once(scenario.approved_after(minutes(20)).terminated_after(minutes(5)));
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Succeeded, minutes(25)));
}

#[test]
fn a_stop_keeps_or_takes_back_what_was_reached() {
    let scenario = Scenario::ecs(config("ECSLinear10PercentEvery3Minutes"));
    let kept = at_once(scenario.clone().stopped_after(minutes(7), false));
    assert_eq!((kept.outcome, kept.share_at(minutes(7))), (Outcome::Stopped, 30));
    let taken = at_once(scenario.stopped_after(minutes(7), true));
    assert_eq!((taken.outcome, taken.share_at(minutes(7))), (Outcome::RolledBack, 0));
}

#[test]
fn zones_go_one_after_the_other_with_a_pause_between() {
    let zonal = ZonalConfig::default()
        .with_monitor_duration(minutes(10))
        .with_first_zone_monitor_duration(minutes(30))
        .with_minimum_healthy_hosts_per_zone(MinimumHealthyHosts::HostCount(1));
    let config = DeploymentConfig::hosts("zonal", MinimumHealthyHosts::HostCount(0)).with_zonal(zonal);
    let hosts: Vec<_> = ["b", "a", "c", "a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(at, zone)| Host::new(format!("i-{at}")).in_zone(*zone))
        .collect();
    let timeline = at_once(Scenario::in_place(&config, hosts.clone()));
    assert_eq!((timeline.outcome, timeline.duration), (Outcome::Succeeded, minutes(40)));
    assert_eq!([0, 29, 30, 39, 40].map(|at| timeline.share_at(minutes(at))), [2, 2, 4, 4, 6]);
    assert_eq!(texts(&timeline, MomentKind::Wait), ["watches zone a for 30 min", "watches zone b for 10 min"]);
    let order: Vec<_> = timeline.bars.iter().map(|bar| bar.target.as_str()).collect();
    assert_eq!(order, ["i-1", "i-3", "i-0", "i-4", "i-2", "i-5"]);
    // A zone of one host cannot keep one healthy.
    let timeline = at_once(Scenario::in_place(&config, hosts[..4].to_vec()));
    assert_eq!(timeline.cause.unwrap().code, "HEALTH_CONSTRAINTS_INVALID");
}

#[test]
fn unhealthy_hosts_go_first_and_cost_nothing() {
    let mut hosts = Host::fleet(4);
    hosts[3] = hosts[3].clone().unhealthy();
    let timeline = simulate(&Scenario::in_place(config("OneAtATime"), hosts));
    assert_eq!(timeline.outcome, Outcome::Succeeded);
    assert_eq!(timeline.bars[0].target, "i-04");
}

#[test]
fn a_replacement_is_installed_at_once_and_gets_traffic_by_the_configuration() {
    let scenario = Scenario::in_place(config("OneAtATime"), Host::fleet(3)).with_kind(DeploymentKind::BlueGreen);
    let timeline = simulate(&scenario.with_blue_green(BlueGreen::default().with_termination_after(60)));
    assert_eq!(timeline.outcome, Outcome::Succeeded);
    let installed: Vec<_> = timeline.moments.iter().filter(|moment| moment.text == "Install succeeded").collect();
    assert_eq!(installed.len(), 3);
    assert!(installed.iter().all(|moment| moment.at == installed[0].at));
    let mut allowed: Vec<_> =
        timeline.moments.iter().filter(|m| m.text == "AllowTraffic succeeded").map(|moment| moment.at).collect();
    allowed.dedup();
    assert_eq!(allowed.len(), 3);
    assert!(timeline.duration >= minutes(60));
}

#[test]
fn a_rollback_of_hosts_is_a_deployment_of_its_own() {
    let mut hosts = Host::fleet(3);
    hosts[1] = hosts[1].clone().failing_at("ValidateService");
    let timeline = simulate(&Scenario::in_place(config("OneAtATime"), hosts).with_auto_rollback(FAILURES));
    assert_eq!(timeline.outcome, Outcome::RolledBack);
    let rollback: Vec<_> = timeline.moments.iter().filter(|moment| moment.text.starts_with("rollback: ")).collect();
    assert_eq!(rollback.last().unwrap().text, "rollback: Succeeded");
    assert!(rollback.iter().all(|moment| moment.target.as_deref() != Some("i-03")), "was never touched");
    assert_eq!(timeline.share_at(timeline.duration), 0);
}

#[test]
fn tables_objects_and_pictures_show_the_same() {
    let mut hosts = Host::fleet(5);
    hosts[0] = Host::new("<i> & \"co\"").lost();
    let timelines = [
        simulate(&Scenario::ecs(config("ECSLinear10PercentEvery1Minutes")).with_hook(Hook::silent("AfterInstall"))),
        simulate(&Scenario::in_place(config("HalfAtATime"), hosts)),
        simulate(&Scenario::in_place(config("AllAtOnce"), Host::fleet(1000))),
        simulate(&Scenario::in_place(config("AllAtOnce"), Vec::new())),
    ];
    for timeline in &timelines {
        let table = timeline.to_string();
        assert!(table.starts_with(&timeline.title) && table.contains("what happened"), "{table}");
        let json: serde_json::Value = serde_json::from_str(&timeline.to_json()).unwrap();
        assert_eq!(json["outcome"], timeline.outcome.to_string());
        assert_eq!(json["moments"].as_array().unwrap().len(), timeline.moments.len());
        let svg = timeline.svg();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.len() < 60_000, "{}", svg.len());
        assert!(!svg.contains("<i>") && !svg.contains("& "), "text is escaped");
    }
}

/// What a deployment to hosts comes to, in words that use none of the crate's code: as many hosts at a
/// time as may be missing, until none are left or too few are healthy.
fn naive(minimum: u32, total: u32, fails: &[bool]) -> Outcome {
    if minimum >= total {
        return Outcome::Failed;
    }
    let (mut failed, mut succeeded, mut next) = (0, 0, 0);
    while next < fails.len() {
        let healthy = total - failed;
        if healthy <= minimum {
            return Outcome::Failed;
        }
        for _ in 0..healthy - minimum {
            let Some(fate) = fails.get(next) else { break };
            if *fate {
                failed += 1
            } else {
                succeeded += 1
            }
            next += 1;
        }
    }
    if total - failed >= minimum && succeeded > 0 { Outcome::Succeeded } else { Outcome::Failed }
}

proptest! {
    #[test]
    fn hosts_come_to_what_the_naive_oracle_says(fails in prop::collection::vec(any::<bool>(), 1..24), percent in 0..=99_u8, count in 0..26_u32, by_count: bool) {
        let total = u32::try_from(fails.len()).unwrap();
        let (rule, minimum) = if by_count {
            (MinimumHealthyHosts::HostCount(count), count)
        } else {
            // The smallest number of hosts that is at least the share, found by trying.
            let share = (0..=total).find(|hosts| hosts * 100 >= u32::from(percent) * total).unwrap();
            (MinimumHealthyHosts::FleetPercent(percent), share)
        };
        prop_assert_eq!(rule.required(total), minimum);
        let mut hosts = Host::fleet(total);
        for (host, fails) in hosts.iter_mut().zip(&fails) {
            if *fails { *host = host.clone().failing_at("ApplicationStart") }
        }
        let timeline = simulate(&Scenario::in_place(&DeploymentConfig::hosts("custom", rule), hosts));
        prop_assert_eq!(timeline.outcome, naive(minimum, total, &fails));
        // Never are fewer hosts serving than must stay healthy, but for those that failed by themselves.
        let failed = u32::try_from(timeline.bars.iter().filter(|bar| bar.failed_at.is_some()).count()).unwrap();
        let lowest = timeline.series[1].points.iter().map(|(_, serving)| *serving).min().unwrap();
        prop_assert!(lowest + failed >= minimum.min(total), "{} {} {}", lowest, failed, minimum);
    }

    #[test]
    fn shares_rise_and_end_at_all(percentage in 1..=99_u8, interval in 1..200_u64, linear: bool) {
        let interval = minutes(interval);
        let routing = if linear {
            TrafficRouting::TimeBasedLinear { percentage, interval }
        } else {
            TrafficRouting::TimeBasedCanary { percentage, interval }
        };
        let timeline = at_once(Scenario::lambda(&DeploymentConfig::traffic("custom", ComputePlatform::Lambda, routing)));
        let shares: BTreeMap<_, _> = timeline.series[0].points.iter().copied().collect();
        // By hand: one share more at each interval, cut at the whole.
        let mut expected = 0;
        for step in 0.. {
            expected = if linear { (expected + u32::from(percentage)).min(100) } else if step == 0 { percentage.into() } else { 100 };
            prop_assert_eq!(shares.get(&(interval * step)), Some(&expected));
            if expected == 100 { break }
        }
        prop_assert_eq!(timeline.outcome, Outcome::Succeeded);
    }
}

/// The simulator and the service in memory agree about every event, its time and the traffic.
#[tokio::test]
async fn the_service_in_memory_does_what_is_simulated() {
    let routing = TrafficRouting::TimeBasedLinear { percentage: 30, interval: minutes(2) };
    let custom = DeploymentConfig::traffic("steps", ComputePlatform::Ecs, routing);
    for with_test in [true, false] {
        let mut group = ecs_group().with_blue_green(BlueGreen::default().with_termination_after(7));
        if !with_test {
            group.load_balancers.target_group_pairs = vec![TargetGroupPair::new("blue", "green", listener("prod"))];
        }
        let scene = Scene::new(ComputePlatform::Ecs, group.clone()).await;
        scene.service.create_deployment_config(&custom).await.unwrap();
        scene.service.put_function("check", Answers(HookExecutionStatus::Succeeded));
        let revision = ecs("Hooks:\n  - AfterInstall: check\n  - AfterAllowTestTraffic: check\n");
        let start = aws_call::Clock::now(&scene.clock);
        let deployed = scene.deployer().deploy(&request(revision).with_config("steps")).await.unwrap();
        assert_eq!(deployed.outcome, Outcome::Succeeded);

        let hook = |event: &str| Hook::succeeding(event, Duration::ZERO);
        let scenario = Scenario::for_group(&group, &custom, Vec::new());
        let timeline = simulate(&scenario.with_hook(hook("AfterInstall")).with_hook(hook("AfterAllowTestTraffic")));
        let events = scene.service.events(&deployed.deployment.deployment_id).await;
        let served: Vec<_> = events
            .iter()
            .map(|record| {
                let what = format!("{} {}", record.event, record.status.as_str().to_lowercase());
                // Nobody looks in the very second when a hook is due, so it is invoked a little later.
                (what, record.at.duration_since(start).unwrap() - record.started.duration_since(start).unwrap())
            })
            .collect();
        let simulated: Vec<_> = texts(&timeline, MomentKind::Event);
        assert_eq!(served.iter().map(|(what, _)| what.as_str()).collect::<Vec<_>>(), simulated);
        let shift = served.iter().find(|(what, _)| what == "AllowTraffic succeeded").unwrap().1;
        assert_eq!(shift, minutes(6) + seconds(5));
        assert_eq!(timeline.share_at(timeline.duration), 100);
    }
}

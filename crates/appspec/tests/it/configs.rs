//! Deployment configurations against the numbers of the documentation.

use std::time::Duration;

use appspec::client::ComputePlatform;
use appspec::config::{ConfigRule, MinimumHealthyHosts, PREDEFINED, TrafficRouting};

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn linear(percentage: u8, every: u64) -> TrafficRouting {
    TrafficRouting::TimeBasedLinear { percentage, interval: minutes(every) }
}

fn canary(percentage: u8, after: u64) -> TrafficRouting {
    TrafficRouting::TimeBasedCanary { percentage, interval: minutes(after) }
}

#[test]
fn seventeen_configurations_each_with_its_own_name() {
    let mut names: Vec<_> = PREDEFINED.iter().map(|config| &config.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 17);
    let of = |platform: ComputePlatform| PREDEFINED.iter().filter(|c| c.compute_platform == platform).count();
    assert_eq!((of(ComputePlatform::Server), of(ComputePlatform::Ecs), of(ComputePlatform::Lambda)), (3, 5, 9));
}

#[test]
fn names_tell_their_numbers() {
    for config in PREDEFINED {
        let ConfigRule::Traffic(routing) = config.rule else { continue };
        assert_eq!(routing.refusal(), None, "{}", config.name);
        let minutes: String =
            config.name.rsplit("Percent").next().unwrap_or("").chars().filter(char::is_ascii_digit).collect();
        let expected = match routing {
            TrafficRouting::TimeBasedCanary { interval, .. } | TrafficRouting::TimeBasedLinear { interval, .. } => {
                interval.as_secs() / 60
            }
            _ => continue,
        };
        assert_eq!(minutes.parse(), Ok(expected), "{}", config.name);
    }
}

#[test]
fn linear_begins_with_a_step_and_ends_at_nine_intervals() {
    let steps = linear(10, 1).steps();
    assert_eq!(steps.len(), 10);
    assert_eq!((steps[0].at, steps[0].percent), (Duration::ZERO, 10));
    assert_eq!((steps[9].at, steps[9].percent), (minutes(9), 100));
    assert_eq!(linear(10, 1).percent_at(Duration::from_secs(299)), 50);
    assert_eq!(linear(10, 1).percent_at(Duration::from_secs(300)), 60);
}

#[test]
fn a_share_that_does_not_divide_ends_with_a_smaller_step() {
    let routing = TrafficRouting::TimeBasedLinear { percentage: 30, interval: Duration::from_secs(60) };
    let percents: Vec<_> = routing.steps().iter().map(|step| step.percent).collect();
    assert_eq!(percents, [30, 60, 90, 100]);
}

#[test]
fn canary_is_two_steps() {
    assert_eq!(canary(10, 5).duration(), Duration::from_secs(300));
    assert_eq!(canary(10, 5).percent_at(Duration::from_secs(299)), 10);
    assert_eq!(canary(10, 5).percent_at(Duration::from_secs(300)), 100);
}

#[test]
fn required_hosts_round_up() {
    // (rule, fleet, required, first batch)
    let table = [
        (MinimumHealthyHosts::FleetPercent(50), 9, 5, 4),
        (MinimumHealthyHosts::FleetPercent(50), 10, 5, 5),
        (MinimumHealthyHosts::FleetPercent(50), 1, 1, 0),
        (MinimumHealthyHosts::FleetPercent(95), 9, 9, 0),
        (MinimumHealthyHosts::FleetPercent(0), 3, 0, 3),
        (MinimumHealthyHosts::FleetPercent(99), 100, 99, 1),
        (MinimumHealthyHosts::HostCount(0), 9, 0, 9),
        (MinimumHealthyHosts::HostCount(8), 9, 8, 1),
        (MinimumHealthyHosts::MostConcurrency(1), 9, 8, 1),
        (MinimumHealthyHosts::MostConcurrency(1), 1, 0, 1),
    ];
    for (rule, total, required, batch) in table {
        assert_eq!(rule.required(total), required, "{rule:?} of {total}");
        assert_eq!(rule.batch(total, total), batch, "{rule:?} of {total}");
    }
}

#[test]
fn a_rule_that_needs_the_whole_fleet_never_starts() {
    assert!(MinimumHealthyHosts::FleetPercent(95).is_impossible(9));
    assert!(MinimumHealthyHosts::HostCount(9).is_impossible(9));
    assert!(!MinimumHealthyHosts::MostConcurrency(1).is_impossible(1));
}

#[test]
fn the_last_host_may_fail_but_one_must_succeed() {
    let one = MinimumHealthyHosts::MostConcurrency(1);
    assert!(one.is_success(8, 8, 9));
    assert!(!one.is_success(7, 7, 9));
    assert!(!MinimumHealthyHosts::HostCount(0).is_success(0, 0, 9));
}

#[test]
fn the_service_refuses_these_routings() {
    assert!(linear(100, 1).refusal().is_some());
    assert!(linear(0, 1).refusal().is_some());
    assert!(linear(10, 0).refusal().is_some());
    assert!(linear(10, 320).refusal().is_none());
    assert!(linear(10, 321).refusal().is_some());
}

/// The table of the documentation ("Working with deployment configurations"): name, first share, minutes
/// until all traffic has moved, number of steps.
#[test]
fn all_traffic_configurations_take_what_their_pages_say() {
    let table = [
        ("ECSAllAtOnce", 100, 0, 1),
        ("ECSCanary10Percent15Minutes", 10, 15, 2),
        ("ECSCanary10Percent5Minutes", 10, 5, 2),
        ("ECSLinear10PercentEvery1Minutes", 10, 9, 10),
        ("ECSLinear10PercentEvery3Minutes", 10, 27, 10),
        ("LambdaAllAtOnce", 100, 0, 1),
        ("LambdaCanary10Percent10Minutes", 10, 10, 2),
        ("LambdaCanary10Percent15Minutes", 10, 15, 2),
        ("LambdaCanary10Percent30Minutes", 10, 30, 2),
        ("LambdaCanary10Percent5Minutes", 10, 5, 2),
        ("LambdaLinear10PercentEvery10Minutes", 10, 90, 10),
        ("LambdaLinear10PercentEvery1Minute", 10, 9, 10),
        ("LambdaLinear10PercentEvery2Minutes", 10, 18, 10),
        ("LambdaLinear10PercentEvery3Minutes", 10, 27, 10),
    ];
    let traffic: Vec<_> = PREDEFINED.iter().filter(|config| matches!(config.rule, ConfigRule::Traffic(_))).collect();
    assert_eq!(traffic.len(), table.len());
    for (config, (name, first, last, steps)) in traffic.into_iter().zip(table) {
        let ConfigRule::Traffic(routing) = config.rule else { panic!("{name}") };
        assert_eq!(config.name, format!("CodeDeployDefault.{name}"));
        assert_eq!((routing.steps()[0].percent, routing.duration()), (first, minutes(last)), "{name}");
        assert_eq!(routing.steps().len(), steps, "{name}");
    }
}

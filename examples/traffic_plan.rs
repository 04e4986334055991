//! Plays a deployment before anybody deploys: how traffic moves, when hosts are out, what a failure costs.
//!
//!     cargo run -p examples --example traffic_plan -- CodeDeployDefault.ECSLinear10PercentEvery1Minutes
//!     cargo run -p examples --example traffic_plan -- --platform ecs --canary 25:10 --fail AfterAllowTraffic --roll-back
//!     cargo run -p examples --example traffic_plan -- CodeDeployDefault.HalfAtATime --hosts 9 --lose 2 --svg plan.svg
//!     cargo run -p examples --example traffic_plan -- --list
//!
//! Exit code: 0 when the new revision would be in place, 1 when it would not, 2 when the arguments make no deployment.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use appspec::client::{AutoRollbackEvent, BlueGreen, ComputePlatform};
use appspec::config::{ConfigRule, DeploymentConfig, MinimumHealthyHosts, PREDEFINED, TrafficRouting, predefined};
use appspec::lifecycle::DeploymentKind;
use appspec::simulate::{Hook, Host, Scenario, simulate};
use clap::{Parser, ValueEnum};

/// Plays a deployment and shows what happens when.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration, for example CodeDeployDefault.ECSCanary10Percent5Minutes
    config: Option<String>,
    /// Print the predefined configurations
    #[arg(long)]
    list: bool,
    /// Platform of a custom configuration
    #[arg(long, value_enum, default_value_t = Platform::Ecs)]
    platform: Platform,
    /// Custom: PERCENT first, the rest after MINUTES
    #[arg(long, value_name = "PERCENT:MINUTES", conflicts_with_all = ["config", "linear"])]
    canary: Option<String>,
    /// Custom: PERCENT every MINUTES
    #[arg(long, value_name = "PERCENT:MINUTES", conflicts_with = "config")]
    linear: Option<String>,
    /// Custom: so many hosts stay healthy; with a % at its end, that share of them
    #[arg(long, value_name = "COUNT|PERCENT%", conflicts_with_all = ["config", "canary", "linear"])]
    minimum_healthy: Option<String>,
    /// Hosts of an EC2/on-premises deployment
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    hosts: u32,
    /// The first so many hosts fail at ApplicationStart
    #[arg(long, default_value_t = 0)]
    lose: u32,
    /// Deploy to hosts behind a load balancer, or to a replacement of them
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The hook of this lifecycle event reports failure after half a minute (ECS, Lambda)
    #[arg(long, value_name = "EVENT")]
    fail: Option<String>,
    /// The hook of this lifecycle event never reports (ECS, Lambda)
    #[arg(long, value_name = "EVENT")]
    silent: Option<String>,
    /// An alarm goes off after so many seconds
    #[arg(long, value_name = "SECONDS")]
    alarm: Option<u64>,
    /// Roll back on failures and alarms
    #[arg(long)]
    roll_back: bool,
    /// Wait at most so many minutes for an approval before traffic moves
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=2880))]
    approval_within: Option<u32>,
    /// Somebody approves after so many minutes
    #[arg(long, value_name = "MINUTES")]
    approve_after: Option<u64>,
    /// The original stays for so many minutes after the traffic has moved
    #[arg(long, value_name = "MINUTES", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=2880))]
    terminate_after: u32,
    /// Write a picture of it
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Platform {
    Server,
    Ecs,
    Lambda,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    LoadBalancer,
    BlueGreen,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    if arguments.list {
        for config in PREDEFINED {
            println!("{:7} {}", config.compute_platform.as_str(), config.name);
        }
        return Ok(true);
    }
    let timeline = simulate(&scenario(arguments)?);
    if let Some(file) = &arguments.svg {
        std::fs::write(file, timeline.svg()).with_context(|| file.display().to_string())?;
    }
    if arguments.json {
        println!("{}", timeline.to_json())
    } else {
        print!("{timeline}")
    }
    Ok(timeline.outcome.is_success())
}

fn scenario(arguments: &Arguments) -> anyhow::Result<Scenario> {
    let config = config(arguments)?;
    let mut hosts = Host::fleet(arguments.hosts);
    for host in hosts.iter_mut().take(arguments.lose as usize) {
        *host = host.clone().failing_at("ApplicationStart");
    }
    let mut scenario = Scenario::of(&config, hosts);
    if let (Some(kind), DeploymentKind::InPlace) = (arguments.kind, scenario.kind) {
        scenario = scenario.with_kind(match kind {
            Kind::LoadBalancer => DeploymentKind::InPlaceWithLoadBalancer,
            Kind::BlueGreen => DeploymentKind::BlueGreen,
        });
    }
    for event in arguments.fail.iter().chain(&arguments.silent) {
        let known: Vec<_> = scenario.kind.scriptable().collect();
        ensure!(known.contains(&event.as_str()), "no hook runs at `{event}`; choose one of {}", known.join(", "));
    }
    if let Some(event) = &arguments.fail {
        scenario = scenario.with_hook(Hook::failing(event, Duration::from_secs(30)));
    }
    if let Some(event) = &arguments.silent {
        scenario = scenario.with_hook(Hook::silent(event));
    }
    if let Some(seconds) = arguments.alarm {
        scenario = scenario.with_alarm(Duration::from_secs(seconds), "alarm");
    }
    if arguments.roll_back {
        let events = [AutoRollbackEvent::DeploymentFailure, AutoRollbackEvent::DeploymentStopOnAlarm];
        scenario = scenario.with_auto_rollback(events);
    }
    let mut waits = BlueGreen::default().with_termination_after(arguments.terminate_after);
    if let Some(minutes) = arguments.approval_within {
        waits = waits.with_approval_within(minutes);
    }
    if let Some(minutes) = arguments.approve_after {
        scenario = scenario.approved_after(Duration::from_secs(minutes * 60));
    }
    // A Lambda deployment waits for nobody.
    Ok(if scenario.kind == DeploymentKind::Lambda { scenario } else { scenario.with_blue_green(waits) })
}

fn config(arguments: &Arguments) -> anyhow::Result<DeploymentConfig> {
    if let Some(name) = &arguments.config {
        return predefined(name).cloned().with_context(|| format!("no configuration is called `{name}`; see --list"));
    }
    if let Some(minimum) = &arguments.minimum_healthy {
        let rule = match minimum.strip_suffix('%') {
            Some(percent) => MinimumHealthyHosts::FleetPercent(percent.parse().context("--minimum-healthy")?),
            None => MinimumHealthyHosts::HostCount(minimum.parse().context("--minimum-healthy")?),
        };
        return Ok(DeploymentConfig::hosts("custom", rule));
    }
    let platform = match arguments.platform {
        Platform::Server => bail!("name a configuration or --minimum-healthy"),
        Platform::Ecs => ComputePlatform::Ecs,
        Platform::Lambda => ComputePlatform::Lambda,
    };
    let (text, canary) = match (&arguments.canary, &arguments.linear) {
        (Some(text), _) => (text, true),
        (None, Some(text)) => (text, false),
        (None, None) => bail!("name a configuration, or --canary, --linear or --minimum-healthy; see --list"),
    };
    let (percent, minutes) = text.split_once(':').context("write PERCENT:MINUTES, such as 10:5")?;
    let (percentage, minutes) =
        (percent.parse().context("the percentage")?, minutes.parse::<u64>().context("the minutes")?);
    let interval = Duration::from_secs(minutes.saturating_mul(60));
    let routing = if canary {
        TrafficRouting::TimeBasedCanary { percentage, interval }
    } else {
        TrafficRouting::TimeBasedLinear { percentage, interval }
    };
    let config = DeploymentConfig::traffic("custom", platform, routing);
    match config.rule {
        ConfigRule::Traffic(routing) => match routing.refusal() {
            Some(why) => bail!("CodeDeploy refuses this: {why}"),
            None => Ok(config),
        },
        _ => Ok(config),
    }
}

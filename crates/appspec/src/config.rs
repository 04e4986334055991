//! Deployment configurations: the 17 that CodeDeploy predefines, the arithmetic of traffic shifting
//! and the rounding of minimum healthy hosts. All of it pure.

use std::borrow::Cow;
use std::time::Duration;

use crate::client::ComputePlatform;

const MINUTE: u64 = 60;

/// The longest that one traffic shift may take from its first to its last step.
pub const MAX_TRAFFIC_SHIFT_MINUTES: u64 = 2880;

/// How many instances must stay healthy while an EC2/on-premises deployment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MinimumHealthyHosts {
    /// `HOST_COUNT`: this many hosts.
    HostCount(u32),
    /// `FLEET_PERCENT`: this share of the fleet, rounded up to whole hosts.
    FleetPercent(u8),
    /// `MOST_CONCURRENCY`: at most this many hosts are taken at a time. What the API answers for
    /// `CodeDeployDefault.OneAtATime`.
    MostConcurrency(u32),
}

impl MinimumHealthyHosts {
    /// The number of hosts of a fleet of `total` that must stay healthy.
    #[must_use]
    pub fn required(self, total: u32) -> u32 {
        match self {
            Self::HostCount(count) => count,
            Self::FleetPercent(percent) => {
                let hosts = (u64::from(percent) * u64::from(total)).div_ceil(100);
                u32::try_from(hosts).unwrap_or(u32::MAX)
            }
            Self::MostConcurrency(count) => total.saturating_sub(count),
        }
    }

    /// How many hosts may be taken out next when `healthy` of `total` are healthy; zero means that
    /// the deployment cannot go on.
    #[must_use]
    pub fn batch(self, healthy: u32, total: u32) -> u32 {
        healthy.saturating_sub(self.required(total))
    }

    /// Whether no deployment to a fleet of `total` hosts can ever start
    /// (`HEALTH_CONSTRAINTS_INVALID`).
    #[must_use]
    pub fn is_impossible(self, total: u32) -> bool {
        total > 0 && self.required(total) >= total
    }

    /// Whether a deployment that is over counts as succeeded: enough healthy hosts are left and at
    /// least one host took the revision.
    #[must_use]
    pub fn is_success(self, healthy: u32, succeeded: u32, total: u32) -> bool {
        healthy >= self.required(total) && succeeded > 0
    }
}

/// How traffic moves to the new revision of an ECS service or a Lambda function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrafficRouting {
    /// Everything at once.
    AllAtOnce,
    /// A first share, then after `interval` the rest.
    TimeBasedCanary {
        /// The share of the first step in percent, 1 to 99.
        percentage: u8,
        /// The time between the first step and the rest.
        interval: Duration,
    },
    /// The same share again and again.
    TimeBasedLinear {
        /// The share of each step in percent, 1 to 99.
        percentage: u8,
        /// The time between two steps.
        interval: Duration,
    },
}

/// One step of a traffic shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TrafficStep {
    /// Time since the shift began.
    pub at: Duration,
    /// The share of the traffic that the new revision gets from then on, in percent.
    pub percent: u8,
}

impl TrafficRouting {
    /// The steps of this routing. A linear routing steps at the *start* of each interval, so ten
    /// percent every minute is complete after nine minutes, and a share that does not divide 100
    /// makes a smaller last step.
    #[must_use]
    pub fn steps(self) -> Vec<TrafficStep> {
        match self {
            Self::AllAtOnce => vec![TrafficStep { at: Duration::ZERO, percent: 100 }],
            Self::TimeBasedCanary { percentage, interval } => vec![
                TrafficStep { at: Duration::ZERO, percent: percentage.min(100) },
                TrafficStep { at: interval, percent: 100 },
            ],
            Self::TimeBasedLinear { percentage, interval } => {
                // A share of zero would never arrive; the service refuses it, the arithmetic clamps it.
                let share = u32::from(percentage.clamp(1, 100));
                (0..100u32.div_ceil(share))
                    .map(|step| TrafficStep {
                        at: interval.saturating_mul(step),
                        percent: u8::try_from((share * (step + 1)).min(100)).unwrap_or(100),
                    })
                    .collect()
            }
        }
    }

    /// The share of traffic that the new revision has `elapsed` after the shift began.
    #[must_use]
    pub fn percent_at(self, elapsed: Duration) -> u8 {
        self.steps().iter().rev().find(|step| step.at <= elapsed).map_or(0, |step| step.percent)
    }

    /// The time from the first step until all traffic is on the new revision.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.steps().last().map_or(Duration::ZERO, |step| step.at)
    }

    /// What the service says against this routing, if anything.
    #[must_use]
    pub fn refusal(self) -> Option<&'static str> {
        let (percentage, interval) = match self {
            Self::AllAtOnce => return None,
            Self::TimeBasedCanary { percentage, interval } | Self::TimeBasedLinear { percentage, interval } => {
                (percentage, interval)
            }
        };
        let limit = Duration::from_secs(MAX_TRAFFIC_SHIFT_MINUTES * MINUTE);
        if !(1..=99).contains(&percentage) {
            return Some("Valid traffic routing percentage is from 1 to 99");
        }
        match self {
            Self::TimeBasedCanary { .. } if interval.is_zero() || interval > limit => {
                Some("Canary interval must be between 1 and 2880 minutes (2 days)")
            }
            Self::TimeBasedLinear { .. } if interval.is_zero() || self.duration() > limit => {
                Some("Total Traffic shifting intervals must be positive integers up to 2880 minutes (2 days)")
            }
            _ => None,
        }
    }
}

/// What a deployment configuration decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigRule {
    /// EC2/on-premises: how many hosts stay healthy.
    Hosts(MinimumHealthyHosts),
    /// ECS and Lambda: how traffic moves.
    Traffic(TrafficRouting),
}

/// How a deployment goes through the Availability Zones one after the other (EC2/on-premises only;
/// no predefined configuration does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ZonalConfig {
    /// How long to watch the first zone before the second one begins; `None`: as long as the others.
    pub first_zone_monitor_duration: Option<Duration>,
    /// How long to watch each further zone before the next one begins.
    pub monitor_duration: Duration,
    /// How many hosts of the zone that is being deployed to must stay healthy.
    pub minimum_healthy_hosts_per_zone: MinimumHealthyHosts,
}

impl Default for ZonalConfig {
    /// Zone after zone without a pause, without a minimum of its own: what the service takes for
    /// values that are not given.
    fn default() -> Self {
        Self {
            first_zone_monitor_duration: None,
            monitor_duration: Duration::ZERO,
            minimum_healthy_hosts_per_zone: MinimumHealthyHosts::FleetPercent(0),
        }
    }
}

impl ZonalConfig {
    /// Watches every zone for so long.
    #[must_use]
    pub fn with_monitor_duration(mut self, duration: Duration) -> Self {
        self.monitor_duration = duration;
        self
    }

    /// Watches the first zone for another time than the others.
    #[must_use]
    pub fn with_first_zone_monitor_duration(mut self, duration: Duration) -> Self {
        self.first_zone_monitor_duration = Some(duration);
        self
    }

    /// Keeps so many hosts of a zone healthy.
    #[must_use]
    pub fn with_minimum_healthy_hosts_per_zone(mut self, hosts: MinimumHealthyHosts) -> Self {
        self.minimum_healthy_hosts_per_zone = hosts;
        self
    }

    /// The pause after the zone with this index, counted from zero. There is none after the last.
    #[must_use]
    pub fn bake(&self, zone: usize) -> Duration {
        if zone == 0 {
            self.first_zone_monitor_duration.unwrap_or(self.monitor_duration)
        } else {
            self.monitor_duration
        }
    }
}

/// A deployment configuration, predefined or custom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeploymentConfig {
    /// The full name, for example `CodeDeployDefault.OneAtATime`.
    pub name: Cow<'static, str>,
    /// The platform whose applications may use it.
    pub compute_platform: ComputePlatform,
    /// What it decides.
    pub rule: ConfigRule,
    /// Whether the Availability Zones go one after the other.
    pub zonal: Option<ZonalConfig>,
}

impl DeploymentConfig {
    /// A configuration for EC2/on-premises.
    pub fn hosts(name: impl Into<String>, hosts: MinimumHealthyHosts) -> Self {
        Self {
            name: Cow::Owned(name.into()),
            compute_platform: ComputePlatform::Server,
            rule: ConfigRule::Hosts(hosts),
            zonal: None,
        }
    }

    /// A configuration for ECS or Lambda.
    pub fn traffic(name: impl Into<String>, compute_platform: ComputePlatform, routing: TrafficRouting) -> Self {
        Self { name: Cow::Owned(name.into()), compute_platform, rule: ConfigRule::Traffic(routing), zonal: None }
    }

    /// Goes through the Availability Zones one after the other.
    #[must_use]
    pub fn with_zonal(mut self, zonal: ZonalConfig) -> Self {
        self.zonal = Some(zonal);
        self
    }

    /// Whether it is one of [`PREDEFINED`], by its name.
    #[must_use]
    pub fn is_predefined(&self) -> bool {
        predefined(&self.name).is_some()
    }
}

const fn server(name: &'static str, hosts: MinimumHealthyHosts) -> DeploymentConfig {
    DeploymentConfig {
        name: Cow::Borrowed(name),
        compute_platform: ComputePlatform::Server,
        rule: ConfigRule::Hosts(hosts),
        zonal: None,
    }
}

const fn traffic(name: &'static str, compute_platform: ComputePlatform, routing: TrafficRouting) -> DeploymentConfig {
    DeploymentConfig { name: Cow::Borrowed(name), compute_platform, rule: ConfigRule::Traffic(routing), zonal: None }
}

const fn canary(minutes: u64) -> TrafficRouting {
    TrafficRouting::TimeBasedCanary { percentage: 10, interval: Duration::from_secs(minutes * MINUTE) }
}

const fn linear(minutes: u64) -> TrafficRouting {
    TrafficRouting::TimeBasedLinear { percentage: 10, interval: Duration::from_secs(minutes * MINUTE) }
}

/// The 17 configurations that CodeDeploy predefines. Mind the plural: ECS says `Every1Minutes`,
/// Lambda says `Every1Minute`.
pub static PREDEFINED: &[DeploymentConfig] = &[
    server("CodeDeployDefault.AllAtOnce", MinimumHealthyHosts::HostCount(0)),
    server("CodeDeployDefault.HalfAtATime", MinimumHealthyHosts::FleetPercent(50)),
    server("CodeDeployDefault.OneAtATime", MinimumHealthyHosts::MostConcurrency(1)),
    traffic("CodeDeployDefault.ECSAllAtOnce", ComputePlatform::Ecs, TrafficRouting::AllAtOnce),
    traffic("CodeDeployDefault.ECSCanary10Percent15Minutes", ComputePlatform::Ecs, canary(15)),
    traffic("CodeDeployDefault.ECSCanary10Percent5Minutes", ComputePlatform::Ecs, canary(5)),
    traffic("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", ComputePlatform::Ecs, linear(1)),
    traffic("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", ComputePlatform::Ecs, linear(3)),
    traffic("CodeDeployDefault.LambdaAllAtOnce", ComputePlatform::Lambda, TrafficRouting::AllAtOnce),
    traffic("CodeDeployDefault.LambdaCanary10Percent10Minutes", ComputePlatform::Lambda, canary(10)),
    traffic("CodeDeployDefault.LambdaCanary10Percent15Minutes", ComputePlatform::Lambda, canary(15)),
    traffic("CodeDeployDefault.LambdaCanary10Percent30Minutes", ComputePlatform::Lambda, canary(30)),
    traffic("CodeDeployDefault.LambdaCanary10Percent5Minutes", ComputePlatform::Lambda, canary(5)),
    traffic("CodeDeployDefault.LambdaLinear10PercentEvery10Minutes", ComputePlatform::Lambda, linear(10)),
    traffic("CodeDeployDefault.LambdaLinear10PercentEvery1Minute", ComputePlatform::Lambda, linear(1)),
    traffic("CodeDeployDefault.LambdaLinear10PercentEvery2Minutes", ComputePlatform::Lambda, linear(2)),
    traffic("CodeDeployDefault.LambdaLinear10PercentEvery3Minutes", ComputePlatform::Lambda, linear(3)),
];

/// The predefined configuration with this name.
#[must_use]
pub fn predefined(name: &str) -> Option<&'static DeploymentConfig> {
    PREDEFINED.iter().find(|config| config.name == name)
}

/// The configuration that CodeDeploy takes when neither the deployment nor its group names one.
#[must_use]
pub fn default_config_name(platform: &ComputePlatform) -> Option<&'static str> {
    match platform {
        ComputePlatform::Server => Some("CodeDeployDefault.OneAtATime"),
        ComputePlatform::Ecs => Some("CodeDeployDefault.ECSAllAtOnce"),
        ComputePlatform::Lambda => Some("CodeDeployDefault.LambdaAllAtOnce"),
        ComputePlatform::Unknown(_) => None,
    }
}

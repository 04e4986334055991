//! The cluster that the examples around ECS talk to: the real one (feature `aws`), or one in memory that plays a scenario.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_call::{Backoff, Clock, IdSource, Jitter, Polling, SystemClock, SystemIds};
use clap::Args;
#[cfg(feature = "aws")]
use ecs_taskdef::client::Ecs;
use ecs_taskdef::client::{MemoryCluster, Scenario, ServiceId};

/// How long the start of a task takes in a scenario.
const PHASE: Duration = Duration::from_millis(400);

/// Which cluster, and how long to stay.
#[derive(Args, Clone, Debug)]
pub struct ClusterArguments {
    /// Cluster, by name or ARN
    #[arg(long, default_value = "default")]
    pub cluster: String,
    /// Give up after so long: 90s, 10m, 1h
    #[arg(long, value_parser = duration, default_value = "30m")]
    pub timeout: Duration,
    /// Pause between two looks at the beginning; it grows to the sevenfold
    #[arg(long, value_parser = duration, default_value = "2s")]
    pub interval: Duration,
    /// Play on a cluster in memory: ok, rollback, failed or stuck
    #[arg(long, value_parser = scenario)]
    pub scenario: Option<Scenario>,
}

/// A cluster to talk to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cluster {
    /// ECS itself.
    #[cfg(feature = "aws")]
    Aws(Arc<Ecs>, Arc<aws_sdk_ecs::Client>),
    /// One in memory, which ends with the process.
    Memory(Arc<MemoryCluster>),
}

/// Does something with whichever client there is.
#[macro_export]
macro_rules! with_cluster {
    ($cluster:expr, $client:ident => $body:expr) => {
        match $cluster {
            #[cfg(feature = "aws")]
            $crate::Cluster::Aws($client, _) => $body,
            $crate::Cluster::Memory($client) => $body,
            #[allow(unreachable_patterns, reason = "another build may have more")]
            _ => unreachable!("every kind of cluster is listed"),
        }
    };
}

impl ClusterArguments {
    /// Connects, or makes the cluster of the scenario with `services` in it. Region, credentials and endpoint come from the
    /// environment and the profile, as for `aws`; `AWS_ENDPOINT_URL` is honoured.
    ///
    /// # Errors
    /// If there is no scenario of this name, or this build has no clients of AWS.
    pub async fn connect(&self, services: &[ServiceId]) -> anyhow::Result<Cluster> {
        let Some(scenario) = &self.scenario else { return real().await };
        let opened = scenario.open(services, PHASE, self.clock(), self.ids()).await;
        Ok(Cluster::Memory(opened.context("the scenario cannot begin")?))
    }

    /// How often to look, and until when.
    #[must_use]
    pub fn polling(&self) -> Polling {
        // Nothing in memory asks for patience.
        let first = if self.scenario.is_some() { self.interval.min(PHASE / 4) } else { self.interval };
        let every = Backoff::new(first, first.saturating_mul(7)).with_factor(1.5).with_jitter(Jitter::Equal);
        Polling::new(every).with_deadline(self.timeout)
    }

    /// This machine's clock.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// This machine's random numbers.
    #[must_use]
    pub fn ids(&self) -> Arc<dyn IdSource> {
        Arc::new(SystemIds)
    }
}

#[cfg(feature = "aws")]
async fn real() -> anyhow::Result<Cluster> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_ecs::Client::new(&config);
    Ok(Cluster::Aws(Arc::new(Ecs::new(client.clone())), Arc::new(client)))
}

#[cfg(not(feature = "aws"))]
async fn real() -> anyhow::Result<Cluster> {
    anyhow::bail!("this build has no AWS clients: run it with `--features aws`, or play a `--scenario`")
}

/// The scenario of this name.
///
/// # Errors
/// If there is none.
pub fn scenario(name: &str) -> Result<Scenario, String> {
    match Scenario::from(name) {
        Scenario::Unknown(name) => Err(format!("there is no scenario `{name}`: ok, rollback, failed or stuck")),
        known => Ok(known),
    }
}

/// `90s`, `500ms`, `10m`, `1h`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().map_err(|_| format!("`{text}` is no length of time, such as 90s or 10m"))?;
    let seconds = match &text[digits.len()..] {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        unit => return Err(format!("`{unit}` is no unit of time: ms, s, m or h")),
    };
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("90s", Some(90_000)),
            ("500ms", Some(500)),
            ("1.5m", Some(90_000)),
            ("1h", Some(3_600_000)),
            ("7", Some(7000)),
            ("0s", Some(0)),
            ("soon", None),
            ("5d", None),
            ("-1s", None),
            ("", None),
        ] {
            assert_eq!(duration(text).ok(), expected.map(Duration::from_millis), "{text}");
        }
    }
}

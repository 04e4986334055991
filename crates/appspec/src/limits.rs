//! How long a deployment may take before watching it is pointless, from the settings of its group.
//!
//! The service's own waiter gives up after half an hour, which no blue/green deployment that keeps its
//! original for an hour can meet.

use std::time::Duration;

use crate::client::{ComputePlatform, DeploymentGroup, DeploymentType};
use crate::config::{ConfigRule, DeploymentConfig};
use crate::deploy::DeployOptions;
use crate::hook;
use crate::lifecycle::DeploymentKind;

const HOUR: Duration = Duration::from_secs(3600);

/// What the service allows in all (documentation, "CodeDeploy limits").
const IN_PLACE: Duration = Duration::from_secs(8 * 3600);
const BLUE_GREEN: Duration = Duration::from_secs(109 * 3600);
const LAMBDA: Duration = Duration::from_secs(50 * 3600);
const ECS: Duration = Duration::from_secs(120 * 3600);

/// What the service needs between its states, at most.
const SLACK: Duration = Duration::from_secs(10 * 60);

/// The longest that a deployment to this group with this configuration can take: traffic shift, waits
/// for people, an hour for every hook, and what the service allows.
#[must_use]
pub(crate) fn longest(group: &DeploymentGroup, config: &DeploymentConfig) -> Duration {
    let waits = group.blue_green.as_ref().map_or(Duration::ZERO, |settings| {
        settings.approval_wait().unwrap_or_default() + settings.original_stays().unwrap_or_default()
    });
    let shift = match config.rule {
        ConfigRule::Traffic(routing) => routing.duration(),
        ConfigRule::Hosts(_) => Duration::ZERO,
    };
    let hooks = |kind: DeploymentKind| hook::TIME_LIMIT * u32::try_from(kind.scriptable().count()).unwrap_or(u32::MAX);
    match &config.compute_platform {
        // A task set that does not become steady is given up after an hour.
        ComputePlatform::Ecs => (HOUR + hooks(DeploymentKind::Ecs) + shift + waits + SLACK).min(ECS),
        ComputePlatform::Lambda => (hooks(DeploymentKind::Lambda) + shift + SLACK).min(LAMBDA),
        _ if group.deployment_type == DeploymentType::BlueGreen => (IN_PLACE + waits + SLACK).min(BLUE_GREEN),
        _ => IN_PLACE,
    }
}

impl DeployOptions {
    /// Looks as the default does, and until the longest that a deployment to this group with this
    /// configuration can take.
    ///
    /// ```
    /// use appspec::client::{BlueGreen, DeploymentGroup};
    /// use appspec::config::predefined;
    /// use appspec::deploy::DeployOptions;
    /// use std::time::Duration;
    ///
    /// let group = DeploymentGroup::new("shop", "live", "arn:aws:iam::123456789012:role/deploy")
    ///     .with_blue_green(BlueGreen::default().with_approval_within(60).with_termination_after(120));
    /// let config = predefined("CodeDeployDefault.ECSAllAtOnce").ok_or("no such configuration")?;
    /// let options = DeployOptions::for_group(&group, config);
    /// // An hour to become steady, five hooks of an hour, three hours of waits, ten minutes of slack.
    /// assert_eq!(options.polling.deadline, Some(Duration::from_secs(9 * 3600 + 600)));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn for_group(group: &DeploymentGroup, config: &DeploymentConfig) -> Self {
        let options = Self::default();
        let polling = options.polling.clone().with_deadline(longest(group, config));
        options.with_polling(polling)
    }
}

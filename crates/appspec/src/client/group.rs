//! Deployment groups: what a deployment goes to, and every setting that decides how.

use std::time::Duration;

use super::open_enum::open_enum;
use super::{AutoRollbackEvent, ComputePlatform};

const MINUTE: u64 = 60;

open_enum! {
    /// Where the new revision goes.
    DeploymentType {
        /// To the instances that serve.
        InPlace => "IN_PLACE",
        /// To a replacement of them.
        BlueGreen => "BLUE_GREEN",
    }
}

open_enum! {
    /// Whether a load balancer takes part.
    DeploymentOption {
        /// It does.
        WithTrafficControl => "WITH_TRAFFIC_CONTROL",
        /// It does not.
        WithoutTrafficControl => "WITHOUT_TRAFFIC_CONTROL",
    }
}

open_enum! {
    /// How a filter compares tags.
    TagFilterType {
        /// The key, whatever its value.
        KeyOnly => "KEY_ONLY",
        /// The value, whatever its key.
        ValueOnly => "VALUE_ONLY",
        /// Both.
        KeyAndValue => "KEY_AND_VALUE",
    }
}

open_enum! {
    /// What a trigger tells of.
    TriggerEvent {
        /// A deployment began.
        DeploymentStart => "DeploymentStart",
        /// A deployment succeeded.
        DeploymentSuccess => "DeploymentSuccess",
        /// A deployment failed.
        DeploymentFailure => "DeploymentFailure",
        /// A deployment was stopped.
        DeploymentStop => "DeploymentStop",
        /// A deployment is rolled back.
        DeploymentRollback => "DeploymentRollback",
        /// A replacement waits for traffic.
        DeploymentReady => "DeploymentReady",
        /// An instance began.
        InstanceStart => "InstanceStart",
        /// An instance took the revision.
        InstanceSuccess => "InstanceSuccess",
        /// An instance did not take it.
        InstanceFailure => "InstanceFailure",
        /// A replacement instance waits for traffic.
        InstanceReady => "InstanceReady",
    }
}

open_enum! {
    /// What becomes of a replacement that waits for traffic when the time is up.
    ReadyAction {
        /// It gets the traffic; without a wait.
        ContinueDeployment => "CONTINUE_DEPLOYMENT",
        /// The deployment stops, unless somebody has called ContinueDeployment in time.
        StopDeployment => "STOP_DEPLOYMENT",
    }
}

open_enum! {
    /// What becomes of the original after a blue/green deployment.
    TerminationAction {
        /// It ends, after a wait.
        Terminate => "TERMINATE",
        /// It goes on without traffic.
        KeepAlive => "KEEP_ALIVE",
    }
}

open_enum! {
    /// Where the replacement of a blue/green deployment to EC2 comes from.
    GreenFleet {
        /// From instances that are there.
        DiscoverExisting => "DISCOVER_EXISTING",
        /// From a copy of the Auto Scaling group.
        CopyAutoScalingGroup => "COPY_AUTO_SCALING_GROUP",
    }
}

open_enum! {
    /// What becomes of instances that were launched while a deployment ran.
    OutdatedInstances {
        /// They are updated when it is over.
        Update => "UPDATE",
        /// They stay as they are.
        Ignore => "IGNORE",
    }
}

/// A condition on the tags of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagFilter {
    /// The key.
    pub key: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// Which of the two counts.
    pub filter_type: TagFilterType,
}

impl TagFilter {
    /// Instances that have this tag with this value.
    pub fn key_and_value(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), filter_type: TagFilterType::KeyAndValue }
    }

    /// Instances that have this tag with any value.
    pub fn key_only(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), value: None, filter_type: TagFilterType::KeyOnly }
    }

    /// Instances that have any tag with this value.
    pub fn value_only(value: impl Into<String>) -> Self {
        Self { key: None, value: Some(value.into()), filter_type: TagFilterType::ValueOnly }
    }

    /// Whether a tag meets the condition.
    #[must_use]
    pub fn matches(&self, key: &str, value: &str) -> bool {
        let (same_key, same_value) = (self.key.as_deref() == Some(key), self.value.as_deref() == Some(value));
        match self.filter_type {
            TagFilterType::KeyOnly => same_key,
            TagFilterType::ValueOnly => same_value,
            TagFilterType::KeyAndValue => same_key && same_value,
            TagFilterType::Unknown(_) => false,
        }
    }
}

/// An SNS topic that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trigger {
    /// Its name in the group.
    pub name: String,
    /// The topic's ARN.
    pub target_arn: String,
    /// What it is told of.
    pub events: Vec<TriggerEvent>,
}

impl Trigger {
    /// A trigger.
    pub fn new(
        name: impl Into<String>,
        target_arn: impl Into<String>,
        events: impl IntoIterator<Item = TriggerEvent>,
    ) -> Self {
        Self { name: name.into(), target_arn: target_arn.into(), events: events.into_iter().collect() }
    }
}

/// The CloudWatch alarms that stop a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarms {
    /// Whether they count.
    pub enabled: bool,
    /// Whether deployments go on when the state of the alarms cannot be read.
    pub ignore_poll_failure: bool,
    /// At most ten names.
    pub names: Vec<String>,
}

impl Alarms {
    /// These alarms, enabled.
    pub fn new<I: Into<String>>(names: impl IntoIterator<Item = I>) -> Self {
        Self { enabled: true, ignore_poll_failure: false, names: names.into_iter().map(Into::into).collect() }
    }
}

/// Two target groups between which an ECS deployment moves the traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetGroupPair {
    /// The names of the two.
    pub target_groups: Vec<String>,
    /// The listener that serves.
    pub prod_listener_arns: Vec<String>,
    /// The listener for validation, if there is one.
    pub test_listener_arns: Vec<String>,
}

impl TargetGroupPair {
    /// A pair behind a listener.
    pub fn new(blue: impl Into<String>, green: impl Into<String>, listener_arn: impl Into<String>) -> Self {
        Self {
            target_groups: vec![blue.into(), green.into()],
            prod_listener_arns: vec![listener_arn.into()],
            test_listener_arns: Vec::new(),
        }
    }

    /// Adds a listener for validation: without one AfterAllowTestTraffic hooks do not run.
    #[must_use]
    pub fn with_test_listener(mut self, listener_arn: impl Into<String>) -> Self {
        self.test_listener_arns = vec![listener_arn.into()];
        self
    }
}

/// What takes traffic away from instances and gives it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadBalancers {
    /// Names of Classic Load Balancers.
    pub elbs: Vec<String>,
    /// Names of target groups (EC2).
    pub target_groups: Vec<String>,
    /// Pairs of target groups (ECS).
    pub target_group_pairs: Vec<TargetGroupPair>,
}

impl LoadBalancers {
    /// Classic Load Balancers.
    pub fn classic<I: Into<String>>(names: impl IntoIterator<Item = I>) -> Self {
        Self { elbs: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds target groups.
    #[must_use]
    pub fn with_target_groups<I: Into<String>>(mut self, names: impl IntoIterator<Item = I>) -> Self {
        self.target_groups = names.into_iter().map(Into::into).collect();
        self
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elbs.is_empty() && self.target_groups.is_empty() && self.target_group_pairs.is_empty()
    }
}

/// An ECS service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EcsService {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
}

impl EcsService {
    /// A service of a cluster.
    pub fn new(cluster: impl Into<String>, service: impl Into<String>) -> Self {
        Self { cluster: cluster.into(), service: service.into() }
    }
}

/// How a blue/green deployment moves from the original to the replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlueGreen {
    /// What becomes of a replacement that waits for traffic.
    pub ready_action: ReadyAction,
    /// How long it waits for ContinueDeployment; only with [`ReadyAction::StopDeployment`].
    pub ready_wait: Duration,
    /// What becomes of the original.
    pub termination_action: TerminationAction,
    /// How long the original stays; only with [`TerminationAction::Terminate`].
    pub termination_wait: Duration,
    /// Where the replacement comes from (EC2).
    pub green_fleet: Option<GreenFleet>,
}

impl Default for BlueGreen {
    /// Traffic moves at once, and the original ends at once.
    fn default() -> Self {
        Self {
            ready_action: ReadyAction::ContinueDeployment,
            ready_wait: Duration::ZERO,
            termination_action: TerminationAction::Terminate,
            termination_wait: Duration::ZERO,
            green_fleet: None,
        }
    }
}

impl BlueGreen {
    /// Waits so long for somebody to approve that the traffic moves, and stops if nobody does. The API
    /// counts in minutes.
    #[must_use]
    pub fn with_approval_within(mut self, minutes: u32) -> Self {
        self.ready_action = ReadyAction::StopDeployment;
        self.ready_wait = Duration::from_secs(u64::from(minutes) * MINUTE);
        self
    }

    /// Ends the original so many minutes after the traffic has moved.
    #[must_use]
    pub fn with_termination_after(mut self, minutes: u32) -> Self {
        self.termination_action = TerminationAction::Terminate;
        self.termination_wait = Duration::from_secs(u64::from(minutes) * MINUTE);
        self
    }

    /// Keeps the original.
    #[must_use]
    pub fn with_original_kept(mut self) -> Self {
        self.termination_action = TerminationAction::KeepAlive;
        self.termination_wait = Duration::ZERO;
        self
    }

    /// Says where the replacement comes from.
    #[must_use]
    pub fn with_green_fleet(mut self, green_fleet: GreenFleet) -> Self {
        self.green_fleet = Some(green_fleet);
        self
    }

    /// How long a deployment waits for an approval, if it does.
    #[must_use]
    pub fn approval_wait(&self) -> Option<Duration> {
        (self.ready_action == ReadyAction::StopDeployment).then_some(self.ready_wait)
    }

    /// How long the original stays after the traffic has moved, if it is going to end.
    #[must_use]
    pub fn original_stays(&self) -> Option<Duration> {
        (self.termination_action == TerminationAction::Terminate).then_some(self.termination_wait)
    }
}

/// A deployment group: targets and settings of the deployments to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeploymentGroup {
    /// The application it belongs to.
    pub application_name: String,
    /// Its name.
    pub name: String,
    /// Its id; the service gives it.
    pub id: Option<String>,
    /// What it deploys to; the application says it.
    pub compute_platform: Option<ComputePlatform>,
    /// The role that CodeDeploy takes.
    pub service_role_arn: String,
    /// The configuration of deployments that name none.
    pub deployment_config_name: Option<String>,
    /// Where the new revision goes.
    pub deployment_type: DeploymentType,
    /// Whether a load balancer takes part.
    pub deployment_option: DeploymentOption,
    /// EC2 instances: any filter of each list must match.
    pub ec2_tag_set: Vec<Vec<TagFilter>>,
    /// On-premises instances: any filter of each list must match.
    pub on_premises_tag_set: Vec<Vec<TagFilter>>,
    /// The names of at most ten Auto Scaling groups.
    pub auto_scaling_groups: Vec<String>,
    /// What takes traffic away and gives it back.
    pub load_balancers: LoadBalancers,
    /// The service of an ECS group.
    pub ecs_services: Vec<EcsService>,
    /// How a blue/green deployment goes.
    pub blue_green: Option<BlueGreen>,
    /// At most ten topics.
    pub triggers: Vec<Trigger>,
    /// The alarms that stop a deployment.
    pub alarms: Alarms,
    /// When deployments roll back by themselves; empty: never.
    pub auto_rollback: Vec<AutoRollbackEvent>,
    /// What becomes of instances that were launched meanwhile.
    pub outdated_instances: Option<OutdatedInstances>,
    /// Whether CodeDeploy puts a termination hook into the Auto Scaling groups.
    pub termination_hook_enabled: bool,
}

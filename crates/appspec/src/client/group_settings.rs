//! Setting up a [`DeploymentGroup`], one setting a call.

use super::{
    Alarms, AutoRollbackEvent, BlueGreen, DeploymentGroup, DeploymentOption, DeploymentType, EcsService, LoadBalancers,
    OutdatedInstances, TagFilter, Trigger,
};
use crate::lifecycle::DeploymentKind;

impl DeploymentGroup {
    /// A group without targets: in place, without load balancer, never rolled back.
    pub fn new(
        application_name: impl Into<String>,
        name: impl Into<String>,
        service_role_arn: impl Into<String>,
    ) -> Self {
        Self {
            application_name: application_name.into(),
            name: name.into(),
            id: None,
            compute_platform: None,
            service_role_arn: service_role_arn.into(),
            deployment_config_name: None,
            deployment_type: DeploymentType::InPlace,
            deployment_option: DeploymentOption::WithoutTrafficControl,
            ec2_tag_set: Vec::new(),
            on_premises_tag_set: Vec::new(),
            auto_scaling_groups: Vec::new(),
            load_balancers: LoadBalancers::default(),
            ecs_services: Vec::new(),
            blue_green: None,
            triggers: Vec::new(),
            alarms: Alarms::default(),
            auto_rollback: Vec::new(),
            outdated_instances: None,
            termination_hook_enabled: false,
        }
    }

    /// Takes this configuration for deployments that name none.
    #[must_use]
    pub fn with_config(mut self, name: impl Into<String>) -> Self {
        self.deployment_config_name = Some(name.into());
        self
    }

    /// Deploys to EC2 instances with any of these tags. Called again, instances must also have one of
    /// the further tags.
    #[must_use]
    pub fn with_ec2_tags(mut self, filters: impl IntoIterator<Item = TagFilter>) -> Self {
        self.ec2_tag_set.push(filters.into_iter().collect());
        self
    }

    /// Deploys to on-premises instances with any of these tags. Called again, instances must also have
    /// one of the further tags.
    #[must_use]
    pub fn with_on_premises_tags(mut self, filters: impl IntoIterator<Item = TagFilter>) -> Self {
        self.on_premises_tag_set.push(filters.into_iter().collect());
        self
    }

    /// Deploys to the instances of these Auto Scaling groups.
    #[must_use]
    pub fn with_auto_scaling_groups<I: Into<String>>(mut self, names: impl IntoIterator<Item = I>) -> Self {
        self.auto_scaling_groups = names.into_iter().map(Into::into).collect();
        self
    }

    /// Lets a load balancer take traffic away and give it back.
    #[must_use]
    pub fn with_load_balancers(mut self, load_balancers: LoadBalancers) -> Self {
        self.load_balancers = load_balancers;
        self.deployment_option = DeploymentOption::WithTrafficControl;
        self
    }

    /// Lets a target group take instances out and in.
    #[must_use]
    pub fn with_target_group(self, name: impl Into<String>) -> Self {
        self.with_load_balancers(LoadBalancers { target_groups: vec![name.into()], ..LoadBalancers::default() })
    }

    /// Deploys to an ECS service, whose traffic moves between a pair of target groups.
    #[must_use]
    pub fn with_ecs_service(mut self, service: EcsService, pair: super::TargetGroupPair) -> Self {
        self.ecs_services = vec![service];
        let load_balancers = LoadBalancers { target_group_pairs: vec![pair], ..LoadBalancers::default() };
        let blue_green = self.blue_green.take().unwrap_or_default();
        self.with_load_balancers(load_balancers).with_blue_green(blue_green)
    }

    /// Deploys to a replacement instead of in place.
    #[must_use]
    pub fn with_blue_green(mut self, blue_green: BlueGreen) -> Self {
        self.deployment_type = DeploymentType::BlueGreen;
        self.deployment_option = DeploymentOption::WithTrafficControl;
        self.blue_green = Some(blue_green);
        self
    }

    /// Tells topics of events.
    #[must_use]
    pub fn with_triggers(mut self, triggers: impl IntoIterator<Item = Trigger>) -> Self {
        self.triggers = triggers.into_iter().collect();
        self
    }

    /// Stops on these alarms.
    #[must_use]
    pub fn with_alarms(mut self, alarms: Alarms) -> Self {
        self.alarms = alarms;
        self
    }

    /// Rolls back on these events.
    #[must_use]
    pub fn with_auto_rollback(mut self, events: impl IntoIterator<Item = AutoRollbackEvent>) -> Self {
        self.auto_rollback = events.into_iter().collect();
        self
    }

    /// Says what becomes of instances that were launched while a deployment ran.
    #[must_use]
    pub fn with_outdated_instances(mut self, strategy: OutdatedInstances) -> Self {
        self.outdated_instances = Some(strategy);
        self
    }

    /// Puts a termination hook into the Auto Scaling groups.
    #[must_use]
    pub fn with_termination_hook(mut self) -> Self {
        self.termination_hook_enabled = true;
        self
    }

    /// Whether a load balancer takes part, so that the traffic events happen.
    #[must_use]
    pub fn has_traffic_control(&self) -> bool {
        self.deployment_option == DeploymentOption::WithTrafficControl && !self.load_balancers.is_empty()
    }

    /// Whether an ECS deployment has a listener for validation, so that AfterAllowTestTraffic hooks run.
    #[must_use]
    pub fn has_test_listener(&self) -> bool {
        self.load_balancers.target_group_pairs.iter().any(|pair| !pair.test_listener_arns.is_empty())
    }

    /// The kind of an EC2/on-premises deployment to this group, which decides its lifecycle events.
    #[must_use]
    pub fn server_kind(&self) -> DeploymentKind {
        match (&self.deployment_type, self.has_traffic_control()) {
            (DeploymentType::BlueGreen, _) => DeploymentKind::BlueGreen,
            (_, true) => DeploymentKind::InPlaceWithLoadBalancer,
            (_, false) => DeploymentKind::InPlace,
        }
    }
}

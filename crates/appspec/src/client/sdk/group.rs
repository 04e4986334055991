//! Deployment groups, there and back.

use std::time::Duration;

use aws_sdk_codedeploy::types;

use super::{auto_rollback_from_sdk, auto_rollback_to_sdk};
use crate::client::{
    Alarms, BlueGreen, DeploymentGroup, EcsService, LoadBalancers, ReadyAction, TagFilter, TagFilterType,
    TargetGroupPair, TerminationAction, Trigger,
};

/// Every setting as CreateDeploymentGroup and UpdateDeploymentGroup take it. A list that is empty is
/// written: an update that leaves it out would keep what was there.
pub(super) struct Settings {
    pub(super) ec2_tag_set: types::Ec2TagSet,
    pub(super) on_premises_tag_set: types::OnPremisesTagSet,
    pub(super) triggers: Vec<types::TriggerConfig>,
    pub(super) alarms: types::AlarmConfiguration,
    pub(super) auto_rollback: types::AutoRollbackConfiguration,
    pub(super) style: types::DeploymentStyle,
    pub(super) blue_green: Option<types::BlueGreenDeploymentConfiguration>,
    pub(super) load_balancers: Option<types::LoadBalancerInfo>,
    pub(super) ecs_services: Vec<types::EcsService>,
    pub(super) outdated_instances: Option<types::OutdatedInstancesStrategy>,
}

pub(super) fn settings(group: &DeploymentGroup) -> Settings {
    let ec2 = |filters: &Vec<TagFilter>| filters.iter().map(ec2_filter).collect::<Vec<_>>();
    let on_premises = |filters: &Vec<TagFilter>| filters.iter().map(tag_filter).collect::<Vec<_>>();
    let style = types::DeploymentStyle::builder()
        .deployment_type(types::DeploymentType::from(group.deployment_type.as_str()))
        .deployment_option(types::DeploymentOption::from(group.deployment_option.as_str()))
        .build();
    let service = |service: &EcsService| {
        types::EcsService::builder().cluster_name(&service.cluster).service_name(&service.service).build()
    };
    let strategy = group.outdated_instances.as_ref();
    Settings {
        ec2_tag_set: types::Ec2TagSet::builder()
            .set_ec2_tag_set_list(Some(group.ec2_tag_set.iter().map(ec2).collect()))
            .build(),
        on_premises_tag_set: types::OnPremisesTagSet::builder()
            .set_on_premises_tag_set_list(Some(group.on_premises_tag_set.iter().map(on_premises).collect()))
            .build(),
        triggers: group.triggers.iter().map(trigger).collect(),
        alarms: alarms(&group.alarms),
        auto_rollback: auto_rollback_to_sdk(&group.auto_rollback),
        style,
        blue_green: group.blue_green.as_ref().map(blue_green),
        load_balancers: (!group.load_balancers.is_empty()).then(|| load_balancers(&group.load_balancers)),
        ecs_services: group.ecs_services.iter().map(service).collect(),
        outdated_instances: strategy.map(|strategy| types::OutdatedInstancesStrategy::from(strategy.as_str())),
    }
}

fn ec2_filter(filter: &TagFilter) -> types::Ec2TagFilter {
    types::Ec2TagFilter::builder()
        .set_key(filter.key.clone())
        .set_value(filter.value.clone())
        .r#type(types::Ec2TagFilterType::from(filter.filter_type.as_str()))
        .build()
}

fn tag_filter(filter: &TagFilter) -> types::TagFilter {
    types::TagFilter::builder()
        .set_key(filter.key.clone())
        .set_value(filter.value.clone())
        .r#type(types::TagFilterType::from(filter.filter_type.as_str()))
        .build()
}

fn trigger(trigger: &Trigger) -> types::TriggerConfig {
    let events = trigger.events.iter().map(|event| types::TriggerEventType::from(event.as_str())).collect();
    types::TriggerConfig::builder()
        .trigger_name(&trigger.name)
        .trigger_target_arn(&trigger.target_arn)
        .set_trigger_events(Some(events))
        .build()
}

fn alarms(alarms: &Alarms) -> types::AlarmConfiguration {
    let names = alarms.names.iter().map(|name| types::Alarm::builder().name(name).build()).collect();
    types::AlarmConfiguration::builder()
        .enabled(alarms.enabled)
        .ignore_poll_alarm_failure(alarms.ignore_poll_failure)
        .set_alarms(Some(names))
        .build()
}

fn minutes(wait: Duration) -> i32 {
    i32::try_from(wait.as_secs() / 60).unwrap_or(i32::MAX)
}

fn blue_green(settings: &BlueGreen) -> types::BlueGreenDeploymentConfiguration {
    let ready = types::DeploymentReadyOption::builder()
        .action_on_timeout(types::DeploymentReadyAction::from(settings.ready_action.as_str()))
        .wait_time_in_minutes(minutes(settings.ready_wait))
        .build();
    let terminate = types::BlueInstanceTerminationOption::builder()
        .action(types::InstanceAction::from(settings.termination_action.as_str()))
        .termination_wait_time_in_minutes(minutes(settings.termination_wait))
        .build();
    let fleet = settings.green_fleet.as_ref().map(|fleet| {
        types::GreenFleetProvisioningOption::builder()
            .action(types::GreenFleetProvisioningAction::from(fleet.as_str()))
            .build()
    });
    types::BlueGreenDeploymentConfiguration::builder()
        .deployment_ready_option(ready)
        .terminate_blue_instances_on_deployment_success(terminate)
        .set_green_fleet_provisioning_option(fleet)
        .build()
}

fn load_balancers(balancers: &LoadBalancers) -> types::LoadBalancerInfo {
    let target_group = |name: &String| types::TargetGroupInfo::builder().name(name).build();
    let route = |arns: &[String]| types::TrafficRoute::builder().set_listener_arns(Some(arns.to_vec())).build();
    let pair = |pair: &TargetGroupPair| {
        let test = (!pair.test_listener_arns.is_empty()).then(|| route(&pair.test_listener_arns));
        types::TargetGroupPairInfo::builder()
            .set_target_groups(Some(pair.target_groups.iter().map(target_group).collect()))
            .prod_traffic_route(route(&pair.prod_listener_arns))
            .set_test_traffic_route(test)
            .build()
    };
    let elbs: Vec<_> = balancers.elbs.iter().map(|name| types::ElbInfo::builder().name(name).build()).collect();
    let groups: Vec<_> = balancers.target_groups.iter().map(target_group).collect();
    let pairs: Vec<_> = balancers.target_group_pairs.iter().map(pair).collect();
    types::LoadBalancerInfo::builder()
        .set_elb_info_list(Some(elbs).filter(|list| !list.is_empty()))
        .set_target_group_info_list(Some(groups).filter(|list| !list.is_empty()))
        .set_target_group_pair_info_list(Some(pairs).filter(|list| !list.is_empty()))
        .build()
}

pub(super) fn group_from_sdk(info: types::DeploymentGroupInfo) -> DeploymentGroup {
    let mut group = DeploymentGroup::new(
        info.application_name.unwrap_or_default(),
        info.deployment_group_name.unwrap_or_default(),
        info.service_role_arn.unwrap_or_default(),
    );
    group.id = info.deployment_group_id;
    group.compute_platform = info.compute_platform.map(|platform| platform.as_str().into());
    group.deployment_config_name = info.deployment_config_name;
    if let Some(style) = info.deployment_style {
        if let Some(kind) = style.deployment_type {
            group.deployment_type = kind.as_str().into();
        }
        if let Some(option) = style.deployment_option {
            group.deployment_option = option.as_str().into();
        }
    }
    let flat = info.ec2_tag_filters.unwrap_or_default().into_iter().map(ec2_filter_from_sdk).collect::<Vec<_>>();
    let set = info.ec2_tag_set.and_then(|set| set.ec2_tag_set_list).unwrap_or_default();
    let set = set.into_iter().map(|list| list.into_iter().map(ec2_filter_from_sdk).collect());
    group.ec2_tag_set = lists(flat, set);
    let flat = info.on_premises_instance_tag_filters.unwrap_or_default();
    let flat = flat.into_iter().map(tag_filter_from_sdk).collect::<Vec<_>>();
    let set = info.on_premises_tag_set.and_then(|set| set.on_premises_tag_set_list).unwrap_or_default();
    let set = set.into_iter().map(|list| list.into_iter().map(tag_filter_from_sdk).collect());
    group.on_premises_tag_set = lists(flat, set);
    let scaling = info.auto_scaling_groups.unwrap_or_default();
    group.auto_scaling_groups = scaling.into_iter().filter_map(|group| group.name).collect();
    group.load_balancers = info.load_balancer_info.map(load_balancers_from_sdk).unwrap_or_default();
    let services = info.ecs_services.unwrap_or_default();
    group.ecs_services = services
        .into_iter()
        .map(|s| EcsService::new(s.cluster_name.unwrap_or_default(), s.service_name.unwrap_or_default()))
        .collect();
    // An object without anything in it says what no object says.
    let blue_green = info.blue_green_deployment_configuration;
    let said = blue_green.filter(|sdk| *sdk != types::BlueGreenDeploymentConfiguration::builder().build());
    group.blue_green = said.map(blue_green_from_sdk);
    group.triggers = info.trigger_configurations.unwrap_or_default().into_iter().map(trigger_from_sdk).collect();
    if let Some(alarms) = info.alarm_configuration {
        group.alarms = Alarms {
            enabled: alarms.enabled,
            ignore_poll_failure: alarms.ignore_poll_alarm_failure,
            names: alarms.alarms.unwrap_or_default().into_iter().filter_map(|alarm| alarm.name).collect(),
        };
    }
    group.auto_rollback = auto_rollback_from_sdk(info.auto_rollback_configuration);
    group.outdated_instances = info.outdated_instances_strategy.map(|strategy| strategy.as_str().into());
    group.termination_hook_enabled = info.termination_hook_enabled;
    group
}

/// A flat list means what a list of lists with one list means.
fn lists(flat: Vec<TagFilter>, set: impl Iterator<Item = Vec<TagFilter>>) -> Vec<Vec<TagFilter>> {
    Some(flat).filter(|list| !list.is_empty()).into_iter().chain(set).collect()
}

fn filter(key: Option<String>, value: Option<String>, kind: Option<&str>) -> TagFilter {
    TagFilter { key, value, filter_type: kind.map_or(TagFilterType::KeyAndValue, TagFilterType::from) }
}

fn ec2_filter_from_sdk(sdk: types::Ec2TagFilter) -> TagFilter {
    filter(sdk.key, sdk.value, sdk.r#type.as_ref().map(types::Ec2TagFilterType::as_str))
}

fn tag_filter_from_sdk(sdk: types::TagFilter) -> TagFilter {
    filter(sdk.key, sdk.value, sdk.r#type.as_ref().map(types::TagFilterType::as_str))
}

fn trigger_from_sdk(sdk: types::TriggerConfig) -> Trigger {
    let events = sdk.trigger_events.unwrap_or_default();
    let events: Vec<_> = events.iter().map(|event| event.as_str().into()).collect();
    Trigger::new(sdk.trigger_name.unwrap_or_default(), sdk.trigger_target_arn.unwrap_or_default(), events)
}

fn load_balancers_from_sdk(info: types::LoadBalancerInfo) -> LoadBalancers {
    let names = |groups: Option<Vec<types::TargetGroupInfo>>| {
        groups.unwrap_or_default().into_iter().filter_map(|group| group.name).collect::<Vec<_>>()
    };
    let arns = |route: Option<types::TrafficRoute>| route.and_then(|route| route.listener_arns).unwrap_or_default();
    let pair = |pair: types::TargetGroupPairInfo| TargetGroupPair {
        target_groups: names(pair.target_groups),
        prod_listener_arns: arns(pair.prod_traffic_route),
        test_listener_arns: arns(pair.test_traffic_route),
    };
    LoadBalancers {
        elbs: info.elb_info_list.unwrap_or_default().into_iter().filter_map(|elb| elb.name).collect(),
        target_groups: names(info.target_group_info_list),
        target_group_pairs: info.target_group_pair_info_list.unwrap_or_default().into_iter().map(pair).collect(),
    }
}

fn blue_green_from_sdk(sdk: types::BlueGreenDeploymentConfiguration) -> BlueGreen {
    let wait = |minutes: i32| Duration::from_secs(u64::try_from(minutes).unwrap_or_default() * 60);
    let mut read = BlueGreen::default();
    if let Some(ready) = sdk.deployment_ready_option {
        let action = ready.action_on_timeout.as_ref().map(types::DeploymentReadyAction::as_str);
        read.ready_action = action.map_or(ReadyAction::ContinueDeployment, ReadyAction::from);
        read.ready_wait = wait(ready.wait_time_in_minutes);
    }
    if let Some(terminate) = sdk.terminate_blue_instances_on_deployment_success {
        let action = terminate.action.as_ref().map(types::InstanceAction::as_str);
        read.termination_action = action.map_or(TerminationAction::Terminate, TerminationAction::from);
        read.termination_wait = wait(terminate.termination_wait_time_in_minutes);
    }
    let fleet = sdk.green_fleet_provisioning_option.and_then(|option| option.action);
    read.green_fleet = fleet.map(|action| action.as_str().into());
    read
}

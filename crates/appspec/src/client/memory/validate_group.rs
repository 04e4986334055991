//! What the service refuses in a deployment group: limits and combinations, in its own codes.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_call::{Arn, CallError};

use super::{World, refuse, validate};
use crate::client::{
    BlueGreen, ComputePlatform, DeploymentGroup, DeploymentOption, DeploymentType, LoadBalancers, TagFilter, Trigger,
    TriggerEvent,
};

const MOST_TRIGGERS: usize = 10;
const MOST_ALARMS: usize = 10;
const LONGEST_ALARM: usize = 255;
const MOST_SCALING_GROUPS: usize = 10;
const MOST_TAG_LISTS: usize = 3;
const MOST_TAGS: usize = 10;
/// Of a wait before traffic moves or the original ends: two days.
const LONGEST_WAIT: Duration = Duration::from_secs(2880 * 60);

pub(super) fn group(
    operation: &'static str,
    world: &World,
    group: &DeploymentGroup,
    platform: &ComputePlatform,
) -> Result<(), CallError> {
    validate::group_name(operation, &group.name)?;
    if group.service_role_arn.is_empty() {
        return refuse(operation, "RoleRequiredException", "The role ID was not specified.");
    }
    let role = Arn::parse(&group.service_role_arn).ok().filter(|arn| arn.service() == "iam");
    if role.is_none() {
        let message = "The service role ARN was specified in an invalid format. Or, if an Auto Scaling group was specified, the specified service role does not grant the appropriate permissions to Amazon EC2 Auto Scaling.";
        return refuse(operation, "InvalidRoleException", message);
    }
    validate::config(operation, world, group.deployment_config_name.as_deref(), platform)?;
    style(operation, group, platform)?;
    tags(operation, &group.ec2_tag_set, "InvalidEC2TagException")?;
    tags(operation, &group.on_premises_tag_set, "InvalidTagException")?;
    if group.auto_scaling_groups.len() > MOST_SCALING_GROUPS || group.auto_scaling_groups.iter().any(String::is_empty) {
        let message = "The Auto Scaling group was specified in an invalid format or does not exist.";
        return refuse(operation, "InvalidAutoScalingGroupException", message);
    }
    triggers(operation, &group.triggers)?;
    alarms(operation, &group.alarms.names)?;
    group.blue_green.as_ref().map_or(Ok(()), |blue_green| waits(operation, blue_green))
}

fn style(operation: &'static str, group: &DeploymentGroup, platform: &ComputePlatform) -> Result<(), CallError> {
    let style = |message: &str| refuse(operation, "InvalidDeploymentStyleException", message);
    if matches!(group.deployment_type, DeploymentType::Unknown(_))
        || matches!(group.deployment_option, DeploymentOption::Unknown(_))
    {
        return style(
            "An invalid deployment style was specified. Valid deployment types include \"IN_PLACE\" and \"BLUE_GREEN.\" Valid deployment options include \"WITH_TRAFFIC_CONTROL\" and \"WITHOUT_TRAFFIC_CONTROL.\"",
        );
    }
    let is_blue_green = group.deployment_type == DeploymentType::BlueGreen;
    let has_control = group.deployment_option == DeploymentOption::WithTrafficControl;
    let served = matches!(platform, ComputePlatform::Ecs | ComputePlatform::Lambda);
    if served && !(is_blue_green && has_control) {
        return style(
            "For ECS and Lambda deployment groups, deployment type can be BLUE_GREEN only and deployment option can be WITH_TRAFFIC_CONTROL only.",
        );
    }
    if is_blue_green && !has_control {
        return style("Blue/green deployments need the deployment option WITH_TRAFFIC_CONTROL.");
    }
    let balancers = |code: &str, message: &str| refuse(operation, code, message);
    let LoadBalancers { elbs, target_groups, target_group_pairs } = &group.load_balancers;
    if *platform == ComputePlatform::Server && has_control && group.load_balancers.is_empty() {
        return balancers(
            "LoadBalancerInfoRequiredException",
            "A load balancer is required for this deployment style.",
        );
    }
    if *platform != ComputePlatform::Server && !(elbs.is_empty() && target_groups.is_empty()) {
        let message = "An invalid load balancer name, or no load balancer name, was specified.";
        return balancers("InvalidLoadBalancerInfoException", message);
    }
    if *platform == ComputePlatform::Ecs {
        if group.ecs_services.len() > 1 {
            let message = "The Amazon ECS service is associated with more than one deployment groups. An Amazon ECS service can be associated with only one deployment group.";
            return balancers("ECSServiceMappingLimitExceededException", message);
        }
        if group.ecs_services.iter().any(|service| service.cluster.is_empty() || service.service.is_empty())
            || group.ecs_services.is_empty()
        {
            return balancers("InvalidECSServiceException", "The Amazon ECS service identifier is not valid.");
        }
        let sound = |pair: &crate::client::TargetGroupPair| {
            pair.target_groups.len() == 2 && pair.prod_listener_arns.len() == 1 && pair.test_listener_arns.len() < 2
        };
        if target_group_pairs.len() != 1 || !target_group_pairs.iter().all(sound) {
            return balancers(
                "InvalidTargetGroupPairException",
                "A target group pair associated with this deployment is not valid.",
            );
        }
    } else if !group.ecs_services.is_empty() {
        return balancers("InvalidECSServiceException", "The Amazon ECS service identifier is not valid.");
    }
    Ok(())
}

fn tags(operation: &'static str, set: &[Vec<TagFilter>], invalid: &str) -> Result<(), CallError> {
    if set.len() > MOST_TAG_LISTS {
        let message = "The number of tag groups included in the tag set list exceeded the maximum allowed limit of 3.";
        return refuse(operation, "TagSetListLimitExceededException", message);
    }
    if set.iter().map(Vec::len).sum::<usize>() > MOST_TAGS {
        return refuse(operation, "TagLimitExceededException", "The maximum allowed number of tags was exceeded.");
    }
    if set.iter().any(Vec::is_empty) {
        return refuse(operation, invalid, "The tag was specified in an invalid format.");
    }
    Ok(())
}

fn triggers(operation: &'static str, triggers: &[Trigger]) -> Result<(), CallError> {
    if triggers.len() > MOST_TRIGGERS {
        let message = "The maximum allowed number of triggers was exceeded.";
        return refuse(operation, "TriggerTargetsLimitExceededException", message);
    }
    let names: BTreeSet<_> = triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    let sound = |trigger: &Trigger| {
        let known = |event: &TriggerEvent| !matches!(event, TriggerEvent::Unknown(_));
        let topic = Arn::parse(&trigger.target_arn).is_ok_and(|arn| arn.service() == "sns");
        !trigger.name.is_empty() && topic && !trigger.events.is_empty() && trigger.events.iter().all(known)
    };
    if names.len() < triggers.len() || !triggers.iter().all(sound) {
        let message = "The trigger was specified in an invalid format.";
        return refuse(operation, "InvalidTriggerConfigException", message);
    }
    Ok(())
}

fn alarms(operation: &'static str, names: &[String]) -> Result<(), CallError> {
    if names.len() > MOST_ALARMS {
        let message = "The maximum number of alarms for a deployment group (10) was exceeded.";
        return refuse(operation, "AlarmsLimitExceededException", message);
    }
    let different: BTreeSet<_> = names.iter().collect();
    let sound = |name: &String| (1..=LONGEST_ALARM).contains(&name.chars().count());
    if different.len() < names.len() || !names.iter().all(sound) {
        let message = "The format of the alarm configuration is invalid. Possible causes include: The alarm list is null. The alarm object is null. The alarm name is empty or null or exceeds the limit of 255 characters. Two alarms with the same name have been specified. The alarm configuration is enabled, but the alarm list is empty.";
        return refuse(operation, "InvalidAlarmConfigException", message);
    }
    Ok(())
}

fn waits(operation: &'static str, blue_green: &BlueGreen) -> Result<(), CallError> {
    let refused = |message: &str| refuse(operation, "InvalidBlueGreenDeploymentConfigurationException", message);
    if blue_green.ready_wait > LONGEST_WAIT || blue_green.termination_wait > LONGEST_WAIT {
        return refused(
            "The configuration for the blue/green deployment group was provided in an invalid format: waits are from 0 to 2880 minutes.",
        );
    }
    if blue_green.approval_wait().is_none() && !blue_green.ready_wait.is_zero() {
        return refused(
            "The configuration for the blue/green deployment group was provided in an invalid format: a wait before rerouting belongs to STOP_DEPLOYMENT.",
        );
    }
    if blue_green.original_stays().is_none() && !blue_green.termination_wait.is_zero() {
        return refused(
            "The configuration for the blue/green deployment group was provided in an invalid format: a wait before termination belongs to TERMINATE.",
        );
    }
    Ok(())
}

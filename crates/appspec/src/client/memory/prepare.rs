//! What a deployment of the in-memory service is going to do: its targets, its AppSpec, its waits.

use std::time::SystemTime;

use spec_report::Levels;

use super::entry::Entry;
use super::{Instance, World, validate};
use crate::client::{
    ComputePlatform, Deployment, DeploymentGroup, DeploymentStatus, ErrorInformation, RevisionLocation, TagFilter,
};
use crate::config::{ConfigRule, DeploymentConfig, MinimumHealthyHosts};
use crate::engine::{Course, Member, Pace, Run};
use crate::lifecycle::DeploymentKind;
use crate::model::AppSpec;
use crate::rules::{Subject, check};

/// The entry of a rollback: on hosts, only what the failed deployment touched goes back.
pub(super) fn entry(
    world: &World,
    deployment: Deployment,
    group: DeploymentGroup,
    failed: &Run,
    pace: Pace,
    now: SystemTime,
) -> Entry {
    let mut entry = first_entry(world, deployment, group, None, pace, now);
    let mut course = entry.run.course.clone();
    if course.kind == DeploymentKind::BlueGreen {
        course.kind = DeploymentKind::BlueGreenRollback;
    }
    course.is_rollback = true;
    course.approval_wait = None;
    course.termination_wait = None;
    if !course.is_served() {
        let touched = |name: &str| failed.events.iter().any(|record| record.target.as_deref() == Some(name));
        course.hosts.retain(|host| touched(&host.name));
        for host in &mut course.hosts {
            host.healthy = !failed.fleet.failed.contains(&host.name);
        }
    }
    entry.run = Run::start(course, now);
    entry
}

/// The entry of a deployment that somebody created.
pub(super) fn first_entry(
    world: &World,
    mut deployment: Deployment,
    group: DeploymentGroup,
    last_good: Option<&RevisionLocation>,
    pace: Pace,
    now: SystemTime,
) -> Entry {
    let platform = deployment.compute_platform.clone().unwrap_or(ComputePlatform::Server);
    let kind = match platform {
        ComputePlatform::Ecs => DeploymentKind::Ecs,
        ComputePlatform::Lambda => DeploymentKind::Lambda,
        _ => group.server_kind(),
    };
    let config = deployment.deployment_config_name.as_deref().and_then(|name| config(world, name));
    let fallback = ConfigRule::Hosts(MinimumHealthyHosts::MostConcurrency(1));
    let mut course = Course::new(kind, config.map_or(fallback, |config| config.rule), pace);
    course.zonal = config.and_then(|config| config.zonal);
    let (spec, flaw) = load(world, deployment.revision.as_ref(), &platform);
    course.flaw = flaw;
    let hooks = spec.as_ref().map_or(&[][..], AppSpec::function_hooks);
    course.hooks = hooks.iter().map(|hook| (hook.event.value.clone(), hook.function.value.clone())).collect();
    if !course.is_served() {
        let member =
            |instance: &Instance| Member { name: instance.id.clone(), zone: instance.zone.clone(), healthy: true };
        course.hosts = world.instances.iter().filter(|instance| belongs(instance, &group)).map(member).collect();
    }
    course.approval_wait = group.blue_green.as_ref().and_then(|settings| settings.approval_wait());
    course.termination_wait = group.blue_green.as_ref().and_then(|settings| settings.original_stays());
    course.test_listener = group.has_test_listener();
    course.auto_rollback.clone_from(&deployment.auto_rollback);
    // The original instances of a replacement are others: their scripts are not the group's.
    let keeps_revisions = matches!(kind, DeploymentKind::InPlace | DeploymentKind::InPlaceWithLoadBalancer);
    let previous = last_good.filter(|_| keeps_revisions).and_then(|good| load(world, Some(good), &platform).0);
    deployment.status = DeploymentStatus::Created;
    Entry { deployment, group, run: Run::start(course, now), spec, previous, executions: Vec::new() }
}

/// A configuration by its name, predefined or custom.
pub(super) fn config<'w>(world: &'w World, name: &str) -> Option<&'w DeploymentConfig> {
    crate::config::predefined(name).or_else(|| world.configs.get(name))
}

/// Whether a group deploys to an instance: it is in one of its Auto Scaling groups, or has a tag of
/// every list of its kind.
fn belongs(instance: &Instance, group: &DeploymentGroup) -> bool {
    let scaled = instance.auto_scaling_group.as_ref().is_some_and(|name| group.auto_scaling_groups.contains(name));
    let set = if instance.on_premises { &group.on_premises_tag_set } else { &group.ec2_tag_set };
    let any = |list: &Vec<TagFilter>| {
        list.iter().any(|filter| instance.tags.iter().any(|(key, value)| filter.matches(key, value)))
    };
    scaled || (!set.is_empty() && set.iter().all(any))
}

/// The AppSpec of a revision, or why it cannot be deployed.
fn load(
    world: &World,
    revision: Option<&RevisionLocation>,
    platform: &ComputePlatform,
) -> (Option<AppSpec>, Option<ErrorInformation>) {
    let text = match revision {
        Some(RevisionLocation::AppSpecContent { content, .. }) => Some(content.as_str()),
        Some(location) => world.revisions.iter().find(|(known, _)| known == location).map(|(_, text)| text.as_str()),
        None => None,
    };
    let Some(text) = text else {
        let message = "The deployment failed because the revision could not be found at the given location.";
        return (None, Some(ErrorInformation::new("REVISION_MISSING", message)));
    };
    let parsed = crate::read::read_as(validate::content_source(text), validate::kind(platform));
    let levels = Levels::default().allow("appspec/file-name");
    let subject = Subject::new(parsed);
    let report = check(&subject, &levels);
    let error = report.iter().find(|found| found.severity == spec_report::Severity::Error);
    let flaw = error.map(|found| {
        let message =
            found.help.as_deref().and_then(|help| help.strip_prefix("the agent says: ")).unwrap_or(&found.message);
        ErrorInformation::new("INVALID_REVISION", message)
    });
    (subject.parsed.value, flaw)
}

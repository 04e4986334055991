//! The lifecycle of every deployment type as data.
//!
//! One table per deployment type says which events happen in which order, on which fleet, whether
//! an AppSpec hook runs there, and from which revision that hook comes. The checker, the in-memory
//! service and every simulator read these tables, so they cannot disagree about an event.

use std::fmt;

/// A kind of deployment that has its own order of lifecycle events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DeploymentKind {
    /// EC2/on-premises, the instances that serve are updated where they are.
    InPlace,
    /// As [`DeploymentKind::InPlace`], and a load balancer takes each instance out and in again.
    InPlaceWithLoadBalancer,
    /// EC2, a replacement fleet takes over from the original one.
    BlueGreen,
    /// The way back of [`DeploymentKind::BlueGreen`]: traffic returns to the original fleet.
    BlueGreenRollback,
    /// A new task set of an Amazon ECS service.
    Ecs,
    /// A new version behind the alias of a Lambda function.
    Lambda,
}

impl DeploymentKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::InPlace,
        Self::InPlaceWithLoadBalancer,
        Self::BlueGreen,
        Self::BlueGreenRollback,
        Self::Ecs,
        Self::Lambda,
    ];

    /// The kinds that an EC2/on-premises AppSpec can meet.
    pub const SERVER: &'static [Self] =
        &[Self::InPlace, Self::InPlaceWithLoadBalancer, Self::BlueGreen, Self::BlueGreenRollback];

    /// The events of this kind in the order in which they happen.
    #[must_use]
    pub fn events(self) -> &'static [LifecycleEvent] {
        match self {
            Self::InPlace => IN_PLACE,
            Self::InPlaceWithLoadBalancer => IN_PLACE_WITH_LOAD_BALANCER,
            Self::BlueGreen => BLUE_GREEN,
            Self::BlueGreenRollback => BLUE_GREEN_ROLLBACK,
            Self::Ecs => ECS,
            Self::Lambda => LAMBDA,
        }
    }

    /// The event of this kind with exactly this name.
    #[must_use]
    pub fn event(self, name: &str) -> Option<&'static LifecycleEvent> {
        self.events().iter().find(|event| event.name == name)
    }

    /// The names of the events in which a hook runs.
    pub fn scriptable(self) -> impl Iterator<Item = &'static str> {
        self.events().iter().filter(|event| event.scriptable).map(|event| event.name)
    }
}

impl fmt::Display for DeploymentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InPlace => "in-place without load balancer",
            Self::InPlaceWithLoadBalancer => "in-place with load balancer",
            Self::BlueGreen => "blue/green",
            Self::BlueGreenRollback => "blue/green rollback",
            Self::Ecs => "ECS",
            Self::Lambda => "Lambda",
        })
    }
}

/// Where an event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fleet {
    /// The instances that are updated where they are.
    InPlace,
    /// The instances that served before a blue/green deployment.
    Original,
    /// The instances that serve after a blue/green deployment.
    Replacement,
    /// No instance: CodeDeploy itself calls a Lambda function.
    Service,
}

/// Which revision supplies the scripts of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RevisionSource {
    /// The revision of this deployment.
    Current,
    /// The last revision whose Install event succeeded on the instance. On a first deployment there
    /// is none and nothing runs.
    LastSuccessful,
    /// The last revision that was tried on the instance, whatever became of it.
    MostRecent,
}

/// One line of a lifecycle table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LifecycleEvent {
    /// The event's name as an AppSpec spells it.
    pub name: &'static str,
    /// Where it happens.
    pub fleet: Fleet,
    /// Whether a hook of the AppSpec runs here. The other events belong to the agent or the service.
    pub scriptable: bool,
    /// Which revision the hook comes from.
    pub revision: RevisionSource,
}

const fn hook(name: &'static str, fleet: Fleet, revision: RevisionSource) -> LifecycleEvent {
    LifecycleEvent { name, fleet, scriptable: true, revision }
}

const fn reserved(name: &'static str, fleet: Fleet) -> LifecycleEvent {
    LifecycleEvent { name, fleet, scriptable: false, revision: RevisionSource::Current }
}

use Fleet::{InPlace, Original, Replacement, Service};
use RevisionSource::{Current, LastSuccessful, MostRecent};

const IN_PLACE: &[LifecycleEvent] = &[
    hook("ApplicationStop", InPlace, LastSuccessful),
    reserved("DownloadBundle", InPlace),
    hook("BeforeInstall", InPlace, Current),
    reserved("Install", InPlace),
    hook("AfterInstall", InPlace, Current),
    hook("ApplicationStart", InPlace, Current),
    hook("ValidateService", InPlace, Current),
];

const IN_PLACE_WITH_LOAD_BALANCER: &[LifecycleEvent] = &[
    hook("BeforeBlockTraffic", InPlace, LastSuccessful),
    reserved("BlockTraffic", InPlace),
    hook("AfterBlockTraffic", InPlace, LastSuccessful),
    hook("ApplicationStop", InPlace, LastSuccessful),
    reserved("DownloadBundle", InPlace),
    hook("BeforeInstall", InPlace, Current),
    reserved("Install", InPlace),
    hook("AfterInstall", InPlace, Current),
    hook("ApplicationStart", InPlace, Current),
    hook("ValidateService", InPlace, Current),
    hook("BeforeAllowTraffic", InPlace, Current),
    reserved("AllowTraffic", InPlace),
    hook("AfterAllowTraffic", InPlace, Current),
];

const BLUE_GREEN: &[LifecycleEvent] = &[
    hook("ApplicationStop", Replacement, LastSuccessful),
    reserved("DownloadBundle", Replacement),
    hook("BeforeInstall", Replacement, Current),
    reserved("Install", Replacement),
    hook("AfterInstall", Replacement, Current),
    hook("ApplicationStart", Replacement, Current),
    hook("ValidateService", Replacement, Current),
    hook("BeforeAllowTraffic", Replacement, Current),
    reserved("AllowTraffic", Replacement),
    hook("AfterAllowTraffic", Replacement, Current),
    hook("BeforeBlockTraffic", Original, LastSuccessful),
    reserved("BlockTraffic", Original),
    hook("AfterBlockTraffic", Original, LastSuccessful),
];

// The original fleet still holds its last good revision; the replacement fleet blocks with what was
// tried on it last, even if that never became good.
const BLUE_GREEN_ROLLBACK: &[LifecycleEvent] = &[
    hook("BeforeAllowTraffic", Original, LastSuccessful),
    reserved("AllowTraffic", Original),
    hook("AfterAllowTraffic", Original, LastSuccessful),
    hook("BeforeBlockTraffic", Replacement, MostRecent),
    reserved("BlockTraffic", Replacement),
    hook("AfterBlockTraffic", Replacement, MostRecent),
];

const ECS: &[LifecycleEvent] = &[
    hook("BeforeInstall", Service, Current),
    reserved("Install", Service),
    hook("AfterInstall", Service, Current),
    reserved("AllowTestTraffic", Service),
    hook("AfterAllowTestTraffic", Service, Current),
    hook("BeforeAllowTraffic", Service, Current),
    reserved("AllowTraffic", Service),
    hook("AfterAllowTraffic", Service, Current),
];

const LAMBDA: &[LifecycleEvent] = &[
    hook("BeforeAllowTraffic", Service, Current),
    reserved("AllowTraffic", Service),
    hook("AfterAllowTraffic", Service, Current),
];

/// Every event name that an EC2/on-premises deployment can have, each once, in order of the longest
/// table. Names outside this list make the agent fail at Install.
pub fn server_events() -> impl Iterator<Item = &'static LifecycleEvent> {
    IN_PLACE_WITH_LOAD_BALANCER.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kind: DeploymentKind) -> Vec<&'static str> {
        kind.events().iter().map(|event| event.name).collect()
    }

    #[test]
    fn without_load_balancer_is_with_load_balancer_less_the_six_traffic_events() {
        let mut with = names(DeploymentKind::InPlaceWithLoadBalancer);
        with.retain(|name| !name.contains("Traffic"));
        assert_eq!(with, names(DeploymentKind::InPlace));
        assert_eq!(names(DeploymentKind::InPlaceWithLoadBalancer).len(), with.len() + 6);
    }

    #[test]
    fn blue_green_has_the_events_of_the_load_balancer_in_another_order() {
        let mut blue_green = names(DeploymentKind::BlueGreen);
        let mut in_place = names(DeploymentKind::InPlaceWithLoadBalancer);
        blue_green.sort_unstable();
        in_place.sort_unstable();
        assert_eq!(blue_green, in_place);
    }

    #[test]
    fn the_service_keeps_these_events_to_itself() {
        for kind in DeploymentKind::ALL {
            for event in kind.events() {
                let kept = matches!(
                    event.name,
                    "DownloadBundle" | "Install" | "BlockTraffic" | "AllowTraffic" | "AllowTestTraffic"
                );
                assert_eq!(event.scriptable, !kept, "{kind}: {}", event.name);
            }
        }
    }

    #[test]
    fn no_kind_has_an_event_twice() {
        for kind in DeploymentKind::ALL {
            let mut all = names(*kind);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), kind.events().len(), "{kind}");
        }
    }

    #[test]
    fn stop_and_block_scripts_come_from_the_last_good_revision() {
        for kind in [DeploymentKind::InPlaceWithLoadBalancer, DeploymentKind::BlueGreen] {
            for event in kind.events().iter().filter(|event| event.scriptable) {
                let old = matches!(event.name, "BeforeBlockTraffic" | "AfterBlockTraffic" | "ApplicationStop");
                let expected = if old { LastSuccessful } else { Current };
                assert_eq!(event.revision, expected, "{kind}: {}", event.name);
            }
        }
    }
}

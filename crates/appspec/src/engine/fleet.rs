//! The hosts of an EC2/on-premises deployment: phases, and in each of them batches that leave enough
//! hosts healthy.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Course, Failures, Run, Task};
use crate::client::EventStatus;
use crate::lifecycle::{DeploymentKind, Fleet as Side, LifecycleEvent};

/// A host of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The Availability Zone.
    pub(crate) zone: String,
    /// Whether it counts as healthy before the deployment.
    pub(crate) healthy: bool,
}

/// Events on hosts, batch by batch.
#[derive(Clone, Debug)]
struct Phase {
    events: Vec<&'static LifecycleEvent>,
    pending: VecDeque<String>,
    /// Whether the configuration says how many go at a time; otherwise all do.
    batched: bool,
    /// Whether these hosts take the revision, so that their failures count.
    counts: bool,
    /// In a zonal deployment, the zone and how many hosts it has.
    zone: Option<(String, u32)>,
    /// What follows when all of its hosts are done.
    then: Vec<Task>,
}

/// The hosts of an EC2/on-premises deployment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    phases: VecDeque<Phase>,
    pub(crate) batch: Vec<String>,
    pub(crate) failed: Vec<String>,
    pub(crate) succeeded: Vec<String>,
    pub(crate) total: u32,
    unhealthy: Vec<String>,
    zones: BTreeMap<String, String>,
}

impl Fleet {
    pub(super) fn new(course: &Course) -> Self {
        if course.is_served() {
            return Self::default();
        }
        let mut fleet = Self { total: count(course.hosts.len()), ..Self::default() };
        fleet.zones = course.hosts.iter().map(|host| (host.name.clone(), host.zone.clone())).collect();
        // Hosts that are not healthy already go first: taking them out costs nothing.
        let mut hosts: Vec<&Member> = course.hosts.iter().collect();
        hosts.sort_by_key(|host| host.healthy);
        fleet.unhealthy = hosts.iter().filter(|host| !host.healthy).map(|host| host.name.clone()).collect();
        let names = |hosts: &[&Member]| hosts.iter().map(|host| host.name.clone()).collect::<VecDeque<_>>();
        let events = |keep: &dyn Fn(&LifecycleEvent) -> bool| course.kind.events().iter().filter(|e| keep(e)).collect();
        let traffic = |event: &LifecycleEvent| event.name.contains("Traffic");
        match course.kind {
            DeploymentKind::BlueGreen => {
                let install = events(&|event| event.fleet == Side::Replacement && !traffic(event));
                let allow = events(&|event| event.fleet == Side::Replacement && traffic(event));
                let block = events(&|event| event.fleet == Side::Original);
                let approval = course.approval_wait.map(Task::Approval).into_iter().collect();
                let end = course.termination_wait.map(Task::Termination).into_iter().collect();
                fleet.phase(install, names(&hosts), false, true, approval);
                fleet.phase(allow, names(&hosts), true, true, Vec::new());
                fleet.phase(block, originals(&hosts), false, false, end);
            }
            DeploymentKind::BlueGreenRollback => {
                let allow = events(&|event| event.fleet == Side::Original);
                let block = events(&|event| event.fleet == Side::Replacement);
                fleet.phase(allow, names(&hosts), false, true, Vec::new());
                fleet.phase(block, names(&hosts), false, false, Vec::new());
            }
            _ => match &course.zonal {
                None => fleet.phase(events(&|_| true), names(&hosts), true, true, Vec::new()),
                Some(zonal) => {
                    let mut zones: Vec<&str> = hosts.iter().map(|host| host.zone.as_str()).collect();
                    zones.sort_unstable();
                    zones.dedup();
                    for (index, zone) in zones.iter().enumerate() {
                        let own: Vec<&Member> = hosts.iter().copied().filter(|host| host.zone == *zone).collect();
                        let bake = zonal.bake(index);
                        let bakes = index + 1 < zones.len() && !bake.is_zero();
                        let then = bakes.then(|| Task::Bake((*zone).to_owned(), bake)).into_iter().collect();
                        fleet.phase(events(&|_| true), names(&own), true, true, then);
                        if let Some(phase) = fleet.phases.back_mut() {
                            phase.zone = Some(((*zone).to_owned(), count(own.len())));
                        }
                    }
                }
            },
        }
        fleet
    }

    fn phase(
        &mut self,
        events: Vec<&'static LifecycleEvent>,
        pending: VecDeque<String>,
        batched: bool,
        counts: bool,
        then: Vec<Task>,
    ) {
        self.phases.push_back(Phase { events, pending, batched, counts, zone: None, then });
    }

    /// How many hosts are healthy between two batches.
    pub(crate) fn healthy(&self) -> u32 {
        // A host that failed is not healthy, and one that was not before is until it takes the revision.
        let still = self.unhealthy.iter().filter(|name| !self.succeeded.contains(name) && !self.failed.contains(name));
        self.total.saturating_sub(count(self.failed.len() + still.count()))
    }

    /// Whether a blue/green deployment still installs: no replacement has traffic yet.
    pub(crate) fn is_installing(&self) -> bool {
        self.phases.front().is_some_and(|phase| phase.counts && !phase.batched)
    }

    /// How many hosts serve right now: those of the batch do not.
    pub(crate) fn serving(&self) -> u32 {
        let taken = self.batch.iter().filter(|name| !self.unhealthy.contains(name) || self.succeeded.contains(name));
        self.healthy().saturating_sub(count(taken.count()))
    }

    /// What was under way when a deployment ends did not take the revision.
    pub(super) fn give_up(&mut self) {
        self.failed.append(&mut self.batch);
        self.phases.clear();
    }

    fn healthy_in(&self, zone: &str, total: u32) -> u32 {
        let here = |name: &&String| self.zones.get(*name).is_some_and(|own| own == zone);
        let failed = self.failed.iter().filter(here).count();
        let still = self
            .unhealthy
            .iter()
            .filter(here)
            .filter(|name| !self.succeeded.contains(name) && !self.failed.contains(name));
        total.saturating_sub(count(failed + still.count()))
    }
}

/// The instances that a replacement fleet replaces, under names of their own.
fn originals(hosts: &[&Member]) -> VecDeque<String> {
    hosts.iter().map(|host| original_of(&host.name)).collect()
}

/// The name of the instance that `replacement` takes over from.
pub(crate) fn original_of(replacement: &str) -> String {
    format!("{replacement}-blue")
}

fn count(hosts: usize) -> u32 {
    u32::try_from(hosts).unwrap_or(u32::MAX)
}

impl Run {
    pub(super) fn next_batch(&mut self) {
        let done = std::mem::take(&mut self.fleet.batch);
        let Some(phase) = self.fleet.phases.front() else { return };
        if phase.counts {
            self.fleet.succeeded.extend(done);
        }
        let (minimum, total) = (self.course.minimum(), self.fleet.total);
        let zone = phase.zone.clone();
        let per_zone = self.course.zonal.map(|zonal| zonal.minimum_healthy_hosts_per_zone);
        let impossible_here = match (&zone, per_zone) {
            (Some((_, hosts)), Some(per_zone)) => per_zone.is_impossible(*hosts),
            _ => false,
        };
        if phase.counts && (minimum.is_impossible(total) || impossible_here) {
            self.fail("HEALTH_CONSTRAINTS_INVALID", "The deployment can never succeed because the minimum number of healthy hosts is as large as the deployment group.");
            return;
        }
        if phase.pending.is_empty() {
            self.end_phase();
            return;
        }
        let healthy = self.fleet.healthy();
        // Hosts that are not healthy may be taken however few healthy ones are left.
        let free = phase.pending.iter().take_while(|name| self.fleet.unhealthy.contains(name)).count();
        let mut size = if phase.batched { minimum.batch(healthy, total) as usize } else { phase.pending.len() };
        if let (Some((zone, hosts)), Some(per_zone)) = (&zone, per_zone) {
            size = size.min(per_zone.batch(self.fleet.healthy_in(zone, *hosts), *hosts) as usize);
        }
        let size = size.saturating_add(free).min(phase.pending.len());
        if size == 0 {
            self.health_constraints();
            return;
        }
        let event_time = self.course.pace.event;
        if let Some(phase) = self.fleet.phases.front_mut() {
            let batch = phase.pending.drain(..size).collect();
            let events = phase.events.clone();
            self.fleet.batch = batch;
            self.tasks.extend(events.into_iter().map(|event| Task::Hosts(event, event_time)));
        }
        self.tasks.push_back(Task::NextBatch);
    }

    fn end_phase(&mut self) {
        let Some(phase) = self.fleet.phases.pop_front() else { return };
        let last = self.fleet.phases.is_empty();
        let healthy = self.fleet.healthy();
        let minimum = self.course.minimum();
        let enough = match last {
            true => minimum.is_success(healthy, count(self.fleet.succeeded.len()), self.fleet.total),
            false => healthy >= minimum.required(self.fleet.total) && !self.fleet.succeeded.is_empty(),
        };
        if !enough {
            self.health_constraints();
            return;
        }
        if let Some(next) = self.fleet.phases.front_mut() {
            // A host that failed in one phase has no part in the next.
            next.pending.retain(|name| !self.fleet.failed.contains(name));
            if next.counts && next.zone.is_none() {
                self.fleet.succeeded.clear();
            }
        }
        self.tasks.extend(phase.then);
        if !last {
            self.tasks.push_back(Task::NextBatch);
        }
    }

    fn health_constraints(&mut self) {
        self.fail("HEALTH_CONSTRAINTS", "The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems.");
    }

    pub(super) fn run_on_batch(&mut self, event: &'static LifecycleEvent, took: Duration, failures: Failures<'_>) {
        let counts = self.fleet.phases.front().is_some_and(|phase| phase.counts);
        for host in std::mem::take(&mut self.fleet.batch) {
            match failures(&host, event) {
                Some(diagnostics) => {
                    self.record(Some(host.clone()), event.name, EventStatus::Failed, took, Some(diagnostics));
                    let ignored = self.course.ignore_application_stop_failures
                        && matches!(event.name, "ApplicationStop" | "BeforeBlockTraffic" | "AfterBlockTraffic");
                    if ignored {
                        self.fleet.batch.push(host);
                    } else {
                        self.skip_rest(&host, event.name);
                        if counts {
                            self.fleet.failed.push(host);
                        }
                    }
                }
                None => {
                    self.record(Some(host.clone()), event.name, EventStatus::Succeeded, took, None);
                    self.fleet.batch.push(host);
                }
            }
        }
    }

    /// The events of this phase that a host does not come to any more.
    fn skip_rest(&mut self, host: &str, failed: &str) {
        let events = self.fleet.phases.front().map(|phase| phase.events.clone()).unwrap_or_default();
        for event in events.into_iter().skip_while(|event| event.name != failed).skip(1) {
            self.record(Some(host.to_owned()), event.name, EventStatus::Skipped, Duration::ZERO, None);
        }
    }
}

//! The instances of an EC2/on-premises deployment: batches that leave enough hosts healthy.

use std::collections::VecDeque;

use super::World;
use super::engine::{EventStatus, Run, Task};
use crate::client::DeploymentStatus;
use crate::config::{ConfigRule, MinimumHealthyHosts};
use crate::lifecycle::{LifecycleEvent, RevisionSource};
use crate::model::AppSpec;

/// The instances of an EC2/on-premises deployment.
#[derive(Default)]
pub(super) struct Fleet {
    pub(super) pending: VecDeque<String>,
    pub(super) batch: Vec<String>,
    pub(super) failed: Vec<String>,
    pub(super) succeeded: Vec<String>,
    pub(super) total: u32,
}

impl Run {
    fn hosts(&self) -> MinimumHealthyHosts {
        match self.config() {
            Some(ConfigRule::Hosts(hosts)) => hosts,
            _ => MinimumHealthyHosts::MostConcurrency(1),
        }
    }

    pub(super) fn next_batch(&mut self) {
        let mut done = std::mem::take(&mut self.fleet.batch);
        self.fleet.succeeded.append(&mut done);
        let hosts = self.hosts();
        let total = self.fleet.total;
        if hosts.is_impossible(total) {
            self.fail("HEALTH_CONSTRAINTS_INVALID", "The deployment can never succeed because the minimum number of healthy hosts is as large as the deployment group.");
            return;
        }
        let failed = u32::try_from(self.fleet.failed.len()).unwrap_or(u32::MAX);
        let healthy = total.saturating_sub(failed);
        if self.fleet.pending.is_empty() {
            let succeeded = u32::try_from(self.fleet.succeeded.len()).unwrap_or(u32::MAX);
            if hosts.is_success(healthy, succeeded, total) {
                let at = self.time;
                self.end(DeploymentStatus::Succeeded, None, at);
            } else {
                self.health_constraints();
            }
            return;
        }
        let size = hosts.batch(healthy, total) as usize;
        if size == 0 {
            self.health_constraints();
            return;
        }
        let size = size.min(self.fleet.pending.len());
        self.fleet.batch = self.fleet.pending.drain(..size).collect();
        for event in self.kind.events() {
            self.tasks.push_back(Task::Instances(event, self.pace.event));
        }
        self.tasks.push_back(Task::NextBatch);
    }

    fn health_constraints(&mut self) {
        self.fail("HEALTH_CONSTRAINTS", "The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems.");
    }

    pub(super) fn run_on_batch(&mut self, event: &'static LifecycleEvent, world: &World) {
        for instance in std::mem::take(&mut self.fleet.batch) {
            match self.failure(event, &instance, world) {
                Some(message) => {
                    self.record(Some(instance.clone()), event.name, EventStatus::Failed, Some(message));
                    let ignored = self.ignore_application_stop_failures
                        && matches!(event.name, "ApplicationStop" | "BeforeBlockTraffic" | "AfterBlockTraffic");
                    if ignored { self.fleet.batch.push(instance) } else { self.fleet.failed.push(instance) }
                }
                None => {
                    self.record(Some(instance.clone()), event.name, EventStatus::Succeeded, None);
                    self.fleet.batch.push(instance);
                }
            }
        }
    }

    fn failure(&self, event: &LifecycleEvent, instance: &str, world: &World) -> Option<String> {
        if world.lost_instances.iter().any(|lost| lost == instance) {
            return Some("CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and make sure the agent is running and can connect to the CodeDeploy server.".to_owned());
        }
        // The service keeps no old revisions on instances: their scripts count as succeeding.
        if event.revision != RevisionSource::Current {
            return None;
        }
        let Some(AppSpec::Server(server)) = &self.spec else { return None };
        server.scripts(event.name).iter().find_map(|script| {
            let location = &script.location.as_ref()?.value;
            let code = world.failing_scripts.get(location)?;
            Some(format!("Script at specified location: {location} failed with exit code {code}"))
        })
    }
}

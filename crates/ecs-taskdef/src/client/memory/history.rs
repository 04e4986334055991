//! The in-memory cluster as [`ServiceDeployments`].

use async_trait::async_trait;
use aws_call::CallError;

use super::rollout::Cause;
use super::scheduler::{Service, World};
use super::{MemoryCluster, State};
use crate::client::{
    HookAction, ServiceDeployment, ServiceDeploymentStatus as Status, ServiceDeployments, ServiceId, ServiceRevision,
    StopType,
};

/// How many ARNs a description takes.
const MOST: usize = 20;

#[async_trait]
impl ServiceDeployments for MemoryCluster {
    async fn list_service_deployments(&self, id: &ServiceId) -> Result<Vec<ServiceDeployment>, CallError> {
        self.with_service("ListServiceDeployments", id, |service, _, _| {
            Ok(service.history.records.iter().map(super::record::Record::brief).collect())
        })
    }

    async fn describe_service_deployments(&self, arns: &[String]) -> Result<Vec<ServiceDeployment>, CallError> {
        few("DescribeServiceDeployments", arns)?;
        let now = self.clock.now();
        Ok(self.of_services(|service, _| {
            let mine = service.history.records.iter().filter(|record| arns.contains(&record.arn));
            mine.map(|record| record.full(&service.settings, now)).collect()
        }))
    }

    async fn describe_service_revisions(&self, arns: &[String]) -> Result<Vec<ServiceRevision>, CallError> {
        few("DescribeServiceRevisions", arns)?;
        Ok(self.of_services(|service, _| {
            service.history.revisions.iter().filter(|revision| arns.contains(&revision.arn)).cloned().collect()
        }))
    }

    async fn stop_service_deployment(&self, arn: &str, stop: &StopType) -> Result<(), CallError> {
        const OPERATION: &str = "StopServiceDeployment";
        if *stop != StopType::Rollback {
            return Err(CallError::service(OPERATION, "InvalidParameterException", "Only ROLLBACK is supported."));
        }
        self.act_on(OPERATION, arn, |service, world| {
            if service.completed.is_none() {
                let message = "There is no service revision to roll back to.";
                return Err(CallError::service(OPERATION, "InvalidParameterException", message));
            }
            service.fail(&Cause::Request, world);
            Ok(())
        })
    }

    async fn continue_service_deployment(&self, arn: &str, hook: &str, action: &HookAction) -> Result<(), CallError> {
        const OPERATION: &str = "ContinueServiceDeployment";
        self.act_on(OPERATION, arn, |service, world| {
            let record = service.history.records.iter_mut().find(|record| record.arn == arn);
            let stages = record.and_then(|record| record.stages.as_mut());
            if !stages.is_some_and(|stages| stages.answer(hook, action)) {
                let message = "The hook is not awaiting an action.";
                return Err(CallError::service(OPERATION, "InvalidParameterException", message));
            }
            if *action == HookAction::Rollback {
                service.fail(&Cause::Hook("A lifecycle hook was answered with ROLLBACK.".to_owned()), world);
            }
            Ok(())
        })
    }
}

fn few(operation: &'static str, arns: &[String]) -> Result<(), CallError> {
    if (1..=MOST).contains(&arns.len()) {
        return Ok(());
    }
    let message = format!("Between 1 and {MOST} ARNs must be given.");
    Err(CallError::service(operation, "InvalidParameterException", message))
}

impl MemoryCluster {
    /// Something of every service, each brought up to the clock's time.
    pub(super) fn of_services<T>(&self, mut act: impl FnMut(&mut Service, &mut World<'_>) -> Vec<T>) -> Vec<T> {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { services, alarms, .. } = &mut *state;
        self.in_world(alarms, |world| {
            let mut all = Vec::new();
            for service in services.values_mut() {
                service.advance(now, world);
                all.extend(act(service, world));
            }
            all
        })
    }

    /// Does something to the service whose deployment this is, if that is under way.
    fn act_on(
        &self,
        operation: &'static str,
        arn: &str,
        act: impl FnOnce(&mut Service, &mut World<'_>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { services, alarms, .. } = &mut *state;
        self.in_world(alarms, |world| {
            for service in services.values_mut() {
                service.advance(now, world);
                let Some(record) = service.history.records.iter().find(|record| record.arn == arn) else { continue };
                if record.status != Status::InProgress {
                    let message = format!("The service deployment is {}.", record.status);
                    return Err(CallError::service(operation, "ConflictException", message));
                }
                act(service, world)?;
                service.advance(now, world);
                return Ok(());
            }
            let message = "Service deployment not found.";
            Err(CallError::service(operation, "ServiceDeploymentNotFoundException", message))
        })
    }
}

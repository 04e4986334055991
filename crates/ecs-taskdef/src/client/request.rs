//! Requests that create and change services. What this crate has no word for is kept as the API's own JSON.

use serde_json::{Map, Value as Json};

use super::{CircuitBreaker, ServiceId};

/// A request of `CreateService`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreateService {
    /// The cluster and the new service's name.
    pub id: ServiceId,
    /// The task definition.
    pub task_definition: String,
    /// How many tasks it shall have.
    pub desired: u32,
    /// Everything else, as the API names it: `deploymentConfiguration`, `networkConfiguration`, `launchType`, …
    pub settings: Map<String, Json>,
}

impl CreateService {
    /// A service with the given number of tasks.
    #[must_use]
    pub fn new(id: ServiceId, task_definition: impl Into<String>, desired: u32) -> Self {
        Self { id, task_definition: task_definition.into(), desired, settings: Map::new() }
    }

    /// Sets a field of the request.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// Turns the circuit breaker on.
    #[must_use]
    pub fn with_circuit_breaker(mut self, breaker: CircuitBreaker) -> Self {
        let configuration = self.settings.entry("deploymentConfiguration").or_insert_with(|| Json::Object(Map::new()));
        if let Some(configuration) = configuration.as_object_mut() {
            configuration.insert(
                "deploymentCircuitBreaker".to_owned(),
                serde_json::json!({ "enable": breaker.enable, "rollback": breaker.rollback }),
            );
        }
        self
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.settings.clone();
        json.insert("cluster".to_owned(), self.id.cluster.clone().into());
        json.insert("serviceName".to_owned(), self.id.service.clone().into());
        json.insert("taskDefinition".to_owned(), self.task_definition.clone().into());
        json.insert("desiredCount".to_owned(), self.desired.into());
        Json::Object(json)
    }
}

/// A request of `UpdateService`. What is absent stays as it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UpdateService {
    /// The service.
    pub id: ServiceId,
    /// The task definition to move to.
    pub task_definition: Option<String>,
    /// How many tasks it shall have.
    pub desired: Option<u32>,
    /// Begins a deployment even if nothing changes.
    pub force_new_deployment: bool,
    /// Everything else, as the API names it.
    pub settings: Map<String, Json>,
}

impl UpdateService {
    /// A request that changes nothing.
    #[must_use]
    pub fn new(id: ServiceId) -> Self {
        Self { id, task_definition: None, desired: None, force_new_deployment: false, settings: Map::new() }
    }

    /// Moves the service to a task definition.
    #[must_use]
    pub fn with_task_definition(mut self, task_definition: impl Into<String>) -> Self {
        self.task_definition = Some(task_definition.into());
        self
    }

    /// Sets how many tasks the service shall have.
    #[must_use]
    pub fn with_desired(mut self, desired: u32) -> Self {
        self.desired = Some(desired);
        self
    }

    /// Begins a deployment even if nothing changes.
    #[must_use]
    pub fn forced(mut self) -> Self {
        self.force_new_deployment = true;
        self
    }

    /// Sets a field of the request.
    #[must_use]
    pub fn with_setting(mut self, key: impl Into<String>, value: Json) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut json = self.settings.clone();
        json.insert("cluster".to_owned(), self.id.cluster.clone().into());
        json.insert("service".to_owned(), self.id.service.clone().into());
        if let Some(task_definition) = &self.task_definition {
            json.insert("taskDefinition".to_owned(), task_definition.clone().into());
        }
        if let Some(desired) = self.desired {
            json.insert("desiredCount".to_owned(), desired.into());
        }
        if self.force_new_deployment {
            json.insert("forceNewDeployment".to_owned(), true.into());
        }
        Json::Object(json)
    }
}

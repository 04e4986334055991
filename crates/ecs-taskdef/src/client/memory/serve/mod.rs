//! The in-memory cluster over HTTP (feature `serve`), so that `aws ecs …` and other people's programs can talk to it.
//!
//! Requests are awsJson 1.1 on loopback. What an operation does and refuses is the cluster's; this module only translates.

mod wire;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use aws_call::CallError;
use aws_call::serve::{AwsJson, AwsJsonService, Refusal, Server};
use serde_json::{Map, Value as Json, json};

use super::{MemoryCluster, account, last_part};
use crate::Body;
use crate::client::{
    CreateService, HookAction, Inventory, ListRevisions, RunTask, ServiceDeployments, ServiceId, Services, StopType,
    Tags, TaskDefinitions, Tasks, UpdateService,
};

/// How many services, tasks or deployments one description takes.
const MOST_SERVICES: usize = 10;
const MOST_TASKS: usize = 100;

/// The cluster as a service of the protocol awsJson 1.1: what [`MemoryCluster::serve`] serves.
#[derive(Clone, Debug)]
pub struct EcsEndpoint(Arc<MemoryCluster>);

impl EcsEndpoint {
    /// The endpoint of a cluster.
    #[must_use]
    pub fn new(cluster: Arc<MemoryCluster>) -> Self {
        Self(cluster)
    }
}

impl MemoryCluster {
    /// Serves the cluster on a port of 127.0.0.1, 0 for a free one, until the server is dropped. Signatures are not looked
    /// at.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use aws_call::{ManualClock, SequenceIds};
    /// use ecs_taskdef::client::MemoryCluster;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let clock = Arc::new(ManualClock::at_epoch_secs(1_700_000_000));
    /// let cluster = Arc::new(MemoryCluster::new("shop", clock, Arc::new(SequenceIds::new(1))));
    /// let server = cluster.serve(0).await?;
    /// println!("aws ecs list-clusters --endpoint-url {}", server.url());
    /// # Ok::<(), std::io::Error>(())
    /// # })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the port is taken or may not be bound.
    ///
    /// # Panics
    /// Outside a tokio runtime with IO and time enabled.
    pub async fn serve(self: &Arc<Self>, port: u16) -> io::Result<Server> {
        let endpoint = EcsEndpoint::new(Arc::clone(self));
        Server::start_on(port, Arc::new(AwsJson::new(endpoint))).await
    }
}

#[async_trait]
impl AwsJsonService for EcsEndpoint {
    fn target_prefix(&self) -> &'static str {
        "AmazonEC2ContainerServiceV20141113"
    }

    async fn call(&self, operation: &str, input: Json) -> Result<Json, Refusal> {
        let Json::Object(input) = input else {
            return Err(Refusal::serialization("the input is no JSON object"));
        };
        self.answer(operation, Input(input)).await?.ok_or_else(|| Refusal::unknown_operation(operation))
    }
}

/// What an operation was given.
struct Input(Map<String, Json>);

impl Input {
    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(Json::as_str).map(str::to_owned)
    }

    fn texts(&self, key: &str) -> Vec<String> {
        let items = self.0.get(key).and_then(Json::as_array).into_iter().flatten();
        items.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    fn needed(&self, key: &str) -> Result<String, Refusal> {
        self.text(key).ok_or_else(|| Refusal::new("InvalidParameterException", format!("{key} can not be blank.")))
    }

    fn cluster(&self) -> String {
        self.text("cluster").unwrap_or_else(|| "default".to_owned())
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.0.get(key).and_then(Json::as_u64).and_then(|number| u32::try_from(number).ok())
    }

    fn service(&self, key: &str) -> Result<ServiceId, Refusal> {
        Ok(ServiceId::new(self.cluster(), self.needed(key)?))
    }

    /// What is left when these have been taken out.
    fn without(mut self, keys: &[&str]) -> Map<String, Json> {
        self.0.retain(|key, _| !keys.contains(&key.as_str()));
        self.0
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` takes")]
fn refusal(error: CallError) -> Refusal {
    Refusal::from(&error)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

impl EcsEndpoint {
    /// `None` if there is no such operation.
    async fn answer(&self, operation: &str, input: Input) -> Result<Option<Json>, Refusal> {
        let cluster = &*self.0;
        Ok(Some(match operation {
            "RegisterTaskDefinition" => self.register(input).await?,
            "DescribeTaskDefinition" => {
                let mut described = cluster.describe(&input.needed("taskDefinition")?).await.map_err(refusal)?;
                if let Json::Object(answer) = &mut described
                    && !input.texts("include").iter().any(|part| part == "TAGS")
                {
                    answer.remove("tags");
                }
                described
            }
            "DeregisterTaskDefinition" => {
                let id = input.needed("taskDefinition")?;
                cluster.deregister(&id).await.map_err(refusal)?;
                cluster.describe(&id).await.map_err(refusal)?
            }
            "ListTaskDefinitions" => self.list(&input).await?,
            "CreateService" => self.create(input).await?,
            "UpdateService" => self.update(input).await?,
            "DescribeServices" => self.describe_services(&input)?,
            "ListServices" => {
                let services = cluster.services(&input.cluster()).await.map_err(refusal)?;
                json!({ "serviceArns": services.into_iter().map(|service| service.arn).collect::<Vec<_>>() })
            }
            "ListClusters" => json!({ "clusterArns": cluster.clusters().await.map_err(refusal)? }),
            "DescribeClusters" => self.describe_clusters(&input),
            "ListTasks" => self.list_tasks(&input)?,
            "DescribeTasks" => self.describe_tasks(&input)?,
            "RunTask" => self.run_task(input).await?,
            "StopTask" => {
                let (name, task) = (input.cluster(), input.needed("task")?);
                let reason = input.text("reason").unwrap_or_else(|| "Task stopped by user".to_owned());
                cluster.stop_task(&name, &task, &reason).await.map_err(refusal)?;
                let found = cluster.describe_tasks(&name, &[task]).await.map_err(refusal)?;
                json!({ "task": found.first().map(|task| wire::task(task, &self.cluster_arn())) })
            }
            _ => return self.answer_more(operation, &input).await,
        }))
    }

    /// Service deployments and tags.
    async fn answer_more(&self, operation: &str, input: &Input) -> Result<Option<Json>, Refusal> {
        let cluster = &*self.0;
        Ok(Some(match operation {
            "ListServiceDeployments" => {
                let mut found = cluster.list_service_deployments(&input.service("service")?).await.map_err(refusal)?;
                let status = input.texts("status");
                found.retain(|one| status.is_empty() || status.iter().any(|status| *status == one.status.as_str()));
                json!({ "serviceDeployments": found.iter().map(wire::service_deployment).collect::<Vec<_>>() })
            }
            "DescribeServiceDeployments" => {
                let arns = input.texts("serviceDeploymentArns");
                let found = cluster.describe_service_deployments(&arns).await.map_err(refusal)?;
                let missing = arns.iter().filter(|arn| !found.iter().any(|one| one.arn == **arn));
                let failures: Vec<Json> = missing.map(|arn| wire::missing(arn)).collect();
                json!({
                    "serviceDeployments": found.iter().map(wire::service_deployment).collect::<Vec<_>>(),
                    "failures": failures,
                })
            }
            "DescribeServiceRevisions" => {
                let arns = input.texts("serviceRevisionArns");
                let found = cluster.describe_service_revisions(&arns).await.map_err(refusal)?;
                let missing = arns.iter().filter(|arn| !found.iter().any(|one| one.arn == **arn));
                let failures: Vec<Json> = missing.map(|arn| wire::missing(arn)).collect();
                json!({
                    "serviceRevisions": found.iter().map(wire::service_revision).collect::<Vec<_>>(),
                    "failures": failures,
                })
            }
            "StopServiceDeployment" => {
                let arn = input.needed("serviceDeploymentArn")?;
                let stop = StopType::from(input.text("stopType").as_deref().unwrap_or("ROLLBACK"));
                cluster.stop_service_deployment(&arn, &stop).await.map_err(refusal)?;
                json!({ "serviceDeploymentArn": arn })
            }
            "ContinueServiceDeployment" => {
                let arn = input.needed("serviceDeploymentArn")?;
                let action = HookAction::from(input.text("action").as_deref().unwrap_or("CONTINUE"));
                let hook = input.needed("hookId")?;
                cluster.continue_service_deployment(&arn, &hook, &action).await.map_err(refusal)?;
                json!({ "serviceDeploymentArn": arn })
            }
            "ListTagsForResource" => {
                let tags = cluster.tags(&input.needed("resourceArn")?).await.map_err(refusal)?;
                let tags: Vec<Json> =
                    tags.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
                json!({ "tags": tags })
            }
            "TagResource" => {
                let tags = account::tags_of(input.0.get("tags").unwrap_or(&Json::Null));
                cluster.tag(&input.needed("resourceArn")?, &tags).await.map_err(refusal)?;
                json!({})
            }
            "UntagResource" => {
                cluster.untag(&input.needed("resourceArn")?, &input.texts("tagKeys")).await.map_err(refusal)?;
                json!({})
            }
            _ => return Ok(None),
        }))
    }

    fn cluster_arn(&self) -> String {
        format!("{}:cluster/{}", self.0.home, self.0.name)
    }

    async fn register(&self, input: Input) -> Result<Json, Refusal> {
        let body = Body::from_json(Json::Object(input.0))
            .map_err(|_| Refusal::new("ClientException", "Family should not be null or empty."))?;
        let registered = self.0.register(&body).await.map_err(refusal)?;
        self.0.describe(&registered.arn).await.map_err(refusal)
    }

    async fn list(&self, input: &Input) -> Result<Json, Refusal> {
        let ascending = input.text("sort").is_none_or(|sort| sort == "ASC");
        let active = input.text("status").is_none_or(|status| status == "ACTIVE");
        let mut arns = Vec::new();
        // The API's prefix is a whole family, and all families without it.
        let families =
            input.text("familyPrefix").map_or_else(|| self.0.lock().registry.families(), |family| vec![family]);
        for family in families {
            let request = if active { ListRevisions::active(family) } else { ListRevisions::inactive(family) };
            let mut some = TaskDefinitions::list(&*self.0, &request).await.map_err(refusal)?;
            if ascending {
                some.reverse();
            }
            arns.extend(some);
        }
        Ok(json!({ "taskDefinitionArns": arns }))
    }

    async fn create(&self, input: Input) -> Result<Json, Refusal> {
        let id = input.service("serviceName")?;
        let task_definition = input.needed("taskDefinition")?;
        let mut request = CreateService::new(id.clone(), task_definition, input.number("desiredCount").unwrap_or(0));
        request.settings = input.without(&["cluster", "serviceName", "taskDefinition", "desiredCount"]);
        self.0.create_service(&request).await.map_err(refusal)?;
        self.shown("CreateService", &id)
    }

    async fn update(&self, input: Input) -> Result<Json, Refusal> {
        let id = input.service("service")?;
        let mut request = UpdateService::new(id.clone());
        request.task_definition = input.text("taskDefinition");
        request.desired = input.number("desiredCount");
        request.force_new_deployment = input.0.get("forceNewDeployment") == Some(&Json::Bool(true));
        request.settings =
            input.without(&["cluster", "service", "taskDefinition", "desiredCount", "forceNewDeployment"]);
        self.0.update_service(&request).await.map_err(refusal)?;
        self.shown("UpdateService", &id)
    }

    fn shown(&self, operation: &'static str, id: &ServiceId) -> Result<Json, Refusal> {
        let arn = self.cluster_arn();
        let shown = self.0.with_service(operation, id, |service, _, _| Ok(wire::service(service, &arn)));
        Ok(json!({ "service": shown.map_err(refusal)? }))
    }

    fn describe_services(&self, input: &Input) -> Result<Json, Refusal> {
        const OPERATION: &str = "DescribeServices";
        let (cluster, arn) = (input.cluster(), self.cluster_arn());
        self.0.check_cluster(OPERATION, &cluster).map_err(refusal)?;
        let names = input.texts("services");
        if names.is_empty() || names.len() > MOST_SERVICES {
            return Err(invalid(format!("Between 1 and {MOST_SERVICES} services must be given.")));
        }
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for name in &names {
            let id = ServiceId::new(&cluster, name);
            match self.0.with_service(OPERATION, &id, |service, _, _| Ok(wire::service(service, &arn))) {
                Ok(service) => services.push(service),
                // One that is missing is no error of the call.
                Err(_) => {
                    failures.push(wire::missing(&format!(
                        "{}:service/{}/{}",
                        self.0.home,
                        self.0.name,
                        last_part(name)
                    )));
                }
            }
        }
        Ok(json!({ "services": services, "failures": failures }))
    }

    fn describe_clusters(&self, input: &Input) -> Json {
        let mut names = input.texts("clusters");
        if names.is_empty() {
            names.push("default".to_owned());
        }
        let (mine, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| last_part(name) == self.0.name);
        let snapshots = self.0.of_services(|service, _| vec![service.snapshot()]);
        let sum = |count: fn(&super::ServiceSnapshot) -> u32| snapshots.iter().map(count).sum::<u32>();
        let mine: Vec<Json> = mine
            .iter()
            .map(|_| {
                json!({
                    "clusterArn": self.cluster_arn(),
                    "clusterName": self.0.name,
                    "status": "ACTIVE",
                    "registeredContainerInstancesCount": 0,
                    "runningTasksCount": sum(|snapshot| snapshot.running),
                    "pendingTasksCount": sum(|snapshot| snapshot.pending),
                    "activeServicesCount": snapshots.len(),
                })
            })
            .collect();
        let others: Vec<Json> = others.iter().map(|name| wire::missing(name)).collect();
        json!({ "clusters": mine, "failures": others })
    }

    /// Every task that is known, with the service it belongs to.
    fn tasks(&self) -> Vec<(Option<String>, wire::Shown)> {
        let mut all = self.0.of_services(|service, _| {
            wire::tasks_of(service).into_iter().map(|task| (Some(service.name.clone()), task)).collect()
        });
        let mut state = self.0.lock();
        let loose = state.tasks.all(self.0.clock.now());
        all.extend(loose.into_iter().map(|task| (None, wire::Shown::loose(task))));
        all
    }

    fn list_tasks(&self, input: &Input) -> Result<Json, Refusal> {
        self.0.check_cluster("ListTasks", &input.cluster()).map_err(refusal)?;
        let service = input.text("serviceName");
        if let Some(name) = &service {
            let id = ServiceId::new(input.cluster(), name);
            self.0.with_service("ListTasks", &id, |_, _, _| Ok(())).map_err(refusal)?;
        }
        let (started_by, family) = (input.text("startedBy"), input.text("family"));
        let desired = input.text("desiredStatus").unwrap_or_else(|| "RUNNING".to_owned());
        let wanted = |(of, task): &(Option<String>, wire::Shown)| {
            let stops = task.desired == "STOPPED";
            (desired == "STOPPED") == stops
                && service.as_ref().is_none_or(|name| of.as_deref() == Some(last_part(name)))
                && started_by.as_ref().is_none_or(|by| task.task.ended.started_by.as_ref() == Some(by))
                && family.as_ref().is_none_or(|family| task.family() == family)
        };
        let tasks = self.tasks();
        let arns: Vec<&str> = tasks.iter().filter(|task| wanted(task)).map(|(_, task)| task.task.arn()).collect();
        Ok(json!({ "taskArns": arns }))
    }

    fn describe_tasks(&self, input: &Input) -> Result<Json, Refusal> {
        self.0.check_cluster("DescribeTasks", &input.cluster()).map_err(refusal)?;
        let asked = input.texts("tasks");
        if asked.is_empty() || asked.len() > MOST_TASKS {
            return Err(invalid(format!("Between 1 and {MOST_TASKS} tasks must be given.")));
        }
        let (all, arn) = (self.tasks(), self.cluster_arn());
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for id in &asked {
            match all.iter().find(|(_, task)| task.task.id() == last_part(id)) {
                Some((service, task)) => tasks.push(task.json(&arn, service.as_deref())),
                None => failures.push(wire::missing(id)),
            }
        }
        Ok(json!({ "tasks": tasks, "failures": failures }))
    }

    async fn run_task(&self, input: Input) -> Result<Json, Refusal> {
        let mut request = RunTask::new(input.cluster(), input.needed("taskDefinition")?);
        request.count = input.number("count").unwrap_or(1);
        request.client_token = input.text("clientToken");
        request.settings = input.without(&["cluster", "taskDefinition", "count", "clientToken"]);
        let answer = self.0.run_task(&request).await.map_err(refusal)?;
        let arn = self.cluster_arn();
        let failures: Vec<Json> =
            answer.failures.iter().map(|failure| json!({ "arn": failure.arn, "reason": failure.reason })).collect();
        Ok(
            json!({ "tasks": answer.tasks.iter().map(|task| wire::task(task, &arn)).collect::<Vec<_>>(), "failures": failures }),
        )
    }
}

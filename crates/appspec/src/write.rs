//! AppSpecs of ECS and Lambda deployments as text, in the key case of CodeDeploy's documentation.
//!
//! Reading takes keys in any case, as the service's clients do; writing gives `PascalCase`, and the
//! number `0.0` for the version whatever was written before.

use spec_report::emit::{self, Map, Value};
use spec_report::{Span, Spanned};

use crate::model::ecs::{CapacityProvider, ContainerPort, LoadBalancerInfo, NetworkConfiguration, Service};
use crate::model::lambda::Function;
use crate::model::{AppSpec, Ecs, FunctionHook, Lambda};

/// The AppSpec as YAML; `None` for one of EC2/on-premises, which people write by hand.
///
/// ```
/// use appspec::{read, write};
/// use spec_report::Source;
///
/// let text = "version: 1\nresources:\n- targetService:\n    type: AWS::ECS::Service\n    properties:\n      \
///             taskDefinition: <TASK_DEFINITION>\n      loadBalancerInfo: {containerName: web, containerPort: '80'}\n";
/// let spec = read(Source::new("appspec.yaml", text)).value.ok_or("not an AppSpec")?;
/// assert_eq!(
///     write::yaml(&spec).ok_or("not for ECS")?,
///     "version: 0.0\nResources:\n  - targetService:\n      Type: AWS::ECS::Service\n      Properties:\n        \
///      TaskDefinition: <TASK_DEFINITION>\n        LoadBalancerInfo:\n          ContainerName: web\n          \
///      ContainerPort: 80\n",
/// );
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn yaml(spec: &AppSpec) -> Option<String> {
    Some(emit::yaml(&value(spec)?))
}

/// The AppSpec of an ECS deployment that gives a service this task definition.
///
/// ```
/// let spec = appspec::write::ecs("shop:7", "web", 80);
/// assert!(appspec::write::yaml(&spec.into()).is_some_and(|text| text.contains("TaskDefinition: shop:7")));
/// ```
#[must_use]
pub fn ecs(task_definition: impl Into<String>, container_name: impl Into<String>, container_port: u16) -> Ecs {
    let service = Service {
        name: plain("TargetService"),
        kind: Some(plain("AWS::ECS::Service")),
        properties: None,
        task_definition: Some(plain(task_definition)),
        load_balancer_info: Some(LoadBalancerInfo {
            span: Span::default(),
            container_name: Some(plain(container_name)),
            container_port: Some(Spanned::new(ContainerPort::Number(container_port), Span::default())),
        }),
        platform_version: None,
        network_configuration: None,
        capacity_provider_strategy: Vec::new(),
    };
    Ecs { version: None, resources: vec![service], hooks: Vec::new() }
}

/// The AppSpec of a Lambda deployment that moves an alias from one version to another.
#[must_use]
pub fn lambda(
    name: impl Into<String>,
    alias: impl Into<String>,
    current_version: impl Into<String>,
    target_version: impl Into<String>,
) -> Lambda {
    let name = name.into();
    let function = Function {
        logical_name: plain(name.clone()),
        kind: Some(plain("AWS::Lambda::Function")),
        properties: None,
        name: Some(plain(name)),
        alias: Some(plain(alias)),
        current_version: Some(plain(current_version)),
        target_version: Some(plain(target_version)),
    };
    Lambda { version: None, resources: vec![function], hooks: Vec::new() }
}

impl Ecs {
    /// Takes another task definition, in place of a placeholder or an older revision.
    #[must_use]
    pub fn with_task_definition(mut self, task_definition: impl Into<String>) -> Self {
        let task_definition = plain(task_definition);
        for service in &mut self.resources {
            service.task_definition = Some(task_definition.clone());
        }
        self
    }

    /// Adds a function that validates the deployment at a lifecycle event.
    #[must_use]
    pub fn with_hook(mut self, event: impl Into<String>, function: impl Into<String>) -> Self {
        self.hooks.push(FunctionHook { event: plain(event), function: plain(function) });
        self
    }
}

impl Lambda {
    /// Adds a function that validates the deployment at a lifecycle event.
    #[must_use]
    pub fn with_hook(mut self, event: impl Into<String>, function: impl Into<String>) -> Self {
        self.hooks.push(FunctionHook { event: plain(event), function: plain(function) });
        self
    }
}

impl From<Ecs> for AppSpec {
    fn from(spec: Ecs) -> Self {
        Self::Ecs(spec)
    }
}

impl From<Lambda> for AppSpec {
    fn from(spec: Lambda) -> Self {
        Self::Lambda(spec)
    }
}

fn plain(text: impl Into<String>) -> Spanned<String> {
    Spanned::new(text.into(), Span::default())
}

fn value(spec: &AppSpec) -> Option<Value> {
    let (resources, hooks): (Vec<Map>, _) = match spec {
        AppSpec::Server(_) => return None,
        AppSpec::Ecs(ecs) => (ecs.resources.iter().map(service).collect(), &ecs.hooks),
        AppSpec::Lambda(lambda) => (lambda.resources.iter().map(function).collect(), &lambda.hooks),
    };
    let mut top = Map::new().with("version", Value::plain("0.0")).with("Resources", resources);
    if !hooks.is_empty() {
        let hook = |hook: &FunctionHook| Map::new().with(&hook.event.value, hook.function.value.as_str());
        top.push("Hooks", hooks.iter().map(hook).collect::<Vec<_>>());
    }
    Some(top.into())
}

fn text(value: Option<&Spanned<String>>) -> Option<&str> {
    value.map(|text| text.value.as_str())
}

fn resource(name: &str, kind: &str, properties: Map) -> Map {
    Map::new().with(name, Map::new().with("Type", kind).with("Properties", properties))
}

fn service(service: &Service) -> Map {
    let mut properties = Map::new()
        .with_some("TaskDefinition", text(service.task_definition.as_ref()))
        .with_some("LoadBalancerInfo", service.load_balancer_info.as_ref().map(load_balancer))
        .with_some("PlatformVersion", text(service.platform_version.as_ref()));
    if let Some(network) = &service.network_configuration {
        properties.push("NetworkConfiguration", Map::new().with("AwsvpcConfiguration", awsvpc(network)));
    }
    if !service.capacity_provider_strategy.is_empty() {
        let strategy: Vec<Map> = service.capacity_provider_strategy.iter().map(provider).collect();
        properties.push("CapacityProviderStrategy", strategy);
    }
    resource(&service.name.value, text(service.kind.as_ref()).unwrap_or("AWS::ECS::Service"), properties)
}

fn load_balancer(info: &LoadBalancerInfo) -> Map {
    let port = info.container_port.as_ref().map(|port| match &port.value {
        ContainerPort::Number(number) => Value::from(u32::from(*number)),
        ContainerPort::Text(text) => text.parse::<u16>().map_or_else(|_| text.as_str().into(), |n| u32::from(n).into()),
    });
    Map::new().with_some("ContainerName", text(info.container_name.as_ref())).with_some("ContainerPort", port)
}

fn awsvpc(network: &NetworkConfiguration) -> Map {
    let list = |items: &[Spanned<String>]| items.iter().map(|item| item.value.clone()).collect::<Vec<_>>();
    Map::new()
        .with_some("Subnets", network.subnets.as_deref().map(list))
        .with_some("SecurityGroups", network.security_groups.as_deref().map(list))
        .with_some("AssignPublicIp", text(network.assign_public_ip.as_ref()))
}

fn provider(provider: &CapacityProvider) -> Map {
    Map::new()
        .with_some("Base", provider.base.as_ref().map(|base| base.value))
        .with_some("CapacityProvider", text(provider.capacity_provider.as_ref()))
        .with_some("Weight", provider.weight.as_ref().map(|weight| weight.value))
}

fn function(function: &Function) -> Map {
    let properties = Map::new()
        .with_some("Name", text(function.name.as_ref()))
        .with_some("Alias", text(function.alias.as_ref()))
        .with_some("CurrentVersion", text(function.current_version.as_ref()))
        .with_some("TargetVersion", text(function.target_version.as_ref()));
    resource(&function.logical_name.value, text(function.kind.as_ref()).unwrap_or("AWS::Lambda::Function"), properties)
}

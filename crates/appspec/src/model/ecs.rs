//! The AppSpec of Amazon ECS deployments.

use spec_report::{Span, Spanned};

use super::{FunctionHook, Version};

/// An ECS AppSpec: one service, what it becomes, and the functions that validate it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Ecs {
    /// `version`
    pub version: Option<Spanned<Version>>,
    /// `Resources`, of which exactly one is allowed.
    pub resources: Vec<Service>,
    /// `Hooks` in the order of the file.
    pub hooks: Vec<FunctionHook>,
}

impl Ecs {
    /// The service.
    #[must_use]
    pub fn service(&self) -> Option<&Service> {
        self.resources.first()
    }
}

/// `Resources[].TargetService`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Service {
    /// The logical name, `TargetService` by custom.
    pub name: Spanned<String>,
    /// `Type`
    pub kind: Option<Spanned<String>>,
    /// Where `Properties` is written; `None` if it is missing.
    pub properties: Option<Span>,
    /// `TaskDefinition`: an ARN, or CodePipeline's placeholder `<TASK_DEFINITION>`.
    pub task_definition: Option<Spanned<String>>,
    /// `LoadBalancerInfo`
    pub load_balancer_info: Option<LoadBalancerInfo>,
    /// `PlatformVersion`
    pub platform_version: Option<Spanned<String>>,
    /// `NetworkConfiguration`
    pub network_configuration: Option<NetworkConfiguration>,
    /// `CapacityProviderStrategy`
    pub capacity_provider_strategy: Vec<CapacityProvider>,
}

/// `LoadBalancerInfo`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadBalancerInfo {
    /// The whole mapping.
    pub span: Span,
    /// `ContainerName`
    pub container_name: Option<Spanned<String>>,
    /// `ContainerPort`
    pub container_port: Option<Spanned<ContainerPort>>,
}

/// `ContainerPort`
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerPort {
    /// A port number.
    Number(u16),
    /// Text: a quoted number or a placeholder.
    Text(String),
}

/// `NetworkConfiguration.AwsvpcConfiguration`
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NetworkConfiguration {
    /// The whole mapping.
    pub span: Span,
    /// `Subnets`
    pub subnets: Option<Vec<Spanned<String>>>,
    /// `SecurityGroups`
    pub security_groups: Option<Vec<Spanned<String>>>,
    /// `AssignPublicIp`
    pub assign_public_ip: Option<Spanned<String>>,
}

/// An item of `CapacityProviderStrategy`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapacityProvider {
    /// The whole item.
    pub span: Span,
    /// `CapacityProvider`
    pub capacity_provider: Option<Spanned<String>>,
    /// `Base`
    pub base: Option<Spanned<i64>>,
    /// `Weight`
    pub weight: Option<Spanned<i64>>,
}

//! Views of a container and what it holds.

use spec_report::{Node, Span, Spanned};

use super::{Condition, View};

/// A container of a task definition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Container {
    /// Its place in `containerDefinitions`, from 0.
    pub index: usize,
    /// The whole mapping.
    pub span: Span,
    /// Whether reading stopped inside it, so that what is absent may come later in the text.
    pub cut_off: bool,
    /// Its name.
    pub name: Option<Spanned<String>>,
    /// Its image.
    pub image: Option<Spanned<String>>,
    /// Whether the task stops when it stops; `true` if nothing is written.
    pub essential: Option<Spanned<bool>>,
    /// CPU units.
    pub cpu: Option<Spanned<i64>>,
    /// The most memory in MiB.
    pub memory: Option<Spanned<i64>>,
    /// The reserved memory in MiB.
    pub memory_reservation: Option<Spanned<i64>>,
    /// Its ports.
    pub port_mappings: Vec<PortMapping>,
    /// Its environment variables.
    pub environment: Vec<EnvironmentVariable>,
    /// Its secrets.
    pub secrets: Vec<SecretReference>,
    /// The containers it waits for.
    pub depends_on: Vec<Dependency>,
    /// Where its output goes.
    pub log_configuration: Option<LogConfiguration>,
    /// Its health check.
    pub health_check: Option<HealthCheck>,
    /// Its volumes.
    pub mount_points: Vec<MountPoint>,
    /// The place of `links`, if there are any.
    pub links: Option<Span>,
    /// The place of `privileged`, if it is true.
    pub privileged: Option<Span>,
}

/// A port of a container.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PortMapping {
    /// The whole mapping.
    pub span: Span,
    /// The port that the container listens at.
    pub container_port: Option<Spanned<i64>>,
    /// The port of the host.
    pub host_port: Option<Spanned<i64>>,
    /// `tcp` or `udp`; `tcp` if nothing is written.
    pub protocol: Option<Spanned<String>>,
}

/// An environment variable.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnvironmentVariable {
    /// The whole mapping.
    pub span: Span,
    /// Its name.
    pub name: Option<Spanned<String>>,
    /// Its value.
    pub value: Option<Spanned<String>>,
}

/// A secret that becomes an environment variable.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecretReference {
    /// The whole mapping.
    pub span: Span,
    /// The variable.
    pub name: Option<Spanned<String>>,
    /// ARN of a secret or of a parameter, or the name of a parameter.
    pub value_from: Option<Spanned<String>>,
}

/// A container that must have reached a state before another one starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dependency {
    /// The whole mapping.
    pub span: Span,
    /// The container to wait for.
    pub container_name: Option<Spanned<String>>,
    /// The state.
    pub condition: Option<Spanned<Condition>>,
}

/// Where a container's output goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogConfiguration {
    /// The whole mapping.
    pub span: Span,
    /// The log driver.
    pub log_driver: Option<Spanned<String>>,
    /// Its options.
    pub options: Vec<LogOption>,
}

/// An option of a log driver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogOption {
    /// The option's name.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Option<Spanned<String>>,
}

/// A health check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthCheck {
    /// The whole mapping.
    pub span: Span,
    /// `CMD` or `CMD-SHELL` and the command.
    pub command: Vec<Spanned<String>>,
}

/// A volume in a container.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MountPoint {
    /// The whole mapping.
    pub span: Span,
    /// The volume's name.
    pub source_volume: Option<Spanned<String>>,
}

impl Container {
    pub(super) fn of(view: &View<'_>, index: usize, node: &Node) -> Self {
        Self {
            index,
            span: node.span,
            cut_off: view.cut_off(node),
            name: view.text(node, "name"),
            image: view.text(node, "image"),
            essential: view.bool(node, "essential"),
            cpu: view.int(node, "cpu"),
            memory: view.int(node, "memory"),
            memory_reservation: view.int(node, "memoryReservation"),
            port_mappings: each(view, node, "portMappings", |item| PortMapping {
                span: item.span,
                container_port: view.int(item, "containerPort"),
                host_port: view.int(item, "hostPort"),
                protocol: view.text(item, "protocol"),
            }),
            environment: each(view, node, "environment", |item| EnvironmentVariable {
                span: item.span,
                name: view.text(item, "name"),
                value: view.text(item, "value"),
            }),
            secrets: each(view, node, "secrets", |item| SecretReference {
                span: item.span,
                name: view.text(item, "name"),
                value_from: view.text(item, "valueFrom"),
            }),
            depends_on: each(view, node, "dependsOn", |item| Dependency {
                span: item.span,
                container_name: view.text(item, "containerName"),
                condition: view.text(item, "condition").map(|text| text.map(Condition::from)),
            }),
            log_configuration: view.entry(node, "logConfiguration").map(|logs| LogConfiguration {
                span: logs.span,
                log_driver: view.text(logs, "logDriver"),
                options: view
                    .entry(logs, "options")
                    .and_then(Node::as_map)
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|entry| {
                        Some(LogOption { name: view.scalar(&entry.key)?, value: view.scalar(&entry.value) })
                    })
                    .collect(),
            }),
            health_check: view.entry(node, "healthCheck").map(|check| HealthCheck {
                span: check.span,
                command: view.list(check, "command").iter().filter_map(|item| view.scalar(item)).collect(),
            }),
            mount_points: each(view, node, "mountPoints", |item| MountPoint {
                span: item.span,
                source_volume: view.text(item, "sourceVolume"),
            }),
            links: view
                .entry(node, "links")
                .filter(|links| links.as_seq().is_some_and(|s| !s.is_empty()))
                .map(|n| n.span),
            privileged: view.bool(node, "privileged").filter(|value| value.value).map(|value| value.span),
        }
    }

    /// The name's text.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.value.as_str())
    }

    /// Whether the task stops when this container stops.
    #[must_use]
    pub fn is_essential(&self) -> bool {
        self.essential.as_ref().is_none_or(|essential| essential.value)
    }

    /// The container in a message: `` container `web` ``, or by its number if it has no name.
    #[must_use]
    pub fn title(&self) -> String {
        match self.name() {
            Some(name) => format!("container `{name}`"),
            None => format!("container {}", self.index + 1),
        }
    }

    /// The place for messages about the container as such: its name, or its beginning.
    #[must_use]
    pub fn head(&self) -> Span {
        self.name.as_ref().map_or(Span::new(self.span.start, self.span.end.min(self.span.start + 1)), |name| name.span)
    }
}

impl LogConfiguration {
    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&Spanned<String>> {
        self.options.iter().rev().find(|option| option.name.value == name)?.value.as_ref()
    }
}

fn each<'d, T>(view: &View<'d>, node: &'d Node, key: &str, of: impl Fn(&'d Node) -> T) -> Vec<T> {
    view.list(node, key).iter().filter(|item| item.as_map().is_some()).map(of).collect()
}

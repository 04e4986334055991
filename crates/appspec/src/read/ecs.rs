//! Reads ECS AppSpecs.

use spec_report::{Field, Node, Reader, Spanned, Typed};

use super::resources::{read_frame, read_resource, require};
use crate::model::ecs::{CapacityProvider, ContainerPort, Ecs, LoadBalancerInfo, NetworkConfiguration, Service};

pub(super) fn read(root: &Node, reader: &mut Reader<'_>) -> Option<Ecs> {
    let frame = read_frame(root, reader)?;
    let resources = frame.resources.iter().filter_map(|entry| read_service(entry, reader)).collect();
    Some(Ecs { version: frame.version, resources, hooks: frame.hooks })
}

fn read_service(entry: &Field<'_>, reader: &mut Reader<'_>) -> Option<Service> {
    let resource = read_resource(entry, reader)?;
    let mut service = Service {
        name: resource.name,
        kind: resource.kind,
        properties: resource.span,
        task_definition: None,
        load_balancer_info: None,
        platform_version: None,
        network_configuration: None,
        capacity_provider_strategy: Vec::new(),
    };
    if let Some(mut properties) = resource.properties {
        service.task_definition =
            require(&mut properties, "TaskDefinition", reader).and_then(|field| field.str(reader));
        service.load_balancer_info =
            properties.take_ignore_case("LoadBalancerInfo").and_then(|field| read_load_balancer(&field, reader));
        service.platform_version = properties.take_ignore_case("PlatformVersion").and_then(|field| field.str(reader));
        service.network_configuration =
            properties.take_ignore_case("NetworkConfiguration").and_then(|field| read_network(&field, reader));
        service.capacity_provider_strategy = properties
            .take_ignore_case("CapacityProviderStrategy")
            .map_or_else(Vec::new, |field| field.seq_of(reader, read_capacity_provider));
        properties.finish(reader);
    }
    Some(service)
}

fn read_load_balancer(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<LoadBalancerInfo> {
    let mut info = field.map(reader)?;
    let read = LoadBalancerInfo {
        span: info.span(),
        container_name: require(&mut info, "ContainerName", reader).and_then(|field| field.str(reader)),
        container_port: require(&mut info, "ContainerPort", reader).and_then(|field| read_port(&field, reader)),
    };
    info.finish(reader);
    Some(read)
}

fn read_port(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<Spanned<ContainerPort>> {
    if let Typed::Str(text) = field.value.typed(reader.schema()) {
        return Some(Spanned::new(ContainerPort::Text(text.to_owned()), field.value.span));
    }
    field.int::<u16>(reader, 1..=u16::MAX).map(|port| port.map(ContainerPort::Number))
}

fn read_network(field: &Field<'_>, reader: &mut Reader<'_>) -> Option<NetworkConfiguration> {
    let mut outer = field.map(reader)?;
    let inner = require(&mut outer, "AwsvpcConfiguration", reader).and_then(|field| field.map(reader));
    outer.finish(reader);
    let mut inner = inner?;
    let read = NetworkConfiguration {
        span: inner.span(),
        subnets: require(&mut inner, "Subnets", reader).map(|field| field.seq_of_str(reader)),
        security_groups: require(&mut inner, "SecurityGroups", reader).map(|field| field.seq_of_str(reader)),
        assign_public_ip: require(&mut inner, "AssignPublicIp", reader).and_then(|field| field.str(reader)),
    };
    inner.finish(reader);
    Some(read)
}

fn read_capacity_provider(node: &Node, reader: &mut Reader<'_>) -> Option<CapacityProvider> {
    let mut item = reader.map(node, "an item of `CapacityProviderStrategy`")?;
    let read = CapacityProvider {
        span: item.span(),
        capacity_provider: require(&mut item, "CapacityProvider", reader).and_then(|field| field.str(reader)),
        base: item.take_ignore_case("Base").and_then(|field| field.int_or_str(reader, 0..=100_000)),
        weight: item.take_ignore_case("Weight").and_then(|field| field.int_or_str(reader, 0..=1000)),
    };
    item.finish(reader);
    Some(read)
}

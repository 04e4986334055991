//! Reads Lambda AppSpecs.

use spec_report::{Field, Node, Reader};

use super::resources::{read_frame, read_resource, require};
use crate::model::lambda::{Function, Lambda};

pub(super) fn read(root: &Node, reader: &mut Reader<'_>) -> Option<Lambda> {
    let frame = read_frame(root, reader)?;
    let resources = frame.resources.iter().filter_map(|entry| read_function(entry, reader)).collect();
    Some(Lambda { version: frame.version, resources, hooks: frame.hooks })
}

fn read_function(entry: &Field<'_>, reader: &mut Reader<'_>) -> Option<Function> {
    let resource = read_resource(entry, reader)?;
    let mut function = Function {
        logical_name: resource.name,
        kind: resource.kind,
        properties: resource.span,
        name: None,
        alias: None,
        current_version: None,
        target_version: None,
    };
    if let Some(mut properties) = resource.properties {
        let mut take = |key: &str, reader: &mut Reader<'_>| {
            require(&mut properties, key, reader).and_then(|field| field.str(reader))
        };
        function.name = take("Name", reader);
        function.alias = take("Alias", reader);
        function.current_version = take("CurrentVersion", reader);
        function.target_version = take("TargetVersion", reader);
        properties.finish(reader);
    }
    Some(function)
}

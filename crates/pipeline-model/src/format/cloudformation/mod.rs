//! CloudFormation templates, in YAML and JSON, as files for deployment or as fragments of documentation.
//!
//! Intrinsic functions are evaluated as far as the file and the given [`Values`] allow. What only the deployment
//! knows (the name of a resource, an import) stays in the text as `${LogicalId}` and is listed with its place.

mod cidr;
mod conditions;
mod functions;
mod notation;
mod resolve;
mod rewrite;
mod sub;
mod template;
mod worlds;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use spec_report::{Limits, Node, Reader, Severity, Span};

use super::{Naming, decode};
use crate::places::Origin;
use crate::read::Declaration;
pub(crate) use notation::from_json;
pub use notation::{to_json, to_json_text, to_yaml};
pub(crate) use resolve::{Budget, Evaluated, FUNCTIONS, Resolver, call};
pub use rewrite::{as_written, rewrite};
pub(crate) use sub::names_in_sub;
pub(crate) use template::{Template, resource_type};
use worlds::{Answers, Worlds};
pub use write::properties;

/// The resource type of a pipeline.
pub(crate) const PIPELINE: &str = "AWS::CodePipeline::Pipeline";

/// What the deployment would know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Values {
    /// Parameters by name, and pseudo parameters such as `AWS::Region`.
    pub parameters: BTreeMap<String, String>,
    /// Exports of other stacks by name.
    pub exports: BTreeMap<String, String>,
    /// What `Ref` and `Fn::GetAtt` give of resources, by `LogicalId` and `LogicalId.Attribute`.
    pub attributes: BTreeMap<String, String>,
    /// Entries of the parameter store by name.
    pub stored: BTreeMap<String, String>,
    /// The availability zones of regions.
    pub zones: BTreeMap<String, Vec<String>>,
}

impl Values {
    /// The same values with a parameter or pseudo parameter.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// The same values with an export of another stack.
    #[must_use]
    pub fn with_export(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.exports.insert(name.into(), value.into());
        self
    }

    /// The same values with what a resource is called (`LogicalId`) or one of its attributes (`LogicalId.Attribute`).
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// The same values with an entry of the parameter store.
    #[must_use]
    pub fn with_stored(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.stored.insert(name.into(), value.into());
        self
    }

    /// The same values with the availability zones of a region.
    #[must_use]
    pub fn with_zones<Z: Into<String>>(
        mut self,
        region: impl Into<String>,
        zones: impl IntoIterator<Item = Z>,
    ) -> Self {
        self.zones.insert(region.into(), zones.into_iter().map(Into::into).collect());
        self
    }
}

/// An expression whose value is not known before the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unresolved {
    /// The placeholder that stands in the text, such as `${ArtifactBucket}`.
    pub expression: String,
    /// Where it is written.
    pub span: Span,
    /// Why it is not known.
    pub reason: Reason,
}

/// Why an expression could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A resource gets its name or attribute when it is created.
    Resource,
    /// A parameter without a default, for which no value was given.
    Parameter,
    /// A parameter whose value lies in the parameter store.
    ParameterStore,
    /// A pseudo parameter for which no value was given.
    Pseudo,
    /// The file has neither a parameter nor a resource of that name.
    Undefined,
    /// An export of another stack.
    Import,
    /// The mapping or its key is not in the file.
    Mapping,
    /// A condition that depends on something unknown; each way it can turn out is a world of its own.
    Condition,
    /// The availability zones of a region.
    Zones,
    /// A dynamic reference such as `{{resolve:ssm:…}}`.
    Dynamic,
    /// A function that is not evaluated here, or is not written as it must be.
    Function,
    /// CloudFormation has no such function.
    Unsupported,
    /// The template expands beyond what is read.
    Limit,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resource => "a resource is known only after it is created",
            Self::Parameter => "the parameter has no default and no value was given",
            Self::ParameterStore => "the value lies in the parameter store",
            Self::Pseudo => "no value was given for the pseudo parameter",
            Self::Undefined => "the file has no parameter and no resource of that name",
            Self::Import => "another stack exports it",
            Self::Mapping => "the file has no such mapping or key",
            Self::Condition => "the condition is not known, so both branches are looked at",
            Self::Zones => "which zones a region has depends on the account",
            Self::Dynamic => "it is read when the stack is deployed",
            Self::Function => "the function is not evaluated here",
            Self::Unsupported => "CloudFormation has no such function",
            Self::Limit => "the template expands beyond the limit",
        })
    }
}

/// Whether the document is a template, or a fragment of one.
pub(crate) fn is_template(root: &Node) -> bool {
    root.get("Resources").is_some() || template::fragment(root).next().is_some()
}

/// Every pipeline of a template, each in all its worlds.
pub(crate) fn read(reader: &mut Reader<'_>, root: &Node, values: &Values, limits: &Limits) -> Vec<Declaration> {
    let template = Template::new(root, values);
    let mut budget = Budget::new(limits);
    let mut out = Vec::new();
    for (logical_id, resource) in template.resources_of(PIPELINE) {
        let Some(properties) = resource.get("Properties") else {
            reader.report_at(
                reader.rules().missing_key,
                resource.span,
                format!("the pipeline `{logical_id}` lacks the required key `Properties`"),
            );
            continue;
        };
        let (mut worlds, mut next) = (Worlds::default(), Some(Answers::default()));
        let mut declarations = Vec::new();
        let mut too_many = false;
        while let Some(answers) = next {
            let before = budget;
            let mut resolver = Resolver::new(&template, budget).in_world(answers);
            if let Some(condition) = resource.get("Condition").and_then(Node::as_str) {
                resolver = resolver.where_holds(condition);
            }
            let resolved = resolver.resolve(properties);
            let evaluated = resolver.finish();
            budget = evaluated.budget;
            next = worlds.after(evaluated.answers.clone());
            declarations.extend(resolved.and_then(|resolved| declaration(reader, logical_id, &resolved, evaluated)));
            if next.is_some() && !budget.allows_more_than(&before) {
                too_many = true;
                break;
            }
        }
        if too_many || worlds.are_too_many() {
            let message = format!(
                "the conditions of the pipeline `{logical_id}` make too many worlds to look at each: {} were looked at",
                declarations.len()
            );
            let limit = spec_report::Diagnostic::new(reader.rules().limit, reader.source(), head(resource), message)
                .with_severity(Severity::Warning)
                .with_help("give values to parameters, so that fewer conditions are open");
            reader.report(limit);
        }
        let mut declarations = declarations.into_iter();
        if let Some(mut first) = declarations.next() {
            first.others = declarations.collect();
            out.push(first);
        }
    }
    out
}

/// The beginning of a resource.
fn head(resource: &Node) -> Span {
    resource.get("Type").map_or(resource.span, |kind| kind.span)
}

fn declaration(
    reader: &mut Reader<'_>,
    logical_id: &str,
    resolved: &Node,
    evaluated: Evaluated,
) -> Option<Declaration> {
    let Evaluated { unresolved, origins, assumed, .. } = evaluated;
    let what = format!("the pipeline `{logical_id}`");
    let mut decoded = decode(reader, Naming::CloudFormation, &origins, resolved, &what)?;
    if decoded.pipeline.name.is_empty() {
        decoded.pipeline.name = format!("${{{logical_id}}}");
        // CloudFormation makes the name up, also where a parameter's default is empty.
        if let Some(place) = decoded.places.get("/name") {
            decoded.places.insert("/name", place.key, place.value, Origin::Symbolic);
        }
    }
    let source = reader.source().clone();
    let mut declaration =
        Declaration::new(source, Naming::CloudFormation, Some(logical_id.to_owned()), decoded, unresolved);
    declaration.assumed = assumed;
    Some(declaration)
}

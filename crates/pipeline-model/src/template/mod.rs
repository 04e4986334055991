//! What stands beside the pipeline in a template: build projects, webhooks, repositories, buckets, roles, event rules.
//!
//! Functions are evaluated as for pipelines, in the first world: what only the deployment knows stays in the text as
//! `${LogicalId}`, and so one resource finds another by what it is called.
//!
//! ```
//! use pipeline_model::{ReadOptions, read, template};
//!
//! let text = "
//! Resources:
//!   Builds:
//!     Type: AWS::CodeBuild::Project
//!     Properties:
//!       Source: {Type: CODEPIPELINE, BuildSpec: ci/buildspec.yml}
//!       Environment: {Image: 'aws/codebuild/standard:7.0', PrivilegedMode: true}
//!       ServiceRole: !GetAtt BuildRole.Arn
//!   BuildRole:
//!     Type: AWS::IAM::Role
//! ";
//! let reading = read("template.yaml", text);
//! let resources = template::resources(&reading.document, &ReadOptions::default());
//! let project = resources.called("${Builds}").and_then(template::Resource::project).unwrap();
//! assert_eq!(project.buildspec.as_ref().map(|spec| spec.text().text.as_str()), Some("ci/buildspec.yml"));
//! assert_eq!(project.environment.privileged, Some(true));
//! let role = project.service_role.as_ref().and_then(|role| resources.called(&role.text));
//! assert_eq!(role.map(|role| role.logical_id.as_str()), Some("BuildRole"));
//! ```

mod at;
mod dependencies;
pub mod generate;
mod project;
mod role;
mod storage;
mod trigger;
mod wiring;

use spec_report::{Document, Node, Report, Rule, Span};

use crate::format::cloudformation::{Budget, Resolver, Template, Unresolved, is_template, resource_type};
use crate::read::{Declaration, ReadOptions};
use at::At;
pub use at::Text;
pub(crate) use dependencies::check as check_references;
pub use project::{Buildspec, Environment, EnvironmentVariable, Project};
pub use role::{AttachedPolicy, NamedPolicy, Role};
pub use storage::{Bucket, Repository};
pub use trigger::{EventRule, EventTarget, Webhook, WebhookFilter};

/// The rules about whole templates.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    dependencies::RULES.iter().chain(wiring::RULES).copied()
}

/// What is wrong with a template as a whole.
pub(crate) fn check(document: &Document, declarations: &[Declaration]) -> Report {
    let Some(root) = document.root() else { return Report::new() };
    let mut report = check_references(document.source(), root);
    report.merge(wiring::check(document, declarations));
    report
}

/// The resources of a template.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Resources {
    /// In the order of the file.
    pub all: Vec<Resource>,
    /// What only the deployment knows.
    pub unresolved: Vec<Unresolved>,
}

/// One resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type, such as `AWS::CodeBuild::Project`.
    pub kind: String,
    /// Where it is written.
    pub span: Span,
    /// The condition under which it exists.
    pub condition: Option<String>,
    /// What becomes of it when the stack no longer has it: `Retain`, `Delete`, `Snapshot`.
    pub deletion_policy: Option<String>,
    /// What it is.
    pub definition: Definition,
}

/// The properties of a resource, for the types that a delivery path is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Definition {
    /// `AWS::CodeBuild::Project`
    Project(Box<Project>),
    /// `AWS::CodePipeline::Webhook`
    Webhook(Webhook),
    /// `AWS::ECR::Repository`
    Repository(Repository),
    /// `AWS::S3::Bucket`
    Bucket(Bucket),
    /// `AWS::IAM::Role`
    Role(Role),
    /// `AWS::IAM::Policy` and `AWS::IAM::ManagedPolicy`
    Policy(AttachedPolicy),
    /// `AWS::Events::Rule`
    EventRule(EventRule),
    /// Any other type, pipelines included: those are the declarations of [`Reading`](crate::Reading).
    Other,
}

/// The resources of a document; none if it is no template.
#[must_use]
pub fn resources(document: &Document, options: &ReadOptions) -> Resources {
    resources_of(document, options, |_| true)
}

/// The resources of some types.
fn resources_of(document: &Document, options: &ReadOptions, wanted: impl Fn(&str) -> bool) -> Resources {
    let mut out = Resources::default();
    let Some(root) = document.root().filter(|root| is_template(root)) else { return out };
    let template = Template::new(root, &options.values);
    let mut budget = Budget::new(&options.limits);
    for (logical_id, node) in template.resources() {
        let Some(kind) = resource_type(node).filter(|kind| wanted(kind)) else { continue };
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let mut resolver = Resolver::new(&template, budget);
        if let Some(condition) = node.get("Condition").and_then(Node::as_str) {
            resolver = resolver.where_holds(condition);
        }
        let mut definition = Definition::Other;
        let read = reader_of(kind);
        let properties = node.get("Properties").filter(|_| read.is_some());
        let resolved = properties.and_then(|properties| resolver.resolve(properties));
        let evaluated = resolver.finish();
        budget = evaluated.budget;
        if let Some(read) = read {
            definition = read(&At::new(resolved.as_ref(), &evaluated.origins));
            out.unresolved.extend(evaluated.unresolved);
        }
        out.all.push(Resource {
            logical_id: logical_id.to_owned(),
            kind: kind.to_owned(),
            span: node.span,
            condition: text("Condition"),
            deletion_policy: text("DeletionPolicy"),
            definition,
        });
    }
    out
}

fn reader_of(kind: &str) -> Option<fn(&At<'_>) -> Definition> {
    Some(match kind {
        "AWS::CodeBuild::Project" => |at| Definition::Project(Box::new(project::read(at))),
        "AWS::CodePipeline::Webhook" => |at| Definition::Webhook(trigger::webhook(at)),
        "AWS::ECR::Repository" => |at| Definition::Repository(storage::repository(at)),
        "AWS::S3::Bucket" => |at| Definition::Bucket(storage::bucket(at)),
        "AWS::IAM::Role" => |at| Definition::Role(role::read(at)),
        "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => |at| Definition::Policy(role::attached(at)),
        "AWS::Events::Rule" => |at| Definition::EventRule(trigger::event_rule(at)),
        _ => return None,
    })
}

impl Resources {
    /// The resource that a text means: `${LogicalId}`, `${LogicalId.Attribute}`, or the name that the resource is given.
    #[must_use]
    pub fn called(&self, text: &str) -> Option<&Resource> {
        if let Some(id) = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')) {
            let id = id.split('.').next().unwrap_or(id);
            if let Some(found) = self.all.iter().find(|resource| resource.logical_id == id) {
                return Some(found);
            }
        }
        self.all.iter().find(|resource| resource.name().is_some_and(|name| name.text == text))
    }

    /// Every policy of a role: its own, and those of the template that are attached to it.
    pub fn policies_of<'r>(&'r self, role: &'r Resource) -> impl Iterator<Item = &'r NamedPolicy> {
        let own = role.role().map_or(&[][..], |role| role.policies.as_slice());
        let attached = self.all.iter().filter_map(|resource| match &resource.definition {
            Definition::Policy(policy) => Some(policy),
            _ => None,
        });
        let attached = attached.filter(|policy| {
            policy
                .roles
                .iter()
                .any(|name| self.called(&name.text).is_some_and(|found| found.logical_id == role.logical_id))
        });
        own.iter().chain(attached.filter_map(|policy| policy.policy.as_ref()))
    }
}

impl Resource {
    /// The name that the template gives it; CloudFormation makes one up otherwise.
    #[must_use]
    pub fn name(&self) -> Option<&Text> {
        match &self.definition {
            Definition::Project(project) => project.name.as_ref(),
            Definition::Webhook(webhook) => webhook.name.as_ref(),
            Definition::Repository(repository) => repository.name.as_ref(),
            Definition::Bucket(bucket) => bucket.name.as_ref(),
            Definition::Role(role) => role.name.as_ref(),
            Definition::EventRule(rule) => rule.name.as_ref(),
            Definition::Policy(_) | Definition::Other => None,
        }
    }

    /// The build project that it is.
    #[must_use]
    pub fn project(&self) -> Option<&Project> {
        match &self.definition {
            Definition::Project(project) => Some(project),
            _ => None,
        }
    }

    /// The role that it is.
    #[must_use]
    pub const fn role(&self) -> Option<&Role> {
        match &self.definition {
            Definition::Role(role) => Some(role),
            _ => None,
        }
    }
}

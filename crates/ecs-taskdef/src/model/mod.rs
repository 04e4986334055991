//! A task definition: the document as it was written, with typed views of the fields that the rest of the crate asks for.
//!
//! The text is the truth. Views are read from it and carry their places; fields without a view are no less kept, because
//! edits change the text and the request body is made of the whole document.

mod container;
pub(crate) mod names;
pub(crate) mod shape;

use std::sync::Arc;

use spec_report::{Document, Format, Node, Schema, Source, Spanned};

pub use container::{
    Container, Dependency, EnvironmentVariable, HealthCheck, LogConfiguration, LogOption, MountPoint, PortMapping,
    SecretReference,
};
pub(crate) use names::open_enum;
pub use names::{Compatibility, Condition, NetworkMode};
pub use shape::READ_ONLY;

use crate::read::{ReadOptions, Spelling};

/// A task definition with its text.
///
/// Cheap to clone as far as the text goes; made by [`read`](crate::read()) and changed by the methods of
/// [`edit`](crate::edit), each of which gives a new one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskDefinition {
    pub(crate) document: Arc<Document>,
    /// How the text was read, and is read again after an edit.
    pub(crate) reading: ReadOptions,
    /// Whether the fields stand inside a `taskDefinition` key, as in the answer of `DescribeTaskDefinition`.
    pub wrapped: bool,
    /// The family whose next revision this becomes.
    pub family: Option<Spanned<String>>,
    /// The role of the containers' own code.
    pub task_role_arn: Option<Spanned<String>>,
    /// The role with which ECS pulls images, reads secrets and writes logs.
    pub execution_role_arn: Option<Spanned<String>>,
    /// The network mode; `bridge` if there is none, see [`TaskDefinition::effective_network_mode`].
    pub network_mode: Option<Spanned<NetworkMode>>,
    /// Where the task shall be able to run.
    pub requires_compatibilities: Vec<Spanned<Compatibility>>,
    /// CPU of the task as written; [`units::cpu`](crate::units::cpu) reads it.
    pub cpu: Option<Spanned<String>>,
    /// Memory of the task as written; [`units::memory`](crate::units::memory) reads it.
    pub memory: Option<Spanned<String>>,
    /// The operating system family as written, such as `LINUX` or `WINDOWS_SERVER_2022_CORE`.
    pub operating_system_family: Option<Spanned<String>>,
    /// The containers.
    pub containers: Vec<Container>,
    /// The names of the volumes.
    pub volumes: Vec<Spanned<String>>,
}

impl TaskDefinition {
    pub(crate) fn of(document: &Arc<Document>, options: &ReadOptions) -> Self {
        let mut this = Self {
            document: Arc::clone(document),
            // The text has the API's spelling by now.
            reading: options.clone().with_spelling(Spelling::Api),
            wrapped: false,
            family: None,
            task_role_arn: None,
            execution_role_arn: None,
            network_mode: None,
            requires_compatibilities: Vec::new(),
            cpu: None,
            memory: None,
            operating_system_family: None,
            containers: Vec::new(),
            volumes: Vec::new(),
        };
        let Some(root) = document.root() else { return this };
        let view = View::new(document);
        let node = definition_node(root);
        this.wrapped = !std::ptr::eq(node, root);
        this.family = view.text(node, "family");
        // An empty string stands for an absent value: old exports of the console write them.
        let filled = |key| view.text(node, key).filter(|text| !text.value.is_empty());
        this.task_role_arn = filled("taskRoleArn");
        this.execution_role_arn = filled("executionRoleArn");
        this.network_mode = filled("networkMode").map(|text| text.map(NetworkMode::from));
        this.requires_compatibilities = view
            .list(node, "requiresCompatibilities")
            .iter()
            .filter_map(|item| view.scalar(item))
            .map(|text| text.map(Compatibility::from))
            .collect();
        this.cpu = filled("cpu");
        this.memory = filled("memory");
        this.operating_system_family =
            view.entry(node, "runtimePlatform").and_then(|platform| view.text(platform, "operatingSystemFamily"));
        this.containers = containers_node(root)
            .and_then(Node::as_seq)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter(|(_, item)| item.as_map().is_some())
            .map(|(index, item)| Container::of(&view, index, item))
            .collect();
        this.volumes = view.list(node, "volumes").iter().filter_map(|item| view.text(item, "name")).collect();
        this
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.document.source()
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The mapping that holds the fields: the document's root, or what stands under its `taskDefinition`. A plain list of
    /// containers has none.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        self.document.root().map(definition_node).filter(|node| !is_container_list(node))
    }

    /// Whether the file is a plain list of containers, as Terraform's `container_definitions` takes it: what else belongs
    /// to the task is written elsewhere.
    #[must_use]
    pub fn is_container_list(&self) -> bool {
        self.document.root().is_some_and(is_container_list)
    }

    /// Whether all of the task was read, so that what is absent is nowhere.
    pub(crate) fn is_whole(&self) -> bool {
        self.document.is_complete() && !self.is_container_list()
    }

    /// The list of containers.
    pub(crate) fn containers_node(&self) -> Option<&Node> {
        self.document.root().and_then(containers_node)
    }

    /// The container of this name; of several the first.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.iter().find(|container| container.name() == Some(name))
    }

    /// The names of the containers in the order of the text.
    pub fn container_names(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().filter_map(Container::name)
    }

    /// The network mode that holds: the one that is written, otherwise `bridge`, ECS's default on Linux.
    #[must_use]
    pub fn effective_network_mode(&self) -> NetworkMode {
        self.network_mode.as_ref().map_or(NetworkMode::Bridge, |mode| mode.value.clone())
    }

    /// Whether the task shall be able to run on a launch type.
    #[must_use]
    pub fn requires(&self, compatibility: &Compatibility) -> bool {
        self.requires_compatibilities.iter().any(|required| required.value == *compatibility)
    }

    /// Whether the task shall be able to run on Fargate, which has rules of its own.
    #[must_use]
    pub fn is_fargate(&self) -> bool {
        self.requires(&Compatibility::Fargate)
    }

    /// The containers with their mappings, for what has no view.
    pub(crate) fn container_nodes(&self) -> impl Iterator<Item = (&Container, &Node)> {
        let items = self.containers_node().and_then(Node::as_seq).unwrap_or_default();
        self.containers.iter().filter_map(|container| Some((container, items.get(container.index)?)))
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.document)
    }

    pub(crate) fn schema(&self) -> Schema {
        schema(self.document.format())
    }
}

/// The reading of plain scalars: JSON's own, and YAML 1.2's, which is what the AWS CLI and the GitHub actions apply.
pub(crate) fn schema(format: Format) -> Schema {
    match format {
        Format::Json => Schema::Json,
        _ => Schema::Yaml12,
    }
}

/// `{"taskDefinition": {…}, "tags": […]}` is what `aws ecs describe-task-definition` prints.
pub(crate) fn definition_node(root: &Node) -> &Node {
    match root.get("taskDefinition") {
        Some(inner) if inner.as_map().is_some() && root.get("containerDefinitions").is_none() => inner,
        _ => root,
    }
}

/// A list of mappings at the root can only be containers.
pub(crate) fn is_container_list(root: &Node) -> bool {
    root.as_seq().is_some_and(|items| !items.is_empty() && items.iter().all(|item| item.as_map().is_some()))
}

fn containers_node(root: &Node) -> Option<&Node> {
    if is_container_list(root) { Some(root) } else { definition_node(root).get("containerDefinitions") }
}

/// Takes values out of a document without reporting: what does not fit was reported when the structure was checked.
pub(crate) struct View<'d> {
    schema: Schema,
    document: &'d Document,
}

impl<'d> View<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self { schema: schema(document.format()), document }
    }

    /// Where reading stopped, for views that ask whether something is absent.
    pub(crate) fn cut_off(&self, node: &Node) -> bool {
        self.document.stopped_at().is_some_and(|at| at <= node.span.end)
    }

    pub(crate) fn entry(&self, node: &'d Node, key: &str) -> Option<&'d Node> {
        node.get(key).filter(|value| !value.is_null(self.schema))
    }

    pub(crate) fn list(&self, node: &'d Node, key: &str) -> &'d [Node] {
        self.entry(node, key).and_then(Node::as_seq).unwrap_or_default()
    }

    pub(crate) fn scalar(&self, node: &Node) -> Option<Spanned<String>> {
        let text = node.as_str().filter(|_| !node.is_null(self.schema))?;
        Some(Spanned::new(text.to_owned(), node.span))
    }

    pub(crate) fn text(&self, node: &'d Node, key: &str) -> Option<Spanned<String>> {
        self.scalar(self.entry(node, key)?)
    }

    /// A whole number, also one that is written as a string.
    pub(crate) fn int(&self, node: &'d Node, key: &str) -> Option<Spanned<i64>> {
        let text = self.text(node, key)?;
        let value = text.value.trim().parse().ok()?;
        Some(Spanned::new(value, text.span))
    }

    pub(crate) fn bool(&self, node: &'d Node, key: &str) -> Option<Spanned<bool>> {
        let text = self.text(node, key)?;
        let value = text.value.to_ascii_lowercase().parse().ok()?;
        Some(Spanned::new(value, text.span))
    }
}

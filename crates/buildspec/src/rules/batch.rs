//! The builds of a batch, as the rules about them look at them.
//!
//! Reading keeps `batch` as it is written; these are the ways into it that more than one rule takes.

use spec_report::Node;

use super::subject::Subject;

/// An entry of `build-graph` or `build-list`.
#[derive(Debug)]
pub(crate) struct Task<'n> {
    pub(crate) node: &'n Node,
    pub(crate) identifier: Option<&'n Node>,
    pub(crate) depend_on: Vec<&'n Node>,
}

/// The entries of the graph and of the list, in the order of the file.
pub(crate) fn tasks(subject: &Subject) -> Vec<Task<'_>> {
    let Some(batch) = &subject.spec.batch else { return Vec::new() };
    let lists = ["build-graph", "build-list"].into_iter().filter_map(|kind| batch.get(kind)?.as_seq());
    lists
        .flatten()
        .map(|node| Task { node, identifier: node.get("identifier"), depend_on: values(node, "depend-on") })
        .collect()
}

/// Every `env` that describes the machine of a build: those of the entries and those of a matrix.
pub(crate) fn environments(subject: &Subject) -> Vec<&Node> {
    let matrix = |part| subject.node(&["batch", "build-matrix", part, "env"]);
    let of_tasks = tasks(subject).into_iter().filter_map(|task| task.node.get("env"));
    of_tasks.chain(matrix("static")).chain(matrix("dynamic")).collect()
}

/// The scalars of a value that is one scalar or a list of them.
pub(crate) fn values<'n>(node: &'n Node, key: &str) -> Vec<&'n Node> {
    match node.get(key) {
        Some(value) => value.as_seq().map_or_else(|| vec![value], |items| items.iter().collect()),
        None => Vec::new(),
    }
}

//! Environment variables, environment files, secrets, labels and log options: set and unset.

use serde_json::{Value as Json, json};
use spec_report::Node;

use super::entries::{Pairs, last_entry, named};
use super::splice::{self, Flow};
use super::{EditError, container_json};
use crate::TaskDefinition;

const ENVIRONMENT: Pairs = Pairs { list: "environment", name: "name", value: "value", what: "variable" };
const SECRETS: Pairs = Pairs { list: "secrets", name: "name", value: "valueFrom", what: "secret" };
const FILES: Pairs = Pairs { list: "environmentFiles", name: "value", value: "type", what: "environment file" };

impl TaskDefinition {
    /// Sets an environment variable of a container. The value is taken as it is, whatever characters it has.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is none of this name, [`EditError::Entangled`] if the variable's text is
    /// shared with other places.
    pub fn with_env(&self, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        self.set_pair(ENVIRONMENT, container, name, value)
    }

    /// Removes an environment variable of a container, each time it is there; gives the same back if it is not.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is no container of this name, [`EditError::Entangled`] if the variable's
    /// text is shared with other places.
    pub fn without_env(&self, container: &str, name: &str) -> Result<Self, EditError> {
        self.remove_pair(ENVIRONMENT, container, name)
    }

    /// Sets where an environment variable's secret value comes from: the ARN of a secret or of a parameter, or the name
    /// of a parameter of the same region.
    ///
    /// A plain variable of the same name stays; [`without_env`](Self::without_env) removes it.
    ///
    /// # Errors
    /// As [`with_env`](Self::with_env).
    pub fn with_secret(&self, container: &str, name: &str, value_from: &str) -> Result<Self, EditError> {
        self.set_pair(SECRETS, container, name, value_from)
    }

    /// Removes a secret of a container, each time it is there; gives the same back if it is not.
    ///
    /// # Errors
    /// As [`without_env`](Self::without_env).
    pub fn without_secret(&self, container: &str, name: &str) -> Result<Self, EditError> {
        self.remove_pair(SECRETS, container, name)
    }

    /// Adds a file of environment variables by the ARN of its object in Amazon S3, behind the others: of equal variables
    /// the last file's counts. Gives the same back if the file is there.
    ///
    /// # Errors
    /// As [`with_env`](Self::with_env).
    pub fn with_env_file(&self, container: &str, arn: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let list = node.get(FILES.list);
        if list.is_some_and(|list| !named(list, FILES.name, arn).is_empty()) {
            return Ok(self.clone());
        }
        let item = [("value", arn), ("type", "s3")];
        let edit = match list {
            None => splice::insert_entry(self.source(), node, FILES.list, &Flow::ListOfOne(&item))?,
            Some(list) if list.as_seq().is_none_or(<[Node]>::is_empty) => {
                splice::fill(self.source(), list, &Flow::ListOfOne(&item))
            }
            Some(list) => splice::insert_item(self.source(), list, &item)?,
        };
        let what = format!("the environment files of `{container}`");
        self.apply(vec![edit], &what, |body| {
            let object = container_json(body, found.index)?.as_object_mut()?;
            let list = object.entry(FILES.list).or_insert_with(|| json!([])).as_array_mut()?;
            list.push(json!({ "value": arn, "type": "s3" }));
            Some(())
        })
    }

    /// Removes a file of environment variables by its ARN; gives the same back if it is not there.
    ///
    /// # Errors
    /// As [`without_env`](Self::without_env).
    pub fn without_env_file(&self, container: &str, arn: &str) -> Result<Self, EditError> {
        self.remove_pair(FILES, container, arn)
    }

    /// Sets a Docker label of a container.
    ///
    /// # Errors
    /// As [`with_env`](Self::with_env).
    pub fn with_label(&self, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let what = format!("the label `{name}` of `{container}`");
        self.set_in_map(node, "dockerLabels", (name, value), &what, |body| container_json(body, found.index))
    }

    /// Removes a Docker label of a container; gives the same back if it is not there.
    ///
    /// # Errors
    /// As [`without_env`](Self::without_env).
    pub fn without_label(&self, container: &str, name: &str) -> Result<Self, EditError> {
        let index = self.container_to_edit(container)?.index;
        self.remove_key(
            name,
            &format!("the label `{name}` of `{container}`"),
            |edited| {
                let node = edited.container_node(edited.container_to_edit(container)?)?;
                Ok(last_entry(node, "dockerLabels"))
            },
            |body| container_json(body, index)?.get_mut("dockerLabels"),
        )
    }

    /// Sets an option of a container's log driver, such as `awslogs-group`.
    ///
    /// # Errors
    /// As [`with_env`](Self::with_env), and [`EditError::NoLogConfiguration`] if the container names no log driver that
    /// could have options.
    pub fn with_log_option(&self, container: &str, name: &str, value: &str) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let logs = self.container_node(found)?.get("logConfiguration").filter(|logs| logs.as_map().is_some());
        let logs = logs.ok_or_else(|| EditError::NoLogConfiguration { container: container.to_owned() })?;
        let what = format!("the log option `{name}` of `{container}`");
        self.set_in_map(logs, "options", (name, value), &what, |body| logs_json(body, found.index))
    }

    /// Removes an option of a container's log driver; gives the same back if it is not there.
    ///
    /// # Errors
    /// As [`without_env`](Self::without_env).
    pub fn without_log_option(&self, container: &str, name: &str) -> Result<Self, EditError> {
        let index = self.container_to_edit(container)?.index;
        self.remove_key(
            name,
            &format!("the log option `{name}` of `{container}`"),
            |edited| {
                let node = edited.container_node(edited.container_to_edit(container)?)?;
                Ok(node.get("logConfiguration").and_then(|logs| last_entry(logs, "options")))
            },
            |body| logs_json(body, index)?.get_mut("options"),
        )
    }
}

fn logs_json(body: &mut Json, index: usize) -> Option<&mut Json> {
    container_json(body, index)?.get_mut("logConfiguration")
}

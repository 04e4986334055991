//! What a task and its containers get and run: CPU, memory and command, set and unset.

use serde_json::Value as Json;
use spec_report::Node;

use super::splice::{self, Flow};
use super::{EditError, container_json, set};
use crate::{BodyError, TaskDefinition};

impl TaskDefinition {
    /// Sets the task's CPU: `512`, or `0.5 vCPU`.
    ///
    /// # Errors
    /// [`EditError::Entangled`] if its text is shared with other places.
    pub fn with_cpu(&self, cpu: &str) -> Result<Self, EditError> {
        self.set_amount("cpu", cpu)
    }

    /// Removes the task's CPU; gives the same back if there is none.
    ///
    /// # Errors
    /// As [`with_cpu`](Self::with_cpu).
    pub fn without_cpu(&self) -> Result<Self, EditError> {
        self.remove_amount("cpu")
    }

    /// Sets the task's memory: `1024`, or `1GB`.
    ///
    /// # Errors
    /// As [`with_cpu`](Self::with_cpu).
    pub fn with_memory(&self, memory: &str) -> Result<Self, EditError> {
        self.set_amount("memory", memory)
    }

    /// Removes the task's memory; gives the same back if there is none.
    ///
    /// # Errors
    /// As [`with_cpu`](Self::with_cpu).
    pub fn without_memory(&self) -> Result<Self, EditError> {
        self.remove_amount("memory")
    }

    /// Sets a container's CPU units, or removes them with `None`.
    ///
    /// # Errors
    /// [`EditError::UnknownContainer`] if there is none of this name, [`EditError::Entangled`] if the text is shared with
    /// other places.
    pub fn with_container_cpu(&self, container: &str, units: Option<u32>) -> Result<Self, EditError> {
        self.set_number(container, "cpu", units)
    }

    /// Sets the most memory of a container in MiB, or removes it with `None`.
    ///
    /// # Errors
    /// As [`with_container_cpu`](Self::with_container_cpu).
    pub fn with_container_memory(&self, container: &str, mib: Option<u32>) -> Result<Self, EditError> {
        self.set_number(container, "memory", mib)
    }

    /// Sets the reserved memory of a container in MiB, or removes it with `None`.
    ///
    /// # Errors
    /// As [`with_container_cpu`](Self::with_container_cpu).
    pub fn with_memory_reservation(&self, container: &str, mib: Option<u32>) -> Result<Self, EditError> {
        self.set_number(container, "memoryReservation", mib)
    }

    /// Sets the command of a container, one text per argument: nothing is split or joined.
    ///
    /// # Errors
    /// As [`with_container_cpu`](Self::with_container_cpu).
    pub fn with_command(&self, container: &str, command: &[&str]) -> Result<Self, EditError> {
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let edit = match node.get("command") {
            Some(list) => splice::texts(self.source(), list, command),
            None => splice::insert_entry(self.source(), node, "command", &Flow::Texts(command))?,
        };
        self.apply(vec![edit], &format!("the command of `{container}`"), |body| {
            set(container_json(body, found.index)?, "command", Json::from(command))
        })
    }

    /// Removes the command of a container, so that the image's own runs; gives the same back if there is none.
    ///
    /// # Errors
    /// As [`with_container_cpu`](Self::with_container_cpu).
    pub fn without_command(&self, container: &str) -> Result<Self, EditError> {
        self.remove_setting(container, "command")
    }

    fn set_amount(&self, key: &str, amount: &str) -> Result<Self, EditError> {
        let node = self.node().ok_or(BodyError::NotAMapping)?;
        let edit = match node.get(key) {
            Some(value) => splice::amount(self.source(), value, amount),
            None => splice::insert_entry(self.source(), node, key, &Flow::Text(amount))?,
        };
        self.apply(vec![edit], &format!("`{key}` of the task"), |body| set(body, key, Json::from(amount)))
    }

    fn remove_amount(&self, key: &str) -> Result<Self, EditError> {
        self.remove_key(
            key,
            &format!("`{key}` of the task"),
            |edited| Ok(edited.node().map(|node| (node, node))),
            |body| Some(body),
        )
    }

    fn set_number(&self, container: &str, key: &str, number: Option<u32>) -> Result<Self, EditError> {
        let Some(number) = number else { return self.remove_setting(container, key) };
        let found = self.container_to_edit(container)?;
        let node = self.container_node(found)?;
        let edit = match node.get(key) {
            Some(value) => splice::number(self.source(), value, number),
            None => splice::insert_entry(self.source(), node, key, &Flow::Number(number))?,
        };
        self.apply(vec![edit], &format!("`{key}` of `{container}`"), |body| {
            set(container_json(body, found.index)?, key, Json::from(number))
        })
    }

    fn remove_setting(&self, container: &str, key: &str) -> Result<Self, EditError> {
        let index = self.container_to_edit(container)?.index;
        self.remove_key(
            key,
            &format!("`{key}` of `{container}`"),
            |edited| {
                let node: &Node = edited.container_node(edited.container_to_edit(container)?)?;
                Ok(Some((node, node)))
            },
            |body| container_json(body, index),
        )
    }
}

//! Families and their revisions.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_call::CallError;
use serde_json::{Value as Json, json};

use super::scheduler::Image;
use super::validate;
use crate::client::{ListRevisions, Registered, short_name};
use crate::{Body, canonical};

#[derive(Debug, Default)]
pub(super) struct Registry {
    families: BTreeMap<String, Vec<Revision>>,
}

/// The revision at index 0 is number 1: numbers are never used again.
#[derive(Debug)]
pub(super) struct Revision {
    /// As `DescribeTaskDefinition` shows it, without tags.
    pub(super) described: Json,
    tags: Json,
    active: bool,
}

impl Registry {
    pub(super) fn register(&mut self, body: &Body, home: &str, now: SystemTime) -> Result<Registered, CallError> {
        if let Some(message) = validate::objection(body.as_json()) {
            return Err(CallError::service("RegisterTaskDefinition", "ClientException", message));
        }
        let revisions = self.families.entry(body.family().to_owned()).or_default();
        let number = u32::try_from(revisions.len() + 1).unwrap_or(u32::MAX);
        let arn = format!("{home}:task-definition/{}:{number}", body.family());
        let mut described = body.as_json().clone();
        canonical::fill(&mut described);
        let mut tags = json!([]);
        if let Json::Object(fields) = &mut described {
            tags = fields.remove("tags").unwrap_or(tags);
            let mut compatibilities = vec!["EC2"];
            let required = fields.get("requiresCompatibilities").and_then(Json::as_array);
            if required.is_some_and(|required| required.iter().any(|one| one == "FARGATE")) {
                compatibilities.push("FARGATE");
            }
            let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
            for (key, value) in [
                ("taskDefinitionArn", json!(arn)),
                ("revision", json!(number)),
                ("status", json!("ACTIVE")),
                ("compatibilities", json!(compatibilities)),
                ("requiresAttributes", json!([])),
                ("registeredAt", json!(seconds)),
                ("registeredBy", json!("arn:aws:iam::123456789012:user/longshore")),
            ] {
                fields.insert(key.to_owned(), value);
            }
        }
        revisions.push(Revision { described, tags, active: true });
        Ok(Registered::new(arn, body.family(), number))
    }

    pub(super) fn describe(&self, id: &str) -> Result<Json, CallError> {
        let revision = self.find(id).ok_or_else(|| {
            CallError::service("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.")
        })?;
        Ok(json!({ "taskDefinition": revision.described, "tags": revision.tags }))
    }

    pub(super) fn deregister(&mut self, id: &str, now: SystemTime) -> Result<(), CallError> {
        let failed = |message: &str| Err(CallError::service("DeregisterTaskDefinition", "ClientException", message));
        let Some((family, number)) = short_name(id).rsplit_once(':') else {
            return failed("A revision must be specified.");
        };
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let revision = index.and_then(|index| self.families.get_mut(family)?.get_mut(index));
        let Some(revision) = revision else {
            return failed("The specified task definition does not exist.");
        };
        revision.active = false;
        revision.described["status"] = json!("INACTIVE");
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
        revision.described["deregisteredAt"] = json!(seconds);
        Ok(())
    }

    #[cfg(feature = "serve")]
    pub(super) fn families(&self) -> Vec<String> {
        self.families.keys().cloned().collect()
    }

    pub(super) fn list(&self, request: &ListRevisions) -> Vec<String> {
        let revisions = self.families.get(&request.family).map_or(&[][..], Vec::as_slice);
        let wanted = request.status == "ACTIVE";
        revisions.iter().rev().filter(|revision| revision.active == wanted).map(Revision::arn).collect()
    }

    /// The revision that a service can be moved to.
    pub(super) fn runnable(&self, operation: &'static str, id: &str) -> Result<&Revision, CallError> {
        let Some(revision) = self.find(id) else {
            return Err(CallError::service(operation, "ClientException", "TaskDefinition not found."));
        };
        if !revision.active {
            return Err(CallError::service(operation, "InvalidParameterException", "TaskDefinition is inactive"));
        }
        Ok(revision)
    }

    /// A revision by ARN, `family:revision`, or family (its newest active one).
    pub(super) fn find(&self, id: &str) -> Option<&Revision> {
        match short_name(id).rsplit_once(':') {
            Some((family, number)) => {
                let index = number.parse::<usize>().ok()?.checked_sub(1)?;
                self.families.get(family)?.get(index)
            }
            None => self.families.get(short_name(id))?.iter().rev().find(|revision| revision.active),
        }
    }
}

impl Revision {
    pub(super) fn arn(&self) -> String {
        self.described["taskDefinitionArn"].as_str().unwrap_or_default().to_owned()
    }

    /// What its containers run.
    pub(super) fn containers(&self) -> Vec<Image> {
        let containers = self.described["containerDefinitions"].as_array().map_or(&[][..], Vec::as_slice);
        let text = |container: &Json, key: &str| container[key].as_str().unwrap_or_default().to_owned();
        containers
            .iter()
            .map(|container| Image {
                container: text(container, "name"),
                image: text(container, "image"),
                essential: container["essential"].as_bool().unwrap_or(true),
            })
            .collect()
    }
}

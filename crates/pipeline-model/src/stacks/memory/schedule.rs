//! What happens to a stack, and when: an operation decides all its events at once, and the clock shows them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_call::IdSource;

use super::super::StackEvent;
use super::validate::Made;

/// A stack.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) name: String,
    /// The token of the last request that changed it.
    pub(super) token: Option<String>,
    /// What it is, or will be when the operation is over.
    made: Made,
    /// Past and future, in the order of time.
    events: Vec<StackEvent>,
}

/// The clock of an operation.
struct Run<'a> {
    now: SystemTime,
    pace: Duration,
    failing: &'a BTreeMap<String, String>,
    ids: &'a dyn IdSource,
    stack: (String, String),
    events: Vec<StackEvent>,
}

impl Run<'_> {
    fn stack(&mut self, status: &str, reason: Option<&str>) {
        let (id, name) = self.stack.clone();
        self.push(&name, "AWS::CloudFormation::Stack", &id, status, reason);
    }

    fn push(&mut self, logical_id: &str, kind: &str, physical_id: &str, status: &str, reason: Option<&str>) {
        let mut event =
            StackEvent::new(self.ids.uuid(), self.now, logical_id, kind, status).with_physical_id(physical_id);
        event.reason = reason.map(str::to_owned);
        self.events.push(event);
    }

    /// Works on a resource; false if that fails.
    fn resource(&mut self, verb: &str, (id, kind): (&str, &str)) -> bool {
        let physical = format!("{}-{id}", self.stack.1);
        self.push(id, kind, &physical, &format!("{verb}_IN_PROGRESS"), None);
        self.now += self.pace;
        let reason = self.failing.get(id).cloned();
        let end = if reason.is_none() { "COMPLETE" } else { "FAILED" };
        self.push(id, kind, &physical, &format!("{verb}_{end}"), reason.as_deref());
        reason.is_none()
    }

    /// Takes a resource away, whatever becomes of it.
    fn undo(&mut self, (id, kind): (&str, &str)) {
        let physical = format!("{}-{id}", self.stack.1);
        self.push(id, kind, &physical, "DELETE_IN_PROGRESS", None);
        self.now += self.pace;
        self.push(id, kind, &physical, "DELETE_COMPLETE", None);
    }
}

fn failed(verb: &str, ids: &str) -> String {
    format!("The following resource(s) failed to {verb}: [{ids}]. ")
}

impl Kept {
    pub(super) fn new(id: String, name: String) -> Self {
        Self { id, name, token: None, made: Made::default(), events: Vec::new() }
    }

    pub(super) const fn made(&self) -> &Made {
        &self.made
    }

    /// The events until now.
    pub(super) fn events(&self, now: SystemTime) -> &[StackEvent] {
        &self.events[..self.events.partition_point(|event| event.at <= now)]
    }

    fn last(&self, now: SystemTime) -> Option<&StackEvent> {
        self.events(now).iter().rev().find(|event| event.physical_id.as_ref() == Some(&self.id))
    }

    pub(super) fn status(&self, now: SystemTime) -> &str {
        self.last(now).map_or("CREATE_IN_PROGRESS", |event| event.status.as_str())
    }

    pub(super) fn reason(&self, now: SystemTime) -> Option<&str> {
        self.last(now)?.reason.as_deref()
    }

    fn run<'a>(
        &self,
        now: SystemTime,
        pace: Duration,
        failing: &'a BTreeMap<String, String>,
        ids: &'a dyn IdSource,
    ) -> Run<'a> {
        Run { now, pace, failing, ids, stack: (self.id.clone(), self.name.clone()), events: Vec::new() }
    }

    /// Makes the stack an empty one that a change set is to fill.
    pub(super) fn review(&mut self, now: SystemTime, ids: &dyn IdSource) {
        let failing = BTreeMap::new();
        let mut run = self.run(now, Duration::ZERO, &failing, ids);
        run.stack("REVIEW_IN_PROGRESS", Some("User Initiated"));
        let events = run.events;
        self.events.extend(events);
    }

    pub(super) fn create(
        &mut self,
        made: Made,
        now: SystemTime,
        pace: Duration,
        failing: &BTreeMap<String, String>,
        ids: &dyn IdSource,
    ) {
        let mut run = self.run(now, pace, failing, ids);
        run.stack("CREATE_IN_PROGRESS", Some("User Initiated"));
        let mut done = Vec::new();
        let mut broken = None;
        for (id, kind, _) in &made.resources {
            done.push((id.as_str(), kind.as_str()));
            if !run.resource("CREATE", (id, kind)) {
                broken = Some(id);
                break;
            }
        }
        match broken {
            None => run.stack("CREATE_COMPLETE", None),
            Some(id) => {
                let reason = failed("create", id) + "Rollback requested by user.";
                run.stack("ROLLBACK_IN_PROGRESS", Some(&reason));
                done.into_iter().rev().for_each(|resource| run.undo(resource));
                run.stack("ROLLBACK_COMPLETE", None);
            }
        }
        let gone = broken.is_some();
        self.events.extend(run.events);
        self.made = made;
        if gone {
            self.made.resources.clear();
        }
    }

    pub(super) fn update(
        &mut self,
        made: Made,
        now: SystemTime,
        pace: Duration,
        failing: &BTreeMap<String, String>,
        ids: &dyn IdSource,
    ) {
        let mut run = self.run(now, pace, failing, ids);
        run.stack("UPDATE_IN_PROGRESS", Some("User Initiated"));
        let before = |id: &str| self.made.resources.iter().find(|(own, ..)| own == id);
        let mut done = Vec::new();
        let mut broken = None;
        for (id, kind, properties) in &made.resources {
            let verb = match before(id) {
                None => "CREATE",
                Some((_, _, old)) if old != properties => "UPDATE",
                Some(_) => continue,
            };
            done.push((verb, id.as_str(), kind.as_str()));
            if !run.resource(verb, (id, kind)) {
                broken = Some((verb, id));
                break;
            }
        }
        if let Some((verb, id)) = broken {
            run.stack("UPDATE_ROLLBACK_IN_PROGRESS", Some(&failed(&verb.to_ascii_lowercase(), id)));
            for (verb, id, kind) in done.iter().rev().filter(|(verb, ..)| *verb == "UPDATE") {
                let physical = format!("{}-{id}", self.name);
                run.now += pace;
                run.push(id, kind, &physical, &format!("{verb}_COMPLETE"), None);
            }
            run.stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
            done.iter().rev().filter(|(verb, ..)| *verb == "CREATE").for_each(|(_, id, kind)| run.undo((id, kind)));
            run.stack("UPDATE_ROLLBACK_COMPLETE", None);
            self.events.extend(run.events);
            return;
        }
        run.stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
        for (id, kind, _) in &self.made.resources {
            let stays = made.resources.iter().any(|(own, ..)| own == id) || self.made.retained.contains(id);
            if !stays {
                run.undo((id, kind));
            }
        }
        run.stack("UPDATE_COMPLETE", None);
        self.events.extend(run.events);
        self.made = made;
    }

    pub(super) fn delete(
        &mut self,
        now: SystemTime,
        pace: Duration,
        failing: &BTreeMap<String, String>,
        ids: &dyn IdSource,
    ) {
        // What was under way is cut off.
        let past = self.events(now).len();
        self.events.truncate(past);
        let mut run = self.run(now, pace, failing, ids);
        run.stack("DELETE_IN_PROGRESS", Some("User Initiated"));
        let mut broken = None;
        for (id, kind, _) in self.made.resources.iter().rev() {
            if self.made.retained.contains(id) {
                run.push(id, kind, &format!("{}-{id}", self.name), "DELETE_SKIPPED", None);
            } else if !run.resource("DELETE", (id, kind)) {
                broken = Some(id);
            }
        }
        match broken {
            None => run.stack("DELETE_COMPLETE", None),
            Some(id) => run.stack("DELETE_FAILED", Some(&failed("delete", id))),
        }
        self.events.extend(run.events);
    }
}

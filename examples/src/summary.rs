//! What a run came to, for people and for machines.

use std::fmt::Write as _;

use pipeline_runner::artifact::ArtifactStore;
use pipeline_runner::core::{Execution, ExecutionStatus};
use serde_json::{Value, json};

/// What to tell of one run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary<'a> {
    /// The run.
    pub execution: &'a Execution,
    /// Where its artifacts lie.
    pub artifacts: &'a dyn ArtifactStore,
    /// What the services run now, a line each.
    pub services: Vec<String>,
}

impl<'a> Summary<'a> {
    /// A summary.
    pub fn new(execution: &'a Execution, artifacts: &'a dyn ArtifactStore, services: Vec<String>) -> Self {
        Self { execution, artifacts, services }
    }

    /// Several lines for people. The cause of a failure is on one line of its own.
    pub fn text(&self) -> String {
        let execution = self.execution;
        let mut out = String::new();
        let _ = writeln!(out, "{} {}", word(execution.status), execution.id);
        for stage in &execution.stages {
            let took = stage.ended.map(|ended| ended.duration_since(stage.started).as_secs_f64());
            let took = took.map_or("-".to_owned(), |seconds| format!("{seconds:.1}s"));
            let actions: Vec<_> =
                stage.actions.iter().map(|action| format!("{} {:?}", action.name, action.status)).collect();
            let _ = writeln!(
                out,
                "  {:10} {:11} {took:>7}  {}",
                stage.name,
                format!("{:?}", stage.status),
                actions.join(", ")
            );
        }
        for (namespace, variables) in &execution.namespaces {
            for (name, value) in variables.iter().filter(|(name, _)| *name == "ECRImageDigestId" || *name == "CommitId")
            {
                let _ = writeln!(out, "  {namespace}.{name}  {value}");
            }
        }
        for service in &self.services {
            let _ = writeln!(out, "  service   {service}");
        }
        for (name, key) in &execution.artifacts {
            let _ = writeln!(out, "  artifact  {name}  {}", self.artifacts.locate(key));
        }
        if let Some(cause) = self.cause() {
            let _ = writeln!(out, "cause: {cause}");
        }
        out
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let artifacts: serde_json::Map<String, Value> = self
            .execution
            .artifacts
            .iter()
            .map(|(name, key)| (name.clone(), json!(self.artifacts.locate(key))))
            .collect();
        json!({
            "status": format!("{:?}", self.execution.status),
            "cause": self.cause(),
            "services": self.services,
            "artifacts": artifacts,
            "execution": self.execution,
        })
    }

    fn cause(&self) -> Option<String> {
        let failed = self.execution.status != ExecutionStatus::Succeeded;
        failed.then(|| {
            self.execution.summary.clone().unwrap_or_else(|| "no action says why".to_owned()).replace('\n', "; ")
        })
    }
}

fn word(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Succeeded => "delivered",
        ExecutionStatus::Stopped => "stopped",
        ExecutionStatus::Superseded => "superseded",
        _ => "failed",
    }
}

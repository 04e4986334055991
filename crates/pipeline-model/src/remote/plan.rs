//! Plan, then apply: nobody overwrites what he has not seen.

use std::fmt;

use aws_call::{Fault, Secret};
use serde::Serialize;

use super::secrets::{self, LostSecret};
use super::{Change, Error, Remote, diff};
use crate::client::{GetPipeline, Pipelines};
use crate::model::{ConfigValue, Pipeline};

/// What an update would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Plan {
    /// The pipeline's name.
    pub pipeline: String,
    /// The version that the plan was made for; absent when there is no pipeline yet.
    pub base: Option<u32>,
    /// What changes; empty for a pipeline that is created.
    pub changes: Vec<Change>,
    /// Secrets that the update would lose: they must be supplied.
    #[serde(skip)]
    pub lost: Vec<LostSecret>,
    /// Secrets that are sent although nobody can tell whether they are other ones.
    pub secrets: Vec<String>,
    #[serde(skip)]
    declaration: Pipeline,
    #[serde(skip)]
    live: Option<Pipeline>,
}

impl Plan {
    /// Whether there is nothing to do. New values of secrets alone do not count: [`Remote::apply_anyway`] sends them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base.is_some() && self.changes.is_empty()
    }

    /// The same plan with the value of a secret that the declaration does not have.
    #[must_use]
    pub fn with_secret(mut self, stage: &str, action: &str, key: &str, value: &Secret) -> Self {
        let stages = self.declaration.stages.iter_mut().filter(|found| found.name == stage);
        for action in stages.flat_map(|stage| &mut stage.actions).filter(|found| found.name == action) {
            action.configuration.insert(key.to_owned(), ConfigValue::secret(value.expose()));
            action.hide_secrets();
        }
        plan_for(self.declaration, self.live)
    }

    /// The declaration that is to be.
    #[must_use]
    pub const fn declaration(&self) -> &Pipeline {
        &self.declaration
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base {
            None => writeln!(f, "pipeline `{}` is created", self.pipeline)?,
            Some(version) if self.changes.is_empty() => {
                writeln!(f, "pipeline `{}` stays as it is in version {version}", self.pipeline)?;
            }
            Some(version) => writeln!(f, "pipeline `{}` is changed from version {version}", self.pipeline)?,
        }
        for change in &self.changes {
            writeln!(f, "  {change}")?;
        }
        for secret in &self.secrets {
            writeln!(f, "  ? {secret}: a secret, which cannot be compared")?;
        }
        for lost in &self.lost {
            writeln!(f, "  ! {lost} would be lost: supply the value")?;
        }
        Ok(())
    }
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Applied {
    /// There was nothing to do.
    Nothing,
    /// The pipeline was created. CodePipeline starts it at once.
    Created(Pipeline),
    /// The pipeline was updated.
    Updated(Pipeline),
}

/// The plan that makes `live` (or nothing) into `declaration`.
#[must_use]
pub fn plan(declaration: &Pipeline, live: Option<&Pipeline>) -> Plan {
    plan_for(declaration.clone(), live.cloned())
}

fn plan_for(declaration: Pipeline, live: Option<Pipeline>) -> Plan {
    let changes = live.as_ref().map(|live| diff(live, &declaration)).unwrap_or_default();
    let mut secrets = Vec::new();
    if live.is_some() {
        for (stage, action) in declaration.actions() {
            for (key, value) in action.configuration.iter() {
                if value.is_secret() && !value.is_redacted() {
                    secrets.push(format!("stages.{}.actions.{}.configuration.{key}", stage.name, action.name));
                }
            }
        }
    }
    Plan {
        pipeline: declaration.name.clone(),
        base: live.as_ref().map(|live| live.version.unwrap_or_default()),
        changes,
        lost: secrets::lost(&declaration, live.as_ref()),
        secrets,
        declaration,
        live,
    }
}

impl Remote {
    /// Compares a declaration with the one in the service.
    ///
    /// # Errors
    /// Failures of the call; that the pipeline does not exist is none.
    pub async fn plan(&self, declaration: &Pipeline) -> Result<Plan, Error> {
        Ok(plan(declaration, self.live(&declaration.name).await?.as_ref()))
    }

    /// Creates or updates the pipeline, if the plan still holds and changes anything.
    ///
    /// The service has no conditional update: somebody who is fast enough can come between the last look and the update.
    /// The window is one call long.
    ///
    /// # Errors
    /// [`Error::Moved`] when the declaration is not the one that the plan was made for, [`Error::SecretsLost`], and
    /// failures of the calls.
    pub async fn apply(&self, plan: Plan) -> Result<Applied, Error> {
        if plan.is_empty() { Ok(Applied::Nothing) } else { self.apply_anyway(plan).await }
    }

    /// As [`apply`](Self::apply), even if nothing that can be seen changes: for new values of secrets.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn apply_anyway(&self, plan: Plan) -> Result<Applied, Error> {
        if !plan.lost.is_empty() {
            return Err(Error::SecretsLost { pipeline: plan.pipeline, lost: plan.lost });
        }
        let found = self.live(&plan.pipeline).await?.map(|live| live.version.unwrap_or_default());
        if found != plan.base {
            let (planned, found) = (plan.base.into(), found.into());
            return Err(Error::Moved { pipeline: plan.pipeline, planned, found });
        }
        let declaration = &plan.declaration;
        if plan.base.is_some() {
            return Ok(Applied::Updated(self.service.update(declaration).await?));
        }
        match self.service.create(declaration).await {
            Ok(created) => Ok(Applied::Created(created)),
            // Created by somebody else since the last look.
            Err(error) if error.fault() == Fault::AlreadyExists => {
                let found = self.live(&plan.pipeline).await?.map(|live| live.version.unwrap_or_default());
                Err(Error::Moved { pipeline: plan.pipeline, planned: None.into(), found: found.into() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The current declaration, if there is one.
    async fn live(&self, name: &str) -> Result<Option<Pipeline>, Error> {
        match Pipelines::get(&*self.service, &GetPipeline::new(name)).await {
            Ok(stored) => Ok(Some(stored.pipeline)),
            Err(error) if error.fault() == Fault::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

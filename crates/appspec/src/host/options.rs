//! What a deployment is told besides its bundle.

use super::Error;
use super::layout::DEPLOYMENT_ROOT;
use crate::lifecycle::DeploymentKind;
use crate::model::server::FileExistsBehavior;

/// The agent keeps five revisions of a group.
const KEEP: usize = 5;

/// How to deploy. The default is what `codedeploy-local` does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// `APPLICATION_NAME`
    pub application: String,
    /// `DEPLOYMENT_GROUP_NAME`
    pub group: String,
    /// `DEPLOYMENT_GROUP_ID`, under which the agent keeps the group's revisions and instructions.
    pub group_id: String,
    /// The deployment's id; made up if none is given.
    pub deployment_id: Option<String>,
    /// Whose order of events is followed.
    pub kind: DeploymentKind,
    /// The events to go through, in this order, in place of all of them.
    pub events: Option<Vec<String>>,
    /// The AppSpec's name in the bundle; `appspec.yml` or `appspec.yaml` if none is given.
    pub app_spec: Option<String>,
    /// What happens to files that are in the way, unless the AppSpec says it.
    pub file_exists_behavior: FileExistsBehavior,
    /// How many revisions are kept, at least one.
    pub keep: usize,
    /// Goes on when a script of `ApplicationStop`, `BeforeBlockTraffic` or `AfterBlockTraffic` fails.
    pub ignore_stop_failures: bool,
    /// Variables of scripts besides the agent's own. Nothing else of this process's environment reaches a script.
    pub environment: Vec<(String, String)>,
    /// Where the bundle came from, as the agent tells it: `BUNDLE_BUCKET`, `BUNDLE_KEY`, `BUNDLE_VERSION` and
    /// `BUNDLE_ETAG`, or `BUNDLE_COMMIT`.
    pub bundle_variables: Vec<(String, String)>,
    /// The agent's directory for deployments, as a path of the host.
    pub deployment_root: String,
}

impl Default for Options {
    fn default() -> Self {
        let group = "default-local-deployment-group";
        Self {
            application: group.to_owned(),
            group: "LocalFleet".to_owned(),
            group_id: group.to_owned(),
            deployment_id: None,
            kind: DeploymentKind::InPlaceWithLoadBalancer,
            events: None,
            app_spec: None,
            file_exists_behavior: FileExistsBehavior::Disallow,
            keep: KEEP,
            ignore_stop_failures: false,
            environment: Vec::new(),
            bundle_variables: Vec::new(),
            deployment_root: DEPLOYMENT_ROOT.to_owned(),
        }
    }
}

impl Options {
    /// Sets the names that scripts are told, and the group's id.
    #[must_use]
    pub fn with_group(
        mut self,
        application: impl Into<String>,
        group: impl Into<String>,
        group_id: impl Into<String>,
    ) -> Self {
        (self.application, self.group, self.group_id) = (application.into(), group.into(), group_id.into());
        self
    }

    /// Sets the deployment's id.
    #[must_use]
    pub fn with_deployment_id(mut self, id: impl Into<String>) -> Self {
        self.deployment_id = Some(id.into());
        self
    }

    /// Sets whose order of events is followed.
    #[must_use]
    pub fn with_kind(mut self, kind: DeploymentKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the events to go through.
    #[must_use]
    pub fn with_events(mut self, events: Vec<String>) -> Self {
        self.events = Some(events);
        self
    }

    /// Sets the AppSpec's name.
    #[must_use]
    pub fn with_app_spec(mut self, name: impl Into<String>) -> Self {
        self.app_spec = Some(name.into());
        self
    }

    /// Sets what happens to files that are in the way.
    #[must_use]
    pub fn with_file_exists_behavior(mut self, behavior: FileExistsBehavior) -> Self {
        self.file_exists_behavior = behavior;
        self
    }

    /// Sets how many revisions are kept.
    #[must_use]
    pub const fn with_keep(mut self, revisions: usize) -> Self {
        self.keep = revisions;
        self
    }

    /// Goes on when a script that stops the old application fails.
    #[must_use]
    pub const fn ignoring_stop_failures(mut self) -> Self {
        self.ignore_stop_failures = true;
        self
    }

    /// Sets the variables of scripts.
    #[must_use]
    pub fn with_environment(mut self, variables: Vec<(String, String)>) -> Self {
        self.environment = variables;
        self
    }

    /// Sets the variables that tell where the bundle came from.
    #[must_use]
    pub fn with_bundle_variables(mut self, variables: Vec<(String, String)>) -> Self {
        self.bundle_variables = variables;
        self
    }

    /// Sets the agent's directory for deployments.
    #[must_use]
    pub fn with_deployment_root(mut self, path: impl Into<String>) -> Self {
        self.deployment_root = path.into();
        self
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        let name = |what: &str, text: &str| {
            let fits = !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\0', '\n']);
            let problem = format!("the {what} `{}` cannot be the name of a directory", text.escape_debug());
            if fits { Ok(()) } else { Err(Error::Request { problem }) }
        };
        name("deployment group's id", &self.group_id)?;
        if let Some(id) = &self.deployment_id {
            name("deployment's id", id)?;
        }
        if let Some(app_spec) = &self.app_spec {
            name("AppSpec's name", app_spec)?;
        }
        if !self.deployment_root.starts_with('/') {
            return Err(Error::Request {
                problem: format!("the deployment root `{}` is not absolute", self.deployment_root),
            });
        }
        if !DeploymentKind::SERVER.contains(&self.kind) {
            return Err(Error::Request { problem: format!("a deployment of kind {} has no host", self.kind) });
        }
        for (variable, _) in self.environment.iter().chain(&self.bundle_variables) {
            if variable.is_empty() || variable.contains(['=', '\0']) {
                let problem = format!("`{}` cannot be the name of a variable", variable.escape_debug());
                return Err(Error::Request { problem });
            }
        }
        Ok(())
    }
}

//! Who runs which action type: the builtin providers, one file each, and those a program adds.

mod build_codebuild;
mod build_ecr_build_and_publish;
mod compute_commands;
mod deploy_cloudformation;
mod deploy_codedeploy;
mod deploy_codedeploy_to_ecs;
mod deploy_ecs;
mod deploy_lambda;
mod deploy_s3;
mod invoke_codepipeline;
mod invoke_lambda;
mod invoke_step_functions;
mod rule_deployment_window;
mod rule_variable_check;
mod source_directory;
mod source_ecr;
mod source_s3;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_call::{CallError, Fault};
use pipeline_model::model::ActionTypeId;

pub(crate) use self::build_codebuild::{primary, variables};
use crate::backends::Backends;
use crate::clients::{Clients, Scoped};
use crate::core::FailureKind;
use crate::job::{ActionOutcome, ActionProvider};

/// Makes a provider on top of what an application brings.
pub(crate) type Make = fn(&Backends) -> Arc<dyn ActionProvider>;

/// Every builtin provider, sorted by file.
static BUILTIN: &[Make] = &[
    build_codebuild::provider,
    build_ecr_build_and_publish::provider,
    compute_commands::provider,
    deploy_cloudformation::provider,
    deploy_codedeploy::provider,
    deploy_codedeploy_to_ecs::provider,
    deploy_ecs::provider,
    deploy_lambda::provider,
    deploy_s3::provider,
    invoke_codepipeline::provider,
    invoke_lambda::provider,
    invoke_step_functions::provider,
    rule_deployment_window::provider,
    rule_variable_check::provider,
    source_directory::provider,
    source_ecr::provider,
    source_s3::provider,
];

/// Providers by action type.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    by_type: BTreeMap<String, Arc<dyn ActionProvider>>,
}

impl Providers {
    /// No provider at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// All that come with this crate.
    pub fn builtin(backends: &Backends) -> Self {
        Self::over(backends, None)
    }

    /// All that come with this crate. Actions that name a role or a region get their services from `clients`, all others
    /// use `backends`.
    pub fn scoped(backends: &Backends, clients: impl Clients + 'static) -> Self {
        Self::over(backends, Some(&(Arc::new(clients) as _)))
    }

    fn over(backends: &Backends, clients: Option<&Arc<dyn Clients>>) -> Self {
        BUILTIN
            .iter()
            .fold(Self::new(), |providers, make| providers.with(Scoped::new(*make, backends, clients.cloned())))
    }

    /// Adds a provider; for an action type that has one already, the later one wins.
    #[must_use]
    pub fn with(self, provider: impl ActionProvider + 'static) -> Self {
        self.with_shared(&(Arc::new(provider) as Arc<dyn ActionProvider>))
    }

    fn with_shared(mut self, provider: &Arc<dyn ActionProvider>) -> Self {
        for id in provider.action_types() {
            self.by_type.insert(id.to_string(), Arc::clone(provider));
        }
        self
    }

    /// The provider of an action type.
    pub fn get(&self, id: &ActionTypeId) -> Option<Arc<dyn ActionProvider>> {
        self.by_type.get(&id.to_string()).cloned()
    }

    /// The action types that have a provider, as `Category/Owner/Provider/Version`, sorted.
    pub fn action_types(&self) -> impl Iterator<Item = &str> {
        self.by_type.keys().map(String::as_str)
    }
}

/// What a call that failed answers; `place` is what it was about.
pub(crate) fn call_failed(place: &str, error: &CallError) -> ActionOutcome {
    let kind = match error.fault() {
        Fault::NotFound => FailureKind::ConfigurationError,
        Fault::AccessDenied | Fault::Credentials => FailureKind::PermissionError,
        _ => FailureKind::JobFailed,
    };
    let advice = error.hint().map(|hint| format!(" ({})", hint.advice)).unwrap_or_default();
    ActionOutcome::Failed { kind, message: format!("{place}: {error}{advice}"), external_id: None }
}

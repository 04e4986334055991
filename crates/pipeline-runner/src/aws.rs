//! The builtin providers' services on AWS (feature `sdk`), for every action under its own role and in its own region.

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{AccountId, CallError, Clock, Fault, IdSource, Polling, Region};
use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use buildspec::client::{SdkCloudWatchLogs, SdkCodeBuild};
use ecr_push::client::Ecr;
use ecs_taskdef::client::Ecs;
use pipeline_model::client::sdk::CodePipeline;
use pipeline_model::stacks::sdk::CloudFormation;

use crate::backends::{Backends, RemoteBuilds};
use crate::client::sdk::{Lambda, S3, StepFunctions};
use crate::clients::{Clients, Scope};

/// The session name of roles that are assumed.
const SESSION: &str = "longshore";

/// Services over the SDK.
///
/// What stands for something on this machine (source directories, hosts, the executor of commands) is taken from the
/// backends that it is made with; services are AWS's. Builds run on CodeBuild, unless they are kept
/// [here](Self::with_builds_here), and artifacts for AWS's services must lie in S3.
///
/// ```no_run
/// use std::sync::Arc;
/// use pipeline_runner::{AwsClients, Backends, Providers};
///
/// # async fn providers(local: Backends, config: aws_config::SdkConfig) -> Result<Providers, aws_call::CallError> {
/// # let (clock, ids) = (Arc::new(aws_call::SystemClock), Arc::new(aws_call::SystemIds));
/// let clients = Arc::new(AwsClients::new(local, config, clock, ids));
/// let own = clients.own()?;
/// Ok(Providers::scoped(&own, clients))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AwsClients {
    local: Backends,
    config: SdkConfig,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    builds_here: bool,
}

impl AwsClients {
    /// Services that a configuration reaches, as `aws_config` loads it.
    #[must_use]
    pub fn new(local: Backends, config: SdkConfig, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { local, config, clock, ids, builds_here: false }
    }

    /// Builds run on this machine, by the backends' executor; everything else is AWS's.
    #[must_use]
    pub const fn with_builds_here(mut self) -> Self {
        self.builds_here = true;
        self
    }

    /// The services of the pipeline itself.
    ///
    /// # Errors
    /// When the configuration has no region.
    pub fn own(&self) -> Result<Backends, CallError> {
        let region = self.config.region().ok_or_else(|| refused("there is no region: set AWS_REGION"))?;
        let region = parse_region(region.as_ref())?;
        Ok(self.over(&self.config, self.local.account.clone(), region))
    }

    fn over(&self, config: &SdkConfig, account: AccountId, region: Region) -> Backends {
        let ecs = Arc::new(Ecs::from(aws_sdk_ecs::Client::new(config)));
        let stacks = Arc::new(CloudFormation::from(aws_sdk_cloudformation::Client::new(config)));
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        let code_build = Arc::new(SdkCodeBuild::from(aws_sdk_codebuild::Client::new(config)));
        Backends {
            builds: (!self.builds_here).then(|| RemoteBuilds {
                builds: Arc::clone(&code_build) as _,
                batches: code_build,
                logs: Some(Arc::new(SdkCloudWatchLogs::from(aws_sdk_cloudwatchlogs::Client::new(config)))),
            }),
            images: Arc::new(Ecr::from(aws_sdk_ecr::Client::new(config)).with_registry_id(account.clone())),
            task_definitions: Arc::clone(&ecs) as _,
            services: ecs,
            deployments: Some(Arc::new(appspec::client::sdk::CodeDeploy::from(aws_sdk_codedeploy::Client::new(
                config,
            )))),
            objects: Arc::new(S3::from(aws_sdk_s3::Client::new(config))),
            functions: Arc::new(Lambda::new(aws_sdk_lambda::Client::new(config), clock, ids)),
            stacks: Some(Arc::clone(&stacks) as _),
            change_sets: Some(stacks),
            state_machines: Some(Arc::new(StepFunctions::from(aws_sdk_sfn::Client::new(config)))),
            pipelines: Some(Arc::new(CodePipeline::from(aws_sdk_codepipeline::Client::new(config)))),
            polling: Polling::default(),
            account,
            region,
            ..self.local.clone()
        }
    }
}

#[async_trait]
impl Clients for AwsClients {
    async fn backends(&self, scope: &Scope) -> Result<Backends, CallError> {
        let mut config = self.config.clone();
        if let Some(region) = &scope.region {
            let region = aws_config::Region::new(parse_region(region)?.to_string());
            config = config.into_builder().region(region).build();
        }
        let mut account = self.local.account.clone();
        if let Some(role) = &scope.role_arn {
            account = account_of(role)?;
            let mut base = self.config.clone();
            if base.time_source().is_none() {
                // The provider panics without one; the default is the system's.
                let mut builder = base.into_builder();
                builder.set_time_source(Some(Default::default()));
                base = builder.build();
            }
            let assumed = AssumeRoleProvider::builder(role).session_name(SESSION).configure(&base).build().await;
            let assumed = aws_sdk_codepipeline::config::SharedCredentialsProvider::new(assumed);
            config = config.into_builder().credentials_provider(assumed).build();
        }
        let region = config.region().ok_or_else(|| refused("there is no region: set AWS_REGION"))?;
        let region = parse_region(region.as_ref())?;
        Ok(self.over(&config, account, region))
    }
}

fn parse_region(text: &str) -> Result<Region, CallError> {
    Region::parse(text).map_err(|error| refused(&error.to_string()))
}

/// The account whose role it is: what an action under it uses is there.
fn account_of(role: &str) -> Result<AccountId, CallError> {
    let arn = aws_call::Arn::parse(role).map_err(|error| refused(&error.to_string()))?;
    arn.account().ok_or_else(|| refused(&format!("`{}` names no account", role.escape_debug())))
}

fn refused(message: &str) -> CallError {
    CallError::new("AssumeRole", Fault::InvalidRequest).with_message(message)
}

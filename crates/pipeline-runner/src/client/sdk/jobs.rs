//! Jobs and custom action types of CodePipeline.

use std::sync::Arc;

use async_trait::async_trait;
use aws_call::{CallError, Fault, Secret};
use aws_config::SdkConfig;
use aws_sdk_codepipeline::Client;
use aws_sdk_codepipeline::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_codepipeline::types as sdk;
use pipeline_model::model::ActionTypeId;

use super::S3;
use crate::client::{
    CustomActions, Job, JobArtifact, JobFailure, JobSuccess, Jobs, NewActionType, Objects, PollForJobs,
    SessionCredentials,
};

/// CodePipeline in one account and region, as job workers see it.
#[derive(Clone, Debug)]
pub struct CodePipelineJobs {
    client: Client,
}

impl CodePipelineJobs {
    /// The service that a client talks to.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl From<Client> for CodePipelineJobs {
    fn from(client: Client) -> Self {
        Self::new(client)
    }
}

/// S3 as a job may use it: with the credentials that came with it, where any came.
#[must_use]
pub fn job_objects(config: &SdkConfig, job: &Job) -> Arc<dyn Objects> {
    let mut builder = aws_sdk_s3::config::Builder::from(config);
    if let Some(SessionCredentials { access_key_id, secret_access_key, session_token }) = &job.credentials {
        let token = Some(session_token.expose().to_owned());
        let (id, key) = (access_key_id.expose(), secret_access_key.expose());
        let credentials = Credentials::new(id, key, token, None, "codepipeline-job");
        builder = builder.credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    Arc::new(S3::new(aws_sdk_s3::Client::from_conf(builder.build())))
}

#[async_trait]
impl Jobs for CodePipelineJobs {
    async fn poll_for_jobs(&self, request: &PollForJobs) -> Result<Vec<Job>, CallError> {
        const OPERATION: &str = "PollForJobs";
        let most = i32::try_from(request.most.max(1)).unwrap_or(i32::MAX);
        let call = self.client.poll_for_jobs().action_type_id(type_id(OPERATION, &request.action_type)?);
        let query = (!request.query.is_empty()).then(|| request.query.clone().into_iter().collect());
        let sent = call.max_batch_size(most).set_query_param(query).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk(OPERATION, error))?;
        Ok(sent.jobs().iter().map(|job| convert(job, &request.action_type)).collect())
    }

    async fn acknowledge_job(&self, id: &str, nonce: &str) -> Result<String, CallError> {
        let sent = self.client.acknowledge_job().job_id(id).nonce(nonce).send().await;
        let sent = sent.map_err(|error| CallError::from_sdk("AcknowledgeJob", error))?;
        Ok(sent.status().map(|status| status.as_str().to_owned()).unwrap_or_default())
    }

    async fn put_job_success(&self, result: &JobSuccess) -> Result<(), CallError> {
        const OPERATION: &str = "PutJobSuccessResult";
        let mut call = self.client.put_job_success_result().job_id(&result.id);
        if result.summary.is_some() || result.external_id.is_some() {
            let details = sdk::ExecutionDetails::builder();
            let details = details.set_summary(result.summary.clone());
            call = call.execution_details(details.set_external_execution_id(result.external_id.clone()).build());
        }
        if let Some(revision) = &result.revision {
            let revision = sdk::CurrentRevision::builder().revision(revision).change_identifier(revision).build();
            call = call.current_revision(revision.map_err(|error| incomplete(OPERATION, error))?);
        }
        if !result.variables.is_empty() {
            call = call.set_output_variables(Some(result.variables.clone().into_iter().collect()));
        }
        let sent = call.set_continuation_token(result.continuation.clone()).send().await;
        sent.map(drop).map_err(|error| CallError::from_sdk(OPERATION, error))
    }

    async fn put_job_failure(&self, result: &JobFailure) -> Result<(), CallError> {
        const OPERATION: &str = "PutJobFailureResult";
        let details = sdk::FailureDetails::builder().r#type(sdk::FailureType::from(result.kind.as_str()));
        let details = details.message(&result.message).set_external_execution_id(result.external_id.clone()).build();
        let details = details.map_err(|error| incomplete(OPERATION, error))?;
        let sent = self.client.put_job_failure_result().job_id(&result.id).failure_details(details).send().await;
        sent.map(drop).map_err(|error| CallError::from_sdk(OPERATION, error))
    }
}

#[async_trait]
impl CustomActions for CodePipelineJobs {
    async fn create_custom_action_type(&self, new: &NewActionType) -> Result<(), CallError> {
        const OPERATION: &str = "CreateCustomActionType";
        let count = |(fewest, most): (u32, u32)| {
            let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
            sdk::ArtifactDetails::builder().minimum_count(number(fewest)).maximum_count(number(most)).build()
        };
        let mut call = self
            .client
            .create_custom_action_type()
            .category(sdk::ActionCategory::from(new.category.as_str()))
            .provider(&new.provider)
            .version(&new.version)
            .input_artifact_details(count(new.inputs))
            .output_artifact_details(count(new.outputs));
        for property in &new.properties {
            let built = sdk::ActionConfigurationProperty::builder()
                .name(&property.name)
                .required(property.required)
                .key(property.queryable)
                .secret(property.secret)
                .queryable(property.queryable)
                .description(&property.description)
                .r#type(sdk::ActionConfigurationPropertyType::String)
                .build();
            call = call.configuration_properties(built.map_err(|error| incomplete(OPERATION, error))?);
        }
        call.send().await.map(drop).map_err(|error| CallError::from_sdk(OPERATION, error))
    }
}

fn type_id(operation: &'static str, id: &ActionTypeId) -> Result<sdk::ActionTypeId, CallError> {
    let built = sdk::ActionTypeId::builder()
        .category(sdk::ActionCategory::from(id.category.as_str()))
        .owner(sdk::ActionOwner::from(id.owner.as_str()))
        .provider(&id.provider)
        .version(&id.version)
        .build();
    built.map_err(|error| incomplete(operation, error))
}

fn incomplete(operation: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> CallError {
    CallError::new(operation, Fault::InvalidRequest).with_message("the request is incomplete").with_source(error)
}

fn convert(job: &sdk::Job, asked: &ActionTypeId) -> Job {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut converted = Job::new(text(job.id()), text(job.nonce()), asked.clone());
    converted.account = text(job.account_id());
    let Some(data) = job.data() else { return converted };
    if let Some(configuration) = data.action_configuration().and_then(|configuration| configuration.configuration()) {
        converted.configuration = configuration.iter().map(|(key, value)| (key.clone(), Secret::new(value))).collect();
    }
    if let Some(context) = data.pipeline_context() {
        converted.pipeline = text(context.pipeline_name());
        converted.stage = text(context.stage().and_then(|stage| stage.name()));
        converted.action = text(context.action().and_then(|action| action.name()));
        converted.action_execution = text(context.action().and_then(|action| action.action_execution_id()));
        converted.execution = text(context.pipeline_execution_id());
    }
    let artifact = |artifact: &sdk::Artifact| {
        let place = artifact.location().and_then(|location| location.s3_location());
        let (bucket, key) = place.map(|place| (place.bucket_name(), place.object_key())).unwrap_or_default();
        JobArtifact::new(artifact.name().unwrap_or_default(), bucket, key)
    };
    converted.inputs = data.input_artifacts().iter().map(artifact).collect();
    converted.outputs = data.output_artifacts().iter().map(artifact).collect();
    converted.credentials = data.artifact_credentials().map(|credentials| {
        SessionCredentials::new(
            Secret::new(credentials.access_key_id()),
            Secret::new(credentials.secret_access_key()),
            Secret::new(credentials.session_token()),
        )
    });
    converted.encryption_key = data.encryption_key().map(|key| key.id().to_owned());
    converted.continuation = data.continuation_token().map(str::to_owned);
    converted
}

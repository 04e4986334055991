//! The catalogue of action types: one file each, one line each in [`BUILTIN`].
//!
//! The list is sorted by category, owner and provider. A type that is not in it is never judged, except that the
//! service itself refuses an AWS-owned type it does not have.

mod action_type;
mod approval_manual;
mod build_codebuild;
mod build_ecr_build_and_publish;
mod catalogue;
mod codebuild;
mod compute_commands;
mod deploy_alexa_skills_kit;
mod deploy_appconfig;
mod deploy_cloudformation;
mod deploy_cloudformation_stack_instances;
mod deploy_cloudformation_stack_set;
mod deploy_codedeploy;
mod deploy_codedeploy_to_ecs;
mod deploy_ec2;
mod deploy_ecs;
mod deploy_eks;
mod deploy_elastic_beanstalk;
mod deploy_lambda;
mod deploy_opsworks;
mod deploy_s3;
mod deploy_service_catalog;
mod invoke_codepipeline;
mod invoke_inspector_scan;
mod invoke_lambda;
mod invoke_step_functions;
mod page;
mod source_codecommit;
mod source_codestar_connection;
mod source_ecr;
mod source_github;
mod source_s3;
mod test_codebuild;
mod test_device_farm;

pub use action_type::{ActionType, ConfigKey, OutputVariables, Problem, ProblemKind, Problems, Settings, TypeName};
pub use catalogue::Catalogue;
pub(crate) use catalogue::is_secret;
pub use page::page;

/// The action types this version knows, sorted.
pub static BUILTIN: &[&dyn ActionType] = &[
    &approval_manual::ApprovalManual,
    &build_codebuild::BuildCodeBuild,
    &build_ecr_build_and_publish::BuildEcrBuildAndPublish,
    &compute_commands::ComputeCommands,
    &deploy_appconfig::DeployAppConfig,
    &deploy_cloudformation::DeployCloudFormation,
    &deploy_cloudformation_stack_instances::DeployCloudFormationStackInstances,
    &deploy_cloudformation_stack_set::DeployCloudFormationStackSet,
    &deploy_codedeploy::DeployCodeDeploy,
    &deploy_codedeploy_to_ecs::DeployCodeDeployToEcs,
    &deploy_ec2::DeployEc2,
    &deploy_ecs::DeployEcs,
    &deploy_eks::DeployEks,
    &deploy_elastic_beanstalk::DeployElasticBeanstalk,
    &deploy_lambda::DeployLambda,
    &deploy_opsworks::DeployOpsWorks,
    &deploy_s3::DeployS3,
    &deploy_service_catalog::DeployServiceCatalog,
    &deploy_alexa_skills_kit::DeployAlexaSkillsKit,
    &invoke_codepipeline::InvokeCodePipeline,
    &invoke_inspector_scan::InvokeInspectorScan,
    &invoke_lambda::InvokeLambda,
    &invoke_step_functions::InvokeStepFunctions,
    &source_codecommit::SourceCodeCommit,
    &source_codestar_connection::SourceCodeStarConnection,
    &source_ecr::SourceEcr,
    &source_s3::SourceS3,
    &source_github::SourceGitHub,
    &test_codebuild::TestCodeBuild,
    &test_device_farm::TestDeviceFarm,
];

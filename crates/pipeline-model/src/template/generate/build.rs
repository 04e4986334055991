//! Build projects with their roles, and the repositories that builds push to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{BuildProject, Plan, Template, roles};
use crate::iam::{self, Need};
use crate::model::Pipeline;

/// Who may push to a repository of the template, as GetAuthorizationToken is nothing that a repository could allow.
const PUSH_AND_PULL: [&str; 7] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];

pub(super) fn write(out: &mut Template, pipeline: &Pipeline, plan: &Plan, has_bucket: bool) {
    let mut repositories: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let default = BuildProject::default();
    for name in projects(pipeline) {
        let project = plan.projects.get(name).unwrap_or(&default);
        let role = out.id(&[name, "Role"]);
        roles::write(out, &role, "codebuild.amazonaws.com", &needs(pipeline, name, project, has_bucket));
        let id = out.id(&[name, "Project"]);
        out.resource(&id, "AWS::CodeBuild::Project", &properties(name, project, &role));
        for repository in &project.repositories {
            repositories.entry(repository).or_default().push(role.clone());
        }
    }
    for (name, pushers) in repositories {
        let principals: Vec<Json> = pushers.iter().map(|role| json!({ "Fn::GetAtt": [role, "Arn"] })).collect();
        let id = out.id(&[name, "Repository"]);
        out.kept(
            &id,
            "AWS::ECR::Repository",
            &json!({
                "RepositoryName": name,
                "ImageScanningConfiguration": { "ScanOnPush": true },
                "RepositoryPolicyText": { "Version": "2012-10-17", "Statement": [{
                    "Sid": "Builds",
                    "Effect": "Allow",
                    "Principal": { "AWS": principals },
                    "Action": PUSH_AND_PULL,
                }] },
            }),
        );
    }
}

/// The projects that actions of this region run.
fn projects(pipeline: &Pipeline) -> BTreeSet<&str> {
    let builds = pipeline.actions().filter(|(_, action)| action.action_type_id.provider == "CodeBuild");
    let own = builds.filter(|(_, action)| action.region.is_none());
    own.filter_map(|(_, action)| action.config("ProjectName")).filter(|name| !name.contains("#{")).collect()
}

fn properties(name: &str, project: &BuildProject, role: &str) -> Json {
    let mut source = json!({ "Type": "CODEPIPELINE" });
    if let Some(buildspec) = &project.buildspec {
        source["BuildSpec"] = json!(buildspec);
    }
    let mut environment =
        json!({ "Type": "LINUX_CONTAINER", "ComputeType": project.compute_type, "Image": project.image });
    if !project.repositories.is_empty() {
        // A container engine in the build needs it.
        environment["PrivilegedMode"] = json!(true);
    }
    json!({
        "Name": name,
        "ServiceRole": { "Fn::GetAtt": [role, "Arn"] },
        "Source": source,
        "Artifacts": { "Type": "CODEPIPELINE" },
        "Environment": environment,
    })
}

fn needs(pipeline: &Pipeline, name: &str, project: &BuildProject, has_bucket: bool) -> Vec<Need> {
    let Some(home) = roles::home() else { return Vec::new() };
    let mut commands: Vec<&str> = project.commands.iter().map(String::as_str).collect();
    if !project.repositories.is_empty() {
        // What any push takes, whatever the program that does it.
        commands.extend([
            "aws ecr get-login-password",
            "docker push registry.dkr.ecr/any",
            "docker pull registry.dkr.ecr/any",
        ]);
    }
    let mut needs = Vec::new();
    for need in iam::build_needs(name, commands, &home) {
        match need.resource.strip_suffix(":repository/*").filter(|_| !project.repositories.is_empty()) {
            Some(registry) => needs.extend(project.repositories.iter().map(|repository| {
                let mut narrow = need.clone();
                narrow.resource = format!("{registry}:repository/{repository}");
                narrow
            })),
            None => needs.push(need),
        }
    }
    needs.extend(roles::store_needs(pipeline, has_bucket, "the artifacts of the pipeline"));
    // A build that gets a reference to a clone fetches it by itself.
    for (_, action) in pipeline.actions() {
        if action.config("OutputArtifactFormat") == Some("CODEBUILD_CLONE_REF")
            && let Some(connection) = action.config("ConnectionArn")
        {
            let service = connection.split(':').nth(2).unwrap_or("codestar-connections");
            needs.push(iam::need(&format!("{service}:UseConnection"), connection, "a clone of the source"));
        }
    }
    needs
}

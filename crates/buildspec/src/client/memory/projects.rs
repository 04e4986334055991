//! Projects in memory, with what the service refuses of them.

use async_trait::async_trait;
use aws_call::CallError;

use super::super::{BatchGetProjects, EnvironmentVariable, Project, Projects};
use super::{Known, MemoryCodeBuild};

/// Most names of one `BatchGetProjects`.
const MOST_NAMES: usize = 100;
/// Most further sources, and most further artifacts, of a project.
const MOST_FURTHER: usize = 12;
/// Most tags of a project.
const MOST_TAGS: usize = 50;

const SOURCES: [&str; 9] = [
    "BITBUCKET",
    "CODECOMMIT",
    "CODEPIPELINE",
    "GITHUB",
    "GITHUB_ENTERPRISE",
    "GITLAB",
    "GITLAB_SELF_MANAGED",
    "NO_SOURCE",
    "S3",
];
const ARTIFACTS: [&str; 3] = ["CODEPIPELINE", "NO_ARTIFACTS", "S3"];
const CACHES: [&str; 3] = ["LOCAL", "NO_CACHE", "S3"];

#[async_trait]
impl Projects for MemoryCodeBuild {
    async fn create_project(&self, project: &Project) -> Result<Project, CallError> {
        const OPERATION: &str = "CreateProject";
        validate(OPERATION, project)?;
        let required = [
            ("source", project.source.is_some()),
            ("artifacts", project.artifacts.is_some()),
            ("environment", project.environment.is_some()),
            ("serviceRole", project.service_role.is_some()),
        ];
        if let Some((name, _)) = required.iter().find(|(_, given)| !given) {
            let message = format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            );
            return Err(CallError::service(OPERATION, "ValidationException", message));
        }
        let arn = self.arn(&format!("project/{}", project.name));
        let mut state = self.lock();
        if state.projects.contains_key(&project.name) {
            let message = format!("Project already exists: {arn}");
            return Err(CallError::service(OPERATION, "ResourceAlreadyExistsException", message));
        }
        let mut created = project.clone();
        created.arn = Some(arn);
        created.timeout_in_minutes.get_or_insert(60);
        created.queued_timeout_in_minutes.get_or_insert(480);
        let known = Known { project: created.clone(), ..Known::default() };
        state.projects.insert(project.name.clone(), known);
        Ok(created)
    }

    async fn update_project(&self, project: &Project) -> Result<Project, CallError> {
        const OPERATION: &str = "UpdateProject";
        validate(OPERATION, project)?;
        let mut state = self.lock();
        let Some(known) = state.projects.get_mut(&project.name) else {
            return Err(self.no_project(OPERATION, &project.name));
        };
        update(&mut known.project, project);
        Ok(known.project.clone())
    }

    async fn batch_get_projects(&self, names: &[String]) -> Result<BatchGetProjects, CallError> {
        if names.is_empty() || names.len() > MOST_NAMES {
            let message = format!(
                "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and {MOST_NAMES}, inclusive"
            );
            return Err(CallError::service("BatchGetProjects", "InvalidInputException", message));
        }
        let state = self.lock();
        let mut answer = BatchGetProjects::default();
        for name in names {
            // An ARN is as good as a name.
            let short = name.rsplit_once(":project/").map_or(name.as_str(), |(_, short)| short);
            match state.projects.get(short) {
                Some(known) => answer.projects.push(known.project.clone()),
                None => answer.projects_not_found.push(name.clone()),
            }
        }
        Ok(answer)
    }

    async fn delete_project(&self, name: &str) -> Result<(), CallError> {
        self.lock().projects.remove(name);
        Ok(())
    }
}

/// What is given replaces what was there.
fn update(project: &mut Project, with: &Project) {
    fn one<T: Clone>(old: &mut Option<T>, new: &Option<T>) {
        if new.is_some() {
            old.clone_from(new);
        }
    }
    fn many<T: Clone>(old: &mut Vec<T>, new: &[T]) {
        if !new.is_empty() {
            new.clone_into(old);
        }
    }
    one(&mut project.description, &with.description);
    one(&mut project.source, &with.source);
    many(&mut project.secondary_sources, &with.secondary_sources);
    one(&mut project.source_version, &with.source_version);
    many(&mut project.secondary_source_versions, &with.secondary_source_versions);
    one(&mut project.artifacts, &with.artifacts);
    many(&mut project.secondary_artifacts, &with.secondary_artifacts);
    one(&mut project.cache, &with.cache);
    one(&mut project.environment, &with.environment);
    one(&mut project.service_role, &with.service_role);
    one(&mut project.timeout_in_minutes, &with.timeout_in_minutes);
    one(&mut project.queued_timeout_in_minutes, &with.queued_timeout_in_minutes);
    one(&mut project.encryption_key, &with.encryption_key);
    many(&mut project.tags, &with.tags);
    one(&mut project.vpc, &with.vpc);
    one(&mut project.logs, &with.logs);
    one(&mut project.batch, &with.batch);
    one(&mut project.concurrent_build_limit, &with.concurrent_build_limit);
    one(&mut project.auto_retry_limit, &with.auto_retry_limit);
}

fn validate(operation: &'static str, project: &Project) -> Result<(), CallError> {
    let invalid = |message: String| Err(CallError::service(operation, "InvalidInputException", message));
    if !is_name(&project.name) {
        return invalid(format!("Invalid project name: {}", project.name));
    }
    minutes(operation, project.timeout_in_minutes, project.queued_timeout_in_minutes)?;
    let words =
        project.source.iter().chain(&project.secondary_sources).map(|source| ("source", &source.kind, &SOURCES[..]));
    let words = words.chain(
        project
            .artifacts
            .iter()
            .chain(&project.secondary_artifacts)
            .map(|artifacts| ("artifacts", &artifacts.kind, &ARTIFACTS[..])),
    );
    let words = words.chain(project.cache.iter().map(|cache| ("cache", &cache.kind, &CACHES[..])));
    for (what, word, known) in words {
        if !known.contains(&word.as_str()) {
            let set = known.join(", ");
            return invalid(format!(
                "1 validation error detected: Value '{word}' at '{what}.type' failed to satisfy constraint: Member must satisfy enum value set: [{set}]"
            ));
        }
    }
    for (what, count, most) in [
        ("secondary sources", project.secondary_sources.len(), MOST_FURTHER),
        ("secondary artifacts", project.secondary_artifacts.len(), MOST_FURTHER),
        ("tags", project.tags.len(), MOST_TAGS),
    ] {
        if count > most {
            return invalid(format!("Too many {what}: at most {most} are allowed"));
        }
    }
    if project.secondary_sources.iter().any(|source| source.identifier.is_none()) {
        return invalid("Source identifier is required for secondary sources".to_owned());
    }
    if let Some(source) = &project.source {
        let placed = source.location.as_ref().is_some_and(|location| !location.is_empty());
        if !placed && !matches!(source.kind.as_str(), "CODEPIPELINE" | "NO_SOURCE") {
            return invalid("Invalid project source: location must be a valid source location".to_owned());
        }
        if source.kind == "NO_SOURCE" && source.buildspec.is_none() {
            return invalid("Invalid project source: buildspec is required when source type is NO_SOURCE".to_owned());
        }
        let piped = project.artifacts.as_ref().map(|artifacts| artifacts.kind == "CODEPIPELINE");
        if piped.is_some_and(|piped| piped != (source.kind == "CODEPIPELINE")) {
            return invalid(
                "When source or artifacts type is CODEPIPELINE, both must be of type CODEPIPELINE".to_owned(),
            );
        }
    }
    match &project.environment {
        Some(environment) => variables(operation, &environment.environment_variables),
        None => Ok(()),
    }
}

/// From 2 to 150 letters, digits, dashes and underscores, the first of which is no sign.
fn is_name(name: &str) -> bool {
    (2..=150).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub(super) fn minutes(operation: &'static str, build: Option<i32>, queued: Option<i32>) -> Result<(), CallError> {
    for (name, value, most) in [("TimeoutInMins", build, 2160), ("QueuedTimeoutInMins", queued, 480)] {
        if value.is_some_and(|value| !(5..=most).contains(&value)) {
            let message = format!("{name} must be between 5 and {most}");
            return Err(CallError::service(operation, "InvalidInputException", message));
        }
    }
    Ok(())
}

pub(super) fn variables(operation: &'static str, variables: &[EnvironmentVariable]) -> Result<(), CallError> {
    let invalid = |message: &str| Err(CallError::service(operation, "InvalidInputException", message));
    for (index, variable) in variables.iter().enumerate() {
        if variable.name.starts_with("CODEBUILD_") {
            return invalid("No user environment variables can start with CODEBUILD_");
        }
        if variables[..index].iter().any(|other| other.name == variable.name) {
            return invalid("EnvironmentVariable name cannot be duplicated");
        }
    }
    Ok(())
}

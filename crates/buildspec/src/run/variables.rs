//! The variables of a build: who wins, and what CodeBuild adds.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Error, Request, script};
use crate::build::PhaseContext;
use crate::model::{SecretReference, Variable};

/// The prefix that belongs to CodeBuild.
pub(super) const RESERVED: &str = "CODEBUILD_";

/// Whether commands so far succeeded, `1` or `0`.
pub(super) const SUCCEEDING: &str = "CODEBUILD_BUILD_SUCCEEDING";

/// Names that CodeBuild documents and that only a caller can know (user guide, "Environment variables in build
/// environments").
const TOLD: [&str; 20] = [
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_KMS_KEY_ID",
    "CODEBUILD_PUBLIC_BUILD_URL",
    "CODEBUILD_RUNNER_OWNER",
    "CODEBUILD_RUNNER_REPO",
    "CODEBUILD_RUNNER_REPO_DOMAIN",
    "CODEBUILD_RUNNER_WITH_BUILDSPEC",
    "CODEBUILD_SOURCE_REPO_URL",
    "CODEBUILD_SOURCE_VERSION",
    "CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID",
    "CODEBUILD_WEBHOOK_BASE_REF",
    "CODEBUILD_WEBHOOK_EVENT",
    "CODEBUILD_WEBHOOK_HEAD_REF",
    "CODEBUILD_WEBHOOK_JOB_ID",
    "CODEBUILD_WEBHOOK_LABEL",
    "CODEBUILD_WEBHOOK_MERGE_COMMIT",
    "CODEBUILD_WEBHOOK_PREV_COMMIT",
    "CODEBUILD_WEBHOOK_RUN_ID",
    "CODEBUILD_WEBHOOK_TRIGGER",
    "CODEBUILD_WEBHOOK_WORKFLOW_NAME",
];

/// Real ones have 16 characters and more; shorter ones are words such as `test`, which would make a log unreadable.
const SHORTEST_CREDENTIAL: usize = 16;
/// Variables that hold credentials whoever set them: their values are masked.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// What the variables of a build are made of.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) variables: BTreeMap<String, String>,
    /// Values that must not be shown.
    pub(super) secrets: Vec<String>,
    /// Names of variables that cannot be exported.
    pub(super) secret_names: Vec<String>,
}

/// Identity of the build, for the variables that tell it.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) arn: String,
    /// `arn:aws:codebuild:<region>:<account>`
    pub(super) arn_prefix: String,
    pub(super) project_arn: String,
    pub(super) started: SystemTime,
}

/// Puts the variables together: the image's, then the buildspec's, then the project's, then those of this build; a later
/// one wins. CodeBuild's own come last.
///
/// `Err` holds the context with which `DOWNLOAD_SOURCE` fails. Of the sections of `env` the references win over
/// `variables`; CodeBuild does not document the order, and a name in two of them is reported by a rule.
pub(super) fn resolve(
    request: &Request<'_>,
    identity: &Identity,
    directory: &str,
    dry: bool,
) -> Result<Resolved, PhaseContext> {
    let mut resolved = Resolved::default();
    let env = &request.buildspec.env;
    resolved.variables.extend(request.base_env.iter().cloned());
    for Variable { name, value } in &env.variables {
        resolved.variables.insert(name.value.clone(), value.value.clone());
    }
    // The project's and the build's variables replace a reference before it is looked up.
    let replaced = |name: &str| request.project_env.iter().chain(&request.overrides).any(|(other, _)| other == name);
    let mut add = |name: &str, value: aws_call::Secret| {
        resolved.secrets.push(value.expose().to_owned());
        resolved.secret_names.push(name.to_owned());
        resolved.variables.insert(name.to_owned(), value.expose().to_owned());
    };
    let wanted = |variable: &&Variable| !dry && !replaced(&variable.name.value);
    for Variable { name, value } in env.parameter_store.iter().filter(wanted) {
        let secret = request.secrets.parameter(&value.value).map_err(|error| error.of_parameter())?;
        add(&name.value, secret);
    }
    for Variable { name, value } in env.secrets_manager.iter().filter(wanted) {
        let reference = SecretReference::parse(&value.value)
            .map_err(|error| PhaseContext::new("Secrets Manager Error", error.to_string()))?;
        let secret = request.secrets.secret(&reference).map_err(|error| error.of_secret())?;
        add(&name.value, secret);
    }
    resolved.variables.extend(request.project_env.iter().cloned());
    resolved.variables.extend(request.overrides.iter().cloned());
    for name in &request.sensitive {
        resolved.secrets.extend(resolved.variables.get(name).cloned());
        resolved.secret_names.push(name.clone());
    }
    let credentials = CREDENTIALS.iter().filter_map(|name| resolved.variables.get(*name));
    resolved.secrets.extend(credentials.filter(|value| value.len() >= SHORTEST_CREDENTIAL).cloned());
    resolved.variables.retain(|name, _| !name.starts_with(RESERVED));
    resolved.variables.extend(of_codebuild(request, identity, directory));
    Ok(resolved)
}

/// The variables that CodeBuild sets itself, as far as they mean something here.
fn of_codebuild(request: &Request<'_>, identity: &Identity, directory: &str) -> Vec<(String, String)> {
    let millis = identity.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut table: Vec<(&str, String)> = vec![
        ("CODEBUILD_BUILD_ARN", identity.arn.clone()),
        ("CODEBUILD_BUILD_ID", identity.id.clone()),
        ("CODEBUILD_BUILD_NUMBER", request.build_number.to_string()),
        (SUCCEEDING, "1".to_owned()),
        ("CODEBUILD_CI", "true".to_owned()),
        ("CODEBUILD_INITIATOR", request.initiator.clone().unwrap_or_else(|| "local".to_owned())),
        ("CODEBUILD_LAST_EXIT", "0".to_owned()),
        ("CODEBUILD_LOCAL_BUILD", "true".to_owned()),
        ("CODEBUILD_PROJECT_ARN", identity.project_arn.clone()),
        ("CODEBUILD_SRC_DIR", directory.to_owned()),
        ("CODEBUILD_START_TIME", millis.to_string()),
    ];
    if let Some(version) = &request.source_version {
        table.push(("CODEBUILD_RESOLVED_SOURCE_VERSION", version.clone()));
        table.push(("CODEBUILD_SOURCE_VERSION", version.clone()));
    }
    if let Some(image) = &request.image {
        table.push(("CODEBUILD_BUILD_IMAGE", image.clone()));
    }
    if let Some(url) = &request.source_repo_url {
        table.push(("CODEBUILD_SOURCE_REPO_URL", url.clone()));
    }
    if let Some(batch) = &request.batch {
        table.push(("CODEBUILD_BATCH_BUILD_IDENTIFIER", batch.identifier.clone()));
        if let Some((index, count)) = batch.shard {
            table.push((SHARD_INDEX, index.to_string()));
            table.push((SHARD_COUNT, count.to_string()));
        }
    }
    table.extend(request.codebuild_env.iter().map(|(name, value)| (name.as_str(), value.clone())));
    // Only where nobody has set them: a variable of the caller may point commands elsewhere on purpose.
    if let Some(region) = &request.region {
        for name in ["AWS_DEFAULT_REGION", "AWS_REGION"] {
            let set = request.project_env.iter().chain(&request.overrides).any(|(other, _)| other == name);
            if !set {
                table.push((name, region.clone()));
            }
        }
    }
    let mut table: Vec<_> = table.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for source in &request.secondary_sources {
        let directory = source.directory.to_string_lossy().into_owned();
        table.push((format!("CODEBUILD_SRC_DIR_{}", source.identifier), directory));
        if let Some(version) = &source.version {
            table.push((format!("CODEBUILD_SOURCE_VERSION_{}", source.identifier), version.clone()));
        }
    }
    table
}

/// Which part of a fan-out a build is, for `codebuild-tests-run`. CodeBuild does not document its names for these.
pub(super) const SHARD_INDEX: &str = "CODEBUILD_LOCAL_SHARD_INDEX";
/// How many parts there are.
pub(super) const SHARD_COUNT: &str = "CODEBUILD_LOCAL_SHARD_COUNT";

/// Refuses what no process can be given, and what CodeBuild refuses.
pub(super) fn validate(request: &Request<'_>) -> Result<(), Error> {
    let own = request.project_env.iter().chain(&request.overrides);
    for (name, _) in own.clone() {
        if name.starts_with(RESERVED) {
            return Err(Error::Variable {
                name: name.clone(),
                problem: "no user environment variables can start with CODEBUILD_",
            });
        }
    }
    if let Some((name, _)) = request.codebuild_env.iter().find(|(name, _)| !TOLD.contains(&name.as_str())) {
        return Err(Error::Variable {
            name: name.clone(),
            problem: "it is none of the variables that CodeBuild documents",
        });
    }
    if let Some(source) = request.secondary_sources.iter().find(|source| !script::is_identifier(&source.identifier)) {
        return Err(Error::Variable {
            name: format!("CODEBUILD_SRC_DIR_{}", source.identifier),
            problem: "the identifier of a source has letters, digits and underscores only",
        });
    }
    let own = own.chain(&request.codebuild_env);
    let spec = request.buildspec.env.variables.iter().map(|variable| (&variable.name.value, &variable.value.value));
    let given = request.base_env.iter().chain(own).map(|(name, value)| (name, value));
    for (name, value) in given.chain(spec) {
        let problem = if name.is_empty() || name.contains(['=', '\0']) {
            "a name is not empty and holds neither `=` nor NUL"
        } else if value.contains('\0') {
            "a value holds no NUL"
        } else {
            continue;
        };
        return Err(Error::Variable { name: name.clone(), problem });
    }
    Ok(())
}

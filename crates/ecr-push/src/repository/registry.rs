//! The registry as a whole: from where it fetches images that it does not have, and to where it copies those it gets.
//!
//! Sources: the documentation pages "Sync an upstream registry with an Amazon ECR private registry" and "Private image
//! replication in Amazon ECR".

use std::collections::BTreeSet;

use crate::{
    client::{PullThroughRule, RegistrySettings, Replication},
    error::{CallFailed, DocumentError, Error},
    reference::RepositoryName,
};

const NOTHING: &str = "nothing was changed";
const RULES: usize = 10;
const DESTINATIONS: usize = 25;
/// The prefix that stands for every name.
const ROOT: &str = "ROOT";
/// Hosts that ECR fetches from, and whether it needs a secret for them. A leading dot stands for any name before it.
const UPSTREAMS: &[(&str, bool)] = &[
    ("cgr.dev", true),
    ("ghcr.io", true),
    ("public.ecr.aws", false),
    ("quay.io", false),
    ("registry-1.docker.io", true),
    ("registry.gitlab.com", true),
    ("registry.k8s.io", false),
    (".azurecr.io", true),
    (".azurecr.us", true),
];
/// What the names of secrets for ECR begin with.
const SECRET: &str = "ecr-pullthroughcache/";

/// What ECR refuses in a rule, a sentence each.
#[must_use]
pub fn pull_through_problems(rule: &PullThroughRule) -> Vec<String> {
    let mut problems = Vec::new();
    let prefix = &rule.ecr_repository_prefix;
    let named = prefix.len() <= 30 && RepositoryName::parse(prefix).is_ok();
    if prefix != ROOT && !named {
        problems.push(format!(
            "the prefix `{prefix}` is not the beginning of a repository's name with 2 to 30 characters, nor `{ROOT}`"
        ));
    }
    let host = rule.upstream_registry_url.as_str();
    let private = host.contains(".dkr.ecr");
    let known = UPSTREAMS.iter().find(|(known, _)| host == *known || (known.starts_with('.') && host.ends_with(known)));
    match known {
        None if private => {}
        None => {
            let hosts: Vec<&str> = UPSTREAMS.iter().map(|(host, _)| *host).collect();
            let hosts = hosts.join(", ");
            problems
                .push(format!("ECR does not fetch from `{host}`; it does from {hosts} and private registries of ECR"));
        }
        Some((_, true)) if rule.credential_arn.is_none() => {
            problems.push(format!("`{host}` wants a login: name the secret that has it, `{SECRET}…`"));
        }
        Some(_) => {}
    }
    if let Some(arn) = &rule.credential_arn
        && !arn.contains(&format!(":secret:{SECRET}"))
    {
        problems.push(format!("the secret `{arn}` must have a name that begins with `{SECRET}`"));
    }
    problems
}

/// What ECR refuses in a replication, a sentence each. `own` is the registry itself.
#[must_use]
pub fn replication_problems(replication: &Replication, own: &crate::client::Destination) -> Vec<String> {
    let mut problems = Vec::new();
    if replication.rules.len() > RULES {
        problems.push(format!("there are {} rules; ECR takes at most {RULES}", replication.rules.len()));
    }
    let destinations: BTreeSet<_> = replication.rules.iter().flat_map(|rule| &rule.destinations).collect();
    if destinations.len() > DESTINATIONS {
        problems.push(format!("there are {} destinations; ECR takes at most {DESTINATIONS}", destinations.len()));
    }
    if destinations.contains(own) {
        problems.push(format!("{} in {} is this registry itself", own.registry_id, own.region));
    }
    for (at, rule) in (1..).zip(&replication.rules) {
        if rule.destinations.is_empty() {
            problems.push(format!("rule {at} has no destination"));
        }
        if let Some(filter) = rule.repository_filters.iter().find(|filter| filter.filter_type != "PREFIX_MATCH") {
            problems.push(format!("rule {at}: the filter type `{}` is not PREFIX_MATCH", filter.filter_type));
        }
    }
    problems
}

/// Adds the rule if its prefix has none; tells whether it did.
///
/// # Errors
/// [`Error::Document`] if ECR would refuse the rule, or the prefix has another rule: those are replaced by hand, for images
/// that were fetched by the old one stay; [`Error::Call`] if ECR refuses.
pub async fn ensure_pull_through(registry: &dyn RegistrySettings, rule: &PullThroughRule) -> Result<bool, Error> {
    let what = || format!("the pull-through cache rule for `{}`", rule.ecr_repository_prefix);
    if let Some(problem) = pull_through_problems(rule).into_iter().next() {
        return Err(DocumentError::new(what(), problem).into());
    }
    let failed = |call| CallFailed::new(what(), 1, NOTHING, call);
    let rules = registry.pull_through_rules().await.map_err(failed)?;
    match rules.iter().find(|one| one.ecr_repository_prefix == rule.ecr_repository_prefix) {
        Some(found) if found == rule => Ok(false),
        Some(found) => {
            let why = format!("the prefix fetches from `{}` in another way already", found.upstream_registry_url);
            Err(DocumentError::new(what(), why).into())
        }
        None => {
            registry.create_pull_through_rule(rule).await.map_err(failed)?;
            Ok(true)
        }
    }
}

/// Replaces the replication if it is another; tells whether it did.
///
/// # Errors
/// [`Error::Document`] if ECR would refuse it, [`Error::Call`] if ECR does.
pub async fn ensure_replication(
    registry: &dyn RegistrySettings,
    own: &crate::client::Destination,
    replication: &Replication,
) -> Result<bool, Error> {
    if let Some(problem) = replication_problems(replication, own).into_iter().next() {
        return Err(DocumentError::new("the replication", problem).into());
    }
    let failed = |call| CallFailed::new("the replication of the registry", 1, NOTHING, call);
    if registry.replication().await.map_err(failed)? == *replication {
        return Ok(false);
    }
    registry.put_replication(replication).await.map_err(failed)?;
    Ok(true)
}

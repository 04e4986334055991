//! The operations around the images on the wire: repositories, their documents, the registry's settings, and scans.

use std::collections::BTreeMap;

use aws_call::serve::Refusal;
use serde_json::{Value, json};

use super::MemoryRegistry;
use crate::{
    client::{
        Encryption, Inspections as _, PullThroughRule, RegistrySettings as _, Replication, RepositoryDocuments as _,
        RepositorySettings as _, Settings, TagMutability, TagRule,
    },
    digest::Digest,
    reference::RepositoryName,
};

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn refusal(error: aws_call::CallError) -> Refusal {
    Refusal::from(&error)
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    input[name].as_str().ok_or_else(|| invalid(format!("Invalid parameter at '{name}'")))
}

fn repository(input: &Value) -> Result<RepositoryName, Refusal> {
    let name = text(input, "repositoryName")?;
    name.parse().map_err(|_| invalid("Invalid parameter at 'repositoryName'"))
}

fn image(input: &Value) -> Result<Digest, Refusal> {
    let digest = input["imageId"]["imageDigest"].as_str().and_then(|text| Digest::parse(text).ok());
    digest.ok_or_else(|| invalid("Invalid parameter at 'imageId': this registry in memory wants an 'imageDigest'"))
}

/// Answers one operation; one that is not known is refused.
pub(super) async fn call(registry: &MemoryRegistry, operation: &str, input: &Value) -> Result<Value, Refusal> {
    match operation {
        "CreateRepository" => {
            let name = repository(input)?;
            let settings = registry.create_with(&name, &settings(input)?).await.map_err(refusal)?;
            Ok(json!({ "repository": shown(registry, &name, &settings) }))
        }
        "DescribeRepositories" => describe(registry, input).await,
        "PutImageTagMutability" => {
            registry.put_tag_rule(&repository(input)?, &rule(input)).await.map_err(refusal)?;
            Ok(json!({ "repositoryName": input["repositoryName"], "imageTagMutability": input["imageTagMutability"] }))
        }
        "PutImageScanningConfiguration" => {
            let scan = scan_on_push(input);
            registry.put_scan_on_push(&repository(input)?, scan).await.map_err(refusal)?;
            Ok(json!({ "imageScanningConfiguration": { "scanOnPush": scan } }))
        }
        "ListTagsForResource" => {
            let tags = registry.resource_tags(text(input, "resourceArn")?).await.map_err(refusal)?;
            let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            Ok(json!({ "tags": tags }))
        }
        "TagResource" => {
            registry.put_resource_tags(text(input, "resourceArn")?, &tags(input)).await.map_err(refusal)?;
            Ok(json!({}))
        }
        "StartImageScan" => {
            registry.start_scan(&repository(input)?, image(input)?).await.map_err(refusal)?;
            Ok(json!({ "imageScanStatus": { "status": "IN_PROGRESS" } }))
        }
        "DescribeImageScanFindings" => scan(registry, input).await,
        "DescribeImageReplicationStatus" => {
            let replicas = registry.replicas(&repository(input)?, image(input)?).await.map_err(refusal)?;
            let status = |replica: &crate::client::Replica| {
                let destination = &replica.destination;
                json!({
                    "region": destination.region, "registryId": destination.registry_id,
                    "status": replica.status, "failureCode": replica.failure,
                })
            };
            Ok(json!({ "replicationStatuses": replicas.iter().map(status).collect::<Vec<_>>() }))
        }
        _ => match documents(registry, operation, input).await? {
            Some(answer) => Ok(answer),
            None => whole(registry, operation, input).await,
        },
    }
}

async fn documents(registry: &MemoryRegistry, operation: &str, input: &Value) -> Result<Option<Value>, Refusal> {
    let absent = |code: &str| Refusal::new(code, "there is none");
    let name = repository(input);
    let answer = match operation {
        "GetRepositoryPolicy" => {
            let policy = registry.policy(&name?).await.map_err(refusal)?;
            json!({ "policyText": policy.ok_or_else(|| absent("RepositoryPolicyNotFoundException"))? })
        }
        "SetRepositoryPolicy" => {
            registry.put_policy(&name?, text(input, "policyText")?).await.map_err(refusal)?;
            json!({ "policyText": input["policyText"] })
        }
        "DeleteRepositoryPolicy" => {
            registry.delete_policy(&name?).await.map_err(refusal)?;
            json!({})
        }
        "GetLifecyclePolicy" => {
            let policy = registry.lifecycle(&name?).await.map_err(refusal)?;
            json!({ "lifecyclePolicyText": policy.ok_or_else(|| absent("LifecyclePolicyNotFoundException"))? })
        }
        "PutLifecyclePolicy" => {
            registry.put_lifecycle(&name?, text(input, "lifecyclePolicyText")?).await.map_err(refusal)?;
            json!({ "lifecyclePolicyText": input["lifecyclePolicyText"] })
        }
        "DeleteLifecyclePolicy" => {
            registry.delete_lifecycle(&name?).await.map_err(refusal)?;
            json!({})
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// What is about the registry as a whole.
async fn whole(registry: &MemoryRegistry, operation: &str, input: &Value) -> Result<Value, Refusal> {
    match operation {
        "DescribePullThroughCacheRules" => {
            let rules = registry.pull_through_rules().await.map_err(refusal)?;
            Ok(json!({ "pullThroughCacheRules": rules }))
        }
        "CreatePullThroughCacheRule" => {
            let rule: PullThroughRule =
                serde_json::from_value(input.clone()).map_err(|error| invalid(error.to_string()))?;
            registry.create_pull_through_rule(&rule).await.map_err(refusal)?;
            Ok(json!(rule))
        }
        "DeletePullThroughCacheRule" => {
            registry.delete_pull_through_rule(text(input, "ecrRepositoryPrefix")?).await.map_err(refusal)?;
            Ok(json!({}))
        }
        "DescribeRegistry" => {
            let replication = registry.replication().await.map_err(refusal)?;
            Ok(json!({ "registryId": registry.lock().account(), "replicationConfiguration": replication }))
        }
        "PutReplicationConfiguration" => {
            let replication: Replication = serde_json::from_value(input["replicationConfiguration"].clone())
                .map_err(|error| invalid(error.to_string()))?;
            registry.put_replication(&replication).await.map_err(refusal)?;
            Ok(json!({ "replicationConfiguration": replication }))
        }
        other => Err(Refusal::unknown_operation(other)),
    }
}

async fn describe(registry: &MemoryRegistry, input: &Value) -> Result<Value, Refusal> {
    let named: Vec<RepositoryName> = input["repositoryNames"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str()?.parse().ok())
        .collect();
    let names = if named.is_empty() { registry.lock().names() } else { named };
    let mut repositories = Vec::new();
    for name in names {
        let found = registry.settings(&name).await.map_err(refusal)?;
        let found = found.ok_or_else(|| {
            let account = registry.lock().account().to_string();
            let message =
                format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
            Refusal::new("RepositoryNotFoundException", message)
        })?;
        repositories.push(shown(registry, &name, &found));
    }
    Ok(json!({ "repositories": repositories }))
}

async fn scan(registry: &MemoryRegistry, input: &Value) -> Result<Value, Refusal> {
    let scan = registry.scan(&repository(input)?, image(input)?).await.map_err(refusal)?;
    let finding = |one: &crate::client::Vulnerability| {
        let package = one.package.as_ref().map(|package| json!({ "key": "package_name", "value": package }));
        json!({ "name": one.name, "severity": one.severity, "attributes": package.into_iter().collect::<Vec<_>>() })
    };
    Ok(json!({
        "imageScanStatus": { "status": scan.status, "description": scan.description },
        "imageScanFindings": {
            "findingSeverityCounts": scan.counts,
            "findings": scan.findings.iter().map(finding).collect::<Vec<_>>(),
        },
    }))
}

fn rule(input: &Value) -> TagRule {
    let immutable = input["imageTagMutability"].as_str().is_some_and(|text| text.starts_with("IMMUTABLE"));
    let filters = input["imageTagMutabilityExclusionFilters"].as_array().into_iter().flatten();
    TagRule {
        mutability: if immutable { TagMutability::Immutable } else { TagMutability::Mutable },
        except: filters.filter_map(|filter| filter["filter"].as_str().map(str::to_owned)).collect(),
    }
}

fn scan_on_push(input: &Value) -> bool {
    input["imageScanningConfiguration"]["scanOnPush"].as_bool().unwrap_or_default()
}

fn tags(input: &Value) -> BTreeMap<String, String> {
    let tags = input["tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str().unwrap_or_default().to_owned())))
        .collect()
}

fn settings(input: &Value) -> Result<Settings, Refusal> {
    let encryption = &input["encryptionConfiguration"];
    let key = encryption["kmsKey"].as_str().map(str::to_owned);
    let encryption = match encryption["encryptionType"].as_str() {
        None | Some("AES256") => Encryption::Service,
        Some("KMS") => Encryption::Kms(key),
        Some("KMS_DSSE") => Encryption::KmsTwice(key),
        Some(other) => return Err(invalid(format!("Invalid parameter at 'encryptionType': {other}"))),
    };
    let (tag_rule, scan_on_push) = (rule(input), scan_on_push(input));
    Ok(Settings { arn: String::new(), tag_rule, scan_on_push, encryption, tags: tags(input) })
}

fn shown(registry: &MemoryRegistry, name: &RepositoryName, settings: &Settings) -> Value {
    let word = match settings.tag_rule.mutability {
        TagMutability::Mutable => "MUTABLE",
        TagMutability::Immutable => "IMMUTABLE",
    };
    let except = if settings.tag_rule.except.is_empty() { "" } else { "_WITH_EXCLUSION" };
    let filters = settings.tag_rule.except.iter().map(|filter| json!({ "filterType": "WILDCARD", "filter": filter }));
    let (kind, key) = match &settings.encryption {
        Encryption::Service => ("AES256", None),
        Encryption::Kms(key) => ("KMS", key.as_ref()),
        Encryption::KmsTwice(key) => ("KMS_DSSE", key.as_ref()),
    };
    json!({
        "repositoryArn": settings.arn,
        "registryId": registry.lock().account(),
        "repositoryName": name,
        "repositoryUri": format!("{}/{name}", registry.host()),
        "imageTagMutability": format!("{word}{except}"),
        "imageTagMutabilityExclusionFilters": filters.collect::<Vec<_>>(),
        "imageScanningConfiguration": { "scanOnPush": settings.scan_on_push },
        "encryptionConfiguration": { "encryptionType": kind, "kmsKey": key },
    })
}

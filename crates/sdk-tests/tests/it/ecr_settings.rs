//! `ecr_push::client::Ecr` around the images: settings, documents and inspections, and the login of ECR Public.

use aws_sdk_ecr::{Client, Config};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use ecr_push::{
    Digest, RepositoryName,
    client::{
        Destination, Ecr, EcrPublic, Encryption, Inspections as _, PullThroughRule, RegistrySettings as _, Replication,
        ReplicationRule, RepositoryDocuments as _, RepositorySettings as _, Settings, TagMutability, TagRule,
    },
    login::Logins as _,
};
use serde_json::json;

use crate::wire::{self, Service};

const ARN: &str = "arn:aws:ecr:us-east-1:123456789012:repository/shop/web";

fn ecr(answers: impl IntoIterator<Item = HttpResponse>) -> (Ecr, Service) {
    let service = Service::answering(answers);
    let config = Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    (Ecr::new(Client::from_conf(config)), service)
}

fn target(operation: &str) -> String {
    format!("AmazonEC2ContainerRegistry_V20150921.{operation}")
}

fn shop() -> RepositoryName {
    "shop/web".parse().unwrap()
}

#[tokio::test]
async fn settings_are_read_and_created_whole() {
    let described = json!({
        "repositoryArn": ARN,
        "repositoryName": "shop/web",
        "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest*" }],
        "imageScanningConfiguration": { "scanOnPush": true },
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/k" },
    });
    let (ecr, service) = ecr([
        wire::ok(json!({ "repositories": [described] })),
        wire::error(400, "RepositoryNotFoundException", "no"),
        wire::ok(json!({ "repository": described })),
    ]);
    let found = ecr.settings(&shop()).await.unwrap().unwrap();
    let mut expected = Settings::default();
    expected.arn = ARN.to_owned();
    expected.tag_rule = TagRule::new(TagMutability::Immutable).except("latest*");
    expected.scan_on_push = true;
    expected.encryption = Encryption::Kms(Some("arn:aws:kms:us-east-1:123456789012:key/k".to_owned()));
    assert_eq!(found, expected);
    assert_eq!(ecr.settings(&shop()).await.unwrap(), None);
    let mut wanted = expected.clone();
    wanted.tags.insert("team".to_owned(), "shop".to_owned());
    assert_eq!(ecr.create_with(&shop(), &wanted).await.unwrap(), wanted);
    let asked = service.asked();
    assert_eq!(asked[2].target, target("CreateRepository"));
    assert_eq!(
        asked[2].body,
        json!({
            "repositoryName": "shop/web",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest*" }],
            "imageScanningConfiguration": { "scanOnPush": true },
            "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/k" },
            "tags": [{ "Key": "team", "Value": "shop" }],
        })
    );
}

#[tokio::test]
async fn documents_that_are_not_there_are_none() {
    let (ecr, service) = ecr([
        wire::error(400, "RepositoryPolicyNotFoundException", "Repository policy does not exist"),
        wire::error(400, "LifecyclePolicyNotFoundException", "Lifecycle policy does not exist"),
        wire::error(400, "RepositoryNotFoundException", "no"),
        wire::ok(json!({ "policyText": "{}" })),
    ]);
    assert_eq!(ecr.policy(&shop()).await.unwrap(), None);
    assert_eq!(ecr.lifecycle(&shop()).await.unwrap(), None);
    let error = ecr.policy(&shop()).await.unwrap_err();
    assert_eq!((error.operation(), error.code()), ("GetRepositoryPolicy", Some("RepositoryNotFoundException")));
    ecr.put_policy(&shop(), "{}").await.unwrap();
    let asked = service.asked();
    assert_eq!(asked[3].target, target("SetRepositoryPolicy"));
    assert_eq!(asked[3].body, json!({ "repositoryName": "shop/web", "policyText": "{}" }));
}

#[tokio::test]
async fn findings_of_all_pages_and_of_both_kinds() {
    let digest = Digest::of(b"image");
    let page = |findings: serde_json::Value, next: Option<&str>| {
        let mut page = json!({
            "imageScanStatus": { "status": "ACTIVE", "description": "Continuous scan is selected for image." },
            "imageScanFindings": { "findingSeverityCounts": { "HIGH": 1, "LOW": 1, "UNTRIAGED": 2 } },
        });
        page["imageScanFindings"].as_object_mut().unwrap().extend(findings.as_object().unwrap().clone());
        if let Some(next) = next {
            page["nextToken"] = json!(next);
        }
        wire::ok(page)
    };
    let basic = json!({ "findings": [{
        "name": "CVE-2024-0001", "severity": "LOW", "attributes": [{ "key": "package_name", "value": "zlib" }],
    }] });
    let enhanced = json!({ "enhancedFindings": [{
        "severity": "HIGH", "title": "CVE-2024-0002 - openssl",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2024-0002", "vulnerablePackages": [{ "name": "openssl" }],
        },
    }] });
    let (ecr, service) = ecr([
        page(basic, Some("more")),
        page(enhanced, None),
        wire::error(400, "ScanNotFoundException", "Image scan does not exist"),
    ]);
    let scan = ecr.scan(&shop(), digest).await.unwrap();
    assert_eq!(scan.status, "ACTIVE");
    assert_eq!(
        scan.counts.iter().map(|(word, count)| (word.as_str(), *count)).collect::<Vec<_>>(),
        [("HIGH", 1), ("LOW", 1), ("UNTRIAGED", 2)]
    );
    let found: Vec<_> =
        scan.findings.iter().map(|one| (one.name.as_str(), one.severity.as_str(), one.package.as_deref())).collect();
    assert_eq!(found, [("CVE-2024-0001", "LOW", Some("zlib")), ("CVE-2024-0002", "HIGH", Some("openssl"))]);
    let error = ecr.scan(&shop(), digest).await.unwrap_err();
    assert_eq!(error.code(), Some("ScanNotFoundException"));
    let asked = service.asked();
    assert_eq!(asked[1].body["nextToken"], "more");
    assert_eq!(asked[0].body["imageId"], json!({ "imageDigest": digest.to_string() }));
}

#[tokio::test]
async fn the_registry_as_a_whole() {
    let replication = json!({ "rules": [{
        "destinations": [{ "region": "eu-west-1", "registryId": "123456789012" }],
        "repositoryFilters": [{ "filter": "shop", "filterType": "PREFIX_MATCH" }],
    }] });
    let (ecr, service) = ecr([
        wire::ok(json!({})),
        wire::ok(json!({ "pullThroughCacheRules": [
            { "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "registryId": "123456789012" },
        ] })),
        wire::ok(json!({})),
        wire::ok(json!({ "replicationStatuses": [
            { "region": "eu-west-1", "registryId": "123456789012", "status": "FAILED", "failureCode": "x" },
        ] })),
    ]);
    let there = Destination::new("eu-west-1".parse().unwrap(), "123456789012".parse().unwrap());
    let expected = Replication::new(vec![ReplicationRule::new(vec![there.clone()]).with_prefix("shop")]);
    ecr.put_replication(&expected).await.unwrap();
    let quay = PullThroughRule::new("quay", "quay.io");
    assert_eq!(ecr.pull_through_rules().await.unwrap(), std::slice::from_ref(&quay));
    ecr.create_pull_through_rule(&quay).await.unwrap();
    let replicas = ecr.replicas(&shop(), Digest::of(b"image")).await.unwrap();
    assert_eq!((&replicas[0].destination, replicas[0].status.as_str()), (&there, "FAILED"));
    assert_eq!(replicas[0].failure.as_deref(), Some("x"));
    let asked = service.asked();
    assert_eq!(asked[0].body, json!({ "replicationConfiguration": replication }));
    assert_eq!(asked[2].body, json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" }));
}

#[tokio::test]
async fn ecr_public_gives_one_token() {
    let service = Service::answering([wire::ok(json!({
        "authorizationData": { "authorizationToken": "QVdTOm5vdHJlYWw=", "expiresAt": 1_700_043_200 },
    }))]);
    let config = aws_sdk_ecrpublic::Config::builder().with_test_defaults_v2().http_client(service.http()).build();
    let login = EcrPublic::new(aws_sdk_ecrpublic::Client::from_conf(config)).login().await.unwrap().unwrap();
    assert_eq!((login.user.as_str(), login.password.expose()), ("AWS", "notreal"));
    assert_eq!(login.expires_at, Some(wire::at(1_700_043_200.0)));
    service.was_asked("SpencerFrontendService.GetAuthorizationToken", json!({}));
}

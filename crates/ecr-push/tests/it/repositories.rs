//! Repositories as they should be: what differs is changed and nothing else, documents are checked before ECR refuses them,
//! and a lifecycle policy is told apart from what it would do.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_call::CallError;
use ecr_push::{
    Digest, Error, PushOptions, PushRequest, RepositoryName, Silent, Tag,
    client::{
        Break, Destination, Encryption, Faulty, Inspections as _, MemoryRegistry, Operation, PullThroughRule,
        RegistrySettings as _, Replication, ReplicationRule, RepositoryDocuments as _, RepositorySettings as _,
        TagMutability, TagRule, When,
    },
    repository::{
        Account, CountType, ImageDetail, LifecyclePolicy, LifecycleRule, Place, Policy, Severity, Step, TagStatus,
        Wanted, ensure, ensure_pull_through, ensure_replication, preview, push_or_create, replication_problems,
    },
};
use proptest::prelude::*;

use crate::context::{image, push, pusher, registry, target};

fn team() -> RepositoryName {
    "team/app".parse().unwrap()
}

fn account(registry: &MemoryRegistry) -> Account {
    Account::new(Arc::new(registry.clone()))
}

fn untagged_for(days: u32) -> LifecyclePolicy {
    LifecyclePolicy::new(vec![
        LifecycleRule::expire(1, TagStatus::Untagged, CountType::SinceImagePushed, days).in_days(),
    ])
}

fn wanted() -> Wanted {
    Wanted::new(team())
        .with_tag_rule(TagRule::new(TagMutability::Immutable).except("latest*"))
        .with_scan_on_push(true)
        .with_tag("team", "shop")
        .with_policy(Policy::allowing_push(["arn:aws:iam::123456789012:role/build"]))
        .with_lifecycle(untagged_for(14))
}

fn steps(steps: &[Step]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// Whatever breaks on the way: it is told, and the next call does what is left.
#[tokio::test]
async fn what_was_broken_off_is_ended_by_the_next_call() {
    use Operation::{CreateRepository, PutImageTagMutability, PutLifecyclePolicy, SetRepositoryPolicy, TagResource};
    for operation in [CreateRepository, PutImageTagMutability, TagResource, SetRepositoryPolicy, PutLifecyclePolicy] {
        for how in [Break::Throttle(None), Break::Unavailable, Break::CutBefore, Break::CutAfter] {
            let registry = registry(TagMutability::Mutable);
            if operation != CreateRepository {
                // It is there, and nothing about it is as it should be.
                ensure(&account(&registry), &Wanted::new(team())).await.unwrap();
            }
            let faulty = Arc::new(Faulty::new(registry.clone()).on(operation, When::Nth(1), how));
            let broken = Account::new(Arc::clone(&faulty));
            let error = ensure(&broken, &wanted()).await.unwrap_err();
            assert!(error.to_string().starts_with("repository team/app: "), "{operation:?} {how:?}: {error}");
            ensure(&broken, &wanted()).await.unwrap();
            let left = ensure(&account(&registry), &wanted()).await.unwrap();
            assert_eq!(steps(&left.steps), [""; 0], "{operation:?} {how:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_made_and_what_differs_is_changed() {
    let registry = registry(TagMutability::Mutable);
    let account = account(&registry);
    let plan = ensure(&account, &wanted()).await.unwrap();
    let shown = steps(&plan.steps);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert_eq!(shown[0], "create the repository with immutable tags but for latest*, scans on push");
    assert!(shown[1].starts_with("replace the policy\n+ {\"Sid\":\"Push\""), "{}", shown[1]);
    assert_eq!(
        shown[2],
        "replace the lifecycle policy\n+ rule 1: expires untagged images 14 days after they were pushed"
    );
    let settings = registry.settings(&team()).await.unwrap().unwrap();
    assert_eq!(settings.arn, "arn:aws:ecr:eu-central-1:123456789012:repository/team/app");
    assert_eq!(registry.resource_tags(&settings.arn).await.unwrap()["team"], "shop");

    // All is as it should be: nothing is written.
    let written = |registry: &MemoryRegistry| {
        let asked = [
            Operation::DescribeRepositories,
            Operation::ListTagsForResource,
            Operation::GetRepositoryPolicy,
            Operation::GetLifecyclePolicy,
        ];
        let traffic = registry.traffic();
        traffic.requests() - asked.iter().map(|operation| traffic.of(*operation)).sum::<u32>()
    };
    let before = written(&registry);
    assert_eq!(steps(&ensure(&account, &wanted()).await.unwrap().steps), Vec::<String>::new());
    assert_eq!(written(&registry), before);

    let other = wanted().immutable().with_scan_on_push(false).with_tag("owner", "me").with_lifecycle(untagged_for(7));
    assert_eq!(
        steps(&ensure(&account, &other).await.unwrap().steps),
        [
            "set immutable tags",
            "turn scans on push off",
            "set the tags owner=me",
            "replace the lifecycle policy\n- rule 1: expires untagged images 14 days after they were pushed\n+ rule 1: expires untagged images 7 days after they were pushed",
        ]
    );
    assert_eq!(registry.resource_tags(&settings.arn).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_is_said_before_anything_is_done() {
    let registry = registry(TagMutability::Mutable);
    let account = account(&registry);
    let no_principal = r#"{"Statement":{"Effect":"Allow","Action":"ecr:PutImage"}}"#;
    let mut many = TagRule::new(TagMutability::Immutable);
    many.except = vec!["a".to_owned(); 6];
    for (wanted, expected) in [
        (Wanted::new(team()).with_policy(Policy::read(no_principal.as_bytes()).unwrap()), "names no `Principal`"),
        (Wanted::new(team()).with_lifecycle(LifecyclePolicy::default()), "there must be 1 to 50"),
        (Wanted::new(team()).with_tag_rule(many), "at most 5"),
    ] {
        let error = ensure(&account, &wanted).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(registry.traffic().of(Operation::CreateRepository), 0);
    ensure(&account, &Wanted::new(team())).await.unwrap();
    let error = ensure(&account, &Wanted::new(team()).with_encryption(Encryption::Kms(None))).await.unwrap_err();
    assert!(error.to_string().contains("ECR does not change that"), "{error}");
}

#[tokio::test]
async fn a_push_creates_its_repository_when_it_was_told_to() {
    let registry = registry(TagMutability::Mutable);
    let account = account(&registry);
    let target = ecr_push::ImageRef::new(registry.host().clone(), team()).with_tag("1.0".parse().unwrap());
    let (image, request, options) = (image(1, &[1000]), PushRequest::to(&target), PushOptions::default());
    let pusher = pusher(registry.clone());
    let error = pusher.push(&image, &request, &options, &Silent).await.unwrap_err();
    assert!(matches!(error, Error::RepositoryMissing(_)), "{error}");
    let wanted = wanted();
    for _ in 0..2 {
        push_or_create(&account, &wanted, &pusher, &image, &request, &options, &Silent).await.unwrap();
    }
    assert!(registry.contains(&target));
    assert_eq!(registry.traffic().of(Operation::CreateRepository), 1);
}

#[tokio::test]
async fn tags_move_by_their_rule() {
    let registry = registry(TagMutability::Immutable);
    let shop: RepositoryName = "shop".parse().unwrap();
    let rule = TagRule::new(TagMutability::Immutable).except("latest*");
    registry.put_tag_rule(&shop, &rule).await.unwrap();
    for seed in [1, 2] {
        push(registry.clone(), &image(seed, &[10]), "latest-1").await.unwrap();
    }
    push(registry.clone(), &image(1, &[10]), "1.0").await.unwrap();
    let error = push(registry.clone(), &image(2, &[10]), "1.0").await.unwrap_err();
    assert!(matches!(error, Error::TagImmutable(_)), "{error}");
    for (rule, tag, moves) in [
        (TagRule::new(TagMutability::Mutable), "1.0", true),
        (TagRule::new(TagMutability::Mutable).except("v*"), "v1", false),
        (TagRule::new(TagMutability::Immutable).except("v*"), "v1", true),
        (TagRule::new(TagMutability::Immutable), "v1", false),
    ] {
        assert_eq!(rule.moves(&Tag::parse(tag).unwrap()), moves, "{rule:?} {tag}");
    }
}

/// The statements of the walk-through that this crate is meant for, which gives `ecr:GetAuthorizationToken` at a repository.
#[test]
fn statements_that_do_nothing_where_they_stand() {
    let at_repository = r#"{"Version":"2008-10-17","Statement":[{"Sid":"new statement","Effect":"Allow",
        "Principal":{"AWS":"arn:aws:iam::123456789012:role/service-role/codebuild-service-role"},
        "Action":["ecr:BatchCheckLayerAvailability","ecr:CompleteLayerUpload","ecr:GetAuthorizationToken",
        "ecr:InitiateLayerUpload","ecr:PutImage","ecr:UploadLayerPart"]}]}"#;
    let at_role = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:GetRepositoryPolicy",
        "ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages","ecr:BatchGetImage","ecr:GetLifecyclePolicy",
        "ecr:GetLifecyclePolicyPreview","ecr:ListTagsForResource","ecr:DescribeImageScanFindings"],"Resource":"*"}]}"#;
    let told = |text: &str, place| -> Vec<String> {
        Policy::read(text.as_bytes()).unwrap().findings(place).iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(at_repository, Place::Repository),
        [
            "statement `new statement`: `ecr:GetAuthorizationToken` does nothing here: the token is the registry's and not a repository's; allow it in the policy of the role that logs in, on `*`"
        ]
    );
    assert_eq!(told(at_role, Place::Identity), Vec::<String>::new());
    let on_one = at_role.replace("\"*\"", "\"arn:aws:ecr:eu-central-1:123456789012:repository/shop\"");
    assert!(told(&on_one, Place::Identity)[0].contains("does nothing on `arn:aws:ecr:"));
}

#[test]
fn policies_are_checked() {
    let statement = |rest: &str| format!(r#"{{"Statement":[{{"Effect":"Allow",{rest}}}]}}"#);
    let role = r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/a"}"#;
    for (text, severity, expected) in [
        (statement(r#""Action":"ecr:PutImage""#), Severity::Error, "names no `Principal`"),
        (statement(&format!(r#"{role},"Action":"ecr:*","Resource":"*""#)), Severity::Error, "names a `Resource`"),
        (statement(role), Severity::Error, "names no `Action`"),
        (statement(&format!(r#"{role},"Action":"s3:GetObject""#)), Severity::Warning, "about ECR alone"),
        (statement(&format!(r#"{role},"Action":"ecr:GetRegistryPolicy""#)), Severity::Warning, "whole registry"),
        (
            statement(&format!(r#"{role},"Action":"ecr:ListImage""#)),
            Severity::Warning,
            "did you mean `ecr:ListImages`?",
        ),
        (statement(&format!(r#"{role},"Action":"PutImage""#)), Severity::Error, "is no action"),
        (statement(&format!(r#"{role},"Action":"ecr:PutImage""#)), Severity::Warning, "begin a push and not end it"),
        (
            statement(&format!(r#"{role},"Action":"ecr:BatchGetImage""#)),
            Severity::Warning,
            "`ecr:GetDownloadUrlForLayer`",
        ),
        (statement(r#""Principal":"*","Action":"ecr:*""#), Severity::Warning, "is for everybody"),
        (
            statement(r#""Principal":{"AWS":["AROAEXAMPLEEXAMPLE123"]},"Action":"ecr:*""#),
            Severity::Warning,
            "a role or user was that is deleted",
        ),
        (statement(&format!(r#"{role},"Action":"ecr:*""#)).replace("Allow", "allow"), Severity::Error, "`Effect`"),
    ] {
        let findings = Policy::read(text.as_bytes()).unwrap().findings(Place::Repository);
        let fits = |finding: &&ecr_push::repository::Finding| finding.message.contains(expected);
        let found = findings.iter().find(fits).unwrap_or_else(|| panic!("{text}: {findings:?}"));
        assert_eq!(found.severity, severity, "{text}");
    }
    let open =
        statement(r#""Principal":"*","Action":"ecr:*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#);
    assert_eq!(Policy::read(open.as_bytes()).unwrap().findings(Place::Repository), []);
    assert_eq!(Policy::allowing_push(["123456789012"]).findings(Place::Repository), []);
    for text in ["", "[]", "{}", r#"{"Statement":7}"#] {
        assert!(Policy::read(text.as_bytes()).is_err(), "{text}");
    }
    // What is not known stays, and lists may be written in any order.
    let odd = r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Effect":"Deny","NotPrincipal":"*","Action":["b:c","a:b"]}]}"#;
    let read = Policy::read(odd.as_bytes()).unwrap();
    assert_eq!(Policy::read(read.to_json().unwrap().as_bytes()).unwrap(), read);
    assert_eq!(read.diff(&Policy::read(odd.replace(r#""b:c","a:b""#, r#""a:b","b:c""#).as_bytes()).unwrap()), []);
}

#[test]
fn lifecycle_policies_are_checked() {
    let rule = |priority, status| LifecycleRule::expire(priority, status, CountType::ImageCountMoreThan, 1);
    let mut both = rule(1, TagStatus::Tagged).with_patterns(["a*"]);
    both.selection.tag_prefix_list = vec!["a".to_owned()];
    for (rules, expected) in [
        (vec![], "1 to 50"),
        (vec![rule(0, TagStatus::Any)], "begins at 1"),
        (vec![rule(1, TagStatus::Tagged)], "needs a `tagPatternList`"),
        (vec![both], "only one of them"),
        (vec![rule(1, TagStatus::Untagged).with_patterns(["a"])], "names tags"),
        (vec![rule(1, TagStatus::Tagged).with_patterns(["*a*b*c*d*"])], "more than 4 wildcards"),
        (vec![rule(1, TagStatus::Any).in_days()], "remove `countUnit`"),
        (vec![LifecycleRule::expire(1, TagStatus::Any, CountType::SinceImagePushed, 1)], "needs `countUnit` `days`"),
        (vec![rule(1, TagStatus::Any), rule(2, TagStatus::Untagged)], "highest priority number"),
        (vec![rule(1, TagStatus::Untagged), rule(2, TagStatus::Untagged)], "only one may"),
        (vec![rule(1, TagStatus::Untagged), rule(1, TagStatus::Any)], "is there twice"),
    ] {
        let problems = LifecyclePolicy::new(rules).problems();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:?}");
    }
    let fine = LifecyclePolicy::new(vec![
        rule(1, TagStatus::Untagged),
        rule(2, TagStatus::Tagged).with_patterns(["prod*", "*-1"]),
        rule(3, TagStatus::Any),
    ]);
    assert_eq!(fine.problems(), Vec::<String>::new());
    assert_eq!(LifecyclePolicy::read(fine.to_json().unwrap().as_bytes()).unwrap(), fine);
}

fn at(days: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(days * 24 * 3600)
}

fn detail(name: &str, day: u64, tags: &[&str]) -> ImageDetail {
    let mut detail = ImageDetail::new(Digest::of(name.as_bytes()), at(day));
    detail.tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    detail
}

/// The examples of the documentation page "Examples of lifecycle policies", section "Filtering on multiple rules".
#[test]
fn rules_leave_what_others_have_looked_at() {
    let images =
        [detail("A", 90, &["beta-1", "prod-1"]), detail("B", 91, &["beta-2", "prod-2"]), detail("C", 92, &["beta-3"])];
    let keep_one = |priority, pattern: &str| {
        LifecycleRule::expire(priority, TagStatus::Tagged, CountType::ImageCountMoreThan, 1).with_patterns([pattern])
    };
    let gone = |rules: Vec<LifecycleRule>| -> Vec<(Digest, u32)> {
        let fates = preview(&LifecyclePolicy::new(rules), &images, at(100));
        fates.iter().map(|fate| (fate.digest, fate.rule)).collect()
    };
    let [a, b, _] = images.each_ref().map(|image| image.digest);
    assert_eq!(gone(vec![keep_one(1, "prod*"), keep_one(2, "beta*")]), [(a, 1)]);
    assert_eq!(gone(vec![keep_one(2, "prod*"), keep_one(1, "beta*")]), [(a, 1), (b, 1)]);
    let old = LifecycleRule::expire(2, TagStatus::Any, CountType::SinceImagePushed, 5).in_days();
    assert_eq!(gone(vec![keep_one(1, "prod*"), old]), [(a, 1), (images[2].digest, 2)]);
}

#[test]
fn children_stay_with_their_index() {
    let mut child = detail("child", 1, &[]);
    let index = detail("index", 1, &["1.0"]);
    child.indexes = vec![index.digest];
    let untagged = LifecycleRule::expire(1, TagStatus::Untagged, CountType::SinceImagePushed, 1).in_days();
    let images = [child, index];
    assert_eq!(preview(&LifecyclePolicy::new(vec![untagged.clone()]), &images, at(50)), []);
    let all = LifecycleRule::expire(2, TagStatus::Any, CountType::SinceImagePushed, 1).in_days();
    assert_eq!(preview(&LifecyclePolicy::new(vec![untagged, all]), &images, at(50)).len(), 2);
}

#[tokio::test]
async fn the_images_of_a_repository_can_be_judged() {
    let registry = registry(TagMutability::Mutable);
    for (seed, tag) in [(1, "a"), (2, "a")] {
        push(registry.clone(), &image(seed, &[10]), tag).await.unwrap();
    }
    let images = registry.images(target("a").repository()).await.unwrap();
    assert_eq!(images.len(), 2);
    let fates = preview(&untagged_for(1), &images, images[0].pushed_at + Duration::from_secs(48 * 3600));
    assert_eq!(fates.iter().map(|fate| fate.digest).collect::<Vec<_>>(), [image(1, &[10]).digest()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    /// Said image by image, from the sentences of the documentation, with no list that is carried along.
    #[test]
    fn the_preview_agrees_with_the_sentences(
        ages in proptest::collection::vec((0_u64..30, 0_usize..4), 0..12),
        rules in proptest::collection::vec((0_usize..4, any::<bool>(), 1_u32..6), 1..5),
    ) {
        let tags: [&[&str]; 4] = [&[], &["a1"], &["b1"], &["a2", "b2"]];
        let images: Vec<ImageDetail> =
            ages.iter().enumerate().map(|(at, (age, kind))| detail(&at.to_string(), 100 - age, tags[*kind])).collect();
        let patterns: [Option<&[&str]>; 4] = [None, Some(&["a*"]), Some(&["b*"]), Some(&["a*", "b*"])];
        let rules: Vec<LifecycleRule> = (1..).zip(&rules).map(|(priority, (kind, count, number))| {
            let status = if patterns[*kind].is_some() { TagStatus::Tagged } else { TagStatus::Untagged };
            let kinds = if *count { CountType::ImageCountMoreThan } else { CountType::SinceImagePushed };
            LifecycleRule::expire(priority, status, kinds, *number).with_patterns(patterns[*kind].unwrap_or_default().iter().copied())
        }).collect();
        let fits = |rule: &LifecycleRule, image: &ImageDetail| match rule.selection.tag_pattern_list.as_slice() {
            [] => image.tags.is_empty(),
            wanted => wanted.iter().all(|pattern| image.tags.iter().any(|tag| tag.as_str().starts_with(&pattern[..1]))),
        };
        let younger = |one: &ImageDetail, other: &ImageDetail| {
            one.pushed_at > other.pushed_at || (one.pushed_at == other.pushed_at && one.digest < other.digest)
        };
        for image in &images {
            // The first rule whose tags it fits decides alone.
            let decides = rules.iter().find(|rule| fits(rule, image));
            let goes = decides.filter(|rule| match rule.selection.count_type {
                CountType::ImageCountMoreThan => {
                    let before = images.iter().filter(|other| fits(rule, other) && younger(other, image)).count();
                    before >= rule.selection.count_number as usize
                }
                _ => at(100).duration_since(image.pushed_at).unwrap() > Duration::from_secs(24 * 3600) * rule.selection.count_number,
            });
            let fates = preview(&LifecyclePolicy::new(rules.clone()), &images, at(100));
            let found = fates.iter().find(|fate| fate.digest == image.digest).map(|fate| fate.rule);
            prop_assert_eq!(found, goes.map(|rule| rule.rule_priority));
        }
    }
}

#[tokio::test]
async fn the_registry_is_set_up_once() {
    let registry = registry(TagMutability::Mutable);
    let own = registry.destination().unwrap();
    let there = Destination::new("us-east-1".parse().unwrap(), own.registry_id.clone());
    let replication = Replication::new(vec![ReplicationRule::new(vec![there]).with_prefix("shop")]);
    assert!(ensure_replication(&registry, &own, &replication).await.unwrap());
    assert!(!ensure_replication(&registry, &own, &replication).await.unwrap());
    let itself = Replication::new(vec![ReplicationRule::new(vec![own.clone()]), ReplicationRule::new(vec![])]);
    assert_eq!(replication_problems(&itself, &own).len(), 2);
    assert!(
        ensure_replication(&registry, &own, &itself).await.unwrap_err().to_string().contains("this registry itself")
    );

    let quay = PullThroughRule::new("quay", "quay.io");
    assert!(ensure_pull_through(&registry, &quay).await.unwrap());
    assert!(!ensure_pull_through(&registry, &quay).await.unwrap());
    let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-a1b2c3";
    for (rule, expected) in [
        (PullThroughRule::new("quay", "registry.k8s.io"), "in another way already"),
        (PullThroughRule::new("hub", "registry-1.docker.io"), "wants a login"),
        (PullThroughRule::new("hub", "example.com"), "does not fetch from"),
        (PullThroughRule::new("Hub", "quay.io"), "is not the beginning"),
        (PullThroughRule::new("hub", "ghcr.io").with_credential(secret.replace("ecr-", "")), "must have a name"),
    ] {
        let error = ensure_pull_through(&registry, &rule).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let hub = PullThroughRule::new("hub", "registry-1.docker.io").with_credential(secret);
    assert!(ensure_pull_through(&registry, &hub).await.unwrap());
    registry.delete_pull_through_rule("hub").await.unwrap();
    assert_eq!(registry.pull_through_rules().await.unwrap(), [quay]);
    let code = |error: CallError| error.code().map(str::to_owned).unwrap();
    let error = registry.delete_pull_through_rule("hub").await.unwrap_err();
    assert_eq!(code(error), "PullThroughCacheRuleNotFoundException");
}

#[tokio::test]
async fn what_the_service_refuses() {
    let registry = registry(TagMutability::Mutable);
    let shop: RepositoryName = "shop".parse().unwrap();
    let code = |error: CallError| error.code().map(str::to_owned).unwrap();
    assert_eq!(code(registry.delete_policy(&shop).await.unwrap_err()), "RepositoryPolicyNotFoundException");
    assert_eq!(code(registry.delete_lifecycle(&shop).await.unwrap_err()), "LifecyclePolicyNotFoundException");
    assert_eq!(registry.policy(&shop).await.unwrap(), None);
    assert_eq!(code(registry.policy(&team()).await.unwrap_err()), "RepositoryNotFoundException");
    let error = registry.put_policy(&shop, r#"{"Statement":[]}"#).await.unwrap_err();
    assert!(
        error.to_string().ends_with("failed to satisfy constraint: 'Invalid repository policy provided'"),
        "{error}"
    );
    let error = registry.put_lifecycle(&shop, r#"{"rules":[]}"#).await.unwrap_err();
    assert!(error.to_string().contains("Lifecycle policy validation failure"), "{error}");
    let nowhere = "arn:aws:ecr:eu-central-1:123456789012:repository/nowhere";
    assert_eq!(code(registry.resource_tags(nowhere).await.unwrap_err()), "RepositoryNotFoundException");
    assert_eq!(code(registry.resource_tags("nonsense").await.unwrap_err()), "InvalidParameterException");
    let arn = registry.settings(&shop).await.unwrap().unwrap().arn;
    let tags = |count: usize| (0..count).map(|at| (format!("k{at}"), String::new())).collect();
    assert_eq!(code(registry.put_resource_tags(&arn, &tags(51)).await.unwrap_err()), "TooManyTagsException");
    let reserved = [("aws:x".to_owned(), String::new())].into();
    assert_eq!(code(registry.put_resource_tags(&arn, &reserved).await.unwrap_err()), "InvalidTagParameterException");
}

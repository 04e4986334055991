//! Ids: what parses prints back the same, and nothing else parses.

use aws_call::{AccountId, Arn, Partition, Region};
use proptest::prelude::*;

#[test]
fn regions_know_their_partition() {
    for (name, partition, suffix) in [
        ("us-east-1", Partition::Aws, "amazonaws.com"),
        ("eu-central-1", Partition::Aws, "amazonaws.com"),
        ("ap-southeast-7", Partition::Aws, "amazonaws.com"),
        ("cn-northwest-1", Partition::AwsCn, "amazonaws.com.cn"),
        ("us-gov-west-1", Partition::AwsUsGov, "amazonaws.com"),
        ("us-iso-east-1", Partition::AwsIso, "c2s.ic.gov"),
        ("us-isob-east-1", Partition::AwsIsoB, "sc2s.sgov.gov"),
        ("eu-isoe-west-1", Partition::AwsIsoE, "cloud.adc-e.uk"),
        ("us-isof-south-1", Partition::AwsIsoF, "csp.hci.ic.gov"),
        ("eusc-de-east-1", Partition::AwsEusc, "amazonaws.eu"),
    ] {
        let region = Region::parse(name).unwrap();
        assert_eq!((region.partition(), region.dns_suffix()), (partition, suffix), "{name}");
        assert_eq!(region.to_string(), name);
    }
}

#[test]
fn partitions_round_trip() {
    assert!(Partition::ALL.is_sorted_by_key(|partition| partition.as_str()));
    for partition in Partition::ALL {
        assert_eq!(Partition::parse(partition.as_str()), Ok(*partition));
    }
    assert!(Partition::parse("AWS").is_err());
}

#[test]
fn arns() {
    for (text, service, region, account, resource) in [
        ("arn:aws:iam::123456789012:role/shop", "iam", None, Some("123456789012"), "role/shop"),
        ("arn:aws:iam::aws:policy/AdministratorAccess", "iam", None, None, "policy/AdministratorAccess"),
        ("arn:aws:s3:::bucket/key:with:colons", "s3", None, None, "bucket/key:with:colons"),
        (
            "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/web:7",
            "ecs",
            Some("cn-north-1"),
            Some("123456789012"),
            "task-definition/web:7",
        ),
        (
            "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:Too many errors",
            "cloudwatch",
            Some("eu-central-1"),
            Some("123456789012"),
            "alarm:Too many errors",
        ),
    ] {
        let arn = Arn::parse(text).unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!(arn.service(), service);
        assert_eq!(arn.region().map(Region::as_str), region);
        assert_eq!(arn.account().as_ref().map(AccountId::as_str), account);
        assert_eq!(arn.resource(), resource);
    }
}

#[test]
fn refusals_say_why() {
    for (text, why) in [
        ("", "begin with `arn:`"),
        ("arn:aws", "not a service"),
        ("arn:gcp:ecs:eu-central-1:123456789012:x", "not a partition"),
        ("arn:aws:ECS:eu-central-1:123456789012:x", "not a service"),
        ("arn:aws:ecs:nowhere:123456789012:x", "not a region"),
        ("arn:aws:ecs:eu-central-1:1234:x", "not an account id"),
        ("arn:aws:ecs:eu-central-1:123456789012", "no resource"),
        ("arn:aws:ecs:eu-central-1:123456789012:", "no resource"),
        ("arn:aws:ecs:eu-central-1:123456789012:a\nb", "control character"),
    ] {
        let error = Arn::parse(text).unwrap_err();
        assert!(error.to_string().contains(why), "{text:?}: {error}");
        assert_eq!(error.text(), text);
    }
    let zone = Region::parse("eu-central-1a").unwrap_err();
    assert!(zone.to_string().contains("availability zone"), "{zone}");
    for text in ["", "-", "eu", "eu-1", "eu-central", "Eu-central-1", "eu--1", "eu-central-123", "é-central-1"] {
        assert!(Region::parse(text).is_err(), "{text:?}");
    }
    for text in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"] {
        assert!(AccountId::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn serde_is_the_plain_text() {
    let text = r#""arn:aws:ecs:eu-central-1:123456789012:cluster/shop""#;
    let arn: Arn = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&arn).unwrap(), text);
    let error = serde_json::from_str::<AccountId>(r#""42""#).unwrap_err();
    assert!(error.to_string().contains("`42` is not an account id"), "{error}");
}

proptest! {
    #[test]
    fn arns_round_trip(
        partition in prop::sample::select(Partition::ALL),
        service in "[a-z][a-z0-9-]{0,20}",
        region in "([a-z]{2}-[a-z]{4,9}-[1-9])?",
        account in "([0-9]{12}|aws)?",
        resource in "[!-~é]{1,40}",
    ) {
        let text = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
        let arn: Arn = text.parse().unwrap();
        prop_assert_eq!(arn.as_str(), &text);
        prop_assert_eq!(arn.partition(), partition);
        prop_assert_eq!(arn.service(), service);
        prop_assert_eq!(arn.region().map_or("", Region::as_str), region);
        let is_id = account.len() == 12;
        prop_assert_eq!(arn.account().map(String::from), is_id.then_some(account));
        prop_assert_eq!(arn.resource(), &resource);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,60}", tail in "[a-z0-9:/-]{0,60}") {
        for text in [text.clone(), format!("arn:aws:{text}"), format!("arn:aws:{tail}")] {
            if let Ok(arn) = Arn::parse(&text) {
                prop_assert_eq!(arn.as_str(), &text);
                prop_assert_eq!(
                    format!("arn:{}:{}:{}:", arn.partition(), arn.service(), arn.region().map_or("", Region::as_str)),
                    &text[..text.match_indices(':').nth(3).unwrap().0 + 1]
                );
            }
            if let Ok(region) = Region::parse(&text) {
                prop_assert_eq!(region.as_str(), &text);
            }
        }
    }
}

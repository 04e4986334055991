//! Webhooks: signatures, filters and what a call comes to, by tables and against oracles that are too simple to be wrong.

use aws_call::Secret;
use pipeline_model::webhook::{
    Authentication, Delivery, Filter, JsonPath, Receiver, Refusal, SignatureError, Verdict, Webhook, authenticate,
    filter, sign,
};
use pipeline_model::{Action, ActionTypeId};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::client::shop;

fn github(secret: &str) -> Authentication {
    Authentication::GitHubHmac(Secret::new(secret))
}

fn call<'a>(body: &'a [u8], signature_256: Option<&'a str>, signature: Option<&'a str>) -> Delivery<'a> {
    let mut call = Delivery::new(body);
    call.signature_256 = signature_256;
    call.signature = signature;
    call
}

/// Values from GitHub's own page "Validating webhook deliveries", and from RFC 2202 for SHA-1.
#[test]
fn signatures_of_others_are_accepted() {
    let body = b"Hello, World!";
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(authenticate(&github("It's a Secret to Everybody"), &call(body, Some(signature), None)), Ok(()));
    assert_eq!(sign(&Secret::new("It's a Secret to Everybody"), body), signature);
    let body = b"what do ya want for nothing?";
    let signature = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    assert_eq!(authenticate(&github("Jefe"), &call(body, None, Some(signature))), Ok(()));
}

#[test]
fn everything_else_is_refused() {
    use SignatureError::{Address, Malformed, Missing, NoSecret, Range, Wrong};
    let secret = github("Jefe");
    let body = b"what do ya want for nothing?";
    let right = sign(&Secret::new("Jefe"), body);
    let weak = "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    let short = &right[..right.len() - 2];
    for (strong, weak, want) in [
        (None, None, Err(Missing)),
        (Some(""), None, Err(Malformed)),
        (Some("sha256="), None, Err(Malformed)),
        (Some("sha256=zz"), None, Err(Malformed)),
        (Some("sha256=é"), None, Err(Malformed)),
        (Some(weak), None, Err(Malformed)),
        (None, Some(right.as_str()), Err(Malformed)),
        (Some(short), None, Err(Wrong)),
        // The weak one does not count where there is a strong one.
        (Some("sha256=00"), Some(weak), Err(Wrong)),
        (Some(right.as_str()), Some("sha1=00"), Ok(())),
    ] {
        assert_eq!(authenticate(&secret, &call(body, strong, weak)), want, "{strong:?} {weak:?}");
    }
    assert_eq!(authenticate(&github(""), &call(b"", Some("sha256=00"), None)), Err(NoSecret));
    let mut from = call(b"", None, None);
    let range = |range: &str| Authentication::Ip(range.to_owned());
    assert_eq!(authenticate(&range("192.0.2.0/24"), &from), Err(Address));
    from.address = Some([192, 0, 2, 7].into());
    assert_eq!(authenticate(&range("192.0.2.0/24"), &from), Ok(()));
    assert_eq!(authenticate(&range("198.51.100.0/24"), &from), Err(Address));
    assert_eq!(authenticate(&range("somewhere"), &from), Err(Range));
    assert_eq!(authenticate(&Authentication::Unauthenticated, &Delivery::new(b"")), Ok(()));
}

#[test]
fn paths() {
    let body = json!({
        "ref": "refs/heads/main",
        "repository": { "full_name": "harbour/shop", "a.b": 1, "it's": 2 },
        "commits": [{ "id": "a", "author": { "id": 7 } }, { "id": "b" }],
    });
    for (path, want) in [
        ("$", vec![body.clone()]),
        ("$.ref", vec![json!("refs/heads/main")]),
        ("$['ref']", vec![json!("refs/heads/main")]),
        ("$[ \"ref\" ]", vec![json!("refs/heads/main")]),
        ("$.repository['a.b']", vec![json!(1)]),
        ("$.repository['it\\'s']", vec![json!(2)]),
        ("$.commits[0].id", vec![json!("a")]),
        ("$.commits[-1].id", vec![json!("b")]),
        ("$.commits[2]", vec![]),
        ("$.commits[*].id", vec![json!("a"), json!("b")]),
        ("$.commits.*.id", vec![json!("a"), json!("b")]),
        ("$..id", vec![json!("a"), json!(7), json!("b")]),
        ("$..[0].id", vec![json!("a")]),
        ("$.nothing.at.all", vec![]),
    ] {
        let read = JsonPath::parse(path).unwrap();
        assert_eq!(read.select(&body).into_iter().cloned().collect::<Vec<_>>(), want, "{path}");
    }
    for path in [
        "",
        "ref",
        "$.",
        "$..",
        "$ref",
        "$.commits[?(@.id)]",
        "$.commits[0,1]",
        "$.commits[0:1]",
        "$.a.length()",
        "$['a",
        "$[a]",
        "$[]",
    ] {
        let error = JsonPath::parse(path).unwrap_err().to_string();
        assert!(error.contains("at byte"), "{path}: {error}");
    }
}

#[test]
fn a_path_cannot_visit_more_than_it_may() {
    let mut body = json!(1);
    for _ in 0..90 {
        body = json!([body.clone(), 1]);
    }
    let path = JsonPath::parse("$..*..*..*..*..*..*").unwrap();
    assert!(path.select(&body).len() <= 10_000);
}

fn target() -> Action {
    Action::new("Source", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1"))
        .with_config("Branch", "main")
        .with_config("Owner", "harbour")
        .with_config("OAuthToken", "not-a-real-token")
}

#[test]
fn filters_must_all_match() {
    let body = json!({ "ref": "refs/heads/main", "repository": { "owner": { "name": "harbour" } }, "deleted": false, "size": 3 });
    for (filters, holds) in [
        (vec![], true),
        (vec![Filter::branch_of_target()], true),
        (vec![Filter::branch_of_target(), Filter::new("$.repository.owner.name", "{Owner}")], true),
        (vec![Filter::branch_of_target(), Filter::new("$.repository.owner.name", "other")], false),
        (vec![Filter::new("$.deleted", "false")], true),
        (vec![Filter::new("$.size", "3")], true),
        (vec![Filter::new("$.ref", "refs/heads/{Nothing}")], false),
        (vec![Filter::new("$.ref", "refs/heads/{OAuthToken}")], false),
        (vec![Filter::new("$.ref", "refs/heads/Main")], false),
        (vec![Filter::new("$.ref", "refs/heads/ma*")], false),
        (vec![Filter::new("nonsense", "x")], false),
        (vec![Filter::new("$.ref", "{Branch")], false),
    ] {
        let verdict = filter(&filters, Some(&target()), &body);
        assert_eq!(verdict.holds, holds, "{filters:?}\n{verdict}");
        assert!(!verdict.to_string().contains("not-a-real-token"));
    }
    let mut present: Filter = serde_json::from_value(json!({ "jsonPath": "$.size" })).unwrap();
    assert!(filter(&[present.clone()], None, &body).holds);
    present.json_path = "$.nothing".to_owned();
    assert!(!filter(&[present], None, &body).holds);
}

#[test]
fn a_call_comes_to_a_start_or_to_a_reason() {
    let secret = "It's a Secret to Everybody";
    let webhook = Webhook::new("hook", "shop", "Source", github(secret)).with_filter(Filter::branch_of_target());
    let receiver = Receiver::new(webhook, &shop());
    let receive = |body: &str, event: &str, secret: &str| {
        let signature = sign(&Secret::new(secret), body.as_bytes());
        let mut call = call(body.as_bytes(), Some(&signature), None);
        call.event = Some(event);
        call.id = Some("72d3162e-cc78-11e3-81ab-4c9367dc0958");
        receiver.receive(&call)
    };
    let push = |branch: &str| json!({ "ref": format!("refs/heads/{branch}"), "after": "abc" }).to_string();
    let Ok(Verdict::Start(start, _)) = receive(&push("main"), "push", secret) else { panic!("it starts") };
    assert_eq!(start.name, "shop");
    // The same call again starts nothing new.
    assert_eq!(start.client_request_token.as_deref(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
    assert!(matches!(receive(&push("other"), "push", secret), Ok(Verdict::Ignored(why)) if !why.holds));
    assert_eq!(receive("{}", "ping", secret), Ok(Verdict::Ping));
    assert_eq!(receive("payload=%7B%7D", "push", secret), Err(Refusal::NotJson));
    // Nothing is read of what is not believed.
    let wrong = Err(Refusal::Unauthenticated(SignatureError::Wrong));
    assert_eq!(receive("payload=%7B%7D", "push", "another"), wrong);
    assert_eq!(receive(&push("main"), "push", "another"), wrong);
}

/// HMAC by its definition, over the library's plain digest: slow, and with nothing to get wrong.
fn naive_hmac(algorithm: &'static ring::digest::Algorithm, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut block = vec![0_u8; 64];
    if key.len() > 64 {
        let digest = ring::digest::digest(algorithm, key);
        block[..digest.as_ref().len()].copy_from_slice(digest.as_ref());
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8, rest: &[u8]| {
        let mut text: Vec<u8> = block.iter().map(|byte| byte ^ with).collect();
        text.extend(rest);
        ring::digest::digest(algorithm, &text).as_ref().to_vec()
    };
    padded(0x5c, &padded(0x36, body))
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path as steps, and what it selects, written down without any parser.
fn naive_select(steps: &[Result<String, usize>], body: &Json) -> Option<Json> {
    steps.iter().try_fold(body.clone(), |node, step| match step {
        Ok(name) => node.as_object()?.get(name).cloned(),
        Err(index) => node.as_array()?.get(*index).cloned(),
    })
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![Just(json!(null)), any::<bool>().prop_map(Json::from), "[ab.']{0,3}".prop_map(Json::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map("[ab.']{1,2}", inner, 0..3)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn hmac_is_what_its_definition_says(
        key in "[ -~]{1,80}", body in prop::collection::vec(any::<u8>(), 0..200), flip in any::<prop::sample::Index>()
    ) {
        let strong = format!("sha256={}", digits(&naive_hmac(&ring::digest::SHA256, key.as_bytes(), &body)));
        let weak =
            format!("sha1={}", digits(&naive_hmac(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes(), &body)));
        let secret = github(&key);
        prop_assert_eq!(sign(&Secret::new(key), &body), strong.clone());
        prop_assert_eq!(authenticate(&secret, &call(&body, Some(&strong), None)), Ok(()));
        prop_assert_eq!(authenticate(&secret, &call(&body, Some(&strong.to_uppercase().replacen("SHA", "sha", 1)), None)), Ok(()));
        prop_assert_eq!(authenticate(&secret, &call(&body, None, Some(&weak))), Ok(()));
        // Any other body, and any other digit, is refused.
        let mut other = body.clone();
        if other.is_empty() { other.push(0) } else { let at = flip.index(other.len()); other[at] ^= 1 }
        prop_assert_eq!(authenticate(&secret, &call(&other, Some(&strong), None)), Err(SignatureError::Wrong));
        let at = 7 + flip.index(strong.len() - 7);
        let mut wrong = strong.into_bytes();
        wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
        let wrong = String::from_utf8(wrong).unwrap();
        prop_assert_eq!(authenticate(&secret, &call(&body, Some(&wrong), None)), Err(SignatureError::Wrong));
    }

    #[test]
    fn paths_select_what_walking_does(
        body in any_json(), steps in prop::collection::vec(prop_oneof!["[ab.']{1,2}".prop_map(Ok), (0usize..3).prop_map(Err)], 0..4)
    ) {
        let mut path = String::from("$");
        for step in &steps {
            match step {
                Ok(name) => path.push_str(&format!("['{}']", name.replace('\'', "\\'"))),
                Err(index) => path.push_str(&format!("[{index}]")),
            }
        }
        let read = JsonPath::parse(&path).unwrap();
        let found: Vec<Json> = read.select(&body).into_iter().cloned().collect();
        prop_assert_eq!(found, naive_select(&steps, &body).into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_path_panics(path in "[$.\\[\\]*'\"a0\\-?() ]{0,20}", body in any_json()) {
        if let Ok(path) = JsonPath::parse(&path) {
            let _ = path.select(&body);
        }
        let _ = JsonPath::parse(&format!("${path}")).map(|path| path.select(&body).len());
        let _ = filter(&[Filter::new(path.clone(), path)], Some(&target()), &body);
    }
}

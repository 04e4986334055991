//! Calls of webhooks from anyone: headers, bodies, paths and ranges that mean harm.

#![no_main]

use aws_call::Secret;
use libfuzzer_sys::fuzz_target;
use pipeline_model::webhook::{Authentication, Delivery, Filter, JsonPath, authenticate, filter, sign};

fuzz_target!(|data: (&[u8], &str, &str, &str)| {
    let (body, header, path, value) = data;
    let secret = Secret::new("not-a-real-secret");
    let right = sign(&secret, body);
    let mut call = Delivery::new(body);
    call.signature_256 = Some(header);
    let believed = authenticate(&Authentication::GitHubHmac(secret.clone()), &call).is_ok();
    assert!(!believed || header.trim().eq_ignore_ascii_case(&right), "a signature was made up");
    call.signature_256 = Some(&right);
    assert!(authenticate(&Authentication::GitHubHmac(secret), &call).is_ok());
    call.address = Some([192, 0, 2, 7].into());
    let _ = authenticate(&Authentication::Ip(value.to_owned()), &call);
    if let Ok(json) = serde_json::from_slice(body) {
        if let Ok(path) = JsonPath::parse(path) {
            assert!(path.select(&json).len() <= 10_000);
        }
        let _ = filter(&[Filter::new(path, value)], None, &json);
    }
});

//! The in-memory registry on the wire behaves as ECR was seen to, where it is odd.

use ecr_push::{
    Digest,
    client::{ServeOptions, TagMutability},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    context::{MIB, image, noise},
    door::Bench,
};

/// One request on a connection of its own; returns status, headers in lower case, and body.
async fn ask(bench: &Bench, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(bench.server.host().as_str()).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses need not read the rest.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

async fn begin(bench: &Bench) -> String {
    let (status, head, _) = ask(bench, "POST", "/v2/shop/blobs/uploads/", "", b"").await;
    assert_eq!(status, 202);
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    location.to_owned()
}

fn range(head: &str) -> &str {
    head.lines().find_map(|line| line.strip_prefix("range: ")).unwrap()
}

#[tokio::test]
async fn chunks_are_answered_the_odd_way() {
    let bench = Bench::new(TagMutability::Mutable, ServeOptions::default()).await;
    let bytes = noise(1, 12 * MIB);
    let (five, last) = (5 * MIB as usize, bytes.len() - 1);
    let location = begin(&bench).await;
    let part = |from: usize, to: usize| format!("Content-Range: {from}-{}\r\n", to - 1);
    let (status, head, _) = ask(&bench, "PATCH", &location, &part(0, five), &bytes[..five]).await;
    assert_eq!((status, range(&head)), (201, "0-5242879"), "created, not accepted");
    let (status, head, _) = ask(&bench, "PATCH", &location, &part(five, 2 * five), &bytes[five..2 * five]).await;
    assert_eq!((status, range(&head)), (201, "0-5242879"), "the range stands still");
    let (status, _, body) = ask(&bench, "PATCH", &location, &part(0, five), &bytes[..five]).await;
    assert_eq!(status, 416);
    assert!(body.contains("BLOB_UPLOAD_INVALID") && body.contains("is 0 instead of 10485760"), "{body}");
    let digest = Digest::of(&bytes);
    let put = format!("{location}?digest={digest}");
    let (status, head, _) = ask(&bench, "PUT", &put, &part(2 * five, last + 1), &bytes[2 * five..]).await;
    assert_eq!(status, 201, "{head}");
    assert!(head.contains(&format!("docker-content-digest: {digest}")));
    let (status, head, _) = ask(&bench, "HEAD", &format!("/v2/shop/blobs/{digest}"), "", b"").await;
    assert!(status == 200 && head.contains(&format!("content-length: {}", bytes.len())), "{head}");
    // The upload is over.
    assert_eq!(ask(&bench, "GET", &location, "", b"").await.0, 404);
}

#[tokio::test]
async fn what_ecr_refuses() {
    let bench = Bench::new(TagMutability::Immutable, ServeOptions::default()).await;
    let (small, digest) = (noise(1, 1000), Digest::of(b"x"));
    let location = begin(&bench).await;
    for _ in 0..2 {
        let (_, head, _) = ask(&bench, "GET", &location, "", b"").await;
        let at = match range(&head) {
            "0-0" => 0,
            other => other[2..].parse::<usize>().unwrap() + 1,
        };
        let header = format!("Content-Range: {at}-{}\r\n", at + 999);
        assert_eq!(ask(&bench, "PATCH", &location, &header, &small).await.0, 201);
    }
    let (status, _, body) = ask(&bench, "PUT", &format!("{location}?digest={digest}"), "", b"").await;
    assert!(status == 400 && body.contains("SIZE_INVALID") && body.contains("5 MiB"), "{status} {body}");
    let location = begin(&bench).await;
    let (status, _, body) = ask(&bench, "PUT", &format!("{location}?digest={digest}"), "", &small).await;
    assert!(status == 400 && body.contains("DIGEST_INVALID"), "{status} {body}");

    let (one, two) = (image(1, &[10]), image(2, &[10]));
    bench.push(&one, "1.0").await.unwrap();
    bench.push(&two, "2.0").await.unwrap();
    let put = |image: &ecr_push::Image| {
        (format!("Content-Type: {}\r\n", image.manifest().media_type()), image.manifest().bytes().clone())
    };
    for (image, path, expected) in [
        (&two, "/v2/shop/manifests/1.0", "the repository is immutable"),
        (&one, "/v2/other/manifests/1.0", "NAME_UNKNOWN"),
        (&image(3, &[10]), "/v2/shop/manifests/3.0", "MANIFEST_BLOB_UNKNOWN"),
        (&one, "/v2/shop/manifests/-x", "TAG_INVALID"),
    ] {
        let (headers, bytes) = put(image);
        let (status, _, body) = ask(&bench, "PUT", path, &headers, &bytes).await;
        assert!((400..500).contains(&status) && body.contains(expected), "{path}: {status} {body}");
    }
    for (path, expected) in [
        ("/v2/shop/tags/list?n=1001", 405),
        ("/v2/shop/tags/list?n=1", 200),
        ("/v2/other/tags/list", 404),
        ("/v2/shop/manifests/none", 404),
        ("/v2/", 200),
    ] {
        assert_eq!(ask(&bench, "GET", path, "", b"").await.0, expected, "{path}");
    }
    let (_, head, body) = ask(&bench, "GET", "/v2/shop/tags/list?n=1", "", b"").await;
    assert!(body.contains(r#""tags":["1.0"]"#) && head.contains("link: </v2/shop/tags/list?n=1&last=1.0>"), "{head}");
}

#[tokio::test]
async fn the_other_door_leads_to_the_same_images() {
    let bench = Bench::new(TagMutability::Mutable, ServeOptions::default()).await;
    let image = image(1, &[10]);
    bench.push(&image, "1.0").await.unwrap();
    let call = async |operation: &str, input: &str| {
        let target = format!("X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.{operation}\r\n");
        let (status, _, body) = ask(&bench, "POST", "/", &target, input.as_bytes()).await;
        (status, serde_json::from_str::<serde_json::Value>(&body).unwrap())
    };
    let ids = r#"{"repositoryName":"shop","imageIds":[{"imageTag":"1.0"},{"imageTag":"none"}]}"#;
    let (status, found) = call("BatchGetImage", ids).await;
    assert_eq!((status, &found["failures"][0]["failureCode"]), (200, &"ImageNotFound".into()));
    assert_eq!(found["images"][0]["imageId"]["imageDigest"], image.digest().to_string());
    let (_, details) = call("DescribeImages", r#"{"repositoryName":"shop"}"#).await;
    assert_eq!(details["imageDetails"][0]["imageTags"][0], "1.0");
    let layers = format!(r#"{{"repositoryName":"shop","layerDigests":["{}","sha256:x"]}}"#, image.layers()[0].digest());
    let (_, layers) = call("BatchCheckLayerAvailability", &layers).await;
    assert_eq!(
        (&layers["layers"][0]["layerSize"], &layers["failures"][0]["failureCode"]),
        (&10.into(), &"InvalidLayerDigest".into())
    );
    let (status, refused) = call("DescribeRepositories", r#"{"repositoryNames":["other"]}"#).await;
    assert_eq!((status, &refused["__type"]), (400, &"RepositoryNotFoundException".into()));
    let part = r#"{"repositoryName":"shop","uploadId":"x","partFirstByte":0,"partLastByte":2,"layerPartBlob":"YWJj"}"#;
    assert_eq!(call("UploadLayerPart", part).await.1["__type"], "UploadNotFoundException");
    let part = part.replace("\"partLastByte\":2", "\"partLastByte\":9");
    assert_eq!(call("UploadLayerPart", &part).await.1["__type"], "InvalidParameterException");
}

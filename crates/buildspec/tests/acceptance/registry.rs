//! Asks the laboratory's registry what is in it, past `docker`, which has pushed it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value as Json;

/// `AWS` and the password that moto gives to everyone.
const LOGIN: &str = "QVdTOjEyMzQ1Njc4OTAxMi1hdXRoLXRva2Vu";

pub(crate) struct Registry {
    host: String,
}

/// What a tag stands for.
pub(crate) struct Manifest {
    pub(crate) digest: String,
    body: Json,
}

impl Manifest {
    pub(crate) fn layers(&self) -> usize {
        self.body["layers"].as_array().map_or(0, Vec::len)
    }
}

impl Registry {
    pub(crate) fn of_the_lab() -> Self {
        Self { host: crate::variable("LONGSHORE_LAB_REGISTRY") }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Sorted; none if there is no such repository.
    pub(crate) fn tags(&self, repository: &str) -> Vec<String> {
        let (status, _, body) = self.get(&format!("/v2/{repository}/tags/list"));
        assert!(matches!(status, 200 | 404), "{status}: {body}");
        let tags = body["tags"].as_array().cloned().unwrap_or_default();
        let mut tags: Vec<String> = tags.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        tags.sort();
        tags
    }

    pub(crate) fn manifest(&self, repository: &str, tag: &str) -> Manifest {
        let (status, head, body) = self.get(&format!("/v2/{repository}/manifests/{tag}"));
        assert_eq!(status, 200, "{body}");
        let digest = head.lines().find_map(|line| line.strip_prefix("Docker-Content-Digest: "));
        Manifest { digest: digest.unwrap_or_default().to_owned(), body }
    }

    /// Status, head and body.
    fn get(&self, path: &str) -> (u16, String, Json) {
        let mut stream = TcpStream::connect((self.host.as_str(), 80)).unwrap();
        // Version 1.0 knows no chunks.
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Basic {LOGIN}\r\n\
             Accept: application/vnd.oci.image.manifest.v1+json\r\n\
             Accept: application/vnd.docker.distribution.manifest.v2+json\r\n\r\n",
            self.host
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap();
        (status, head.to_owned(), serde_json::from_str(body).unwrap_or_default())
    }
}

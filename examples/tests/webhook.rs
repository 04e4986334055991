//! The endpoint of `webhook_server` over HTTP: what it answers to whom, and what it starts.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use aws_call::Secret;
use aws_call::serve::Server;
use examples::remote::connect;
use examples::webhook::Endpoint;
use pipeline_model::webhook::{Authentication, Filter, Receiver, Webhook, sign};

const PIPELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shop/pipeline.json");
const SECRET: &str = "not-a-real-secret";

fn ask(address: SocketAddr, head: &str, body: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("{head}\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(request.as_bytes()).expect("it reads headers");
    // A server that has read enough may close before all is sent.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_verified_filtered_and_started_once() {
    let bytes = std::fs::read(PIPELINE).unwrap();
    let reading = pipeline_model::read_bytes(PIPELINE, &bytes, &pipeline_model::ReadOptions::default());
    let pipeline = reading.pipeline().unwrap();
    let filter = Filter::new("$.ref", "refs/heads/{BranchName}");
    let secret = Authentication::GitHubHmac(Secret::new(SECRET));
    let webhook = Webhook::new("hook", &pipeline.name, "Checkout", secret).with_filter(filter);
    let remote = connect(Some(PIPELINE.as_ref())).await.unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let tell = move |line: &str| kept.lock().unwrap().push(serde_json::from_str::<serde_json::Value>(line).unwrap());
    let endpoint = Endpoint::new(Receiver::new(webhook, pipeline), "/hook", remote, tell);
    let server = Server::start(Arc::new(endpoint)).await.unwrap();
    let address = server.address();
    let statuses = tokio::task::spawn_blocking(move || {
        let push = |body: &str, secret: &str| {
            let signature = sign(&Secret::new(secret), body.as_bytes());
            let head = format!(
                "POST /hook HTTP/1.1\r\nx-hub-signature-256: {signature}\r\nx-github-event: push\r\nx-github-delivery: d-1"
            );
            ask(address, &head, body.as_bytes())
        };
        let main = r#"{"ref":"refs/heads/main"}"#;
        [
            push(main, SECRET),
            push(main, SECRET),
            push(r#"{"ref":"refs/heads/other"}"#, SECRET),
            push(main, "another"),
            push("payload=x", SECRET),
            ask(address, "GET /hook HTTP/1.1", b""),
            ask(address, "POST /other HTTP/1.1", b""),
            ask(address, "POST /hook HTTP/1.1", &vec![b'x'; 1024 * 1024 + 1]),
        ]
    });
    assert_eq!(statuses.await.unwrap(), [202, 202, 200, 401, 400, 405, 404, 413]);
    let lines = lines.lock().unwrap();
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["started", "started", "ignored", "refused", "refused"]);
    // What GitHub sends again starts nothing new.
    assert_eq!(lines[0]["execution"], lines[1]["execution"]);
    assert!(!format!("{lines:?}").contains(SECRET));
}

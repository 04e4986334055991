//! Registries that lie, lead astray or never end: a clear error, bounded memory, and no password in the wrong hands.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_call::ManualClock;
use ecr_push::{
    Digest, Error, Registry, RepositoryName,
    client::ImageId,
    login::Login,
    manifest::Descriptor,
    oci::{OciOptions, OciRegistry},
    *,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::context::{MIB, clock, image};

/// A server that answers with texts by a script. Ends with the value.
struct Raw {
    host: String,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What to answer: the text, and then these bytes for ever.
type Answer = (String, Option<&'static [u8]>);

impl Raw {
    async fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (answer, told) = (Arc::new(answer), heard.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, answer.clone(), told.clone()));
            }
        });
        Self { host, heard, task }
    }

    fn door(&self) -> (OciRegistry, ManualClock) {
        let clock = ManualClock::at_epoch_secs(1_700_000_000);
        let login = Arc::new(Login::new("user", "not-for-logs"));
        let registry = Registry::parse(&self.host).unwrap();
        let options =
            OciOptions::default().with_stall(Duration::from_secs(30)).with_answer_within(Duration::from_secs(60));
        (OciRegistry::new(&registry, login, Arc::new(clock.clone()), &options).unwrap(), clock)
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }
}

async fn converse<F: Fn(&str) -> Answer + Send + Sync>(
    mut stream: TcpStream,
    answer: Arc<F>,
    heard: Arc<Mutex<Vec<String>>>,
) {
    let mut bytes = vec![0; 64 << 10];
    let mut request = String::new();
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        request += &String::from_utf8_lossy(&bytes[..read]);
        if !request.contains("\r\n\r\n") {
            continue;
        }
        heard.lock().unwrap().push(request.clone());
        let (text, endless) = answer(&request);
        request.clear();
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
        while let Some(block) = endless {
            if stream.write_all(block).await.is_err() {
                return;
            }
        }
    }
}

fn whole(status: &str, headers: &str, body: &str) -> Answer {
    (format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()), None)
}

/// Asks for the login first, so that there is one to steal.
fn who(request: &str) -> Option<Answer> {
    (!request.to_ascii_lowercase().contains("\r\nauthorization: "))
        .then(|| whole("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""))
}

fn shop() -> RepositoryName {
    "shop".parse().unwrap()
}

async fn push(registry: &Raw, image: &Image) -> Error {
    let (door, _) = registry.door();
    let pusher = Pusher::through(Arc::new(door), clock(), Arc::new(aws_call::SequenceIds::new(1)));
    let target: ImageRef = format!("{}/shop:1", registry.host).parse().unwrap();
    let options = PushOptions::default();
    pusher.push(image, &PushRequest::to(&target), &options, &Silent).await.unwrap_err()
}

#[tokio::test]
async fn the_login_goes_to_its_host_alone() {
    let thief = Raw::new(|_| whole("404 Not Found", "", "")).await;
    let host = thief.host.clone();
    // Once as the place of a blob, once as the place of an upload, once as who gives tokens.
    let registry = Raw::new(move |request| {
        let lead = |status, path: &str| whole(status, &format!("Location: http://{host}/{path}\r\n"), "");
        match who(request) {
            Some(asked) => asked,
            None if request.starts_with("GET") => lead("307 Temporary Redirect", "blob"),
            None if request.starts_with("POST") => lead("202 Accepted", "upload"),
            None => whole("404 Not Found", "", ""),
        }
    })
    .await;
    let image = image(1, &[100]);
    let error = push(&registry, &image).await;
    assert!(error.to_string().contains("uploading layer"), "{error}");
    let (door, _) = registry.door();
    let error = door.blob(&shop(), image.layers()[0].descriptor(), 0).await.unwrap_err();
    assert_eq!(error.http_status(), Some(404), "{error}");
    let heard = thief.heard();
    assert!(heard.contains("PUT /upload?digest=sha256:") && heard.contains("GET /blob"), "{heard}");
    assert!(registry.heard().to_ascii_lowercase().contains("authorization: basic"));
    assert!(!heard.to_ascii_lowercase().contains("authorization"), "{heard}");
}

#[tokio::test]
async fn a_token_service_elsewhere_does_not_learn_the_password() {
    let thief = Raw::new(|_| whole("200 OK", "", r#"{"token":"t"}"#)).await;
    // `localhost` and an address are different hosts to whoever compares names.
    let realm = format!("http://evil.invalid@{}/token", thief.host);
    for realm in [realm, "http://192.0.2.1:1/token".to_owned(), "file:///etc/passwd".to_owned()] {
        let header = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\"\r\n");
        let registry = Raw::new(move |_| whole("401 Unauthorized", &header, "")).await;
        let (door, clock) = registry.door();
        // An address that nobody answers at is given up.
        let asked = tokio::spawn(async move { door.manifest(&shop(), &ImageId::Tag("1".parse().unwrap())).await });
        let error = give_up(asked, &clock).await.unwrap_err();
        assert!(!format!("{error:?}").contains("not-for-logs"));
    }
    assert!(!thief.heard().to_ascii_lowercase().contains("authorization"), "{}", thief.heard());
}

/// Moves the clock whenever the other side sleeps, until it is done.
async fn give_up<T: Send + 'static>(asked: JoinHandle<T>, clock: &ManualClock) -> T {
    while !asked.is_finished() {
        if clock.sleepers() > 0 {
            clock.advance(Duration::from_secs(61));
        }
        tokio::task::yield_now().await;
    }
    asked.await.unwrap()
}

#[tokio::test]
async fn what_never_ends_is_cut_off() {
    const NOISE: &[u8] = &[b'x'; 8192];
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n";
    let forever = |start: &str| (start.to_owned(), Some(NOISE));
    for (name, answer, words) in [
        ("headers of ten gigabytes", forever("HTTP/1.1 200 OK\r\nX-Long: "), "headers of the answer"),
        ("an endless manifest", forever(&format!("{head}\r\n")), "more than 4194304 bytes"),
        ("a length that is a lie", forever(&format!("{head}Content-Length: 99999999999\r\n\r\n")), "more than 4194304"),
        ("a manifest that is none", whole("200 OK", "", "[]"), "manifest"),
        ("an endless refusal", forever("HTTP/1.1 400 Bad Request\r\n\r\n"), "400"),
        ("another manifest", whole("200 OK", "", r#"{"schemaVersion":2,"manifests":[]}"#), "do not trust it"),
    ] {
        let registry = Raw::new(move |_| answer.clone()).await;
        let (door, _) = registry.door();
        let error = door.manifest(&shop(), &ImageId::Digest(Digest::of(b"x"))).await.unwrap_err();
        assert!(error.to_string().contains(words), "{name}: {error}");
        assert!(!error.is_retryable(), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn blobs_have_the_size_that_the_manifest_says() {
    const NOISE: &[u8] = &[b'x'; 8192];
    for (answer, words) in [
        (("HTTP/1.1 200 OK\r\n\r\n".to_owned(), Some(NOISE)), "more bytes than the blob has"),
        (("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc".to_owned(), None), "says 3 bytes"),
        (
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_owned(), None),
            "ended before",
        ),
    ] {
        let registry = Raw::new(move |_| answer.clone()).await;
        let (door, _) = registry.door();
        let descriptor = Descriptor::new(MediaType::OciLayer, Digest::of(b"x"), 100_000);
        let error = match door.blob(&shop(), &descriptor, 0).await {
            Err(error) => error,
            Ok(mut stream) => loop {
                match stream.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break error,
                    None => panic!("{words}"),
                }
            },
        };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_falls_silent_is_given_up() {
    // No head; half a head, byte by byte; half a body.
    for text in ["", "HTTP/1.1 200 OK\r\nX-Slow: ", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"] {
        let registry = Raw::new(move |_| (text.to_owned(), None)).await;
        let (door, clock) = registry.door();
        let asked = tokio::spawn(async move { door.manifest(&shop(), &ImageId::Tag("1".parse().unwrap())).await });
        let error = give_up(asked, &clock).await.unwrap_err();
        assert_eq!(error.fault(), aws_call::Fault::Timeout, "{text}: {error}");
    }
}

#[tokio::test]
async fn an_upload_that_nobody_takes_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    // Takes the head of the upload and then not a byte more.
    let lazy = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = [0; 512];
            let mut text = String::new();
            while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                text += &String::from_utf8_lossy(&bytes[..read]);
                if text.starts_with("PUT") {
                    break;
                }
                if text.contains("\r\n\r\n") {
                    let answer = if text.starts_with("POST") {
                        "HTTP/1.1 202 Accepted\r\nLocation: /up\r\nContent-Length: 0\r\n\r\n"
                    } else {
                        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
                    };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    text.clear();
                }
            }
            kept.push(stream);
        }
    });
    let manual = ManualClock::at_epoch_secs(0);
    let door = OciRegistry::new(
        &Registry::parse(&host).unwrap(),
        Arc::new(login::Anonymous),
        Arc::new(manual.clone()),
        &OciOptions::default(),
    )
    .unwrap();
    let pusher = Pusher::through(Arc::new(door), clock(), Arc::new(aws_call::SequenceIds::new(1)));
    let target: ImageRef = format!("{host}/shop:1").parse().unwrap();
    let pushed = tokio::spawn(async move {
        let options = PushOptions::default().with_attempts(1);
        pusher.push(&image(1, &[32 * MIB]), &PushRequest::to(&target), &options, &Silent).await
    });
    while !pushed.is_finished() {
        if manual.sleepers() > 0 {
            manual.advance(Duration::from_secs(20));
        }
        tokio::task::yield_now().await;
    }
    let error = pushed.await.unwrap().unwrap_err();
    assert_eq!(error.call().map(aws_call::CallError::fault), Some(aws_call::Fault::Timeout), "{error}");
    lazy.abort();
}

#[tokio::test]
async fn a_registry_that_computes_another_digest_is_not_believed() {
    let other = Digest::of(b"other");
    let registry = Raw::new(move |request| match request.split(' ').next() {
        Some("HEAD") => whole("404 Not Found", "", ""),
        Some("POST") => whole("202 Accepted", "Location: /up\r\n", ""),
        _ => whole("201 Created", &format!("Docker-Content-Digest: {other}\r\n"), ""),
    })
    .await;
    let error = push(&registry, &image(1, &[100])).await;
    assert!(matches!(error, Error::DigestMismatch(_)) && error.to_string().contains("do not trust"), "{error}");
    for location in ["", "Location: ftp://x/\r\n", "Location: http://u:p@127.0.0.1:1/\r\n"] {
        let registry = Raw::new(move |request| match request.split(' ').next() {
            Some("HEAD") => whole("404 Not Found", "", ""),
            _ => whole("202 Accepted", location, ""),
        })
        .await;
        let error = push(&registry, &image(1, &[100])).await;
        assert_eq!(error.call().map(aws_call::CallError::operation), Some("POST blob upload"), "{error}");
    }
}

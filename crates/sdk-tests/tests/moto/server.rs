//! A moto for one test, which ends with it. Its state begins empty, and no other test sees it.

use std::{
    io::{BufRead as _, BufReader, ErrorKind},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use aws_call::{CallError, Fault};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What all answers are about.
pub(crate) const ACCOUNT: &str = "123456789012";

const REGION: &str = "us-east-1";

/// The release whose gaps the tests know; `.ci/run` installs it.
const VERSION: &str = "5.2.5";

/// Python takes about a second to begin, and longer where several begin at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where it says that it listens.
const READY: &str = "Running on http://";

/// A running `moto_server`.
pub(crate) struct Moto {
    child: Child,
    address: String,
}

impl Moto {
    /// Starts one and waits until it listens, on a port that the system picks: one that was picked here could be taken
    /// by the time it is used.
    #[track_caller]
    pub(crate) fn start() -> Self {
        let mut child = spawn();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        // Reads on behind the address, for a full pipe would stop the server.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| tell.send(line).unwrap_or_default()));
        let mut moto = Self { child, address: String::new() };
        let mut said = Vec::new();
        while let Ok(line) = told.recv_timeout(PATIENCE) {
            if let Some((_, address)) = line.split_once(READY) {
                address.trim().clone_into(&mut moto.address);
                return moto;
            }
            said.push(line);
        }
        panic!("`moto_server` does not say where it listens; it said:\n{}", said.join("\n"));
    }

    /// How the clients of the SDK reach it.
    pub(crate) fn config(&self) -> SdkConfig {
        #[allow(deprecated, reason = "the last version that asks no proxy: what is said here stays on this machine")]
        let behaviour = BehaviorVersion::v2025_01_17();
        SdkConfig::builder()
            .behavior_version(behaviour)
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .endpoint_url(format!("http://{}", self.address))
            // What moto does not have, it answers with status 500, and would every time.
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// Creates a role that a service may assume, and gives its ARN: a call of IAM, for which this workspace has no client.
    pub(crate) async fn role(&self, name: &str, service: &str) -> String {
        let trust = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let trust: String = trust.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let body = format!("Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={trust}");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=ANOTREAL/20090213/{REGION}/iam/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            address = self.address,
            length = body.len(),
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let arn = answer.split_once("<Arn>").and_then(|(_, rest)| rest.split_once("</Arn>"));
        arn.unwrap_or_else(|| panic!("no role was created:\n{answer}")).0.to_owned()
    }
}

/// Also of a test that fails.
impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself, which is then why the test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn spawn() -> Child {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // The workspace's own first: what lies on PATH may be another release.
    for program in [&workspace.join(".venv/bin/moto_server"), Path::new("moto_server")] {
        let started = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        match started {
            Ok(child) => return child,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("cannot run `{}`: {error}", program.display()),
        }
    }
    panic!(
        "the feature `moto` of sdk-tests needs the program `moto_server`, which is neither in `.venv/bin` of the \
         workspace nor on PATH; install it with\n    \
         python3 -m venv .venv && .venv/bin/pip install 'moto[server]=={VERSION}'"
    );
}

/// Asserts that moto does not have an operation, and that its page of HTML about that is a failure like any other.
#[track_caller]
pub(crate) fn is_missing<T: std::fmt::Debug>(answer: Result<T, CallError>, operation: &str) {
    let error = answer.unwrap_err();
    assert_eq!((error.operation(), error.http_status()), (operation, Some(500)), "{error:?}");
    assert_eq!(error.fault(), Fault::Unavailable, "{error:?}");
}

/// Asserts that this was refused, with this code.
#[track_caller]
pub(crate) fn is_refused<T: std::fmt::Debug>(answer: Result<T, CallError>, operation: &str, code: &str) -> CallError {
    let error = answer.unwrap_err();
    assert_eq!((error.operation(), error.code()), (operation, Some(code)), "{error:?}");
    assert_eq!(error.http_status(), Some(400), "{error:?}");
    error
}

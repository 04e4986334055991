//! The in-memory ECS of the example `memory_ecs`, run for a command of this program; and what is asked of it directly.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use serde_json::Value as Json;

use crate::workspace::{Workspace, show};

/// Compiles examples with the SDK and gives their programs, in the order of the names. With the features of the tests, so
/// that it is the same build; `profile` is empty or `--release`.
pub(crate) fn compiled(workspace: &Workspace, names: &[&str], profile: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut command =
        workspace.cargo(["build", "--quiet", "--workspace", "--all-features", "--message-format", "json"]);
    command.args(profile);
    for name in names {
        command.args(["--example", name]);
    }
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{}`", show(&command)))?;
    anyhow::ensure!(output.status.success(), "`{}` failed ({})", show(&command), output.status);
    let messages: Vec<Json> =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let program = |name: &str| {
        let mine =
            messages.iter().find(|message| message["target"]["name"] == name && message["executable"].is_string());
        let path = mine.and_then(|message| message["executable"].as_str()).map(PathBuf::from);
        path.with_context(|| format!("cargo does not say where the example {name} is"))
    };
    names.iter().map(|name| program(name)).collect()
}

/// A running `memory_ecs`; it ends with this value.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
}

impl Served {
    /// Starts one in which the next deployment ends as `scenario` says; starting a task takes `phase` milliseconds.
    pub(crate) fn start(program: &PathBuf, scenario: &str, phase: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["--scenario", scenario, "--phase", phase, "--seconds", "900"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let out = child.stdout.take();
        let mut served = Self { child, url: String::new() };
        BufReader::new(out.context("memory_ecs has no output")?).read_line(&mut served.url)?;
        served.url.truncate(served.url.trim_end().len());
        anyhow::ensure!(served.url.starts_with("http://127.0.0.1:"), "memory_ecs does not say where it listens");
        Ok(served)
    }

    /// The environment in which AWS's own programs and libraries talk to it, and to nobody else.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", "ANOTREAL"),
            ("AWS_SECRET_ACCESS_KEY", "notrealrnrELgWzOk3IfjzDKtFBhDby"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]
    }

    /// The answer of one operation.
    pub(crate) fn ask(&self, operation: &str, input: &Json) -> anyhow::Result<Json> {
        let address = self.url.trim_start_matches("http://");
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
             X-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        Ok(serde_json::from_str(body)?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

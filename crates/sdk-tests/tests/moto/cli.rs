//! The AWS CLI, asked to talk to what this workspace serves.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value as Json;
use tokio::process::Command;

/// What an `aws SERVICE …` ended with: its answer, or what it complained of.
pub(crate) async fn aws(service: &str, url: &str, arguments: &[&str]) -> Result<Json, String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for program in [&workspace.join(".venv/bin/aws"), Path::new("aws")] {
        let output = Command::new(program)
            .arg(service)
            .args(arguments)
            .args(["--output", "json"])
            .envs([
                ("AWS_ENDPOINT_URL", url),
                ("AWS_ACCESS_KEY_ID", "ANOTREAL"),
                ("AWS_SECRET_ACCESS_KEY", "notrealrnrELgWzOk3IfjzDKtFBhDby"),
                ("AWS_DEFAULT_REGION", "us-east-1"),
                ("AWS_CONFIG_FILE", "/dev/null"),
                ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                ("AWS_PAGER", ""),
                ("NO_PROXY", "127.0.0.1"),
            ])
            .output()
            .await;
        match output {
            Ok(output) if output.status.success() => {
                let text = if output.stdout.is_empty() { b"null".to_vec() } else { output.stdout };
                return Ok(serde_json::from_slice(&text).unwrap());
            }
            Ok(output) => return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("cannot run `{}`: {error}", program.display()),
        }
    }
    panic!("the feature `moto` of sdk-tests needs the program `aws`, in `.venv/bin` of the workspace or on PATH")
}

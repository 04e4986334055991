//! Commands of this machine as Lambda functions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_call::{CallError, Fault};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Functions, InvokeFunction, Invoked};
use crate::artifact::{Limits, unpack};

/// A command that stands in for a function.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Function {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its environment besides `PATH`, `HOME` and `LAMBDA_TASK_ROOT`. Nothing else of the caller's reaches it.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

impl Function {
    /// A command without variables of its own.
    pub fn new(command: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { command: command.into_iter().map(Into::into).collect(), environment: BTreeMap::new() }
    }
}

/// Functions by name, each a command that reads the event as JSON from its standard input and writes its answer to its
/// standard output. A command that ends with another status than 0 has failed.
///
/// A version is a directory with the unpacked archive. It is the command's working directory and `LAMBDA_TASK_ROOT`;
/// before the first one there is only [`Self::working_in`]. Versions are counted from 1, `$LATEST` is the
/// last.
#[derive(Debug)]
pub struct Commands {
    root: PathBuf,
    home: PathBuf,
    environment: Vec<(String, String)>,
    functions: BTreeMap<String, Function>,
    published: Mutex<BTreeMap<String, Published>>,
}

/// What has been published of one function: how many versions, and which aliases name one.
#[derive(Debug, Default)]
struct Published {
    versions: u64,
    aliases: BTreeMap<String, u64>,
}

impl Commands {
    /// No function; versions will lie below `root`. `environment` is what every command gets, `PATH` at least.
    pub fn new(root: impl Into<PathBuf>, environment: Vec<(String, String)>) -> Self {
        let root = root.into();
        Self { home: root.clone(), root, environment, functions: BTreeMap::new(), published: Mutex::default() }
    }

    /// Where commands work of which no version is published.
    #[must_use]
    pub fn working_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.home = directory.into();
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn with_function(mut self, name: impl Into<String>, function: Function) -> Self {
        self.functions.insert(name.into(), function);
        self
    }

    /// The version that an alias names.
    #[must_use]
    pub fn alias(&self, function: &str, alias: &str) -> Option<u64> {
        self.lock().get(function)?.aliases.get(alias).copied()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Published>> {
        // Nothing that can panic runs under the lock.
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn function(&self, operation: &'static str, name: &str) -> Result<&Function, CallError> {
        let missing = || not_found(operation, format!("Function not found: {}", name.escape_debug()));
        self.functions.get(name).filter(|function| !function.command.is_empty()).ok_or_else(missing)
    }

    /// The directory of a version.
    fn directory(&self, name: &str, version: u64) -> PathBuf {
        self.root.join(name).join(version.to_string())
    }

    /// Where the version that a qualifier names has its files.
    fn home(&self, operation: &'static str, name: &str, qualifier: Option<&str>) -> Result<PathBuf, CallError> {
        let published = self.lock();
        let known = published.get(name);
        let last = known.map_or(0, |known| known.versions);
        let version = match qualifier {
            None | Some("$LATEST") => last,
            Some(qualifier) => {
                let number = qualifier.parse().ok().filter(|number| (1..=last).contains(number));
                let version = number.or_else(|| known?.aliases.get(qualifier).copied());
                version.ok_or_else(|| {
                    not_found(operation, format!("Function not found: {name}:{}", qualifier.escape_debug()))
                })?
            }
        };
        Ok(if version == 0 { self.home.clone() } else { self.directory(name, version) })
    }
}

fn not_found(operation: &'static str, message: String) -> CallError {
    CallError::service(operation, "ResourceNotFoundException", message)
}

#[async_trait]
impl Functions for Commands {
    async fn invoke(&self, request: &InvokeFunction) -> Result<Invoked, CallError> {
        const OPERATION: &str = "Invoke";
        let (name, qualifier) = match request.function.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (request.function.as_str(), None),
        };
        let function = self.function(OPERATION, name)?;
        let home = self.home(OPERATION, name, qualifier)?;
        let mut command = Command::new(&function.command[0]);
        command.args(&function.command[1..]).env_clear().envs(self.environment.iter().cloned());
        command.envs(&function.environment).env("LAMBDA_TASK_ROOT", &home).env("AWS_LAMBDA_FUNCTION_NAME", name);
        let event = request.payload.to_string();
        let broken = |error: std::io::Error| {
            let message = format!("`{}` cannot run: {error}", function.command[0]);
            CallError::new(OPERATION, Fault::Other).with_message(message).with_source(error)
        };
        tokio::fs::create_dir_all(&home).await.map_err(broken)?;
        // Whoever gives the call up ends the command.
        command.current_dir(&home).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(broken)?;
        let stdin = child.stdin.take();
        // At the same time: a command that writes before it has read everything would wait for ever. One that does not
        // read its event is none the worse.
        let write = async {
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(event.as_bytes()).await;
            }
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), write);
        let output = output.map_err(broken)?;
        let log: Vec<String> = String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            let why = log.last().map(|line| format!(": {line}")).unwrap_or_default();
            return Ok(Invoked { log, ..Invoked::failed(format!("`{name}` ended with {}{why}", output.status)) });
        }
        let payload = serde_json::from_str(&text).unwrap_or(Json::String(text));
        Ok(Invoked { log, ..Invoked::answered(payload) })
    }

    async fn publish(&self, name: &str, archive: &Path) -> Result<String, CallError> {
        const OPERATION: &str = "UpdateFunctionCode";
        self.function(OPERATION, name)?;
        let version = self.lock().get(name).map_or(0, |known| known.versions) + 1;
        let (directory, archive) = (self.directory(name, version), archive.to_owned());
        let refused = |message: String| CallError::service(OPERATION, "InvalidZipFileException", message);
        let unpacked = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(&archive).map_err(|error| crate::Error::file(&archive, error))?;
            unpack("the function's code", file, &directory, &Limits::default())
        });
        unpacked.await.map_err(|error| refused(error.to_string()))?.map_err(|error| refused(error.to_string()))?;
        self.lock().entry(name.to_owned()).or_default().versions = version;
        Ok(version.to_string())
    }

    async fn point_alias(&self, name: &str, alias: &str, version: &str) -> Result<(), CallError> {
        const OPERATION: &str = "UpdateAlias";
        self.function(OPERATION, name)?;
        let mut published = self.lock();
        let known = published.entry(name.to_owned()).or_default();
        let number = version.parse().ok().filter(|number| (1..=known.versions).contains(number));
        let missing = || not_found(OPERATION, format!("Function not found: {name}:{}", version.escape_debug()));
        known.aliases.insert(alias.to_owned(), number.ok_or_else(missing)?);
        Ok(())
    }
}

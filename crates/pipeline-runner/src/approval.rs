//! Who answers a manual approval.

use std::fmt;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;

use crate::core::ApprovalRequest;
use crate::{Error, Result};

/// Answers approvals.
#[async_trait]
pub trait Approver: fmt::Debug + Send + Sync {
    /// The answer to one request. The future is dropped when the approval lapses or the run is stopped.
    async fn ask(&self, request: &ApprovalRequest) -> Answer;
}

const _: fn(&dyn Approver) = |_| ();

/// An answer to an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Approved, or rejected.
    pub approved: bool,
    /// Why: at most 512 characters.
    pub summary: String,
}

impl Answer {
    /// Approval with a reason.
    pub fn approve(summary: impl Into<String>) -> Self {
        Self { approved: true, summary: summary.into() }
    }

    /// Rejection with a reason.
    pub fn reject(summary: impl Into<String>) -> Self {
        Self { approved: false, summary: summary.into() }
    }
}

/// Gives every request the same answer.
#[derive(Clone, Debug)]
pub struct Always(pub Answer);

#[async_trait]
impl Approver for Always {
    async fn ask(&self, _: &ApprovalRequest) -> Answer {
        self.0.clone()
    }
}

/// Answers nothing: whoever has the token answers through [`Host::approve`](crate::Host::approve).
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere;

#[async_trait]
impl Approver for Elsewhere {
    async fn ask(&self, _: &ApprovalRequest) -> Answer {
        std::future::pending().await
    }
}

/// Answers written down in a TOML file, for runs that nobody watches.
///
/// ```
/// # fn main() -> pipeline_runner::Result<()> {
/// use pipeline_runner::ApprovalsFile;
///
/// let answers = ApprovalsFile::parse("approvals.toml".as_ref(), r#"
///     [[approval]]
///     stage = "Approve"
///     action = "Release"
///     approve = true
///     summary = "checked by the tests"
/// "#)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ApprovalsFile {
    path: PathBuf,
    approvals: Vec<Written>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    stage: String,
    action: String,
    approve: bool,
    #[serde(default)]
    summary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    #[serde(default)]
    approval: Vec<Written>,
}

impl ApprovalsFile {
    /// Reads a file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Settings`] with line and column when the text is no such file.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let file: WrittenFile = toml::from_str(text).map_err(|error| Error::Settings {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        Ok(Self { path: path.to_owned(), approvals: file.approval })
    }
}

#[async_trait]
impl Approver for ApprovalsFile {
    async fn ask(&self, request: &ApprovalRequest) -> Answer {
        let written =
            self.approvals.iter().find(|written| written.stage == request.stage && written.action == request.action);
        match written {
            Some(written) => Answer { approved: written.approve, summary: written.summary.clone() },
            // Nobody has said yes, so the answer is no.
            None => Answer::reject(format!(
                "{} has no answer for action {} of stage {}, and no terminal is there to ask",
                self.path.display(),
                request.action,
                request.stage
            )),
        }
    }
}

/// Where a question is answered, and where it is asked.
pub type Terminal = (Box<dyn BufRead + Send>, Box<dyn Write + Send>);

/// Asks on a terminal: `y` or `yes` approves, anything else, also the end of the input, rejects.
pub struct Prompt {
    open: Box<dyn Fn() -> Terminal + Send + Sync>,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompt")
    }
}

impl Prompt {
    /// A prompt on what `open` gives: usually standard input and standard error.
    pub fn new(open: impl Fn() -> Terminal + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open) }
    }
}

#[async_trait]
impl Approver for Prompt {
    async fn ask(&self, request: &ApprovalRequest) -> Answer {
        let (mut input, mut output) = (self.open)();
        let mut question = format!("approve {} / {}?", request.stage, request.action);
        for detail in [&request.custom_data, &request.link].into_iter().flatten() {
            question.push_str(&format!("\n  {}", detail.escape_debug()));
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // A thread of its own: a read that nobody answers must not hold the runtime back at its end.
        std::thread::spawn(move || {
            let mut line = String::new();
            let asked =
                writeln!(output, "{question}").and_then(|()| write!(output, "[y/N] ")).and_then(|()| output.flush());
            let read = asked.and_then(|()| input.read_line(&mut line));
            let answer = match read {
                Ok(_) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes") => {
                    Answer::approve("approved at the terminal")
                }
                Ok(0) => Answer::reject("the terminal was closed before an answer"),
                Ok(_) => Answer::reject("rejected at the terminal"),
                Err(error) => Answer::reject(format!("the terminal could not be read: {error}")),
            };
            let _ = sender.send(answer);
        });
        receiver.await.unwrap_or_else(|_| Answer::reject("the terminal was closed before an answer"))
    }
}

//! Texts, files and bytes that are not what they should be.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::digest::Digest;

/// A text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {why}")]
pub struct NameError {
    text: String,
    what: &'static str,
    why: &'static str,
}

impl NameError {
    /// Longer texts are cut in messages: nobody reads more, and a text may be a whole file given by mistake.
    const SHOWN: usize = 300;

    pub(crate) fn new(text: &str, what: &'static str, why: &'static str) -> Self {
        let mut shown: String = text.chars().take(Self::SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self { text: shown, what, why }
    }

    /// The text as it was given, cut after 300 characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it should be, such as `a tag`.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// Which part of the form it breaks.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        self.why
    }
}

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct IoError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl IoError {
    #[cfg(feature = "local")]
    pub(crate) fn new(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { action, path: path.into(), source }
    }

    /// Which file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of the underlying error.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// A document is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not valid: {why}")]
pub struct DocumentError {
    what: Box<str>,
    why: Box<str>,
}

impl DocumentError {
    pub(crate) fn new(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { what: what.into().into(), why: why.to_string().into() }
    }

    /// Which document.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What is wrong with it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// An image cannot be assembled from what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}; {advice}")]
pub struct BuildError {
    place: Box<str>,
    problem: Box<str>,
    advice: &'static str,
}

impl BuildError {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>, advice: &'static str) -> Self {
        Self { place: place.into().into(), problem: problem.into().into(), advice }
    }

    /// Where: a path in the image or in the context.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.advice
    }
}

/// A Dockerfile cannot be built without a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: `{}`: {}; {}", .0.path.display(), .0.line, .0.instruction, .0.problem, .0.advice)]
pub struct DockerfileError(Box<DockerfileProblem>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct DockerfileProblem {
    path: PathBuf,
    line: usize,
    instruction: String,
    problem: String,
    advice: String,
}

impl DockerfileError {
    #[cfg(feature = "local")]
    pub(crate) fn new(path: &Path, line: usize, instruction: &str, problem: String, advice: String) -> Self {
        let instruction = instruction.to_owned();
        Self(Box::new(DockerfileProblem { path: path.to_owned(), line, instruction, problem, advice }))
    }

    /// The Dockerfile.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The line on which the instruction begins, counted from one.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The instruction, such as `RUN`.
    #[must_use]
    pub fn instruction(&self) -> &str {
        &self.0.instruction
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.0.problem
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.0.advice
    }
}

/// Bytes do not have the digest they are known under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} should have the digest {expected}, but {who} found {actual}; {advice}")]
pub struct DigestMismatch {
    what: Box<str>,
    who: &'static str,
    advice: &'static str,
    // Boxed: two digests would double the size of every `Result`.
    expected: Box<Digest>,
    actual: Box<str>,
}

impl DigestMismatch {
    pub(crate) fn new(
        what: impl Into<String>,
        who: &'static str,
        expected: Digest,
        actual: impl fmt::Display,
        advice: &'static str,
    ) -> Self {
        let actual = actual.to_string().into();
        Self { what: what.into().into(), who, advice, expected: Box::new(expected), actual }
    }

    /// Which bytes.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The digest they are known under.
    #[must_use]
    pub fn expected(&self) -> Digest {
        *self.expected
    }

    /// The digest that was found, or what was said in its place.
    #[must_use]
    pub fn actual(&self) -> &str {
        &self.actual
    }
}

/// A blob does not have the size its descriptor names, or one that ECR cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("blob {digest}: {problem}")]
pub struct SizeError {
    digest: Box<Digest>,
    problem: Box<str>,
}

impl SizeError {
    pub(crate) fn new(digest: Digest, problem: impl Into<String>) -> Self {
        Self { digest: Box::new(digest), problem: problem.into().into() }
    }

    /// Which blob.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.digest
    }
}

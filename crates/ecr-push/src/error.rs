//! What can go wrong. An error says what happened, where, and what to do next; the cause stands behind it as
//! [`source`](std::error::Error::source) and is not repeated in its text.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use aws_call::CallError;

use crate::{
    digest::Digest,
    reference::{ImageRef, Registry, RepositoryName},
};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whatever this crate's functions fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A call of the registry failed, after the retries it was worth.
    #[error(transparent)]
    Call(#[from] CallFailed),
    /// A text is not the digest, tag, repository, registry or reference it should be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A manifest, configuration, layout or output file is not what it should be.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// An image cannot be assembled from what was given.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A Dockerfile cannot be built without a container.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// Bytes do not have the digest they are known under.
    #[error(transparent)]
    DigestMismatch(#[from] DigestMismatch),
    /// A blob does not have the size its descriptor names, or a size that ECR cannot take.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// The bytes of a blob are asked for, and only the registry has them.
    #[error(transparent)]
    BlobElsewhere(#[from] BlobElsewhere),
    /// The repository does not exist.
    #[error(transparent)]
    RepositoryMissing(#[from] RepositoryMissing),
    /// The tag cannot be moved.
    #[error(transparent)]
    TagImmutable(#[from] TagImmutable),
    /// The push was broken off by its caller.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

// Every fallible function carries this in its `Result`.
const _: () = assert!(size_of::<Error>() <= 96);
const _: fn() = || {
    fn assert<T: std::error::Error + Send + Sync + 'static>() {}
    assert::<Error>();
};

impl Error {
    /// The failed call behind this error, if there is one.
    #[must_use]
    pub fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error.call()),
            Self::RepositoryMissing(error) => Some(error.call()),
            _ => None,
        }
    }
}

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

/// A call of the registry failed, after the retries it was worth.
#[derive(Debug, thiserror::Error)]
#[error("{what} failed after {attempts} attempt(s); {left}")]
pub struct CallFailed {
    what: Box<str>,
    left: &'static str,
    attempts: u32,
    #[source]
    call: CallError,
}

impl CallFailed {
    pub(crate) fn new(what: impl Into<String>, attempts: u32, left: &'static str, call: CallError) -> Self {
        Self { what: what.into().into(), left, attempts, call }
    }

    /// What was being done, such as `uploading layer sha256:…`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How often the call was made.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What stays behind in the registry.
    #[must_use]
    pub const fn left(&self) -> &'static str {
        self.left
    }

    /// The error of the last attempt.
    #[must_use]
    pub const fn call(&self) -> &CallError {
        &self.call
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

/// The bytes of a blob are asked for, and only the registry has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("blob {0} is in the registry alone and cannot be read here; open the source again and push without reuse")]
pub struct BlobElsewhere(Box<Digest>);

impl BlobElsewhere {
    pub(crate) fn new(digest: Digest) -> Self {
        Self(Box::new(digest))
    }

    /// Which blob.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.0
    }
}

/// The repository does not exist.
#[derive(Debug, thiserror::Error)]
#[error(
    "repository `{}` does not exist in {}; create it first, or check account and region in the name of the registry",
    .0.0, .0.1
)]
pub struct RepositoryMissing(Box<(RepositoryName, Registry)>, #[source] CallError);

impl RepositoryMissing {
    pub(crate) fn new(repository: RepositoryName, registry: Registry, call: CallError) -> Self {
        Self(Box::new((repository, registry)), call)
    }

    /// Which repository.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.0.0
    }

    /// In which registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.0.1
    }

    /// The service's answer.
    #[must_use]
    pub const fn call(&self) -> &CallError {
        &self.1
    }
}

/// The tag names another image, and the repository does not let it move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "tag `{}` is immutable and names {} already, so it cannot be moved to {}; push under a new tag",
    .0.image, .0.existing, .0.pushed
)]
pub struct TagImmutable(Box<TagConflict>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct TagConflict {
    image: ImageRef,
    existing: Digest,
    pushed: Digest,
}

impl TagImmutable {
    pub(crate) fn new(image: ImageRef, existing: Digest, pushed: Digest) -> Self {
        Self(Box::new(TagConflict { image, existing, pushed }))
    }

    /// The tag, with repository and registry.
    #[must_use]
    pub fn image(&self) -> &ImageRef {
        &self.0.image
    }

    /// The image the tag names.
    #[must_use]
    pub fn existing(&self) -> Digest {
        self.0.existing
    }

    /// The image it was to name. It lies in the repository, without this tag, if its layers were uploaded.
    #[must_use]
    pub fn pushed(&self) -> Digest {
        self.0.pushed
    }
}

/// A push was broken off by its caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Interrupted(Box<Remains>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Remains {
    target: ImageRef,
    layers: usize,
    manifests: usize,
    tags: Vec<ImageRef>,
}

impl Interrupted {
    pub(crate) fn new(target: ImageRef, layers: usize, manifests: usize, tags: Vec<ImageRef>) -> Self {
        Self(Box::new(Remains { target, layers, manifests, tags }))
    }

    /// How many layers this push has brought into the repository.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.0.layers
    }

    /// How many manifests it has stored.
    #[must_use]
    pub fn manifests(&self) -> usize {
        self.0.manifests
    }

    /// The tags it has written; what they name is whole.
    #[must_use]
    pub fn tags(&self) -> &[ImageRef] {
        &self.0.tags
    }

    fn sentence(&self) -> String {
        let Remains { target, layers, manifests, tags } = &*self.0;
        let tags = match tags.as_slice() {
            [] => "no tag was written".to_owned(),
            tags => {
                let names: Vec<String> = tags.iter().map(|tag| format!("`{tag}`")).collect();
                format!("{} was written and is whole", names.join(", "))
            }
        };
        format!(
            "the push to `{target}` was interrupted: {tags}, {layers} layer(s) and {manifests} manifest(s) of it are there; push again, and only what is missing is sent"
        )
    }
}

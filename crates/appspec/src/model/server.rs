//! The AppSpec of EC2 and on-premises deployments, holding what the agent sees: `mode: 0755` is the
//! text `493`, because that is what the agent's YAML reader makes of it.

use spec_report::{Span, Spanned};

use super::Version;

/// An EC2/on-premises AppSpec.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Server {
    /// `version`
    pub version: Option<Spanned<Version>>,
    /// `os`
    pub os: Option<Spanned<Os>>,
    /// `files` in the order of the file.
    pub files: Vec<FileMapping>,
    /// `permissions` in the order of the file.
    pub permissions: Vec<Permission>,
    /// `hooks` in the order of the file; of two events of the same name only the last one.
    pub hooks: Vec<EventHooks>,
    /// `file_exists_behavior`
    pub file_exists_behavior: Option<Spanned<FileExistsBehavior>>,
}

impl Server {
    /// The scripts of an event; none if the file does not mention it.
    #[must_use]
    pub fn scripts(&self, event: &str) -> &[Script] {
        self.hooks.iter().find(|hooks| hooks.event.value == event).map_or(&[], |hooks| &hooks.scripts)
    }

    /// Whether the file says it is for Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| os.value == Os::Windows)
    }
}

/// `os`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Os {
    /// `linux`
    Linux,
    /// `windows`
    Windows,
    /// Anything else, which the agent refuses.
    Unknown(String),
}

impl Os {
    /// The value as the file spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
            Self::Unknown(text) => text,
        }
    }
}

impl From<String> for Os {
    fn from(text: String) -> Self {
        match text.as_str() {
            "linux" => Self::Linux,
            "windows" => Self::Windows,
            _ => Self::Unknown(text),
        }
    }
}

/// `file_exists_behavior`: what happens to a file that is in the way and was not installed by the
/// deployment before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileExistsBehavior {
    /// The deployment fails.
    #[default]
    Disallow,
    /// The new file replaces it.
    Overwrite,
    /// It stays.
    Retain,
    /// Anything else, which the agent refuses.
    Unknown(String),
}

impl FileExistsBehavior {
    /// The value as the file spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Disallow => "DISALLOW",
            Self::Overwrite => "OVERWRITE",
            Self::Retain => "RETAIN",
            Self::Unknown(text) => text,
        }
    }
}

impl From<String> for FileExistsBehavior {
    fn from(text: String) -> Self {
        match text.as_str() {
            "DISALLOW" => Self::Disallow,
            "OVERWRITE" => Self::Overwrite,
            "RETAIN" => Self::Retain,
            _ => Self::Unknown(text),
        }
    }
}

/// An entry of `files`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileMapping {
    /// The whole entry.
    pub span: Span,
    /// A file or directory of the bundle; `/` is all of it.
    pub source: Option<Spanned<String>>,
    /// The directory on the host that it goes into.
    pub destination: Option<Spanned<String>>,
}

/// An entry of `permissions`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The whole entry.
    pub span: Span,
    /// The file or directory on the host.
    pub object: Option<Spanned<String>>,
    /// Which names in the directory; `**` is everything below it.
    pub pattern: Option<Spanned<String>>,
    /// Which names in the directory not.
    pub except: Vec<Spanned<String>>,
    /// The owner's name.
    pub owner: Option<Spanned<String>>,
    /// The group's name.
    pub group: Option<Spanned<String>>,
    /// The mode's octal digits, as the agent reads them.
    pub mode: Option<Spanned<String>>,
    /// ACL entries; `None` if the key is not there.
    pub acls: Option<Vec<Spanned<String>>>,
    /// The SELinux context.
    pub context: Option<Context>,
    /// Which kinds of objects; `None` is both.
    pub types: Option<Vec<Spanned<ObjectType>>>,
}

impl Permission {
    /// The pattern in force: `**` unless the file says otherwise.
    #[must_use]
    pub fn pattern(&self) -> &str {
        self.pattern.as_ref().map_or("**", |pattern| &pattern.value)
    }

    /// Whether objects of this type are meant.
    #[must_use]
    pub fn applies_to(&self, kind: &ObjectType) -> bool {
        self.types.as_ref().is_none_or(|types| types.iter().any(|known| known.value == *kind))
    }
}

/// An item of `permissions[].type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectType {
    /// `file`
    File,
    /// `directory`
    Directory,
    /// Anything else, which the agent refuses.
    Unknown(String),
}

impl ObjectType {
    /// The value as the file spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Unknown(text) => text,
        }
    }
}

impl From<String> for ObjectType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "file" => Self::File,
            "directory" => Self::Directory,
            _ => Self::Unknown(text),
        }
    }
}

/// `permissions[].context`: an SELinux context.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The whole context.
    pub span: Span,
    /// The context as the agent prints it.
    pub text: String,
    /// `name`: the SELinux user.
    pub name: Option<Spanned<String>>,
    /// `user`: what the documentation calls the SELinux user and the agent ignores.
    pub user: Option<Spanned<String>>,
    /// `type`
    pub kind: Option<Spanned<String>>,
    /// `range`
    pub range: Option<Spanned<String>>,
}

/// One event of `hooks`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventHooks {
    /// The lifecycle event.
    pub event: Spanned<String>,
    /// Its scripts in order.
    pub scripts: Vec<Script>,
}

/// One script of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// The whole entry.
    pub span: Span,
    /// The script's path in the bundle, without blanks around it.
    pub location: Option<Spanned<String>>,
    /// The timeout in seconds, if one is written.
    pub timeout: Option<Spanned<i128>>,
    /// The user that runs it.
    pub runas: Option<Spanned<String>>,
    /// Whether it runs through sudo.
    pub sudo: bool,
}

impl Script {
    /// What the agent takes when no timeout is written, and the most that one event may take.
    pub const DEFAULT_TIMEOUT: i128 = 3600;

    /// The timeout in force, in seconds.
    #[must_use]
    pub fn timeout_seconds(&self) -> i128 {
        self.timeout.as_ref().map_or(Self::DEFAULT_TIMEOUT, |timeout| timeout.value)
    }
}

//! Which readers of AppSpecs take a file: the two generations of the agent, and CodeDeploy itself.
//!
//! "A valid AppSpec" depends on who reads it: agent v1 is Ruby and takes `timeout: "30"`, agent v2 is
//! Rust and refuses it; agent v1 refuses an alias on Ruby 3.1 and takes it on 3.0. [`compat`] answers
//! for one reader, the first complaint in that reader's own order and words; [`matrix`] for all.
//!
//! How sure the answers are:
//!
//! - Agent v1: checks, sections' order and sentences are held against answers of the agent, Ruby's own
//!   errors included (in the form before Ruby 3.4). The order within one entry of `permissions` is not.
//!   YAML that libyaml refuses is refused here by another parser, which tells libyaml's complaint from
//!   the character it stops at; where that does not tell, [`Rejection::exact`] is false, and rarely it
//!   misleads. The two parsers disagree about some broken files: v1 stops at the end of the first
//!   document, so text behind it that fits nowhere, which is refused here, is not even looked at there.
//!   A date that a Psych 3 agent would put into a message is printed differently.
//! - Agent v2: worked out from a reconstruction of it, neither from its source nor by running it, so
//!   treat the answers as likely: `exact` is false for all of its refusals. Types, missing and duplicate keys follow `serde_yaml` 0.9; its own
//!   checks are taken to come in v1's order. The host is not asked: `os: windows` is accepted.
//! - ECS and Lambda: what the service refuses is known from documentation and real files; the text is
//!   that of this crate's own rules, and `exact` is false unless YAML itself is broken.

mod agent_v1;
mod agent_v2;
mod serde_yaml;
mod syntax;

use std::fmt::{self, Write as _};
use std::str::FromStr;

use spec_report::emit::json_string;
use spec_report::{Levels, Severity, Source, run_checks};

use crate::agent;
use crate::model::server::Os;
use crate::model::{AppSpec, Kind};
use crate::read::read_as;
use crate::rules::{CHECKS, STRUCTURE, Subject};

/// The YAML reader under agent v1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Psych {
    /// Ruby 3.0 and earlier: loads aliases, dates and objects.
    Psych3,
    /// Ruby 3.1 and later: refuses them.
    Psych4,
}

/// A reader of AppSpecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Profile {
    /// The agent in Ruby, 1.x.
    AgentV1(Psych),
    /// The agent in Rust, 2.x.
    AgentV2,
    /// CodeDeploy, for an Amazon ECS service.
    Ecs,
    /// CodeDeploy, for a Lambda function.
    Lambda,
}

impl Profile {
    /// Every profile, in the order of [`matrix`].
    pub const ALL: [Self; 5] =
        [Self::AgentV1(Psych::Psych4), Self::AgentV1(Psych::Psych3), Self::AgentV2, Self::Ecs, Self::Lambda];

    /// The name in tables and on command lines, such as `agent-v1-psych4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AgentV1(Psych::Psych3) => "agent-v1-psych3",
            Self::AgentV1(Psych::Psych4) => "agent-v1-psych4",
            Self::AgentV2 => "agent-v2",
            Self::Ecs => "ecs",
            Self::Lambda => "lambda",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`Profile`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no profile; the profiles are agent-v1-psych4, agent-v1-psych3, agent-v2, ecs and lambda, choose one of them"
)]
pub struct UnknownProfile(String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

/// What a reader says to a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It takes the file, and this is what it sees.
    Accept(Box<AppSpec>),
    /// It refuses the file.
    Reject(Rejection),
}

impl Verdict {
    /// Whether the file is taken.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accept(_))
    }

    /// What the reader sees in a file that it takes.
    #[must_use]
    pub fn value(&self) -> Option<&AppSpec> {
        match self {
            Self::Accept(value) => Some(value),
            Self::Reject(_) => None,
        }
    }

    /// Why the file is refused.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Accept(_) => None,
            Self::Reject(rejection) => Some(rejection),
        }
    }

    /// A verdict whose words nobody has heard from the reader itself.
    fn likely(self) -> Self {
        match self {
            Self::Reject(rejection) => Self::Reject(Rejection { exact: false, ..rejection }),
            accept => accept,
        }
    }

    fn in_its_words(text: impl Into<String>) -> Self {
        Self::Reject(Rejection { text: text.into(), exact: true })
    }

    fn in_our_words(text: impl Into<String>) -> Self {
        Self::Reject(Rejection { text: text.into(), exact: false })
    }
}

/// Why a reader refuses a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The first complaint.
    pub text: String,
    /// Whether these are the reader's own words; otherwise only the refusal is the reader's.
    pub exact: bool,
}

/// What one reader says to a file, on a Linux host.
///
/// The file's name does not matter: agents read everything as YAML.
///
/// ```
/// use appspec::compat::{Profile, Psych, compat};
/// use spec_report::Source;
///
/// let text = "version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n    - location: a.sh\n      timeout: \"30\"\n";
/// let source = Source::new("appspec.yml", text);
/// assert!(compat(&source, Profile::AgentV1(Psych::Psych4)).is_accepted());
/// let verdict = compat(&source, Profile::AgentV2);
/// assert_eq!(
///     verdict.rejection().map(|rejection| &*rejection.text),
///     Some(
///         "The deployment failed because of a YAML parsing error: hooks.AfterInstall[0].timeout: \
///          invalid type: string \"30\", expected u32 at line 6 column 16"
///     ),
/// );
/// ```
#[must_use]
pub fn compat(source: &Source, profile: Profile) -> Verdict {
    compat_on(source, profile, &Os::Linux)
}

/// [`compat`] on a host with the given operating system, which agent v1 compares with `os`.
#[must_use]
pub fn compat_on(source: &Source, profile: Profile, host: &Os) -> Verdict {
    match profile {
        Profile::AgentV1(psych) => agent_v1::verdict(source, psych, host),
        Profile::AgentV2 => agent_v2::verdict(source).likely(),
        Profile::Ecs => service(source, Kind::Ecs),
        Profile::Lambda => service(source, Kind::Lambda),
    }
}

/// CodeDeploy's answer as far as it is known: the first error that this crate's rules find.
fn service(source: &Source, kind: Kind) -> Verdict {
    let subject = Subject::new(read_as(source.clone(), kind));
    let mut report = subject.parsed.report.clone();
    run_checks(CHECKS, &subject, &Levels::default(), &mut report);
    let errors = || report.iter().filter(|found| found.severity == Severity::Error);
    if errors().any(|found| found.rule.id == STRUCTURE.syntax.id) {
        return Verdict::in_its_words(agent::NOT_WELL_FORMED);
    }
    match (errors().next(), subject.parsed.value) {
        (Some(error), _) => Verdict::in_our_words(error.message.clone()),
        (None, Some(value)) => Verdict::Accept(Box::new(value)),
        (None, None) => Verdict::in_our_words("the AppSpec could not be read"),
    }
}

/// What all readers say to a file.
#[must_use]
pub fn matrix(source: &Source) -> Matrix {
    Matrix { rows: Profile::ALL.into_iter().map(|profile| (profile, compat(source, profile))).collect() }
}

/// The verdicts of all readers on one file. Displays as a table with a line per profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: Vec<(Profile, Verdict)>,
}

impl Matrix {
    /// Profiles and their verdicts in the order of [`Profile::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Profile, &Verdict)> {
        self.rows.iter().map(|(profile, verdict)| (*profile, verdict))
    }

    /// One profile's verdict.
    #[must_use]
    pub fn get(&self, profile: Profile) -> Option<&Verdict> {
        self.iter().find(|(known, _)| *known == profile).map(|(_, verdict)| verdict)
    }

    /// The profiles that take the file.
    pub fn accepting(&self) -> impl Iterator<Item = Profile> {
        self.iter().filter(|(_, verdict)| verdict.is_accepted()).map(|(profile, _)| profile)
    }

    /// One JSON object: for each profile `{"ok": …, "error": …, "exact": …}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{");
        for (at, (profile, verdict)) in self.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            // Writing to a `String` cannot fail.
            let _ = match verdict.rejection() {
                None => write!(out, "{comma}\"{profile}\":{{\"ok\":true,\"error\":null,\"exact\":true}}"),
                Some(Rejection { text, exact }) => {
                    let text = json_string(text);
                    write!(out, "{comma}\"{profile}\":{{\"ok\":false,\"error\":{text},\"exact\":{exact}}}")
                }
            };
        }
        out.push('}');
        out
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (profile, verdict) in self.iter() {
            match verdict.rejection() {
                None => writeln!(f, "{profile:<16} accepts")?,
                Some(rejection) => writeln!(f, "{profile:<16} rejects  {}", rejection.text)?,
            }
        }
        Ok(())
    }
}

//! Revisions on disk: an unpacked bundle and its AppSpec.

use std::path::{Path, PathBuf};

use spec_report::Source;

use super::Error;
use crate::compat::{Profile, Psych, compat};
use crate::listing::Listing;
use crate::model::{AppSpec, Server};

/// What the agent looks for, agent v1 only for the first.
const NAMES: &[&str] = &["appspec.yml", "appspec.yaml"];

/// An unpacked bundle.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    /// Its `deployment-archive`, on this machine.
    pub(super) archive: PathBuf,
    pub(super) server: Server,
    pub(super) files: Listing,
}

/// Beside the archive: the name of the AppSpec that the revision was deployed with.
const NAME_FILE: &str = "appspec-name";

impl Revision {
    /// Reads the AppSpec of an unpacked bundle.
    pub(super) fn open(archive: &Path, name: Option<&str>, files: Listing) -> Result<Self, Error> {
        Ok(Self { archive: archive.to_owned(), server: server(archive, name)?, files })
    }

    /// A revision that was deployed before; `None` if it is not there any more.
    pub(super) fn reopen(archive: &Path) -> Result<Option<Self>, Error> {
        if !archive.is_dir() {
            return Ok(None);
        }
        Self::open(archive, name_of(archive).as_deref(), Listing::new()).map(Some)
    }

    /// Remembers the name of the AppSpec for the events of later deployments.
    pub(super) fn remember(&self, name: &str) -> std::io::Result<()> {
        std::fs::write(self.archive.with_file_name(NAME_FILE), name)
    }
}

/// The name that the AppSpec of an earlier revision was given, if it was given one.
pub(super) fn name_of(archive: &Path) -> Option<String> {
    std::fs::read_to_string(archive.with_file_name(NAME_FILE)).ok().map(|name| name.trim().to_owned())
}

fn server(archive: &Path, name: Option<&str>) -> Result<Server, Error> {
    let names: Vec<&str> = name.into_iter().chain(NAMES.iter().copied()).collect();
    let found = names.iter().map(|name| (*name, archive.join(name))).find(|(_, path)| path.is_file());
    let Some((name, path)) = found else {
        let expected = archive.join(names[0]);
        return Err(Error::AppSpec {
            problem: format!(
                "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path \"{}\". The revision was unpacked to directory \"{}\", and the AppSpec file was expected but not found at path \"{}\". Consult the AWS CodeDeploy Appspec documentation for more information at http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html",
                names[0],
                archive.display(),
                expected.display()
            ),
        });
    };
    let unreadable = |problem: String| Error::AppSpec { problem };
    let bytes = std::fs::read(&path).map_err(|error| unreadable(format!("cannot read {name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(format!("{name} is not UTF-8")))?;
    let source = Source::new(name, text);
    // What either agent installs is installed; what both refuse is refused in the words of v1.
    let first = compat(&source, Profile::AgentV1(Psych::Psych4));
    let second = compat(&source, Profile::AgentV2);
    let value = first.value().or_else(|| second.value());
    let refusal = first.rejection().map_or_else(String::new, |rejection| rejection.text.clone());
    match value {
        None => Err(unreadable(refusal)),
        Some(AppSpec::Server(server)) if !server.is_windows() => Ok(server.clone()),
        Some(AppSpec::Server(_)) => Err(unreadable(crate::agent::unsupported_os("windows"))),
        _ => Err(unreadable(format!("{name} is not for EC2 or on-premises hosts"))),
    }
}

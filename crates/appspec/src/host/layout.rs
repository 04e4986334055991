//! Where the agent keeps what, and how it writes it, so that both can live on one host.
//!
//! Below the deployment root: `<group>/<deployment>/deployment-archive/` is a revision and
//! `<group>/<deployment>/logs/scripts.log` its log; `deployment-instructions/` has `<group>-install.json`,
//! `<group>-cleanup`, `<group>_last_successful_install` and `<group>_most_recent_install`. What only we
//! need is in `.longshore/<group>/`. Paths inside these files are as programs on the host see them.
//! Observed on agent 1.8.1.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::selinux::{Range, parse_range};
use crate::path::normalise;
use crate::plan::Instruction;

/// Where the agent has its deployments unless its configuration says otherwise.
pub(super) const DEPLOYMENT_ROOT: &str = "/opt/codedeploy-agent/deployment-root";

/// The places of one deployment group, as paths from the root.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The deployment root.
    pub(super) base: String,
    pub(super) group: String,
}

impl Layout {
    pub(super) fn new(base: String, group: String) -> Self {
        Self { base, group }
    }

    pub(super) fn revisions(&self) -> String {
        format!("{}/{}", self.base, self.group)
    }

    pub(super) fn revision(&self, deployment: &str) -> String {
        format!("{}/{}/{deployment}", self.base, self.group)
    }

    pub(super) fn archive_of(revision: &str) -> String {
        format!("{revision}/deployment-archive")
    }

    pub(super) fn instructions(&self) -> String {
        format!("{}/deployment-instructions", self.base)
    }

    /// Where a file of the group's instructions is.
    pub(super) fn path(&self, file: Recorded) -> String {
        let (base, group) = (self.instructions(), &self.group);
        match file {
            Recorded::Cleanup => format!("{base}/{group}-cleanup"),
            Recorded::Install => format!("{base}/{group}-install.json"),
            Recorded::LastSuccessful => format!("{base}/{group}_last_successful_install"),
            Recorded::MostRecent => format!("{base}/{group}_most_recent_install"),
            Recorded::Retained => format!("{}/retained", self.state()),
            Recorded::History => format!("{}/history", self.state()),
        }
    }

    /// Our own directory.
    pub(super) fn state(&self) -> String {
        format!("{}/.longshore/{}", self.base, self.group)
    }

    pub(super) fn journal(&self) -> String {
        format!("{}/journal", self.state())
    }

    /// What the journal is called once the new application is the application: the commit is this rename.
    pub(super) fn committed(&self) -> String {
        format!("{}/journal.committed", self.state())
    }

    /// Where a file waits for the commit.
    pub(super) fn waiting(&self, file: Recorded) -> String {
        format!("{}/next-{file:?}", self.state())
    }
}

/// A file that remembers what is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// What the installation made, one path a line, in the order in which it was made.
    Cleanup,
    /// The installation's instructions.
    Install,
    /// The directory of the revision that is installed.
    LastSuccessful,
    /// The directory of the revision that was tried last.
    MostRecent,
    /// Ours: files that were found and kept, one a line.
    Retained,
    /// Ours: the directories of good revisions, oldest first.
    History,
}

impl Recorded {
    /// What a commit replaces.
    pub(super) const COMMITTED: [Self; 5] =
        [Self::Cleanup, Self::Install, Self::LastSuccessful, Self::Retained, Self::History];
}

/// A line of a cleanup file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// A file or directory, as a path from the root.
    Path(String),
    /// A path whose SELinux context was set.
    Context(String),
}

/// Reads a cleanup file. A last line without end was not finished and does not count; neither does a path that is not
/// absolute.
pub(super) fn parse_cleanup(text: &str) -> Vec<Owned> {
    let finished = text.rfind('\n').map_or("", |end| &text[..end]);
    let line = |line: &str| {
        let (context, path) = match line.strip_prefix("semanage\0") {
            Some(path) => (true, path),
            None => (false, line),
        };
        let path = normalise(path.trim().strip_prefix('/')?).filter(|path| !path.is_empty())?;
        Some(if context { Owned::Context(path) } else { Owned::Path(path) })
    };
    finished.split('\n').filter_map(line).collect()
}

/// The cleanup file of an installation by these instructions.
pub(super) fn cleanup(instructions: &[Instruction]) -> String {
    let mut text = String::new();
    for instruction in instructions {
        match instruction {
            Instruction::Mkdir { directory: path, .. } | Instruction::Copy { destination: path, .. } => {
                text.push_str(path);
                text.push('\n');
            }
            Instruction::SetContext { path, .. } => {
                text.push_str("semanage\0");
                text.push_str(path);
                text.push('\n');
            }
            _ => {}
        }
    }
    text
}

/// The lines of a file that names one path a line.
pub(super) fn parse_lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[derive(Serialize)]
struct InstallFile {
    instructions: Vec<Value>,
}

/// `install.json` in the agent's form; sources become paths in `archive`, which is absolute.
///
/// # Errors
/// Never in practice: all of it is text.
pub(super) fn install_json(instructions: &[Instruction], archive: &str) -> serde_json::Result<String> {
    let instructions = instructions.iter().map(|instruction| step(instruction, archive)).collect();
    serde_json::to_string(&InstallFile { instructions })
}

fn step(instruction: &Instruction, archive: &str) -> Value {
    match instruction {
        Instruction::Mkdir { directory, .. } => json!({"type": "mkdir", "directory": directory}),
        Instruction::Copy { source, destination } => {
            json!({"type": "copy", "source": format!("{archive}/{source}"), "destination": destination})
        }
        Instruction::Chown { path, owner, group } => {
            json!({"type": "chown", "owner": owner, "group": group, "file": path})
        }
        Instruction::Chmod { path, mode } => json!({"type": "chmod", "mode": mode, "file": path}),
        Instruction::SetAcl { path, entries } => {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            json!({"type": "setfacl", "acl": entries, "file": path})
        }
        Instruction::SetContext { path, user, kind, range } => {
            let range = range.as_ref().map(|range| parse_range(range).map_or(range.clone(), |range| written(&range)));
            let context = json!({"user": user, "role": null, "type": kind, "range": range});
            json!({"type": "semanage", "context": context, "file": path})
        }
    }
}

/// The SELinux rules that an `install.json` set: path from the root, and the arguments for `semanage`.
pub(super) fn old_contexts(install: &str) -> BTreeMap<String, Vec<String>> {
    let Ok(install) = serde_json::from_str::<Value>(install) else { return BTreeMap::new() };
    let instructions = install["instructions"].as_array().map_or(&[][..], Vec::as_slice);
    let contexts = instructions.iter().filter(|instruction| instruction["type"] == "semanage");
    let context = |instruction: &Value| {
        let path = normalise(instruction["file"].as_str()?)?;
        let parts = [("-s", "user"), ("-t", "type"), ("-r", "range")];
        let argument = |(flag, key): (&str, &str)| {
            let value = instruction["context"][key].as_str()?;
            Some([flag.to_owned(), value.to_owned()])
        };
        Some((path, parts.into_iter().filter_map(argument).flatten().collect()))
    };
    contexts.filter_map(context).collect()
}

/// A range as the agent writes it: categories sorted and joined.
pub(super) fn written(range: &Range) -> String {
    let mut text = format!("s{}", range.low);
    if range.high != range.low {
        text += &format!("-s{}", range.high);
    }
    let mut separator = ':';
    let mut rest = range.categories.as_slice();
    while let Some((&first, _)) = rest.split_first() {
        let run = rest.iter().zip(first..).take_while(|(category, expected)| *category == expected).count();
        text.push(separator);
        text += &match run {
            1 => format!("c{first}"),
            _ => format!("c{first}.c{}", rest[run - 1]),
        };
        rest = &rest[run..];
        separator = ',';
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleanup_files_of_the_agent() {
        let text = "/srv\n/srv/a b\nsemanage\0/srv/a b\nrelative\n/../up\n/\n/srv/unfin";
        let path = |path: &str| Owned::Path(path.to_owned());
        assert_eq!(parse_cleanup(text), [path("srv"), path("srv/a b"), Owned::Context("srv/a b".to_owned())]);
        assert_eq!(parse_cleanup(""), []);
        assert_eq!(parse_cleanup("/srv"), []);
    }

    #[test]
    fn ranges_as_the_agent_writes_them() {
        for (given, expected) in
            [("s0", "s0"), ("s0-s3:c13,c0.c7", "s0-s3:c0.c7,c13"), ("s1:c0,c1", "s1:c0.c1"), ("s0:c5", "s0:c5")]
        {
            assert_eq!(written(&parse_range(given).unwrap()), expected);
        }
    }
}

//! From a plan and what is on the host to the changes that lead from the old application to the new
//! one, in the order in which they can be made. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::acl::Ace;
use crate::plan::{Instruction, Plan};

/// What becomes of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Remove,
    RemoveDirectory,
    Make(Wanted),
    Create(Wanted),
    Replace(Wanted),
    Adopt(Wanted),
}

/// What is wanted at a path of the new application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The path in the bundle; `None` for a directory that is only on the way.
    pub(super) source: Option<String>,
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
    pub(super) acl: Vec<Ace>,
}

/// What the old application has: paths that a cleanup removes.
#[derive(Clone, Debug, Default)]
pub(super) struct Old {
    /// Files and links that are there.
    pub(super) files: BTreeSet<String>,
    /// Directories that are empty once the files are gone.
    pub(super) directories: BTreeSet<String>,
}

/// The steps in order: what goes, deepest first; directories that come, outermost first; files; and directories that
/// both have. `real` gives the path on disk for one of the plan, `exists` whether a file or link is there now.
pub(super) fn steps(
    plan: &Plan,
    old: &Old,
    real: &dyn Fn(&str) -> String,
    exists: &dyn Fn(&str) -> bool,
) -> Vec<(String, Step)> {
    let (mut directories, mut files) = (BTreeMap::new(), BTreeMap::new());
    for instruction in &plan.instructions {
        match instruction {
            Instruction::Mkdir { directory, source } => {
                directories.insert(real(directory), Wanted { source: source.clone(), ..Wanted::default() });
            }
            Instruction::Copy { source, destination } => {
                files.insert(real(destination), Wanted { source: Some(source.clone()), ..Wanted::default() });
            }
            permission => {
                let path = real(permission.path());
                if let Some(wanted) = directories.get_mut(&path).or_else(|| files.get_mut(&path)) {
                    permit(wanted, permission);
                }
            }
        }
    }

    let mut steps = Vec::new();
    let goes = |path: &&String| !files.contains_key(*path);
    steps.extend(old.files.iter().filter(goes).map(|path| (path.clone(), Step::Remove)));
    let empties = old.directories.iter().rev().filter(|path| !directories.contains_key(*path));
    steps.extend(empties.map(|path| (path.clone(), Step::RemoveDirectory)));
    let mut adopted = Vec::new();
    for (path, wanted) in directories {
        if old.directories.contains(&path) {
            adopted.push((path, Step::Adopt(wanted)));
        } else {
            steps.push((path, Step::Make(wanted)));
        }
    }
    for (path, wanted) in files {
        let replaces = old.files.contains(&path) || exists(&path);
        steps.push((path, if replaces { Step::Replace(wanted) } else { Step::Create(wanted) }));
    }
    steps.extend(adopted);
    steps
}

fn permit(wanted: &mut Wanted, permission: &Instruction) {
    match permission {
        Instruction::Chown { owner, group, .. } => {
            wanted.owner.clone_from(owner);
            wanted.group.clone_from(group);
        }
        Instruction::Chmod { mode, .. } => wanted.mode = u32::from_str_radix(mode, 8).ok(),
        Instruction::SetAcl { entries, .. } => wanted.acl.clone_from(entries),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(instructions: Vec<Instruction>) -> Plan {
        Plan { instructions, ..Plan::default() }
    }

    #[test]
    fn what_changes_kind_is_out_of_the_way_first() {
        let mkdir = |path: &str| Instruction::Mkdir { directory: path.to_owned(), source: None };
        let copy = |path: &str| Instruction::Copy { source: "x".to_owned(), destination: path.to_owned() };
        let old = Old {
            files: ["app/file", "app/dir/a", "app/both"].map(str::to_owned).into(),
            directories: ["app", "app/dir"].map(str::to_owned).into(),
        };
        let plan =
            plan(vec![mkdir("/app"), mkdir("/app/file"), copy("/app/both"), copy("/app/dir"), copy("/app/file/x")]);
        let real = |path: &str| path.trim_start_matches('/').to_owned();
        let steps = steps(&plan, &old, &real, &|_| false);
        let shown: Vec<String> = steps
            .iter()
            .map(|(path, step)| {
                let step = format!("{step:?}");
                format!("{} {path}", step.split('(').next().unwrap())
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Remove app/dir/a",
                "Remove app/file",
                "RemoveDirectory app/dir",
                "Make app/file",
                "Replace app/both",
                "Create app/dir",
                "Create app/file/x",
                "Adopt app"
            ]
        );
    }
}

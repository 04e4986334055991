//! The plan of agent v1, with its order and its quirks, for comparison and for hosts that both live on.
//!
//! It stops at the first problem, in the agent's words. Directories are read in the order of the
//! listing (the order of the file system), modes change before owners, `OVERWRITE` copies over
//! whatever is there, a source that is not in the archive is only missed when it is copied, and one
//! that leads out of the archive is not noticed at all.
//!
//! One quirk cannot be seen in a [`Listing`]: the agent follows links, so that a link to nothing does
//! not exist for it. Here a link on the host always exists.

use std::collections::{BTreeMap, BTreeSet};

use super::Instruction;
use crate::agent;
use crate::listing::{EntryKind, Listing};
use crate::model::acl::parse_ace;
use crate::model::server::{FileExistsBehavior, ObjectType, Permission, Server};
use crate::path::{file_name, fits, normalise};

/// What agent v1 would do, in its order. Sources are relative to the archive, as in [`super::plan`].
///
/// ```
/// use appspec::plan::agent_v1;
/// use appspec::{Listing, read};
/// use spec_report::Source;
///
/// let text = "version: 0.0\nos: linux\nfiles:\n  - {source: b.txt, destination: /srv}\n  - {source: a.txt, destination: /srv}\n";
/// let parsed = read(Source::new("appspec.yml", text));
/// let server = parsed.value.as_ref().and_then(|spec| spec.as_server()).ok_or("no server AppSpec")?;
/// let bundle = Listing::from_paths(["a.txt", "b.txt"]);
/// let steps = agent_v1::plan(server, &bundle, &Listing::new(), None)?;
/// let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
/// assert_eq!(steps, ["mkdir /srv", "copy b.txt /srv/b.txt", "copy a.txt /srv/a.txt"]);
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// The agent's sentence about the first problem.
pub fn plan(
    server: &Server,
    bundle: &Listing,
    host: &Listing,
    behavior: Option<&FileExistsBehavior>,
) -> Result<Vec<Instruction>, String> {
    let behavior = server.file_exists_behavior.as_ref().map(|own| &own.value).or(behavior);
    let mut builder = Builder::new(bundle, host, behavior);
    for file in &server.files {
        if let (Some(source), Some(destination)) = (&file.source, &file.destination) {
            builder.file(&source.value, &expand(&destination.value))?;
        }
    }
    for permission in &server.permissions {
        builder.permission(permission)?;
    }
    Ok(builder.steps)
}

/// An absolute path without detours; `..` at the root stays there.
fn expand(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

struct Builder<'a> {
    bundle: &'a Listing,
    host: &'a Listing,
    behavior: Option<&'a FileExistsBehavior>,
    steps: Vec<Instruction>,
    copies: BTreeMap<String, String>,
    /// The agent goes through copies and directories in the order in which they were added.
    copied: Vec<String>,
    made: Vec<String>,
    permitted: BTreeSet<String>,
}

impl<'a> Builder<'a> {
    fn new(bundle: &'a Listing, host: &'a Listing, behavior: Option<&'a FileExistsBehavior>) -> Self {
        Self {
            bundle,
            host,
            behavior,
            steps: Vec::new(),
            copies: BTreeMap::new(),
            copied: Vec::new(),
            made: Vec::new(),
            permitted: BTreeSet::new(),
        }
    }

    fn file(&mut self, source: &str, destination: &str) -> Result<(), String> {
        let inside = normalise(source);
        let directory = inside.filter(|path| self.bundle.get(path) == Some(EntryKind::Directory));
        match directory {
            Some(from) => {
                self.ancestors(destination)?;
                self.directory(&from, destination)
            }
            None => {
                let source = source.trim_matches('/');
                let to = expand(&format!("{destination}/{}", file_name(source)));
                self.ancestors(&to)?;
                self.copy(source, &to)
            }
        }
    }

    fn ancestors(&mut self, destination: &str) -> Result<(), String> {
        let ends: Vec<usize> = destination.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).collect();
        for end in ends {
            if self.host.get(&destination[..end]).is_none() {
                self.mkdir(&destination[..end])?;
            }
        }
        Ok(())
    }

    fn directory(&mut self, from: &str, destination: &str) -> Result<(), String> {
        if self.host.get(destination) != Some(EntryKind::Directory) {
            self.mkdir(destination)?;
        }
        let bundle = self.bundle;
        for (path, kind) in bundle.directly_in(from) {
            let to = expand(&format!("{destination}/{}", file_name(path)));
            if kind == EntryKind::Directory {
                self.directory(path, &to)?;
            } else {
                self.copy(path, &to)?;
            }
        }
        Ok(())
    }

    fn mkdir(&mut self, directory: &str) -> Result<(), String> {
        if let Some(source) = self.copies.get(directory) {
            return Err(agent::directory_over_copy(directory, source));
        }
        if !self.made.iter().any(|made| made == directory) {
            self.made.push(directory.to_owned());
            self.steps.push(Instruction::Mkdir { directory: directory.to_owned(), source: None });
        }
        Ok(())
    }

    fn copy(&mut self, source: &str, destination: &str) -> Result<(), String> {
        if self.host.get(destination).is_some() {
            match self.behavior {
                Some(FileExistsBehavior::Overwrite) => {}
                Some(FileExistsBehavior::Retain) => return Ok(()),
                _ => return Err(agent::file_exists(destination)),
            }
        }
        if let Some(first) = self.copies.get(destination) {
            return Err(agent::two_sources(source, first, destination));
        }
        if self.made.iter().any(|made| made == destination) {
            return Err(agent::copy_over_directory(source, destination));
        }
        self.copies.insert(destination.to_owned(), source.to_owned());
        self.copied.push(destination.to_owned());
        self.steps.push(Instruction::Copy { source: source.to_owned(), destination: destination.to_owned() });
        Ok(())
    }

    fn permission(&mut self, permission: &Permission) -> Result<(), String> {
        let Some(object) = permission.object.as_ref().map(|object| object.value.as_str()) else { return Ok(()) };
        let path = expand(object);
        if self.copies.contains_key(&path) {
            if !permission.applies_to(&ObjectType::File) {
                return Ok(());
            }
            if permission.pattern() != "**" {
                return Err(agent::pattern_on_file(object, permission.pattern()));
            }
            if !permission.except.is_empty() {
                let except: Vec<&str> = permission.except.iter().map(|except| except.value.as_str()).collect();
                return Err(agent::except_on_file(&format!("{except:?}"), object));
            }
            no_default_acl(permission)?;
            return self.permit(&path, permission);
        }
        if !self.made.contains(&path) && self.host.get(&path) != Some(EntryKind::Directory) {
            return Ok(());
        }
        let mut matches = Vec::new();
        if permission.applies_to(&ObjectType::File) {
            for copy in self.copied.iter().filter(|copy| applies(permission, &path, copy)) {
                no_default_acl(permission)?;
                matches.push(copy.clone());
            }
        }
        if permission.applies_to(&ObjectType::Directory) {
            matches.extend(self.made.iter().filter(|made| applies(permission, &path, made)).cloned());
        }
        matches.iter().try_for_each(|path| self.permit(path, permission))
    }

    fn permit(&mut self, path: &str, permission: &Permission) -> Result<(), String> {
        if !self.permitted.insert(path.to_owned()) {
            return Err(agent::permission_twice(path));
        }
        let mut steps = super::permissions::instructions(path, permission);
        // Stable, so that mode, ACL and context keep their order and the owner comes last.
        steps.sort_by_key(|step| matches!(step, Instruction::Chown { .. }));
        self.steps.extend(steps);
        Ok(())
    }
}

fn applies(permission: &Permission, object: &str, path: &str) -> bool {
    let base = if object == "/" { "/".to_owned() } else { format!("{object}/") };
    let Some(name) = path.strip_prefix(&base).filter(|name| !name.is_empty()) else { return false };
    let glob = |pattern: &str| !name.contains('/') && fits(name, pattern);
    (permission.pattern() == "**" || glob(permission.pattern()))
        && !permission.except.iter().any(|except| glob(&except.value))
}

fn no_default_acl(permission: &Permission) -> Result<(), String> {
    let default = |text: &str| parse_ace(text).is_ok_and(|ace| ace.default);
    if permission.acls.iter().flatten().any(|entry| default(&entry.value)) {
        return Err(agent::DEFAULT_ACL_ON_FILE.to_owned());
    }
    Ok(())
}

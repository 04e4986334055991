//! Looks at the host: where the paths of an AppSpec really are, what the old application has, and
//! what is there once that is gone.
//!
//! The way to a destination may lead through symbolic links of the administrator (`/lib`, `/var/run`):
//! links that belong to root or to the user that installs. They are resolved once, here; what happens
//! afterwards happens on the real path and follows none. What the bundle brings below a destination
//! never goes through a link.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Error;
use super::change::Old;
use super::layout::Owned;
use super::tree::{Kind, Tree};
use crate::listing::{EntryKind, Listing};
use crate::model::server::Server;
use crate::path::{file_name, is_below, join, normalise, parent};
use crate::plan::{Instruction, Plan, Problem, ProblemKind};

type Result<T> = std::result::Result<T, Error>;

/// More links than this on one way are a loop, as for the kernel.
const MOST_LINKS: usize = 40;

/// The host as an installation sees it.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// What is there after the cleanup, by the paths of the AppSpec.
    pub(super) host: Listing,
    /// What the cleanup removes, by real path.
    pub(super) old: Old,
    /// The paths whose SELinux context the old application set.
    pub(super) contexts: BTreeSet<String>,
    /// Links on the way to destinations, and where they lead.
    links: BTreeMap<String, String>,
}

impl Scan {
    /// The path on disk of a path of the plan, which may begin with a slash.
    pub(super) fn real(&self, path: &str) -> String {
        let path = path.trim_start_matches('/');
        let mut prefix = Some(path);
        while let Some(at) = prefix.filter(|prefix| !prefix.is_empty()) {
            if let Some(real) = self.links.get(at) {
                return join(real, path[at.len()..].trim_start_matches('/'));
            }
            prefix = parent(at);
        }
        path.to_owned()
    }

    /// Different paths of the plan may be one on disk, through links: that is a collision which the plan cannot see.
    pub(super) fn add_collisions(&self, server: &Server, plan: &mut Plan) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let made = plan.instructions.iter().filter_map(|step| match step {
            Instruction::Copy { destination: path, .. } | Instruction::Mkdir { directory: path, .. } => Some(path),
            _ => None,
        });
        let mut problems = Vec::new();
        for path in made.filter(|_| !self.links.is_empty()) {
            if let Some(first) = seen.insert(self.real(path), path) {
                let message = format!("`{first}` and `{path}` are the same path on this host, through symbolic links");
                let span = server.files.first().map(|file| file.span).unwrap_or_default();
                let (kind, other, agent) = (ProblemKind::Collision, None, None);
                problems.push(Problem { kind, span, other, message, agent });
            }
        }
        plan.problems.extend(problems);
    }

    fn is_old(&self, real: &str) -> bool {
        self.old.files.contains(real) || self.old.directories.contains(real)
    }

    /// Resolves the links on the way to `path`; the last component is not looked at unless `whole`.
    fn resolve(&mut self, tree: &Tree, path: &str, whole: bool) -> Result<()> {
        for (end, _) in path.match_indices('/').chain(whole.then_some((path.len(), ""))) {
            let prefix = &path[..end];
            let real = self.real(prefix);
            if self.links.contains_key(prefix) {
                continue;
            }
            match tree.stat(&real)?.map(|meta| meta.kind) {
                Some(Kind::Symlink) => {
                    let target = follow(tree, &real)?;
                    self.links.insert(prefix.to_owned(), target);
                }
                Some(Kind::Directory) => {}
                _ => break,
            }
        }
        Ok(())
    }

    /// Adds what is at a path of the plan; `false` if nothing is.
    fn look(&mut self, tree: &Tree, path: &str) -> Result<bool> {
        let real = self.real(path);
        let Some(meta) = tree.stat(&real)?.filter(|_| !self.is_old(&real)) else { return Ok(false) };
        let kind = match meta.kind {
            Kind::Directory => EntryKind::Directory,
            Kind::Symlink => EntryKind::Symlink,
            Kind::File | Kind::Other => EntryKind::File,
        };
        self.host.insert(path, kind);
        Ok(kind == EntryKind::Directory)
    }
}

/// Looks at everything that installing `bundle` by `server` after an installation that left `owned` depends on.
pub(super) fn scan(tree: &Tree, server: &Server, bundle: &Listing, owned: &[Owned]) -> Result<Scan> {
    let mut scan = Scan::default();
    cleaned(tree, &mut scan, owned)?;
    for file in &server.files {
        let (Some(source), Some(destination)) = (&file.source, &file.destination) else { continue };
        let Some(base) = destination.value.strip_prefix('/').and_then(normalise) else { continue };
        let Some(from) = normalise(&source.value) else { continue };
        scan.resolve(tree, &base, true)?;
        let ends = base.match_indices('/').map(|(at, _)| at).chain(std::iter::once(base.len()));
        let mut is_there = true;
        for end in ends {
            is_there = is_there && (end == 0 || scan.look(tree, &base[..end])?);
        }
        if !is_there {
            continue;
        }
        if bundle.get(&from) != Some(EntryKind::Directory) {
            scan.look(tree, &join(&base, file_name(&from)))?;
            continue;
        }
        // Nothing is below a directory that is not there.
        let mut missing: Option<String> = None;
        for (path, kind) in bundle.below(&from) {
            if missing.as_ref().is_some_and(|missing| is_below(path, missing)) {
                continue;
            }
            let inside = if from.is_empty() { path } else { &path[from.len() + 1..] };
            let is_directory = scan.look(tree, &join(&base, inside))?;
            missing = (kind == EntryKind::Directory && !is_directory).then(|| path.to_owned());
        }
    }
    Ok(scan)
}

/// Finds what a cleanup removes: files and links that are there, and the directories that are empty then.
fn cleaned(tree: &Tree, scan: &mut Scan, owned: &[Owned]) -> Result<()> {
    let mut directories = BTreeSet::new();
    for line in owned {
        let (Owned::Path(path) | Owned::Context(path)) = line;
        scan.resolve(tree, path, false)?;
        let real = scan.real(path);
        if let Owned::Context(_) = line {
            scan.contexts.insert(path.clone());
            continue;
        }
        match tree.stat(&real)?.map(|meta| meta.kind) {
            None => {}
            Some(Kind::Directory) => {
                directories.insert(real);
            }
            Some(_) => {
                scan.old.files.insert(real);
            }
        }
    }
    // Children stand behind their parents, so from the back each one is known when its parent is asked.
    for directory in directories.into_iter().rev() {
        let names = tree.names(&directory)?;
        if names.iter().all(|name| scan.is_old(&join(&directory, name))) {
            scan.old.directories.insert(directory);
        }
    }
    Ok(())
}

/// Where a link leads, below the root, through links that are to be trusted only.
fn follow(tree: &Tree, link: &str) -> Result<String> {
    let mut done = String::new();
    let mut todo: VecDeque<String> = link.split('/').map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = todo.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done = parent(&done).unwrap_or("").to_owned();
                continue;
            }
            _ => {}
        }
        let next = join(&done, &part);
        match tree.stat(&next)? {
            Some(meta) if meta.kind == Kind::Symlink => {
                links += 1;
                let ours = meta.uid == 0 || meta.uid == rustix::process::geteuid().as_raw();
                if !ours || links > MOST_LINKS {
                    return Err(Error::UntrustedLink { path: next });
                }
                let target = tree.read_link(&next)?;
                if target.starts_with('/') {
                    done.clear();
                }
                for part in target.split('/').rev() {
                    todo.push_front(part.to_owned());
                }
            }
            _ => done = next,
        }
    }
    Ok(done)
}

/// The real path of a directory that need not be there.
pub(super) fn real_path(tree: &Tree, path: &str) -> Result<String> {
    follow(tree, path)
}

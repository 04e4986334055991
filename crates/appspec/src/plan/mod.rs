//! What an installation would do, worked out before anything is touched.
//!
//! [`plan`] is pure: an AppSpec, the files of the bundle and the files that are on the host give a
//! sorted list of instructions and a list of problems. Copy rules are the agent's: a file goes into
//! its destination directory, the contents of a directory are merged into it. Order is not: the
//! agent copies in the order of the file system and changes modes before owners; a plan is sorted
//! and changes owners first, because a change of owner drops set-user-id bits.
//!
//! Invariant: every path of every instruction is below the root, without `.` and `..`; every source
//! is inside the bundle.

mod accounts;
pub mod agent_v1;
mod instruction;
mod permissions;
mod problem;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use spec_report::{Span, Spanned};

use crate::agent;
use crate::listing::{EntryKind, Listing};
use crate::model::server::{FileExistsBehavior, Server};
use crate::path::{LONGEST_PATH, file_name, is_absolute, join, normalise, parent, separators};
pub use accounts::{Accounts, MapAccounts, User};
pub use instruction::Instruction;
pub use problem::{Problem, ProblemKind};

/// What an installation does, and what speaks against it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// Directories first, then files, then permissions, each sorted by path.
    pub instructions: Vec<Instruction>,
    /// Files that are on the host already and stay, because of `RETAIN`.
    pub retained: Vec<String>,
    /// What speaks against the installation, in the order of the AppSpec.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// Whether the installation would fail.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.problems.iter().any(Problem::stops)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for instruction in &self.instructions {
            writeln!(f, "{instruction}")?;
        }
        Ok(())
    }
}

/// What is going to be at a path.
#[derive(Clone, Debug)]
struct Target {
    span: Span,
    /// The file's path in the bundle; `None` for a directory.
    source: Option<String>,
    /// The directory's path in the bundle, if it comes from there.
    directory: Option<String>,
    /// Whether the host has it already, as a directory.
    exists: bool,
}

struct Planner<'a> {
    server: &'a Server,
    bundle: &'a Listing,
    host: &'a Listing,
    behavior: &'a FileExistsBehavior,
    known: &'a BTreeSet<String>,
    accounts: Option<&'a dyn Accounts>,
    windows: bool,
    targets: BTreeMap<String, Target>,
    retained: Vec<String>,
    problems: Vec<Problem>,
}

/// Works out what installing `bundle` by `server` does on a host that has the files `host`, which
/// are those that are left after the previous installation was cleaned up.
///
/// ```
/// use appspec::{Listing, plan, read};
/// use spec_report::Source;
///
/// let text = "version: 0.0\nos: linux\nfiles:\n  - source: app/\n    destination: /srv/shop\n";
/// let parsed = read(Source::new("appspec.yml", text));
/// let server = parsed.value.as_ref().and_then(|spec| spec.as_server()).ok_or("no server AppSpec")?;
/// let plan = plan(server, &Listing::from_paths(["app/index.html"]), &Listing::from_paths(["srv/"]));
/// assert_eq!(plan.to_string(), "mkdir /srv/shop\ncopy app/index.html /srv/shop/index.html\n");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn plan(server: &Server, bundle: &Listing, host: &Listing) -> Plan {
    Planning::new(server, bundle, host).plan()
}

/// Everything that a plan depends on; [`plan`] is the short form.
#[derive(Clone, Debug)]
pub struct Planning<'a> {
    server: &'a Server,
    bundle: &'a Listing,
    host: &'a Listing,
    behavior: FileExistsBehavior,
    retained: BTreeSet<String>,
    accounts: Option<&'a dyn Accounts>,
}

impl<'a> Planning<'a> {
    /// Installing `bundle` by `server` on a host that has the files `host`.
    #[must_use]
    pub fn new(server: &'a Server, bundle: &'a Listing, host: &'a Listing) -> Self {
        let behavior = FileExistsBehavior::Disallow;
        Self { server, bundle, host, behavior, retained: BTreeSet::new(), accounts: None }
    }

    /// What the deployment says about files that are in the way. The AppSpec's own word beats it, as with the agent.
    #[must_use]
    pub fn with_file_exists_behavior(mut self, behavior: FileExistsBehavior) -> Self {
        self.behavior = behavior;
        self
    }

    /// Files, as absolute paths, that an earlier deployment found and kept. They are not in the way of a deployment
    /// under `DISALLOW` but kept again.
    #[must_use]
    pub fn with_retained(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        self.retained = paths.into_iter().collect();
        self
    }

    /// The users and groups of the host; without them names are not checked.
    #[must_use]
    pub fn with_accounts(mut self, accounts: &'a dyn Accounts) -> Self {
        self.accounts = Some(accounts);
        self
    }

    /// Works the plan out.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let server = self.server;
        let mut planner = Planner {
            server,
            bundle: self.bundle,
            host: self.host,
            behavior: server.file_exists_behavior.as_ref().map_or(&self.behavior, |behavior| &behavior.value),
            known: &self.retained,
            accounts: self.accounts,
            windows: server.is_windows(),
            targets: BTreeMap::new(),
            retained: Vec::new(),
            problems: Vec::new(),
        };
        for file in &server.files {
            if let (Some(source), Some(destination)) = (&file.source, &file.destination) {
                planner.file(source, destination);
            }
        }
        planner.finish()
    }
}

impl Planner<'_> {
    fn problem(&mut self, kind: ProblemKind, span: Span, message: String, agent: Option<String>) -> &mut Problem {
        let at = self.problems.len();
        self.problems.push(Problem { kind, span, other: None, message, agent });
        &mut self.problems[at]
    }

    /// A path on the host as people write it.
    fn shown(&self, path: &str) -> String {
        if self.windows { path.to_owned() } else { format!("/{path}") }
    }

    fn destination(&mut self, destination: &Spanned<String>) -> Option<String> {
        let text = separators(&destination.value, self.windows);
        if !is_absolute(&text, self.windows) {
            let message = format!(
                "the destination `{}` is not absolute: the agent would count it from its own working directory",
                destination.value
            );
            self.problem(ProblemKind::RelativeDestination, destination.span, message, None);
            return None;
        }
        if text.len() > LONGEST_PATH {
            let message =
                format!("the destination has {} bytes, more than the {LONGEST_PATH} of the longest path", text.len());
            self.problem(ProblemKind::PathTooLong, destination.span, message, None);
            return None;
        }
        let path = normalise(&text);
        if path.is_none() {
            let message = format!("the destination `{}` leads out of the root", destination.value);
            self.problem(ProblemKind::DestinationLeavesRoot, destination.span, message, None);
        }
        path
    }

    fn file(&mut self, source: &Spanned<String>, destination: &Spanned<String>) {
        let Some(base) = self.destination(destination) else { return };
        let Some(from) = normalise(&separators(&source.value, self.windows)) else {
            let message = format!("the source `{}` leads out of the bundle", source.value);
            self.problem(ProblemKind::SourceLeavesBundle, source.span, message, None);
            return;
        };
        match self.bundle.get(&from) {
            None => {
                let message = format!("the bundle has no `{}`", source.value);
                self.problem(ProblemKind::MissingSource, source.span, message, None);
            }
            Some(EntryKind::Directory) => {
                // The destination itself is not from the bundle: what is merged into it are the contents.
                if !self.add_directory(&base, None, source.span) {
                    return;
                }
                let bundle = self.bundle;
                for (path, kind) in bundle.below(&from) {
                    let inside = if from.is_empty() { path } else { &path[from.len() + 1..] };
                    let to = join(&base, inside);
                    if kind == EntryKind::Directory {
                        self.add_directory(&to, Some(path), source.span);
                    } else {
                        self.add_file(path, &to, source.span);
                    }
                }
            }
            Some(EntryKind::File | EntryKind::Symlink) => {
                let to = join(&base, file_name(&from));
                self.add_file(&from, &to, source.span);
            }
        }
    }

    /// Adds a directory and those above it; `false`, after reporting, if one of them cannot be one.
    fn add_directory(&mut self, path: &str, from: Option<&str>, span: Span) -> bool {
        let whole = path.len();
        let ends = path.match_indices('/').map(|(at, _)| at).chain(std::iter::once(path.len()));
        for end in ends.filter(|end| *end > 0) {
            let path = &path[..end];
            let from = from.filter(|_| end == whole);
            if let Some(target) = self.targets.get_mut(path) {
                if target.source.is_none() {
                    target.directory = target.directory.take().or_else(|| from.map(str::to_owned));
                    continue;
                }
                let (other, shown) = (target.span, self.shown(path));
                let message = format!("`{shown}` would have to be a file and a directory");
                self.problem(ProblemKind::Collision, span, message, None).other = Some(other);
                return false;
            }
            let exists = match self.host.get(path) {
                None => false,
                Some(EntryKind::Directory) => true,
                Some(kind) => {
                    let is = if kind == EntryKind::Symlink { "symbolic link" } else { "file" };
                    let message = format!("`{}` has to be a directory, but is a {is} on the host", self.shown(path));
                    self.problem(ProblemKind::Collision, span, message, None);
                    return false;
                }
            };
            let directory = from.map(str::to_owned);
            self.targets.insert(path.to_owned(), Target { span, source: None, directory, exists });
        }
        true
    }

    fn add_file(&mut self, from: &str, path: &str, span: Span) {
        if let Some(target) = self.targets.get(path) {
            let (other, shown) = (target.span, self.shown(path));
            let (message, sentence) = match &target.source {
                Some(first) => (
                    format!("`{first}` and `{from}` have the same destination `{shown}`"),
                    Some(agent::two_sources(first, from, &shown)),
                ),
                None => (format!("`{shown}` would have to be a file and a directory"), None),
            };
            self.problem(ProblemKind::Collision, span, message, sentence).other = Some(other);
            return;
        }
        let above = parent(path).unwrap_or("").to_owned();
        if !self.add_directory(&above, None, span) {
            return;
        }
        match (self.host.get(path), self.behavior) {
            (None, _) => {}
            (Some(EntryKind::Directory), _) => {
                let message = format!("`{}` has to be a file, but is a directory on the host", self.shown(path));
                self.problem(ProblemKind::Collision, span, message, None);
                return;
            }
            (Some(_), FileExistsBehavior::Overwrite) => {}
            (Some(_), behavior) => {
                let shown = self.shown(path);
                if *behavior == FileExistsBehavior::Retain || self.known.contains(&shown) {
                    self.retained.push(shown);
                    return;
                }
                let message = format!("`{shown}` is on the host already and was not installed by a deployment");
                self.problem(ProblemKind::Exists, span, message, Some(agent::file_exists(&shown)));
                return;
            }
        }
        self.targets
            .insert(path.to_owned(), Target { span, source: Some(from.to_owned()), directory: None, exists: false });
    }

    fn finish(mut self) -> Plan {
        let mut instructions: Vec<Instruction> = Vec::new();
        for (path, target) in &self.targets {
            if target.source.is_none() && !target.exists {
                let source = target.directory.clone();
                instructions.push(Instruction::Mkdir { directory: self.shown(path), source });
            }
        }
        for (path, target) in &self.targets {
            if let Some(source) = &target.source {
                instructions.push(Instruction::Copy { source: source.clone(), destination: self.shown(path) });
            }
        }
        instructions.extend(self.permissions());
        self.problems.sort_by_key(|problem| (problem.span, problem.kind));
        // What is wrong with a directory is found again with everything that goes into it.
        self.problems.dedup();
        self.retained.sort_unstable();
        Plan { instructions, retained: self.retained, problems: self.problems }
    }
}

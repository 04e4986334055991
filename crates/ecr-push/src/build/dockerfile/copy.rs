//! COPY: files of the context into a layer, and never a file from outside it.
//!
//! A source may be a link, as in Docker, but what it leads to must lie in the context too. Links below a copied directory
//! stay links; one that climbs out of the context is refused, and one with an absolute target must find it in the image.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{
    Build, Failure, Problem,
    ignore::{self, Ignore},
    parse::Instruction,
    read,
    tree::{self, Node},
    words,
};
use crate::{
    build::{
        Layer,
        walk::{self, Found},
    },
    error::{DockerfileError, Error, IoError},
};

/// The directory from which COPY takes files.
#[derive(Debug)]
pub(super) struct Context {
    /// Without links, so that a prefix test tells what lies below.
    root: PathBuf,
    ignore: Ignore,
}

/// A source of COPY: its path below the context as written, and where it really lies.
struct Source {
    relative: String,
    path: PathBuf,
}

impl Context {
    pub(super) fn open(context: &Path, dockerfile: &Path) -> Result<Self, Error> {
        let root = context.canonicalize().map_err(|error| IoError::new("open", context, error))?;
        let mut beside = dockerfile.as_os_str().to_owned();
        beside.push(".dockerignore");
        let candidates = [PathBuf::from(beside), root.join(".dockerignore")];
        let Some(path) = candidates.into_iter().find(|path| path.is_file()) else {
            return Ok(Self { root, ignore: Ignore::default() });
        };
        let ignore = Ignore::parse(&read(&path)?).map_err(|(line, Problem { problem, advice })| {
            DockerfileError::new(&path, line, "pattern", problem, advice)
        })?;
        Ok(Self { root, ignore })
    }

    /// The files that a source names: one, or those that match its pattern.
    fn find(&self, source: &str) -> Result<Vec<Source>, Failure> {
        let mut parts = Vec::new();
        for part in source.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    let problem = format!("`{source}` leads out of the context `{}`", self.root.display());
                    return Err(Problem::new(
                        problem,
                        "move the file into the context, or build from the directory above",
                    )
                    .into());
                }
                part => parts.push(part),
            }
        }
        let relative = parts.join("/");
        if !relative.contains(['*', '?', '[']) {
            let path = self.resolve(&relative, source)?;
            return Ok(vec![Source { relative, path }]);
        }
        let glob = ignore::glob(&relative)?;
        let entries = walk::walk(&self.root, &|path| self.ignore.prunes(path))?;
        let mut found = Vec::new();
        for entry in entries {
            if glob.is_match(&entry.relative) && !self.ignore.excludes(&entry.relative) {
                let path = self.resolve(&entry.relative, source)?;
                found.push(Source { relative: entry.relative, path });
            }
        }
        if found.is_empty() {
            let problem = format!("no file of the context matches `{source}`");
            return Err(Problem::new(problem, "check the pattern and .dockerignore").into());
        }
        Ok(found)
    }

    /// Where a source really lies, which must be in the context.
    fn resolve(&self, relative: &str, written: &str) -> Result<PathBuf, Failure> {
        if self.ignore.excludes(relative) && !self.ignore_keeps_below(relative) {
            let problem = format!("`{relative}` is left out of the context by .dockerignore");
            return Err(Problem::new(problem, "take its pattern out of .dockerignore, or copy something else").into());
        }
        let path = self.root.join(relative);
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let problem = format!("`{written}` is not in the context `{}`", self.root.display());
                return Err(Problem::new(problem, "check its spelling, and that the build's commands made it").into());
            }
            Err(error) => return Err(IoError::new("open", path, error).into()),
        };
        if !real.starts_with(&self.root) {
            let problem = format!("`{relative}` is a link that leads out of the context, to `{}`", real.display());
            return Err(Problem::new(problem, "copy the file itself into the context").into());
        }
        Ok(real)
    }

    /// Whether something below an excluded directory was taken back in.
    fn ignore_keeps_below(&self, relative: &str) -> bool {
        self.root.join(relative).is_dir() && !self.ignore.prunes(relative)
    }

    /// Whether a relative link at `path` stays in the context.
    fn contains_target(&self, path: &Path, target: &str) -> bool {
        let Some(Ok(directory)) = path.parent().map(|parent| parent.strip_prefix(&self.root)) else { return false };
        let mut depth = directory.components().count();
        for part in Path::new(target).components() {
            match part {
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::ParentDir => match depth.checked_sub(1) {
                    Some(less) => depth = less,
                    None => return false,
                },
                Component::RootDir | Component::Prefix(_) => return false,
            }
        }
        true
    }
}

/// A layer being filled by one COPY.
struct Copying<'a> {
    build: &'a mut Build,
    line: usize,
    mode: Option<u32>,
    layer: Layer,
}

impl Copying<'_> {
    fn directory(&mut self, to: &str, mode: u32) -> Result<(), Failure> {
        self.build.tree.add(to, Node::Directory)?;
        self.layer = std::mem::take(&mut self.layer).directory(to, mode);
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &str) -> Result<(), Failure> {
        self.build.tree.add(to, Node::File)?;
        self.layer = std::mem::take(&mut self.layer).file_from(to, from, self.mode)?;
        Ok(())
    }

    fn link(&mut self, from: &Path, to: &str, target: &str) -> Result<(), Failure> {
        if target.starts_with('/') {
            self.build.tree.expect(self.line, to, target);
        } else if !self.build.context.contains_target(from, target) {
            let problem = format!("the link `{}` leads out of the context, to `{target}`", from.display());
            return Err(
                Problem::new(problem, "replace it by the file itself, or leave it out with .dockerignore").into()
            );
        }
        self.build.tree.add(to, Node::Link)?;
        self.layer = std::mem::take(&mut self.layer).symlink(to, target);
        Ok(())
    }

    /// What a directory contains, not the directory itself: Docker's way.
    fn contents(&mut self, source: &Source, to: &str) -> Result<(), Failure> {
        if !self.build.tree.is_directory(to) {
            self.directory(to, 0o755)?;
        }
        let in_context = |relative: &str| match source.relative.as_str() {
            "" => relative.to_owned(),
            base => format!("{base}/{relative}"),
        };
        let entries = walk::walk(&source.path, &|relative| self.build.context.ignore.prunes(&in_context(relative)))?;
        for entry in entries {
            if self.build.context.ignore.excludes(&in_context(&entry.relative)) {
                continue;
            }
            let to = tree::join(to, &entry.relative);
            match &entry.kind {
                Found::Directory => self.directory(&to, self.mode.unwrap_or(0o755))?,
                Found::File => self.file(&entry.path, &to)?,
                Found::Symlink(target) => self.link(&entry.path, &to, target)?,
                Found::Unfit(why) => return Err(entry.unfit(why).into()),
            }
        }
        Ok(())
    }
}

impl Build {
    pub(super) fn copy(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        let mode = flags(&instruction.flags, |word| self.expand(word))?;
        if instruction.arguments.contains("<<") {
            let advice = "write the file into the context and copy it";
            return Err(Problem::new("here-documents are not built here", advice).into());
        }
        let words = match words::json(&instruction.arguments)? {
            Some(words) => words,
            None => words::split(&instruction.arguments, self.escape)?,
        };
        let words: Vec<String> = words.iter().map(|word| self.expand(word)).collect::<Result<_, _>>()?;
        let [patterns @ .., destination] = words.as_slice() else {
            return Err(Problem::new("it has no destination", "write `COPY source destination`").into());
        };
        if patterns.is_empty() {
            return Err(Problem::new("it has no destination", "write `COPY source destination`").into());
        }
        let mut sources = Vec::new();
        for pattern in patterns {
            sources.extend(self.context.find(pattern)?);
        }
        let to = tree::join(&self.working_dir, destination);
        let names_directory = destination.ends_with('/') || destination.ends_with("/.") || destination == ".";
        if sources.len() > 1 && !names_directory {
            let problem = format!("several files are copied, and the destination `{destination}` names no directory");
            return Err(Problem::new(problem, "end the destination with `/`").into());
        }
        let into_directory = names_directory || self.tree.is_directory(&to);
        let created_by = format!("COPY {}", instruction.arguments);
        let layer = Layer::new().created_by(created_by);
        let mut copying = Copying { build: self, line: instruction.line, mode, layer };
        for source in &sources {
            if fs::metadata(&source.path).map_err(|error| IoError::new("read", &source.path, error))?.is_dir() {
                copying.contents(source, &to)?;
            } else if into_directory {
                let name = source.relative.rsplit('/').next().unwrap_or_default();
                copying.file(&source.path, &tree::join(&to, name))?;
            } else {
                copying.file(&source.path, &to)?;
            }
        }
        let layer = copying.layer;
        // An empty directory copied to one that exists changes nothing.
        if !layer.is_empty() {
            self.edit(|builder| builder.layer(layer));
        }
        Ok(())
    }
}

/// The mode that `--chmod` sets. Other flags need what is not built here.
fn flags(
    flags: &[(String, Option<String>)],
    expand: impl Fn(&str) -> Result<String, Problem>,
) -> Result<Option<u32>, Problem> {
    let mut mode = None;
    for (name, value) in flags {
        let value = value.as_deref().map(&expand).transpose()?;
        match (name.as_str(), value.as_deref()) {
            ("chmod", Some(value)) => {
                let octal =
                    u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777 && !value.starts_with('+'));
                let problem = || Problem::new(format!("`{value}` is no mode"), "write octal digits, such as 755");
                mode = Some(octal.ok_or_else(problem)?);
            }
            ("chown", Some("0" | "0:0" | "root" | "root:root")) => {}
            ("chown", _) => {
                return Err(Problem::new(
                    "files belong to root, so that the image is the same on every machine",
                    "remove --chown and let --chmod give the program's user what it needs",
                ));
            }
            // Says only how layers may be reused.
            ("link", None | Some("true" | "false")) => {}
            ("from", _) => {
                return Err(Problem::new(
                    "other stages and images are not built or pulled here",
                    "make the file in the build's commands and copy it from the context",
                ));
            }
            (name, _) => return Err(Problem::new(format!("the flag --{name} is not known here"), "remove it")),
        }
    }
    Ok(mode)
}

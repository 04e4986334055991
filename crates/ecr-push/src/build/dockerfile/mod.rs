//! Builds the Dockerfiles that need no container: `FROM scratch`, and files from the context.
//!
//! `FROM scratch`, `ARG` (with its default), `ENV`, `LABEL`, `COPY [--chmod]`, `WORKDIR`, `USER`, `EXPOSE`, `ENTRYPOINT`
//! and `CMD` are followed as Docker follows them. Everything else is an error that names line and instruction and says what
//! to do instead; nothing is skipped in silence.

mod copy;
mod ignore;
mod parse;
mod tree;
mod words;

use std::{collections::BTreeMap, fs, path::Path};

use self::{
    copy::Context,
    parse::{Instruction, Parsed},
    tree::{Node, Tree},
};
use super::{ImageBuilder, Layer};
use crate::{
    error::{DockerfileError, Error, IoError},
    image::Image,
    manifest::Platform,
};

/// What Docker sets in every Linux image made from scratch.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    problem: String,
    advice: String,
}

impl Problem {
    fn new(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: advice.into() }
    }
}

/// Why an instruction failed: by itself, or because a file could not be read.
#[derive(Debug)]
enum Failure {
    Problem(Problem),
    Error(Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Builds an image from the files below `context`. Both paths are taken as they are, as `docker build -f` does;
/// `.dockerignore` is looked for beside the Dockerfile (`Dockerfile.dockerignore`) and then in the context.
///
/// The same files give the same digest on every machine. COPY reads nothing outside the context.
///
/// # Errors
/// [`Error::Dockerfile`] for what cannot be built this way, [`Error::Io`] if a file cannot be read, [`Error::Build`] if one
/// cannot be put into a layer.
pub fn build(context: &Path, dockerfile: &Path, platform: &Platform) -> Result<Image, Error> {
    let text = read(dockerfile)?;
    let failed = |line, instruction: &str, failure| match failure {
        Failure::Problem(Problem { problem, advice }) => {
            DockerfileError::new(dockerfile, line, instruction, problem, advice).into()
        }
        Failure::Error(error) => error,
    };
    let parsed = parse::parse(&text);
    let Parsed { instructions, escape } =
        parsed.map_err(|(line, instruction, problem)| failed(line, &instruction, problem.into()))?;
    let context = Context::open(context, dockerfile)?;
    let mut build = Build::new(context, escape, platform);
    for instruction in &instructions {
        build.step(instruction).map_err(|failure| failed(instruction.line, &instruction.keyword, failure))?;
    }
    let last = instructions.last().map_or(1, |instruction| instruction.line);
    if !build.started {
        let problem = Problem::new("there is no FROM", "begin with `FROM scratch`");
        return Err(failed(last, "FROM", problem.into()));
    }
    if let Some((line, problem)) = build.tree.dangling() {
        return Err(failed(line, "COPY", problem.into()));
    }
    build.builder.build()
}

/// A Dockerfile or `.dockerignore`; none has a megabyte.
fn read(path: &Path) -> Result<String, Error> {
    const LIMIT: u64 = 1 << 20;
    let io = |error| IoError::new("read", path, error);
    if fs::metadata(path).map_err(io)?.len() > LIMIT {
        let error = std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it has more than a mebibyte");
        return Err(io(error).into());
    }
    Ok(fs::read_to_string(path).map_err(io)?)
}

struct Build {
    context: Context,
    escape: char,
    builder: ImageBuilder,
    started: bool,
    env: BTreeMap<String, String>,
    args: BTreeMap<String, String>,
    /// ARGs before FROM, and what Docker declares by itself; a later `ARG NAME` without default takes its value here.
    outer_args: BTreeMap<String, String>,
    working_dir: String,
    tree: Tree,
}

impl Build {
    fn new(context: Context, escape: char, platform: &Platform) -> Self {
        let variant = platform.variant.clone().unwrap_or_default();
        let outer_args = [
            ("TARGETPLATFORM", platform.to_string()),
            ("TARGETOS", platform.os.clone()),
            ("TARGETARCH", platform.architecture.clone()),
            ("TARGETVARIANT", variant),
        ];
        Self {
            context,
            escape,
            builder: ImageBuilder::new(platform.clone()),
            started: false,
            env: BTreeMap::new(),
            args: BTreeMap::new(),
            outer_args: outer_args.map(|(name, value)| (name.to_owned(), value)).into(),
            working_dir: "/".to_owned(),
            tree: Tree::default(),
        }
    }

    fn step(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        let keyword = instruction.keyword.as_str();
        if !self.started && !matches!(keyword, "FROM" | "ARG") {
            return Err(Problem::new("it stands before FROM", "begin with `FROM scratch`").into());
        }
        if keyword != "COPY"
            && let Some((flag, _)) = instruction.flags.first()
        {
            let advice = if keyword == "FROM" { "remove it; the platform is given to the build" } else { "remove it" };
            return Err(Problem::new(format!("the flag --{flag} is not known here"), advice).into());
        }
        match keyword {
            "FROM" => self.from(&instruction.arguments)?,
            "ARG" => self.arg(&instruction.arguments)?,
            "ENV" => {
                for (name, value) in self.pairs(&instruction.arguments)? {
                    self.set_env(name, value);
                }
            }
            "LABEL" => {
                for (name, value) in self.pairs(&instruction.arguments)? {
                    self.edit(|builder| builder.label(name, value));
                }
            }
            "COPY" => self.copy(instruction)?,
            "WORKDIR" => self.workdir(&instruction.arguments)?,
            "USER" => {
                let user = self.expand(&instruction.arguments)?;
                self.edit(|builder| builder.user(user));
            }
            "EXPOSE" => self.expose(&instruction.arguments)?,
            "ENTRYPOINT" => {
                let command = command(&instruction.arguments)?;
                self.edit(|builder| builder.entrypoint(command));
            }
            "CMD" => {
                let command = command(&instruction.arguments)?;
                self.edit(|builder| builder.cmd(command));
            }
            other => return Err(unsupported(other).into()),
        }
        Ok(())
    }

    fn edit(&mut self, f: impl FnOnce(ImageBuilder) -> ImageBuilder) {
        let builder = std::mem::replace(&mut self.builder, ImageBuilder::new(Platform::linux("")));
        self.builder = f(builder);
    }

    fn from(&mut self, arguments: &str) -> Result<(), Problem> {
        if self.started {
            return Err(Problem::new(
                "a second stage needs a container to build the first",
                "do the work of the first stage in the build's commands and COPY its result",
            ));
        }
        let value = |name: &str| self.outer_args.get(name).cloned();
        let words = words::split(arguments, self.escape)?;
        let words: Vec<String> =
            words.iter().map(|word| words::expand(word, self.escape, &value)).collect::<Result<_, _>>()?;
        let base = match words.as_slice() {
            [base] => base,
            [base, keyword, _] if keyword.eq_ignore_ascii_case("as") => base,
            _ => return Err(Problem::new("it names no single base image", "write `FROM scratch`")),
        };
        if base != "scratch" {
            return Err(Problem::new(
                format!("the base image `{base}` would have to be pulled and run"),
                "begin with `FROM scratch` and COPY a static binary, or build this image with Docker",
            ));
        }
        self.started = true;
        self.set_env("PATH".to_owned(), PATH.to_owned());
        self.edit(|builder| builder.working_dir("/"));
        Ok(())
    }

    fn arg(&mut self, arguments: &str) -> Result<(), Problem> {
        for word in words::split(arguments, self.escape)? {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(self.expand(default)?)),
                None => (word.as_str(), None),
            };
            variable_name(name)?;
            if !self.started {
                self.outer_args.extend(default.map(|value| (name.to_owned(), value)));
            } else if let Some(value) = default.or_else(|| self.outer_args.get(name).cloned()) {
                self.args.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn set_env(&mut self, name: String, value: String) {
        self.edit(|builder| builder.env(&name, &value));
        self.env.insert(name, value);
    }

    /// `name=value …`, or the old `name the whole rest`.
    fn pairs(&self, arguments: &str) -> Result<Vec<(String, String)>, Problem> {
        let words = words::split(arguments, self.escape)?;
        if !words.first().is_some_and(|word| word.contains('=')) {
            let Some((name, value)) = arguments.split_once(char::is_whitespace) else {
                return Err(Problem::new(format!("`{arguments}` has no value"), "write `name=value`"));
            };
            return Ok(vec![(self.expand(name)?, self.expand(value.trim_start())?)]);
        }
        let pair = |word: &String| {
            let Some((name, value)) = word.split_once('=') else {
                return Err(Problem::new(
                    format!("`{word}` has no value"),
                    "write `name=value`, quoted if it has spaces",
                ));
            };
            let name = self.expand(name)?;
            if name.is_empty() {
                return Err(Problem::new(format!("`{word}` has no name"), "write `name=value`"));
            }
            Ok((name, self.expand(value)?))
        };
        // All values are those from before the instruction, so `ENV a=1 b=$a` does not see the new `a`.
        words.iter().map(pair).collect()
    }

    fn workdir(&mut self, arguments: &str) -> Result<(), Failure> {
        self.working_dir = tree::join(&self.working_dir, &self.expand(arguments)?);
        let directory = self.working_dir.clone();
        if self.tree.add(&directory, Node::Directory)? {
            let layer = Layer::new().directory(directory.as_str(), 0o755).created_by(format!("WORKDIR {directory}"));
            self.edit(|builder| builder.layer(layer));
        }
        self.edit(|builder| builder.working_dir(directory));
        Ok(())
    }

    fn expose(&mut self, arguments: &str) -> Result<(), Problem> {
        for word in words::split(arguments, self.escape)? {
            for port in ports(&self.expand(&word)?)? {
                self.edit(|builder| builder.exposed_port(port));
            }
        }
        Ok(())
    }

    fn expand(&self, word: &str) -> Result<String, Problem> {
        // ENV wins over ARG. Before FROM there is neither, but the outer ARGs may refer to one another.
        let value = |name: &str| {
            let outer = (!self.started).then(|| self.outer_args.get(name)).flatten();
            self.env.get(name).or_else(|| self.args.get(name)).or(outer).cloned()
        };
        words::expand(word, self.escape, &value)
    }
}

fn variable_name(name: &str) -> Result<(), Problem> {
    let start = |c: char| c == '_' || c.is_ascii_alphabetic();
    if name.starts_with(start) && name.chars().all(|c| start(c) || c.is_ascii_digit()) {
        return Ok(());
    }
    Err(Problem::new(format!("`{name}` is no name of a variable"), "use letters, digits and `_`"))
}

/// The exec form as it is, the shell form with the shell that Docker takes.
fn command(arguments: &str) -> Result<Vec<String>, Problem> {
    let shell = || ["/bin/sh", "-c", arguments].map(str::to_owned).to_vec();
    words::json(arguments).map(|words| words.unwrap_or_else(shell))
}

/// `8080`, `8080/udp`, `8080-8090/tcp`.
fn ports(text: &str) -> Result<Vec<String>, Problem> {
    let err = || {
        let problem = format!("`{text}` is neither a port nor a range of ports");
        Problem::new(problem, "write `8080`, `8080/udp` or `8080-8090`")
    };
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(err());
    }
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0 && !text.starts_with('+')).ok_or_else(err);
    let range = port(first)?..=port(last)?;
    if range.is_empty() {
        return Err(err());
    }
    Ok(range.map(|port| format!("{port}/{protocol}")).collect())
}

fn unsupported(keyword: &str) -> Problem {
    let (problem, advice) = match keyword {
        "RUN" => (
            "it needs a container to run in",
            "run the command before the image is built, as a command of the buildspec, and COPY its result",
        ),
        "ADD" => (
            "it downloads and unpacks, which is not done here",
            "use COPY; download and unpack before, as a command of the buildspec",
        ),
        "HEALTHCHECK" => {
            ("ECS ignores it, so it would promise what nobody checks", "declare `healthCheck` in the task definition")
        }
        "VOLUME" => ("it is not built here", "declare `volumes` and `mountPoints` in the task definition"),
        "SHELL" => ("it is not built here", "write ENTRYPOINT and CMD in the JSON form"),
        "MAINTAINER" => ("it is deprecated", "write LABEL org.opencontainers.image.authors=…"),
        "STOPSIGNAL" => ("it is not built here", "let the program end on SIGTERM, or build this image with Docker"),
        "ONBUILD" => ("it needs a build on top of this one", "build this image with Docker"),
        _ => ("there is no such instruction", "check its spelling"),
    };
    Problem::new(problem, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_ranges() {
        assert_eq!(ports("8080").unwrap(), ["8080/tcp"]);
        assert_eq!(ports("53/UDP").unwrap(), ["53/udp"]);
        assert_eq!(ports("1-3").unwrap(), ["1/tcp", "2/tcp", "3/tcp"]);
        for text in ["", "0", "65536", "80:80", "3-1", "a", "80/http", "+1", "-", "1-"] {
            assert!(ports(text).is_err(), "{text}");
        }
    }
}

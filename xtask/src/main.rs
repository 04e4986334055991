//! The workspace's own commands, run as `cargo xtask <command>`: one file each.
//!
//! Whatever a rule of the house can be checked by a program is checked here, and `cargo xtask ci` runs all of it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to people")]
#![allow(clippy::disallowed_methods, reason = "a program: its clock and environment are the real ones")]

mod acceptance;
mod chaos;
mod ci;
mod codegen;
mod corpus;
mod crash;
mod crash_pipeline;
mod deps;
mod examples;
mod hostile_builds;
mod lab;
mod licences;
mod measure;
mod metadata;
mod new_provider;
mod new_rule;
mod overhead;
mod peers;
mod rules;
mod scaffold;
mod selection;
mod served;
mod sorted;
mod tidy;
mod verdicts;
mod watch;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use lexopt::{Arg, Parser, ValueExt as _};

use workspace::Workspace;

/// A command: how it is called, what it does, and the function that does it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&Workspace, &Arguments) -> anyhow::Result<()>,
}

/// Sorted by name.
static COMMANDS: &[Command] = &[
    Command {
        name: "acceptance",
        arguments: "<crate|all>",
        summary: "runs what a crate promises against podman, a registry, the AWS CLI and moto, all on this machine",
        run: acceptance::run,
    },
    Command {
        name: "chaos",
        arguments: "<crate> [--rounds N]",
        summary: "breaks connections and kills processes at random, and checks that nothing is left half done",
        run: chaos::run,
    },
    Command {
        name: "ci",
        arguments: "[--quick]",
        summary: "everything a change must pass; --quick leaves out what compiles the AWS SDK",
        run: ci::run,
    },
    Command {
        name: "codegen",
        arguments: "[--check]",
        summary: "writes the generated documentation; --check only compares",
        run: codegen::run,
    },
    Command {
        name: "corpus",
        arguments: "<dir>",
        summary: "runs the checkers over a tree of files, and compares verdicts with oracles beside them",
        run: corpus::run,
    },
    Command {
        name: "crash",
        arguments: "<crate> [--rounds N]",
        summary: "kills what a crate says survives it, hundreds of times unless told otherwise, and looks at what is left",
        run: crash::run,
    },
    Command {
        name: "deps",
        arguments: "",
        summary: "guards what each crate may depend on, and how much",
        run: deps::run,
    },
    Command {
        name: "examples",
        arguments: "",
        summary: "runs every example and compares its exit code",
        run: examples::run,
    },
    Command {
        name: "measure",
        arguments: "<crate>",
        summary: "the memory and time that a crate takes for a job of a known size",
        run: measure::run,
    },
    Command {
        name: "new-provider",
        arguments: "<Category> <Owner> <Provider> <Version>",
        summary: "writes the files of a new action type and its provider",
        run: new_provider::run,
    },
    Command {
        name: "new-rule",
        arguments: "<crate> <rule-name>",
        summary: "writes the files of a new rule and its page",
        run: new_rule::run,
    },
    Command {
        name: "overhead",
        arguments: "",
        summary: "measures how long deploy_service takes beside the deployment itself",
        run: overhead::run,
    },
    Command {
        name: "peers",
        arguments: "<service> [--small]",
        summary: "other people's programs beside ours: pushes (`ecr`, measured unless --small), deployments (`ecs`)",
        run: peers::run,
    },
    Command {
        name: "scaffold",
        arguments: "",
        summary: "runs new-rule and new-provider in a copy of the tree and checks what they wrote",
        run: scaffold::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        summary: "guards the rules of the house that no other tool knows",
        run: tidy::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let done = if arguments.next().is_some_and(|first| first == lab::INSIDE) {
        lab::inside(arguments).map(|code| ExitCode::from(u8::try_from(code).unwrap_or(1)))
    } else {
        dispatch().map(|()| ExitCode::SUCCESS)
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> anyhow::Result<()> {
    let mut parser = Parser::from_env();
    let name = match parser.next()? {
        None | Some(Arg::Short('h') | Arg::Long("help")) => {
            print!("{}", help());
            return Ok(());
        }
        Some(Arg::Value(name)) if name == "help" => {
            print!("{}", help());
            return Ok(());
        }
        Some(Arg::Value(name)) => name.string()?,
        Some(argument) => return Err(argument.unexpected().into()),
    };
    let command = COMMANDS
        .iter()
        .find(|command| command.name == name)
        .with_context(|| format!("there is no command `{name}`; `cargo xtask --help` lists them"))?;
    match Arguments::read(command, parser)? {
        Some(arguments) => (command.run)(&Workspace::find()?, &arguments),
        None => {
            println!("cargo xtask {} {}\n\n{}", command.name, command.arguments, command.summary);
            Ok(())
        }
    }
}

fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <command>\n\n");
    let width = COMMANDS.iter().map(|command| command.name.len() + command.arguments.len()).max().unwrap_or(0);
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text += &format!("  {call:<width$}  {}\n", command.summary, width = width + 1);
    }
    text
}

/// The arguments of one command, already checked against what it declares.
struct Arguments {
    values: Vec<String>,
    flags: Vec<String>,
    /// Flags with a value, such as `--rounds 100`.
    options: Vec<(String, String)>,
}

impl Arguments {
    /// `None` if help was asked for.
    fn read(command: &Command, mut parser: Parser) -> anyhow::Result<Option<Self>> {
        let mut arguments = Self { values: Vec::new(), flags: Vec::new(), options: Vec::new() };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                Arg::Long(flag) if command.arguments.contains(&format!("[--{flag}]")) => {
                    arguments.flags.push(flag.to_owned());
                }
                Arg::Long(option) if command.arguments.contains(&format!("[--{option} ")) => {
                    let option = option.to_owned();
                    arguments.options.push((option, parser.value()?.string()?));
                }
                Arg::Value(value) => arguments.values.push(value.string()?),
                argument => return Err(argument.unexpected().into()),
            }
        }
        let wanted = command.arguments.matches('<').count();
        if arguments.values.len() != wanted {
            bail!("usage: cargo xtask {} {}", command.name, command.arguments);
        }
        Ok(Some(arguments))
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The value of an option, if it was given.
    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The values, as many as the command declares.
    fn values<const N: usize>(&self) -> anyhow::Result<[&str; N]> {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        <[&str; N]>::try_from(values)
            .map_err(|values| anyhow::anyhow!("expected {N} arguments, found {}", values.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_listed() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        for command in COMMANDS {
            assert!(help().contains(command.name) && help().contains(command.summary));
        }
    }

    #[test]
    fn arguments_are_checked() {
        let command = |name| COMMANDS.iter().find(|command| command.name == name).unwrap();
        let read = |name, given: &[&str]| Arguments::read(command(name), Parser::from_args(given));
        assert!(read("ci", &["--quick"]).unwrap().unwrap().has("quick"));
        assert!(read("ci", &["--fast"]).is_err());
        assert!(read("ci", &["now"]).is_err());
        assert_eq!(read("chaos", &["ecr", "--rounds", "7"]).unwrap().unwrap().option("rounds"), Some("7"));
        assert!(read("chaos", &["ecr", "--rounds"]).is_err());
        assert!(read("new-rule", &["buildspec"]).is_err());
        let arguments = read("new-rule", &["buildspec", "no-tabs"]).unwrap().unwrap();
        assert_eq!(arguments.values().unwrap(), ["buildspec", "no-tabs"]);
        let arguments = read("crash", &["appspec", "--rounds", "7"]).unwrap().unwrap();
        assert_eq!((arguments.values().unwrap(), arguments.option("rounds")), (["appspec"], Some("7")));
        assert!(read("crash", &["appspec", "--rounds"]).is_err());
        assert!(read("new-rule", &["--help"]).unwrap().is_none());
    }
}

//! Deploys a bundle to a directory of this machine as the CodeDeploy agent would deploy it to a host, but so that the
//! directory has the old application or the new one, whole, whatever happens.
//!
//!     cargo run -p examples --example local_deploy -- --root /tmp/host examples/host
//!     cargo run -p examples --example local_deploy -- --root /tmp/host --dry-run bundle.tgz
//!     cargo run -p examples --example local_deploy -- --root /tmp/host --rollback
//!
//! With `--json` the last line is `{"outcome":"succeeded|failed|rolled-back","events":[…]}`. `rolled-back` is a deployment
//! that failed and whose predecessor runs again. A `--rollback` is a deployment of the good revision before, so one that
//! works has `succeeded`.
//!
//! Exit code: 0 for a deployment that succeeded, 1 for one that did not, 2 when it could not begin, 130 after Ctrl-C, which
//! undoes it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("error: deployments to this machine need Linux");
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> std::process::ExitCode {
    linux::main().await
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::{Path, PathBuf};
    use std::process::ExitCode;
    use std::sync::Arc;

    use anyhow::Context;
    use appspec::host::{Bundle, BundleKind, Cancel, Event, Host, Options};
    use appspec::model::server::FileExistsBehavior;
    use aws_call::{SystemClock, SystemIds};
    use clap::Parser;
    use serde_json::{Value, json};

    /// Deploys a bundle to a directory of this machine.
    #[derive(Parser)]
    #[command(version)]
    struct Arguments {
        /// The bundle: a directory, or a tar, tgz or zip archive
        #[arg(required_unless_present_any = ["rollback", "recover"])]
        bundle: Option<PathBuf>,
        /// The host's root directory; made if it is not there. / is this machine
        #[arg(long, value_name = "DIR")]
        root: PathBuf,
        /// The form of the bundle, if it is not what it looks like: directory, tar, tgz or zip
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<BundleKind>,
        /// The AppSpec's name in the bundle
        #[arg(long, value_name = "NAME")]
        app_spec: Option<String>,
        /// The deployment group's id
        #[arg(long, value_name = "ID")]
        group: Option<String>,
        /// Lifecycle events to go through, in order, in place of all
        #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
        events: Option<Vec<String>>,
        /// What happens to files in the way: DISALLOW, OVERWRITE or RETAIN; the AppSpec's own word wins
        #[arg(long, value_name = "BEHAVIOR", value_parser = ["DISALLOW", "OVERWRITE", "RETAIN"])]
        file_exists_behavior: Option<String>,
        /// Revisions to keep
        #[arg(long, value_name = "NUMBER")]
        keep: Option<usize>,
        /// Only print what would be done
        #[arg(long)]
        dry_run: bool,
        /// Deploy the good revision before the one that is installed
        #[arg(long, conflicts_with_all = ["bundle", "dry_run"])]
        rollback: bool,
        /// Only put right what an interrupted deployment has left
        #[arg(long, conflicts_with_all = ["bundle", "dry_run", "rollback"])]
        recover: bool,
        /// End with the result as one line of JSON
        #[arg(long)]
        json: bool,
    }

    pub(crate) async fn main() -> ExitCode {
        let arguments = Arguments::parse();
        let cancel = Cancel::new();
        let flag = cancel.clone();
        examples::on_ctrl_c(move || flag.cancel());
        let json = arguments.json;
        match tokio::task::spawn_blocking(move || run(&arguments, &cancel)).await {
            Ok(Ok(code)) => code,
            Ok(Err(error)) => {
                if json {
                    end("failed", &[json!({"type": "error", "message": format!("{error:#}")})]);
                }
                eprintln!("error: {error:#}");
                ExitCode::from(2)
            }
            Err(_) => ExitCode::from(2),
        }
    }

    fn options(arguments: &Arguments) -> Options {
        let mut options = Options::default();
        if let Some(group) = &arguments.group {
            options = options.with_group(group.clone(), "LocalFleet", group.clone());
        }
        if let Some(events) = &arguments.events {
            options = options.with_events(events.clone());
        }
        if let Some(name) = &arguments.app_spec {
            options = options.with_app_spec(name.clone());
        }
        if let Some(behavior) = &arguments.file_exists_behavior {
            options = options.with_file_exists_behavior(FileExistsBehavior::from(behavior.clone()));
        }
        options.with_keep(arguments.keep.unwrap_or(Options::default().keep))
    }

    fn run(arguments: &Arguments, cancel: &Cancel) -> anyhow::Result<ExitCode> {
        std::fs::create_dir_all(&arguments.root).with_context(|| arguments.root.display().to_string())?;
        let options = options(arguments);
        let host = Host::new(&arguments.root, Arc::new(SystemClock), Arc::new(SystemIds));
        let mut events = Vec::new();
        let mut tell = |event: Event| {
            if arguments.json {
                events.push(json!(event));
            } else {
                println!("{event}");
            }
        };
        if arguments.recover {
            let found = host.recover(&options)?;
            if arguments.json {
                end("succeeded", &found.iter().map(|kind| json!(kind)).collect::<Vec<_>>());
            }
            return Ok(ExitCode::SUCCESS);
        }
        let bundle = arguments.bundle.as_deref().map(|path| bundle(path, arguments.kind)).transpose()?;
        if let (true, Some(bundle)) = (arguments.dry_run, &bundle) {
            return dry_run(&host, bundle, &options, arguments.json);
        }
        let deployment = match &bundle {
            Some(bundle) => host.install(bundle, &options, cancel, &mut tell)?,
            None => host.roll_back(&options, cancel, &mut tell)?,
        };
        if let Some(failure) = &deployment.failure {
            eprintln!("error: {}: {}", failure.event, failure.message);
            let (event, message) = (&failure.event, &failure.message);
            let code = failure.code.map(appspec::host::ScriptCode::number);
            events.push(json!({"type": "failed", "event": event, "code": code, "message": message}));
        }
        match arguments.json {
            true => end(&deployment.outcome.to_string(), &events),
            false => println!("{} {}", deployment.id, deployment.outcome),
        }
        Ok(match &deployment.failure {
            None => ExitCode::SUCCESS,
            Some(failure) if failure.cancelled => ExitCode::from(130),
            Some(_) => ExitCode::FAILURE,
        })
    }

    fn bundle(path: &Path, kind: Option<BundleKind>) -> anyhow::Result<Bundle> {
        Ok(kind.map_or_else(|| Bundle::detect(path), |kind| Ok(Bundle::new(path, kind)))?)
    }

    fn dry_run(host: &Host, bundle: &Bundle, options: &Options, json: bool) -> anyhow::Result<ExitCode> {
        let scratch = tempfile::tempdir()?;
        let plan = host.plan(bundle, options, &scratch.path().join("bundle"))?;
        if json {
            let steps = plan.instructions.iter().map(|step| json!({"type": "instruction", "text": step.to_string()}));
            let problems = plan.problems.iter().map(|problem| json!({"type": "problem", "message": problem.message}));
            let outcome = if plan.is_blocked() { "failed" } else { "succeeded" };
            end(outcome, &steps.chain(problems).collect::<Vec<_>>());
        } else {
            print!("{plan}");
            plan.problems.iter().for_each(|problem| eprintln!("error: {}", problem.message));
        }
        Ok(if plan.is_blocked() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn end(outcome: &str, events: &[Value]) {
        println!("{{\"outcome\":{},\"events\":{}}}", json!(outcome), json!(events));
    }
}

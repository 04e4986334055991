//! Makes a repository of ECR what it should be: creates it if it is missing, changes what differs, and nothing else. Without
//! `--apply` it only says what it would do, and which images a lifecycle policy would remove.
//!
//!     cargo run -p examples --example ensure_repository -- shop/web --immutable --scan-on-push
//!     cargo run -p examples --features aws --example ensure_repository -- shop/web --policy policy.json --apply --json
//!
//! Without the feature `aws` it works on an empty account in memory, which shows what a first run would do.
//!
//! With `--json` one line, `{"repository", "applied", "steps": [text], "findings": [text], "removes": [{"digest", "tags",
//! "rule", "action"}]}`.
//!
//! Exit code: 0, 1 when a document is one that ECR refuses or ECR refuses a step, 2 when a file cannot be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use aws_call::{Clock as _, SystemClock};
use clap::Parser;
use ecr_push::RepositoryName;
use ecr_push::client::{Encryption, Inspections, TagMutability, TagRule};
use ecr_push::repository::{Account, Fate, LifecyclePolicy, Place, Plan, Policy, Wanted, ensure, found, preview};
use serde_json::json;

/// Makes a repository what it should be.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Its name, such as shop/web
    repository: RepositoryName,
    /// Tags cannot be moved
    #[arg(long)]
    immutable: bool,
    /// Pattern of tags for which it is the other way round, such as latest*
    #[arg(long, value_name = "PATTERN")]
    except: Vec<String>,
    /// Scan images when they are pushed
    #[arg(long)]
    scan_on_push: bool,
    /// Encrypt with this key of KMS; `aws/ecr` for ECR's own
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Tag of the repository
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
    /// File with the policy of the repository
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// File with the lifecycle policy
    #[arg(long, value_name = "FILE")]
    lifecycle: Option<PathBuf>,
    /// Do it, instead of only saying what would be done
    #[arg(long)]
    apply: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = match wanted(&arguments) {
        Ok(wanted) => wanted,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments, &wanted).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn wanted(arguments: &Arguments) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted::new(arguments.repository.clone());
    if arguments.immutable || !arguments.except.is_empty() {
        let all = if arguments.immutable { TagMutability::Immutable } else { TagMutability::Mutable };
        let rule = arguments.except.iter().fold(TagRule::new(all), |rule, pattern| rule.except(pattern));
        wanted = wanted.with_tag_rule(rule);
    }
    if arguments.scan_on_push {
        wanted = wanted.with_scan_on_push(true);
    }
    if let Some(key) = &arguments.kms_key {
        wanted = wanted.with_encryption(Encryption::Kms((key != "aws/ecr").then(|| key.clone())));
    }
    for (key, value) in &arguments.tag {
        wanted = wanted.with_tag(key, value);
    }
    if let Some(path) = &arguments.policy {
        wanted = wanted.with_policy(Policy::read(&read(path)?)?);
    }
    if let Some(path) = &arguments.lifecycle {
        wanted = wanted.with_lifecycle(LifecyclePolicy::read(&read(path)?)?);
    }
    Ok(wanted)
}

async fn run(arguments: &Arguments, wanted: &Wanted) -> anyhow::Result<()> {
    let client = client().await?;
    let account = Account::new(Arc::clone(&client));
    let findings = wanted.policy.iter().flat_map(|policy| policy.findings(Place::Repository));
    let findings: Vec<String> = findings.map(|finding| finding.to_string()).collect();
    let before = found(&account, wanted).await?;
    let removes: Vec<Fate> = match &wanted.lifecycle {
        Some(policy) if before.settings.is_some() => {
            preview(policy, &client.images(&wanted.name).await?, SystemClock.now())
        }
        _ => Vec::new(),
    };
    let plan = if arguments.apply { ensure(&account, wanted).await? } else { Plan::of(wanted, &before)? };
    if arguments.json {
        let line = json!({
            "repository": plan.repository, "applied": arguments.apply, "steps": plan.steps,
            "findings": findings, "removes": removes,
        });
        println!("{line}");
        return Ok(());
    }
    let word = if arguments.apply { "done" } else { "would" };
    plan.steps.iter().for_each(|step| println!("{word}: {step}"));
    if plan.steps.is_empty() {
        println!("{} is as it should be", plan.repository);
    }
    findings.iter().for_each(|finding| println!("policy: {finding}"));
    for fate in removes {
        println!(
            "rule {} takes {} ({})",
            fate.rule,
            fate.digest,
            fate.tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(())
}

#[cfg(feature = "aws")]
async fn client() -> anyhow::Result<Arc<ecr_push::client::Ecr>> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    Ok(Arc::new(ecr_push::client::Ecr::new(aws_sdk_ecr::Client::new(&config))))
}

/// An account in memory without a repository.
#[cfg(not(feature = "aws"))]
async fn client() -> anyhow::Result<Arc<ecr_push::client::MemoryRegistry>> {
    let (account, region) = ("123456789012".parse()?, "eu-central-1".parse()?);
    let ids = Arc::new(aws_call::SystemIds);
    Ok(Arc::new(ecr_push::client::MemoryRegistry::new(account, &region, Arc::new(SystemClock), ids)))
}

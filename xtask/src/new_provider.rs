//! `cargo xtask new-provider <Category> <Owner> <Provider> <Version>`: what CodePipeline knows of an action type
//! (`pipeline-model`), and what runs it here (`pipeline-runner`).
//!
//! Either file may be there already: the catalogue knows more action types than this machine can run. What is written
//! compiles, and the provider fails until it does something: never a false success.

use anyhow::{Context as _, bail};

use crate::{
    Arguments,
    scaffold::{camel_case, formatted, snake_case},
    sorted::{self, Slice},
    workspace::Workspace,
};

const ACTIONS: &str = "crates/pipeline-model/src/actions";
const PROVIDERS: &str = "crates/pipeline-runner/src/providers";
const CATEGORIES: &[&str] = &["Approval", "Build", "Compute", "Deploy", "Invoke", "Source", "Test"];
const OWNERS: &[&str] = &["AWS", "Custom", "ThirdParty"];

/// Category, owner, provider and version, in the order by which the catalogue is sorted.
type Id<'a> = [&'a str; 4];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    write(workspace, arguments.values()?)?;
    println!("next: fill in both files; `cargo test -p pipeline-model -p pipeline-runner --all-features` tests them");
    Ok(())
}

/// Writes whichever of the two files is missing, with its entries in the lists.
pub(crate) fn write(workspace: &Workspace, id: Id<'_>) -> anyhow::Result<()> {
    let [category, owner, provider, version] = id;
    for (word, known) in [(category, CATEGORIES), (owner, OWNERS)] {
        if !known.contains(&word) {
            bail!("`{word}` is none of {}", known.join(", "));
        }
    }
    let name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_ .".contains(c));
    if !name(provider) || !provider.starts_with(|c: char| c.is_ascii_alphabetic()) || !name(version) {
        bail!(
            "`{provider}` and `{version}` must be a provider's name and its version, such as `ServiceCatalog` and `1`"
        );
    }
    let module = format!("{}_{}", category.to_lowercase(), snake_case(provider));
    let (action, runner) = (format!("{ACTIONS}/{module}.rs"), format!("{PROVIDERS}/{module}.rs"));
    let (known, runs) = (workspace.path(&action).exists(), workspace.path(&runner).exists());
    if known && runs {
        bail!("{action} and {runner} exist already");
    }
    if !known {
        let list = workspace.read(format!("{ACTIONS}/mod.rs"))?;
        let id_of = |entry: &str| {
            let module = sorted::module_of_entry(entry);
            workspace.read(format!("{ACTIONS}/{module}.rs")).ok().and_then(|text| type_name(&text))
        };
        let listed = with_action(&list, &module, id, id_of)?;
        workspace.create(&action, &formatted(workspace, &action_source(&module, id))?)?;
        workspace.write(format!("{ACTIONS}/mod.rs"), &formatted(workspace, &listed)?)?;
    }
    if !runs {
        let list = workspace.read(format!("{PROVIDERS}/mod.rs"))?;
        let listed = with_provider(&list, &module)?;
        workspace.create(&runner, &formatted(workspace, &provider_source(&module, id))?)?;
        workspace.write(format!("{PROVIDERS}/mod.rs"), &formatted(workspace, &listed)?)?;
    }
    println!("added `{module}` to the lists");
    Ok(())
}

/// The catalogue with the new type: it is sorted by the types' ids, which stand in the files.
fn with_action(
    list: &str,
    module: &str,
    id: Id<'_>,
    id_of: impl Fn(&str) -> Option<[String; 4]>,
) -> anyhow::Result<String> {
    let declared = sorted::with_module(list, module)?;
    let slice = Slice::find(&declared, "BUILTIN").context("crates/pipeline-model/src/actions/mod.rs")?;
    let entry = format!("&{module}::{}", camel_case(module));
    Ok(slice
        .with_entry(&entry, |existing| id_of(existing).is_some_and(|other| other.each_ref().map(String::as_str) > id)))
}

fn with_provider(list: &str, module: &str) -> anyhow::Result<String> {
    let declared = sorted::with_module(list, module)?;
    let slice = Slice::find(&declared, "BUILTIN").context("crates/pipeline-runner/src/providers/mod.rs")?;
    Ok(slice.with_entry(&format!("{module}::provider"), |existing| sorted::module_of_entry(existing) > module))
}

/// The id that an action type's file declares.
fn type_name(text: &str) -> Option<[String; 4]> {
    let arguments = |start: &str| {
        let rest = &text[text.find(start)? + start.len()..];
        let strings = rest[..rest.find(')')?].split('"').skip(1).step_by(2).map(str::to_owned);
        Some(strings.collect::<Vec<_>>())
    };
    match arguments("TypeName::aws(").as_deref() {
        Some([category, provider]) => Some([category.clone(), "AWS".to_owned(), provider.clone(), "1".to_owned()]),
        _ => arguments("TypeName::new(")?.try_into().ok(),
    }
}

fn action_source(module: &str, [category, owner, provider, version]: Id<'_>) -> String {
    let type_name = camel_case(module);
    let id = if owner == "AWS" && version == "1" {
        format!("TypeName::aws(\"{category}\", \"{provider}\")")
    } else {
        format!("TypeName::new(\"{category}\", \"{owner}\", \"{provider}\", \"{version}\")")
    };
    // A source has nothing to take in, everything else works on something.
    let (inputs, outputs, artifact) = if category == "Source" {
        ("0..=0", "1..=1", "outputArtifacts:\n  - name: SourceOutput\n")
    } else {
        ("1..=1", "0..=0", "inputArtifacts:\n  - name: SourceOutput\n")
    };
    format!(
        "//! `{category}/{owner}/{provider}/{version}`: TODO: what it does.

use std::ops::RangeInclusive;

use super::{{ActionType, ConfigKey, TypeName}};

/// TODO: what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct {type_name};

impl ActionType for {type_name} {{
    fn id(&self) -> TypeName<'_> {{
        {id}
    }}

    fn summary(&self) -> &'static str {{
        \"TODO: what it does.\"
    }}

    fn inputs(&self) -> RangeInclusive<usize> {{
        {inputs}
    }}

    fn outputs(&self) -> RangeInclusive<usize> {{
        {outputs}
    }}

    fn config(&self) -> &'static [ConfigKey] {{
        const {{ &[ConfigKey::required(\"Target\", \"TODO: each key, sorted by name.\")] }}
    }}

    fn permissions(&self) -> &'static [&'static str] {{
        &[]
    }}

    fn example(&self) -> &'static str {{
        r#\"name: {category}
actionTypeId:
  category: {category}
  owner: {owner}
  provider: {provider}
  version: \"{version}\"
{artifact}configuration:
  Target: shop
\"#
    }}
}}
"
    )
}

fn provider_source(module: &str, [category, owner, provider, version]: Id<'_>) -> String {
    let type_name = camel_case(module);
    format!(
        "//! `{category}/{owner}/{provider}/{version}`: TODO: what stands in for it on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use pipeline_model::model::ActionTypeId;

use crate::backends::Backends;
use crate::job::{{ActionJob, ActionOutcome, ActionProvider, JobContext}};

pub(super) fn provider(_: &Backends) -> Arc<dyn ActionProvider> {{
    Arc::new({type_name})
}}

#[derive(Debug)]
struct {type_name};

#[async_trait]
impl ActionProvider for {type_name} {{
    fn action_types(&self) -> Vec<ActionTypeId> {{
        vec![ActionTypeId::new(\"{category}\", \"{owner}\", \"{provider}\", \"{version}\")]
    }}

    async fn run(&self, job: ActionJob, cx: &JobContext) -> ActionOutcome {{
        if let Err(outcome) = job.check_required() {{
            return outcome;
        }}
        cx.log(&format!(\"{{}}: nothing is done yet\", job.action));
        ActionOutcome::failed(\"this provider is only a scaffold: crates/pipeline-runner/src/providers/{module}.rs\")
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! Types.\n\nmod deploy_ecs;\nmod deploy_s3;\nmod source_github;\n\npub static BUILTIN: &[&dyn ActionType] = &[\n    \
        &deploy_ecs::DeployEcs,\n    &deploy_s3::DeployS3,\n    &source_github::SourceGitHub,\n];\n";

    fn id_of(entry: &str) -> Option<[String; 4]> {
        let id = match sorted::module_of_entry(entry) {
            "deploy_ecs" => ["Deploy", "AWS", "ECS", "1"],
            "deploy_s3" => ["Deploy", "AWS", "S3", "1"],
            "source_github" => ["Source", "ThirdParty", "GitHub", "1"],
            _ => return None,
        };
        Some(id.map(str::to_owned))
    }

    #[test]
    fn takes_its_place_by_id() {
        for (id, before) in [
            (["Deploy", "AWS", "Harbour", "1"], "&deploy_s3::DeployS3"),
            (["Deploy", "Custom", "Alpha", "1"], "&source_github::SourceGitHub"),
            (["Approval", "AWS", "Z", "1"], "&deploy_ecs::DeployEcs"),
        ] {
            let module = format!("{}_{}", id[0].to_lowercase(), snake_case(id[2]));
            let text = with_action(LIST, &module, id, id_of).unwrap();
            let entry = format!("&{module}::{},\n    {before},", camel_case(&module));
            assert!(text.contains(&entry), "{text}");
            assert!(text.contains(&format!("mod {module};\n")));
        }
    }

    #[test]
    fn ids_are_read_from_the_sources() {
        for id in [["Deploy", "AWS", "ServiceCatalog", "1"], ["Source", "ThirdParty", "GitHub", "2"]] {
            let read = type_name(&action_source("x_y", id)).unwrap();
            assert_eq!(read.each_ref().map(String::as_str), id);
        }
        assert_eq!(type_name("fn main() {}"), None);
    }

    #[test]
    fn providers_are_sorted_by_file() {
        let list = "mod a_b;\n\nstatic BUILTIN: &[Make] = &[\n    a_b::provider,\n];\n";
        let text = with_provider(list, "deploy_x").unwrap();
        assert!(text.contains("    a_b::provider,\n    deploy_x::provider,\n"), "{text}");
    }

    /// Never a false success: what is not written yet must not pass for done.
    #[test]
    fn a_scaffolded_provider_fails() {
        let source = provider_source("deploy_x", ["Deploy", "AWS", "X", "1"]);
        assert!(source.contains("ActionOutcome::failed(") && !source.contains("succeeded"));
    }
}

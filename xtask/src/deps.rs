//! `cargo xtask deps`: guards what each crate may depend on.
//!
//! A reader of build specifications must not compile the AWS SDK, and no crate may know those above it. Both hold only as
//! long as something checks them: features unify, and one careless line brings in a hundred crates.

use std::collections::BTreeSet;

use crate::{
    Arguments,
    metadata::{self, Edges, Package},
    selection::Selection,
    workspace::Workspace,
};

/// The floor of each member: a crate depends only on crates of lower floors.
const FLOORS: &[(&str, u8)] = &[
    ("appspec", 2),
    ("aws-call", 1),
    ("benches", 5),
    ("buildspec", 2),
    ("ecr-push", 2),
    ("ecs-taskdef", 2),
    ("examples", 5),
    ("pipeline-model", 3),
    ("pipeline-runner", 4),
    ("sdk-tests", 5),
    ("spec-report", 1),
    ("xtask", 5),
];

/// Edges between crates of one floor, each decided and each optional: who depends, on what. The reason belongs into
/// `docs/decisions/`.
const SIDEWAYS: &[(&str, &str)] = &[];

/// Crates that read and check without doing anything: no async runtime in their default builds.
const RUNTIME_FREE: &[&str] = &["appspec", "buildspec", "pipeline-model", "spec-report"];

/// The most crates that a build without features may compile, itself included.
const MOST_CRATES: &[(&str, usize)] = &[("buildspec", 25)];

/// Never in any build: the SDK's legacy HTTP stack, which its default features would bring.
const NEVER: &[&str] = &["hyper v0.14.", "rustls v0.21."];

pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<()> {
    check(workspace)
}

/// All guards; every breach is printed.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let members = metadata::members(workspace)?;
    let mut breaches = floors(&members, FLOORS, SIDEWAYS);
    for member in members.iter().filter(|member| member.name != "sdk-tests") {
        let plain = metadata::tree(workspace, &["--package", &member.name], Edges::Shipped)?;
        let features = member.features_without_sdk().join(",");
        let without_sdk =
            metadata::tree(workspace, &["--package", &member.name, "--features", &features], Edges::Shipped)?;
        breaches.extend(sdk_free(&member.name, &plain));
        breaches.extend(sdk_free(&member.name, &without_sdk));
        breaches.extend(runtime_free(&member.name, &plain));
        breaches.extend(small(&member.name, plain.len()));
        println!(
            "{:<16} {:>3} crates, {:>3} with all features but the SDK",
            member.name,
            plain.len(),
            without_sdk.len()
        );
    }
    let whole = ["--workspace", "--all-features"];
    breaches.extend(never(&metadata::tree(workspace, &whole, Edges::WithTests)?));
    breaches.extend(one_sdk(workspace, &members)?);
    breaches.dedup();
    for breach in &breaches {
        eprintln!("{breach}");
    }
    anyhow::ensure!(breaches.is_empty(), "{} guarded dependencies are broken", breaches.len());
    Ok(())
}

/// Which edges go up or sideways. Dev-dependencies may: tests are not shipped.
fn floors(members: &[Package], floors: &[(&str, u8)], sideways: &[(&str, &str)]) -> Vec<String> {
    let floor = |name: &str| floors.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let mut breaches = Vec::new();
    for member in members {
        let Some(own) = floor(&member.name) else {
            breaches.push(format!("`{}` has no floor: add it to FLOORS in xtask/src/deps.rs", member.name));
            continue;
        };
        for edge in member.dependencies.iter().filter(|edge| !edge.dev) {
            let Some(below) = floor(&edge.name) else { continue };
            let decided = sideways.contains(&(member.name.as_str(), edge.name.as_str()));
            if below < own || (below == own && decided && edge.optional) {
                continue;
            }
            breaches.push(if below == own && decided {
                format!("`{}` may depend on `{}` only as an optional dependency", member.name, edge.name)
            } else {
                format!(
                    "`{}` (floor {own}) depends on `{}` (floor {below}): only lower floors may be known",
                    member.name, edge.name
                )
            });
        }
    }
    breaches
}

fn sdk_free(package: &str, tree: &BTreeSet<String>) -> Option<String> {
    let found = tree.iter().find(|name| name.starts_with("aws-") && !name.starts_with("aws-call "))?;
    Some(format!(
        "`{package}` compiles `{found}` without its feature `sdk`; `cargo tree -p {package} -i {}` tells why",
        name_of(found)
    ))
}

fn runtime_free(package: &str, tree: &BTreeSet<String>) -> Option<String> {
    let found = tree.iter().find(|name| name.starts_with("tokio "))?;
    RUNTIME_FREE
        .contains(&package)
        .then(|| format!("`{package}` compiles `{found}` without any feature; it must do without a runtime"))
}

fn small(package: &str, crates: usize) -> Option<String> {
    let (_, most) = MOST_CRATES.iter().find(|(name, _)| *name == package)?;
    (crates > *most)
        .then(|| format!("`{package}` compiles {crates} crates without features, at most {most} are allowed"))
}

fn never(tree: &BTreeSet<String>) -> Vec<String> {
    let banned = |name: &&String| NEVER.iter().any(|banned| name.starts_with(banned));
    let breach = |name: &String| {
        format!(
            "`{name}` is in the tree: some AWS crate has its default features on; `cargo tree --workspace --all-features -i {}` tells which",
            name_of(name)
        )
    };
    tree.iter().filter(banned).map(breach).collect()
}

/// Whether every step of `cargo xtask ci` that compiles the SDK does so with the same features: each further set of them
/// costs minutes.
fn one_sdk(workspace: &Workspace, members: &[Package]) -> anyhow::Result<Vec<String>> {
    let sdk = metadata::tree(workspace, &["--package", "sdk-tests"], Edges::Shipped)?;
    let (adapters, all) = (Selection::with_sdk(members), ["--workspace", "--all-features"]);
    let tested = metadata::tree_with_features(workspace, &all, Edges::WithTests)?;
    let mut breaches = Vec::new();
    for (name, selection, edges) in [
        ("cargo doc --workspace --all-features", all.to_vec(), Edges::Shipped),
        ("cargo test --workspace", vec!["--workspace"], Edges::WithTests),
        ("clippy of the SDK adapters", adapters.arguments(&[]), Edges::Shipped),
    ] {
        let tree = metadata::tree_with_features(workspace, &selection, edges)?;
        for (part, on) in differing(&sdk, &tested, &tree) {
            breaches.push(format!("the SDK is compiled twice: `{name}` does not turn on `{on}` of `{part}`; add that to crates/sdk-tests/Cargo.toml"));
        }
    }
    Ok(breaches)
}

/// The crates among `parts` that have other features in one tree than in the other, with those of the first.
fn differing<'a>(
    parts: &BTreeSet<String>,
    one: &'a BTreeSet<(String, String)>,
    other: &'a BTreeSet<(String, String)>,
) -> Vec<(&'a str, &'a str)> {
    let part = |name: &str| parts.contains(name) && !name.starts_with("sdk-tests ");
    one.difference(other).filter(|(name, _)| part(name)).map(|(name, on)| (name.as_str(), on.as_str())).collect()
}

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::tests::synthetic;

    #[test]
    fn tables_are_sorted() {
        assert!(FLOORS.is_sorted() && SIDEWAYS.is_sorted() && RUNTIME_FREE.is_sorted() && NEVER.is_sorted());
    }

    #[test]
    fn edges_go_down() {
        const TABLE: &[(&str, u8)] = &[("base", 1), ("left", 2), ("right", 2), ("top", 3)];
        for (name, dependencies, decided, expected) in [
            ("top", &["left", "right", "base", "serde"][..], false, None),
            ("left", &["base"], false, None),
            ("left", &["right!", "top!"], false, None),
            ("base", &["left"], false, Some("only lower floors")),
            ("left", &["right"], false, Some("only lower floors")),
            ("left", &["right?"], false, Some("only lower floors")),
            ("left", &["right?"], true, None),
            ("left", &["right"], true, Some("only as an optional")),
            ("base", &["right?"], true, Some("only lower floors")),
            ("new", &[], false, Some("has no floor")),
        ] {
            let sideways: &[(&str, &str)] = if decided { &[("base", "right"), ("left", "right")] } else { &[] };
            let breaches = floors(&[synthetic(name, dependencies)], TABLE, sideways);
            match expected {
                None => assert!(breaches.is_empty(), "{breaches:?}"),
                Some(words) => {
                    assert!(breaches.len() == 1 && breaches[0].contains(words), "{name} {dependencies:?}: {breaches:?}")
                }
            }
        }
    }

    fn tree(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_set_of_features_is_another_build() {
        let parts = tree(&["tokio v1.0.0", "memchr v2.0.0"]);
        let with = |tokio: &str| {
            [("tokio v1.0.0", tokio), ("memchr v2.0.0", "std"), ("tar v0.4.0", tokio)]
                .map(|(name, on)| (name.to_owned(), on.to_owned()))
                .into()
        };
        assert_eq!(differing(&parts, &with("rt,time"), &with("rt")), [("tokio v1.0.0", "rt,time")]);
        assert!(differing(&parts, &with("rt"), &with("rt")).is_empty());
    }

    #[test]
    fn trees_are_guarded() {
        let clean = tree(&["aws-call v0.1.0", "serde v1.0.0", "tokio-util v0.7.0", "hyper v1.6.0"]);
        assert_eq!((sdk_free("x", &clean), runtime_free("buildspec", &clean), never(&clean)), (None, None, vec![]));
        assert!(sdk_free("x", &tree(&["aws-smithy-types v1.9.1"])).is_some());
        assert!(runtime_free("buildspec", &tree(&["tokio v1.54.0"])).is_some());
        assert!(runtime_free("pipeline-runner", &tree(&["tokio v1.54.0"])).is_none());
        assert_eq!(never(&tree(&["hyper v0.14.30", "rustls v0.21.12", "rustls v0.23.1"])).len(), 2);
        assert!(small("buildspec", 26).is_some() && small("buildspec", 25).is_none() && small("other", 99).is_none());
    }
}

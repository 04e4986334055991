//! What cargo knows about the workspace: packages, their dependencies and features, and trees of crates.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

use crate::workspace::{self, Workspace};

/// A package as `cargo metadata` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// An edge of the graph, as the manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) optional: bool,
    pub(crate) dev: bool,
}

impl Package {
    /// The features that do not lead to the AWS SDK, neither here nor in a dependency.
    pub(crate) fn features_without_sdk(&self) -> Vec<&str> {
        self.features
            .keys()
            .filter(|feature| !self.leads_to_sdk(feature, &mut BTreeSet::new()))
            .map(String::as_str)
            .collect()
    }

    fn leads_to_sdk<'a>(&'a self, feature: &'a str, seen: &mut BTreeSet<&'a str>) -> bool {
        let of_sdk = |name: &str| name.starts_with("aws-") && name != "aws-call";
        if !seen.insert(feature) {
            return false;
        }
        feature == "sdk"
            || feature.ends_with("/sdk")
            || feature.strip_prefix("dep:").is_some_and(of_sdk)
            || feature.split_once('/').is_some_and(|(name, _)| of_sdk(name.trim_end_matches('?')))
            || self.features.get(feature).is_some_and(|leads| leads.iter().any(|next| self.leads_to_sdk(next, seen)))
    }
}

/// The members of the workspace, sorted by name.
pub(crate) fn members(workspace: &Workspace) -> anyhow::Result<Vec<Package>> {
    let text = workspace::output(&mut workspace.cargo(["metadata", "--format-version=1", "--no-deps"]))?;
    packages(&text)
}

/// Every package of the lock file that this machine can compile, sorted by name.
pub(crate) fn everything(workspace: &Workspace) -> anyhow::Result<Vec<Package>> {
    packages(&workspace::output(&mut workspace.cargo(["metadata", "--format-version=1", "--all-features"]))?)
}

/// Reads the answer of `cargo metadata`.
pub(crate) fn packages(metadata: &str) -> anyhow::Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(metadata).context("cargo metadata is not JSON")?;
    let list = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let mut packages = list.iter().map(package).collect::<anyhow::Result<Vec<_>>>()?;
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(packages)
}

fn package(value: &Value) -> anyhow::Result<Package> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let dependency = |value: &Value| {
        Some(Dependency {
            name: text(&value["name"])?,
            optional: value["optional"].as_bool()?,
            dev: value["kind"] == "dev",
        })
    };
    let features =
        value["features"].as_object().into_iter().flatten().map(|(feature, leads)| {
            (feature.clone(), leads.as_array().into_iter().flatten().filter_map(text).collect())
        });
    Ok(Package {
        name: text(&value["name"]).context("a package without name")?,
        version: text(&value["version"]).context("a package without version")?,
        licence: text(&value["license"]),
        dependencies: value["dependencies"].as_array().into_iter().flatten().filter_map(dependency).collect(),
        features: features.collect(),
    })
}

/// Which edges of the graph count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edges {
    /// What a user of the crates compiles.
    Shipped,
    /// What their tests need, too.
    WithTests,
}

impl Edges {
    const fn argument(self) -> &'static str {
        match self {
            Self::Shipped => "normal,build",
            Self::WithTests => "normal,build,dev",
        }
    }
}

/// The crates that a call of cargo with this selection compiles, each as `name vX.Y.Z`.
pub(crate) fn tree(workspace: &Workspace, selection: &[&str], edges: Edges) -> anyhow::Result<BTreeSet<String>> {
    Ok(tree_with_features(workspace, selection, edges)?.into_iter().map(|(name, _)| name).collect())
}

/// The same, each with the features that are on in it. A crate is there twice if what is compiled for this machine and
/// what only runs while compiling differ.
pub(crate) fn tree_with_features(
    workspace: &Workspace,
    selection: &[&str],
    edges: Edges,
) -> anyhow::Result<BTreeSet<(String, String)>> {
    let form = ["--edges", edges.argument(), "--prefix", "none", "--format", "{p}|{f}"];
    let text = workspace::output(&mut workspace.cargo(["tree"].iter().chain(selection).chain(&form)))?;
    Ok(text
        .lines()
        .filter_map(|line| {
            let (name, features) = line.split_once('|')?;
            Some((crate_of_line(name)?, features.trim_end_matches(" (*)").to_owned()))
        })
        .collect())
}

/// `serde v1.0.0 (proc-macro)` is `serde v1.0.0`.
fn crate_of_line(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    Some(format!("{} {}", words.next()?, words.next()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A package with these dependencies; `?` at the end makes one optional, `!` a dev-dependency.
    pub(crate) fn synthetic(name: &str, dependencies: &[&str]) -> Package {
        let dependency = |text: &&str| Dependency {
            name: text.trim_end_matches(['?', '!']).to_owned(),
            optional: text.ends_with('?'),
            dev: text.ends_with('!'),
        };
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            licence: None,
            dependencies: dependencies.iter().map(dependency).collect(),
            features: BTreeMap::new(),
        }
    }

    #[test]
    fn reads_metadata() {
        let read = packages(
            r#"{"packages": [{
                "name": "b", "version": "1.0.0", "license": "MIT",
                "dependencies": [
                    {"name": "x", "optional": true, "kind": null},
                    {"name": "y", "optional": false, "kind": "dev"}
                ],
                "features": {"sdk": ["dep:aws-sdk-ecr"]}
            }, {"name": "a", "version": "1.0.0", "license": null, "dependencies": [], "features": {}}]}"#,
        )
        .unwrap();
        assert_eq!(read.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read[1].licence.as_deref(), Some("MIT"));
        assert_eq!(read[1].dependencies, synthetic("b", &["x?", "y!"]).dependencies);
        assert!(packages("{}").is_err());
    }

    #[test]
    fn features_that_lead_to_the_sdk() {
        let mut package = synthetic("examples", &[]);
        for (feature, leads) in [
            ("aws", &["dep:aws-config", "ecr-push/sdk"][..]),
            ("https", &["sdk"]),
            ("live", &["https"]),
            ("local", &["dep:tokio"]),
            ("memory", &["aws-call/system"]),
            ("runtime", &["aws-smithy-types?/test-util"]),
            ("sdk", &["dep:aws-sdk-ecr"]),
            ("tested", &["memory", "tested"]),
        ] {
            package.features.insert(feature.to_owned(), leads.iter().map(ToString::to_string).collect());
        }
        assert_eq!(package.features_without_sdk(), ["local", "memory", "tested"]);
    }

    #[test]
    fn lines_of_the_tree() {
        for (line, expected) in [
            ("serde_derive v1.0.229 (proc-macro)", Some("serde_derive v1.0.229")),
            ("aws-call v0.1.0 (/somewhere/aws-call)", Some("aws-call v0.1.0")),
            ("", None),
        ] {
            assert_eq!(crate_of_line(line).as_deref(), expected);
        }
    }
}

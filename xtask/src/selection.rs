//! Which packages a call of cargo is about, and with which features.

use std::collections::BTreeSet;

use crate::metadata::Package;

/// Packages that need the SDK whatever their features.
const WITH_SDK: &[&str] = &["sdk-tests"];

/// Packages that are no libraries for others.
const PROGRAMS: &[&str] = &["benches", "examples", "sdk-tests", "xtask"];

/// The members that others depend on.
pub(crate) fn libraries(members: &[Package]) -> impl Iterator<Item = &Package> {
    members.iter().filter(|member| !PROGRAMS.contains(&member.name.as_str()))
}

/// Packages and their features, as arguments for cargo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) packages: BTreeSet<String>,
    features: BTreeSet<String>,
}

impl Selection {
    /// The libraries that have this feature, with it alone.
    pub(crate) fn with_feature(members: &[Package], feature: &str) -> Self {
        let with = libraries(members).filter(|member| member.features.contains_key(feature));
        let mut selection = Self::default();
        for member in with {
            selection.packages.insert(member.name.clone());
            selection.features.insert(format!("{}/{feature}", member.name));
        }
        selection
    }

    /// Everything that compiles without the SDK, with every feature that does.
    pub(crate) fn without_sdk(members: &[Package]) -> Self {
        let mut selection = Self::default();
        for member in members.iter().filter(|member| !WITH_SDK.contains(&member.name.as_str())) {
            selection.packages.insert(member.name.clone());
            selection
                .features
                .extend(member.features_without_sdk().iter().map(|feature| format!("{}/{feature}", member.name)));
        }
        selection
    }

    /// The libraries with their SDK adapters and nothing else, compiled with the SDK that all steps share.
    pub(crate) fn with_sdk(members: &[Package]) -> Self {
        let mut selection = Self::with_feature(members, "sdk");
        selection.packages.extend(WITH_SDK.iter().map(ToString::to_string));
        selection
    }

    pub(crate) fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments: Vec<&str> =
            self.packages.iter().flat_map(|package| ["--package", package.as_str()]).collect();
        arguments.extend(self.features.iter().flat_map(|feature| ["--features", feature.as_str()]));
        arguments.extend(more);
        arguments
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metadata::tests::synthetic;

    /// A small workspace.
    pub(crate) fn members() -> Vec<Package> {
        let with = |name: &str, features: &[&str]| {
            let mut package = synthetic(name, &[]);
            package.features = features.iter().map(|feature| ((*feature).to_owned(), Vec::new())).collect();
            package
        };
        vec![
            with("buildspec", &["local", "memory", "sdk"]),
            with("examples", &["memory"]),
            with("sdk-tests", &[]),
            with("spec-report", &["render"]),
            with("xtask", &[]),
        ]
    }

    #[test]
    fn selections() {
        let members = members();
        assert_eq!(
            Selection::with_feature(&members, "local").arguments(&["--lib"]),
            ["--package", "buildspec", "--features", "buildspec/local", "--lib"]
        );
        let quick = Selection::without_sdk(&members);
        assert!(!quick.packages.contains("sdk-tests") && quick.packages.contains("xtask"));
        assert_eq!(
            quick.features.iter().collect::<Vec<_>>(),
            ["buildspec/local", "buildspec/memory", "examples/memory", "spec-report/render"]
        );
        let sdk = Selection::with_sdk(&members);
        assert_eq!(sdk.packages.iter().collect::<Vec<_>>(), ["buildspec", "sdk-tests"]);
        assert_eq!(sdk.features.iter().collect::<Vec<_>>(), ["buildspec/sdk"]);
    }
}

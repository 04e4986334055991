//! Random deployments, one after the other, against an installation that is too simple to be wrong: a map in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use appspec::model::server::FileExistsBehavior;
use proptest::prelude::*;

use super::Site;

/// `None` is a directory.
type Tree = BTreeMap<String, Option<String>>;

#[derive(Clone, Debug, Default)]
struct Naive {
    tree: Tree,
    owned: Vec<String>,
    retained: BTreeSet<String>,
}

impl Naive {
    fn deploy(&self, bundle: &BTreeMap<String, String>, behavior: &FileExistsBehavior) -> Option<Self> {
        let mut new = Self { tree: self.tree.clone(), ..Self::default() };
        for path in self.owned.iter().rev() {
            let has_children = new.tree.keys().any(|other| other.starts_with(&format!("{path}/")));
            if !has_children {
                new.tree.remove(path);
            }
        }
        let mut directories = BTreeSet::from(["app".to_owned()]);
        for path in bundle.keys() {
            let path = format!("app/{path}");
            directories.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        }
        for path in directories {
            match new.tree.get(&path) {
                Some(Some(_)) => return None,
                Some(None) => {}
                None => {
                    new.tree.insert(path.clone(), None);
                    new.owned.push(path);
                }
            }
        }
        for (path, content) in bundle {
            let path = format!("app/{path}");
            match (new.tree.get(&path), behavior) {
                (Some(None), _) => return None,
                (Some(_), FileExistsBehavior::Overwrite) | (None, _) => {
                    new.tree.insert(path.clone(), Some(content.clone()));
                    new.owned.push(path);
                }
                (Some(_), _) if *behavior == FileExistsBehavior::Retain || self.retained.contains(&path) => {
                    new.retained.insert(path);
                }
                (Some(_), _) => return None,
            }
        }
        Some(new)
    }
}

fn paths() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "d/a", "d/b", "d/e/f", "g", "g/h", "i/j/k"]).prop_map(str::to_owned)
}

/// Files such that no path is a file and a directory.
fn files() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(paths(), "[a-z]{0,3}", 0..6).prop_map(|mut files| {
        if files.contains_key("g/h") {
            files.remove("g");
        }
        files
    })
}

fn behaviors() -> impl Strategy<Value = FileExistsBehavior> {
    use FileExistsBehavior::{Disallow, Overwrite, Retain};
    prop::sample::select(vec![Disallow, Overwrite, Retain])
}

fn actual(site: &Site) -> Tree {
    let entry = |(path, mode, content): (String, u32, String)| {
        let is_directory = mode & 0o170_000 == 0o040_000;
        (path, (!is_directory).then_some(content))
    };
    site.tree().into_iter().map(entry).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    #[test]
    fn the_host_is_what_a_map_would_be(
        foreign in files(),
        deployments in prop::collection::vec((files(), behaviors(), any::<bool>()), 1..5),
    ) {
        let mut site = Site::new();
        let mut naive = Naive::default();
        for (path, content) in &foreign {
            site.write(&format!("app/{path}"), content);
        }
        naive.tree = actual(&site);
        for (number, (files, behavior, fails)) in deployments.into_iter().enumerate() {
            let mut rest = "files:\n  - source: web\n    destination: /app\n".to_owned();
            if fails {
                rest += "hooks:\n  ValidateService:\n    - location: no\n";
            }
            let files: BTreeMap<String, String> = files;
            let list: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("web/{path}"), text.as_str())).collect();
            let mut list: Vec<(&str, &str)> = list.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            list.push(("no", "exit 1\n"));
            let bundle = site.bundle(&format!("bundle-{number}"), &rest, &list);
            fs::create_dir_all(bundle.join("web")).unwrap();
            site.options = site.options.clone().with_file_exists_behavior(behavior.clone());
            let before = site.tree();
            let ended = site.deploy(&bundle);
            match naive.deploy(&files, &behavior) {
                Some(expected) if !fails => {
                    prop_assert!(ended.is_success(), "{:?}", ended);
                    prop_assert_eq!(actual(&site), expected.tree.clone());
                    naive = expected;
                }
                _ => {
                    prop_assert!(!ended.is_success());
                    prop_assert_eq!(site.tree(), before);
                }
            }
        }
    }
}

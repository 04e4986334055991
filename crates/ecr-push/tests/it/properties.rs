//! Properties against naive oracles: references print and parse back, layers do not depend on order, and a tar reader that is
//! not ours finds in them what was put in.

use std::collections::BTreeMap;

use ecr_push::{Digest, ImageRef, Layer, Platform, RepositoryName, Tag, dockerfile};
use proptest::prelude::*;

use crate::context::{diff_id, entries, files};

fn reference() -> impl Strategy<Value = String> {
    let host = "([a-z0-9]{1,5}\\.[a-z]{2,4}|localhost)(:[1-9][0-9]{0,3})?";
    let repository = "[a-z0-9]{2,6}([._-][a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,5}(__[a-z0-9]{1,3})?){0,2}";
    let tag = "(:[A-Za-z0-9_][A-Za-z0-9._-]{0,10})?";
    (host, repository, tag, proptest::option::of(any::<[u8; 4]>())).prop_map(|(host, repository, tag, digest)| {
        let digest = digest.map(|seed| format!("@{}", Digest::of(&seed))).unwrap_or_default();
        format!("{host}/{repository}{tag}{digest}")
    })
}

/// Relative paths whose parts never are both file and directory: files end in `.f`, directories do not.
fn path() -> impl Strategy<Value = String> {
    (proptest::collection::vec("[a-zA-Z0-9_é-]{1,60}", 0..5), "[a-z0-9ü -]{0,110}")
        .prop_map(|(parents, name)| parents.into_iter().chain([format!("{name}.f")]).collect::<Vec<_>>().join("/"))
}

type Tree = BTreeMap<String, (Vec<u8>, u32)>;

fn tree() -> impl Strategy<Value = Tree> {
    let content = proptest::collection::vec(0x20..0x7f_u8, 0..1500);
    proptest::collection::btree_map(path(), (content, prop_oneof![Just(0o644_u32), Just(0o755), Just(0o600)]), 0..12)
}

fn layer(files: impl IntoIterator<Item = (String, (Vec<u8>, u32))>) -> Layer {
    files.into_iter().fold(Layer::new(), |layer, (path, (content, mode))| layer.file(path, content, mode))
}

proptest! {
    #[test]
    fn references_print_what_they_parsed(text in reference()) {
        let image = ImageRef::parse(&text).unwrap();
        prop_assert_eq!(image.to_string(), text);
        prop_assert_eq!(serde_json::from_str::<ImageRef>(&serde_json::to_string(&image).unwrap()).unwrap(), image);
    }

    #[test]
    fn parsers_do_not_panic(text in "\\PC{0,40}", noise in any::<Vec<u8>>()) {
        if let Ok(image) = ImageRef::parse(&text) {
            prop_assert_eq!(ImageRef::parse(&image.to_string()).unwrap(), image);
        }
        let _ = (Tag::parse(&text), RepositoryName::parse(&text), Digest::parse(&text), Platform::parse(&text));
        let _ = ecr_push::manifest::RawManifest::parse(noise, None);
    }

    #[test]
    fn repositories_follow_the_documented_expression(text in "[a-z0-9._/-]{0,12}") {
        // The service's expression, walked through character by character.
        let valid = text.len() >= 2 && text.split('/').all(|part| {
            let mut separators = part.split(|c: char| c.is_ascii_alphanumeric()).filter(|s| !s.is_empty());
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.ends_with(|c: char| c.is_ascii_alphanumeric())
                && separators.all(|s| s == "." || s == "_" || s == "__" || s.chars().all(|c| c == '-'))
        });
        prop_assert_eq!(RepositoryName::parse(&text).is_ok(), valid, "{}", text);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 5))]

    #[test]
    fn layers_hold_what_was_put_in(tree in tree()) {
        let built = layer(tree.clone()).build().unwrap();
        prop_assert_eq!(diff_id(built.blob()), built.diff_id());
        prop_assert_eq!(built.blob().verify().unwrap(), built.blob().digest());
        let found = entries(built.blob());
        let paths: Vec<&String> = found.iter().map(|(path, _, _)| path).collect();
        prop_assert!(paths.iter().is_sorted_by_key(|path| path.trim_end_matches('/')), "{:?}", paths);
        let read: Tree = found
            .iter()
            .filter(|(path, _, _)| !path.ends_with('/'))
            .map(|(path, mode, content)| (path.clone(), (content.clone().into_bytes(), *mode)))
            .collect();
        for (path, _, _) in &found {
            for (at, _) in path.trim_end_matches('/').match_indices('/') {
                prop_assert!(paths.contains(&&path[..=at].to_owned()), "the parent of {} is there", path);
            }
        }
        prop_assert_eq!(read, tree);
    }

    #[test]
    fn order_and_spelling_do_not_matter(tree in tree(), slashes in any::<bool>()) {
        let forward = layer(tree.clone()).build().unwrap();
        let spelled = tree.into_iter().rev().map(|(path, file)| {
            (if slashes { format!("/./{}", path.replace('/', "//")) } else { path }, file)
        });
        let backward = layer(spelled).build().unwrap();
        prop_assert_eq!(forward.blob().digest(), backward.blob().digest());
        prop_assert_eq!(forward.diff_id(), backward.diff_id());
    }
}

proptest! {
    #[test]
    fn dockerfiles_do_not_panic(lines in proptest::collection::vec(
        "(FROM scratch|ENV|ARG|COPY|LABEL|CMD|EXPOSE|WORKDIR|USER|#)?[ \t]?[-a$\\{}:+'\"\\[\\]=/.*\\\\ ]{0,12}", 0..6,
    )) {
        let context = files(&[("a", "x"), ("Dockerfile", &format!("FROM scratch\n{}", lines.join("\n")))]);
        let _ = dockerfile::build(context.path(), &context.path().join("Dockerfile"), &Platform::linux("amd64"));
    }
}

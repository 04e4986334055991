//! The catalogue against a table that was written from the documentation and from what the service answered, and against
//! the page that is made of it.

use pipeline_model::ActionTypeId;
use pipeline_model::actions::{Catalogue, page};

/// Category, owner, provider, the first type of pipeline that takes it (`?`: not known), inputs, outputs, required keys.
const FACTS: &str = include_str!("providers.tsv");

#[test]
fn the_catalogue_says_what_the_table_says() {
    let catalogue = Catalogue::builtin();
    let mut wrong = Vec::new();
    for line in FACTS.lines() {
        let [category, owner, provider, pipelines, inputs, outputs, required] =
            line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("seven columns: {line}");
        };
        let Some(kind) = catalogue.find(&ActionTypeId::new(category, owner, provider, "1")) else {
            wrong.push(format!("{category}/{owner}/{provider} is not in the catalogue"));
            continue;
        };
        let range = |range: std::ops::RangeInclusive<usize>| format!("{}-{}", range.start(), range.end());
        let mut keys: Vec<&str> = kind.config().iter().filter(|key| key.required).map(|key| key.name).collect();
        keys.sort_unstable();
        let pipelines = if pipelines == "?" { kind.v2_only() } else { pipelines == "V2" };
        let said = (kind.v2_only(), range(kind.inputs()), range(kind.outputs()), keys.join(" "));
        let known = (pipelines, inputs.to_owned(), outputs.to_owned(), required.to_owned());
        if said != known {
            wrong.push(format!("{}: the catalogue says {said:?}, the table {known:?}", kind.id()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(FACTS.lines().count(), catalogue.iter().count(), "a type of the catalogue is not in the table");
}

#[test]
fn the_page_is_what_the_catalogue_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept.ends_with(&page(&Catalogue::builtin())),
        "docs/providers.md is not what `cargo run -p examples --example pipeline_check -- --action-types` prints: write it there"
    );
}

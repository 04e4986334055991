//! The catalogue is sorted, complete and true to its own examples.

use pipeline_model::actions::{ActionType, BUILTIN, Catalogue, ConfigKey, TypeName};
use pipeline_model::conformance;
use pipeline_model::{ActionTypeId, check_with, read};
use spec_report::Levels;

use crate::{SOURCE, declaration};

#[test]
fn the_list_is_sorted() {
    let ids: Vec<_> = BUILTIN.iter().map(|kind| kind.id()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

#[test]
fn every_builtin_type_conforms() {
    let failures: Vec<String> = BUILTIN
        .iter()
        .filter_map(|kind| conformance::action_type_in(*kind, &Catalogue::builtin()).err())
        .flatten()
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn artifact_bounds_are_those_of_the_service() {
    // Category, provider, inputs, outputs.
    let table = [
        ("Approval", "Manual", 0..=0, 0..=0),
        ("Build", "CodeBuild", 1..=5, 0..=5),
        ("Compute", "Commands", 1..=10, 0..=1),
        ("Deploy", "CloudFormation", 0..=10, 0..=1),
        ("Deploy", "CodeDeploy", 1..=1, 0..=0),
        ("Deploy", "CodeDeployToECS", 1..=5, 0..=0),
        ("Deploy", "ECS", 1..=1, 0..=0),
        ("Deploy", "Lambda", 0..=1, 0..=0),
        ("Invoke", "Lambda", 0..=5, 0..=5),
        ("Invoke", "StepFunctions", 0..=1, 0..=1),
        ("Source", "CodeStarSourceConnection", 0..=0, 1..=1),
        ("Test", "CodeBuild", 1..=5, 0..=5),
    ];
    for (category, provider, inputs, outputs) in table {
        let catalogue = Catalogue::builtin();
        let kind = catalogue.find(&ActionTypeId::new(category, "AWS", provider, "1")).unwrap();
        assert_eq!((kind.inputs(), kind.outputs()), (inputs, outputs), "{provider}");
    }
}

#[derive(Clone, Debug)]
struct Announce;

impl ActionType for Announce {
    fn id(&self) -> TypeName<'_> {
        TypeName::new("Invoke", "Custom", "Announce", "2")
    }
    fn summary(&self) -> &'static str {
        "Tells the team."
    }
    fn inputs(&self) -> std::ops::RangeInclusive<usize> {
        0..=0
    }
    fn outputs(&self) -> std::ops::RangeInclusive<usize> {
        0..=0
    }
    fn config(&self) -> &'static [ConfigKey] {
        const { &[ConfigKey::required("Channel", "Where to."), ConfigKey::optional("Text", "What to say.")] }
    }
    fn permissions(&self) -> &'static [&'static str] {
        &[]
    }
    fn example(&self) -> &'static str {
        "name: Announce\nactionTypeId:\n  category: Invoke\n  owner: Custom\n  provider: Announce\n  version: \"2\"\nconfiguration:\n  Channel: harbour\n"
    }
}

#[test]
fn a_program_adds_its_own_type() {
    conformance::action_type(&Announce).unwrap();
    let announce = r#"  - name: Tell
    actions:
      - name: Announce
        actionTypeId: {category: Invoke, owner: Custom, provider: Announce, version: "2"}
        configuration: {Chanel: harbour}
"#;
    let reading = read("pipeline.yaml", &declaration("", &format!("{SOURCE}{announce}")));
    let known = check_with(&reading, &Catalogue::builtin().with(Announce), &Levels::default());
    let messages: Vec<_> = known.iter().filter(|found| found.rule.name().contains("configuration")).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let unknown = check_with(&reading, &Catalogue::builtin(), &Levels::default());
    assert!(!unknown.has_errors(), "a custom type is not judged: {unknown:?}");
}

#[test]
fn the_suite_finds_what_is_wrong() {
    #[derive(Clone, Debug)]
    struct Sloppy;
    impl ActionType for Sloppy {
        fn id(&self) -> TypeName<'_> {
            TypeName::new("Invoke", "Custom", "Sloppy", "1")
        }
        fn summary(&self) -> &'static str {
            ""
        }
        fn inputs(&self) -> std::ops::RangeInclusive<usize> {
            1..=1
        }
        fn outputs(&self) -> std::ops::RangeInclusive<usize> {
            0..=0
        }
        fn config(&self) -> &'static [ConfigKey] {
            const { &[ConfigKey::required("Z", "z"), ConfigKey::required("A", "a")] }
        }
        fn permissions(&self) -> &'static [&'static str] {
            &["everything"]
        }
        fn example(&self) -> &'static str {
            "name: X\nactionTypeId: {category: Invoke, owner: Custom, provider: Sloppy, version: \"1\"}\n"
        }
    }
    let failures = conformance::action_type(&Sloppy).unwrap_err();
    for part in ["not sorted", "summary is empty", "everything", "not accepted"] {
        assert!(failures.iter().any(|failure| failure.contains(part)), "{part}: {failures:#?}");
    }
}

//! Functions of templates against an evaluator too simple to be wrong, and any bytes as a template.

use std::collections::BTreeSet;

use pipeline_model::format::cloudformation::{as_written, to_yaml};
use pipeline_model::{ReadOptions, Values, check, read, read_with};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};
use spec_report::{Levels, Source};

use crate::exercise;

/// The parameters `P0` to `P3` and their values.
const VALUES: [&str; 4] = ["red", "a-b-c", "", "x"];
/// The texts of the mapping, by its two keys.
const MAPPING: [[&str; 2]; 2] = [["north", "south"], ["1", "0010"]];
/// What parameters are compared with.
const COMPARED: [&str; 3] = ["red", "x", "blue"];

/// An expression.
#[derive(Clone, Debug)]
enum Expr {
    Text(String),
    Ref(usize),
    /// Texts and parameters, one after the other; names of the expression's own after them.
    Sub(Vec<(String, usize)>, Vec<Self>),
    Join(String, Vec<Self>),
    Select(Index, Vec<Self>),
    /// One part of a text, if it has that many.
    Part(usize, Box<Self>),
    If(Cond, Box<Self>, Box<Self>),
    FindInMap(usize, usize),
    Base64(Box<Self>),
}

/// A condition.
#[derive(Clone, Debug)]
enum Cond {
    Equals(usize, usize),
    Not(Box<Self>),
    All(bool, Vec<Self>),
}

impl Cond {
    fn holds(&self, values: &[&str]) -> bool {
        match self {
            Self::Equals(parameter, with) => values[*parameter] == COMPARED[*with],
            Self::Not(inner) => !inner.holds(values),
            Self::All(and, inner) if *and => inner.iter().all(|inner| inner.holds(values)),
            Self::All(_, inner) => inner.iter().any(|inner| inner.holds(values)),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Equals(parameter, with) => json!({"Fn::Equals": [{"Ref": format!("P{parameter}")}, COMPARED[*with]]}),
            Self::Not(inner) => json!({"Fn::Not": [inner.json()]}),
            Self::All(and, inner) => {
                let name = if *and { "Fn::And" } else { "Fn::Or" };
                json!({name: inner.iter().map(Self::json).collect::<Vec<_>>()})
            }
        }
    }
}

impl Expr {
    fn value(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Ref(parameter) => VALUES[*parameter].to_owned(),
            Self::Sub(parts, own) => {
                let parts = parts.iter().map(|(text, parameter)| format!("{text}{}", VALUES[*parameter]));
                parts.chain(own.iter().map(Self::value)).collect()
            }
            Self::Join(separator, items) => items.iter().map(Self::value).collect::<Vec<_>>().join(separator),
            Self::Select(index, items) => items[index.index(items.len())].value(),
            Self::Part(at, inner) => {
                let value = inner.value();
                let parts: Vec<&str> = value.split('-').collect();
                parts[at % parts.len()].to_owned()
            }
            Self::If(condition, then, otherwise) => {
                if condition.holds(&VALUES) {
                    then.value()
                } else {
                    otherwise.value()
                }
            }
            Self::FindInMap(top, second) => MAPPING[*top][*second].to_owned(),
            Self::Base64(inner) => base64(inner.value().as_bytes()),
        }
    }

    /// As it is written; conditions get names on the way.
    fn json(&self, conditions: &mut Vec<Json>) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Ref(parameter) => json!({"Ref": format!("P{parameter}")}),
            Self::Sub(parts, own) => {
                let mut text: String =
                    parts.iter().map(|(text, parameter)| format!("{text}${{P{parameter}}}")).collect();
                let mut names = serde_json::Map::new();
                for (at, expr) in own.iter().enumerate() {
                    text += &format!("${{Own{at}}}");
                    names.insert(format!("Own{at}"), expr.json(conditions));
                }
                if own.is_empty() { json!({"Fn::Sub": text}) } else { json!({"Fn::Sub": [text, names]}) }
            }
            Self::Join(separator, items) => {
                json!({"Fn::Join": [separator, items.iter().map(|item| item.json(conditions)).collect::<Vec<_>>()]})
            }
            Self::Select(index, items) => {
                let at = index.index(items.len());
                json!({"Fn::Select": [at, items.iter().map(|item| item.json(conditions)).collect::<Vec<_>>()]})
            }
            Self::Part(at, inner) => {
                let at = at % inner.value().split('-').count();
                json!({"Fn::Select": [at.to_string(), {"Fn::Split": ["-", inner.json(conditions)]}]})
            }
            Self::If(condition, then, otherwise) => {
                conditions.push(condition.json());
                let name = format!("C{}", conditions.len() - 1);
                json!({"Fn::If": [name, then.json(conditions), otherwise.json(conditions)]})
            }
            Self::FindInMap(top, second) => json!({"Fn::FindInMap": ["M", format!("T{top}"), format!("S{second}")]}),
            Self::Base64(inner) => json!({"Fn::Base64": inner.json(conditions)}),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut text: String = bits
        .as_bytes()
        .chunks(6)
        .map(|bits| {
            let six = bits.iter().chain(b"00000").take(6).fold(0, |sum, bit| sum * 2 + usize::from(*bit == b'1'));
            char::from(LETTERS[six])
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn cond() -> impl Strategy<Value = Cond> {
    let leaf = (0..2_usize, 0..COMPARED.len()).prop_map(|(parameter, with)| Cond::Equals(parameter * 3, with));
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Cond::Not(Box::new(inner))),
            (any::<bool>(), prop::collection::vec(inner, 2..4)).prop_map(|(and, inner)| Cond::All(and, inner)),
        ]
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    // Without what `Fn::Sub` would take for a name.
    let text = "[a-zA-Z0-9:/. _-]{0,8}";
    let leaf = prop_oneof![
        text.prop_map(Expr::Text),
        select(vec!["yes", "0010", "true", "~", "1e3", "2010-09-09"]).prop_map(|text| Expr::Text(text.to_owned())),
        (0..VALUES.len()).prop_map(Expr::Ref),
        (0..2_usize, 0..2_usize).prop_map(|(top, second)| Expr::FindInMap(top, second)),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (prop::collection::vec((text, 0..VALUES.len()), 0..3), prop::collection::vec(inner.clone(), 0..3))
                .prop_map(|(parts, own)| Expr::Sub(parts, own)),
            ("[-,/]{0,2}", list.clone()).prop_map(|(separator, items)| Expr::Join(separator, items)),
            (any::<Index>(), list).prop_map(|(index, items)| Expr::Select(index, items)),
            (0..4_usize, inner.clone()).prop_map(|(at, inner)| Expr::Part(at, Box::new(inner))),
            (cond(), inner.clone(), inner.clone()).prop_map(|(cond, then, otherwise)| Expr::If(
                cond,
                Box::new(then),
                Box::new(otherwise)
            )),
            inner.prop_map(|inner| Expr::Base64(Box::new(inner))),
        ]
    })
}

/// A template with these conditions, whose build stage has these actions.
fn template(parameters: &Json, conditions: &[Json], actions: &[Json]) -> String {
    let conditions: serde_json::Map<String, Json> =
        conditions.iter().enumerate().map(|(at, condition)| (format!("C{at}"), condition.clone())).collect();
    let mapping: serde_json::Map<String, Json> =
        (0..2).map(|top| (format!("T{top}"), json!({"S0": MAPPING[top][0], "S1": MAPPING[top][1]}))).collect();
    json!({
        "Parameters": parameters, "Mappings": {"M": mapping}, "Conditions": conditions,
        "Resources": {"P": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {
            "Name": "shop", "RoleArn": "r", "Stages": [{"Name": "S", "Actions": actions}],
        }}},
    })
    .to_string()
}

proptest! {
    #[test]
    fn functions_have_the_value_of_the_naive_evaluator(expr in expr()) {
        let mut conditions = Vec::new();
        let configuration = json!({"Key": expr.json(&mut conditions)});
        let parameters: serde_json::Map<String, Json> =
            VALUES.iter().enumerate().map(|(at, value)| (format!("P{at}"), json!({"Type": "String", "Default": value}))).collect();
        let action = json!({"Name": "A", "ActionTypeId": {}, "Configuration": configuration});
        let text = template(&json!(parameters), &conditions, &[action]);
        let reading = read("template.json", &text);
        let yaml = to_yaml(&as_written(&reading.document).unwrap());
        for reading in [reading, read("template.yaml", &yaml)] {
            let declaration = &reading.declarations[0];
            prop_assert!(declaration.unresolved.is_empty(), "{:?}\n{}", declaration.unresolved, yaml);
            prop_assert_eq!(declaration.worlds().count(), 1);
            let value = declaration.pipeline.stages[0].actions[0].config("Key");
            prop_assert_eq!(value.map(str::to_owned), Some(expr.value()), "{}", yaml);
        }
    }

    #[test]
    fn worlds_are_those_that_some_values_make(conditions in prop::collection::vec(cond(), 1..5)) {
        let actions: Vec<Json> = (0..conditions.len())
            .map(|at| json!({"Fn::If": [format!("C{at}"), {"Name": format!("A{at}"), "ActionTypeId": {}}, {"Ref": "AWS::NoValue"}]}))
            .collect();
        let parameters = json!({"P0": {"Type": "String"}, "P3": {"Type": "String"}});
        let written: Vec<Json> = conditions.iter().map(Cond::json).collect();
        let text = template(&parameters, &written, &actions);
        let reading = read("template.json", &text);
        let names = |world: &pipeline_model::Declaration| -> Vec<String> {
            world.pipeline.stages[0].actions.iter().map(|action| action.name.clone()).collect()
        };
        let found: BTreeSet<Vec<String>> = reading.declarations[0].worlds().map(names).collect();
        let mut expected = BTreeSet::new();
        let values = COMPARED.iter().copied().chain(["other"]);
        for first in values.clone() {
            for last in values.clone() {
                let holding = conditions.iter().enumerate().filter(|(_, condition)| condition.holds(&[first, "", "", last]));
                expected.insert(holding.map(|(at, _)| format!("A{at}")).collect::<Vec<_>>());
                // With values given there is one world, and it is this one.
                let given = Values::default().with_parameter("P0", first).with_parameter("P3", last);
                let one = read_with(Source::new("template.json", text.as_str()), &ReadOptions::default().with_values(given));
                prop_assert_eq!(one.declarations[0].worlds().map(names).collect::<Vec<_>>(), vec![expected_of(&conditions, first, last)]);
            }
        }
        prop_assert_eq!(found, expected, "{}", text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise::template(&bytes);
    }

    #[test]
    fn any_text(text in "(Resources:|Fn::If|!Ref|!Sub|!If|[a-zA-Z:#\\-\\[\\]{}&*|>'\"$ \n]){0,60}") {
        exercise::template(text.as_bytes());
    }

    #[test]
    fn broken_templates(at in any::<Index>(), length in 0..40_usize, new in "[ -~\n]{0,12}") {
        let bytes = include_bytes!("../../../../examples/template/image-pipeline.yml");
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        exercise::template(&[&bytes[..start], new.as_bytes(), &bytes[end..]].concat());
    }
}

fn expected_of(conditions: &[Cond], first: &str, last: &str) -> Vec<String> {
    let holding = conditions.iter().enumerate().filter(|(_, condition)| condition.holds(&[first, "", "", last]));
    holding.map(|(at, _)| format!("A{at}")).collect()
}

#[test]
fn functions_that_are_none() {
    let template = |transform: &str, expression: &str| {
        format!(
            "{transform}Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n    Properties:\n      \
             RoleArn: {expression}\n      Stages: []\n"
        )
    };
    let complaints = |text: &str| {
        let found = check(&read("template.yaml", text), &Levels::default());
        let found = found.iter().filter(|found| found.rule.name() == "unsupported-function");
        found.map(|found| (found.message.clone(), found.help.clone())).collect::<Vec<_>>()
    };
    let words = |name: &str| format!("Template Error: Encountered unsupported function: Fn::{name}");
    for (expression, name, near) in [
        ("!Concat [a, b]", "Concat", None),
        ("!GetAttr Role.Arn", "GetAttr", Some("GetAtt")),
        ("{\"Fn::Getatt\": [Role, Arn]}", "Getatt", Some("GetAtt")),
        ("!#Ref Role", "#Ref", Some("Ref")),
    ] {
        let help = near.map(|near| format!("there is a function `{near}`"));
        assert_eq!(complaints(&template("", expression)), [(words(name), help)], "{expression}");
    }
    assert_eq!(complaints(&template("Transform: AWS::Serverless-2016-10-31\n", "!Concat [a, b]")).len(), 1);
    assert_eq!(complaints(&template("Transform: [AWS::LanguageExtensions, Ours]\n", "!Concat [a, b]")), []);
    assert_eq!(complaints(&template("", "!GetAtt Role.Arn")), []);
}

//! Properties: nothing is lost, nothing panics, the picture stays whole, the flow agrees with a naive oracle.

use std::collections::HashSet;

use pipeline_model::format::json::{Secrets, to_json};
use pipeline_model::graph::{ActionRef, Flow, groups};
use pipeline_model::{Action, ActionTypeId, Pipeline, Stage, check, draw, read, read_bytes};
use proptest::prelude::*;
use serde_json::{Value, json};
use spec_report::Levels;

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,8}"
}

fn leaf() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Fields that no version of the declaration has.
fn unknown() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec(("zz[a-zA-Z]{1,6}", leaf()), 0..3)
}

fn with(mut value: Value, extra: Vec<(String, Value)>) -> Value {
    for (key, content) in extra {
        value[key] = content;
    }
    value
}

fn action() -> impl Strategy<Value = Value> {
    let config = prop::collection::btree_map(word(), "[^\u{0}]{1,12}", 0..4);
    let artifacts = || prop::option::of(prop::collection::vec(word(), 0..3));
    (word(), word(), config, prop::option::of(0u32..2000), artifacts(), artifacts(), unknown(), unknown()).prop_map(
        |(name, provider, config, order, inputs, outputs, extra, more)| {
            let id = json!({"category": "Build", "owner": "AWS", "provider": provider, "version": "1"});
            let mut out = json!({"name": name, "actionTypeId": with(id, more), "configuration": config});
            if let Some(order) = order {
                out["runOrder"] = json!(order);
            }
            for (key, list) in [("inputArtifacts", inputs), ("outputArtifacts", outputs)] {
                if let Some(list) = list {
                    out[key] = list.into_iter().map(|name| json!({"name": name})).collect();
                }
            }
            with(out, extra)
        },
    )
}

fn declaration() -> impl Strategy<Value = Value> {
    let stage = (word(), prop::collection::vec(action(), 0..4), unknown())
        .prop_map(|(name, actions, extra)| with(json!({"name": name, "actions": actions}), extra));
    (word(), prop::collection::vec(stage, 0..4), unknown(), "[A-Z0-9]{1,4}").prop_map(|(name, stages, extra, kind)| {
        let out = json!({"name": name, "roleArn": "arn:aws:iam::123456789012:role/p", "stages": stages, "pipelineType": kind});
        with(out, extra)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    #[test]
    fn json_survives_the_model(value in declaration()) {
        let reading = read("pipeline.json", &value.to_string());
        let pipeline = reading.pipeline().unwrap();
        prop_assert_eq!(to_json(pipeline, Secrets::Expose), value.clone());
        let by_serde: Pipeline = serde_json::from_value(value).unwrap();
        prop_assert_eq!(pipeline, &by_serde);
    }

    #[test]
    fn checking_never_panics(value in declaration(), cut in any::<prop::sample::Index>()) {
        let text = format!("{value:#}");
        let at = cut.index(text.len() + 1);
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        for name in ["pipeline.json", "pipeline.yaml"] {
            let reading = read(name, &text[..at]);
            let _ = check(&reading, &Levels::default());
        }
    }

    #[test]
    fn reading_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = check(&read_bytes("x.yaml", &bytes, &Default::default()), &Levels::default());
    }

    #[test]
    fn template_expressions_never_panic(
        function in prop::sample::select(vec!["Ref", "Sub", "Join", "Select", "Split", "FindInMap", "If", "GetAtt", "ImportValue"]),
        argument in leaf(),
        second in leaf(),
    ) {
        let key = if function == "Ref" { "Ref".to_owned() } else { format!("Fn::{function}") };
        let nested = json!({key.clone(): [argument, {key.clone(): second.clone()}, second]});
        let template = json!({
            "Parameters": {"P": {"Type": "String", "Default": second}},
            "Conditions": {"C": nested},
            "Resources": {"X": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": nested, "Stages": nested, "RoleArn": {key: argument}}}}
        });
        let _ = check(&read("template.json", &template.to_string()), &Levels::default());
    }

    #[test]
    fn the_picture_is_whole_whatever_the_names(names in prop::collection::vec(".{0,20}", 1..6), hostile in "[\"\\]\\[{}%;#<>\n\r`end ]{0,20}") {
        let mut pipeline = Pipeline::new(hostile.clone(), "r");
        for name in &names {
            let id = ActionTypeId::new("Approval", "AWS", hostile.as_str(), "1");
            let action = Action::new(name, id).with_input(hostile.as_str()).with_output(name.as_str());
            pipeline.stages.push(Stage::new(format!("{name}{hostile}")).with_action(action));
        }
        let picture = draw::mermaid(&pipeline);
        let count = |start: &str| picture.lines().filter(|line| line.trim_start().starts_with(start)).count();
        prop_assert_eq!(count("subgraph "), names.len());
        prop_assert_eq!(picture.lines().filter(|line| line.trim() == "end").count(), names.len());
        for line in picture.lines() {
            prop_assert!(line.matches('"').count() % 2 == 0, "{}", line);
        }
        prop_assert!(!picture.contains('\r'));
    }

    #[test]
    fn the_flow_agrees_with_walking_in_order(
        shape in prop::collection::vec(prop::collection::vec((1u32..4, "[ab]{0,1}", "[ab]{0,1}"), 0..4), 0..4)
    ) {
        let mut pipeline = Pipeline::new("p", "r");
        for actions in &shape {
            let mut stage = Stage::new("s");
            for (order, input, output) in actions {
                stage.actions.push(
                    Action::new("a", ActionTypeId::default()).with_run_order(*order).with_input(input.as_str()).with_output(output.as_str()),
                );
            }
            pipeline.stages.push(stage);
        }
        let flow = Flow::new(&pipeline);
        // The oracle runs the pipeline: what has been given when a group starts.
        let mut given: HashSet<&str> = HashSet::new();
        for (index, stage) in pipeline.stages.iter().enumerate() {
            for group in groups(stage) {
                for at in &group {
                    let action = &stage.actions[*at];
                    let name = action.input_artifacts[0].name.as_str();
                    let found = flow.producer_for(name, ActionRef { stage: index, action: *at });
                    prop_assert_eq!(found.is_some(), given.contains(name));
                }
                given.extend(group.iter().map(|at| stage.actions[*at].output_artifacts[0].name.as_str()));
            }
        }
    }
}

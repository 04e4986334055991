//! The names of a declaration become paths here (artifact keys, working directories), so they must be what the service
//! would accept: nothing that leaves a directory is among it.

use pipeline_model::model::Pipeline;

use crate::core::{Gate, Refusal};

/// Pattern and lengths of the API for pipelines, stages and actions.
const NAME: &str = "[A-Za-z0-9.@\\-_]+";

/// The same for artifacts.
const ARTIFACT: &str = "[a-zA-Z0-9_\\-]+";

/// Refuses a declaration with a name that the service would refuse, in its words.
pub(crate) fn check(pipeline: &Pipeline) -> Result<(), Refusal> {
    name("pipeline.name", &pipeline.name, NAME, ".@-_")?;
    for (s, stage) in (1..).zip(&pipeline.stages) {
        let path = format!("pipeline.stages.{s}.member");
        name(&format!("{path}.name"), &stage.name, NAME, ".@-_")?;
        for gate in [Gate::BeforeEntry, Gate::OnSuccess, Gate::OnFailure] {
            for rule in gate.condition(stage).into_iter().flat_map(|condition| condition.rules.iter()) {
                name(&format!("{path}.rules.member.name"), &rule.name, NAME, ".@-_")?;
                for artifact in rule.input_artifacts.iter() {
                    let place = format!("{path}.rules.member.inputArtifacts.member.name");
                    name(&place, &artifact.name, ARTIFACT, "_-")?;
                }
            }
        }
        for (a, action) in (1..).zip(&stage.actions) {
            let path = format!("{path}.actions.{a}.member");
            name(&format!("{path}.name"), &action.name, NAME, ".@-_")?;
            let inputs = action.input_artifacts.iter().map(|artifact| ("inputArtifacts", &artifact.name));
            let outputs = action.output_artifacts.iter().map(|artifact| ("outputArtifacts", &artifact.name));
            for (list, artifact) in inputs.chain(outputs) {
                name(&format!("{path}.{list}.member.name"), artifact, ARTIFACT, "_-")?;
            }
        }
    }
    Ok(())
}

fn name(place: &str, name: &str, pattern: &str, marks: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    let constraint = if name.is_empty() {
        "Member must have length greater than or equal to 1".to_owned()
    } else if name.len() > 100 {
        "Member must have length less than or equal to 100".to_owned()
    } else if !name.chars().all(fits) {
        format!("Member must satisfy regular expression pattern: {pattern}")
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(120).flat_map(char::escape_debug).collect();
    let message =
        format!("1 validation error detected: Value '{shown}' at '{place}' failed to satisfy constraint: {constraint}");
    Err(Refusal { code: "ValidationException", message })
}

#[cfg(test)]
mod tests {
    use pipeline_model::model::{Action, ActionTypeId, Stage};

    use super::*;

    fn refused(stage: &str, action: &str, artifact: &str) -> Option<String> {
        let action = Action::new(action, ActionTypeId::new("Build", "Custom", "X", "1")).with_output(artifact);
        let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
        pipeline.stages = vec![Stage::new(stage).with_action(action)];
        check(&pipeline).err().map(|refusal| refusal.message)
    }

    #[test]
    fn names_that_could_leave_a_directory_are_refused() {
        assert_eq!(refused("Build", "Compile.it@2-x_y", "Out_put-1"), None);
        for (stage, action, artifact, place) in [
            ("Build", "../../evil", "Out", "stages.1.member.actions.1.member.name"),
            ("Build", "A", "../Out", "outputArtifacts.member.name"),
            ("Build", "A", "a.b", "outputArtifacts.member.name"),
            ("a/b", "A", "Out", "stages.1.member.name"),
            ("", "A", "Out", "stages.1.member.name"),
            ("Build", "\u{1b}[2J", "Out", "actions.1.member.name"),
        ] {
            let message = refused(stage, action, artifact).unwrap();
            assert!(message.contains(place) && !message.contains('\u{1b}'), "{message}");
        }
        let mut pipeline = Pipeline::new("p", "arn:aws:iam::123456789012:role/p");
        pipeline.stages = vec![Stage::new("S")];
        for rule in [r#"{"name": "../evil"}"#, r#"{"name": "R", "inputArtifacts": [{"name": "../evil"}]}"#] {
            let gate = format!(r#"{{"conditions": [{{"result": "FAIL", "rules": [{rule}]}}]}}"#);
            pipeline.stages[0].before_entry = serde_json::from_str(&gate).unwrap();
            assert!(check(&pipeline).unwrap_err().message.contains("../evil"));
        }
        assert!(refused("Build", &"x".repeat(101), "Out").unwrap().ends_with("less than or equal to 100"));
    }
}

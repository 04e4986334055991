//! A secret never shows, and is still there for the service.

use pipeline_model::format::json::{Secrets, to_text};
use pipeline_model::model::ConfigValue;
use pipeline_model::{Action, ActionTypeId, read};
use spec_report::render;

use crate::{BUILD, checked, declaration};

const TOKEN: &str = "not-a-real-token-4711";

fn file(owner: &str) -> String {
    let source = format!(
        "  - name: Source\n    actions:\n      - name: Source\n        actionTypeId: {{category: Source, owner: {owner}, \
         provider: GitHub, version: \"1\"}}\n        outputArtifacts: [{{name: Code}}]\n        configuration: {{Owner: o, \
         Repo: r, Branch: b, OAuthToken: {TOKEN}}}\n"
    );
    declaration("", &format!("{source}{BUILD}"))
}

#[test]
fn no_output_shows_the_token() {
    // A wrong owner must not bring it into the open either.
    for owner in ["ThirdParty", "AWS", "Custom"] {
        let (reading, report) = checked("pipeline.yaml", &file(owner));
        let pipeline = reading.pipeline().unwrap();
        let action = &pipeline.stages[0].actions[0];
        assert_eq!(action.config("OAuthToken"), Some(TOKEN));
        let messages: String = report.iter().map(|found| format!("{} {:?}", found.message, found.help)).collect();
        for shown in [
            format!("{pipeline:?}"),
            format!("{pipeline:#?}"),
            serde_json::to_string(pipeline).unwrap(),
            to_text(pipeline, Secrets::Hide),
            action.configuration["OAuthToken"].to_string(),
            messages,
            render::json(&report),
        ] {
            assert!(!shown.contains(TOKEN), "{owner}: {shown}");
        }
        assert!(to_text(pipeline, Secrets::Expose).contains(TOKEN));
    }
}

#[test]
fn a_literal_token_is_reported_at_its_key() {
    let (_, report) = checked("pipeline.yaml", &file("ThirdParty"));
    let found = report.iter().find(|found| found.rule.name() == "literal-token").unwrap();
    assert_eq!(found.primary.source.slice(found.primary.span), "OAuthToken");
}

#[test]
fn a_reference_or_a_mask_is_no_literal() {
    for value in ["'****'", "'{{resolve:secretsmanager:github:SecretString:token}}'", "'#{variables.Token}'"] {
        let (_, report) = checked("pipeline.yaml", &file("ThirdParty").replace(TOKEN, value));
        assert!(!report.iter().any(|found| found.rule.name() == "literal-token"), "{value}");
    }
}

#[test]
fn building_by_hand_hides_too() {
    let id = ActionTypeId::new("Source", "ThirdParty", "GitHub", "1");
    let action = Action::new("Source", id).with_config("OAuthToken", TOKEN).with_config("Repo", "shop");
    assert!(!format!("{action:?}").contains(TOKEN));
    assert!(format!("{action:?}").contains("shop"));
    assert_eq!(ConfigValue::secret(TOKEN).expose(), TOKEN);
}

#[test]
fn a_partners_key_that_looks_secret_is_hidden() {
    let text =
        file("ThirdParty").replace("provider: GitHub", "provider: Runscope").replace("OAuthToken", "ClientToken");
    let reading = read("pipeline.yaml", &text);
    assert!(!format!("{:?}", reading.declarations[0].pipeline).contains(TOKEN));
}

//! Who wins, what CodeBuild adds, and what must not be seen.

use std::sync::Arc;

use buildspec::BuildStatus;
use buildspec::run::MapSecrets;

use crate::lab::{Lab, build_of, spec};

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn precedence() {
    let lab = Lab::new();
    let spec = spec(
        "version: 0.2\nenv:\n  variables: {A: spec, B: spec, C: spec, HOME: spec}\n  parameter-store: {D: unknown}\nphases:\n  build:\n    commands: ['echo $A $B $C $D $HOME']\n",
    );
    let request = lab
        .request(&spec)
        .with_project_env(pairs(&[("B", "project"), ("C", "project"), ("D", "project")]))
        .with_overrides(pairs(&[("C", "override")]));
    let ran = lab.run_with(&request).unwrap();
    // `D` is replaced before anyone looks for the parameter.
    assert_eq!(ran.output(), ["spec project override project spec"]);
}

#[test]
fn nothing_else_of_the_caller() {
    let ran = Lab::new().run(&build_of(&["export -p | sed -e 's/^export //' -e 's/=.*//' | sort | tr '\\n' ' '"]));
    let line = ran.output().join("");
    let names: Vec<&str> = line.split_whitespace().collect();
    for name in &names {
        assert!(
            name.starts_with("CODEBUILD_") || ["HOME", "PATH", "PWD", "OLDPWD"].contains(name),
            "{name} in {names:?}"
        );
    }
    for name in ["CODEBUILD_BUILD_ID", "CODEBUILD_SRC_DIR", "CODEBUILD_START_TIME", "CODEBUILD_CI", "PATH"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

/// Values go through unharmed, whatever they hold; nothing in them is expanded.
#[test]
fn literal_values() {
    let lab = Lab::new();
    let value = "a'b\"c$HOME`x`\\n\nsecond \u{e9} *";
    let spec = spec(&build_of(&["printf '%s' \"$V\" > out", "printf '%s' \"$V\" >> out"]));
    let ran = lab.run_with(&lab.request(&spec).with_overrides(pairs(&[("V", value), ("odd.name", "kept")]))).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Succeeded, "{:?}", ran.result);
    assert_eq!(lab.read("out"), format!("{value}{value}"));
}

#[test]
fn source_and_region() {
    let lab = Lab::new();
    let spec = spec(&build_of(&[
        "echo $CODEBUILD_RESOLVED_SOURCE_VERSION $AWS_REGION $AWS_DEFAULT_REGION",
        "echo $CODEBUILD_SRC_DIR",
    ]));
    let request = lab
        .request(&spec)
        .with_source_version("0123abc")
        .with_location("eu-central-1", "123456789012")
        .with_overrides(pairs(&[("AWS_REGION", "eu-west-1")]));
    let ran = lab.run_with(&request).unwrap();
    let directory = lab.source();
    assert_eq!(ran.output(), ["0123abc eu-west-1 eu-central-1", directory.to_str().unwrap()]);
    assert!(
        ran.result.arn.starts_with("arn:aws:codebuild:eu-central-1:123456789012:build/shop:"),
        "{}",
        ran.result.arn
    );
}

const SECRET: &str = "correct horse\nbattery";

#[test]
fn masking() {
    let lab = Lab::new();
    let spec = spec(
        r#"version: 0.2
env:
  parameter-store: {P: /shop/token}
  secrets-manager: {S: 'shop:phrase'}
  exported-variables: [P, COPY, AWS_X]
phases:
  build:
    commands:
      - echo "got $P and $S."
      - for part in tok en -4711; do printf %s "$part"; sleep 0.05; done
      - printf '%s' "$S" >&2
      - COPY="x${P}x"; AWS_X=1
      - 'echo token-4711 > /dev/null; sh -c "exit 2" # token-4711'
"#,
    );
    let secrets =
        MapSecrets::new().with_parameter("/shop/token", "token-4711").with_secret_key("shop", "phrase", SECRET);
    let ran = lab.run_with(&lab.request(&spec).with_secrets(Arc::new(secrets))).unwrap();
    assert_eq!(ran.result.status, BuildStatus::Failed);
    let seen = ran.everything();
    for hidden in ["token-4711", "correct horse", "battery"] {
        assert!(!seen.contains(hidden), "{hidden} in {seen}");
    }
    assert_eq!(ran.output(), ["got *** and ***.", "***", "***"]);
    assert_eq!(
        ran.result.first_failure.as_deref(),
        Some("BUILD: `echo *** > /dev/null; sh -c \"exit 2\" # ***` failed with exit status 2")
    );
    let exported: Vec<_> =
        ran.result.exported_variables.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    assert_eq!(exported, [("COPY", "x***x")], "secrets and AWS_ variables are not exported");
}

#[test]
fn sensitive_variables() {
    let lab = Lab::new();
    let spec = spec(&build_of(&["echo $TOKEN"]));
    let request =
        lab.request(&spec).with_overrides(pairs(&[("TOKEN", "abc123")])).with_sensitive(vec!["TOKEN".to_owned()]);
    assert_eq!(lab.run_with(&request).unwrap().output(), ["***"]);
}

/// A value that is not there ends the build where it does in CodeBuild.
#[test]
fn missing_secrets() {
    for (section, code, message) in [
        ("parameter-store: {P: /none}", "Decrypted Variables Error", "parameter does not exist: /none"),
        (
            "secrets-manager: {S: none}",
            "Secrets Manager Error",
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
    ] {
        let ran = Lab::new()
            .run(&format!("version: 0.2\nenv:\n  {section}\nphases:\n  build:\n    commands: [echo unreached]\n"));
        assert_eq!(ran.result.status, BuildStatus::Failed);
        assert!(ran.output().is_empty());
        assert_eq!(ran.phases()[3..], ["DOWNLOAD_SOURCE FAILED", "FINALIZING SUCCEEDED", "COMPLETED"]);
        let context = &ran.result.phases[3].contexts[0];
        assert_eq!((context.status_code.as_str(), context.message.as_str()), (code, message));
    }
}

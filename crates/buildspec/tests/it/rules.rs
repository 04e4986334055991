//! Findings of rules where they matter together: real files, levels, suppressions, fixes.

use spec_report::{Levels, Safety, Source, apply_fixes};

fn findings(text: &str) -> Vec<(String, usize)> {
    let report = buildspec::check(&buildspec::read(Source::new("buildspec.yml", text)), &Levels::default());
    let place = |found: &spec_report::Diagnostic| found.primary.source.position(found.primary.span.start).line;
    report.iter().map(|found| (found.rule.name().to_owned(), place(found))).collect()
}

fn named(findings: &[(String, usize)]) -> Vec<(&str, usize)> {
    findings.iter().map(|(name, line)| (name.as_str(), *line)).collect()
}

/// A build manifest for a container as tutorials have it, from the days of version 1 of the AWS CLI.
const TUTORIAL: &str = r#"version: 0.2
phases:
  pre_build:
    commands:
      - echo Logging in to Amazon ECR...
      - aws --version
      - eval $(aws ecr get-login --region $AWS_DEFAULT_REGION --no-include-email)
      - IMAGE_TAG=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c 1-7)
  build:
    commands:
      - echo Build started on `date`
      - docker pull $REPO_URI:latest || true
      - docker build --cache-from $REPO_URI:latest --tag $REPO_URI:latest --tag $REPO_URI:$IMAGE_TAG .
  post_build:
    commands:
      - echo Build completed on `date`
      - docker push $REPO_URI:latest
      - printf '[{"name":"%s","imageUri":"%s"}]' "$CONTAINER_NAME" "$REPO_URI:$IMAGE_TAG" | tee imagedefinitions.json
artifacts:
  files: imagedefinitions.json
"#;

#[test]
fn tutorial() {
    let found = findings(TUTORIAL);
    assert_eq!(named(&found), [("ecr-get-login-removed", 7), ("post-build-unguarded", 17), ("push-latest-only", 17)]);
}

#[test]
fn tutorial_fixed() {
    let source = Source::new("buildspec.yml", TUTORIAL);
    let report = buildspec::check(&buildspec::read(source.clone()), &Levels::default());
    let fixed = apply_fixes(&source, &report, Safety::Unsafe);
    assert_eq!(fixed.applied, 1);
    let line = "      - aws ecr get-login-password --region $AWS_DEFAULT_REGION | docker login --username AWS \
                --password-stdin $AWS_ACCOUNT_ID.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com";
    assert_eq!(fixed.text.lines().nth(6), Some(line));
    assert_eq!(named(&findings(&fixed.text)), [("post-build-unguarded", 17), ("push-latest-only", 17)]);
}

#[test]
fn get_login_in_all_its_forms() {
    for command in [
        "$(aws ecr get-login --no-include-email)",
        "`aws ecr get-login --region eu-west-1`",
        "aws --region eu-west-1 ecr get-login | sh",
        "LOGIN=$(aws ecr get-login) && $LOGIN",
        "if true; then eval \"$(aws ecr get-login)\"; fi",
    ] {
        let found =
            findings(&format!("version: 0.2\nphases:\n  build:\n    commands:\n      - |-\n        {command}\n"));
        let hits = found.iter().filter(|(name, _)| name == "ecr-get-login-removed").count();
        assert_eq!(hits, 1, "{command}");
    }
    for command in ["aws ecr get-login-password", "echo aws ecr get-login", "# aws ecr get-login"] {
        let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        {command}\n");
        assert!(findings(&text).is_empty(), "{command}");
    }
}

/// A manifest of another tutorial, whose placeholder and file name were left to the reader.
#[test]
fn placeholder() {
    let found = findings(
        "version: 0.2\nenv:\n  variables:\n    version: \"v0.95\"\n# secrets-manager:\nphases:\n  build:\n    commands:\n      - docker build -f nginx/Dockerfile -t $NAME:$version nginx/\n  post_build:\n    commands:\n      - docker push $REGISTRY/$NAME:$version\n      - printf '[{\"name\":\"<container-definition>\",\"imageUri\":\"%s\"}]' $REGISTRY/$NAME:$version > artifacts.json\nartifacts:\n  files: artifacts.json\n",
    );
    assert_eq!(
        named(&found),
        [("post-build-unguarded", 12), ("definitions-placeholder", 13), ("definitions-file-name", 13)]
    );
}

#[test]
fn levels_and_comments() {
    let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - set -e # buildspec: allow(shell-state-not-kept)\n      - set -x\n";
    assert_eq!(named(&findings(text)), [("shell-state-not-kept", 6)]);
    let parsed = buildspec::read(Source::new("buildspec.yml", text));
    assert!(buildspec::check(&parsed, &Levels::default().deny("buildspec/shell-state-not-kept")).has_errors());
    assert!(buildspec::check(&parsed, &Levels::default().allow("buildspec/*")).is_empty());
}

/// Blocks whose failure does not go unnoticed, and words that are no commands.
#[test]
fn silent_blocks() {
    for lines in [
        &["set -e", "npm test", "npm run build"][..],
        &["npm test &&", "npm run build"],
        &["npm test || exit 1", "npm run build"],
        &["echo testing", "cd app", "npm test"],
        &["cat > a.sh <<'END'", "it's 'apt-get install jq'", "END"],
        &["if [ -f a ]; then", "  npm test", "fi"],
        &["for f in a b; do", "  npm test $f", "done"],
        &["docker build \\", "  --tag a \\", "  ."],
        &["make a &", "make b &", "wait"],
    ] {
        let block: String = lines.iter().map(|line| format!("        {line}\n")).collect();
        let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n      - |\n{block}");
        assert_eq!(findings(&text), [], "{block}");
    }
}

/// What stands in a block is pointed at where it stands, though the same word stands before.
#[test]
fn place_in_a_block() {
    let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        # dockerd\n        echo dockerd &&\n          dockerd\n";
    assert_eq!(named(&findings(text)), [("manual-dockerd", 8)]);
}

/// Words that look like a mistake and are none.
#[test]
fn silent() {
    for command in [
        "set -e; make",
        "f() { echo a; }; f",
        "trap 'rm -f x' EXIT; make",
        "for f in a b; do echo $f; done",
        "case x in x) echo y;; esac",
        "docker login --username AWS --password-stdin x",
        "docker run -p 80:80 x",
        "export A=1",
        "cd app",
        "A=1",
        "docker run -i shop sh -it",
        "docker run --interactive --tty=false shop",
        "printf 'done\\n'",
        "printf '%s %s\\n' \"$@\"",
        "printf '100%%\\n'",
        "yes | apt-get install jq",
        "apt-get install -qy jq",
        "echo \"it's\" 'a \"b'",
        "echo it\\'s # it's",
        "make a & make b & wait",
        "[ \"$CODEBUILD_BUILD_SUCCEEDING\" = 1 ] || exit 1",
        "chmod 755 run.sh",
        "curl -sSo install.sh https://example.com/install.sh; sh install.sh",
        "aws ecr-public get-login-password --region us-east-1",
        "echo $CODEBUILD_SRC_DIR_web ${CODEBUILD_SOURCE_VERSION_web}",
        "export CODEBUILD_BUILD_NUMER=1; echo $CODEBUILD_BUILD_NUMER",
    ] {
        let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        {command}\n");
        assert_eq!(findings(&text), [], "{command}");
    }
}

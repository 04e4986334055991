//! What the role of a build needs, as far as its commands tell.
//!
//! Commands are looked at word by word: `aws SERVICE OPERATION` needs the permission of that name, a `docker push` to a
//! registry of ECR needs the upload operations. What a command calls in turn cannot be seen.

use std::collections::BTreeSet;

use super::{Home, Need};

/// What `docker push` does (reference "Required IAM permissions for pushing an image" in the ECR user guide).
const PUSH: [&str; 5] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];
/// What `docker pull` does.
const PULL: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The needs of the service role of the CodeBuild project, which runs these commands.
///
/// They are its logs, and what the commands do on AWS. What the artifacts of the pipeline take is among the needs of
/// [`super::pipeline_needs`]: a project behind a pipeline reads and writes the same bucket.
#[must_use]
pub fn build_needs<'c>(project: &str, commands: impl IntoIterator<Item = &'c str>, home: &Home) -> Vec<Need> {
    let mut needs = BTreeSet::new();
    let mut need = |permission: &str, resource: String, because: String| {
        needs.insert(Need { permission: permission.to_owned(), resource, passed_to: None, because });
    };
    let group = home.arn("logs", &home.region, &format!("log-group:/aws/codebuild/{project}"));
    for permission in ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"] {
        for resource in [group.clone(), format!("{group}:*")] {
            need(permission, resource, format!("the logs of project {project}"));
        }
    }
    let commands: Vec<&str> = commands.into_iter().collect();
    let of_ecr = commands.iter().any(|command| command.contains("aws ecr get-login"));
    let repositories = home.arn("ecr", &home.region, "repository/*");
    for command in &commands {
        for words in simple_commands(command) {
            let because = || format!("the command `{}`", words.join(" "));
            match words.as_slice() {
                ["aws", "s3", verb, ..] => {
                    for permission in s3(verb) {
                        need(permission, "*".to_owned(), because());
                    }
                }
                ["aws", "ecr", "get-login" | "get-login-password", ..] => {
                    need("ecr:GetAuthorizationToken", "*".to_owned(), because());
                }
                ["aws", service, operation, ..] if !service.starts_with('-') && !operation.starts_with('-') => {
                    need(&format!("{service}:{}", pascal(operation)), "*".to_owned(), because());
                }
                ["docker" | "podman", verb @ ("push" | "pull"), arguments @ ..] => {
                    let target = arguments.iter().rev().find(|word| !word.starts_with('-'));
                    if of_ecr || target.is_some_and(|target| target.contains(".dkr.ecr")) {
                        for permission in if *verb == "push" { PUSH.as_slice() } else { PULL.as_slice() } {
                            need(permission, repositories.clone(), because());
                        }
                    }
                }
                _ => {}
            }
        }
    }
    needs.into_iter().collect()
}

/// The commands of a line: what stands between pipes, semicolons, `&&` and `$(…)`, without the assignments before it.
fn simple_commands(line: &str) -> Vec<Vec<&str>> {
    let parts = line.split(['|', ';', '&', '(', ')', '`', '\n']);
    let words = parts.map(|part| {
        part.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('-')).collect::<Vec<_>>()
    });
    words.filter(|words| !words.is_empty()).collect()
}

fn s3(verb: &str) -> &'static [&'static str] {
    match verb {
        "cp" | "mv" | "sync" => &["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        "ls" => &["s3:ListBucket"],
        "rm" => &["s3:DeleteObject", "s3:ListBucket"],
        "mb" => &["s3:CreateBucket"],
        "rb" => &["s3:DeleteBucket"],
        _ => &[],
    }
}

/// The name of an operation from its command: `update-service` is `UpdateService`.
fn pascal(command: &str) -> String {
    command
        .split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

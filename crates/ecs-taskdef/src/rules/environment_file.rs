//! `ecs-taskdef/environment-file`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds environment files that are not named by the ARN of an object of Amazon S3 that ends in `.env`, and the eleventh
    /// file of a container.
    pub static ENVIRONMENT_FILE = {
        id: "ecs-taskdef/environment-file",
        severity: Error,
        summary: "an environment file cannot be loaded",
        service: "Invalid arn syntax",
    }
}

/// How many files a container loads.
const MOST_FILES: usize = 10;

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let view = subject.view();
    for (container, node) in subject.container_nodes() {
        let files = view.list(node, "environmentFiles");
        for file in files.iter().filter_map(|file| view.text(file, "value")) {
            if placeholder::has_any(&file.value) {
                continue;
            }
            let problem = if !is_object_arn(&file.value) {
                format!("`{}` is not the ARN of an object of Amazon S3", file.value)
            } else if !file.value.ends_with(".env") {
                format!("the environment file `{}` does not end in `.env`", file.value)
            } else {
                continue;
            };
            out.report(&ENVIRONMENT_FILE, subject.source(), file.span, problem)
                .set_help("environment files are written as `arn:aws:s3:::bucket/path/name.env`");
        }
        if let Some(first_over) = files.get(MOST_FILES) {
            let message =
                format!("{} has {} environment files, at most {MOST_FILES} are loaded", container.title(), files.len());
            out.report(&ENVIRONMENT_FILE, subject.source(), first_over.span, message);
        }
    }
}

fn is_object_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, _, _, object] = parts[..] else { return false };
    let object = object.split_once('/').is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    arn == "arn" && partition.starts_with("aws") && service == "s3" && object
}

//! What kind of document a file is: by its name where the name says so, by its first keys otherwise.

use std::fmt;
use std::path::Path;

/// A kind of document that one of the crates checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// CodeDeploy's AppSpec.
    AppSpec,
    /// CodeBuild's buildspec.
    Buildspec,
    /// A pipeline declaration, or a CloudFormation template that holds one.
    Pipeline,
    /// An ECS task definition.
    TaskDefinition,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AppSpec => "AppSpec",
            Self::Buildspec => "buildspec",
            Self::Pipeline => "pipeline",
            Self::TaskDefinition => "task definition",
        })
    }
}

/// What a file is, if it is anything this project checks.
///
/// ```
/// use pipeline_runner::preflight::{Kind, kind_of};
///
/// assert_eq!(kind_of("ci/buildspec-test.yml".as_ref(), b""), Some(Kind::Buildspec));
/// assert_eq!(kind_of("ecs/web.json".as_ref(), br#"{"containerDefinitions": []}"#), Some(Kind::TaskDefinition));
/// assert_eq!(kind_of("package.json".as_ref(), b"{}"), None);
/// ```
#[must_use]
pub fn kind_of(path: &Path, bytes: &[u8]) -> Option<Kind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    if !matches!(extension.as_str(), "yml" | "yaml" | "json" | "template") {
        return None;
    }
    let name: String =
        path.file_stem()?.to_str()?.to_ascii_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    if name.contains("buildspec") {
        return Some(Kind::Buildspec);
    }
    if name.contains("appspec") {
        return Some(Kind::AppSpec);
    }
    if name.contains("taskdef") {
        return Some(Kind::TaskDefinition);
    }
    by_content(&String::from_utf8_lossy(bytes))
}

/// Looks for the words that only one kind has. No parser: a broken file should still reach the one that can say why.
fn by_content(text: &str) -> Option<Kind> {
    if text.contains("AWS::CodePipeline::Pipeline") {
        return Some(Kind::Pipeline);
    }
    let has = |key: &str| {
        text.match_indices(key).any(|(at, _)| {
            let (before, after) = (&text[..at], text[at + key.len()..].trim_start_matches(['"', '\'']));
            before.ends_with(['"', '\'', '\n', ' ', '{']) && after.trim_start().starts_with(':') || before.is_empty()
        })
    };
    if has("containerDefinitions") {
        return Some(Kind::TaskDefinition);
    }
    if has("stages") && has("actionTypeId") {
        return Some(Kind::Pipeline);
    }
    if has("phases") && has("version") && (has("commands") || has("artifacts")) {
        return Some(Kind::Buildspec);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_first_then_words() {
        for (name, text, want) in [
            ("buildspec.yml", "", Some(Kind::Buildspec)),
            ("a/buildspec_ci.YAML", "", Some(Kind::Buildspec)),
            ("appspec.json", "{}", Some(Kind::AppSpec)),
            ("ecs-task-def.json", "{}", Some(Kind::TaskDefinition)),
            ("task-definition.json", "", Some(Kind::TaskDefinition)),
            ("web.json", r#"{"family":"x","containerDefinitions":[]}"#, Some(Kind::TaskDefinition)),
            ("infra.yml", "Resources:\n  P:\n    Type: AWS::CodePipeline::Pipeline\n", Some(Kind::Pipeline)),
            ("p.json", r#"{"pipeline":{"stages":[{"actions":[{"actionTypeId":{}}]}]}}"#, Some(Kind::Pipeline)),
            ("ci.yml", "version: 0.2\nphases:\n  build:\n    commands: []\n", Some(Kind::Buildspec)),
            ("compose.yml", "services: {}\n", None),
            ("notes.yml", "text: the stages of an actionTypeId\n", None),
            ("readme.md", "containerDefinitions:", None),
            ("noextension", "", None),
        ] {
            assert_eq!(kind_of(Path::new(name), text.as_bytes()), want, "{name}");
        }
    }
}

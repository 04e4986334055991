//! The catalogue as a page of documentation.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::{ActionType, Catalogue, ConfigKey, OutputVariables};

/// The catalogue in Markdown: a table of all types, then what each takes and gives.
///
/// ```
/// use pipeline_model::actions::{Catalogue, page};
///
/// assert!(page(&Catalogue::builtin()).contains("## Deploy/AWS/ECS/1\n"));
/// ```
#[must_use]
pub fn page(catalogue: &Catalogue) -> String {
    let mut text = String::from(
        "| action type | inputs | outputs | pipelines | required configuration |\n|---|---|---|---|---|\n",
    );
    for kind in catalogue.iter() {
        let required: Vec<String> =
            kind.config().iter().filter(|key| key.required).map(|key| format!("`{}`", key.name)).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            kind.id(),
            range(&kind.inputs()),
            range(&kind.outputs()),
            if kind.v2_only() { "V2" } else { "V1, V2" },
            required.join(", ")
        );
    }
    for kind in catalogue.iter() {
        section(&mut text, kind);
    }
    text
}

fn section(text: &mut String, kind: &dyn ActionType) {
    let _ = write!(text, "\n## {}\n\n{}\n\n```yaml\n{}```\n", kind.id(), kind.summary(), kind.example());
    if !kind.config().is_empty() {
        text.push_str("\n| key | | values | meaning |\n|---|---|---|---|\n");
        for ConfigKey { name, required, secret, values, summary } in kind.config() {
            let needed = if *required { "required" } else { "optional" };
            let hidden = if *secret { ", hidden" } else { "" };
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let summary = summary.replace('|', "\\|");
            let _ = writeln!(text, "| `{name}` | {needed}{hidden} | {} | {summary} |", values.join(", "));
        }
    }
    let variables = match kind.output_variables() {
        OutputVariables::None => String::new(),
        OutputVariables::Fixed(names) => format!("`{}`", names.join("`, `")),
        OutputVariables::Open => "whatever the work exports".to_owned(),
    };
    if !variables.is_empty() {
        let _ = write!(text, "\nOutput variables: {variables}.\n");
    }
    if !kind.permissions().is_empty() {
        let _ = write!(text, "\nPermissions of the role: `{}`.\n", kind.permissions().join("`, `"));
    }
}

fn range(range: &RangeInclusive<usize>) -> String {
    let (least, most) = (range.start(), range.end());
    if least == most { least.to_string() } else { format!("{least}-{most}") }
}

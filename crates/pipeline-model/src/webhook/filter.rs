//! Whether the body of a call passes the filters of a webhook, as a tree of answers.

use serde_json::Value as Json;

use super::{Filter, JsonPath};
use crate::model::Action;
use crate::triggers::Explanation;

/// Longer values are cut in answers: a body may hold anything.
const SHOWN: usize = 120;

/// Answers whether a body passes all filters, and why.
///
/// `{Key}` in a filter's value stands for the setting `Key` of `target`, the webhook's target action. A filter that
/// cannot be evaluated does not match. The settings of secrets are never filled in.
///
/// ```
/// use pipeline_model::webhook::{Filter, filter};
/// use pipeline_model::{Action, ActionTypeId};
/// use serde_json::json;
///
/// let target = Action::new("Source", ActionTypeId::new("Source", "ThirdParty", "GitHub", "1")).with_config("Branch", "main");
/// let filters = [Filter::branch_of_target()];
/// assert!(filter(&filters, Some(&target), &json!({ "ref": "refs/heads/main" })).holds);
/// assert!(!filter(&filters, Some(&target), &json!({ "ref": "refs/heads/other" })).holds);
/// ```
#[must_use]
pub fn filter(filters: &[Filter], target: Option<&Action>, body: &Json) -> Explanation {
    let because = filters.iter().map(|filter| one(filter, target, body)).collect();
    Explanation::all("the body passes all filters of the webhook", because)
}

fn one(filter: &Filter, target: Option<&Action>, body: &Json) -> Explanation {
    let path = match JsonPath::parse(&filter.json_path) {
        Ok(path) => path,
        Err(error) => {
            return Explanation::leaf(false, format!("the path `{}` can be read: {error}", filter.json_path));
        }
    };
    let selected = path.select(body);
    let found = match selected.split_first() {
        None => format!("`{}` is not in the body", filter.json_path),
        Some((first, [])) => format!("`{}` is `{}`", filter.json_path, shown(&text(first))),
        Some((first, rest)) => {
            format!("`{}` is `{}` and {} more", filter.json_path, shown(&text(first)), rest.len())
        }
    };
    let Some(wanted) = &filter.match_equals else {
        return Explanation::leaf(!selected.is_empty(), found);
    };
    match filled(wanted, target) {
        Ok(wanted) => {
            let holds = selected.iter().any(|value| text(value) == wanted);
            Explanation::leaf(holds, format!("{found}, and must be `{}`", shown(&wanted)))
        }
        Err(why) => Explanation::leaf(false, format!("{found}, and must be `{wanted}`: {why}")),
    }
}

/// The text that is compared: a string's own, and the JSON of anything else.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The value of a filter with the settings of the target action in the place of its placeholders.
///
/// What stands between braces and is no name of a key (letters and digits) is text.
pub(super) fn filled(pattern: &str, target: Option<&Action>) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let inner = &rest[open + 1..];
        let key = inner.find('}').map(|close| &inner[..close]);
        match key.filter(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric())) {
            Some(key) => {
                let value = target.and_then(|action| action.configuration.get(key));
                match value {
                    Some(value) if value.is_secret() => return Err(format!("`{key}` is a secret")),
                    Some(value) => out.push_str(value.expose()),
                    None => return Err(format!("the target action has no setting `{key}`")),
                }
                rest = &inner[key.len() + 1..];
            }
            None => {
                out.push('{');
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

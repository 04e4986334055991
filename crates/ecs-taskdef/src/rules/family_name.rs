//! `ecs-taskdef/family-name`.

use spec_report::{Findings, declare_rule};

use super::Subject;
use crate::placeholder;

declare_rule! {
    /// Finds families that ECS refuses: empty, longer than 255, or with other characters than letters, digits, `-`
    /// and `_`.
    pub static FAMILY_NAME = {
        id: "ecs-taskdef/family-name",
        severity: Error,
        summary: "the family has characters that ECS does not allow",
    }
}

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(family) = &subject.family else { return };
    if placeholder::has_any(&family.value) {
        return;
    }
    if let Some(why) = objection(&family.value) {
        let found =
            out.report(&FAMILY_NAME, subject.source(), family.span, format!("the family `{}` {why}", family.value));
        if let Some((name, revision)) = family.value.split_once(':')
            && revision.bytes().all(|byte| byte.is_ascii_digit())
        {
            found.set_help(format!("write `{name}`: ECS itself counts the revisions"));
        }
    }
}

/// What speaks against a name of a family or of a container.
pub(super) fn objection(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if name.len() > 255 {
        return Some(format!("is {} characters long, more than the 255 that ECS allows", name.chars().count()));
    }
    let bad = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))?;
    Some(format!("contains `{}`; only letters, digits, `-` and `_` are allowed", bad.escape_debug()))
}

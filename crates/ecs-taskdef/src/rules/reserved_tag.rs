//! `ecs-taskdef/reserved-tag`.

use std::collections::HashMap;

use spec_report::{Findings, Span, declare_rule};

use super::Subject;

declare_rule! {
    /// Finds tags whose key begins with `aws:` or is used twice, and more than 50 tags.
    pub static RESERVED_TAG = {
        id: "ecs-taskdef/reserved-tag",
        severity: Error,
        summary: "a tag is not allowed",
    }
}

/// How many tags a task definition has.
const MOST_TAGS: usize = 50;

pub(super) fn check(subject: &Subject, out: &mut Findings<'_>) {
    let Some(node) = subject.node() else { return };
    let view = subject.view();
    // Of a described task definition the tags stand beside it.
    let tags = match subject.document().root().filter(|_| subject.wrapped && node.get("tags").is_none()) {
        Some(root) => view.list(root, "tags"),
        None => view.list(node, "tags"),
    };
    let mut seen: HashMap<String, Span> = HashMap::new();
    for key in tags.iter().filter_map(|tag| view.text(tag, "key")) {
        if key.value.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            let message = format!("the tag `{}` begins with `aws:`, which is for AWS alone", key.value);
            out.report(&RESERVED_TAG, subject.source(), key.span, message)
                .set_help("AWS sets such tags itself; leave them away when registering");
        } else if let Some(&first) = seen.get(&key.value) {
            let message = format!("the tag `{}` is given twice", key.value);
            out.report(&RESERVED_TAG, subject.source(), key.span, message).add_label(
                subject.source(),
                first,
                "given here first",
            );
        } else {
            seen.insert(key.value, key.span);
        }
    }
    if let Some(first_over) = tags.get(MOST_TAGS) {
        let message = format!("there are {} tags, at most {MOST_TAGS} are allowed", tags.len());
        out.report(&RESERVED_TAG, subject.source(), first_over.span, message);
    }
}

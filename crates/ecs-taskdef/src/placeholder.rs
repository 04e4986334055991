//! Placeholders in values: text that another program fills in before ECS sees the file.
//!
//! A value that holds one is not judged by rules about its content: what it will be is not known yet.

use spec_report::Span;

/// The notation of a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notation {
    /// `<IMAGE1_NAME>`: filled by CodeDeploy actions of CodePipeline, or by a script.
    Angle,
    /// `${NAME}`: the shell's and `envsubst`'s notation.
    Dollar,
    /// `${{ secrets.NAME }}`: GitHub Actions.
    Actions,
    /// `{{NAME}}` and `{{ must_env "NAME" }}`: templates.
    Braces,
}

/// A placeholder within a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Placeholder {
    /// What stands between the marks, without surrounding blanks.
    pub name: String,
    /// How it is written.
    pub notation: Notation,
    /// Where it stands in the text, marks included.
    pub span: Span,
}

/// The placeholders of a text, in order.
#[must_use]
pub fn find(text: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let one = marks(rest, "${{", "}}", Notation::Actions)
            .or_else(|| marks(rest, "${", "}", Notation::Dollar))
            .or_else(|| marks(rest, "{{", "}}", Notation::Braces))
            .or_else(|| {
                marks(rest, "<", ">", Notation::Angle).filter(|(name, _, len)| is_word(name) && name.len() + 2 == *len)
            });
        match one {
            Some((name, notation, len)) => {
                found.push(Placeholder { name: name.to_owned(), notation, span: Span::new(at, at + len) });
                at += len;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Whether a text holds a placeholder.
#[must_use]
pub fn has_any(text: &str) -> bool {
    text.contains(['<', '{']) && !find(text).is_empty()
}

fn marks<'t>(text: &'t str, open: &str, close: &str, notation: Notation) -> Option<(&'t str, Notation, usize)> {
    let inner = text.strip_prefix(open)?;
    let end = inner.find(close)?;
    let name = inner[..end].trim();
    (!name.is_empty() && !name.contains('\n')).then_some((name, notation, open.len() + end + close.len()))
}

/// `a < b > c` holds no placeholder: only words count between angle brackets.
fn is_word(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        for (text, expected) in [
            ("<IMAGE1_NAME>", vec![("IMAGE1_NAME", Notation::Angle)]),
            ("<container-port>", vec![("container-port", Notation::Angle)]),
            ("${CONTAINER_IMAGE}", vec![("CONTAINER_IMAGE", Notation::Dollar)]),
            ("${{ secrets.X }}/web:${TAG}", vec![("secrets.X", Notation::Actions), ("TAG", Notation::Dollar)]),
            ("{{ must_env `X` }}", vec![("must_env `X`", Notation::Braces)]),
            ("{{AWS_REGION}}", vec![("AWS_REGION", Notation::Braces)]),
            ("a < b > c", vec![]),
            ("<é>", vec![]),
            ("nginx:1.27", vec![]),
            ("$(cmd) $HOME {x} <>", vec![]),
            ("${unclosed", vec![]),
        ] {
            let found: Vec<(String, Notation)> = find(text).into_iter().map(|p| (p.name, p.notation)).collect();
            let expected: Vec<(String, Notation)> = expected.into_iter().map(|(n, k)| (n.to_owned(), k)).collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(has_any(text), !expected.is_empty(), "{text}");
        }
    }

    #[test]
    fn spans_cover_the_marks() {
        let text = "é${A}<B>";
        let spans: Vec<&str> = find(text).iter().map(|p| &text[p.span.start..p.span.end]).collect();
        assert_eq!(spans, ["${A}", "<B>"]);
    }
}

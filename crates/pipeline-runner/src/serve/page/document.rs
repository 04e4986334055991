//! The page as one document without anything from elsewhere: its parts are files of this directory.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

static HTML: LazyLock<String> = LazyLock::new(|| FRAME.replace("{{style}}", STYLE).replace("{{script}}", SCRIPT));

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

/// The document.
pub(super) fn html() -> &'static str {
    &HTML
}

/// What the document may do: run its own script and style, and talk to where it came from.
pub(super) fn policy() -> &'static str {
    &POLICY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_whole_and_needs_nothing_else() {
        assert!(!html().contains("{{") && html().starts_with("<!doctype html>"));
        // What the policy allows is what stands between the tags, to the byte.
        assert!(html().contains(&format!("<style>{STYLE}</style>")));
        assert!(html().contains(&format!("<script>{SCRIPT}</script>")));
        for elsewhere in ["src=", "href=\"http", "@import", "url(", "innerHTML", "eval(", "style=\""] {
            assert!(!html().contains(elsewhere), "{elsewhere}");
        }
    }
}

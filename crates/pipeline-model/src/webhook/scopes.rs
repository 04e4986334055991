//! What a GitHub token may do, and whether that is enough to register webhooks and read the source.
//!
//! GitHub answers every request with the scopes of the token in the header `X-OAuth-Scopes`. A classic token for a
//! pipeline needs `repo` and `admin:repo_hook` (page "Configure your pipeline to use a personal access token (GitHub and
//! CLI)"); `repo` includes `repo:status`.

/// A scope that is needed, with why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need {
    /// The scope.
    pub scope: &'static str,
    /// What for.
    pub why: &'static str,
}

const NEEDS: [Need; 3] = [
    Need { scope: "repo", why: "to read the source of private repositories" },
    Need { scope: "repo:status", why: "to read and report the status of commits" },
    Need { scope: "admin:repo_hook", why: "to register and remove webhooks" },
];

/// Which scope holds which others.
const HOLDS: &[(&str, &[&str])] = &[
    (
        "repo",
        // GitHub lets a token with full control of a repository manage its hooks.
        &["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events", "admin:repo_hook"],
    ),
    ("admin:repo_hook", &["write:repo_hook", "read:repo_hook"]),
    ("write:repo_hook", &["read:repo_hook"]),
];

/// The scopes of the header `X-OAuth-Scopes`: separated by commas, in any order.
#[must_use]
pub fn parse(header: &str) -> Vec<&str> {
    header.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect()
}

/// What a token with these scopes lacks for a pipeline with a webhook.
///
/// Fine-grained tokens have no scopes and no such header; for them this answers nothing sensible.
///
/// ```
/// use pipeline_model::webhook::scopes;
///
/// assert!(scopes::missing(&scopes::parse("repo, admin:repo_hook")).is_empty());
/// let missing = scopes::missing(&scopes::parse("repo:status, admin:repo_hook"));
/// assert_eq!(missing.iter().map(|need| need.scope).collect::<Vec<_>>(), ["repo"]);
/// ```
#[must_use]
pub fn missing(scopes: &[&str]) -> Vec<Need> {
    NEEDS.iter().filter(|need| !scopes.iter().any(|scope| holds(scope, need.scope))).copied().collect()
}

fn holds(scope: &str, wanted: &str) -> bool {
    scope == wanted || HOLDS.iter().any(|(holder, held)| *holder == scope && held.contains(&wanted))
}

/// Scopes beyond what a pipeline needs: each is something that a stolen token can do.
#[must_use]
pub fn unneeded<'s>(scopes: &[&'s str]) -> Vec<&'s str> {
    let needed = |scope: &str| NEEDS.iter().any(|need| need.scope == scope || holds(need.scope, scope));
    scopes.iter().copied().filter(|scope| !needed(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_what_the_documentation_says() {
        for (header, want) in [
            ("repo, admin:repo_hook", &[][..]),
            ("repo", &[]),
            ("repo:status", &["repo", "admin:repo_hook"]),
            ("public_repo", &["repo", "repo:status", "admin:repo_hook"]),
            ("admin:repo_hook", &["repo", "repo:status"]),
            ("repo:status,write:repo_hook", &["repo", "admin:repo_hook"]),
            ("", &["repo", "repo:status", "admin:repo_hook"]),
        ] {
            let scopes = missing(&parse(header));
            assert_eq!(scopes.iter().map(|need| need.scope).collect::<Vec<_>>(), want, "{header}");
        }
        assert_eq!(unneeded(&parse("repo, delete_repo, public_repo")), ["delete_repo"]);
    }
}

//! `cargo xtask codegen`: the documentation that is made from the sources. `--check` only compares, so that it cannot go
//! stale unnoticed.

use std::fmt::Write as _;

use crate::{
    Arguments,
    rules::{self, Rule},
    workspace::Workspace,
};

/// The table of all rules.
const RULES: &str = "docs/rules/README.md";

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    generate(workspace, arguments.has("check"))
}

/// Writes what is generated, or, to check, fails if it is not what it would be.
pub(crate) fn generate(workspace: &Workspace, check: bool) -> anyhow::Result<()> {
    let table = table(&rules::declared(workspace, &workspace.files()?)?);
    if workspace.read(RULES).is_ok_and(|current| current == table) {
        return Ok(());
    }
    anyhow::ensure!(!check, "{RULES} is not what the sources say; run `cargo xtask codegen` and commit the result");
    workspace.write(RULES, &table)?;
    println!("wrote {RULES}");
    Ok(())
}

fn table(rules: &[Rule]) -> String {
    let mut text = String::from("# Rules\n\nMade by `cargo xtask codegen` from the declarations in the sources.\n");
    let mut last = "";
    for rule in rules {
        let (owner, name) = rule.id.split_once('/').unwrap_or(("", &rule.id));
        if owner != last {
            let count = rules.iter().filter(|other| other.id.split('/').next() == Some(owner)).count();
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\n## {owner} ({count})\n\n| rule | severity | summary |\n|---|---|---|\n");
            last = owner;
        }
        let summary = rule.summary.replace('|', "\\|").replace('\n', " ");
        let _ = writeln!(text, "| [{name}]({owner}/{name}.md) | {} | {summary} |", rule.severity.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_per_crate() {
        let rule = |id: &str, summary: &str| Rule {
            id: id.to_owned(),
            severity: "Error".to_owned(),
            summary: summary.to_owned(),
            file: "x.rs".into(),
            line: 1,
        };
        let text = table(&[rule("appspec/a", "x"), rule("appspec/b", "x | y"), rule("buildspec/a", "z")]);
        assert!(text.contains("## appspec (2)\n\n| rule |"));
        assert!(text.contains("| [b](appspec/b.md) | error | x \\| y |\n\n## buildspec (1)\n"));
        assert!(text.ends_with("| [a](buildspec/a.md) | error | z |\n"));
    }
}

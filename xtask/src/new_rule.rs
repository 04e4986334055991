//! `cargo xtask new-rule <crate> <rule-name>`: the files of a new rule, and its places in the lists.
//!
//! What is written compiles, and its page fails as a test until the check reports what the page promises.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::{
    Arguments,
    scaffold::{formatted, is_kebab_case},
    sorted::{self, Slice},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let [owner, name] = arguments.values()?;
    write(workspace, owner, name)?;
    println!(
        "next: write the page's examples, then the check; `cargo test -p {owner} --features conformance` runs the page"
    );
    Ok(())
}

/// Writes the rule's file, its page and its entries.
pub(crate) fn write(workspace: &Workspace, owner: &str, name: &str) -> anyhow::Result<()> {
    if !is_kebab_case(name) {
        bail!("`{name}` is not a rule name: lower-case words joined by dashes that read well after \"allow\"");
    }
    let list = format!("crates/{owner}/src/rules/mod.rs");
    let text = workspace.read(&list).with_context(|| format!("`{owner}` has no rules"))?;
    let module = name.replace('-', "_");
    let (listed, subject) = with_rule(&text, &module).with_context(|| list.clone())?;
    workspace.create(
        format!("crates/{owner}/src/rules/{module}.rs"),
        &formatted(workspace, &source(owner, name, &subject))?,
    )?;
    let good = example(workspace, owner)?;
    workspace.create(format!("docs/rules/{owner}/{name}.md"), &page(owner, name, &good))?;
    workspace.write(&list, &formatted(workspace, &listed)?)?;
    println!("added `{module}` to {list}");
    Ok(())
}

/// The list with the new rule in its places, and the type that its checks look at.
fn with_rule(text: &str, module: &str) -> anyhow::Result<(String, String)> {
    let declared = sorted::with_module(text, module)?;
    let slice = Slice::find(&declared, "CHECKS")?;
    let subject = slice.element.strip_prefix("Check<").and_then(|rest| rest.strip_suffix('>'));
    let subject = subject.with_context(|| format!("CHECKS holds `{}`, not `Check<…>`", slice.element))?.to_owned();
    let constant = module.to_uppercase();
    // As the others are written: both forms are in use.
    let entry = if slice.entries().iter().any(|existing| existing.starts_with("Check::new(")) {
        format!("Check::new(&{module}::{constant}, {module}::check)")
    } else {
        format!("Check {{ rule: &{module}::{constant}, run: {module}::check }}")
    };
    let listed = slice.with_entry(&entry, |existing| sorted::module_of_entry(existing) > module);
    Ok((listed, subject))
}

/// The names that a type is made of and that `super` therefore has in scope.
fn imports(subject: &str) -> String {
    let names: Vec<&str> = subject
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|name| !name.is_empty() && !name.contains("::"))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => format!("use super::{name};\n\n"),
        names => format!("use super::{{{}}};\n\n", names.join(", ")),
    }
}

fn source(owner: &str, name: &str, subject: &str) -> String {
    let constant = name.replace('-', "_").to_uppercase();
    format!(
        "//! TODO: one sentence: what is wrong with the file.

use spec_report::{{Findings, declare_rule}};

{imports}declare_rule! {{
    /// ## What it does
    /// TODO: reports what, where.
    pub(crate) static {constant} = {{
        id: \"{owner}/{name}\",
        severity: Warning,
        summary: \"TODO: one line for lists of rules\",
    }}
}}

pub(super) fn check(subject: &{subject}, findings: &mut Findings<'_>) {{
    // Look at `subject` and call `findings.report(&{constant}, source, span, message)`.
    let _ = (subject, findings);
}}
",
        imports = imports(subject),
    )
}

/// A fence of a page: its language, and its text with the last line end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Example {
    language: String,
    text: String,
}

/// A good file of this kind to start from: that of the first page that has one.
fn example(workspace: &Workspace, owner: &str) -> anyhow::Result<Example> {
    let pages = Path::new("docs/rules").join(owner);
    for file in workspace.files()?.iter().filter(|file| file.starts_with(&pages)) {
        if let Some(example) = good_of(&workspace.read(file)?) {
            return Ok(example);
        }
    }
    // A crate without any page yet.
    Ok(Example { language: "yaml".to_owned(), text: "version: 0.2\n".to_owned() })
}

/// The first fence of a page's section `Good`.
fn good_of(page: &str) -> Option<Example> {
    let mut lines = page.lines().skip_while(|line| *line != "## Good");
    let language = lines.find_map(|line| line.strip_prefix("```"))?.split(' ').next()?.to_owned();
    let text = lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
    Some(Example { language, text })
}

fn page(owner: &str, name: &str, good: &Example) -> String {
    let Example { language, text } = good;
    // JSON has no comments to mark the expected line with.
    let (info, bad) = if language == "json" {
        (format!("json warning=[{name}]@1"), text.clone())
    } else {
        (language.clone(), format!("{} # warning: [{name}]\n", text.trim_end()))
    };
    format!(
        "# {owner}/{name}

TODO: one line for lists of rules

## What it does

TODO: reports what, where.

## Why

TODO: what the service does instead, in its own words if it has some, and when one would notice.

## Bad

```{info}
{bad}```

## Good

```{language}
{text}```
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! Rules.\n\nmod alpha;\nmod gamma;\n\nuse spec_report::Check;\n\n/// All.\npub(crate) static CHECKS: &[Check<Subject>] = &[\n    \
        Check { rule: &alpha::ALPHA, run: alpha::check },\n    Check { rule: &gamma::GAMMA, run: gamma::check },\n];\n";

    #[test]
    fn takes_its_place_in_both_lists() {
        let (text, subject) = with_rule(LIST, "beta_ray").unwrap();
        assert_eq!(subject, "Subject");
        assert_eq!(sorted::modules(&text), ["alpha", "beta_ray", "gamma"]);
        let entries = Slice::find(&text, "CHECKS").unwrap().entries();
        assert_eq!(entries[1], "Check { rule: &beta_ray::BETA_RAY, run: beta_ray::check }");
        let called =
            LIST.replace("Check { rule: &alpha::ALPHA, run: alpha::check }", "Check::new(&alpha::ALPHA, alpha::check)");
        let (text, _) = with_rule(&called, "beta_ray").unwrap();
        assert_eq!(
            Slice::find(&text, "CHECKS").unwrap().entries()[1],
            "Check::new(&beta_ray::BETA_RAY, beta_ray::check)"
        );
        assert!(with_rule(LIST, "alpha").is_err());
        assert!(with_rule("mod a;\n", "b").is_err());
    }

    #[test]
    fn source_and_page_agree() {
        let source = source("buildspec", "no-tabs", "Subject");
        assert!(
            source.contains("id: \"buildspec/no-tabs\"")
                && source.contains("static NO_TABS =")
                && source.contains("use super::Subject;\n")
        );
        let good = Example { language: "yaml".to_owned(), text: "version: 0.2\nphases: {}\n".to_owned() };
        let text = page("buildspec", "no-tabs", &good);
        assert!(text.starts_with("# buildspec/no-tabs\n\nTODO: one line for lists of rules\n"));
        assert!(text.contains("```yaml\nversion: 0.2\nphases: {} # warning: [no-tabs]\n```\n"));
        assert_eq!(good_of(&text), Some(good));
        assert_eq!(good_of("# a page\n\n## Bad\n```yaml\na: b\n```\n"), None);
        let json = Example { language: "json".to_owned(), text: "{\n}\n".to_owned() };
        assert!(page("ecs-taskdef", "no-tabs", &json).contains("```json warning=[no-tabs]@1\n{\n}\n```\n"));
    }

    #[test]
    fn subjects_are_imported() {
        for (subject, expected) in [
            ("Subject", "use super::Subject;\n\n"),
            ("Parsed<Buildspec>", "use super::{Parsed, Buildspec};\n\n"),
            ("crate::Subject", ""),
        ] {
            assert_eq!(imports(subject), expected);
        }
    }
}

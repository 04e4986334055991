//! Rule pages as tests: a page that is right, and every way in which a page can be wrong.

use std::fs;

use spec_report::mdtest::{Pages, check_pages};
use spec_report::{Diagnostic, Edit, Fix, Report, Rule, Safety, Source, Span};
use tempfile::TempDir;

use crate::rules::{BAD_WORD, DUPLICATE_KEY, REMARK, SYNTAX, UNKNOWN_RULE, UNUSED, check};

const PAGE: &str = "\
# demo/bad-word

A value is the word `bad`.

## What it does
Finds it.

## Why
It is bad.

## Bad
```yaml
a: 1
b: bad # warning: [bad-word]
```

## Good
```yaml
b: fine
```

## Fix
```yaml
a: 1
b: good
```
";

/// A directory with these pages.
fn pages(pages: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in pages {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// What is wrong with the page of `bad-word`, without its path.
fn wrong_with(page: &str, check: impl Fn(&str, &str) -> Report) -> Vec<String> {
    let dir = pages(&[("bad-word.md", page)]);
    match check_pages(dir.path(), &[&BAD_WORD], check) {
        Ok(count) => {
            assert_eq!(count, 1);
            Vec::new()
        }
        Err(failures) => failures.0.iter().map(|failure| format!("{}: {}", failure.line, failure.message)).collect(),
    }
}

#[test]
fn a_true_page_passes() {
    assert_eq!(wrong_with(PAGE, check), Vec::<String>::new());
}

#[test]
fn variants_that_pass() {
    for (name, from, to) in [
        ("a marker of its own", "b: bad # warning: [bad-word]", "# warning: [bad-word]\nb: bad"),
        ("a full id", "[bad-word]", "[demo/bad-word]"),
        (
            "a second rule",
            "a: 1\nb: bad # warning: [bad-word]",
            "a: 1\nb: bad # warning: [bad-word]\nc: [note, note] # info: [remark, remark]",
        ),
        ("several markers", "b: bad # warning: [bad-word]", "b: [bad, note] # warning: [bad-word] # info: [remark]"),
        ("also", "```yaml\na: 1\nb: bad", "```yaml also=[remark]\na: note\nb: bad"),
        ("tildes", "```yaml\nb: fine\n```", "~~~~yaml\nb: fine\n~~~~"),
        ("an info in a good example", "b: fine", "b: note"),
        ("a suppressed good example", "b: fine", "b: bad # demo: allow(bad-word)"),
        (
            "json",
            "```yaml\na: 1\nb: bad # warning: [bad-word]\n```",
            "```json warning=[bad-word]@2\n{\n\"b\": \"bad\"}\n```",
        ),
        ("a file name", "```yaml\nb: fine", "```json file=x.yml\nb: fine"),
    ] {
        let mut page = PAGE.replace(from, to);
        assert_ne!(page, PAGE, "{name}");
        // The fixed example belongs to the bad one as it was.
        let fixed = match name {
            "a marker of its own"
            | "a full id"
            | "tildes"
            | "an info in a good example"
            | "a suppressed good example"
            | "a file name" => "a: 1\nb: good\n",
            "a second rule" => "a: 1\nb: good\nc: [note, note]\n",
            "several markers" => "a: 1\nb: [good, note]\n",
            "also" => "a: note\nb: good\n",
            _ => "{\n\"b\": good}\n",
        };
        page = page.replace("```yaml\na: 1\nb: good\n```", &format!("```yaml\n{fixed}```"));
        if name == "json" {
            // The demo's fix is for YAML only.
            assert_eq!(wrong_with(&page, check).len(), 1, "{name}");
            page = page.split("## Fix").next().unwrap().to_owned();
            assert_eq!(wrong_with(&page, check), ["1: the rule offers a fix, but there is no `## Fix`"]);
        } else {
            assert_eq!(wrong_with(&page, check), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn every_lie_of_a_page_is_found() {
    let table: &[(&str, &str, &[&str])] = &[
        ("# demo/bad-word", "# demo/good-word", &["1: the title is `demo/good-word`, expected `# demo/bad-word`"]),
        ("# demo/bad-word\n", "", &["1: the title is ``, expected `# demo/bad-word`"]),
        (
            "A value",
            "Some value",
            &["3: the summary is `Some value is the word `bad`.`, expected `a value is the word `bad``"],
        ),
        ("## Why\n", "", &["1: the section `## Why` is missing"]),
        ("## Why\n", "## Why\n## Why\n", &["1: there is more than one section `## Why`"]),
        ("It is bad.", "# It is bad.", &["9: a page has one title only"]),
        (
            "## Bad\n",
            "## Bed\n",
            &["1: the section `## Bad` is missing", "22: `## Fix` has 1 fences for 0 in `## Bad`"],
        ),
        (
            "```yaml\na: 1\nb: bad # warning: [bad-word]\n```\n",
            "",
            &["11: `## Bad` shows no example: add a fence", "18: `## Fix` has 1 fences for 0 in `## Bad`"],
        ),
        ("```yaml\nb: fine\n```\n", "", &["17: `## Good` shows no example: add a fence"]),
        ("```yaml\na: 1\nb: good\n```\n", "", &["22: `## Fix` has 0 fences for 1 in `## Bad`"]),
        (
            " # warning: [bad-word]",
            "",
            &[
                "12: no line is marked with `# warning: [bad-word]`",
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
            ],
        ),
        (
            "a: 1\nb: bad",
            "a: bad\nb: bad",
            &[
                "13: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
                "23: the fixed example differs\n  expected:\n    a: 1\n    b: good\n  got:\n    a: good\n    b: good",
            ],
        ),
        (
            "a: 1\nb: bad",
            "a: 1 # warning: [bad-word]\nb: bad",
            &["13: marked but not found on line 1 of the example: warning[demo/bad-word]"],
        ),
        (
            "# warning: [bad-word]",
            "# error: [bad-word]",
            &[
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
                "14: marked but not found on line 2 of the example: error[demo/bad-word]",
            ],
        ),
        (
            "# warning: [bad-word]",
            "# warning: [bad-word, bad-word]",
            &["14: marked but not found on line 2 of the example: warning[demo/bad-word]"],
        ),
        (
            "# warning: [bad-word]",
            "# warning: [bad-word] # error: [nonsense]",
            &["14: marked but not found on line 2 of the example: error[demo/nonsense]"],
        ),
        (
            "# warning: [bad-word]",
            "# warning: [bad-word",
            &[
                "12: no line is marked with `# warning: [bad-word]`",
                "14: `# warning: [bad-word` is no marker: write `# error: [rule]` at the end of the line",
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
            ],
        ),
        (
            "# warning: [bad-word]",
            "# warning: []",
            &[
                "12: no line is marked with `# warning: [bad-word]`",
                "14: `# warning: []` is no marker: write `# error: [rule]` at the end of the line",
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
            ],
        ),
        (
            "a: 1\nb: bad",
            "a: note\nb: bad",
            &[
                "13: found but not marked: info[demo/remark]: a note",
                "23: the fixed example differs\n  expected:\n    a: 1\n    b: good\n  got:\n    a: note\n    b: good",
            ],
        ),
        (
            "```yaml\na: 1\nb: bad",
            "```yaml also=[remark]\na: 1\nb: bad",
            &["12: `also=[demo/remark]` allows what is not found"],
        ),
        (
            "```yaml\na: 1\nb: bad",
            "``` yaml fiel=x.yml\na: 1\nb: bad",
            &["12: `fiel=x.yml` is not understood: write `file=name`, `also=[rule]` or `error=[rule]@line`"],
        ),
        ("```yaml\na: 1\nb: bad", "```\na: 1\nb: bad", &["12: the fence names no language: write ```yaml or ```json"]),
        (
            "```yaml\na: 1\nb: bad",
            "```yaml error=[bad-word]@2\na: 1\nb: bad",
            &["12: marked but not found on line 2 of the example: error[demo/bad-word]"],
        ),
        ("## Good", "```yaml\nc: fine\n```\n## Good", &["17: no line is marked with `# warning: [bad-word]`"]),
        (
            "b: bad # warning: [bad-word]\n```\n",
            "b: bad\n```\n```text\nb: bad # warning: [bad-word]\n```\n",
            &[
                "12: no line is marked with `# warning: [bad-word]`",
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
            ],
        ),
        (
            "```yaml\na: 1\nb: bad # warning: [bad-word]",
            "```json warning=[bad-word]@0\n{\"b\":\n\"bad\"}",
            &[
                "12: marked but not found on line 0 of the example: warning[demo/bad-word]",
                "14: found but not marked: warning[demo/bad-word]: `bad` is a bad word",
                "23: the fix brings error[demo/syntax]: the text `good` needs double quotes",
            ],
        ),
        ("b: fine", "b: bad", &["19: found in a good example: warning[demo/bad-word]: `bad` is a bad word"]),
        (
            "b: fine",
            "b: twice",
            &[
                "19: found in a good example: error[demo/duplicate-key]: twice",
                "19: found in a good example: error[demo/duplicate-key]: twice",
            ],
        ),
        ("b: fine", "b: fine # error: [x]", &["18: a good example has no markers"]),
        (
            "b: good\n",
            "b: god\n",
            &["23: the fixed example differs\n  expected:\n    a: 1\n    b: god\n  got:\n    a: 1\n    b: good"],
        ),
        (
            "b: good\n",
            "b: good # error: [x]\n",
            &[
                "23: a fixed example has no markers",
                "23: the fixed example differs\n  expected:\n    a: 1\n    b: good # error: [x]\n  got:\n    a: 1\n    b: good",
            ],
        ),
        ("\n## Fix\n```yaml\na: 1\nb: good\n```\n", "", &["1: the rule offers a fix, but there is no `## Fix`"]),
        ("b: good\n```\n", "b: good\n", &["23: this fence is not closed"]),
        (
            "```yaml\nb: fine\n```",
            " ```yaml\nb: fine\n ```",
            &[
                "17: `## Good` shows no example: add a fence",
                "18: an indented fence is not run: begin it at the left margin",
                "20: an indented fence is not run: begin it at the left margin",
            ],
        ),
    ];
    let mut different = Vec::new();
    for (from, to, expected) in table {
        let page = PAGE.replacen(from, to, 1);
        assert_ne!(page, PAGE, "{from:?} is not in the page");
        let found = wrong_with(&page, check);
        if found != *expected {
            different.push(format!("{from:?} -> {to:?}\n  found {found:#?}\n  expected {expected:#?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(!wrong_with("", check).is_empty());
    // Whatever a page says, a check that finds nothing cannot pass it.
    assert_eq!(
        wrong_with(PAGE, |_, _| Report::new()),
        [
            "14: marked but not found on line 2 of the example: warning[demo/bad-word]",
            "23: no fix was applied to the example in `## Bad`",
        ]
    );
}

#[test]
fn the_service_is_quoted() {
    let page = PAGE.replace("bad-word", "duplicate-key").replace("A value is the word `bad`", "A key is written twice");
    let page = page
        .replace("b: bad # warning", "b: twice # error")
        .replace("[duplicate-key]", "[duplicate-key, duplicate-key]");
    let page = page.split("\n## Fix").next().unwrap().to_owned();
    let check_page = |page: &str| {
        let dir = pages(&[("duplicate-key.md", page)]);
        check_pages(dir.path(), &[&DUPLICATE_KEY], check).map_err(|failures| failures.0[0].message.clone())
    };
    assert_eq!(
        check_page(&page),
        Err("the service's words are not quoted: `YAML_FILE_ERROR: duplicate key`".to_owned())
    );
    assert_eq!(check_page(&page.replace("It is bad.", "> YAML_FILE_ERROR: duplicate\nkey")), Ok(1));
}

#[test]
fn pages_and_rules_belong_together() {
    let failures = |files: &[(&str, &str)], rules: &[&'static Rule]| {
        let dir = pages(files);
        let failures = check_pages(dir.path(), rules, check).unwrap_err();
        let shown = failures.to_string();
        assert_eq!(format!("{failures:?}").trim_start(), shown);
        shown.replace(&dir.path().display().to_string(), "dir")
    };
    assert_eq!(
        failures(&[("bad-word.md", PAGE), ("old-rule.md", "")], &[&BAD_WORD]),
        "dir/old-rule.md:1: there is no rule of this name\n1 failure in rule pages"
    );
    assert!(
        failures(&[("bad-word.md", PAGE)], &[&BAD_WORD, &REMARK])
            .starts_with("dir/remark.md:1: the page of `demo/remark` cannot be read: ")
    );
    assert_eq!(
        failures(&[("bad-word.md", PAGE)], &[&BAD_WORD, &BAD_WORD]),
        "dir/bad-word.md:1: is the page of both `demo/bad-word` and `demo/bad-word`\n1 failure in rule pages"
    );
    assert_eq!(
        failures(&[("README.md", "")], &[]),
        "dir:1: no rules were given, so nothing was checked\n1 failure in rule pages"
    );
    let nowhere = tempfile::tempdir().unwrap().path().join("nowhere");
    let missing = check_pages(&nowhere, &[&BAD_WORD], check).unwrap_err();
    assert_eq!(missing.0.len(), 2);
}

#[test]
fn shown_only_pages_are_not_run_but_read() {
    let page = "# demo/syntax\nThe text is not YAML.\n## What it does\n> YAML_FILE_ERROR Message: did not find expected node content\n## Why\n## Bad\n\nBytes that are no text.\n## Good\n```yaml\na: 1\n```\n";
    let dir = pages(&[("syntax.md", page)]);
    let all = Pages::new(dir.path(), &[&SYNTAX]);
    assert!(all.check(check).is_err());
    assert_eq!(all.clone().shown_only(&[&SYNTAX]).check(check).unwrap(), 1);
    assert!(all.clone().shown_only(&[&SYNTAX, &REMARK]).check(check).is_err());
    for (from, to) in [("a: 1", "a: bad"), ("## Bad", "## Bed"), ("## Good", "## Fix\n## Good")] {
        fs::write(dir.path().join("syntax.md"), page.replace(from, to)).unwrap();
        assert!(all.clone().shown_only(&[&SYNTAX]).check(check).is_err(), "{from}");
    }
}

#[test]
fn pages_about_comments() {
    let unknown = "# demo/unknown-rule\nA comment allows a rule that does not exist.\n## What it does\n## Why\n## Bad\n```yaml\na: 1 # demo: allow(bad-wrod) # warning: [unknown-rule]\n```\n## Good\n```yaml\na: 1\n```\n## Fix\n```yaml\na: 1 # demo: allow(bad-word)\n```\n";
    let dir = pages(&[("unknown-rule.md", &unknown.replace("a: 1 #", "a: bad #"))]);
    // The bad word is found as long as the comment is wrong, so the page must say so.
    assert!(check_pages(dir.path(), &[&UNKNOWN_RULE], check).is_err());
    let unused = "# demo/unused-suppression\nA comment silences nothing.\n## What it does\n## Why\n## Bad\n```yaml\na: 1 # demo: allow(bad-word) # info: [unused-suppression]\n```\n## Good\n```yaml\na: bad # demo: allow(bad-word)\n```\n## Fix\n```yaml\na: 1\n```\n";
    let dir = pages(&[("unused-suppression.md", unused)]);
    assert_eq!(check_pages(dir.path(), &[&UNUSED], check).unwrap(), 1);
}

/// Fixes that break the text, undo each other or do not fit are failures of the page.
#[test]
fn fixes_that_do_harm_are_found() {
    let with_fix = |replacement: &'static str, end: usize| {
        move |name: &str, text: &str| {
            let mut report = Report::new();
            let source = Source::new(name, text);
            for word in ["bad", "worse"] {
                if let Some(start) = text.find(word) {
                    let span = Span::new(start, start + word.len());
                    let edit = Edit { span: Span::new(start, start + end), replacement: replacement.to_owned() };
                    let fix = Fix { title: "t".to_owned(), edits: vec![edit], safety: Safety::Unsafe };
                    report.push(Diagnostic::new(&BAD_WORD, &source, span, "m").with_fix(fix));
                }
            }
            if text.contains("broken") {
                report.push(Diagnostic::new(&SYNTAX, &source, Span::at(0), "broken"));
            }
            report
        }
    };
    assert_eq!(wrong_with(PAGE, with_fix("good", 3)), Vec::<String>::new());
    assert_eq!(wrong_with(PAGE, with_fix("broken", 3)), ["23: the fix brings error[demo/syntax]: broken"]);
    assert_eq!(
        wrong_with(PAGE, with_fix("bad", 3)),
        ["23: after 10 rounds there are still fixes: they undo each other"]
    );
    assert_eq!(wrong_with(PAGE, with_fix("x", 999)), ["23: 1 fixes cannot be applied"]);
}

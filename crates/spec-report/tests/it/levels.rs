//! Levels from the caller and suppression comments in the file.

use proptest::prelude::*;
use spec_report::{Level, Levels, Safety, Severity, Source, apply_fixes};

use crate::rules::{BAD_WORD, DUPLICATE_KEY, RULES, brief, check, check_with};

#[test]
fn the_more_exact_level_wins_and_then_the_later() {
    for (levels, expected) in [
        ("", None),
        ("allow=demo/bad-word", Some(Level::Allow)),
        ("allow=demo/bad-word,deny=demo/*", Some(Level::Allow)),
        ("deny=demo/*,allow=demo/bad-word", Some(Level::Allow)),
        ("warn=*,deny=demo/*", Some(Level::Deny)),
        ("deny=demo/*,warn=*", Some(Level::Deny)),
        ("warn=demo/bad-word, deny=demo/bad-word ,", Some(Level::Deny)),
        ("warn=demo/other+demo/bad-word", Some(Level::Warn)),
        ("warn=demo/other,deny=de/*", None),
    ] {
        assert_eq!(Levels::parse(levels).unwrap().level(&BAD_WORD), expected, "{levels}");
    }
    let added = Levels::default().deny("*").with_all(Levels::default().allow("*"));
    assert_eq!(added.level(&BAD_WORD), Some(Level::Allow));
}

#[test]
fn wrong_levels_say_what_is_wrong() {
    for (levels, message) in [
        ("demo/bad-word", "`demo/bad-word` sets no level: write `allow=<crate>/<rule>`"),
        ("alow=demo/x", "`alow` is no level: write `allow`, `warn` or `deny`"),
        ("allow=bad-word", "`bad-word` names no rule: write `<crate>/<rule>`, `<crate>/*` or `*`"),
        ("allow=", "`` names no rule: write `<crate>/<rule>`, `<crate>/*` or `*`"),
        ("allow=demo/\u{1b}[2J", "`demo/\\u{1b}[2J` names no rule: write `<crate>/<rule>`, `<crate>/*` or `*`"),
    ] {
        assert_eq!(Levels::parse(levels).unwrap_err().to_string(), message);
    }
    let names = |levels: Levels| levels.check_names(RULES).map_err(|error| error.to_string());
    assert_eq!(names(Levels::default().allow("*").deny("demo/*").warn("demo/remark")), Ok(()));
    assert_eq!(
        names(Levels::default().allow("demo/bad-wrd")),
        Err("there is no rule `demo/bad-wrd`, did you mean `demo/bad-word`?".to_owned())
    );
    assert_eq!(names(Levels::default().allow("zzz/*")), Err("there is no rule `zzz/*`".to_owned()));
}

#[test]
fn levels_change_severities_and_drop() {
    let text = "a: bad\nb: note\n";
    let with = |levels: &str| brief(&check_with("demo.yml", text, Levels::parse(levels).unwrap()));
    assert_eq!(with(""), ["1:4 warning[bad-word]", "2:4 info[remark]"]);
    assert_eq!(with("deny=demo/*"), ["1:4 error[bad-word]", "2:4 error[remark]"]);
    assert_eq!(with("warn=*,allow=demo/bad-word"), ["2:4 warning[remark]"]);
    assert_eq!(with("allow=*"), Vec::<String>::new());
}

/// Text, what is left, how many are suppressed.
#[test]
fn how_far_comments_reach() {
    let allow = "# demo: allow(bad-word)";
    let table: &[(&str, String, &[&str], usize)] = &[
        ("trailing: its line", format!("a: bad {allow}\nb: bad\n"), &["2:4 warning[bad-word]"], 1),
        ("trailing: also several", format!("a: [bad, bad] {allow}\n"), &[], 2),
        (
            "trailing: not the rest of the value",
            format!("z: 1\na: {allow}\n  b: bad\n"),
            &["2:18 info[unused-suppression]", "3:6 warning[bad-word]"],
            0,
        ),
        ("own line: the next line", format!("z: 1\n{allow}\na: bad\nb: bad\n"), &["4:4 warning[bad-word]"], 1),
        (
            "own line: over blank lines and other comments",
            format!("z: 1\n{allow}\n\n  # why\n\na: bad\nb: bad\n"),
            &["7:4 warning[bad-word]"],
            1,
        ),
        (
            "own line: the whole entry",
            format!("z: 1\n{allow}\na:\n  b: bad\n  c:\n    - bad\nd: bad\n"),
            &["7:4 warning[bad-word]"],
            2,
        ),
        (
            "own line: the whole item",
            format!("a:\n  {allow}\n  - b: x\n    c: bad\n  - b: bad\n"),
            &["5:8 warning[bad-word]"],
            1,
        ),
        ("own line: not the parent", format!("a:\n  {allow}\n  b: bad\n  c: bad\n"), &["4:6 warning[bad-word]"], 1),
        (
            "own line: a flow mapping over lines",
            format!("z: 1\n{allow}\na: {{b: bad,\n  c: bad}}\nd: bad\n"),
            &["5:4 warning[bad-word]"],
            2,
        ),
        ("top: the whole file", format!("{allow}\na: bad\nb: bad\n"), &[], 2),
        ("top: above the marker", format!("# x\n\n{allow}\n---\na: bad\nb: bad\n"), &[], 2),
        ("top: below the marker", format!("---\n{allow}\na: bad\nb: bad\n"), &[], 2),
        (
            "the end: nothing",
            format!("a: bad\n{allow}\n"),
            &["1:4 warning[bad-word]", "2:15 info[unused-suppression]"],
            0,
        ),
        ("a full name and a reason", "a: bad # demo: allow(demo/bad-word) for a test\n".to_owned(), &[], 1),
        ("blanks", "a: bad #demo :  allow ( bad-word , )\n".to_owned(), &[], 1),
        ("another crate", "a: bad # other: allow(bad-word)\n".to_owned(), &["1:4 warning[bad-word]"], 0),
        ("windows line ends", format!("z: 1\r\n{allow}\r\na: bad\r\nb: bad\r\n"), &["4:4 warning[bad-word]"], 1),
        ("rules of reading", "z: 1\n# demo: allow(duplicate-key)\nz: 2\n".to_owned(), &[], 1),
        (
            "the wider of two, so that the narrower is unused",
            format!("{allow}\na: bad {allow}\n"),
            &["2:22 info[unused-suppression]"],
            1,
        ),
        ("two above the same line", format!("z: 1\n{allow}\n{allow}\na: bad\n"), &["3:15 info[unused-suppression]"], 1),
        ("complaints about comments", format!("# demo: allow(unused-suppression)\na: 1 {allow}\n"), &[], 1),
        (
            "a useless comment about complaints",
            "# demo: allow(unused-suppression)\na: 1\n".to_owned(),
            &["1:15 info[unused-suppression]"],
            0,
        ),
        ("text is no comment", "a: 'x # demo: allow(nothing)'\n".to_owned(), &[], 0),
        ("only comments", format!("{allow}\n"), &["1:15 info[unused-suppression]"], 0),
    ];
    let mut different = Vec::new();
    for (name, text, left, suppressed) in table {
        let report = check("demo.yml", text);
        let found = (brief(&report), report.suppressed().len());
        if found != (left.iter().map(ToString::to_string).collect(), *suppressed) {
            different.push(format!("{name}: {found:?}, expected {left:?} and {suppressed}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn wrong_comments_are_reported() {
    let table = [
        ("# demo: allow(bad-wrod)", Some("there is no rule `bad-wrod` to allow")),
        ("# demo: allow(other/bad-word)", Some("there is no rule `other/bad-word` to allow")),
        ("# demo: allow(qqq)", Some("there is no rule `qqq` to allow")),
        ("# demo: allow()", Some("no rule is named between the parentheses")),
        ("# demo: allow( , )", Some("no rule is named between the parentheses")),
        ("# demo: allow(bad-word", Some("the list of allowed rules is not closed by `)`")),
        ("# demo: allow bad-word", Some("`allow` needs its rules in parentheses")),
        ("# demo: allow: bad-word", Some("`allow` needs its rules in parentheses")),
        ("# demo: deny(bad-word)", Some("a comment can only `allow`, not `deny`")),
        ("# demo: alow(bad-word)", Some("a comment can only `allow`, not `alow`")),
        ("# demo: allow everybody to read this", None),
        ("# demo: see(below)", None),
        ("# demo: the file for the demo", None),
        ("# demolition: allow(nothing)", None),
        ("# demo allow(nothing)", None),
    ];
    for (comment, message) in table {
        let report = check("demo.yml", &format!("a: 1 {comment}\n"));
        let messages: Vec<&str> = report.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(messages, message.into_iter().collect::<Vec<_>>(), "{comment}");
        assert!(report.iter().all(|found| found.severity == Severity::Warning));
    }
    let report = check("demo.yml", "a: 1 # demo: allow(bad-wrod)\n");
    let found = report.iter().next().unwrap();
    assert_eq!(found.help.as_deref(), Some("did you mean `bad-word`?"));
    assert_eq!(found.primary.source.slice(found.primary.span), "bad-wrod");
}

#[test]
fn unused_suppressions_can_be_removed() {
    for (text, fixed) in [
        ("a: 1 # demo: allow(bad-word)\nb: 2\n", "a: 1\nb: 2\n"),
        ("a: 1\n# demo: allow(bad-word) why\nb: 2\n", "a: 1\nb: 2\n"),
        ("a: 1\r\n  # demo: allow(bad-word)\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
        ("a: bad # demo: allow(remark, bad-word)\n", "a: bad # demo: allow(bad-word)\n"),
        ("a: bad # demo: allow(bad-word, remark) x\n", "a: bad # demo: allow(bad-word) x\n"),
        ("a: 1 # demo: allow(bad-word, remark)\n", "a: 1\n"),
        ("a: 1 # demo: allow(bad-word)", "a: 1"),
    ] {
        let mut text = text.to_owned();
        for _ in 0..4 {
            let report = check("demo.yml", &text);
            text = apply_fixes(&Source::new("demo.yml", text.as_str()), &report, Safety::Safe).text;
        }
        assert_eq!(text, fixed);
        assert!(check("demo.yml", &text).is_empty());
    }
}

#[test]
fn many_comments_are_read_in_time() {
    let comments = "# demo: allow(bad-word, duplicate-key)\n".repeat(40_000);
    let report = check("demo.yml", &format!("z: 1\n{comments}a: bad\n"));
    assert_eq!(report.suppressed().len(), 1);
    assert_eq!(report.len(), 2 * 40_000 - 1);
}

proptest! {
    #[test]
    fn a_second_application_changes_nothing(
        lines in prop::collection::vec(
            prop::sample::select(vec![
                "# demo: allow(bad-word)", "# demo: allow(unused-suppression, remark)",
                "# demo: allow(remrak)", "a: bad", "b: [note, bad] # demo: allow(remark)",
                "c: {d: twice}  # demo: allow(duplicate-key)", "e:", "  - bad", "",
            ]),
            0..10,
        ),
        deny in any::<bool>(),
    ) {
        let text = lines.join("\n");
        let levels = if deny { Levels::default().deny("demo/*") } else { Levels::default() };
        let report = check_with("demo.yml", &text, levels.clone());
        let document = crate::rules::document(&text);
        let levels = levels.with_comments(&document, "demo", RULES, crate::rules::SUPPRESSION);
        let mut again = report.clone();
        levels.apply(&mut again);
        prop_assert_eq!(&again, &report);

        // Suppressing moves diagnostics, it does not make or lose any.
        let plain = crate::rules::unsuppressed(&text);
        let known = |found: &&spec_report::Diagnostic| {
            found.rule != crate::rules::SUPPRESSION.unknown && found.rule != crate::rules::SUPPRESSION.unused
        };
        let kept = report.iter().filter(known).count() + report.suppressed().filter(known).count();
        prop_assert_eq!(kept, plain.len());
    }
}

#[test]
fn a_rule_may_report_twice_on_a_line() {
    let report = check("demo.yml", "a: twice\n");
    assert_eq!(brief(&report), ["1:4 error[duplicate-key]", "1:8 error[duplicate-key]"]);
    assert!(report.iter().all(|found| found.rule == &DUPLICATE_KEY));
}

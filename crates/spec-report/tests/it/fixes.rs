//! Applying fixes: a table, and properties against an oracle that edits from the back.

use proptest::prelude::*;
use spec_report::{Diagnostic, Edit, Fix, Fixed, Safety, Source, Span, apply_fixes};

use crate::rules::{BAD_WORD, REMARK};

type Edits = Vec<(usize, usize, &'static str)>;

fn diagnostic(source: &Source, safety: Safety, edits: &[(usize, usize, &str)]) -> Diagnostic {
    let edits =
        edits.iter().map(|&(start, end, text)| Edit { span: Span { start, end }, replacement: text.to_owned() });
    let fix = Fix { title: "t".to_owned(), edits: edits.collect(), safety };
    Diagnostic::new(&BAD_WORD, source, Span::at(0), "m").with_fix(fix)
}

fn apply(text: &str, fixes: &[Edits]) -> Fixed {
    let source = Source::new("x", text);
    let diagnostics: Vec<Diagnostic> = fixes.iter().map(|edits| diagnostic(&source, Safety::Safe, edits)).collect();
    apply_fixes(&source, &diagnostics, Safety::Safe)
}

#[test]
fn what_is_applied_and_what_is_left() {
    let table: [(&str, Vec<Edits>, &str, usize, usize); 16] = [
        ("no fix", vec![], "abcdef", 0, 0),
        ("replace", vec![vec![(1, 3, "X")]], "aXdef", 1, 0),
        ("insert", vec![vec![(3, 3, "X")]], "abcXdef", 1, 0),
        ("delete", vec![vec![(0, 6, "")]], "", 1, 0),
        ("edits in any order", vec![vec![(4, 5, "Y"), (0, 1, "X")]], "XbcdYf", 1, 0),
        ("neighbours", vec![vec![(0, 3, "X")], vec![(3, 6, "Y")]], "XY", 2, 0),
        ("overlap", vec![vec![(2, 6, "Y")], vec![(0, 3, "X")]], "Xdef", 1, 1),
        ("shorter first", vec![vec![(0, 3, "Y")], vec![(0, 2, "X")]], "Xcdef", 1, 1),
        ("insert at a border", vec![vec![(0, 3, "X")], vec![(3, 3, "Y")]], "Xdef", 1, 1),
        ("two inserts at one place", vec![vec![(3, 3, "X")], vec![(3, 3, "Y")]], "abcXdef", 1, 1),
        ("the same twice", vec![vec![(3, 3, "X")], vec![(3, 3, "X")]], "abcXdef", 2, 0),
        ("whole or nothing", vec![vec![(0, 1, "X")], vec![(0, 1, "Z"), (5, 6, "Y")]], "Xbcdef", 1, 1),
        ("overlaps itself", vec![vec![(0, 3, "X"), (2, 4, "Y")]], "abcdef", 0, 1),
        ("beyond the end", vec![vec![(5, 7, "X")]], "abcdef", 0, 1),
        ("reversed", vec![vec![(3, 1, "X")]], "abcdef", 0, 1),
        ("without edits", vec![vec![]], "abcdef", 0, 1),
    ];
    for (name, fixes, text, applied, skipped) in table {
        let fixed = apply("abcdef", &fixes);
        assert_eq!((fixed.text.as_str(), fixed.applied, fixed.skipped), (text, applied, skipped), "{name}");
        assert_eq!(fixed.withheld, 0, "{name}");
    }
}

#[test]
fn half_a_character_is_not_edited() {
    assert_eq!(apply("aéb", &[vec![(2, 3, "X")]]).skipped, 1);
    assert_eq!(apply("aéb", &[vec![(1, 3, "e")]]).text, "aeb");
}

#[test]
fn safety_is_a_ceiling_and_display_only_is_never_applied() {
    let source = Source::new("x", "abc");
    let all = [
        diagnostic(&source, Safety::Safe, &[(0, 1, "A")]),
        diagnostic(&source, Safety::Unsafe, &[(1, 2, "B")]),
        diagnostic(&source, Safety::DisplayOnly, &[(2, 3, "C")]),
    ];
    for (max, text, withheld) in [(Safety::Safe, "Abc", 2), (Safety::Unsafe, "ABc", 1), (Safety::DisplayOnly, "ABc", 1)]
    {
        let fixed = apply_fixes(&source, &all, max);
        assert_eq!((fixed.text.as_str(), fixed.withheld), (text, withheld));
    }
}

#[test]
fn other_files_and_other_texts_are_left_alone() {
    let source = Source::new("x", "abc");
    let other_file = diagnostic(&Source::new("y", "abc"), Safety::Safe, &[(0, 1, "A")]);
    let other_text = diagnostic(&Source::new("x", "abd"), Safety::Safe, &[(0, 1, "A")]);
    let fixed = apply_fixes(&source, &[other_file, other_text], Safety::Safe);
    assert_eq!((fixed.text.as_str(), fixed.applied, fixed.skipped), ("abc", 0, 1));
}

/// Takes fixes one after the other in the promised order, compares each edit with all taken ones,
/// and edits the text from the back.
fn naive(text: &str, fixes: &[Vec<(usize, usize, String)>]) -> (String, usize, usize) {
    let clash = |a: &(usize, usize, String), b: &(usize, usize, String)| {
        let bytes = |e: &(usize, usize, String)| if e.0 == e.1 { e.0..=e.0 } else { e.0..=e.1 - 1 };
        if a.0 == a.1 {
            (b.0..=b.1).contains(&a.0)
        } else if b.0 == b.1 {
            (a.0..=a.1).contains(&b.0)
        } else {
            bytes(a).any(|byte| bytes(b).contains(&byte))
        }
    };
    let fits = |e: &(usize, usize, String)| {
        e.0 <= e.1 && e.1 <= text.len() && text.is_char_boundary(e.0) && text.is_char_boundary(e.1)
    };
    let mut order: Vec<Vec<(usize, usize, String)>> = Vec::new();
    let mut skipped = 0;
    for fix in fixes {
        let pairs_clash = (0..fix.len()).any(|i| (0..i).any(|j| clash(&fix[i], &fix[j])));
        if fix.is_empty() || !fix.iter().all(fits) || pairs_clash {
            skipped += 1;
        } else {
            order.push(fix.clone());
        }
    }
    order.sort_by_key(|fix| {
        let start = fix.iter().map(|edit| edit.0).min();
        let last = fix.iter().max_by_key(|edit| (edit.0, edit.1)).map(|edit| edit.1);
        (start, last, fix.clone())
    });
    let (mut taken, mut applied): (Vec<(usize, usize, String)>, usize) = (Vec::new(), 0);
    for fix in order {
        if fix.iter().all(|edit| taken.contains(edit)) {
            applied += 1;
        } else if fix.iter().any(|edit| taken.iter().any(|other| clash(edit, other))) {
            skipped += 1;
        } else {
            taken.extend(fix);
            applied += 1;
        }
    }
    taken.sort();
    let mut out = text.to_owned();
    for (start, end, replacement) in taken.into_iter().rev() {
        out.replace_range(start..end, &replacement);
    }
    (out, applied, skipped)
}

proptest! {
    #[test]
    fn agrees_with_editing_from_the_back(
        text in "[abé]{0,12}",
        fixes in prop::collection::vec(
            prop::collection::vec((0usize..14, 0usize..5, "[XY]{0,2}"), 0..4),
            0..8,
        ),
    ) {
        let fixes: Vec<Vec<(usize, usize, String)>> = fixes
            .into_iter()
            .map(|fix| fix.into_iter().map(|(at, len, text)| (at, at + len, text)).collect())
            .collect();
        let source = Source::new("x", text.clone());
        let diagnostics: Vec<Diagnostic> = fixes
            .iter()
            .map(|fix| {
                let edits: Vec<(usize, usize, &str)> =
                    fix.iter().map(|(start, end, text)| (*start, *end, text.as_str())).collect();
                diagnostic(&source, Safety::Safe, &edits)
            })
            .collect();
        let fixed = apply_fixes(&source, &diagnostics, Safety::Safe);
        let (expected, applied, skipped) = naive(&text, &fixes);
        prop_assert_eq!((&fixed.text, fixed.applied, fixed.skipped), (&expected, applied, skipped));

        // The order in which diagnostics come is of no importance.
        let backwards = apply_fixes(&source, diagnostics.iter().rev(), Safety::Safe);
        prop_assert_eq!(backwards, fixed);
    }
}

#[test]
fn equal_places_are_decided_by_the_rule() {
    let source = Source::new("x", "abc");
    let mut a = diagnostic(&source, Safety::Safe, &[(0, 1, "Z")]);
    let mut b = diagnostic(&source, Safety::Safe, &[(0, 1, "A")]);
    (a.rule, b.rule) = (&BAD_WORD, &REMARK);
    assert_eq!(apply_fixes(&source, [&b, &a], Safety::Safe).text, "Zbc");
}

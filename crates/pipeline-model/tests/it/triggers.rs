//! Which events start a pipeline, and the patterns that decide it.

use pipeline_model::triggers::{Event, Glob, explain};
use pipeline_model::{Pipeline, read};
use proptest::prelude::*;

fn pipeline(triggers: &str) -> Pipeline {
    let text = format!(
        "name: shop\npipelineType: V2\n{triggers}stages:\n  - name: Source\n    actions:\n      - name: Code\n        \
         actionTypeId: {{category: Source, owner: AWS, provider: CodeStarSourceConnection, version: \"1\"}}\n        \
         configuration: {{BranchName: main}}\n"
    );
    read("pipeline.yaml", &text).pipeline().cloned().unwrap_or_default()
}

fn filtered(filters: &str) -> Pipeline {
    pipeline(&format!(
        "triggers:\n  - providerType: CodeStarSourceConnection\n    gitConfiguration: {{sourceActionName: Code, {filters}}}\n"
    ))
}

#[test]
fn filters_decide() {
    let files = |list: &[&str]| Event::push("main").with_files(list.iter().copied());
    let open = || Event::pull_request("OPEN", "main");
    let many = |last: usize| {
        let list = (0..=last).map(|at| if at == last { "src/a.rs".to_owned() } else { format!("docs/{at}.md") });
        Event::push("main").with_files(list)
    };
    let table = [
        ("push: [{branches: {includes: [main]}}]", Event::push("main"), true),
        ("push: [{branches: {includes: [main]}}]", Event::push("other"), false),
        ("push: [{branches: {includes: [main]}}]", Event::tag("main"), false),
        ("push: [{tags: {includes: ['v*']}}]", Event::tag("v1"), true),
        ("push: [{tags: {includes: ['v*']}}]", Event::push("v1"), false),
        ("push: [{branches: {includes: ['**'], excludes: [main]}}]", Event::push("main"), false),
        ("push: [{branches: {excludes: [main]}}]", Event::push("other"), true),
        ("push: [{tags: {includes: [v1]}}, {branches: {includes: [main]}}]", Event::push("main"), true),
        (
            "push: [{branches: {includes: [main]}, filePaths: {includes: ['src/**']}}]",
            files(&["README", "src/a"]),
            true,
        ),
        ("push: [{branches: {includes: [main]}, filePaths: {includes: ['src/**']}}]", files(&["README"]), false),
        (
            "push: [{branches: {includes: [main]}, filePaths: {includes: ['src/**']}}]",
            files(&["src/a"]).as_new_branch(),
            false,
        ),
        ("push: [{branches: {includes: [main]}, filePaths: {excludes: ['docs/**']}}]", files(&["docs/a", "b"]), true),
        ("push: [{branches: {includes: [main]}, filePaths: {excludes: ['docs/**']}}]", files(&["docs/a"]), false),
        ("push: [{branches: {includes: [main]}, filePaths: {includes: ['src/**']}}]", many(99), true),
        ("push: [{branches: {includes: [main]}, filePaths: {includes: ['src/**']}}]", many(100), false),
        ("pullRequest: [{branches: {includes: [main]}}]", open(), true),
        ("pullRequest: [{events: [CLOSED], branches: {includes: [main]}}]", open(), false),
        (
            "pullRequest: [{events: [CLOSED], branches: {includes: [main]}}]",
            Event::pull_request("CLOSED", "main"),
            true,
        ),
        ("pullRequest: [{branches: {includes: [main]}}]", Event::push("main"), false),
        ("push: [{branches: {includes: ['{main']}}]", Event::push("main"), false),
    ];
    for (filters, event, expected) in table {
        let answer = explain(&event, &filtered(filters));
        assert_eq!(answer.holds, expected, "{filters}\n{answer}");
    }
}

#[test]
fn without_a_trigger_the_source_detects_changes() {
    assert!(explain(&Event::push("main"), &pipeline("")).holds);
    assert!(!explain(&Event::push("other"), &pipeline("")).holds);
    assert!(!explain(&Event::pull_request("OPEN", "main"), &pipeline("")).holds);
    assert!(!explain(&Event::push("main"), &filtered("push: [{tags: {includes: [v1]}}]")).holds);
}

#[test]
fn the_tree_says_why() {
    let pipeline = filtered("push: [{branches: {includes: ['rel/*'], excludes: ['rel/x']}}, {tags: {includes: [v1]}}]");
    let answer = explain(&Event::push("rel/x"), &pipeline);
    assert_eq!(
        answer.to_string(),
        "no: a push to `rel/x` starts the pipeline `shop`\n  no: one of the filters of source action `Code` lets it \
         through\n    no: push filter 1\n      no: branch `rel/x` is excluded by `rel/x`\n    no: push filter 2\n      no: it \
         is a push of a tag\n"
    );
    assert_eq!(serde_json::to_value(&answer).unwrap()["because"][0]["because"][0]["holds"], false);
}

#[test]
fn patterns_as_java_reads_them() {
    let table = [
        ("*.rs", "a.rs", true),
        ("*.rs", "a/b.rs", false),
        ("**.rs", "a/b.rs", true),
        ("**/a", "a", false),
        ("src/**", "src", false),
        ("src/**", "src/", true),
        ("a**b", "a/x/b", true),
        (".*", ".git", true),
        ("*", ".git", true),
        ("[!a]", "/", false),
        ("[a-c]?", "bz", true),
        ("[a-]", "-", true),
        ("[*?\\]", "\\", true),
        ("[^a]", "^", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("{main,rel/*}-x", "rel/1-x", true),
        ("{,a}b", "b", true),
        ("a}", "a}", true),
        ("a,b", "a,b", true),
        ("", "", true),
        ("é?", "éü", true),
    ];
    for (pattern, text, expected) in table {
        assert_eq!(Glob::new(pattern).unwrap().matches(text), expected, "{pattern} {text}");
    }
    for pattern in ["{a", "{a,{b}}", "[a", "[", "[]", "[b-a]", "[a/b]", "\\", "[a-b-c]"] {
        assert!(Glob::new(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn no_pattern_is_slow() {
    let glob = Glob::new(&"*a".repeat(200)).unwrap();
    assert!(!glob.matches(&"a".repeat(2_000).replace("aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaab")));
}

/// A pattern as pieces, and the straightforward way to match them: try every length.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    One,
    Segment,
    Anything,
    Class(bool, char, char),
    Either(Vec<Vec<Self>>),
}

fn written(pieces: &[Piece]) -> String {
    let escaped = |text: &String| text.chars().flat_map(|letter| ['\\', letter]).collect::<String>();
    let one = |piece: &Piece| match piece {
        Piece::Text(text) => escaped(text),
        Piece::One => "?".to_owned(),
        Piece::Segment => "*".to_owned(),
        Piece::Anything => "**".to_owned(),
        Piece::Class(negated, low, high) => format!("[{}{low}-{high}]", if *negated { "!" } else { "" }),
        Piece::Either(list) => format!("{{{}}}", list.iter().map(|list| written(list)).collect::<Vec<_>>().join(",")),
    };
    pieces.iter().map(one).collect()
}

fn naive(pieces: &[Piece], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let letter = text.chars().next().filter(|letter| *letter != '/');
    let one = |holds: bool| holds && letter.is_some_and(|letter| naive(rest, &text[letter.len_utf8()..]));
    match first {
        Piece::Text(own) => text.strip_prefix(own.as_str()).is_some_and(|text| naive(rest, text)),
        Piece::One => one(true),
        Piece::Segment => ends.any(|end| !text[..end].contains('/') && naive(rest, &text[end..])),
        Piece::Anything => ends.any(|end| naive(rest, &text[end..])),
        Piece::Class(negated, low, high) => one(letter.is_some_and(|own| (*low <= own && own <= *high) != *negated)),
        Piece::Either(list) => list.iter().any(|own| naive(&[own.as_slice(), rest].concat(), text)),
    }
}

/// Without single stars behind stars: written down, the two would be read as one double star.
fn tidy(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let star = matches!(out.last(), Some(Piece::Segment | Piece::Anything));
        match piece {
            Piece::Segment if star => {}
            Piece::Either(list) => out.push(Piece::Either(list.into_iter().map(tidy).collect())),
            piece => out.push(piece),
        }
    }
    out
}

fn piece() -> impl Strategy<Value = Piece> {
    let flat = prop_oneof![
        "[ab/*{]{1,2}".prop_map(Piece::Text),
        Just(Piece::One),
        Just(Piece::Segment),
        Just(Piece::Anything),
        any::<bool>().prop_map(|negated| Piece::Class(negated, 'a', 'b')),
    ];
    let list = prop::collection::vec(prop::collection::vec(flat.clone(), 0..3), 1..3);
    prop_oneof![5 => flat, 1 => list.prop_map(Piece::Either)]
}

proptest! {
    #[test]
    fn agrees_with_the_naive_oracle(pieces in prop::collection::vec(piece(), 0..5), texts in prop::collection::vec("[abc/*{]{0,6}", 1..8)) {
        let pieces = tidy(pieces);
        let glob = Glob::new(&written(&pieces)).unwrap();
        for text in texts {
            prop_assert_eq!(glob.matches(&text), naive(&pieces, &text), "{} {}", written(&pieces), text);
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_an_error(pattern in ".{0,24}", text in ".{0,24}") {
        if let Ok(glob) = Glob::new(&pattern) {
            let _ = glob.matches(&text);
        }
    }
}

//! Edits: what changes, and that nothing else does.

use ecs_taskdef::{Body, EditError, ImageDefinition, ImageDefinitions, ImageDetail, TaskDefinition};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::read::task_definition;

const JSON: &str = r#"{
    "family" : "web",
    "containerDefinitions": [
        {
            "name": "app",   "image": "web:1",
            "environment": [
                { "name": "A", "value": "1" },
                { "name": "B", "value": "2" }
            ],
            "dockerLabels": {"x": "1"},
            "future": {"a":1}
        },
        {"name": "proxy", "image": "<IMAGE1_NAME>", "environment": []}
    ]
}
"#;

const YAML: &str = "# The shop.
family: web   # the family
containerDefinitions:
  - name: app
    image: 'web:1' # pinned
    environment:
      - name: A
        value: one # first
      - name: B
        value: two
    dockerLabels:
      x: '1'
  - name: proxy
    image: <IMAGE1_NAME>
    memory: 64

volumes: []
";

pub(crate) fn json_of(edited: &TaskDefinition) -> Json {
    Body::of(edited).expect("a body").as_json().clone()
}

/// The lines that are in one text only.
fn changed(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let only = |a: &str, b: &str| {
        let mut rest: Vec<&str> = b.lines().collect();
        let mut out = Vec::new();
        for line in a.lines() {
            match rest.iter().position(|other| *other == line) {
                Some(index) => _ = rest.remove(index),
                None => out.push(line.trim().to_owned()),
            }
        }
        out
    };
    (only(before, after), only(after, before))
}

#[test]
fn an_image_is_set_in_its_place() {
    let edited = task_definition("t.json", JSON).with_image("app", "web@sha256:\"x").expect("edited");
    assert_eq!(edited.source().text(), JSON.replace("\"web:1\"", r#""web@sha256:\"x""#));
    let edited = task_definition("t.yaml", YAML).with_image("app", "it's: #1").expect("edited");
    assert_eq!(edited.source().text(), YAML.replace("'web:1'", "'it''s: #1'"));
    let edited = task_definition("t.yaml", YAML).with_image("proxy", "envoy: x").expect("edited");
    assert_eq!(json_of(&edited)["containerDefinitions"][1]["image"], json!("envoy: x"));
}

#[test]
fn a_missing_image_is_added() {
    for (name, text) in [
        ("t.json", r#"{"family": "web", "containerDefinitions": [{"name": "app"}]}"#),
        ("t.yaml", "family: web\ncontainerDefinitions:\n  - name: app\n"),
        ("t.yaml", "family: web\ncontainerDefinitions:\n  - name: app\n    image:\n"),
        ("t.yaml", "family: web\ncontainerDefinitions: [{name: app}]"),
        ("t.yaml", "family: web\r\ncontainerDefinitions:\r\n- name: app\r\n  memory: 3\r\n"),
    ] {
        let edited = task_definition(name, text).with_image("app", "web:1").expect(text);
        assert_eq!(json_of(&edited)["containerDefinitions"][0]["image"], json!("web:1"), "{text}");
    }
}

#[test]
fn image_definitions_and_details_are_applied() {
    let definitions =
        ImageDefinitions::parse("imagedefinitions.json", r#"[{"name":"app","imageUri":"web:2"}]"#).expect("a file");
    let edited = task_definition("t.json", JSON).with_image_definitions(&definitions).expect("edited");
    assert_eq!(edited.source().text(), JSON.replace("web:1", "web:2"));

    let detail = ImageDetail::parse("imageDetail.json", r#"{"ImageURI":"web@sha256:1","RepositoryName":"web"}"#)
        .expect("a file");
    for placeholder in ["IMAGE1_NAME", "<IMAGE1_NAME>"] {
        let edited = task_definition("t.json", JSON).with_placeholder(placeholder, &detail.image_uri).expect("edited");
        assert_eq!(edited.source().text(), JSON.replace("<IMAGE1_NAME>", "web@sha256:1"));
    }
    let missing = task_definition("t.json", JSON).with_placeholder("IMAGE", "x").expect_err("no such placeholder");
    assert_eq!(missing, EditError::UnknownPlaceholder { placeholder: "<IMAGE>".to_owned() });
}

#[test]
fn files_with_images_are_refused_with_their_place() {
    for (text, why) in [
        ("", "EOF"),
        ("{}", "expected a sequence"),
        (r#"[{"name":"app"}]"#, "missing field `imageUri` at line 1"),
        (r#"[{"name":"","imageUri":"x"}]"#, "entry 1 has an empty name"),
        (r#"[{"name":"a","imageUri":"x"},{"name":"a","imageUri":"y"}]"#, "`a` is named twice"),
    ] {
        let error = ImageDefinitions::parse("images.json", text).expect_err(text).to_string();
        assert!(error.contains(why) && error.contains("images.json"), "{error}");
    }
    assert!(ImageDetail::parse("imageDetail.json", "[]").is_err());
}

#[test]
fn an_unknown_container_is_an_error_that_names_the_known_ones() {
    let images = ImageDefinitions::new(vec![ImageDefinition::new("app", "web:2"), ImageDefinition::new("porxy", "x")]);
    let error = task_definition("t.json", JSON).with_image_definitions(&images).expect_err("no such container");
    assert_eq!(error.to_string(), "there is no container `porxy`, did you mean `proxy`? the task has `app`, `proxy`");
    let twice = r#"{"family":"f","containerDefinitions":[{"name":"a","image":"x"},{"name":"a","image":"y"}]}"#;
    let error = task_definition("t.json", twice).with_image("a", "z").expect_err("ambiguous");
    assert_eq!(error, EditError::AmbiguousContainer { name: "a".to_owned() });
}

#[test]
fn a_variable_is_added_like_its_neighbours() {
    let edited = task_definition("t.json", JSON).with_env("app", "C", "3=\"x\"").expect("edited");
    let (gone, new) = changed(JSON, edited.source().text());
    assert_eq!(gone, [r#"{ "name": "B", "value": "2" }"#]);
    assert_eq!(new, [r#"{ "name": "B", "value": "2" },"#, r#"{ "name": "C", "value": "3=\"x\"" }"#]);

    let edited = task_definition("t.yaml", YAML).with_env("app", "C", "yes").expect("edited");
    let (gone, new) = changed(YAML, edited.source().text());
    assert_eq!(gone, Vec::<String>::new());
    assert_eq!(new, ["- name: C", "value: \"yes\""]);

    let edited = task_definition("t.yaml", YAML).with_env("proxy", "C", "3").expect("edited");
    let (gone, new) = changed(YAML, edited.source().text());
    assert_eq!(gone, Vec::<String>::new());
    assert_eq!(new, ["environment:", "- name: C", "value: \"3\""]);
}

#[test]
fn variables_and_labels_are_set_and_unset() {
    for (name, text) in [("t.json", JSON), ("t.yaml", YAML)] {
        let start = task_definition(name, text);
        for container in ["app", "proxy"] {
            let set = start
                .with_env(container, "NEW", "a: b")
                .expect(text)
                .with_label(container, "l.m", "Host(`a`)&&x=y=z")
                .expect(text);
            let index = usize::from(container == "proxy");
            let json = json_of(&set);
            let container_json = &json["containerDefinitions"][index];
            assert!(
                container_json["environment"]
                    .as_array()
                    .expect("a list")
                    .contains(&json!({"name": "NEW", "value": "a: b"}))
            );
            assert_eq!(container_json["dockerLabels"]["l.m"], json!("Host(`a`)&&x=y=z"));
            let changed = set.with_env(container, "NEW", "").expect(text).with_label(container, "l.m", "").expect(text);
            let unset = changed.without_env(container, "NEW").expect(text).without_label(container, "l.m").expect(text);
            assert!(ecs_taskdef::canonical::equal(&json_of(&unset), &json_of(&start)), "{}", unset.source().text());
        }
        let all = start
            .without_env("app", "A")
            .expect(text)
            .without_env("app", "B")
            .expect(text)
            .without_label("app", "x")
            .expect(text);
        let json = json_of(&all);
        assert_eq!(json["containerDefinitions"][0]["environment"], json!([]), "{}", all.source().text());
        assert_eq!(json["containerDefinitions"][0]["dockerLabels"], json!({}));
        let same = start.without_env("app", "NOPE").expect(text).without_label("proxy", "NOPE").expect(text);
        assert_eq!(same.source().text(), text);
    }
}

#[test]
fn comments_stay_where_their_lines_stay() {
    let edited = task_definition("t.yaml", YAML).without_env("app", "B").expect("edited");
    assert_eq!(edited.source().text(), YAML.replace("      - name: B\n        value: two\n", ""));
    let edited = task_definition("t.yaml", YAML).without_env("app", "A").expect("edited");
    assert_eq!(edited.source().text(), YAML.replace("- name: A\n        value: one # first\n      ", ""));
}

#[test]
fn shared_text_is_not_changed_behind_somebody_s_back() {
    let yaml = "family: web
containerDefinitions:
  - name: app
    image: &image web:1
    environment: &env
      - {name: A, value: '1'}
  - name: proxy
    image: *image
    environment: *env
";
    let start = task_definition("t.yaml", yaml);
    for result in [start.with_env("app", "B", "2"), start.with_env("proxy", "A", "2"), start.with_image("app", "web:2")]
    {
        assert!(matches!(result, Err(EditError::Entangled { .. })), "{result:?}");
    }
    // The alias itself is nobody else's.
    let edited = start.with_image("proxy", "envoy:1").expect("edited");
    assert_eq!(edited.source().text(), yaml.replace("*image", "envoy:1"));
}

pub(crate) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9:/@._-]{1,30}",
        "[ -~é\u{1F980}\u{85}\n\t]{0,20}",
        prop::sample::select(vec!["", "yes", "null", "1e3", "- x", "# c", "a: b", "'", "\"", "{", "*a", "0x1F", "~"])
            .prop_map(str::to_owned),
    ]
}

proptest! {
    /// All bytes before and behind the image stay, whatever the image is; and it is read as what was set.
    #[test]
    fn an_image_edit_keeps_every_other_byte(image in word(), yaml in any::<bool>(), proxy in any::<bool>()) {
        let (name, text) = if yaml { ("t.yaml", YAML) } else { ("t.json", JSON) };
        let container = if proxy { "proxy" } else { "app" };
        let start = task_definition(name, text);
        let span = start.container(container).and_then(|found| found.image.as_ref()).expect("an image").span;
        let edited = start.with_image(container, &image).expect("edited");
        let new = edited.source().text();
        prop_assert!(new.starts_with(&text[..span.start]));
        prop_assert!(new.ends_with(&text[span.end..]));
        prop_assert_eq!(&edited.container(container).and_then(|found| found.image.as_ref()).expect("an image").value, &image);
    }

    /// Any sequence of edits gives what the same edits give on plain data.
    #[test]
    fn edits_agree_with_plain_data(
        steps in prop::collection::vec((prop::sample::select(vec!["app", "proxy"]), "[ABC]", prop::option::of(word()), any::<bool>()), 1..8),
        yaml in any::<bool>(),
    ) {
        let (name, text) = if yaml { ("t.yaml", YAML) } else { ("t.json", JSON) };
        let mut edited = task_definition(name, text);
        let mut plain = json_of(&edited);
        for (container, key, value, label) in steps {
            let index = usize::from(container == "proxy");
            let target = plain["containerDefinitions"][index].as_object_mut().expect("a container");
            let result = match (&value, label) {
                (Some(value), true) => {
                    target.entry("dockerLabels").or_insert_with(|| json!({}))[&key] = json!(value);
                    edited.with_label(container, &key, value)
                }
                (None, true) => {
                    if let Some(Json::Object(labels)) = target.get_mut("dockerLabels") { labels.remove(&key); }
                    edited.without_label(container, &key)
                }
                (Some(value), false) => {
                    let list = target.entry("environment").or_insert_with(|| json!([])).as_array_mut().expect("a list");
                    match list.iter_mut().find(|item| item["name"] == json!(key)) {
                        Some(item) => item["value"] = json!(value),
                        None => list.push(json!({ "name": key, "value": value })),
                    }
                    edited.with_env(container, &key, value)
                }
                (None, false) => {
                    if let Some(Json::Array(list)) = target.get_mut("environment") { list.retain(|item| item["name"] != json!(key)); }
                    edited.without_env(container, &key)
                }
            };
            edited = match result {
                Ok(edited) => edited,
                Err(error) => return Err(TestCaseError::fail(format!("{error}\n{}", edited.source().text()))),
            };
            prop_assert_eq!(json_of(&edited), plain.clone(), "{}", edited.source().text());
        }
    }
}

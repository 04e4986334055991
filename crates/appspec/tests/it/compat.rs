//! Compatibility: what each reader of AppSpecs says, and that broken YAML is refused in libyaml's words.

use appspec::compat::{Profile, Psych, Verdict, compat, compat_on, matrix};
use appspec::model::server::Os;
use appspec::read_bytes;
use spec_report::Source;

const V1: Profile = Profile::AgentV1(Psych::Psych4);
const V1_OLD: Profile = Profile::AgentV1(Psych::Psych3);
const V2: Profile = Profile::AgentV2;

/// An AppSpec for Linux with more at its end.
fn linux(more: &str) -> Source {
    Source::new("appspec.yml", format!("version: 0.0\nos: linux\n{more}"))
}

fn text(verdict: &Verdict) -> &str {
    verdict.rejection().map_or("ok", |rejection| &rejection.text)
}

fn ends(source: &Source, profile: Profile, expected: &str) {
    let verdict = compat(source, profile);
    assert!(text(&verdict).ends_with(expected), "{profile}: {}\n{}\n{expected}", source.text(), text(&verdict));
}

/// A script of one event, with its keys in braces.
fn script(keys: &str) -> String {
    format!("hooks:\n  AfterInstall:\n    - {keys}\n")
}

/// A permission with more keys.
fn permission(keys: &str) -> String {
    format!("permissions:\n  - object: /srv\n    {keys}\n")
}

#[test]
fn what_the_two_generations_make_of_the_same_file() {
    let mode = "(493) in the application specification file contains an invalid character (9). Update the \
                permissions section of the AppSpec file, and then try again.";
    let table: &[(String, &str, &str)] = &[
        (String::new(), "ok", "ok"),
        (
            script("{location: a, timeout: 30s}"),
            "ok",
            "hooks.AfterInstall[0].timeout: invalid type: string \"30s\", expected u32 at line 5 column 30",
        ),
        (
            script("{location: a, timeout: -0x1}"),
            "Make corrections in the hooks section of the AppSpec file, and then try again.",
            "invalid type: integer `-1`, expected u32 at line 5 column 30",
        ),
        (
            script("{location: a, timeout: 5000000000}"),
            "ok",
            "invalid value: integer `5000000000`, expected u32 at line 5 column 30",
        ),
        (
            script("{location: a, timeout: .inf}"),
            "Infinity",
            "invalid type: floating point `inf`, expected u32 at line 5 column 30",
        ),
        (
            script("{location: a, sudo: 1.50}"),
            "ok",
            "sudo: invalid type: floating point `1.5`, expected a boolean at line 5 column 27",
        ),
        (
            script("{location: a, location: b}"),
            "ok",
            "hooks.AfterInstall[0]: duplicate field `location` at line 5 column 7",
        ),
        (
            script("7"),
            "undefined method `has_key?' for 7:Integer",
            "hooks.AfterInstall[0]: invalid type: integer `7`, expected struct RawScript at line 5 column 7",
        ),
        (
            "hooks: 0\n".to_owned(),
            "undefined method `each_pair' for 0:Integer",
            "integer `0`, expected a map at line 3 column 8",
        ),
        ("hooks: {AfterInstall: ~}\n".to_owned(), "ok", "ok"),
        (
            "files: off\n".to_owned(),
            "ok",
            "files: invalid type: string \"off\", expected a sequence at line 3 column 8",
        ),
        (
            "files: [x]\n".to_owned(),
            "but no source file. Update the files section of the AppSpec file, and then try again.",
            "files[0]: invalid type: string \"x\", expected struct RawFile at line 3 column 9",
        ),
        (
            "files: [{source: 1}]\n".to_owned(),
            "only a source file (1). Add the name of the destination file to the files section of the AppSpec file, and then try again.",
            "only a source file (1). Add the name of the destination file to the files section of the AppSpec file, and then try again.",
        ),
        (permission("mode: 0755"), mode, "ok"),
        (
            permission("mode: 9"),
            "(9) in the application specification file contains an invalid character (9). Update the permissions section of the AppSpec file, and then try again.",
            "(9). Update the permissions section of the AppSpec file, and then try again.",
        ),
        (permission("acls: [bob:7]"), "ok", "Invalid acl entry (bob:7)."),
        (
            permission("acls: ['o::r']"),
            "Use mode to set the base acl entry (o::r). Update the permissions section of the AppSpec file, and then try again.",
            "ok",
        ),
        (permission("acls: [8]"), "undefined method `split' for 8:Integer", "Invalid acl entry (8)."),
        (permission("context: {type: t, range: 's1-s2-s3'}"), "invalid sensitivity s2-s3", "ok"),
        (
            permission("context: {type: t, range: 's1:c4,'}"),
            "ok",
            "(s1:c4,) for the context parameter in the permissions section of the application specification file. Make corrections in the permissions section of the AppSpec file, and then try again.",
        ),
        (
            permission("context: {name: n}"),
            "invalid context type ({\"name\"=>\"n\"}). Update the permissions section of the AppSpec file, and then try again.",
            "(SELinux context missing required 'type' field: RawContext { name: Some(\"n\"), type_: None, range: None }). Update the permissions section of the AppSpec file, and then try again.",
        ),
        ("x: *gone\n".to_owned(), "Unknown alias: gone", "YAML parsing error: unknown anchor at line 3 column 4"),
        ("os: linux\n".to_owned(), "ok", "YAML parsing error: duplicate field `os`"),
        ("---\nversion: 0.0\n".to_owned(), "ok", "more than one document is not supported"),
        (
            "file_exists_behavior: retain\n".to_owned(),
            "one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.",
            "one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.",
        ),
    ];
    for (more, v1, v2) in table {
        ends(&linux(more), V1, v1);
        ends(&linux(more), V2, v2);
    }
}

#[test]
fn the_first_complaint_is_that_of_the_agents_order() {
    let mut parts = vec![
        ("version: 1\nos: linux\n", "\"0.0\" as the version, and then try again."),
        ("version: 0\nos: Linux\n", "\"windows\" in the os section of the AppSpec file, and then try again."),
        ("file_exists_behavior: x\n", "file_exists_behavior, and then try again."),
        (
            "permissions: [{}]\n",
            "has no object value. Update the permissions section of the AppSpec file, and then try again.",
        ),
        ("files: [{}]\n", "but no source file. Update the files section of the AppSpec file, and then try again."),
        (
            "hooks: {A: [{}]}\n",
            "with no location value. Specify the location in the hooks section of the AppSpec file, and then try again.",
        ),
    ];
    // Taking away what is complained about first shows the next: version, os, hooks, files, permissions, the rest.
    let (version, os) = (parts.remove(0), parts.remove(0));
    for head in [version, os] {
        let text = parts.iter().fold(head.0.to_owned(), |text, part| text + part.0);
        ends(&Source::new("appspec.yml", text.clone()), V1, head.1);
        ends(&Source::new("appspec.yml", text), V2, head.1);
    }
    while let Some((_, first)) = parts.last() {
        let more: String = parts.iter().map(|part| part.0).collect();
        ends(&linux(&more), V1, first);
        ends(&linux(&more), V2, first);
        parts.pop();
    }
}

#[test]
fn rubies_differ_in_what_they_load() {
    for (more, sentence) in [
        ("x: &a 1\ny: *a\n", "Unknown alias: a"),
        ("x: 2024-05-06\n", "Tried to load unspecified class: Date"),
        ("x: !ruby/object:Gem::Version {}\n", "Tried to load unspecified class: Gem::Version"),
    ] {
        assert_eq!(text(&compat(&linux(more), V1)), sentence);
        assert_eq!(text(&compat(&linux(more), V1_OLD)), "ok", "{more}");
        assert_eq!(text(&compat(&linux(more), V2)), "ok", "{more}");
    }
    let merged = linux("x: &a {location: a.sh}\nhooks:\n  AfterInstall:\n    - <<: *a\n");
    let verdict = compat(&merged, V1_OLD);
    let server = verdict.value().unwrap().as_server().unwrap();
    assert_eq!(server.scripts("AfterInstall")[0].location.as_ref().unwrap().value, "a.sh");
}

#[test]
fn the_value_is_what_the_agent_sees() {
    let source = linux(&permission("mode: 0644"));
    let mode = |profile| {
        let verdict = compat(&source, profile);
        verdict.value().unwrap().as_server().unwrap().permissions[0].mode.clone().unwrap().value
    };
    assert_eq!((mode(V1), mode(V2)), ("420".to_owned(), "0644".to_owned()));
}

#[test]
fn the_host_matters_to_agent_v1_only() {
    let source = Source::new("appspec.yml", "version: 0.0\nos: windows\n");
    ends(&source, V1, "in the os section of the AppSpec file, and then try again.");
    assert!(compat_on(&source, V1, &Os::Windows).is_accepted());
    assert!(compat(&source, V2).is_accepted());
    let source = Source::new("appspec.yml", "version: 0.0\nos: windows\npermissions: [7]\n");
    let verdict = compat_on(&source, V1, &Os::Windows);
    assert!(text(&verdict).contains("specifiles file permissions"), "{verdict:?}");
}

#[test]
fn a_byte_order_mark_hides_all_but_the_first_line() {
    let parsed = read_bytes("appspec.yml", b"\xEF\xBB\xBFversion: 0.0\nos: linux\n");
    let source = parsed.document.source();
    ends(
        source,
        V1,
        "operating system (). Specify either \"linux\" or \"windows\" in the os section of the AppSpec file, and then try again.",
    );
    ends(source, V2, "missing field `os` at line 1 column 2");
    let parsed = read_bytes("appspec.yml", b"\xEF\xBB\xBF{version: 0.0,\n  os: linux}\n");
    assert!(compat(parsed.document.source(), V1).is_accepted());
}

#[test]
fn empty_and_scalar_files() {
    for (file, v1, v2) in [
        (" \n", "'version' and 'os' properties.", "'version' and 'os' properties."),
        ("# nothing\n", "'version' and 'os' properties.", "error: missing field `version`"),
        ("~", "'version' and 'os' properties.", "error: invalid type: unit value, expected struct RawAppSpec"),
        ("7", "no implicit conversion of String into Integer", "invalid type: integer `7`, expected struct RawAppSpec"),
        (
            "1.5",
            "undefined method `[]' for 1.5:Float",
            "invalid type: floating point `1.5`, expected struct RawAppSpec",
        ),
        (
            "# c\nos: linux\n",
            "\"0.0\" as the version, and then try again.",
            "missing field `version` at line 2 column 1",
        ),
    ] {
        ends(&Source::new("appspec.yml", file), V1, v1);
        ends(&Source::new("appspec.yml", file), V2, v2);
    }
}

#[test]
fn broken_yaml_is_refused_in_the_words_of_libyaml() {
    let table: &[(&str, bool)] = &[
        ("os: linux\n\tx: 1\n", false),
        ("files:\n  \t- a\n", true),
        ("pattern: *\n", true),
        ("pattern: *.txt\n", true),
        ("pattern: *txt.gz\n", true),
        ("pattern: & x\n", true),
        ("owner: @me\n", true),
        ("owner: `id`\n", true),
        ("owner: %x\n", true),
        ("version: 0.0 os: linux\n", true),
        ("a: b\n  c: d\n", true),
        ("%me: 1\n", false),
        ("files: [a\nb: c\n", false),
        ("owner: \"me\nos: linux\n", false),
        ("a: 1\n b: 2\n", false),
        ("- a\nb: c\n", false),
    ];
    for &(broken, is_known) in table {
        let mut bytes = broken.as_bytes();
        let mut parser = libyaml_safer::Parser::new();
        parser.set_input_string(&mut bytes);
        let refusal = parser.find_map(Result::err).unwrap();
        let (at, from) = (refusal.problem_mark().unwrap(), refusal.context_mark());
        let source = Source::new("appspec.yml", broken);
        let (v1, v2) = (compat(&source, V1), compat(&source, V2));
        let exact = v1.rejection().unwrap().exact;
        assert!(!v2.rejection().unwrap().exact, "of agent v2 only a reconstruction has been heard: {broken}");
        assert!(exact || !is_known, "{broken}: {refusal}");
        if exact {
            let (words, place) = text(&v1).trim_start_matches("(<unknown>): ").split_once(" at ").unwrap();
            assert!(refusal.to_string().contains(words), "{broken}: {refusal} | {words}");
            assert_eq!(from.unwrap_or(at).to_string(), place, "{broken}: {refusal}");
            assert!(text(&v2).contains(&format!(" at {at}")), "{broken}: {refusal} | {}", text(&v2));
        }
    }
    let verdict = compat(&Source::new("appspec.yml", "files:\n  \t- a\n"), V1);
    let sentence = "found character that cannot start any token while scanning for the next token";
    assert_eq!(text(&verdict), format!("(<unknown>): {sentence} at line 2 column 3"));
}

#[test]
fn codedeploy_itself_wants_its_own_kind() {
    let lambda = "version: 0.0\nResources:\n  - f:\n      Type: AWS::Lambda::Function\n      Properties: {Name: f, Alias: live, CurrentVersion: \"1\", TargetVersion: \"2\"}\n";
    let answers = matrix(&Source::new("appspec.yml", lambda));
    assert_eq!(answers.accepting().collect::<Vec<_>>(), [Profile::Lambda]);
    assert!(!answers.get(Profile::Ecs).unwrap().rejection().unwrap().exact);
    assert_eq!(answers.to_string().lines().count(), Profile::ALL.len());
    assert!(answers.to_string().contains("\nlambda           accepts\n"));
    assert!(answers.to_json().ends_with(r#","lambda":{"ok":true,"error":null,"exact":true}}"#));
    let broken = compat(&Source::new("appspec.yml", "a: b: c\n"), Profile::Ecs);
    assert!(text(&broken).starts_with("The AppSpec file must be valid JSON or YAML"));
}

#[test]
fn profiles_are_named() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
    }
    assert!("agent-v3".parse::<Profile>().unwrap_err().to_string().starts_with("`agent-v3` is no profile"));
}
